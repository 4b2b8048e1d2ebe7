"""The names that `when` expressions and grading rules may read, with their values at one moment (script/1 section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from callwright.dialogue.state import Filled

__all__ = ["COUNTERS", "Standing", "names_of"]

COUNTERS = ("affirm", "deny", "refuse", "silence", "unrecognised")


class Standing(Protocol):
    """What is read of a State, or of a step in the making."""

    @property
    def user_turns(self) -> int: ...
    @property
    def milestone(self) -> int: ...
    @property
    def score(self) -> float: ...
    @property
    def counters(self) -> Mapping[str, int]: ...
    @property
    def kb(self) -> Mapping[str, int]: ...
    @property
    def slots(self) -> Mapping[str, Filled]: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def end(self) -> str | None: ...


def names_of(
    standing: Standing, interest: frozenset[str], *, connected: bool, result: str, duration_s: float
) -> dict[str, Any]:
    """interest: ids of knowledge entries with `interest: true`; `end` is "" while the conversation goes on."""
    return {
        "connected": connected,
        "result": result,
        "end": standing.end or "",
        "duration_s": duration_s,
        "user_turns": standing.user_turns,
        "milestone": standing.milestone,
        "score": standing.score,
        **{name: standing.counters.get(name, 0) for name in COUNTERS},
        "kb": standing.kb,
        "kb_interest": sum(hits for entry, hits in standing.kb.items() if entry in interest),
        "tags": list(standing.tags),
        "slot": {name: filled.value for name, filled in standing.slots.items()},
    }
