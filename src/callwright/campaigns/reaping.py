"""What dead workers leave behind. A lapsed claim goes back to the queue: nothing rang. A lapsed dial becomes `unknown`: somebody may have been
rung, so it is never dialled again by itself; when all is quiet, witnesses are asked what became of it (`reconcile`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from callwright.calls.model import mask
from callwright.campaigns import dispatch_store as rows
from callwright.campaigns import finish_store, hints
from callwright.campaigns import lease_store as leases
from callwright.campaigns.accounting import witnessed
from callwright.campaigns.ended import Ended
from callwright.campaigns.events import post_many
from callwright.campaigns.finishing import Finished, settle
from callwright.campaigns.reconcile import Account, verdict
from callwright.campaigns.results import without_robot
from callwright.campaigns.terms import Terms
from callwright.store.crypto import TenantKeys
from callwright.store.database import Database
from callwright.store.scope import Scope

__all__ = ["Reaped", "lose", "reap", "reconcile", "release"]


@dataclass(slots=True)
class Reaped:
    """released: claims that went back to the queue; lost: attempts that became unknown; settled: those that are known now, or reported."""

    released: int = 0
    lost: int = 0
    settled: list[Finished] = field(default_factory=list)


async def reap(database: Database, tenant: int, keys: TenantKeys, terms: Terms, now: datetime) -> Reaped:
    """Everything there is to do, each in a transaction of its own."""
    done = Reaped()
    async with database.scope(tenant) as scope:
        tasks = [row.task_id for row in await scope.all(leases.LAPSED_CLAIMS, now=now)]
    for task in tasks:
        async with database.scope(tenant) as scope:
            done.released += await release(scope, task, now)
    async with database.scope(tenant) as scope:
        done.lost = await lose(scope, now)
    async with database.scope(tenant) as scope:
        done.settled = await reconcile(scope, keys, terms, now)
    return done


async def release(scope: Scope, task: int, now: datetime) -> int:
    """Lapsed claims of a task go back to the queue, and their places to task and line; how many."""
    locked = await scope.all(finish_store.LOCK_TASKS, tasks=[task])
    back = await scope.all(leases.RELEASE_CLAIMS, task=task, now=now)
    if back:
        await scope.run(rows.MOVE_TASK, task=task, fewer=len(back), dialled_more=0, cost=0)
        await scope.run(rows.RELEASE_LINE, line=locked[0].line_id, fewer=len(back))
        await hints.tell(scope)
    return len(back)


async def lose(scope: Scope, now: datetime) -> int:
    """Attempts in flight whose lease is over become `unknown`, their leads wait; their places stay taken until they are settled, since
    their calls may still be up."""
    lapsed = [row.attempt_id for row in await scope.all(leases.LOSE_LEASES, now=now)]
    if not lapsed:
        return 0
    lost = await scope.all(leases.LOSE_ATTEMPTS, attempts=lapsed)
    await scope.run(
        rows.SET_LEADS,
        [
            {
                "of_task": row.task_id, "of_lead": row.lead_id, "new_state": "parked", "new_reason": "unknown", "new_due": None,
                "new_disposition": "unknown", "new_callback": None,
            }
            for row in lost
            if row.task_id is not None
        ],
    )  # fmt: skip
    return len(lost)


async def reconcile(scope: Scope, keys: TenantKeys, terms: Terms, now: datetime) -> list[Finished]:
    """Ask the witnesses about attempts that have been unknown and quiet for long enough, by Call-ID.

    A proxy that every INVITE of a line passes may have told everything (`accounting`): a call that it does not know never left then, and the
    lead may be called again. Calls that it knows and that have no end yet are waited for.
    """
    waiting = await scope.all(leases.UNSETTLED, before=now - terms.quiet)
    if not waiting:
        return []
    tasks = sorted({row.task_id for row in waiting if row.task_id is not None})
    await scope.all(finish_store.LOCK_TASKS, tasks=tasks or [0])
    told = await _accounts(scope, [row.id for row in waiting])
    found = await scope.all(finish_store.LOCK_ATTEMPTS, attempts=[row.id for row in waiting])
    seen = await witnessed(scope)
    verdicts = [verdict(row, told.get(row.id, ()), terms.quiet, now, seen.get(row.line_id)) for row in found]
    ended = [one for one in verdicts if one is not None]
    settled = await settle(scope, keys, terms, ended, tasks, now)
    rows_by_id = {row.id: row for row in found}
    news = [(rows_by_id[one.attempt], one) for one, end in zip(ended, settled, strict=True) if end.fresh]
    if news:
        bodies = [_told(keys, row, one) for row, one in news]
        await post_many(scope, keys, "call.ended", bodies, now, [bytes(row.number_index) for row, _ in news])
    return settled


def _told(keys: TenantKeys, row: Row[Any], ended: Ended) -> dict[str, Any]:
    number = mask(keys.open_number(row.number, row.number_index)) if row.number else ""  # "": erased since
    return without_robot(ended, number, row.task_id, row.lead_id)


async def _accounts(scope: Scope, attempts: Sequence[str]) -> dict[str, list[Account]]:
    told: dict[str, list[Account]] = {}
    for row in await scope.all(leases.ACCOUNTS, calls=list(attempts)):
        told.setdefault(row.call_id, []).append(Account(row.call_id, row.method, row.code, row.at, row.source))
    return told
