"""The same events through the same script must give the same decisions: the first place where they do not is reported."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callwright.dialogue.engine import Dialogue, Step
from callwright.dialogue.events import EVENT_KINDS, entry_to_json, event_from_json
from callwright.dialogue.understanding.port import Understander
from callwright.errors import InputError, Problem
from callwright.script.model import Script

__all__ = ["Difference", "lines_of", "replay"]

_CLOCK = frozenset({"n", "at_ms"})


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a replay left the log. step: which event (1-based); recorded, replayed: the entries there (None = none)."""

    step: int
    recorded: Mapping[str, Any] | None
    replayed: Mapping[str, Any] | None

    def __str__(self) -> str:
        return f"step {self.step}: recorded {_text(self.recorded)}, replayed {_text(self.replayed)}"


def lines_of(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """The log lines of steps, in order."""
    return [entry_to_json(entry) for step in steps for entry in step.entries]


def replay(script: Script, understander: Understander, log: Sequence[Mapping[str, Any]]) -> tuple[Difference, ...]:
    """Nothing when every decision is the same, else the first difference.

    log: lines of an event log (`entry_to_json`; a log of a whole call may hold other lines, which have no `step` and are passed over).
    Variables, seed, channel and time come from the log's first line. Raises InputError when the log is no log of this script.
    """
    lines = [_plain(line) for line in log if isinstance(line.get("step"), int)]
    head = lines[0] if lines else {}
    if head.get("kind") not in EVENT_KINDS or not isinstance(head.get("variables"), dict):
        hint = "Give the whole log, from the first event on."
        raise InputError(
            Problem("not-a-log", "the log does not begin with the first event of a conversation", hint=hint)
        )
    if head.get("script") != script.id:
        raise InputError(Problem("wrong-script", f"the log is of script `{head.get('script')}`, not of `{script.id}`"))
    seed = head.get("seed")
    if not isinstance(seed, int):
        raise InputError(Problem("not-a-log", "the log's first line has no seed"))
    dialogue = Dialogue(script, understander, seed=seed, channel=str(head.get("channel", "voice")))
    state = dialogue.start(head["variables"], str(head.get("now", "")))
    for number, recorded in enumerate(_by_step(lines), 1):
        step = dialogue.step(state, event_from_json(recorded[0]))
        state = step.state
        found = _first_difference(number, recorded, [_plain(entry_to_json(entry)) for entry in step.entries])
        if found is not None:
            return (found,)
    return ()


def _by_step(lines: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    steps: list[list[dict[str, Any]]] = []
    current: Any = None
    for line in lines:
        if line["step"] != current:
            steps.append([])
            current = line["step"]
        steps[-1].append(line)
    return steps


def _first_difference(number: int, recorded: list[dict[str, Any]], replayed: list[dict[str, Any]]) -> Difference | None:
    for index in range(max(len(recorded), len(replayed))):
        old = recorded[index] if index < len(recorded) else None
        new = replayed[index] if index < len(replayed) else None
        if old != new:
            return Difference(number, old, new)
    return None


def _plain(line: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(json.dumps({key: value for key, value in line.items() if key not in _CLOCK}))
    return kept


def _text(line: Mapping[str, Any] | None) -> str:
    return "nothing" if line is None else json.dumps(dict(line), ensure_ascii=False)
