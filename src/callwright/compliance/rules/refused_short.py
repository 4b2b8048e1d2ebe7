"""refused_short: refused calls and short ones reach so many in a day, and the number is frozen (seed of risk control: 3 a day, 15 s)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from datetime import date, datetime, timedelta

from pydantic import Field, field_validator

from callwright.compliance.facts import CallOutcome, DialFacts, DueFreeze, PastCall
from callwright.compliance.openings import zone
from callwright.compliance.pack_model import Strict
from callwright.compliance.rules.check import Finding, blocked, good, unknown
from callwright.compliance.rules.cool_off import known_dispositions

__all__ = ["RefusedShort", "RefusedShortParams"]

_REASON = "refused_short"
_FEW = good("fewer refused and short calls than that on every day")


class RefusedShortParams(Strict):
    """refused: dispositions that count by themselves; short: those that count when nobody talked longer than short_s; most: of them on one
    day of the callee's calendar; freeze_days: how long the number is then left alone."""

    refused: tuple[str, ...]
    short: tuple[str, ...]
    short_s: float = Field(ge=0, le=120)
    most: int = Field(ge=1, le=100)
    freeze_days: int = Field(ge=1, le=31)

    @field_validator("refused", "short")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return known_dispositions(names)


class RefusedShort:
    def __init__(self, params: RefusedShortParams) -> None:
        self._most = params.most
        self._refused = frozenset(params.refused)
        self._short = frozenset(params.short)
        self._short_ms = params.short_s * 1000
        self._length = timedelta(days=params.freeze_days)
        self._text = f"{params.most} refused or short (<= {params.short_s:g} s) calls on one day"

    def recalls(self, call: PastCall) -> Hashable:
        return self._counts(call)

    def _counts(self, call: PastCall) -> bool:
        return call.disposition in self._refused or (call.disposition in self._short and call.talk_ms <= self._short_ms)

    def _until(self, facts: DialFacts, past: Iterable[PastCall]) -> datetime | None:
        """When the last freeze that these calls earn is over; None = they earn none. Of several zones the one whose day holds most counts."""
        moments = sorted(call.at for call in past if self._counts(call))
        if len(moments) < self._most:
            return None
        latest = None
        for name in facts.zones or ():
            days: dict[date, list[datetime]] = defaultdict(list)
            for moment in moments:
                days[moment.astimezone(zone(name)).date()].append(moment)
            for day in days.values():
                if len(day) >= self._most and (latest is None or day[-1] > latest):
                    latest = day[-1]
        return None if latest is None else latest + self._length

    def look(self, facts: DialFacts, now: datetime) -> Finding:
        if facts.past is None:
            return unknown("how this person's calls came out")
        if len(facts.past) < self._most:
            return _FEW
        if not facts.zones:
            return unknown("the zone of the number")
        until = self._until(facts, facts.past)
        if until is None or until <= now:
            return _FEW
        return blocked(self._text, until, DueFreeze("tenant", _REASON, until, ""))

    def next_at(self, facts: DialFacts, after: datetime) -> datetime | None:
        if facts.past is None:
            return None
        if len(facts.past) < self._most:
            return after
        if not facts.zones:
            return None
        until = self._until(facts, facts.past)
        return after if until is None else max(after, until)

    def concerns(self, outcome: CallOutcome) -> bool:
        return self._counts(_as_past(outcome))

    def after_call(self, facts: DialFacts, outcome: CallOutcome) -> DueFreeze | None:
        this = _as_past(outcome)
        if not self._counts(this):
            return None
        until = self._until(facts, (*(facts.past or ()), this))
        return DueFreeze("tenant", _REASON, until, "") if until is not None and until > outcome.ended_at else None


def _as_past(outcome: CallOutcome) -> PastCall:
    return PastCall(outcome.at, True, outcome.disposition, outcome.talk_ms)
