"""Nobody is rung twice, whoever dies: workers killed, stopped past their leases, with clocks that jump, over a database that crashes.

Every ring is counted by a SIP callee in a process of its own. Short in CI; CALLWRIGHT_KILLS=60 makes it long.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from callwright.campaigns.reaping import reap
from callwright.campaigns.reconcile import attempt_of
from callwright.campaigns.tables import attempt, task_lead
from callwright.errors import StoreError
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.campaigns import Counters, counters, daytime_zone, quick_terms, start_task
from callwright.testing.databases import PostgresServer, missing
from callwright.testing.dialling import work
from callwright.testing.tenants import Seeded, seed

pytestmark = [pytest.mark.integration]

log = logging.getLogger(__name__)
KILLS = int(os.environ.get("CALLWRIGHT_KILLS", "6"))
ROBOTS, WORKERS = 3, 3
LEADS = 30 * KILLS
STATES = (
    select(task_lead.c.state, func.count().label("n"))
    .where(task_lead.c.tenant_id == TENANT)
    .group_by(task_lead.c.state)
)
ATTEMPTS = select(attempt).where(attempt.c.tenant_id == TENANT)


FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["callwright.testing.dialling"])


def _signal(worker: ForkServerProcess, which: int) -> None:
    assert worker.pid is not None
    os.kill(worker.pid, which)


@dataclass
class Site:
    """A database with two tasks, a callee, and workers that come and go."""

    url: str
    key: Path
    rings: Path
    seeded: Seeded
    tasks: tuple[int, ...]
    callee: subprocess.Popen[str]
    port: int
    server: PostgresServer | None
    rng: random.Random
    workers: list[ForkServerProcess] = field(default_factory=list)
    begun: int = 0

    def hire(self) -> None:
        self.begun += 1
        told, ready = FORKS.Pipe(duplex=False)
        name = f"w{self.begun}"
        worker = FORKS.Process(
            target=work,
            args=(self.url, self.seeded.tenant, self.key, self.port, name, ROBOTS, self.begun % 2 == 0, ready),
            daemon=True,
        )
        worker.start()
        assert told.poll(60), "a worker does not start"
        assert told.recv() == name
        self.workers.append(worker)

    def kill(self) -> None:
        victim = self.workers.pop(self.rng.randrange(len(self.workers)))
        victim.kill()
        victim.join(10)
        self.hire()

    def stop_past_the_lease(self) -> None:
        victim = self.rng.choice(self.workers)
        _signal(victim, signal.SIGSTOP)
        time.sleep(quick_terms().lease.total_seconds() + 0.7)
        _signal(victim, signal.SIGCONT)

    def jump(self) -> None:
        """An hour ahead or behind, for a second. A database of its own keeps its own time, so this is only felt on SQLite."""
        victim, there = self.rng.choice(self.workers), self.rng.choice((signal.SIGUSR1, signal.SIGUSR2))
        back = signal.SIGUSR1 if there is signal.SIGUSR2 else signal.SIGUSR2
        for which in (there, back):
            _signal(victim, which)
            time.sleep(1)

    def crash(self) -> None:
        if self.server is not None:
            self.server.kill()
            time.sleep(0.3)
            self.server.boot()

    def leave(self) -> None:
        for worker in self.workers:
            _signal(worker, signal.SIGTERM)
        for worker in self.workers:
            worker.join(30)
            worker.kill()
        self.workers.clear()

    def rung(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.rings.read_text().splitlines()]


async def _prepare(url: str, key: Path) -> tuple[Seeded, tuple[int, ...]]:
    keyring, now = Keyring.from_file(key, create=True), datetime.now(UTC)
    async with Database.open(url, connections=2) as database:
        seeded = await seed(
            database, keyring, now, leads=LEADS, max_calls=ROBOTS * WORKERS, calls_per_second=1000, burst=20
        )
        people = list(zip(seeded.leads, seeded.persons, strict=True))
        tasks = [
            await start_task(
                database,
                seeded,
                now,
                name=name,
                robots=6,
                leads=dict(people[half::2]),
                zone=daytime_zone(now),
                burst=20,
            )
            for half, name in enumerate(("a", "b"))
        ]
    return seeded, tuple(tasks)


@contextlib.contextmanager
def site(url: str, folder: Path, server: PostgresServer | None) -> Iterator[Site]:
    rings = folder / "rings.jsonl"
    rings.touch()
    seeded, tasks = asyncio.run(_prepare(url, folder / "key"))
    callee = subprocess.Popen(
        [sys.executable, "-m", "callwright.testing.ringing", str(rings), "0.4"], stdout=subprocess.PIPE, text=True
    )
    assert callee.stdout is not None
    port = int(callee.stdout.readline())
    made = Site(url, folder / "key", rings, seeded, tasks, callee, port, server, random.Random(5))
    try:
        yield made
    finally:
        for worker in made.workers:
            worker.kill()
            worker.join(10)
        callee.kill()
        callee.wait(10)


def _with_database(url: str, ask: Any) -> Any:
    """What `ask(database)` says; again while the database comes up."""

    async def run() -> Any:
        async with Database.open(url, connections=2) as database:
            return await ask(database)

    for _ in range(50):
        try:
            return asyncio.run(run())
        except (StoreError, SQLAlchemyError, OSError):
            time.sleep(0.2)
    return asyncio.run(run())


def _undialled(made: Site) -> int:
    async def ask(database: Database) -> int:
        never = select(func.count()).select_from(task_lead).where(
            task_lead.c.tenant_id == TENANT, task_lead.c.attempts == 0, task_lead.c.state.in_(("ready", "claimed"))
        )  # fmt: skip
        async with database.scope(made.seeded.tenant) as scope:
            return int(await scope.value(never))

    return int(_with_database(made.url, ask))


def _settled(made: Site) -> tuple[list[Any], list[Counters]]:
    """Clear up behind the last worker, until nothing is unknown and unsettled."""

    async def ask(database: Database) -> tuple[list[Any], list[Counters]]:
        async with database.scope(made.seeded.tenant) as scope:
            keys = await Keyring.from_file(made.key).tenant(scope)
        end = time.monotonic() + 30
        while True:
            await reap(database, made.seeded.tenant, keys, quick_terms(), datetime.now(UTC) + timedelta(hours=2))
            async with database.scope(made.seeded.tenant) as scope:
                attempts = list(await scope.all(ATTEMPTS))
                counted = [await counters(scope, task) for task in made.tasks]
            waiting = [one for one in attempts if one.state != "done" and one.reconciled == ""]
            if (not waiting and not any(one.claimed for one in counted)) or time.monotonic() > end:
                return attempts, counted
            await asyncio.sleep(0.2)

    found: tuple[list[Any], list[Counters]] = _with_database(made.url, ask)
    return found


def _play(made: Site) -> None:
    """Dangers at random moments, each kind at least once."""
    for _ in range(WORKERS):
        made.hire()
    others = [made.stop_past_the_lease, made.jump, made.jump, made.jump, made.crash]
    plan = [made.kill] * KILLS + others * max(1, KILLS // 20)
    made.rng.shuffle(plan)
    for deed in plan:
        time.sleep(made.rng.uniform(0.05, 0.6))
        deed()
    end = time.monotonic() + 60 + 2 * KILLS
    while _undialled(made) and time.monotonic() < end:
        time.sleep(0.3)
    made.leave()


def _judge(made: Site) -> None:
    attempts, counted = _settled(made)
    known = {one.id: one for one in attempts}
    rings = made.rung()
    by_call = Counter(ring["call"] for ring in rings)
    by_number = Counter(ring["number"] for ring in rings)
    assert max(by_call.values()) == 1, "an attempt rang twice"
    assert max(by_number.values()) == 1, "somebody was rung by two attempts though none may be repeated"
    assert {attempt_of(ring["call"]) for ring in rings} <= known.keys(), "somebody was rung without a record"
    assert [
        (one.state, one.reconciled) for one in attempts if one.state != "done" and one.reconciled != "reported"
    ] == []
    assert [(one.task, one.line, one.in_flight, one.claimed) for one in counted] == [(0, 0, 0, 0)] * len(counted)
    assert _undialled(made) == 0
    assert len({one.lead_id for one in attempts}) == LEADS, "a lead was lost"
    silent = [one for one in attempts if one.id not in {attempt_of(ring["call"]) for ring in rings}]
    assert all(
        one.state == "unknown" or one.disposition in {"not_allowed", "network_fault", "unknown"} for one in silent
    )
    lost = sum(one.reconciled != "" for one in attempts)
    log.warning(
        "%d rings, %d attempts, %d settled by a witness or reported, %d workers",
        len(rings),
        len(attempts),
        lost,
        made.begun,
    )


def test_nobody_is_rung_twice_on_sqlite(sqlite_file: Path, tmp_path: Path) -> None:
    shutil.copyfile(sqlite_file, tmp_path / "callwright.db")
    with site(f"sqlite:///{tmp_path / 'callwright.db'}", tmp_path, None) as made:
        _play(made)
        _judge(made)


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_nobody_is_rung_twice_on_postgresql(tmp_path: Path) -> None:
    with PostgresServer.start() as server, site(server.fresh(), tmp_path, server) as made:
        _play(made)
        _judge(made)
