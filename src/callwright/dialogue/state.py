"""Where a conversation stands: one frozen, JSON-serialisable value per call, so that a call can be resumed and replayed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from callwright.dialogue.values import Say
from callwright.errors import InputError, Problem

__all__ = ["Filled", "Phase", "State", "plain"]

Phase = Literal["new", "listening", "action", "transfer", "ended"]
PHASES = ("new", "listening", "action", "transfer", "ended")


@dataclass(frozen=True, slots=True)
class Filled:
    """A slot's value. value: JSON; spoken: how a text says it; how: `choices`, `regex`, `grammar`, `verbatim`, `dtmf` or `set`;
    sentence: the caller's words; turn: the caller's turn (1-based); meaning: what the type's grammar made of it."""

    value: Any
    spoken: str
    how: str
    sentence: str
    turn: int
    meaning: Any = None


@dataclass(frozen=True, slots=True)
class State:
    """One conversation. Mappings are never changed in place.

    phase: `new` (not answered), `listening`, `action`/`transfer` (awaiting the result), `ended`; step: events taken so far;
    turns: the caller's turns, silence included; user_turns: those with words or keys; counters: affirm, deny, refuse, silence,
    unrecognised, questions and other_party (hand-overs) over the call; runs: silence and unrecognised in a row;
    wording: variants used, by list, in order; next_used: `node/key` of `next` objects; rules, kb: hits;
    tries: unanswered questions of a collect node; arms: chosen ab arms;
    evidence: the caller's sentence behind a name (`kb.price`, `slot.age`, `affirm`); lines: last lines (who, text);
    last_said: what the robot said in its last turn; transfer_node: whose `next.failed` follows when nobody takes over.
    """

    seed: int = 0
    channel: str = "voice"
    now: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    phase: Phase = "new"
    node: str = ""
    stack: tuple[str, ...] = ()
    step: int = 0
    turns: int = 0
    user_turns: int = 0
    milestone: int = 0
    score: float = 0.0
    counters: Mapping[str, int] = field(default_factory=dict)
    runs: Mapping[str, int] = field(default_factory=dict)
    visits: Mapping[str, int] = field(default_factory=dict)
    wording: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    next_used: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, int] = field(default_factory=dict)
    kb: Mapping[str, int] = field(default_factory=dict)
    tries: Mapping[str, int] = field(default_factory=dict)
    slots: Mapping[str, Filled] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    actions: tuple[Mapping[str, Any], ...] = ()
    arms: Mapping[str, str] = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[tuple[str, str], ...] = ()
    last_said: tuple[Say, ...] = ()
    learn: tuple[Mapping[str, Any], ...] = ()
    transfer_node: str = ""
    end: str | None = None

    def __hash__(self) -> int:
        return hash(self.to_json())

    def to_json(self) -> str:
        """Canonical JSON: equal states give equal text."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> State:
        """The state `to_json` wrote. Raises InputError for anything else."""
        try:
            data = json.loads(text)
            unknown = set(data) - {f.name for f in fields(cls)}
            if unknown:
                raise ValueError(f"unknown fields {sorted(unknown)}")
            data["slots"] = {name: Filled(**filled) for name, filled in data["slots"].items()}
            data["last_said"] = tuple(Say(**said) for said in data["last_said"])
            data["wording"] = {key: tuple(used) for key, used in data["wording"].items()}
            data["lines"] = tuple((str(who), str(words)) for who, words in data["lines"])
            for name in ("stack", "tags", "actions", "learn"):
                data[name] = tuple(data[name])
            if data["phase"] not in PHASES:
                raise ValueError(f"unknown phase {data['phase']!r}")
            return cls(**data)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            hint = "Use the text that State.to_json wrote, from the same version."
            raise InputError(Problem("not-a-state", f"this is no saved conversation: {error}", hint=hint)) from None


def plain(value: Any) -> Any:
    """`value` as JSON can hold it: a YAML date and other scalars become text, tuples become lists."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value)
