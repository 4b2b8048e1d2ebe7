"""frequency: at most so many dials (or answered calls) to one person in a span; budget: the same over all tasks, of calls and talking time."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from callwright.compliance.counting import SPAN, Counter, duration
from callwright.compliance.facts import PAST_DAYS, DialFacts, PastCall
from callwright.compliance.pack_model import Strict
from callwright.compliance.rules.check import Finding, blocked, good, unknown

__all__ = ["Budget", "BudgetParams", "Frequency", "FrequencyParams"]


def _within_memory(span: str) -> None:
    length = duration(span)
    if length is not None and length > timedelta(days=PAST_DAYS):
        raise ValueError(f"{span} is longer than the {PAST_DAYS} days of calls that are known")


class FrequencyParams(Strict):
    """most: calls allowed in the span; counts: every dial that stands against the caps, or those somebody answered; per: all calls to the
    person, or only those of this company or this task."""

    most: int = Field(ge=1, le=1000)
    span: Annotated[str, Field(pattern=SPAN)]
    counts: Literal["attempts", "connects"] = "attempts"
    per: Literal["person", "company", "task"] = "person"

    @model_validator(mode="after")
    def _known(self) -> FrequencyParams:
        _within_memory(self.span)
        return self


class Frequency:
    def __init__(self, params: FrequencyParams) -> None:
        self._params = params
        self._counter = Counter(params.span)
        self._what = "answered calls" if params.counts == "connects" else "calls"

    def recalls(self, call: PastCall) -> Hashable:
        return call.counts and (self._params.counts == "attempts" or call.connected)

    def _moments(self, facts: DialFacts, past: Sequence[PastCall]) -> list[datetime]:
        params = self._params
        ours = facts.company.id if facts.company is not None else None
        found = []
        for call in past:
            if not call.counts or (params.counts == "connects" and not call.connected):
                continue
            if params.per == "company" and ours is not None and call.company_id not in (None, ours):
                continue
            if params.per == "task" and facts.task_id is not None and call.task_id not in (None, facts.task_id):
                continue
            found.append(call.at)
        return found

    def look(self, facts: DialFacts, now: datetime) -> Finding:
        past, zones = facts.past, facts.zones or ()
        if past is None:
            return unknown("how often this person was called")
        if self._counter.needs_zones() and not zones:
            return unknown("the zone of the number")
        moments = self._moments(facts, past)
        most, span = self._params.most, self._params.span
        count = self._counter.count(moments, zones, now) if moments else 0
        detail = f"{count} {self._what} in {span}, at most {most}"
        return good(detail) if count < most else blocked(detail, self._counter.below(most, moments, zones, now))

    def next_at(self, facts: DialFacts, after: datetime) -> datetime | None:
        if facts.past is None or (self._counter.needs_zones() and not facts.zones):
            return None
        return self._counter.below(self._params.most, self._moments(facts, facts.past), facts.zones or (), after)


class BudgetParams(Strict):
    """calls, talk_s: what one person may be asked for in the span, over all tasks and companies of the tenant."""

    span: Annotated[str, Field(pattern=SPAN)]
    calls: int = Field(ge=1, le=1000)
    talk_s: int | None = Field(default=None, ge=1, le=100_000)

    @model_validator(mode="after")
    def _known(self) -> BudgetParams:
        _within_memory(self.span)
        return self


class Budget:
    """talk_ms: as long as all talk together is shorter, how long a single call was makes no difference; None = it never does."""

    def __init__(self, params: BudgetParams) -> None:
        self._params = params
        self._counter = Counter(params.span)
        self.talk_ms = None if params.talk_s is None else params.talk_s * 1000

    def recalls(self, call: PastCall) -> Hashable:
        return call.counts

    def look(self, facts: DialFacts, now: datetime) -> Finding:
        past, zones = facts.past, facts.zones or ()
        if past is None:
            return unknown("how often this person was called")
        if self._counter.needs_zones() and not zones:
            return unknown("the zone of the number")
        calls, talk_s = self._spent(past, zones, now)
        params = self._params
        detail = f"{calls} of {params.calls} calls in {params.span}"
        if params.talk_s is not None:
            detail += f", {talk_s} of {params.talk_s} s of talk"
        if calls < params.calls and (params.talk_s is None or talk_s < params.talk_s):
            return good(detail)
        return blocked(detail, self.next_at(facts, now))

    def _spent(self, past: Sequence[PastCall], zones: tuple[str, ...], now: datetime) -> tuple[int, int]:
        counted = [call for call in past if call.counts and self._counter.count((call.at,), zones, now)]
        return len(counted), sum(call.talk_ms for call in counted) // 1000

    def next_at(self, facts: DialFacts, after: datetime) -> datetime | None:
        past, zones = facts.past, facts.zones or ()
        if past is None or (self._counter.needs_zones() and not zones):
            return None
        params, counted = self._params, sorted((call for call in past if call.counts), key=lambda call: call.at)
        moment = self._counter.below(params.calls, [call.at for call in counted], zones, after)
        if moment is None or params.talk_s is None:
            return moment
        left = sum(call.talk_ms for call in counted) // 1000
        for number, call in enumerate(counted):  # the oldest ones leave the span first
            if left < params.talk_s:
                break
            left = sum(each.talk_ms for each in counted[number + 1 :]) // 1000
            gone = self._counter.below(1, (call.at,), zones, after)
            moment = None if gone is None else max(moment, gone)
            if moment is None:
                return None
        return moment
