"""When a task stops by itself: too many attempts fail, too many people refuse, or the money is spent. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from callwright.calls.disposition import CONNECTED
from callwright.campaigns.model import Plan

__all__ = ["FAILED", "REFUSED", "cost", "judge", "spent_up"]

FAILED = frozenset(("network_fault", "carrier_blocked", "interrupted_by_fault", "barred"))
"""Outcomes that say something about the line or the robot."""

REFUSED = frozenset(("opted_out", "abused"))
"""Outcomes that say: these people do not want to be called."""


def judge(plan: Plan, recent: Sequence[str]) -> str | None:
    """Why the task has to pause, None = it may go on.

    Args:
        recent: dispositions of the attempts that ended since the task was last started or resumed, oldest first.
    """
    breaker = plan.breaker
    seen = recent[-breaker.attempts :]
    if len(seen) < breaker.at_least:
        return None
    failed = sum(item in FAILED for item in seen)
    if failed >= breaker.failures * len(seen):
        return f"breaker: {failed} of the last {len(seen)} attempts failed"
    answered = [item for item in seen if item in CONNECTED]
    refused = sum(item in REFUSED for item in answered)
    if len(answered) >= breaker.at_least and refused >= breaker.refusals * len(answered):
        return f"breaker: {refused} of the last {len(answered)} people who answered do not want to be called"
    return None


def cost(plan: Plan, talk_ms: int) -> int:
    """What an attempt costs, in thousandths of the plan's currency: a part for the attempt, one for each begun step of talk."""
    budget = plan.budget
    if budget is None:
        return 0
    steps = math.ceil(talk_ms / 1000 / budget.minute_step_s)
    return round(1000 * (budget.per_attempt + budget.per_minute * steps * budget.minute_step_s / 60))


def spent_up(plan: Plan, spent: int, active: int = 0) -> bool:
    """Whether no further call may begin: the budget would not hold an attempt and one step of talk for each call under way and the next.

    Args:
        spent: thousandths of the currency.
        active: calls under way, whose cost is not in `spent` yet.
    """
    if plan.budget is None:
        return False
    return spent + (active + 1) * cost(plan, 1) > round(plan.budget.total * 1000)
