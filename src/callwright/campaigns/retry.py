"""Whether a lead is called again, and when: one budget for all reasons, a least gap, and the agreed time of a callback. Pure.

What the person wants comes first: after an outcome of the class `never` (an opt-out, a refusal, a wrong person) no rule calls again.
`unknown` (nobody knows whether it rang) is never called again by itself. Everything found here is looked at again by the law before the dial.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from callwright.calls.disposition import FACTS, Disposition
from callwright.campaigns.model import Plan, Retry, RetryRule
from callwright.campaigns.schedule import opening
from callwright.values import quick

__all__ = ["Next", "Outcome", "after", "refused"]

LeadState = Literal["ready", "finished", "parked", "excluded"]


@quick(frozen=True, slots=True)
class Outcome:
    """How an attempt came out. tags: of the conversation; callback_at: the time that was agreed."""

    disposition: Disposition
    ended_at: datetime
    tags: frozenset[str] = frozenset()
    callback_at: datetime | None = None


@quick(frozen=True, slots=True)
class Next:
    """What becomes of the lead in the queue: `ready` at `due_at`, `finished`, `parked` (a person decides) or `excluded`.

    reason: a word: the outcome, the rule (`retry`, `callback`), or what ended it (`budget`, `not_after`).
    """

    state: LeadState
    reason: str
    due_at: datetime | None = None


def after(plan: Plan, attempts: int, outcome: Outcome, now: datetime) -> Next:
    """What follows on an attempt.

    Args:
        attempts: how many were made, this one included, whatever became of them.
        now: no dial is due before it.
    """
    facts = FACTS[outcome.disposition]
    if facts.retry == "never":
        return Next("finished", outcome.disposition)
    if outcome.disposition == "unknown":
        return Next("parked", "unknown")
    rule = _rule(plan.retry, outcome)
    if outcome.disposition == "callback":
        return _callback(plan, attempts, outcome, now)
    if rule is not None:
        if rule.stop or rule.wait_min is None:
            return Next("finished", outcome.disposition)
        if rule.attempts is not None and attempts >= rule.attempts:
            return Next("finished", "budget")
        return _again(plan, attempts, outcome.ended_at + timedelta(minutes=rule.wait_min), outcome, now, "retry")
    wait = _class_wait(plan.retry, facts.retry)
    if wait is None:
        return Next("finished", outcome.disposition) if facts.retry == "done" else Next("parked", outcome.disposition)
    return _again(plan, attempts, outcome.ended_at + wait, outcome, now, "retry")


def refused(plan: Plan, next_allowed_at: datetime | None, rule: str, now: datetime) -> Next:
    """What follows when the law refused a dial, which is no attempt: wait until it may be allowed.

    Args:
        next_allowed_at: from when the refusing rules may hold, None = never, or nobody knows.
        rule: the first of them, for the reason.
    """
    if next_allowed_at is None:
        return Next("excluded", rule[:64])
    due = _within(plan, max(next_allowed_at, now))
    return Next("finished", "not_after") if due is None else Next("ready", rule[:64], due)


def _rule(retry: Retry, outcome: Outcome) -> RetryRule | None:
    by_tag = (rule for rule in retry.rules if rule.tag is not None and rule.tag in outcome.tags)
    by_outcome = (rule for rule in retry.rules if outcome.disposition in rule.after)
    return next(by_tag, None) or next(by_outcome, None)


def _callback(plan: Plan, attempts: int, outcome: Outcome, now: datetime) -> Next:
    """A call was agreed. Where it can no longer be made a person has to see to it, so the lead is parked, not forgotten."""
    agreed = outcome.callback_at
    if agreed is None:
        agreed = outcome.ended_at + timedelta(minutes=plan.retry.hours_min)
    found = _again(plan, attempts, agreed, outcome, now, "callback")
    return found if found.state == "ready" else Next("parked", f"callback_{found.reason}")


def _again(plan: Plan, attempts: int, wanted: datetime, outcome: Outcome, now: datetime, reason: str) -> Next:
    if attempts >= plan.retry.attempts:
        return Next("finished", "budget")
    gap_over = outcome.ended_at + timedelta(minutes=plan.retry.gap_min)
    due = _within(plan, max(wanted, gap_over, now))
    return Next("finished", "not_after") if due is None else Next("ready", reason, due)


def _within(plan: Plan, moment: datetime) -> datetime | None:
    """The first moment from then on at which the task is open."""
    found = opening(plan, moment)
    return None if found is None else max(found.opens_at, moment)


def _class_wait(retry: Retry, kind: str) -> timedelta | None:
    minutes = {
        "minutes": retry.minutes_min,
        "other_line": retry.gap_min,
        "hours": retry.hours_min,
        "days": retry.days_min,
    }.get(kind)
    return None if minutes is None else timedelta(minutes=minutes)
