"""Spoken days as small mappings, and what they are when today is known.

A spoken day is one of (these are also the `relative` forms given when `now` is unknown):
`{"days": 1}` tomorrow · `{"weeks": 2}` in two weeks · `{"months_on": 1}` in a month · `{"weekday": 3, "week": 1}` Wednesday of
next week (no `week`: the next one to come) · `{"week": 1}` next week · `{"weekend": 0}` · `{"month": 12, "day": 5}` ·
`{"months": 1, "day": 5}` the 5th of next month · `{"day": 5}` · `{"months": 0, "edge": "end"}` (start, middle, end) ·
`{"months": 1}` next month · `{"year_edge": "end"}` · `{"holiday": "national_day"}` · `{"year": 2026, "month": 11, "day": 21}`.
Weeks start on Monday, weekdays are 1..7 (ISO 8601).
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

__all__ = ["Day", "Days", "resolve"]

Day = Mapping[str, "int | str"]

# lunar and computed holidays by year: (month, day) of the feast itself
_FEASTS: dict[str, dict[int, tuple[int, int]]] = {
    "spring_festival": {2025: (1, 29), 2026: (2, 17), 2027: (2, 6), 2028: (1, 26), 2029: (2, 13), 2030: (2, 3)},
    "lantern_festival": {2025: (2, 12), 2026: (3, 3), 2027: (2, 20), 2028: (2, 9), 2029: (2, 27), 2030: (2, 17)},
    "qingming": {2025: (4, 4), 2026: (4, 5), 2027: (4, 5), 2028: (4, 4), 2029: (4, 4), 2030: (4, 5)},
    "dragon_boat": {2025: (5, 31), 2026: (6, 19), 2027: (6, 9), 2028: (5, 28), 2029: (6, 16), 2030: (6, 5)},
    "mid_autumn": {2025: (10, 6), 2026: (9, 25), 2027: (9, 15), 2028: (10, 3), 2029: (9, 22), 2030: (9, 12)},
}
# fixed feasts: first day and last day
_FIXED: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "new_year": ((1, 1), (1, 1)),
    "new_years_eve": ((12, 31), (12, 31)),
    "valentines": ((2, 14), (2, 14)),
    "womens_day": ((3, 8), (3, 8)),
    "labour_day": ((5, 1), (5, 5)),
    "childrens_day": ((6, 1), (6, 1)),
    "halloween": ((10, 31), (10, 31)),
    "national_day": ((10, 1), (10, 7)),
    "double_eleven": ((11, 11), (11, 11)),
    "christmas": ((12, 25), (12, 25)),
    "christmas_eve": ((12, 24), (12, 24)),
}


@dataclass(frozen=True, slots=True)
class Days:
    """One day, or `first`..`last` inclusive; `other` is the second most plausible first day."""

    first: date
    last: date | None = None
    approx: bool = False
    other: date | None = None


def _safe(year: int, month: int, day: int) -> date | None:
    if not (1 <= year <= 9998 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]):
        return None
    return date(year, month, day)


def _month(today: date, ahead: int) -> tuple[int, int]:
    index = today.year * 12 + today.month - 1 + ahead
    return index // 12, index % 12 + 1


def _last_of(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _weekday(day: Day, today: date) -> Days:
    wanted, monday = int(day["weekday"]), today - timedelta(days=today.weekday())
    if "week" in day:
        found = monday + timedelta(weeks=int(day["week"]), days=wanted - 1)
        nearer = found - timedelta(weeks=1)
        other = nearer if day.get("loose") and nearer > today else None
        return Days(found, other=other)
    ahead = (wanted - today.isoweekday()) % 7
    return Days(today + timedelta(days=ahead or 7), other=None if ahead else today)


def _holiday(name: str, today: date) -> Days | None:
    for year in (today.year, today.year + 1):
        if name in _FIXED:
            (m1, d1), (m2, d2) = _FIXED[name]
            if date(year, m2, d2) >= today:
                return Days(date(year, m1, d1), date(year, m2, d2) if (m1, d1) != (m2, d2) else None)
        elif name == "thanksgiving":
            first = date(year, 11, 1)
            found = first + timedelta(days=(3 - first.weekday()) % 7 + 21)
            if found >= today:
                return Days(found)
        elif (feast := _FEASTS.get(name, {}).get(year)) and date(year, *feast) >= today:
            return Days(date(year, *feast))
    return None


def _of_month(day: Day, today: date) -> Days | None:
    """`{"months", "day"}`, `{"month", "day"}`, `{"day"}`, with the year where it was said."""
    wanted = int(day["day"])
    if "year" in day:
        found = _safe(int(day["year"]), int(day["month"]), wanted)
    elif "months" in day:
        found = _safe(*_month(today, int(day["months"])), wanted)
    elif "month" in day:
        month = int(day["month"])
        found = _safe(today.year, month, wanted)
        if found is None or found < today:
            found = _safe(today.year + 1, month, wanted)
    else:
        ahead = (_safe(*_month(today, k), wanted) for k in range(3))
        found = next((d for d in ahead if d and d >= today), None)
    return Days(found) if found else None


def _edge(day: Day, today: date) -> Days:
    """Beginning, middle or end of a month or of the year; a bare month is the whole month."""
    year, month = _month(today, int(day.get("months", 0)))
    if "month" in day:
        month = int(day["month"])
        year = today.year + (month < today.month)
    edge = day.get("edge")
    if edge is None:
        return Days(date(year, month, 1), _last_of(year, month))
    if edge in ("first_third", "second_third", "last_third"):
        first = {"first_third": 1, "second_third": 11, "last_third": 21}[str(edge)]
        return Days(date(year, month, first), _last_of(year, month) if first == 21 else date(year, month, first + 9))
    return Days(
        {"start": date(year, month, 1), "middle": date(year, month, 15)}.get(str(edge), _last_of(year, month)),
        approx=True,
    )


def resolve(day: Day, today: date) -> Days | None:
    """The calendar day(s) meant on `today`, or None when there is no such day (30 February)."""
    try:
        return _resolve(day, today)
    except OverflowError:
        return None


def _resolve(day: Day, today: date) -> Days | None:
    monday = today - timedelta(days=today.weekday())
    if "days" in day:
        return Days(today + timedelta(days=int(day["days"])))
    if "weeks" in day:
        return Days(today + timedelta(weeks=int(day["weeks"])))
    if "months_on" in day:
        year, month = _month(today, int(day["months_on"]))
        return Days(date(year, month, min(today.day, _last_of(year, month).day)))
    if "weekday" in day:
        return _weekday(day, today)
    if "weekend" in day:
        saturday = monday + timedelta(weeks=int(day["weekend"]), days=5)
        return Days(saturday, saturday + timedelta(days=1))
    if "week" in day:
        first = monday + timedelta(weeks=int(day["week"]))
        return Days(max(first, today) if day["week"] == 0 else first, first + timedelta(days=6))
    if "year_edge" in day:
        year = today.year + int(day.get("years", 0))
        return Days(date(year, 1, 1) if day["year_edge"] == "start" else date(year, 12, 31), approx=True)
    if "holiday" in day:
        return _holiday(str(day["holiday"]), today)
    return _of_month(day, today) if "day" in day else _edge(day, today)
