"""One tenant with a task on either database, and short words for what a worker does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from callwright.accounts.tables import tenant
from callwright.campaigns.dispatch import (
    Claimed,
    Dial,
    Ended,
    Reaped,
    Refused,
    Terms,
    Veto,
    claim,
    claim_and_dial,
    dial,
    finish,
    lock_task,
    reap,
)
from callwright.campaigns.tables import attempt, line, task, task_lead
from callwright.compliance.tables import decision_record
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.campaigns import NOON, Counters, counters
from callwright.testing.tenants import Seeded

SET_TASK = update(task).where(task.c.tenant_id == TENANT, task.c.id == bindparam("of_task"))
SET_LINE = update(line).where(line.c.tenant_id == TENANT, line.c.id == bindparam("of_line"))
LEADS = (
    select(task_lead.c.lead_id, task_lead.c.state, task_lead.c.reason, task_lead.c.due_at, task_lead.c.attempts)
    .where(task_lead.c.tenant_id == TENANT)
    .order_by(task_lead.c.lead_id)
)
ATTEMPTS = select(attempt).where(attempt.c.tenant_id == TENANT).order_by(attempt.c.dialled_at, attempt.c.id)
RECORDS = (
    select(decision_record.c.seq, decision_record.c.kind, decision_record.c.attempt_id)
    .where(decision_record.c.tenant_id == TENANT)
    .order_by(decision_record.c.seq)
)


class House:
    """One tenant with a task, and short words for what a worker does."""

    def __init__(self, database: Database, seeded: Seeded, task_id: int, terms: Terms) -> None:
        self.database, self.seeded, self.task, self.terms = database, seeded, task_id, terms

    async def claim(self, n: int = 10, now: datetime = NOON, owner: str = "w1") -> list[Claimed]:
        async with self.database.scope(self.seeded.tenant) as scope:
            return await claim(scope, self.terms, self.task, owner, n, now)

    async def dial(
        self, claimed: list[Claimed], now: datetime = NOON, vetoes: dict[int, Veto] | None = None
    ) -> list[Dial | Refused]:
        async with self.database.scope(self.seeded.tenant) as scope:
            return await dial(scope, self.seeded.keys, self.terms, claimed, now, vetoes)

    async def begin(self, n: int = 10, now: datetime = NOON, owner: str = "w1") -> Sequence[Dial | Refused]:
        async with self.database.scope(self.seeded.tenant) as scope:
            row = await lock_task(scope, self.task)
            assert row is not None
            return await claim_and_dial(scope, self.seeded.keys, self.terms, row, owner, n, now)

    async def rings(self, n: int = 10, now: datetime = NOON, owner: str = "w1") -> list[Dial]:
        answers = await self.dial(await self.claim(n, now, owner), now)
        return [one for one in answers if isinstance(one, Dial)]

    async def finish(self, *ended: Ended, now: datetime = NOON) -> list[bool]:
        async with self.database.scope(self.seeded.tenant) as scope:
            done = await finish(scope, self.seeded.keys, self.terms, ended, [self.task], now)
        return [one.fresh for one in done]

    async def reap(self, now: datetime) -> Reaped:
        return await reap(self.database, self.seeded.tenant, self.seeded.keys, self.terms, now)

    async def rows(self, statement: Any) -> list[Any]:
        async with self.database.scope(self.seeded.tenant) as scope:
            return list(await scope.all(statement))

    async def put(self, statement: Any, rows: list[dict[str, Any]]) -> None:
        async with self.database.scope(self.seeded.tenant) as scope:
            await scope.run(statement, rows)

    async def set_task(self, **values: Any) -> None:
        await self.put(SET_TASK.values(**values), [{"of_task": self.task}])

    async def counters(self) -> Counters:
        async with self.database.scope(self.seeded.tenant) as scope:
            return await counters(scope, self.task)


def ended(one: Dial, disposition: Any = "no_answer", at: datetime = NOON, **more: Any) -> Ended:
    return Ended(one.attempt, one.owner, one.fence, disposition, at, **more)


async def suspend(house: House, on: bool) -> None:
    async with house.database.system() as connection:
        await connection.execute(update(tenant).where(tenant.c.id == house.seeded.tenant).values(suspended=on))


def frozen(seeded: Seeded, which: int, **more: Any) -> dict[str, Any]:
    index, sealed = seeded.keys.seal_number(seeded.numbers[which])
    return {
        "number_index": index, "number": sealed, "scope": "tenant", "reason": "opt_out", "frozen_at": NOON, "until": None, "by": "anna", **more,
    }  # fmt: skip
