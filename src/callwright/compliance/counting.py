"""How many of some moments lie within a span before now, and from when on fewer do. Pure.

A span is rolling (`24h`, `30d`, `90min`: strictly less than that ago, whatever clocks did meanwhile), or a calendar one (`day`, `week`,
`month`) on the callee's own clock.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

from callwright.compliance.spans import Unit, calendar_span

__all__ = ["SPAN", "Counter", "duration"]

SPAN = r"^([1-9][0-9]{0,3}(min|h|d)|day|week|month)$"
_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_MOST_SPANS = 800


def duration(text: str) -> timedelta | None:
    """`30d` as a duration; None for a calendar span.

    Raises:
        ValueError: it is neither.
    """
    found = re.fullmatch(SPAN, text)
    if found is None:
        raise ValueError(f"{text} is no span")
    return None if found[2] is None else int(text[: -len(found[2])]) * _UNITS[found[2]]


class Counter:
    """Counts within one span."""

    def __init__(self, span: str) -> None:
        self.rolling = duration(span)
        self._unit = cast("Unit", span)

    def needs_zones(self) -> bool:
        return self.rolling is None

    def begin(self, zones: tuple[str, ...], now: datetime) -> datetime:
        """Moments from here on count (a rolling span: moments after here)."""
        return (
            calendar_span(self._unit, zones, now).begin if self.rolling is None else now.astimezone(UTC) - self.rolling
        )

    def count(self, moments: Sequence[datetime], zones: tuple[str, ...], now: datetime) -> int:
        """How many count. One in the future (a clock was set) counts too."""
        begin = self.begin(zones, now)
        if self.rolling is None:
            return sum(moment >= begin for moment in moments)
        return sum(moment > begin for moment in moments)

    def below(self, most: int, moments: Sequence[datetime], zones: tuple[str, ...], after: datetime) -> datetime | None:
        """The earliest moment from `after` on at which fewer than `most` count. None = never (most = 0)."""
        if most < 1:
            return None
        if self.rolling is not None:
            newest = sorted(moments, reverse=True)
            return after if len(newest) < most else max(after, newest[most - 1].astimezone(UTC) + self.rolling)
        moment = after
        for _ in range(_MOST_SPANS):
            if self.count(moments, zones, moment) < most:
                return moment
            moment = calendar_span(self._unit, zones, moment).until
        return None
