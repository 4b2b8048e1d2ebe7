"""When a person wants to be called again, as the log of the call tells it: what the script promised, or the time the person named. Pure.

do: [{schedule_callback: {after_h: 24}}]      that long after the end of the call
do: [{schedule_callback: {at: new_time}}]     the time in this slot (of the type `time`)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

__all__ = ["MOST_H", "agreed_at"]

MOST_H = 24 * 90
_PARTS = {"dawn": 6, "morning": 9, "noon": 12, "afternoon": 14, "evening": 18, "night": 19}
_SOME_HOUR = 10  # of a day that was named alone


def agreed_at(
    events: Iterable[Mapping[str, Any]], slots: Mapping[str, Any], ended_at: datetime, zones: Sequence[str]
) -> datetime | None:
    """The moment, None = none was agreed (or it is past, or too far away to mean anything).

    Args:
        events: of the call's log, in order; the last `schedule_callback` counts.
        slots: as the record says.
        zones: of the person; where there are several, the time holds in all of them.
    """
    wanted = None
    for event in events:
        if event.get("kind") == "did" and event.get("action") == "schedule_callback":
            wanted = event.get("arg")
    if not isinstance(wanted, Mapping):
        return None
    hours = wanted.get("after_h")
    found = _named(slots.get(str(wanted.get("at"))), ended_at, zones) if "at" in wanted else None
    if found is None and isinstance(hours, int | float) and 0 < hours <= MOST_H:
        found = ended_at + timedelta(hours=hours)
    if found is None or not ended_at < found <= ended_at + timedelta(hours=MOST_H):
        return None
    return found


def _named(value: Any, ended_at: datetime, zones: Sequence[str]) -> datetime | None:
    """A slot of the type `time` (docs/reference/slots.md)."""
    if not isinstance(value, Mapping) or not zones:
        return None
    try:
        day = date.fromisoformat(str(value["date"]))
        said = value.get("time")
        clock = time.fromisoformat(str(said)) if said else time(_PARTS.get(str(value.get("part")), _SOME_HOUR))
        return max(datetime.combine(day, clock, ZoneInfo(zone)).astimezone(ended_at.tzinfo) for zone in zones)
    except (KeyError, ValueError):
        return None
