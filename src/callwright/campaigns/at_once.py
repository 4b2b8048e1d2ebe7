"""Claim and dial in one transaction, where nobody has to be asked in between: what a worker does unless there is a pre-dial webhook.

The same gates as a claim, the same people, facts and rules as at the gate, the same records: one lock, one write and one commit less for each
lead, and no claim that a crash could leave. The line is only looked at in the beginning, so that others need not wait for it while the rules are
asked, and locked last: of more calls than it has room for then, the last are left as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from callwright.campaigns import dispatch_store as rows
from callwright.campaigns.claims import Claimed, MayBegin, may_begin, tokens
from callwright.campaigns.facts import house_facts
from callwright.campaigns.gate import cases_of
from callwright.campaigns.intents import Dial, Refused, write
from callwright.campaigns.terms import Terms
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Changes, Scope

__all__ = ["claim_and_dial", "lock_task"]


async def lock_task(scope: Scope, task: int) -> Row[Any] | None:
    """A task as it is once it is ours, which may take a while: only then ask what time it is. None = there is none."""
    return await scope.first(rows.LOCK_TASK, task=task)


async def claim_and_dial(
    scope: Scope, keys: TenantKeys, terms: Terms, row: Row[Any], owner: str, n: int, now: datetime
) -> list[Dial | Refused]:
    """Decide about at most n leads of a task that are due, for this worker, and write it down; whose turn came first stands first. [] =
    nothing may begin now. The INVITE may leave once this is committed. row: of `lock_task`, in this transaction.

    Raises:
        TaskError: the task has no valid plan.
        ValueError: a record would tell a number; nobody is dialled.
        DamagedError: a number cannot be opened, or somebody without the key wrote records.
    """
    found = await may_begin(scope, terms, row, n, now) if n > 0 else None
    if found is None:
        return []
    task = row.task_id
    due = await scope.all(rows.TAKE, task=task, now=now, room=found.able, company=row.company_id)
    if not due or due[0].suspended:
        return []
    due = sorted(due, key=lambda one: (one.due_at, one.rank, one.lead_id))  # they were locked in the order of people
    claims = {one.lead_id: _claimed(task, owner, one, now) for one in due}
    cases = await cases_of(scope, keys, terms, row, house_facts(due[0]), found.plan, due, claims, {}, now)
    if any(case.allowed for case in cases):
        # Who has none of our numbers because of others in this batch, which the line may not let begin, is looked at again.
        cases = [case for case in cases if case.own is not None]
    answers = await write(scope, keys, terms, row, found.plan, cases, _Charged(scope, row, found, owner, now), now)
    return [answers[one.lead_id] for one in due if one.lead_id in answers]


def _claimed(task: int, owner: str, one: Row[Any], now: datetime) -> Claimed:
    return Claimed(
        task, one.lead_id, one.person_id, owner, one.fence + 1, one.attempts, one.variant,
        one.callback_at is not None and one.callback_at <= now,
    )  # fmt: skip


class _Charged:
    """Task and line are charged for those who are called, and for nobody else."""

    def __init__(self, scope: Scope, row: Row[Any], found: MayBegin, owner: str, now: datetime) -> None:
        self._scope, self._row, self._found, self._owner, self._now = scope, row, found, owner, now
        self._tat: datetime | None = None

    async def granted(self, want: int) -> int:
        if not want:
            return 0
        line = await self._scope.first(rows.LOCK_LINE_OF, line=self._row.line_id)
        if line is None or (line.blocked_until is not None and self._now < line.blocked_until):
            return 0
        able = min(want, line.max_calls - line.active)
        if able <= 0:
            return 0
        granted = tokens(line.tat, self._now, line.calls_per_second, line.burst, able)
        self._tat = granted.tat
        return granted.granted

    def changes(self, dialled: Sequence[int | None], stopped: int) -> Sequence[Changes]:
        if not dialled:
            return ()
        row, plan, more = self._row, self._found.plan, len(dialled)
        own = tokens(row.tat, self._now, plan.calls_per_second, plan.burst, more)
        return (
            (rows.TAKEN, [{"task": row.task_id, "leads": dialled, "new_owner": self._owner}]),
            (rows.BEGIN_TASK, [{"task": row.task_id, "more": more, "new_tat": own.tat}]),
            (rows.CHARGE_LINE, [{"line": row.line_id, "more": more, "new_tat": self._tat}]),
        )
