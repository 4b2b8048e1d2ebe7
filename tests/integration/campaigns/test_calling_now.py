"""A call by name: placed by a worker that calls for no task, written like any other; refused where the rules refuse."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from callwright import calling_now
from callwright.calling import Calling, worker_name
from callwright.campaigns.clocks import DatabaseClock
from callwright.campaigns.direct import Asked
from callwright.campaigns.dispatch import Dial, Ended, Refused, Terms
from callwright.campaigns.tables import attempt, line, script_version
from callwright.campaigns.worker import Came, Tell, Worker, WorkerSettings
from callwright.errors import InputError
from callwright.settings import Settings
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.campaigns import NOON as NOW
from callwright.testing.campaigns import VARIABLES, Lenient, start_task
from callwright.testing.tenants import Seeded, seed

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

_BEGUN = time.monotonic()


def noon() -> datetime:
    """A clock that began at noon in China: the script's own window is open."""
    return NOW + timedelta(seconds=time.monotonic() - _BEGUN)


SCRIPT = select(script_version.c.digest).where(
    script_version.c.tenant_id == TENANT, script_version.c.script_id == "appointment"
)
ATTEMPTS = select(attempt).where(attempt.c.tenant_id == TENANT)
ACTIVE = select(line.c.active).where(line.c.tenant_id == TENANT)


async def talks(order: Dial, tell: Tell, now: Callable[[], datetime]) -> Came:
    tell("ringing")
    tell("answered")
    return Came(Ended(order.attempt, order.owner, order.fence, "completed", now(), now(), 1500))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_one_person_is_called_by_name(
    database: Database, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded = await seed(database, keyring, NOW, leads=2)
    await start_task(database, seeded, NOW, leads={})  # brings the script

    @asynccontextmanager
    async def opened(calling: Calling, *_: Any) -> AsyncIterator[Worker]:
        settings = WorkerSettings(worker_name(), calling.robots, poll_s=0.05)
        clock = DatabaseClock(database, seeded.tenant, local=noon)
        yield Worker(database, seeded.tenant, seeded.keys, Terms(Lenient()), talks, settings, clock)

    monkeypatch.setattr(calling_now, "open_calling", opened)
    async with database.scope(seeded.tenant) as scope:
        digest = await scope.value(SCRIPT)

    async def call(number: str, variables: dict[str, str], seeded: Seeded = seeded) -> Came | Refused:
        asked = Asked(number, digest[:8], seeded.company, "a", origin="agent")
        calling = Calling(Path("line.yaml"), Path("calls"), 5)
        return await calling_now.call_now(
            calling, Settings.from_environment(), database, seeded.tenant, seeded.keys, asked, variables
        )

    with pytest.raises(InputError, match="the script needs name"):
        await call(seeded.numbers[0], VARIABLES | {"name": ""})
    stranger = await call("+8613999999999", VARIABLES)
    assert isinstance(stranger, Refused)
    assert stranger.reason == "unknown-person"
    came = await call(seeded.numbers[0], VARIABLES)
    assert isinstance(came, Came)
    async with database.reading(seeded.tenant) as scope:
        (row,) = await scope.all(ATTEMPTS)
        assert (row.id, row.state, row.disposition, row.origin) == (came.ended.attempt, "done", "completed", "agent")
        assert row.answered_at - row.dialled_at < timedelta(seconds=60)
        assert await scope.value(ACTIVE) == 0
