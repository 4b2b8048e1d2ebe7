"""company, caller_id, ring, abandonment: who calls, with which number, and how they leave."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from callwright.compliance.facts import DialFacts
from callwright.compliance.pack_model import Strict
from callwright.compliance.rules.check import Finding, blocked, good, unknown

__all__ = [
    "Abandoned", "AbandonedParams", "CallerId", "CallerIdParams", "CompanyVetted", "CompanyVettedParams", "Ring", "RingParams",
]  # fmt: skip


class CompanyVettedParams(Strict):
    """Nothing to set."""


class CompanyVetted:
    """company: somebody looked at its papers, and they are still valid."""

    def __init__(self, params: CompanyVettedParams) -> None:
        self._good = good("the company was vetted")

    def look(self, facts: DialFacts, now: datetime) -> Finding:
        company = facts.company
        if company is None or company.vetted is None:
            return unknown("whether the company was vetted")
        if not company.vetted:
            return blocked("the company was not vetted")
        over = company.vetted_until is not None and company.vetted_until <= now
        return blocked("the vetting of the company is over") if over else self._good


class CallerIdParams(Strict):
    """verified: the number shown was verified to be ours; answers: whoever calls it back is answered."""

    verified: bool = True
    answers: bool = False


class CallerId:
    def __init__(self, params: CallerIdParams) -> None:
        self._params = params
        self._good = good("the number shown is ours" + (" and answers" if params.answers else ""))

    def look(self, facts: DialFacts, now: datetime) -> Finding:
        if facts.caller not in facts.owned_callers:
            return blocked("the number shown is not ours")
        if self._params.verified and not facts.caller_verified:
            text = "that the number shown is ours"
            return unknown(text) if facts.caller_verified is None else blocked("the number shown was not verified")
        if self._params.answers and not facts.caller_answers:
            text = "whether the number shown can be called back"
            return unknown(text) if facts.caller_answers is None else blocked("nobody answers the number shown")
        return self._good


class RingParams(Strict):
    """min_s: how long it must ring before we give up, seconds."""

    min_s: float = Field(ge=1, le=120)


class Ring:
    def __init__(self, params: RingParams) -> None:
        self._min_s = params.min_s

    def look(self, facts: DialFacts, now: datetime) -> Finding:
        if facts.ring_s is None:
            return unknown("how long it rings")
        detail = f"rings {facts.ring_s:g} s, at least {self._min_s:g}"
        return good(detail) if facts.ring_s >= self._min_s else blocked(detail)


class AbandonedParams(Strict):
    """most_percent: of the answered calls in the last `days`; after_s: nobody there so long after the greeting is abandoned."""

    most_percent: float = Field(ge=0, le=100)
    days: int = Field(ge=1, le=31)
    after_s: float = Field(ge=0, le=30)


class Abandoned:
    """abandonment: too many answered calls with nobody to talk to stop the task. It heals with calls that are taken, not by itself."""

    def __init__(self, params: AbandonedParams) -> None:
        self._params = params

    def look(self, facts: DialFacts, now: datetime) -> Finding:
        counted, params = facts.abandonment, self._params
        if counted is None:
            return unknown("the share of abandoned calls")
        if counted.days != params.days or counted.after_s > params.after_s:
            return unknown(
                f"the share of calls abandoned {params.after_s:g} s after the greeting in {params.days} days"
            )
        if counted.abandoned < 0 or counted.answered < counted.abandoned:
            return unknown("the share of abandoned calls")
        detail = f"{counted.abandoned} of {counted.answered} abandoned, at most {params.most_percent:g} %"
        over = counted.abandoned * 100 > params.most_percent * counted.answered
        return blocked(detail) if over else good(detail)
