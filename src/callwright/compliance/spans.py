"""Calendar spans on the callee's own clock: today, this week, this month, in every zone the number could be in. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from callwright.compliance.openings import DAY, zone

__all__ = ["Span", "Unit", "calendar_span"]

Unit = Literal["day", "week", "month"]
_MOST_MEMORIES = 4096
_memory: dict[tuple[Unit, tuple[str, ...]], tuple[Span, ...]] = {}


@dataclass(frozen=True, slots=True)
class Span:
    """The present span: it began at `begin` in the zone where it began first; that stays so within [since, until)."""

    begin: datetime
    since: datetime
    until: datetime


def calendar_span(unit: Unit, zones: tuple[str, ...], now: datetime) -> Span:
    """The span that `now` (aware) is in. Of several zones the earliest begin counts: no call of "today" anywhere is left out.

    Raises:
        ZoneInfoNotFoundError: there is no such zone.
        ValueError: there are no zones.
    """
    key = (unit, zones)
    known = _memory.get(key, ())
    for each in known:
        if each.since <= now < each.until:
            return each
    begins, ends = [], []
    for name in zones:
        first = _first(unit, now.astimezone(zone(name)).date())
        begins.append(_midnight(first, name))
        ends.append(_midnight(_following(unit, first), name))
    found = Span(min(begins), max(begins), min(ends))
    if len(_memory) >= _MOST_MEMORIES:
        _memory.clear()
    _memory[key] = (found, *known[:3])
    return found


def _midnight(day: date, name: str) -> datetime:
    return datetime.combine(day, time(), zone(name)).astimezone(UTC)


def _first(unit: Unit, day: date) -> date:
    if unit == "day":
        return day
    return day - day.weekday() * DAY if unit == "week" else day.replace(day=1)


def _following(unit: Unit, first: date) -> date:
    if unit == "day":
        return first + DAY
    return first + 7 * DAY if unit == "week" else (first + timedelta(days=32)).replace(day=1)
