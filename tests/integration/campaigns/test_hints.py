"""Who changes a task tells the workers, in the transaction of the change."""

from __future__ import annotations

import asyncio

import pytest

from callwright.campaigns import service, task_store
from callwright.campaigns.hints import Hints
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.campaigns import NOON, start_task
from callwright.testing.tenants import seed

pytestmark = [pytest.mark.anyio, pytest.mark.integration]


async def test_a_worker_hears_of_a_pause_and_of_a_new_plan(
    database: Database, database_url: str, keyring: Keyring
) -> None:
    seeded = await seed(database, keyring, NOON, leads=1)
    other = await seed(database, keyring, NOON, slug="other", leads=1)
    task = await start_task(database, seeded, NOON)
    hints, others = Hints(seeded.tenant), Hints(other.tenant)
    async with hints.listening(database_url), others.listening(database_url):
        heard = False
        for turn in range(100):  # it takes a moment until the connection listens
            async with database.scope(seeded.tenant) as scope:
                _, plan = await service.plan_of(scope, task)
                row = await scope.first(task_store.LOCK, task=task)
                assert row is not None
                faster = plan.model_copy(update={"calls_per_second": 1.0 + turn})
                await service.change_plan(scope, seeded.keys, task, faster, row.version, "anna", NOON)
            if heard := await hints.wait(0.2):
                break
        assert heard
        while await hints.wait(0.2):
            pass
        async with database.scope(seeded.tenant) as scope:
            await service.ask(scope, seeded.keys, task, "pause", "anna", NOON)
        assert await asyncio.wait_for(hints.wait(20), 30)
        assert not await others.wait(0.05)
