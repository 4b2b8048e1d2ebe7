"""When a task may call: the present or next opening of its weekly windows. Pure, and right on days when clocks are changed.

A window is wall-clock time. On a day with a change the clock skips an hour, or shows one twice: an instant belongs to a window exactly when a
clock on the wall of the plan's zone shows a time within it (so a repeated hour is open twice, and a skipped one never).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import holidays

from callwright.campaigns.model import DAYS, MINUTES_A_DAY, Plan, Windows
from callwright.values import quick

__all__ = ["HORIZON_DAYS", "Opening", "closed_because", "day_spans", "is_open", "opening"]

HORIZON_DAYS = 400
"""How far ahead an opening is looked for; a plan without one in that time never calls."""


@quick(frozen=True, slots=True)
class Opening:
    """A stretch of time in which the task may call, in UTC; the end does not belong to it. opens_at <= now: it is open."""

    opens_at: datetime
    closes_at: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.opens_at <= moment < self.closes_at


def opening(plan: Plan, now: datetime) -> Opening | None:
    """The opening that now lies in, else the next one; None = there is none within `HORIZON_DAYS`, or none before `not_after`."""
    zone = ZoneInfo(plan.calling.zone)
    earliest = max(now, plan.starts_at) if plan.starts_at is not None else now
    first = earliest.astimezone(zone).date() - timedelta(days=1)
    for ahead in range(HORIZON_DAYS + 2):
        for begin, end in _day_openings(plan.calling, first + timedelta(days=ahead)):
            if plan.not_after is not None and begin >= plan.not_after:
                return None
            opens = begin if plan.starts_at is None else max(begin, plan.starts_at)
            closes = end if plan.not_after is None else min(end, plan.not_after)
            if now < closes and opens < closes:
                return Opening(opens, closes)
    return None


def is_open(plan: Plan, now: datetime) -> bool:
    """Whether the task may call at `now`, by its own windows."""
    found = opening(plan, now)
    return found is not None and found.opens_at <= now


def closed_because(plan: Plan, now: datetime) -> str | None:
    """Why it is closed: `not_started`, `over`, `forbidden_day`, `holiday`, `break`, `no_window_today` or `outside_window`; None = it is open."""
    if is_open(plan, now):
        return None
    if plan.starts_at is not None and now < plan.starts_at:
        return "not_started"
    if plan.not_after is not None and now >= plan.not_after:
        return "over"
    wall = now.astimezone(ZoneInfo(plan.calling.zone))
    today, minute = wall.date(), wall.hour * 60 + wall.minute
    if today in plan.calling.forbidden:
        return "forbidden_day"
    if _is_holiday(plan.calling.holidays, today):
        return "holiday"
    day = DAYS[today.weekday()]
    if any(day in span.days and span.from_ <= minute < span.to for span in plan.calling.breaks):
        return "break"
    return "outside_window" if any(day in span.days for span in plan.calling.windows) else "no_window_today"


def day_spans(calling: Windows, day: date) -> tuple[tuple[int, int], ...]:
    """The open minutes of a day on the wall clock, as (from, to) without overlaps, in order."""
    if day in calling.forbidden or _is_holiday(calling.holidays, day):
        return ()
    name = DAYS[day.weekday()]
    marks = bytearray(MINUTES_A_DAY + 1)
    for span in calling.windows:
        if name in span.days:
            marks[span.from_ : span.to] = b"\1" * (span.to - span.from_)
    for span in calling.breaks:
        if name in span.days:
            marks[span.from_ : span.to] = bytes(span.to - span.from_)
    return tuple(_runs(marks))


def _runs(marks: bytearray) -> Iterator[tuple[int, int]]:
    begin = marks.find(1)
    while begin >= 0:
        end = marks.find(0, begin)
        yield begin, end
        begin = marks.find(1, end)


@lru_cache(maxsize=4096)
def _day_openings(calling: Windows, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """The instants of a day that lie within its spans, as (begin, end) in UTC, in order, joined where they touch."""
    found = []
    spans = day_spans(calling, day)
    for since, until, offset in _offsets(calling.zone, day) if spans else ():
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - offset
        for begin, end in spans:
            first, last = midnight + timedelta(minutes=begin), midnight + timedelta(minutes=end)
            if max(first, since) < min(last, until):
                found.append((max(first, since), min(last, until)))
    found.sort()
    joined: list[tuple[datetime, datetime]] = []
    for opens, closes in found:
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(closes, joined[-1][1]))
        else:
            joined.append((opens, closes))
    return tuple(joined)


@lru_cache(maxsize=4096)
def _offsets(name: str, day: date) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """(since, until, offset from UTC) of the stretches of time in which this day could lie, cut where the offset changes."""
    zone = ZoneInfo(name)
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=26)
    cuts = [begin]
    for hours in range(0, 78, 6):  # no zone changes its offset twice within six hours
        cut = _change(zone, begin + timedelta(hours=hours), begin + timedelta(hours=hours + 6))
        if cut is not None:
            cuts.append(cut)
    cuts.append(begin + timedelta(hours=78))
    return tuple((since, until, _offset(zone, since)) for since, until in pairwise(cuts))


def _change(zone: ZoneInfo, since: datetime, until: datetime) -> datetime | None:
    """The second in (since, until] from which another offset holds, None = the same one holds throughout."""
    before = _offset(zone, since)
    if _offset(zone, until) == before:
        return None
    while until - since > timedelta(seconds=1):
        middle = since + timedelta(seconds=(until - since) // timedelta(seconds=2))
        since, until = (middle, until) if _offset(zone, middle) == before else (since, middle)
    return until


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


def _is_holiday(calendars: tuple[str, ...], day: date) -> bool:
    return any(day in _holidays_of(name, day.year) for name in calendars)


@lru_cache(maxsize=256)
def _holidays_of(name: str, year: int) -> frozenset[date]:
    country, _, part = name.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))
