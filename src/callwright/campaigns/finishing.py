"""The end of a dial: what came of it, what follows for the lead, and the counters back. Once, whoever says it how often.

Fenced: only the worker that dialled, with the fence it had, may finish an attempt that is in flight. The same worker may still tell what became
of an attempt that was given up as `unknown` (it was stopped past its lease, not dead) until somebody else has settled it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row

from callwright.calls.disposition import FACTS
from callwright.campaigns import dispatch_store as rows
from callwright.campaigns import finish_store
from callwright.campaigns import lease_store as leases
from callwright.campaigns.breaker import cost
from callwright.campaigns.consequences import break_off, draw
from callwright.campaigns.ended import Ended
from callwright.campaigns.model import Plan
from callwright.campaigns.retry import Next, Outcome, after
from callwright.campaigns.terms import Terms
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope
from callwright.store.together import sharing
from callwright.values import quick

__all__ = ["Finished", "finish", "settle"]


@quick(frozen=True, slots=True)
class Finished:
    """fresh: it was written now (False: it was over, or not this worker's); following: what becomes of the lead."""

    attempt: str
    fresh: bool
    following: Next | None = None


async def finish(
    scope: Scope, keys: TenantKeys, terms: Terms, ended: Sequence[Ended], tasks: Sequence[int], now: datetime
) -> list[Finished]:
    """Write how attempts came out; in their order. tasks: those the attempts are of (calls that were asked for have none).

    Raises:
        TaskError: the plan of a task is not valid (any more).
    """
    if not ended:
        return []
    of_tasks, found = await _lock(scope, tasks, ended)
    batch = _Batch()
    answers = []
    over: list[tuple[Row[Any], Ended]] = []
    plans: dict[int, Plan] = {}
    for one in ended:
        row = found.get(one.attempt)
        if row is None or not _may(row, one) or (row.task_id is not None and row.task_id not in of_tasks):
            answers.append(Finished(one.attempt, False))
            continue
        del found[one.attempt]  # told twice in one batch: the first time counts
        task = of_tasks.get(row.task_id) if row.task_id is not None else None
        plan = await terms.plans.of(scope, row.task_id, task.version) if task is not None else None
        if task is not None and plan is not None:
            plans[row.task_id] = plan
        over.append((row, one))
        answers.append(Finished(one.attempt, True, batch.add(row, one, plan, now)))
    await draw(scope, keys, terms, over, now)
    await batch.write(scope)
    for number, plan in plans.items():
        said = [one.disposition for row, one in over if row.task_id == number]
        await break_off(scope, keys, number, of_tasks[number].state, plan, said, now)
    return answers


async def settle(
    scope: Scope, keys: TenantKeys, terms: Terms, ended: Sequence[Ended], tasks: Sequence[int], now: datetime
) -> list[Finished]:
    """The same, said by a witness about attempts that are `unknown`."""
    if not all(one.how for one in ended):
        raise ValueError("a witness says who it is")
    return await finish(scope, keys, terms, ended, tasks, now)


class _Task(NamedTuple):
    """A task as it is now that we have its lock."""

    version: int
    state: str


async def _lock(
    scope: Scope, tasks: Sequence[int], ended: Sequence[Ended]
) -> tuple[dict[int, _Task], dict[str, Row[Any]]]:
    """The tasks, then these attempts and their people: in one statement where all are of one task, as they mostly are."""
    ids, attempts = sorted(set(tasks)), sorted({one.attempt for one in ended})
    if len(ids) == 1:
        found = await scope.all(finish_store.LOCK_TASK_AND_ATTEMPTS, task=ids[0], attempts=attempts)
        if len(found) == len(attempts) and all(row.task_id == ids[0] for row in found):
            return {ids[0]: _Task(found[0].task_version, found[0].task_state)}, {row.id: row for row in found}
    # What is locked already is looked at again: no lock comes out of order.
    locked = await scope.all(finish_store.LOCK_TASKS, tasks=ids) if ids else ()
    found = await scope.all(finish_store.LOCK_ATTEMPTS, attempts=attempts)
    return {row.id: _Task(row.version, row.state) for row in locked}, {row.id: row for row in found}


def _may(row: Row[Any], one: Ended) -> bool:
    """Whether this may be written about this attempt."""
    if one.how:
        return bool(row.state == "unknown" and row.reconciled == "")
    if (row.owner, row.fence) != (one.owner, one.fence):
        return False
    return bool(row.state in rows.IN_FLIGHT or (row.state == "unknown" and row.reconciled in {"", "reported"}))


class _Batch:
    """Rows to be written, gathered over attempts of one or many tasks."""

    def __init__(self) -> None:
        self.attempts: list[dict[str, Any]] = []
        self.leads: list[dict[str, Any]] = []
        self.tasks: Counter[int] = Counter()
        self.spent: Counter[int] = Counter()
        self.lines: Counter[int] = Counter()

    def add(self, row: Row[Any], one: Ended, plan: Plan | None, now: datetime) -> Next | None:
        """One attempt; what follows for its lead."""
        known = one.how != "reported"
        how = one.how or ("late" if row.state == "unknown" else "")
        self.attempts.append(
            {
                "of_attempt": row.id, "new_state": "done" if known else "unknown", "answered": one.answered_at or row.answered_at,
                "ended": one.ended_at, "new_disposition": one.disposition,
                "new_counts": FACTS[one.disposition].counts if one.counts is None else one.counts,
                "talk": one.talk_ms, "code": one.sip_code, "new_cause": one.cause[:64], "how": how,
            }
        )  # fmt: skip
        following = None
        if plan is not None and row.task_id is not None:
            outcome = Outcome(one.disposition, one.ended_at, one.tags, one.callback_at)
            following = after(plan, row.n, outcome, now) if known else Next("parked", "unknown")
            self.spent[row.task_id] += cost(plan, one.talk_ms)
            self.leads.append(
                {
                    "of_task": row.task_id, "of_lead": row.lead_id, "new_state": following.state,
                    "new_reason": following.reason[:64], "new_due": following.due_at, "new_disposition": one.disposition,
                    "new_callback": following.due_at if following.reason == "callback" else None,
                }
            )  # fmt: skip
        if row.reconciled != "reported":  # its place was given back when it was reported
            self.lines[row.line_id] += 1
            if row.task_id is not None:
                self.tasks[row.task_id] += 1
        return following

    async def write(self, scope: Scope) -> None:
        """All together: what of this others could wait for is locked, but for the lines."""
        of_leads = {(row["of_task"], row["of_lead"]): row for row in self.leads}  # of two attempts of one lead the last
        await scope.together(
            (rows.SET_LEADS, *sharing(list(of_leads.values()), "of_task")),
            (finish_store.END_ATTEMPTS, *sharing(self.attempts, "how")),
            (leases.END_LEASES, [{"attempts": [row["of_attempt"] for row in self.attempts]}] if self.attempts else ()),
            (
                rows.MOVE_TASK,
                [
                    {"task": task, "fewer": self.tasks[task], "dialled_more": 0, "cost": self.spent[task]}
                    for task in sorted(self.tasks.keys() | self.spent.keys())
                ],
            ),
            (rows.RELEASE_LINE, [{"line": line, "fewer": self.lines[line]} for line in sorted(self.lines)]),
        )
