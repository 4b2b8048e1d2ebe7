"""A whole database into files and back, while it is in use: SQLite by its online backup, PostgreSQL by pg_dump and pg_restore.

callwright's own role may not see past row-level security, and no other is needed: PostgreSQL is dumped tenant by tenant, all within one exported
snapshot, and filled again the same way into tables that the same version of the program has made.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread
from sqlalchemy import text
from sqlalchemy.engine import URL

from callwright.errors import StoreError
from callwright.store.database import Database
from callwright.store.metadata import TENANT_TABLES

__all__ = ["COMMON", "SQLITE", "Dump", "dump", "is_empty", "load_postgres", "place_sqlite"]

SQLITE = "database.sqlite"
COMMON = "database/common.dump"
"""Of PostgreSQL: what belongs to no tenant. Each tenant has `database/tenant-ID.dump`."""

_ROWS = "500"
_EXPORT = text("SELECT pg_export_snapshot()")
_PATIENCE = text("SET LOCAL idle_in_transaction_session_timeout = 0")
_TENANTS = text("SELECT id FROM tenant ORDER BY id")
_TABLES = text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
_BYPASSES = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")


@dataclass(frozen=True, slots=True)
class Dump:
    """One file of a dump. name: within the archive; tenant: whose rows, None = of nobody or of all."""

    name: str
    path: Path
    tenant: int | None = None


async def dump(database: Database, folder: Path) -> list[Dump]:
    """Everything in the database, as it is at one moment, into files of this folder.

    Raises:
        StoreError: the database or pg_dump fails; pg_dump is not there; our role sees past row-level security.
    """
    if database.dialect == "sqlite":
        path = folder / SQLITE
        await anyio.to_thread.run_sync(_copy_sqlite, str(database.engine.url.database), path)
        return [Dump(SQLITE, path)]
    made = []
    async with database.system() as connection:
        if (await connection.execute(_BYPASSES)).scalar():
            raise StoreError("this role sees past row-level security: back up with the role that callwright works with")
        await connection.execute(_PATIENCE)
        snapshot = str((await connection.execute(_EXPORT)).scalar_one())
        tenants = [int(row.id) for row in await connection.execute(_TENANTS)]
        ours = sorted(table.name for table in TENANT_TABLES)
        apart = [f"--exclude-table={name}" for name in (*ours, "alembic_version")]
        apart += [f"--exclude-table={name}_*_seq" for name in ours]
        common = Dump(COMMON, folder / "common.dump")
        await _pg_dump(database, common, snapshot, apart)
        made.append(common)
        for tenant in tenants:
            one = Dump(f"database/tenant-{tenant}.dump", folder / f"tenant-{tenant}.dump", tenant)
            await _pg_dump(database, one, snapshot, [f"--table={name}" for name in ours])
            made.append(one)
    return made


async def is_empty(database: Database) -> bool:
    """Whether nothing at all is in it yet; of SQLite: whether there is no file."""
    if database.dialect == "sqlite":
        return await anyio.to_thread.run_sync(_nothing, Path(database.engine.url.database or ""))
    async with database.system() as connection:
        return not (await connection.execute(_TABLES)).scalar()


def _nothing(path: Path) -> bool:
    return not path.exists() or path.stat().st_size == 0


def place_sqlite(file: Path, database: Database) -> None:
    """Put the file of a dump where the database is to be."""
    target = Path(database.engine.url.database or "")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = target.with_name(target.name + ".part")
    shutil.copyfile(file, part)
    part.chmod(0o600)
    part.replace(target)


async def load_postgres(database: Database, dumps: Sequence[Dump]) -> None:
    """Fill tables that are there and hold nothing, what belongs to nobody first. All of a file or nothing of it.

    Raises:
        StoreError: pg_restore fails, or is not there.
    """
    for one in sorted(dumps, key=lambda each: each.tenant or 0):
        arguments = [
            _tool("pg_restore"), "--data-only", "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges",
            "--enable-row-security", f"--dbname={database.engine.url.database}", str(one.path),
        ]  # fmt: skip
        await _run(arguments, _environment(database.engine.url, one.tenant))


async def _pg_dump(database: Database, one: Dump, snapshot: str, which: Sequence[str]) -> None:
    arguments = [
        _tool("pg_dump"), "--format=custom", "--data-only", "--no-owner", "--no-privileges", "--enable-row-security",
        f"--rows-per-insert={_ROWS}", f"--snapshot={snapshot}", *which, f"--file={one.path}", f"--dbname={database.engine.url.database}",
    ]  # fmt: skip
    await _run(arguments, _environment(database.engine.url, one.tenant))


def _copy_sqlite(source: str, target: Path) -> None:
    try:
        reading = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
        writing = sqlite3.connect(target)
        try:
            reading.backup(writing, pages=1000, sleep=0.001)
            writing.execute("PRAGMA journal_mode=DELETE")
            found = writing.execute("PRAGMA quick_check").fetchone()
        finally:
            writing.close()
            reading.close()
    except sqlite3.Error as error:
        raise StoreError(f"{source} cannot be copied: {error}") from error
    if found != ("ok",):
        raise StoreError(f"the copy of {source} is damaged: {found}")


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise StoreError(f"{name} is not installed: it comes with the client programs of PostgreSQL")
    return found


def _environment(url: URL, tenant: int | None) -> Mapping[str, str]:
    """What libpq connects with: a password stands in no list of processes. A socket stands in `?host=` and `&port=`."""
    said = {
        "PGHOST": url.host or url.query.get("host"),
        "PGPORT": str(url.port or url.query.get("port") or ""),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
    }
    mine = {name: str(value) for name, value in said.items() if value}
    options = "" if tenant is None else f"-c app.tenant={tenant}"
    return {**os.environ, **mine, "PGOPTIONS": options, "PGCLIENTENCODING": "UTF8"}


async def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    done = await anyio.run_process(list(arguments), env=environment, check=False)
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        raise StoreError(f"{Path(arguments[0]).name} failed: {'; '.join(told[-3:])}")
