"""A forecast against what happens: the real worker, gate and rules on a database, people drawn from the same odds, on a clock that runs fast.

The callee is a driver that waits as long as the call would take and says how it came out. What a robot needs between two calls is the dispatch.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import func, select

from callwright.calls.disposition import CONNECTED
from callwright.campaigns.assumptions import Assumptions, Odds
from callwright.campaigns.clocks import DatabaseClock
from callwright.campaigns.crowd import Subject, subject
from callwright.campaigns.dispatch import Dial, Ended, Terms
from callwright.campaigns.dispatch_store import RUNNING_TASKS
from callwright.campaigns.forecast import forecast
from callwright.campaigns.simulation import hold_s, simulate, talk_s
from callwright.campaigns.tables import attempt
from callwright.campaigns.worker import Came, Tell, Worker, WorkerSettings
from callwright.compliance.pack_file import load_packs
from callwright.store.crypto import Keyring, TenantKeys
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.campaigns import NOON, start_task
from callwright.testing.databases import sqlite_template
from callwright.testing.tenants import seed

__all__ = ["Both", "Fast", "compare", "from_database"]

ROBOTS = 60
_SPAN = select(
    func.count().label("dials"),
    func.min(attempt.c.dialled_at, type_=attempt.c.dialled_at.type).label("first"),
    func.max(attempt.c.dialled_at, type_=attempt.c.dialled_at.type).label("last"),
).where(attempt.c.tenant_id == TENANT)


@dataclass(frozen=True, slots=True)
class Both:
    """Dials an hour as forecast (the likely case) and as they were; dials: of the real run; took_s: real seconds of it."""

    forecast: float
    real: float
    dials: int
    took_s: float

    @property
    def off(self) -> float:
        """Of the forecast, as a share of what happened."""
        return abs(self.forecast - self.real) / self.real


class Fast:
    """A clock that runs `speed` times as fast as ours, from `begins` on."""

    def __init__(self, begins: datetime, speed: float) -> None:
        self.begins, self.speed, self._begun = begins, speed, time.monotonic()

    def monotonic(self) -> float:
        """Its seconds."""
        return (time.monotonic() - self._begun) * self.speed

    def now(self) -> datetime:
        """Its time."""
        return self.begins + timedelta(seconds=self.monotonic())

    async def sleep(self, seconds: float) -> None:
        """So many of its seconds."""
        await asyncio.sleep(seconds / self.speed)


class People:
    """Answers calls: see `worker.Place`."""

    def __init__(self, clock: Fast, odds: Odds, ring_s: float, seed: int) -> None:
        self._clock, self._odds, self._ring_s = clock, odds, ring_s
        self._random = np.random.default_rng(seed)
        self._shares = np.cumsum(np.array(odds.shares))

    async def __call__(self, order: Dial, tell: Tell, now: Callable[[], datetime]) -> Came:
        draws = self._random.random(3)
        at = min(int(np.searchsorted(self._shares, draws[0] * self._shares[-1], side="right")), len(self._shares) - 1)
        outcome = self._odds.dispositions[at]
        await self._clock.sleep(hold_s(outcome, self._odds, self._ring_s, float(draws[1])))
        answered = now() if outcome in CONNECTED else None
        talk = talk_s(self._odds, float(draws[2])) if answered is not None else 0
        await self._clock.sleep(talk)
        return Came(Ended(order.attempt, order.owner, order.fence, outcome, now(), answered, talk * 1000))


async def _prepared(database: Database, keyring: Keyring, leads: int) -> tuple[int, int, Subject]:
    seeded = await seed(database, keyring, NOON, leads=leads, max_calls=ROBOTS, calls_per_second=1000.0, burst=100)
    task = await start_task(
        database, seeded, NOON, robots=ROBOTS, retry={"attempts": 1}, breaker={"failures": 1.0, "refusals": 1.0}
    )
    async with database.scope(seeded.tenant) as scope:
        return seeded.tenant, task, await subject(scope, seeded.keys, task, NOON)


async def _real(database: Database, keyring: Keyring, tenant: int, odds: Odds, ring_s: float, speed: float) -> None:
    clock = Fast(NOON, speed)
    async with database.scope(tenant) as scope:
        keys = await keyring.tenant(scope)
    terms = Terms(load_packs(), monotonic=clock.monotonic, lease=timedelta(hours=1), patience_s=60.0 * speed)
    settings = WorkerSettings("bench", ROBOTS, 20, poll_s=0.05, keep_s=1.0, reap_s=0.5, drain_s=30.0)
    held = DatabaseClock(database, tenant, clock.monotonic, clock.now)
    worker = Worker(database, tenant, keys, terms, People(clock, odds, ring_s, 7), settings, held)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run())
        while await _left(database, tenant):  # noqa: ASYNC110 - a row of the database tells it
            await asyncio.sleep(0.2)
        worker.stop()


_LEFT = select(func.count()).where(attempt.c.tenant_id == TENANT, attempt.c.ended_at.is_(None))


async def _left(database: Database, tenant: int) -> bool:
    async with database.reading(tenant) as scope:
        return bool(await scope.all(RUNNING_TASKS)) or bool(await scope.value(_LEFT))


async def _compare(url: str, leads: int, speed: float) -> Both:
    keyring, odds = Keyring.new(), Assumptions().odds("likely")
    async with Database.open(url, connections=4) as database:
        tenant, _, about = await _prepared(database, keyring, leads)
        told = simulate(about.plan, about.crowd, load_packs(), odds, NOON, line=about.line)
        begun = time.monotonic()
        await _real(database, keyring, tenant, odds, about.plan.ring_s, speed)
        took = time.monotonic() - begun
        async with database.reading(tenant) as scope:
            span = await scope.first(_SPAN)
    assert span is not None
    hours = (span.last - span.first).total_seconds() / 3600
    return Both(told.dials_per_hour, span.dials / hours, span.dials, took)


def compare(leads: int, speed: float) -> Both:
    """Forecast a task of so many leads and carry it out, `speed` times as fast as people are."""
    with tempfile.TemporaryDirectory(prefix="cw-simulate-") as name:
        folder = Path(name)
        shutil.copyfile(sqlite_template(folder), file := folder / "bench.db")
        return asyncio.run(_compare(f"sqlite:///{file}", leads, speed))


_MANY = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {leads})
INSERT INTO {table} ({names}) SELECT {values} FROM {table} AS first, n WHERE first.id = {id}
"""
_COPIED = {
    "person": {
        "id": "1000000 + i",
        "number_index": "CAST(printf('%016d', i) AS BLOB)",
        "zones": """CASE WHEN i % 20 THEN first.zones ELSE '["Asia/Shanghai", "Asia/Urumqi"]' END""",
    },
    "consent": {"id": "1000000 + i", "person_id": "1000000 + i", "given_at": "first.given_at - i % 300 * 86400000 - i"},
    "lead": {"id": "1000000 + i", "person_id": "1000000 + i", "consent_id": "1000000 + i", "row": "1000000 + i"},
}


def _multiply(file: Path, leads: int) -> None:
    """The one person of a tenant, with consent and place on the list, so many times: past the store, since a bench needs them at once.

    Consents of 300 days, one person in 20 in either of two zones.
    """
    with sqlite3.connect(file) as connection:
        for table, changed in _COPIED.items():
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            values = ", ".join(changed.get(name, f"first.{name}") for name in names)
            first = connection.execute(f"SELECT min(id) FROM {table}").fetchone()[0]  # noqa: S608 - names of our own
            connection.execute(
                _MANY.format(leads=leads - 1, table=table, names=", ".join(names), values=values, id=first)
            )


async def _read(url: str, leads: int, file: Path) -> tuple[float, float, int]:
    keyring = Keyring.new()
    async with Database.open(url, connections=2) as database:
        tenant, task, keys = await _seeded(database, keyring)
        await asyncio.to_thread(_multiply, file, leads)
        begun = time.process_time()
        async with database.reading(tenant) as scope:
            about = await subject(scope, keys, task, NOON)
        read = time.process_time() - begun
    if len(about.crowd) != leads:
        raise RuntimeError(f"{len(about.crowd)} leads were read, not {leads}")
    begun = time.process_time()
    forecast(about, load_packs(), Assumptions(), NOON)
    return read, time.process_time() - begun, len(about.crowd.kinds)


async def _seeded(database: Database, keyring: Keyring) -> tuple[int, int, TenantKeys]:
    seeded = await seed(database, keyring, NOON, leads=1, max_calls=1000, calls_per_second=100.0, burst=10)
    task = await start_task(database, seeded, NOON, robots=1000, calls_per_second=100.0)
    return seeded.tenant, task, seeded.keys


def from_database(leads: int) -> tuple[float, float, int]:
    """Processor seconds of reading so many leads of a task for a forecast, and of its three cases; into how many kinds they fell."""
    with tempfile.TemporaryDirectory(prefix="cw-simulate-") as name:
        folder = Path(name)
        shutil.copyfile(sqlite_template(folder), file := folder / "bench.db")
        return asyncio.run(_read(f"sqlite:///{file}", leads, file))
