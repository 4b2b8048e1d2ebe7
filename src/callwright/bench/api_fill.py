"""The database of `bench api`, filled in bulk: indexes are made at the end, rows past row-level security (COPY as superuser)."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import Connection, Index, Table, insert

from callwright.bench.api_calls import END, Made, Maker
from callwright.campaigns.result_tables import call_index, call_number, call_segment, call_tally, call_text, call_words
from callwright.campaigns.tables import call_result, script_version, task
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.campaigns import start_task
from callwright.testing.tenants import Seeded, seed

__all__ = ["Filled", "fill"]

PEOPLE = 2_000
TASKS = 5
_RESULT = (
    "attempt_id", "started_at", "task_id", "script_version_id", "person_id", "own_number", "direction", "answered", "talk_ms", "disposition",
    "grade", "grade_reasons", "tags", "slots", "summary", "follow_up", "record", "log", "recording", "created_at",
)  # fmt: skip
_COLUMNS: dict[Table, tuple[str, ...]] = {
    call_result: _RESULT,
    call_text: ("attempt_id", "body"),
    call_number: ("n", "attempt_id"),
    call_words: ("bucket", "segment", "body"),
    call_segment: ("segment", "calls", "first_at", "last_at"),
}
_TALLY = ("hour", "task_id", "script_version_id", "kind", "name", "n", "total")
_AT_ONCE = 16  # segments in one transaction
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Filled:
    """Whose calls they are; a task and a person for filters."""

    tenant: int
    task: int
    number: str


async def fill(url: str, key: Path, calls: int, superuser: str, say: Say) -> Filled:
    """Write so many calls of one tenant. superuser: address of PostgreSQL as such; "" = it is SQLite."""
    async with Database.open(url, connections=1) as database:
        seeded, tasks, scripts = await _house(database, Keyring.from_file(key, create=True))
        async with database.system() as connection:
            await connection.run_sync(_drop_indexes)
        maker = Maker(seeded.keys, calls, seeded.persons, tasks, scripts)
        put = _Copy(superuser, seeded.tenant) if superuser else _Insert(url, seeded.tenant)
        async with put as write:
            done = 0
            for part in _parts(maker):
                await write(part)
                done += len(part[call_result])
                if done % 131_072 < _AT_ONCE * 1024:
                    say(f"{done:,} calls")
            rows = [tuple(row[name] for name in _TALLY) for row in maker.tally.rows()]
            await write({call_tally: rows, call_index: [(calls,)]})
        say("indexes")
        async with database.system() as connection:
            await connection.run_sync(_make_indexes)
    return Filled(seeded.tenant, tasks[0], seeded.numbers[0])


async def _house(database: Database, keyring: Keyring) -> tuple[Seeded, list[int], list[int]]:
    seeded = await seed(database, keyring, END, leads=PEOPLE)
    leads = {seeded.leads[0]: seeded.persons[0]}
    tasks = [await start_task(database, seeded, END, name=f"task {n}", leads=leads) for n in range(TASKS)]
    async with database.scope(seeded.tenant) as scope:
        rows = await scope.add(
            insert(script_version).returning(script_version.c.id),
            [
                {
                    "script_id": "cleaning", "digest": f"{n:064x}", "text": "format: script/1\n", "purpose": "service", "language": "zh",
                    "submitted_by": "bench", "submitted_at": END,
                }
                for n in range(3)
            ],
        )  # fmt: skip
    assert task.name == "task"
    return seeded, tasks, [int(row.id) for row in rows]


def _parts(maker: Maker) -> Iterator[dict[Table, list[tuple[Any, ...]]]]:
    waiting: list[Made] = []
    for made in maker.segments():
        waiting.append(made)
        if len(waiting) == _AT_ONCE:
            yield _rows(waiting)
            waiting = []
    if waiting:
        yield _rows(waiting)


def _rows(segments: Sequence[Made]) -> dict[Table, list[tuple[Any, ...]]]:
    return {
        call_result: [row for made in segments for row in made.results],
        call_text: [row for made in segments for row in made.texts],
        call_number: [row for made in segments for row in made.numbers],
        call_words: [row for made in segments for row in made.words],
        call_segment: [made.segment for made in segments],
    }


def _names(table: Table) -> tuple[str, ...]:
    if table is call_tally:
        return _TALLY
    return ("next_n",) if table is call_index else _COLUMNS[table]


class _Insert:
    """Rows into a SQLite file: without a sync for each, since a half-made file is thrown away."""

    def __init__(self, url: str, tenant: int) -> None:
        self._path, self._tenant = url.removeprefix("sqlite:///"), tenant

    async def __aenter__(self) -> Any:
        self._file = sqlite3.connect(self._path, isolation_level=None)
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.execute("PRAGMA cache_size = -65536")
        return self._write

    async def __aexit__(self, *_: object) -> None:
        self._file.close()

    async def _write(self, rows: dict[Table, list[tuple[Any, ...]]]) -> None:
        self._file.execute("BEGIN")
        for table, some in rows.items():
            names = _names(table)
            marks = ", ".join("?" for _ in range(len(names) + 1))
            statement = f"INSERT INTO {table.name} (tenant_id, {', '.join(names)}) VALUES ({marks})"  # noqa: S608 - our own names
            self._file.executemany(statement, ((self._tenant, *map(_plain, row)) for row in some))
        self._file.execute("COMMIT")


def _plain(value: Any) -> Any:
    return round(value.timestamp() * 1000) if isinstance(value, datetime) else value


class _Copy:
    """Rows into PostgreSQL."""

    def __init__(self, url: str, tenant: int) -> None:
        self._url, self._tenant = url, tenant

    async def __aenter__(self) -> Any:
        self._connection = await asyncpg.connect(self._url)
        for kind in ("jsonb", "json"):
            await self._connection.set_type_codec(
                kind,
                encoder=lambda text: b"\x01" + text.encode(),
                decoder=json.loads,
                schema="pg_catalog",
                format="binary",
            )
        return self._write

    async def __aexit__(self, *_: object) -> None:
        await self._connection.execute("ANALYZE")
        await self._connection.close()

    async def _write(self, rows: dict[Table, list[tuple[Any, ...]]]) -> None:
        for table, some in rows.items():
            records = [(self._tenant, *row) for row in some]
            await self._connection.copy_records_to_table(
                table.name, records=records, columns=["tenant_id", *_names(table)]
            )
        await asyncio.sleep(0)


def _indexes() -> list[Index]:
    return [index for table in _COLUMNS for index in sorted(table.indexes, key=lambda one: str(one.name))]


def _drop_indexes(connection: Connection) -> None:
    for index in _indexes():
        index.drop(connection)


def _make_indexes(connection: Connection) -> None:
    for index in _indexes():
        index.create(connection)
