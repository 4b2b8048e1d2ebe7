"""How fast a task calls. Pure.

- calls per second: the generic cell rate algorithm (GCRA, ITU-T I.371 Annex A, virtual scheduling): never more than `burst` at once, never more
  than `rate` x seconds + `burst` in any stretch of time.
- robots: guaranteed ones first, then by priority, never more than a task's maximum or the line's.
- the transfer pool: how many calls may be under way so that few of those who ask for a person wait too long. Progressive: no more than free
  people. Predictive: as many as keep the expected share of abandoned calls below the target (binomial model; Samuelson, Interfaces 29:5, 1999).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from callwright.campaigns.model import Plan, Transfer
from callwright.values import quick

__all__ = ["Claim", "Pool", "Tokens", "TransferCall", "abandonment", "gcra", "may_be_under_way", "room", "shares"]


@quick(frozen=True, slots=True)
class Tokens:
    """granted: how many calls may begin now; tat: theoretical arrival time to be kept (None = as before); next_at: when one more may."""

    granted: int
    tat: datetime | None
    next_at: datetime


def gcra(tat: datetime | None, now: datetime, per_second: float, burst: int, want: int) -> Tokens:
    """How many of `want` calls may begin at `now`.

    Args:
        tat: as the last answer said, None = nothing began yet.
        burst: so many may begin together.
    """
    step = timedelta(microseconds=math.ceil(1_000_000 / per_second))
    tolerance = step * (burst - 1)
    base = now if tat is None else max(tat, now)
    early = base - now
    if early > tolerance:
        return Tokens(0, tat, base - tolerance)
    granted = max(0, min(want, (tolerance - early) // step + 1))
    if granted == 0:
        return Tokens(0, tat, now)
    after = base + step * granted
    return Tokens(granted, after, max(now, after - tolerance))


def room(plan: Plan, active: int, line_active: int, line_max: int) -> int:
    """How many more calls the task may have, by its own robots and by the line."""
    return max(0, min(plan.robots.max - active, line_max - line_active))


@dataclass(frozen=True, slots=True)
class Claim:
    """A task that wants robots. wants: leads due and calls under way, together."""

    task: int
    priority: int
    guaranteed: int
    maximum: int
    wants: int


def shares(claims: Sequence[Claim], robots: int) -> Mapping[int, int]:
    """Robots for each task: what is guaranteed first (by priority while it lasts), then one by one among those of the best priority."""
    given = dict.fromkeys((claim.task for claim in claims), 0)
    left = robots
    ordered = sorted(claims, key=lambda claim: (claim.priority, claim.task))
    for claim in ordered:
        given[claim.task] = min(claim.guaranteed, claim.maximum, claim.wants, left)
        left -= given[claim.task]
    for priority in sorted({claim.priority for claim in ordered}):
        among = [claim for claim in ordered if claim.priority == priority]
        left -= _even(among, given, left)
    return given


def _even(claims: Sequence[Claim], given: dict[int, int], left: int) -> int:
    """Fill up evenly; how many robots that took."""
    taken = 0
    while left > taken:
        open_ = [claim for claim in claims if given[claim.task] < min(claim.maximum, claim.wants)]
        if not open_:
            break
        each = max(1, (left - taken) // len(open_))
        for claim in open_:
            more = min(each, min(claim.maximum, claim.wants) - given[claim.task], left - taken)
            given[claim.task] += more
            taken += more
    return taken


@dataclass(frozen=True, slots=True)
class TransferCall:
    """An answered call of the window. queued: it waited for a person of ours; waited_s: how long; taken: a person took it."""

    answered_at: datetime
    queued: bool
    waited_s: float = 0.0
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Pool:
    """The people who take over, now. free: ready; waiting: calls that wait for one; asks: share of calls under way that will ask for a person
    (measured); freed: how many people become free before calls that begin now would ask."""

    free: int
    waiting: int
    asks: float
    freed: float = 0.0


@dataclass(frozen=True, slots=True)
class Abandonment:
    """abandoned of counted calls, over the window."""

    abandoned: int
    counted: int

    @property
    def rate(self) -> float:
        """0 while nothing is counted."""
        return self.abandoned / self.counted if self.counted else 0.0


def abandonment(transfer: Transfer, calls: Iterable[TransferCall], now: datetime) -> Abandonment:
    """The share of abandoned calls as the plan defines it: window, threshold and denominator. A call is abandoned when it waited longer than the
    threshold, also if somebody took it later."""
    since = now - timedelta(hours=transfer.window_h)
    seen = [call for call in calls if since <= call.answered_at <= now]
    abandoned = sum(call.queued and call.waited_s > transfer.threshold_s for call in seen)
    counted = len(seen) if transfer.denominator == "answered" else sum(call.queued for call in seen)
    return Abandonment(abandoned, counted)


def may_be_under_way(transfer: Transfer, pool: Pool, so_far: Abandonment, limit: int) -> int:
    """How many calls may be under way, at most `limit` (robots).

    Progressive while fewer than `min_calls` are counted, and whenever the share of abandoned calls has reached its target.
    """
    if transfer.mode == "robots":
        return limit
    free = max(0, pool.free - pool.waiting)
    careful = min(limit, free)
    too_early = so_far.counted < transfer.min_calls
    if transfer.mode == "progressive" or too_early or so_far.rate >= transfer.abandonment or not 0 < pool.asks <= 1:
        return careful
    able = free + math.floor(max(0.0, pool.freed))
    per = pool.asks if transfer.denominator == "queued" else 1.0
    low, high = careful, limit
    while low < high:  # the expected share grows with the number of calls
        middle = (low + high + 1) // 2
        if expected_overflow(middle, pool.asks, able) <= transfer.abandonment * per * middle:
            low = middle
        else:
            high = middle - 1
    return low


def expected_overflow(calls: int, asks: float, people: int) -> float:
    """E[max(0, X - people)] for X ~ Binomial(calls, asks): how many find nobody free."""
    if people >= calls:
        return 0.0
    mean, short = calls * asks, 0.0
    for k in range(people + 1):  # E[max(0, X-a)] = E[X] - a + E[max(0, a-X)]
        short += (people - k) * _binomial(calls, k, asks)
    return max(0.0, mean - people + short)


def _binomial(n: int, k: int, p: float) -> float:
    if p >= 1.0:
        return 1.0 if k == n else 0.0
    log = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * math.log(p) + (n - k) * math.log1p(-p)
    return math.exp(log)
