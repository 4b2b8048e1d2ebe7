"""What a check is: parameters in, then facts and a moment in, a finding out. Each kind stands in a module of its own."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, Protocol, runtime_checkable

from callwright.compliance.facts import CallOutcome, DialFacts, DueFreeze, PastCall, Suspect
from callwright.compliance.reasons import Outcome

__all__ = ["Check", "Finding", "Follows", "Recalls", "Timely", "blocked", "good", "unknown"]


class Finding(NamedTuple):
    """How a check came out. next_at: of what time heals, the earliest moment at which it holds; due: a freeze that ought to be there."""

    outcome: Outcome
    detail: str
    next_at: datetime | None = None
    due: DueFreeze | None = None


class Check(Protocol):
    def look(self, facts: DialFacts, now: datetime) -> Finding:
        """The finding at `now` (aware). May raise: whoever asks takes that as unknown."""


@runtime_checkable
class Timely(Protocol):
    """A check that time alone can heal."""

    def next_at(self, facts: DialFacts, after: datetime) -> datetime | None:
        """The earliest moment from `after` on at which it holds, if nobody calls meanwhile; None = never, or a fact is missing."""


@runtime_checkable
class Follows(Protocol):
    """A check that a call has consequences for."""

    def concerns(self, outcome: CallOutcome) -> bool:
        """Whether anything could follow from this call, whoever was called: if not, `after_call` finds nothing (a test holds that)."""

    def after_call(self, facts: DialFacts, outcome: CallOutcome) -> DueFreeze | Suspect | None:
        """What is to be written. `facts.past` holds the calls before this one."""


@runtime_checkable
class Recalls(Protocol):
    """A check that looks at earlier calls. One that does not say so looks at none (a test holds that)."""

    def recalls(self, call: PastCall) -> Hashable:
        """All that it looks at of one, besides when and whose it was. The seconds of talk that a budget sums up are no part of it."""


@lru_cache(maxsize=4096)
def good(detail: str) -> Finding:
    """It holds."""
    return Finding("ok", detail)


def blocked(detail: str, next_at: datetime | None = None, due: DueFreeze | None = None) -> Finding:
    return Finding("blocked", detail, next_at, due)


def unknown(what: str) -> Finding:
    """`what` nobody knows."""
    return Finding("unknown", f"{what} is not known")
