"""How far a task is, and what came of it: counts of the queue and of the outcomes, the variants side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from callwright.calls.disposition import CONNECTED
from callwright.campaigns import task_store as rows
from callwright.campaigns.variants import Comparison, compare
from callwright.store.scope import Scope

__all__ = ["Progress", "Results", "VariantResult", "progress", "results"]


@dataclass(frozen=True, slots=True)
class Progress:
    """leads: how many are in each state; excluded: of those left out, how many for which reason; outcomes: attempts by disposition."""

    leads: Mapping[str, int]
    excluded: Mapping[str, int]
    outcomes: Mapping[str, int]
    talk_s: float

    @property
    def total(self) -> int:
        """All leads of the queue."""
        return sum(self.leads.values())


@dataclass(frozen=True, slots=True)
class VariantResult:
    """Of one script version: attempts, answered ones, and answered ones that were graded A or B."""

    variant: str
    attempts: int
    answered: int
    good: int


@dataclass(frozen=True, slots=True)
class Results:
    """answers, goods: further variants against the first, by the share of attempts answered, and of answered ones graded A or B."""

    variants: tuple[VariantResult, ...]
    grades: Mapping[str, int]
    answers: Mapping[str, Comparison]
    goods: Mapping[str, Comparison]


async def progress(scope: Scope, task: int) -> Progress:
    """The counts as they stand now."""
    leads: dict[str, int] = {}
    excluded: dict[str, int] = {}
    for row in await scope.all(rows.COUNTS, task=task):
        leads[row.state] = leads.get(row.state, 0) + row.n
        if row.state == "excluded":
            excluded[row.reason] = row.n
    outcomes, talk_ms = {}, 0
    for row in await scope.all(rows.OUTCOMES, task=task):
        outcomes[row.disposition or "under way"] = row.n
        talk_ms += int(row.talk_ms or 0)
    return Progress(leads, excluded, outcomes, talk_ms / 1000)


async def results(scope: Scope, task: int) -> Results:
    """What came of the attempts, by variant."""
    counts: dict[str, list[int]] = {}
    grades: dict[str, int] = {}
    for row in await scope.all(rows.RESULTS, task=task):
        if not row.disposition:
            continue  # under way: it says nothing yet
        found = counts.setdefault(row.variant, [0, 0, 0])
        answered = row.disposition in CONNECTED
        found[0] += row.n
        found[1] += row.n * answered
        found[2] += row.n * (answered and row.grade in ("A", "B"))
        if row.grade:
            grades[row.grade] = grades.get(row.grade, 0) + row.n
    variants = tuple(VariantResult(name, *counts[name]) for name in sorted(counts))
    answers, goods = {}, {}
    for other in variants[1:]:
        first = variants[0]
        answers[other.variant] = compare(first.answered, first.attempts, other.answered, other.attempts)
        goods[other.variant] = compare(first.good, first.answered, other.good, other.answered)
    return Results(variants, dict(sorted(grades.items())), answers, goods)
