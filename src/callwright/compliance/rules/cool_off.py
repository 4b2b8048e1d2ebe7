"""cool_off: after a refusal nobody calls for a while; freeze: the refusal goes into the freeze library, for all who would call."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, field_validator

from callwright.compliance.counting import SPAN, Counter, duration
from callwright.compliance.facts import DISPOSITIONS, PAST_DAYS, CallOutcome, DialFacts, DueFreeze, PastCall
from callwright.compliance.pack_model import Strict
from callwright.compliance.rules.check import Finding, blocked, good, unknown

__all__ = ["CoolOff", "CoolOffParams", "known_dispositions"]

_NONE: list[datetime] = []
_NEVER_REFUSED = good("no refusal in that time")

_REASONS = {"opted_out": "opt_out", "abused": "abuse", "wrong_person": "wrong_person"}
"""Reason of the freeze by disposition; `refused` for the others."""


def known_dispositions(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names as they are. Raises ValueError: one is no disposition."""
    strange = sorted(set(names) - DISPOSITIONS)
    if strange:
        raise ValueError(f"there is no disposition {', '.join(strange)}")
    return names


class CoolOffParams(Strict):
    """after: dispositions that are a refusal; span: `day` = the rest of that day, `60d`, `ever`; freeze: scope of the freeze that such a call
    leaves, none when left out."""

    after: Annotated[tuple[str, ...], Field(min_length=1)]
    span: Annotated[str, Field(pattern=SPAN[:-2] + "|ever)$")]
    freeze: Literal["tenant", "company", "task", "voice"] | None = None

    @field_validator("after")
    @classmethod
    def _known(cls, after: tuple[str, ...]) -> tuple[str, ...]:
        return known_dispositions(after)


class CoolOff:
    def __init__(self, params: CoolOffParams) -> None:
        self._params = params
        self._after = frozenset(params.after)
        self._ever = params.span == "ever"
        self._counter = Counter("30d" if self._ever else params.span)
        length = duration(params.span) if not self._ever else None
        self._long = self._ever or (length is not None and length > timedelta(days=PAST_DAYS))

    def recalls(self, call: PastCall) -> Hashable:
        return call.disposition in self._after

    def _refusals(self, facts: DialFacts) -> list[datetime] | None:
        if facts.past is None or (self._long and facts.refusals is None):
            return None
        after = self._after
        calls = (*facts.past, *facts.refusals) if self._long and facts.refusals else facts.past
        return [call.at for call in calls if call.disposition in after] if calls else _NONE

    def look(self, facts: DialFacts, now: datetime) -> Finding:
        refusals, zones = self._refusals(facts), facts.zones or ()
        if refusals is None:
            return unknown("whether this person refused before")
        if not refusals:
            return _NEVER_REFUSED
        if self._ever:
            return blocked("refused, for good")
        if self._counter.needs_zones() and not zones:
            return unknown("the zone of the number")
        if not self._counter.count(refusals, zones, now):
            return _NEVER_REFUSED
        return blocked(f"refused within {self._params.span}", self._counter.below(1, refusals, zones, now))

    def next_at(self, facts: DialFacts, after: datetime) -> datetime | None:
        refusals, zones = self._refusals(facts), facts.zones or ()
        if refusals is None or (self._ever and refusals) or (self._counter.needs_zones() and not zones):
            return None
        return self._counter.below(1, refusals, zones, after) if refusals else after

    def concerns(self, outcome: CallOutcome) -> bool:
        return self._params.freeze is not None and outcome.disposition in self._after

    def after_call(self, facts: DialFacts, outcome: CallOutcome) -> DueFreeze | None:
        params = self._params
        if params.freeze is None or not self.concerns(outcome):
            return None
        until = None
        if not self._ever:
            if self._counter.needs_zones() and not facts.zones:
                until = outcome.ended_at + timedelta(days=PAST_DAYS)  # nobody knows when the day ends there
            else:
                until = self._counter.below(1, (outcome.ended_at,), facts.zones or (), outcome.ended_at)
        company = outcome.company_id if params.freeze == "company" else None
        scope_id = outcome.task_id if params.freeze == "task" else company
        reason = _REASONS.get(outcome.disposition, "refused")
        return DueFreeze(params.freeze, reason, until, "", scope_id)
