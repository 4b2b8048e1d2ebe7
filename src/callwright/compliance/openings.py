"""When people may be called: hours by weekday on the callee's own clock, in every zone the number could be in, over changes of the clock. Pure.

Open means: in each of the zones the local time is within the hours of that weekday, and that day is not closed. What a clock shows twice
in autumn counts twice, what it never shows in spring does not exist (zoneinfo, PEP 495).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

__all__ = ["DAY", "Hours", "Opening", "Openings", "daily", "zone"]

Hours = tuple[tuple[int, int], ...]
"""Minutes of the day: ((540, 1200),) is 09:00-20:00, the end not included."""

Closed = Callable[[date, tuple[str, ...] | None], bool]

DAY = timedelta(days=1)
_MOST_DAYS = 62  # what does not open within two months never does
_MOST_MEMORIES = 4096


@dataclass(frozen=True, slots=True)
class Opening:
    """A stretch of time, [begin, end), in which nothing changes. opens_at: `begin` when it is open, else the next opening; None = there is none
    within two months."""

    begin: datetime
    end: datetime
    open: bool
    opens_at: datetime | None


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone of this name. Raises ZoneInfoNotFoundError (a KeyError)."""
    return ZoneInfo(name)


class Openings:
    """Hours by weekday (Monday first). closed: whether a day (in the regions the number could be in; None = any) has `closed_hours` instead."""

    def __init__(self, week: Sequence[Hours], closed: Closed | None = None, closed_hours: Hours = ()) -> None:
        self._week = tuple(week)
        self._closed = closed
        self._closed_hours = closed_hours
        self._memory: dict[tuple[tuple[str, ...], tuple[str, ...] | None], tuple[Opening, ...]] = {}

    def at(self, zones: tuple[str, ...], now: datetime, regions: tuple[str, ...] | None = None) -> Opening:
        """The stretch that `now` (aware) is in.

        Raises:
            ZoneInfoNotFoundError: there is no such zone.
        """
        key = (zones, regions)
        known = self._memory.get(key, ())
        for each in known:
            if each.begin <= now < each.end:
                return each
        found = self._find(tuple(zone(name) for name in zones), now.astimezone(UTC), regions)
        if len(self._memory) >= _MOST_MEMORIES:
            self._memory.clear()
        self._memory[key] = (found, *known[:3])  # of now, and of when it opens next
        return found

    def _find(self, zones: tuple[ZoneInfo, ...], now: datetime, regions: tuple[str, ...] | None) -> Opening:
        opened, begin, end = self._open(zones, now, regions), None, now
        for moment in self._changes(zones, (now - 2 * DAY).date(), 4, regions):
            same = self._open(zones, moment, regions) == opened
            if moment <= now:
                begin = (begin or moment) if same else None
            else:
                end = moment
                if not same:
                    break
        begin = begin or now
        return Opening(begin, end, opened, begin if opened else self._next(zones, end, regions))

    def _next(self, zones: tuple[ZoneInfo, ...], after: datetime, regions: tuple[str, ...] | None) -> datetime | None:
        if self._open(zones, after, regions):
            return after
        for moment in self._changes(zones, (after - DAY).date(), _MOST_DAYS, regions):
            if moment > after and self._open(zones, moment, regions):
                return moment
        return None

    def _open(self, zones: tuple[ZoneInfo, ...], moment: datetime, regions: tuple[str, ...] | None) -> bool:
        return all(self._open_there(moment.astimezone(zone), regions) for zone in zones)

    def _open_there(self, local: datetime, regions: tuple[str, ...] | None) -> bool:
        minute = local.hour * 60 + local.minute
        return any(begin <= minute < end for begin, end in self._hours(local.date(), regions))

    def _hours(self, day: date, regions: tuple[str, ...] | None) -> Hours:
        if self._closed is not None and self._closed(day, regions):
            return self._closed_hours
        return self._week[day.weekday()]

    def _changes(
        self, zones: tuple[ZoneInfo, ...], first: date, days: int, regions: tuple[str, ...] | None
    ) -> Iterator[datetime]:
        """Every moment at which it may open or close, in order (zones lie up to 26 hours apart)."""
        begin = datetime.combine(first, time(12), UTC)  # by then the first day has begun everywhere
        pending: set[datetime] = set()
        for number in range(days + 1):
            day = first + number * DAY
            for where in zones:
                pending.update(self._changes_there(where, day, regions))
            sure = datetime.combine(day, time(8), UTC)  # the next day begins nowhere before 10:00 UTC
            ready = sorted(moment for moment in pending if moment < sure)
            pending.difference_update(ready)
            yield from (moment for moment in ready if moment >= begin)

    def _changes_there(self, where: ZoneInfo, day: date, regions: tuple[str, ...] | None) -> Iterator[datetime]:
        midnight = datetime.combine(day, time())
        minutes = {0, *(minute for hours in self._hours(day, regions) for minute in hours)}
        for minute in minutes:
            wall = midnight + timedelta(minutes=minute)
            yield wall.replace(tzinfo=where).astimezone(UTC)
            yield wall.replace(tzinfo=where, fold=1).astimezone(UTC)
        begin = midnight.replace(tzinfo=where).astimezone(UTC)
        end = (midnight + DAY).replace(tzinfo=where, fold=1).astimezone(UTC)
        if begin.astimezone(where).utcoffset() != end.astimezone(where).utcoffset():
            yield _transition(where, begin, end)


def _transition(where: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The first second with the offset that holds at `high`."""
    before = low.astimezone(where).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(where).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=256)
def daily(begin: time, end: time) -> Openings:
    """The same hours on all days; none when `end` is not after `begin`."""
    hours = ((begin.hour * 60 + begin.minute, end.hour * 60 + end.minute),)
    return Openings((hours if begin < end else (),) * 7)
