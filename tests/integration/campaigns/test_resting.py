"""A worker whose machine does not keep up begins no call; the list waits for it, and for others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from callwright.campaigns.clocks import DatabaseClock
from callwright.campaigns.dispatch import Terms
from callwright.campaigns.ended import Ended
from callwright.campaigns.intents import Dial
from callwright.campaigns.tables import attempt, worker
from callwright.campaigns.worker import Came, Tell, Worker, WorkerSettings
from callwright.errors import LineError
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.campaigns import NOON as NOW
from callwright.testing.campaigns import Lenient, start_task
from callwright.testing.tenants import seed

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

_ATTEMPTS = select(func.count()).select_from(attempt).where(attempt.c.tenant_id == TENANT)
_ROBOTS = select(worker.c.robots, worker.c.resting).where(worker.c.tenant_id == TENANT)


# PostgreSQL has a clock of its own, and at night nobody would be rung.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_while_it_rests_nothing_is_claimed(
    database: Database, keyring: Keyring, caplog: pytest.LogCaptureFixture
) -> None:
    began = time.monotonic()
    seeded = await seed(database, keyring, NOW, leads=3)
    await start_task(database, seeded, NOW)
    rests, asked, rung, all_rung = True, 0, 0, asyncio.Event()
    looked_often = asyncio.Event()

    def strained() -> bool:
        nonlocal asked
        asked += 1
        if asked > 20:
            looked_often.set()
        return rests

    async def talks(order: Dial, tell: Tell, now: Callable[[], datetime]) -> Came:
        nonlocal rung
        rung += 1
        if rung == 3:
            all_rung.set()
        return Came(Ended(order.attempt, order.owner, order.fence, "completed", now(), now(), 1500))

    clock = DatabaseClock(database, seeded.tenant, local=lambda: NOW + timedelta(seconds=time.monotonic() - began))
    settings = WorkerSettings("w", 5, poll_s=0.02, keep_s=0.05)
    working = Worker(database, seeded.tenant, seeded.keys, Terms(Lenient()), talks, settings, clock, strained=strained)
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(working.run())
        await looked_often.wait()
        async with database.reading(seeded.tenant) as scope:
            assert await scope.value(_ATTEMPTS) == 0
            assert tuple(await scope.first(_ROBOTS) or ()) == (0, True)
        with pytest.raises(LineError, match="does not keep up"):
            working.check_rested()
        rests = False
        await all_rung.wait()
        working.check_rested()
        working.stop()
    async with database.reading(seeded.tenant) as scope:
        assert await scope.value(_ATTEMPTS) == 3
    told = [line.message for line in caplog.records if line.name == "callwright.campaigns.worker"]
    assert [line for line in told if "rests" in line] == [
        "w rests: this machine does not keep up with the media of 0 calls"
    ]
