"""How many calls dispatch can begin and end: claim and dial with all rules and its record, finish, over PostgreSQL and SQLite.

A cycle is everything that is written about one call. Batches of ten, several client processes (`callwright.bench.dispatch_client`), each with a
task of its own in one of several tenants; every transaction is synced to disk. What the first batches cost is not counted. The people and
their numbers are made up.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from callwright.bench.report import Figure, Report, machine
from callwright.errors import Problem, SettingsError
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.campaigns import NOON, start_task
from callwright.testing.databases import PostgresServer, missing, sqlite_template
from callwright.testing.tenants import seed

__all__ = ["run"]

TENANTS = 2
CLIENTS = {"postgresql": 4, "sqlite": 2}
TARGETS = {"postgresql": 3000.0, "sqlite": 500.0}
RATE = {"postgresql": 5000, "sqlite": 3500}  # leads laid ready for each second: more than can be used up
CLAIM_MS = 20.0
SLOWER = 2.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """Cycles a second over all clients; claims: how long the first transaction of each batch took, in ms."""

    rate: float
    claims: Sequence[float]

    def claim(self, share: float) -> float:
        """The quantile of the times of claims, in ms."""
        return sorted(self.claims)[min(len(self.claims) - 1, int(share * len(self.claims)))]


def run(seconds: float, leads: int, engines: Sequence[str], say: Say) -> Report:
    """Measure. leads: rows that stand in the queue of one task besides (0 = that is not measured).

    Raises:
        SettingsError: PostgreSQL is not installed.
    """
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="cw-dispatch-") as name:
        folder = Path(name)
        if "postgresql" in engines:
            if missing():
                raise SettingsError(Problem("no-postgresql", missing(), hint="measure SQLite alone: --engine sqlite"))
            with PostgresServer.start() as server:
                url = server.fresh()
                settle = partial(analyze, server, url)
                figures += _measured("postgresql", server.near(url), folder, seconds, say, settle)
                if leads:
                    figures += _with_many(server, folder, seconds, leads, say)
        if "sqlite" in engines:
            shutil.copyfile(sqlite_template(folder), file := folder / "bench.db")
            figures += _measured("sqlite", f"sqlite:///{file}", folder, seconds, say)
    return Report("dispatch", machine(), tuple(figures))


def analyze(server: PostgresServer, url: str) -> None:
    """Tell the planner about the tables now, as autovacuum does within a minute; the measurement is shorter."""
    server.sql("ANALYZE", url.rpartition("/")[2])


def _measured(
    engine: str, url: str, folder: Path, seconds: float, say: Say, settle: Callable[[], None] = lambda: None
) -> list[Figure]:
    say(f"{engine}: laying leads ready")
    key = folder / f"{engine}.key"
    tasks = asyncio.run(_fill(url, key, CLIENTS[engine], int(RATE[engine] * seconds)))
    say(f"{engine}: {len(tasks)} clients, {seconds:g} s")
    measured = _clients(url, key, tasks, seconds, settle)
    return [
        Figure(f"{engine}: full cycles", round(measured.rate), "/s", TARGETS[engine], "least"),
        Figure(f"{engine}: claim and dial p50", round(measured.claim(0.5), 2), "ms"),
        Figure(
            f"{engine}: claim and dial p99", round(measured.claim(0.99), 2), "ms", CLAIM_MS, "most" if engine == "postgresql" else "none"
        ),
    ]  # fmt: skip


def _with_many(server: PostgresServer, folder: Path, seconds: float, leads: int, say: Say) -> list[Figure]:
    """One client on a short queue, and the same on one with many more leads behind those that are taken first."""
    medians: dict[str, list[float]] = {"claims": [], "at-once": []}
    for extra in (0, leads):
        url = server.fresh()
        say(f"postgresql: one client, {extra:,} more leads in the queue")
        key = folder / f"many-{extra}.key"
        near = server.near(url)
        tasks = asyncio.run(_fill(near, key, 1, int(RATE["postgresql"] * seconds)))
        name = url.rpartition("/")[2]
        if extra:
            server.sql(_MANY.format(tenant=tasks[0][0], task=tasks[0][1], extra=extra), name)
        server.sql("VACUUM task_lead", name)
        begun = time.monotonic()  # of both clients: their clock goes on
        for way, found in medians.items():
            found.append(_clients(near, key, tasks, seconds, partial(analyze, server, url), way, begun).claim(0.5))
        server.drop(url)
    return [
        Figure(
            f"postgresql: {what} with {leads:,} more leads, slower by",
            round(found[1] / found[0], 2),
            "x",
            SLOWER,
            "most",
        )
        for what, found in zip(("claim", "claim and dial"), medians.values(), strict=True)
    ]


_MANY = (
    "INSERT INTO task_lead (tenant_id, task_id, lead_id, person_id, state, reason, due_at, rank, attempts, variant, fence, last_disposition) "
    "SELECT {tenant}, {task}, 1000000000 + n, 1, 'ready', '', '2026-11-26 03:59:59.5+00', 0, 0, '', 0, '' "
    "FROM generate_series(1, {extra}) AS n"
)


async def _fill(url: str, key: Path, clients: int, leads: int) -> list[tuple[int, int]]:
    """(tenant, task) for each client."""
    keyring = Keyring.from_file(key, create=True)
    made = []
    async with Database.open(url, connections=1) as database:
        tenants = min(TENANTS, clients)
        for number in range(tenants):
            mine = clients // tenants
            seeded = await seed(
                database,
                keyring,
                NOON,
                slug=f"t{number}",
                leads=leads // tenants,
                max_calls=100_000,
                calls_per_second=100_000,
                burst=100_000,  # a client that waited for the line comes with a time that is over
            )
            people = list(zip(seeded.leads, seeded.persons, strict=True))
            for part in range(mine):
                task = await start_task(
                    database,
                    seeded,
                    NOON,
                    name=f"task {part}",
                    robots=100_000,
                    burst=100,
                    leads=dict(people[part::mine]),
                )
                made.append((seeded.tenant, task))
    return made


def _clients(
    url: str,
    key: Path,
    tasks: Sequence[tuple[int, int]],
    seconds: float,
    settle: Callable[[], None],
    way: str = "at-once",
    since: float | None = None,
) -> Measured:
    command = [sys.executable, "-m", "callwright.bench.dispatch_client", url, str(key)]
    begun = str(time.monotonic() if since is None else since)
    processes = [
        subprocess.Popen(  # noqa: S603 - our own command
            [*command, str(tenant), str(task), str(seconds), begun, way],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for tenant, task in tasks
    ]
    try:
        for each in processes:
            _line(each)
        settle()
        for each in processes:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        told = [_line(each) for each in processes]
    finally:
        for each in processes:
            each.kill()
            each.wait(10)
    if any(one["seconds"] < seconds for one in told):
        raise RuntimeError(
            f"a client of the benchmark found nobody to call any more: {[one['cycles'] for one in told]}"
        )
    return Measured(sum(one["cycles"] / one["seconds"] for one in told), [ms for one in told for ms in one["claims"]])


def _line(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("a client of the benchmark has ended; see what it wrote above")
    return json.loads(line)
