"""What a call adds to the counts that analytics are made of. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from callwright.campaigns.story import Story

__all__ = ["Key", "Tally", "TallyCall"]

_LONGEST = 140


@dataclass(frozen=True, slots=True)
class TallyCall:
    """A call that is over."""

    started_at: datetime
    task: int | None
    script_version: int | None
    answered: bool
    talk_ms: int
    disposition: str
    grade: str
    story: Story


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """For which hour (its beginning), task and script version (0 = none), what (see `result_tables.call_tally`)."""

    hour: datetime
    task: int
    script_version: int
    kind: str
    name: str


@dataclass(slots=True)
class Tally:
    """Counts, and sums beside them."""

    counts: Counter[Key] = field(default_factory=Counter)
    sums: Counter[Key] = field(default_factory=Counter)

    def add(self, call: TallyCall) -> None:
        """One call more. A node or entry counts once for each call, an edge as often as it was walked."""
        hour = call.started_at.replace(minute=0, second=0, microsecond=0)
        for kind, name in _facts(call):
            self.counts[Key(hour, call.task or 0, call.script_version or 0, kind, name[:_LONGEST])] += 1
        if call.answered:
            self.sums[Key(hour, call.task or 0, call.script_version or 0, "answered", "")] += call.talk_ms

    def rows(self) -> list[dict[str, object]]:
        """In the order in which rows are locked."""
        return [
            {
                "hour": key.hour, "task_id": key.task, "script_version_id": key.script_version, "kind": key.kind, "name": key.name,
                "n": self.counts[key], "total": self.sums[key],
            }
            for key in sorted(self.counts)
        ]  # fmt: skip


def _facts(call: TallyCall) -> Iterator[tuple[str, str]]:
    yield "calls", ""
    yield "disposition", call.disposition
    if not call.answered:
        return
    yield "answered", ""
    yield "talk", _length(call.talk_ms)
    yield "grade", call.grade or "-"
    nodes = [step.name for step in call.story.steps if step.kind == "node"]
    for node in dict.fromkeys(nodes):
        yield "node", node
    for before, after in pairwise(nodes):
        yield "edge", f"{before}>{after}"
    if nodes:
        yield "exit", nodes[-1]
    for entry in dict.fromkeys(step.name for step in call.story.steps if step.kind == "kb"):
        yield "kb", entry
    for one in call.story.open[:1]:
        yield "unanswered", one.node


def _length(talk_ms: int) -> str:
    """Talk in steps people think in: up to 15 s, half a minute, one, two, five, longer."""
    for most in (15, 30, 60, 120, 300):
        if timedelta(milliseconds=talk_ms) <= timedelta(seconds=most):
            return str(most)
    return "more"
