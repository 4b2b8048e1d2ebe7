"""From spoken pieces (day, part of day, clock, offset) to one `time` or `date` value.

A `time` value is a mapping; a key is there only when it was said or follows from `now`:
`date`, `date_to` (ISO days, `date_to` inclusive) · `part` (`dawn|morning|noon|afternoon|evening|night`) · `time`, `time_to` ("HH:MM") ·
`bound` (`before|after`) · `approx` (true) · `relative` (only when `now` is unknown: the symbolic day of `days.py`, or `{"minutes": 30}`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from .days import Day, Days, resolve

__all__ = ["PLEASANT", "Clock", "Piece", "When", "instant", "merge", "read_date", "read_time"]

PLEASANT = ("08:00", "20:59")  # hours people mean when they name no part of the day and no window is known
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Clock:
    """Hour and minute as spoken. `fixed`: the words leave no doubt (15:00, 7 pm, noon)."""

    hour: int
    minute: int = 0
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """What one word group says. Offsets are minutes from now."""

    start: int
    end: int
    day: Day | None = None
    part: str = ""
    clock: Clock | None = None
    offset: int | None = None
    bound: str = ""
    approx: bool = False


@dataclass(frozen=True, slots=True)
class When:
    """A whole expression: a piece and, for ranges, the piece that ends it."""

    first: Piece
    last: Piece | None = None

    @property
    def span(self) -> tuple[int, int]:
        return self.first.start, self.last.end if self.last else self.first.end


def merge(a: Piece, b: Piece) -> Piece | None:
    """One piece out of two neighbours, or None when both say the same kind of thing."""
    clash = (a.day and b.day) or (a.part and b.part) or (a.clock and b.clock) or (a.bound and b.bound)
    late = b.offset is not None or a.offset is not None
    if clash or (late and (a.day or b.day or a.clock or b.clock or a.part or b.part)):
        return None
    return Piece(
        a.start, max(a.end, b.end), a.day or b.day, a.part or b.part, a.clock or b.clock,
        a.offset if a.offset is not None else b.offset, a.bound or b.bound, a.approx or b.approx,
    )  # fmt: skip


def instant(now: str) -> datetime | None:
    """An ISO minute, or None when it is empty or none."""
    try:
        found = datetime.fromisoformat(now)
    except ValueError:
        return None
    return found.replace(tzinfo=None) if 1900 <= found.year <= 9000 else None


def _minutes(clock: str) -> int:
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute) if hour.isdigit() and minute.isdigit() else 0


def _clock_text(minutes: int) -> str:
    minutes %= _DAY_MINUTES
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _in_part(hour: int, part: str) -> int:
    """The hour on the 24 h clock when the part of day was said; 24 = midnight that ends the day."""
    if part in ("afternoon", "evening") and hour < 12:
        return hour + 12 if part == "afternoon" or hour >= 4 else hour + 24
    if part == "noon" and hour < 5:
        return hour + 12
    if part == "night" and 5 <= hour < 12:
        return hour + 12
    if part in ("evening", "night") and hour == 12:
        return 24
    return 0 if part == "dawn" and hour == 12 else hour


def _candidates(clock: Clock, part: str) -> list[int]:
    """Minutes of the day the words may mean, at most two."""
    if part and not clock.fixed:
        return [_in_part(clock.hour, part) * 60 + clock.minute]
    if clock.fixed or clock.hour > 12 or clock.hour == 0:
        return [clock.hour * 60 + clock.minute]
    hours = (12, 24) if clock.hour == 12 else (clock.hour, clock.hour + 12)
    return [hour * 60 + clock.minute for hour in hours]


def _ranked(options: list[int], window: tuple[str, str] | None, past: int | None) -> list[int]:
    """In the window first, then not yet past (`past` = minutes gone today, None = another day), then the earlier."""
    low, high = (_minutes(edge) for edge in window or PLEASANT)
    if high <= low:
        low, high = (_minutes(edge) for edge in PLEASANT)
    return sorted(options, key=lambda m: (not low <= m <= high, past is not None and m <= past, m))


def _same(value: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    return {**value, **changes}


def _ordered(value: dict[str, Any]) -> dict[str, Any]:
    keys = ("date", "date_to", "part", "time", "time_to", "bound", "approx", "relative")
    return {key: value[key] for key in keys if key in value}


def _put_day(value: dict[str, Any], when: When, at: datetime | None) -> tuple[bool, Days | None]:
    """Fills date keys. False = no such day."""
    day = when.first.day
    if day is None:
        return True, None
    clean = {key: item for key, item in day.items() if key != "loose"}
    if at is None:
        if "year" in clean:
            fixed = resolve(clean, date(2000, 1, 1))
            if fixed:
                value["date"] = fixed.first.isoformat()
            return fixed is not None, fixed
        if resolve(clean, date(2028, 1, 1)) is None and "month" in clean:
            return False, None
        value["relative"] = clean
        if when.last and when.last.day:
            value["relative"] = {**clean, "to": {k: v for k, v in when.last.day.items() if k != "loose"}}
        return True, None
    days = resolve(day, at.date())
    if days is None:
        return False, None
    last = days.last
    if when.last and when.last.day:
        end = resolve(when.last.day, days.first)
        last = end.first if end and end.first > days.first else None
    value["date"] = days.first.isoformat()
    if last:
        value["date_to"] = last.isoformat()
    if days.approx:
        value["approx"] = True
    return True, days


def _put_clock(
    value: dict[str, Any], when: When, at: datetime | None, window: tuple[str, str] | None
) -> list[dict[str, Any]]:
    """Fills time keys; returns the other readings (07:00 beside 19:00)."""
    clock, day = when.first.clock, when.first.day
    if clock is None:
        return []
    last = when.last.clock if when.last else None
    part = when.first.part
    if not part and last and when.last and when.last.part:
        shared = _in_part(clock.hour, when.last.part) < _in_part(last.hour, when.last.part)
        part = when.last.part if shared else "morning"
        if shared:
            value["part"] = part
    today = at is not None and (day is None or value.get("date") == at.date().isoformat())
    past = at.hour * 60 + at.minute if at and today else None
    options = _ranked(_candidates(clock, part), window, past)
    readings = [_timed(value, option, at, rolls=day is None, past=past) for option in options]
    if last:
        end_part = when.last.part if when.last and when.last.part else ""
        for reading, option in zip(readings, options, strict=True):
            ahead = min((m - option) % _DAY_MINUTES for m in _candidates(last, end_part))
            reading["time_to"] = _clock_text(option + ahead)
    value.update(readings[0])
    return readings[1:]


def _timed(value: dict[str, Any], option: int, at: datetime | None, *, rolls: bool, past: int | None) -> dict[str, Any]:
    """`value` at that minute; without a spoken day a past time rolls to tomorrow, and 24:00 belongs to the next day."""
    timed = _same(value, time=_clock_text(option))
    if at is None:
        return timed
    first = at.date() if "date" not in timed else date.fromisoformat(timed["date"])
    ahead = option // _DAY_MINUTES + (1 if rolls and past is not None and option <= past else 0)
    return _same(timed, date=(first + timedelta(days=ahead)).isoformat())


def read_time(
    when: When, now: str, window: tuple[str, str] | None
) -> tuple[dict[str, Any], tuple[dict[str, Any], ...]] | None:
    """The `time` value and its other readings, or None when the words name no possible time."""
    at = instant(now)
    value: dict[str, Any] = {}
    first = when.first
    if first.offset is not None:
        if at is None:
            value["relative"] = {"minutes": first.offset}
        else:
            then = at + timedelta(minutes=first.offset)
            value = {"date": then.date().isoformat(), "time": then.strftime("%H:%M")}
        return _flagged(value, when), ()
    valid, days = _put_day(value, when, at)
    if not valid:
        return None
    if first.part and not (first.clock and first.clock.fixed):
        value["part"] = first.part
    others = _put_clock(value, when, at, window)
    if days and days.other and not others:
        others = [_same(value, date=days.other.isoformat())]
    return _flagged(value, when), tuple(_flagged(other, when) for other in others)


def _flagged(value: dict[str, Any], when: When) -> dict[str, Any]:
    last = when.last
    if when.first.bound or (last and last.bound):
        value["bound"] = when.first.bound or (last.bound if last else "")
    if when.first.approx or (last and last.approx):
        value["approx"] = True
    return _ordered(value)


def read_date(when: When, now: str) -> tuple[Any, tuple[Any, ...]] | None:
    """The `date` value: an ISO day, or a mapping for periods, bounds, vague days and (without `now`) relative days."""
    first = replace(when.first, part="", clock=None)
    read = read_time(When(first, when.last), now, None)
    if read is None:
        return None
    value, others = read
    simple = set(value) == {"date"}
    return (value["date"] if simple else value), tuple(other["date"] if simple else other for other in others)
