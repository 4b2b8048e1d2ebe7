"""Events and entries as JSON: what the event log holds, and what a replay reads back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any

from callwright.dialogue.values import (
    ActionDone,
    Answered,
    Dtmf,
    Entry,
    Event,
    Hangup,
    Heard,
    OtherParty,
    Silence,
    TimeUp,
    TransferDone,
)
from callwright.errors import InputError, Problem

__all__ = [
    "EVENT_KINDS",
    "entry_to_json",
    "event_data",
    "event_from_json",
    "event_to_json",
    "events_from_json",
    "events_to_json",
]

_KINDS: dict[type, str] = {
    Answered: "answered",
    Heard: "heard",
    Silence: "silence",
    Dtmf: "dtmf",
    ActionDone: "action_done",
    TransferDone: "transfer_done",
    OtherParty: "other_party",
    Hangup: "hangup",
    TimeUp: "time_up",
}
_TYPES: dict[str, Any] = {kind: type_ for type_, kind in _KINDS.items()}
_FIELDS = {kind: tuple(f for f in fields(type_)) for kind, type_ in _TYPES.items()}
EVENT_KINDS = frozenset(_TYPES)
_ALLOWED = {
    ("answered", "by"): ("human", "machine", "screening", "unknown"),
    ("hangup", "by"): ("caller", "network", "operator"),
}


def event_data(event: Event) -> tuple[str, dict[str, Any]]:
    """(kind, fields) of an event as its log entry holds them; `event_ms` is its time, because a log has a clock of its own."""
    kind = _KINDS[type(event)]
    data: dict[str, Any] = {}
    for field in _FIELDS[kind]:
        value = getattr(event, field.name)
        data["event_ms" if field.name == "at_ms" else field.name] = list(value) if isinstance(value, tuple) else value
    return kind, data


def event_to_json(event: Event) -> dict[str, Any]:
    """`{"kind", "event_ms", ...fields}`."""
    kind, data = event_data(event)
    return {"kind": kind, **data}


def event_from_json(line: Mapping[str, Any]) -> Event:
    """The event of a line; keys that are none of its fields are left alone. Raises InputError when it is no event."""
    kind = line.get("kind")
    if kind not in _TYPES:
        raise InputError(
            Problem("not-an-event", f"`{kind}` is no kind of event", hint=f"Known: {', '.join(sorted(_TYPES))}.")
        )
    values: dict[str, Any] = {}
    for field in _FIELDS[kind]:
        key = "event_ms" if field.name == "at_ms" else field.name
        if key not in line:
            if field.default is MISSING or field.name == "at_ms":
                raise InputError(Problem("not-an-event", f"the `{kind}` event has no `{key}`"))
            continue
        values[field.name] = _checked(str(kind), field.name, field.type, line[key])
    event: Event = _TYPES[kind](**values)
    return event


def events_to_json(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Every event as JSON, in order."""
    return [event_to_json(event) for event in events]


def events_from_json(lines: Sequence[Mapping[str, Any]]) -> tuple[Event, ...]:
    """The events among the lines of a log, in order; other lines are passed over. Raises InputError for a damaged event."""
    return tuple(event_from_json(line) for line in lines if line.get("kind") in EVENT_KINDS)


def entry_to_json(entry: Entry) -> dict[str, Any]:
    """`{"at_ms", "kind", ...data}`: one line of the event log."""
    return {"at_ms": entry.at_ms, "kind": entry.kind, **entry.data}


def _checked(kind: str, name: str, type_: Any, value: Any) -> Any:
    wanted = {"int": int, "str": str, "bool": bool}.get(str(type_))
    allowed = _ALLOWED.get((kind, name))
    if (
        str(type_) == "tuple[str, ...]"
        and isinstance(value, list | tuple)
        and all(isinstance(item, str) for item in value)
    ):
        return tuple(value)
    if allowed is not None and value in allowed:
        return value
    if wanted is not None and isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return value
    raise InputError(Problem("not-an-event", f"`{name}` of the `{kind}` event is {value!r}"))
