"""Analytics from the counts of `call_tally`: the same cost for a thousand calls and a million."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select

from callwright.campaigns.result_tables import call_tally as tally
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["Hours", "Over", "Totals", "by_version", "hours", "totals"]

GRADES = ("A", "B", "C", "D", "E", "F", "-")


@dataclass(frozen=True, slots=True)
class Over:
    """Which calls: begun from `since` up to before `before` (whole hours), of a task, of a script version."""

    since: datetime
    before: datetime
    task: int | None = None
    script_version: int | None = None


@dataclass(slots=True)
class Totals:
    """counts: by kind and name; talk_ms: of all answered calls."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    talk_ms: int = 0

    def of(self, kind: str, name: str = "") -> int:
        """How often."""
        return self.counts[kind][name] if kind in self.counts else 0


@dataclass(slots=True)
class Hours:
    """Calls, answered calls and grades by an hour of the day, or by a day."""

    calls: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    grades: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def _within(statement: Select[tuple[object, ...]], over: Over) -> Select[tuple[object, ...]]:
    statement = statement.where(tally.c.tenant_id == TENANT, tally.c.hour >= over.since, tally.c.hour < over.before)
    if over.task is not None:
        statement = statement.where(tally.c.task_id == over.task)
    if over.script_version is not None:
        statement = statement.where(tally.c.script_version_id == over.script_version)
    return statement


async def totals(scope: Scope, over: Over, kinds: Sequence[str]) -> Totals:
    """Everything of these kinds."""
    chosen = select(tally.c.kind, tally.c.name, func.sum(tally.c.n).label("n"), func.sum(tally.c.total).label("total"))
    statement = _within(chosen, over).where(tally.c.kind.in_(kinds)).group_by(tally.c.kind, tally.c.name)
    found = Totals()
    for row in await scope.all(statement):
        found.counts[row.kind][row.name] = int(row.n)
        found.talk_ms += int(row.total)
    return found


async def hours(scope: Scope, over: Over, zone: ZoneInfo) -> tuple[Hours, Hours]:
    """By hour of the day, and by day, of this zone."""
    chosen = select(tally.c.hour, tally.c.kind, tally.c.name, func.sum(tally.c.n).label("n"))
    kinds = tally.c.kind.in_(("calls", "answered", "grade"))
    statement = _within(chosen, over).where(kinds).group_by(tally.c.hour, tally.c.kind, tally.c.name)
    of_day, of_range = Hours(), Hours()
    for row in await scope.all(statement):
        local = row.hour.astimezone(zone)
        for name, kept in ((f"{local:%H}", of_day), (f"{local:%Y-%m-%d}", of_range)):
            match row.kind:
                case "calls":
                    kept.calls[name] += int(row.n)
                case "answered":
                    kept.answered[name] += int(row.n)
                case _:
                    kept.grades[name][row.name] += int(row.n)
    return of_day, of_range


async def by_version(scope: Scope, over: Over) -> dict[int, Totals]:
    """The same calls by the version of the script that they spoke."""
    chosen = select(
        tally.c.script_version_id,
        tally.c.kind,
        tally.c.name,
        func.sum(tally.c.n).label("n"),
        func.sum(tally.c.total).label("total"),
    )
    kinds = tally.c.kind.in_(("calls", "answered", "grade", "disposition"))
    statement = _within(chosen, over).where(kinds).group_by(tally.c.script_version_id, tally.c.kind, tally.c.name)
    found: dict[int, Totals] = defaultdict(Totals)
    for row in await scope.all(statement):
        found[row.script_version_id].counts[row.kind][row.name] = int(row.n)
        found[row.script_version_id].talk_ms += int(row.total)
    return found
