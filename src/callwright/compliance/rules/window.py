"""window: hours by weekday on the callee's own clock, in all zones the number could be in; calendar: closed, or shorter, on public holidays."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from callwright.compliance.facts import DialFacts
from callwright.compliance.holiday import country_has_calendar, public_holidays
from callwright.compliance.openings import Hours, Openings
from callwright.compliance.pack_model import Strict
from callwright.compliance.rules.check import Finding, blocked, good, unknown

__all__ = ["Calendar", "CalendarParams", "Window", "WindowParams"]

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_KEYS = Literal["daily", "mon-fri", "mon-sat", "sat-sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_RANGE = r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$"
_Range = Annotated[str, Field(pattern=_RANGE)]
_WHOLE_DAY: Hours = ((0, 1440),)
_GROUPS = {"daily": _DAYS, "mon-fri": _DAYS[:5], "mon-sat": _DAYS[:6], "sat-sun": _DAYS[5:]}


class WindowParams(Strict):
    """hours: `{mon-fri: ["09:00-20:00"], sat: [], ...}`, the narrower key wins, every day must be there; holidays: country whose public
    holidays are closed; regional: those of the regions too."""

    hours: dict[_KEYS, tuple[_Range, ...]]
    holidays: str | None = None
    regional: bool = False

    @model_validator(mode="after")
    def _whole(self) -> WindowParams:
        for ranges in self.hours.values():
            for text in ranges:
                begin, end = _minutes(text)
                if begin >= end:
                    raise ValueError(f"{text} ends before it begins")
        missing = [day for day in _DAYS if self._ranges(day) is None]
        if missing:
            raise ValueError(f"no hours for {', '.join(missing)}")
        if self.holidays is not None and not country_has_calendar(self.holidays):
            raise ValueError(f"there is no calendar of {self.holidays}")
        return self

    def _ranges(self, day: str) -> tuple[str, ...] | None:
        for key in (day, "sat-sun" if day in ("sat", "sun") else "mon-fri", "mon-sat", "daily"):
            if key in self.hours and (key == day or day in _GROUPS[key]):
                return self.hours[key]
        return None

    def week(self) -> tuple[Hours, ...]:
        """Hours of Monday to Sunday."""
        return tuple(tuple(_minutes(text) for text in self._ranges(day) or ()) for day in _DAYS)


def _minutes(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d\d):(\d\d)-(\d\d):(\d\d)", text)
    if found is None:
        raise ValueError(f"{text} is no range of hours")
    begin_h, begin_m, end_h, end_m = map(int, found.groups())
    return begin_h * 60 + begin_m, end_h * 60 + end_m


class _Opens:
    """What both kinds have in common: a week that is open or not."""

    def __init__(self, openings: Openings, within: str, outside: str) -> None:
        self._openings = openings
        self._good = good(within)
        self._outside = outside

    def look(self, facts: DialFacts, now: datetime) -> Finding:
        if not facts.zones:
            return unknown("the zone of the number")
        opening = self._openings.at(facts.zones, now, facts.regions or None)
        if opening.open:
            return self._good
        return blocked(f"{self._outside} in {', '.join(facts.zones)}", opening.opens_at)

    def next_at(self, facts: DialFacts, after: datetime) -> datetime | None:
        if not facts.zones:
            return None
        opening = self._openings.at(facts.zones, after, facts.regions or None)
        return after if opening.open else opening.opens_at


class Window(_Opens):
    def __init__(self, params: WindowParams) -> None:
        closed = None if params.holidays is None else public_holidays(params.holidays, params.regional)
        hours = "; ".join(f"{day} {', '.join(ranges) or 'closed'}" for day, ranges in params.hours.items())
        text = hours if params.holidays is None else f"{hours}; closed on holidays of {params.holidays}"
        super().__init__(Openings(params.week(), closed), f"within {text}", f"outside {text}")


class CalendarParams(Strict):
    """holidays: country whose public holidays are no days to call; regional: those of the regions the number could be in as well."""

    holidays: str
    regional: bool = False

    @model_validator(mode="after")
    def _known(self) -> CalendarParams:
        if not country_has_calendar(self.holidays):
            raise ValueError(f"there is no calendar of {self.holidays}")
        return self


class Calendar(_Opens):
    """calendar: no calls on public holidays."""

    def __init__(self, params: CalendarParams) -> None:
        closed = public_holidays(params.holidays, params.regional)
        where = f"{params.holidays} and its regions" if params.regional else params.holidays
        super().__init__(
            Openings((_WHOLE_DAY,) * 7, closed), f"no public holiday of {where}", f"a public holiday of {where}"
        )
