"""Working days of a country: weekends and public holidays off, make-up days (调休) on. From the `holidays` package; pure.

The State Council tells the days off of a year in the autumn before it: of years that the package does not know yet, moved days are missing.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

__all__ = ["ZONES", "after_days", "after_working_days", "has_calendar", "is_working_day"]

ZONES = {"CN": "Asia/Shanghai", "US": "America/New_York", "GB": "Europe/London", "DE": "Europe/Berlin", "FR": "Europe/Paris",
         "CA": "America/Toronto", "AU": "Australia/Sydney"}  # fmt: skip
"""Whose midnight ends a day of this country."""


def has_calendar(country: str) -> bool:
    """Whether the working days of this country are known."""
    try:
        _calendar(country)
    except ValueError:
        return False
    return True


def is_working_day(day: date, country: str) -> bool:
    """Whether offices are open. Raises ValueError: nobody knows that country."""
    return _calendar(country).is_working_day(day)


def after_working_days(moment: datetime, days: int, country: str) -> datetime:
    """The end of the last of so many working days after the day of this moment (the day itself is not counted), in UTC's own terms."""
    zone = ZoneInfo(ZONES.get(country, "UTC"))
    day = moment.astimezone(zone).date()
    left = days
    while left:
        day += timedelta(days=1)
        left -= is_working_day(day, country)
    return _end(day, zone)


def after_days(moment: datetime, days: int, country: str) -> datetime:
    """The end of the last of so many days after the day of this moment."""
    zone = ZoneInfo(ZONES.get(country, "UTC"))
    return _end(moment.astimezone(zone).date() + timedelta(days=days), zone)


def _end(day: date, zone: ZoneInfo) -> datetime:
    """Midnight at its end, in that zone."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), zone)


@lru_cache(maxsize=64)
def _calendar(country: str) -> holidays.HolidayBase:
    try:
        return holidays.country_holidays(country)
    except NotImplementedError:
        raise ValueError(f"no calendar of {country}") from None
