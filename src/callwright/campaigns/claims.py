"""Claiming: a worker takes leads that are due, as many as it may begin to call now. Nothing is taken in advance.

Every gate is a number that is 0 unless everything says otherwise: tenant not suspended, task running, within its opening, line not
blocked, robots, calls at once, calls per second (GCRA, of line and task), budget, people who take over.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row

from callwright.campaigns import dispatch_store as rows
from callwright.campaigns.breaker import spent_up
from callwright.campaigns.model import Plan
from callwright.campaigns.pacing import Tokens, gcra, room
from callwright.campaigns.schedule import opening
from callwright.campaigns.terms import Terms
from callwright.store.scope import Scope
from callwright.values import quick

__all__ = ["Claimed", "MayBegin", "claim", "free", "may_begin", "tokens"]


@quick(frozen=True, slots=True)
class Claimed:
    """A lead that a worker holds until its lease ends. fence: raised by every claim; attempts: made so far."""

    task_id: int
    lead_id: int
    person_id: int
    owner: str
    fence: int
    attempts: int
    variant: str
    callback: bool = False


async def claim(scope: Scope, terms: Terms, task: int, owner: str, n: int, now: datetime) -> list[Claimed]:
    """Take at most n leads of the task for this worker, and charge task and line for them. [] = nothing may begin now.

    Raises:
        TaskError: the task has no valid plan.
    """
    if n <= 0:
        return []
    row = await scope.first(rows.LOCK_TASK_AND_LINE, task=task)
    found = await may_begin(scope, terms, row, n, now) if row is not None else None
    if row is None or found is None:
        return []
    taken = await scope.all(rows.CLAIM, task=task, now=now, room=found.able, new_owner=owner, until=now + terms.lease)
    if taken:
        await _charge(scope, row, found, len(taken), now)
    return [
        Claimed(
            task, one.lead_id, one.person_id, owner, one.fence, one.attempts, one.variant,
            one.callback_at is not None and one.callback_at <= now,
        )
        for one in taken
    ]  # fmt: skip


class MayBegin(NamedTuple):
    """How many calls (one or more) a task may begin in its opening."""

    able: int
    plan: Plan
    opens: datetime | None
    closes: datetime | None


async def may_begin(scope: Scope, terms: Terms, row: Row[Any], n: int, now: datetime) -> MayBegin | None:
    """Of n calls. row: a task that is locked, with its line. None = not one.

    Raises:
        TaskError: the task has no valid plan.
    """
    if row.state != "running" or row.suspended:
        return None
    plan = await terms.plans.of(scope, row.task_id, row.version)
    opens, closes = await _opening(scope, row, plan, now)
    able = free(row, plan, opens, closes, n, now)
    if able > 0 and plan.transfer.mode != "robots":
        most = await terms.takeovers.most(scope, row.task_id, plan.transfer, plan.robots.max, now)
        able = min(able, most - row.active)
    return MayBegin(able, plan, opens, closes) if able > 0 else None


def free(row: Row[Any], plan: Plan, opens: datetime | None, closes: datetime | None, n: int, now: datetime) -> int:
    """How many of n calls the task and its line may begin now. row: of LOCK_TASK_AND_LINE."""
    if row.state != "running" or row.suspended or opens is None or closes is None or not opens <= now < closes:
        return 0
    if (row.not_after is not None and now >= row.not_after) or (row.starts_at is not None and now < row.starts_at):
        return 0
    if row.blocked_until is not None and now < row.blocked_until:
        return 0
    able = min(n, room(plan, row.active, row.line_active, row.max_calls), row.max_robots - row.active)
    if able <= 0:
        return 0
    if plan.budget is not None:
        able = next((begun for begun in range(able) if spent_up(plan, row.spent, row.active + begun)), able)
    able = min(able, tokens(row.tat, now, plan.calls_per_second, plan.burst, able).granted)
    return (
        max(0, min(able, tokens(row.line_tat, now, row.calls_per_second, row.burst, able).granted)) if able > 0 else 0
    )


def tokens(tat: datetime | None, now: datetime, per_second: float, burst: int, want: int) -> Tokens:
    """GCRA. A theoretical arrival further ahead than a full burst was written by a clock that has been set back: it does not close the line."""
    if tat is not None:
        tat = min(tat, now + timedelta(seconds=burst / per_second + 0.001))
    return gcra(tat, now, per_second, burst, want)


async def _opening(scope: Scope, row: Row[Any], plan: Plan, now: datetime) -> tuple[datetime | None, datetime | None]:
    """The present or next opening; kept in the task until it is over."""
    if row.closes_at is not None and row.opens_at is not None and row.opens_at <= now < row.closes_at:
        return row.opens_at, row.closes_at
    found = opening(plan, now)
    if found is None:
        return None, None
    await scope.run(rows.OPENING, task=row.task_id, new_opens=found.opens_at, new_closes=found.closes_at)
    return found.opens_at, found.closes_at


async def _charge(scope: Scope, row: Row[Any], found: MayBegin, count: int, now: datetime) -> None:
    own = tokens(row.tat, now, found.plan.calls_per_second, found.plan.burst, count)
    shared = tokens(row.line_tat, now, row.calls_per_second, row.burst, count)
    charge = {
        "task": row.task_id,
        "more": count,
        "new_tat": own.tat,
        "new_opens": found.opens,
        "new_closes": found.closes,
    }
    await scope.together(
        (rows.CHARGE_TASK, [charge]),
        (rows.CHARGE_LINE, [{"line": row.line_id, "more": count, "new_tat": shared.tat}]),
    )
