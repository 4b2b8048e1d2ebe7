"""Lists of calls as somebody who works with them asks for them: over HTTP, from a process of its own, out of a million calls.

Filters by grade and time, pages far behind, words in transcripts (frequent, rare, absent, with filters beside), the page of a call, analytics.
One request after the other; each is different, so that nothing but the database's own caches helps. See docs/reference/bench.md.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import httpx

from callwright.bench.api_calls import END, RARE
from callwright.bench.api_fill import Filled, fill
from callwright.bench.report import Figure, Report, machine
from callwright.errors import Problem, SettingsError
from callwright.testing.databases import PostgresServer, missing, sqlite_template

__all__ = ["run"]

LIST_MS = {"postgresql": 50.0, "sqlite": 150.0}
SEARCH_MS = 300.0
VERSION = 1  # of what is built: another one is built anew
Say = Callable[[str], None]
Ask = Callable[[str], httpx.Response]


def run(calls: int, requests: int, engines: Sequence[str], folder: Path | None, say: Say) -> Report:
    """Measure. folder: where the databases stay for the next run; None = they are thrown away.

    Raises:
        SettingsError: PostgreSQL is not installed.
    """
    figures: list[Figure] = []
    with _place(folder, calls) as place:
        if "postgresql" in engines:
            if missing():
                raise SettingsError(Problem("no-postgresql", missing(), hint="measure SQLite alone: --engine sqlite"))
            with PostgresServer.start(place / "postgresql" if folder else None) as server:
                figures += _postgres(server, place, calls, requests, say)
        if "sqlite" in engines:
            figures += _sqlite(place, calls, requests, say)
    return Report("api", machine(), tuple(figures))


@contextmanager
def _place(folder: Path | None, calls: int) -> Iterator[Path]:
    if folder is not None:
        place = folder / f"calls-{calls}-v{VERSION}"
        place.mkdir(parents=True, exist_ok=True)
        yield place
        return
    with tempfile.TemporaryDirectory(prefix="cw-api-") as name:
        yield Path(name)


def _postgres(server: PostgresServer, place: Path, calls: int, requests: int, say: Say) -> list[Figure]:
    key, told = place / "postgresql.key", place / "postgresql.json"
    name = "bench"
    built = 0.0
    if not told.exists():
        server.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        key.unlink(missing_ok=True)
        server.sql(f"CREATE DATABASE {name} TEMPLATE template_callwright OWNER callwright")
        began = time.monotonic()
        say(f"postgresql: {calls:,} calls are made up")
        filled = asyncio.run(fill(server.url(name), key, calls, server.url(name, "postgres"), say))
        server.sql("VACUUM ANALYZE", name)
        built = time.monotonic() - began
        told.write_text(json.dumps(asdict(filled)), encoding="utf-8")
    size = int(server.sql("SELECT pg_total_relation_size('call_words')", name))
    whole = int(server.sql(f"SELECT pg_database_size('{name}')", name))
    figures = _measured("postgresql", server.url(name), key, told, requests, say)
    return [*_sizes("postgresql", built, size, whole, calls), *figures]


def _sqlite(place: Path, calls: int, requests: int, say: Say) -> list[Figure]:
    file, key, told = place / "bench.db", place / "sqlite.key", place / "sqlite.json"
    built = 0.0
    if not told.exists():
        for old in (file, key):
            old.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(prefix="cw-api-template-") as folder:
            shutil.copyfile(sqlite_template(Path(folder)), file)
        began = time.monotonic()
        say(f"sqlite: {calls:,} calls are made up")
        filled = asyncio.run(fill(f"sqlite:///{file}", key, calls, "", say))
        built = time.monotonic() - began
        told.write_text(json.dumps(asdict(filled)), encoding="utf-8")
    figures = _measured("sqlite", f"sqlite:///{file}", key, told, requests, say)
    return [*_sizes("sqlite", built, 0, file.stat().st_size, calls), *figures]


def _sizes(engine: str, built: float, index: int, whole: int, calls: int) -> list[Figure]:
    found = [Figure(f"{engine}: database", round(whole / 1e6), "MB")]
    if index:
        found.append(Figure(f"{engine}: index of words", round(index / calls), "bytes a call"))
    if built:
        found.append(Figure(f"{engine}: made in", round(built), "s"))
    return found


def _measured(engine: str, url: str, key: Path, told: Path, requests: int, say: Say) -> list[Figure]:
    filled = Filled(**json.loads(told.read_text(encoding="utf-8")))
    say(f"{engine}: {requests} requests of each kind")
    command = [sys.executable, "-m", "callwright.bench.api_server", url, str(key), str(filled.tenant)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own
        try:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            if not address:
                raise RuntimeError("the server of the benchmark has ended; see what it wrote above")
            with httpx.Client(base_url=address, headers={"x-fake-roles": "operator"}, timeout=60) as client:
                return list(_kinds(engine, client, filled, requests))
        finally:
            assert server.stdin is not None
            server.stdin.close()
            server.wait(20)


def _kinds(engine: str, client: httpx.Client, filled: Filled, requests: int) -> Iterator[Figure]:
    draw = random.Random(7)
    lists = _timed(client, [_list(draw, filled) for _ in range(requests)])
    yield Figure(f"{engine}: 50 calls by grade and time, p50", _quantile(lists, 0.5), "ms")
    yield Figure(f"{engine}: 50 calls by grade and time, p95", _quantile(lists, 0.95), "ms", LIST_MS[engine], "most")
    cursor = _deep(client)
    behind = f"/api/v1/calls?limit=50&grade=A{cursor}"
    pages = _timed(client, [behind] * max(1, requests // 4))
    yield Figure(f"{engine}: a page 100 pages on, p95", _quantile(pages, 0.95), "ms")
    kinds = {
        "frequent words": ["words=好的", "words=不需要", "words=多少钱"],
        "rare words": [f"words={word}" for word in RARE],
        "absent words": [f"words=绝无此{letter}" for letter in "甲乙丙丁戊己"],
        "words and grade": [f"words={word}&grade=A" for word in ("多少钱", "太贵了", *RARE[:6])],
    }
    every: list[float] = []
    for name, questions in kinds.items():
        asked = [f"/api/v1/calls?limit=50&{draw.choice(questions)}" for _ in range(max(4, requests // 4))]
        took = _timed(client, asked)
        every += took
        yield Figure(f"{engine}: {name}, p95", _quantile(took, 0.95), "ms")
    yield Figure(f"{engine}: search in transcripts, p95", _quantile(every, 0.95), "ms", SEARCH_MS, "most")
    calls = [row["call"] for row in client.get("/api/v1/calls?limit=100&grade=A").json()["items"]]
    took = _timed(client, [f"/api/v1/calls/{draw.choice(calls)}" for _ in range(max(4, requests // 4))])
    yield Figure(f"{engine}: the page of a call, p95", _quantile(took, 0.95), "ms")
    took = _timed(client, ["/api/v1/analytics/overview?zone=Asia/Shanghai"] * max(4, requests // 10))
    yield Figure(f"{engine}: analytics of 30 days, p95", _quantile(took, 0.95), "ms")


def _list(draw: random.Random, filled: Filled) -> str:
    """A grade or two within some days; now and then of a task."""
    before = END - timedelta(hours=draw.randint(0, 80 * 24))
    since = before - timedelta(hours=draw.choice((12, 24, 72, 240)))
    grades = draw.choice(("grade=A", "grade=B", "grade=F", "grade=A&grade=B"))
    more = f"&task={filled.task}" if draw.random() < 0.2 else ""
    return f"/api/v1/calls?limit=50&{grades}&since={since:%Y-%m-%dT%H:%M:%SZ}&before={before:%Y-%m-%dT%H:%M:%SZ}{more}"


def _deep(client: httpx.Client) -> str:
    cursor = ""
    for _ in range(25):
        answer = client.get(f"/api/v1/calls?limit=200&grade=A{cursor}").raise_for_status().json()
        if answer["next"] is None:
            break  # there are fewer
        cursor = f"&cursor={answer['next']}"
    return cursor


def _timed(client: httpx.Client, paths: Sequence[str]) -> list[float]:
    """ms of each; the first one is not counted: it prepares the statement."""
    took = []
    for path in (paths[0], *paths):
        began = time.perf_counter()
        client.get(path).raise_for_status()
        took.append(1000 * (time.perf_counter() - began))
    return took[1:]


def _quantile(took: Sequence[float], part: float) -> float:
    return round(sorted(took)[min(len(took) - 1, int(part * len(took)))], 1)
