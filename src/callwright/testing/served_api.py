"""The API as it is served, in a thread of its own, for clients that block: accounts, tokens, a task, calls that are over, and a worker that
places the calls somebody asks for. Only its telephone is a fake: nobody rings, and every call ends as completed.

    with served_api(folder) as served:
        with Client(served.url) as client:
            client.access.sign_in(served.people[0], PASSWORD)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

import httpx
from anyio.from_thread import start_blocking_portal
from sqlalchemy import bindparam, update

from callwright.accounts import inviting
from callwright.accounts.model import Viewer
from callwright.accounts.passwords import Hasher
from callwright.accounts.porter import Porter
from callwright.accounts.roles import Role
from callwright.calls.live import LiveCalls
from callwright.campaigns.clocks import DatabaseClock
from callwright.campaigns.ended import Ended
from callwright.campaigns.intents import Dial
from callwright.campaigns.worker import Came, Tell, Worker, WorkerSettings
from callwright.compliance.tables import person
from callwright.desk.feed import Feed
from callwright.desk.placing import ByName, Placing
from callwright.desk.port import open_port
from callwright.store.metadata import TENANT, Json
from callwright.testing.accounts import PASSWORD
from callwright.testing.campaigns import VARIABLES, daytime_zone, quick_terms, start_task
from callwright.testing.console import Console, open_console
from callwright.testing.receivers import FakeReceiver, fake_receiver
from callwright.testing.results import Told, add_calls
from callwright.testing.tenants import Seeded

__all__ = ["PASSWORD", "VARIABLES", "Served", "served_api"]

_CALLS = (
    Told("A", ("可以的", "明天上午"), follow_up="call back", unknown=("有没有停车位",), talk_s=3),
    Told("B", ("多少钱",), talk_s=2, who=1),
    Told("D", (), answered=False, disposition="no_answer", who=2),
)
_LIVE_THERE = update(person).where(person.c.tenant_id == TENANT).values(zones=bindparam("at", type_=Json))


@dataclass(frozen=True, slots=True)
class Served:
    """people: two, each with every role; task: runs, and nobody dials for it; calls: that are over, newest first; receiver: of webhooks."""

    url: str
    people: tuple[str, str]
    seeded: Seeded
    task: int
    calls: tuple[str, ...]
    receiver: FakeReceiver
    placed: list[str]


@contextmanager
def served_api(folder: Path) -> Iterator[Served]:
    """Served until the body ends."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_served(folder)) as served:
        yield served


def _door(storage: Any, tenant: int) -> Porter:
    return Porter(storage, hasher=Hasher(memory_kib=64, rounds=1))


@asynccontextmanager
async def _served(folder: Path) -> AsyncIterator[Served]:
    now = datetime.now(UTC)
    async with open_console(folder, authenticate=_door) as console, fake_receiver() as receiver:
        people = ("anna@acme.example", "bert@acme.example")
        for email in people:
            await _join(console, email, now)
        seeded, database = console.seeded, console.storage.database
        zone = daytime_zone(now)
        task = await start_task(database, seeded, now, name="served", zone=zone)
        async with database.scope(seeded.tenant) as scope:
            await scope.run(_LIVE_THERE, at=[zone])
        blobs = console.storage.blobs.of(seeded.tenant)
        calls = await add_calls(database, seeded, now, _CALLS, blobs)
        placed: list[str] = []
        async with _worker(console, placed):
            yield Served(console.url, people, seeded, task, tuple(calls), receiver, placed)


async def _join(console: Console, email: str, now: datetime) -> None:
    storage, tenant = console.storage, console.seeded.tenant
    name = email.partition("@")[0]
    roles = [role.value for role in Role]
    _, door = await inviting.invite(
        storage.database, storage.keyring, Viewer.system(tenant), email, name, roles, "en", now
    )
    async with httpx.AsyncClient(base_url=console.url, headers={"X-Callwright": "1"}) as client:
        used = await client.post("/api/v1/links/use", json={"link": door.text, "password": PASSWORD})
        used.raise_for_status()


@asynccontextmanager
async def _worker(console: Console, placed: list[str]) -> AsyncIterator[None]:
    """One without robots: it dials for no task, and places what it is asked for."""
    storage, tenant, keys = console.storage, console.seeded.tenant, console.seeded.keys
    live = LiveCalls()
    feed = Feed(live)
    placing = Placing(live, cast(Any, None))  # joining is for browsers: none comes here
    clock = DatabaseClock(storage.database, tenant)
    await clock.sync()
    async with open_port(live, feed, extra=placing.routes) as port, asyncio.TaskGroup() as tasks:
        settings = WorkerSettings("served", 0, live_address=port.address, live_secret=port.secret)
        worker = Worker(storage.database, tenant, keys, quick_terms(), partial(_place, placed), settings, clock)
        placing.place = ByName(worker, storage.database, tenant, keys, tasks, _ready)
        running = tasks.create_task(worker.run())
        await worker.begun()
        try:
            yield
        finally:
            worker.stop()
            await asyncio.wait([running])


async def _ready(digest: str) -> None:
    """Nobody speaks here."""


async def _place(placed: list[str], order: Dial, tell: Tell, now: Callable[[], datetime]) -> Came:
    placed.append(order.attempt)
    return Came(Ended(order.attempt, order.owner, order.fence, "completed", now()))
