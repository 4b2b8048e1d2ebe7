"""What is kept, opened as settings say: the database, the keys of its tenants, the blobs. Part of the composition root."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread
from sqlalchemy import select

from callwright.accounts.tables import tenant
from callwright.errors import InputError, Problem, SettingsError
from callwright.settings import Settings
from callwright.store.blobs import Blobs
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.revision import current, require_head

__all__ = ["Storage", "find_tenant", "open_database", "open_storage", "set_up"]


@dataclass(frozen=True, slots=True)
class Storage:
    """An open database with the keys of its tenants, and the blobs it names."""

    database: Database
    keyring: Keyring
    blobs: Blobs


@asynccontextmanager
async def open_database(settings: Settings, *, connections: int = 8) -> AsyncIterator[Database]:
    """The database alone, whatever its revision.

    Raises:
        SettingsError: the address is none of a database we know, or its file cannot be made.
    """
    async with Database.open(settings.database, connections=connections) as database:
        await anyio.to_thread.run_sync(_make_room, database)
        yield database


async def set_up(settings: Settings) -> tuple[str | None, str]:
    """Make the tables, or upgrade them: from which revision (None = there was nothing) to which. An embedded database that is made gets its
    key file.

    Raises:
        SettingsError: the address, or the key file, is wrong.
        StoreError: the database cannot be reached, or belongs to a newer version or another program.
    """
    from callwright.store import migrating  # brings Alembic, which the other commands need not wait for

    async with open_database(settings, connections=1) as database:
        if database.dialect == "sqlite" and await current(database) is None:
            Keyring.from_file(settings.key_file, create=True)
        return await migrating.upgrade(database)


@asynccontextmanager
async def open_storage(settings: Settings, *, connections: int = 8) -> AsyncIterator[Storage]:
    """Ready to work with. An embedded database (SQLite) is made, with its key, when it is not there; a server's must have been set up
    (`callwright db upgrade`), and its key file must be there.

    Raises:
        SettingsError: a setting is wrong, or the key file is missing.
        StoreError: the database cannot be reached, or is older or newer than this program.
    """
    async with open_database(settings, connections=connections) as database, Blobs.open(settings.blobs) as blobs:
        if database.dialect == "sqlite" and await current(database) is None:
            await set_up(settings)
        await require_head(database)
        yield Storage(database, Keyring.from_file(settings.key_file), blobs)


def _make_room(database: Database) -> None:
    """For an embedded database: its folder, and a file that only its owner may read (SQLite gives its journals the same rights)."""
    if database.dialect != "sqlite":
        return
    file = Path(database.engine.url.database or "")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not file.exists():
            file.touch(mode=0o600)
    except OSError as error:
        what = f"the database {file} cannot be made: {error.strerror}"
        hint = "set CALLWRIGHT_DATABASE_URL to a file in a folder that you may write to, like sqlite:////srv/callwright/callwright.db"
        raise SettingsError(Problem("database", what, hint=hint)) from None


async def find_tenant(database: Database, slug: str) -> int:
    """The tenant of this name; with "", the only one there is.

    Raises:
        InputError: there is none, or a name must be given.
    """
    async with database.system(reads=True) as connection:
        known = {row.slug: row.id for row in await connection.execute(select(tenant.c.slug, tenant.c.id))}
    if slug in known:
        return int(known[slug])
    if not slug and len(known) == 1:
        return int(next(iter(known.values())))
    if not known:
        raise InputError(Problem("no-tenant", "there is no tenant yet", hint="make one: callwright tenant add NAME"))
    hint = f"--tenant with one of: {', '.join(sorted(known)[:20])}"
    what = f"there is no tenant {slug}" if slug else "there is more than one tenant"
    raise InputError(Problem("tenant", what, hint=hint))
