"""Public holidays as data: the `holidays` package, whose version goes into every decision that looked at them. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import holidays

__all__ = ["CALENDAR", "country_has_calendar", "known_regions", "public_holidays"]

CALENDAR = f"holidays {version('holidays')}"


@lru_cache(maxsize=256)
def _calendar(country: str, region: str | None) -> Any:
    return holidays.country_holidays(country, subdiv=region)


def country_has_calendar(country: str) -> bool:
    """Whether the package knows the country."""
    return country in holidays.list_supported_countries()


@lru_cache(maxsize=256)
def known_regions(country: str) -> frozenset[str]:
    """Codes of states and provinces (`FL`); none of a country that the package does not know."""
    return frozenset(_calendar(country, None).subdivisions) if country_has_calendar(country) else frozenset()


def public_holidays(country: str, regional: bool) -> Callable[[date, tuple[str, ...] | None], bool]:
    """Whether a day is a public holiday: of the country, and with `regional` of any of the regions (None = any region at all).

    Days the package moved (observed) are holidays as well as those they were moved from.
    """
    known = known_regions(country) if regional else frozenset()

    def is_holiday(day: date, regions: tuple[str, ...] | None) -> bool:
        if day in _calendar(country, None):
            return True
        asked = known if not regions or not known.issuperset(regions) else regions
        return any(day in _calendar(country, region) for region in asked)

    return is_holiday
