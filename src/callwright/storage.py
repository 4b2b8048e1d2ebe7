"""What is kept, opened as settings say: the database and the keys of its tenants. Part of the composition root, apart from the robot's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread
from sqlalchemy import select
from sqlalchemy.engine import make_url

from callwright.accounts.tables import tenant
from callwright.errors import InputError, Problem
from callwright.settings import Settings
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.schema import create_everything

__all__ = ["Storage", "find_tenant", "open_storage"]


@dataclass(frozen=True, slots=True)
class Storage:
    """An open database with the keys of its tenants."""

    database: Database
    keyring: Keyring


@asynccontextmanager
async def open_storage(settings: Settings) -> AsyncIterator[Storage]:
    """The database and its master key. An embedded database (SQLite) is made, with its key, when it is not there.

    Raises:
        SettingsError: the address, or the key file, is wrong or missing.
        StoreError: the database cannot be reached, or is older or newer than this program.
    """
    new = await anyio.to_thread.run_sync(_prepare, settings.database)
    keyring = Keyring.from_file(settings.key_file, create=new)
    async with Database.open(settings.database) as database:
        if new:
            await create_everything(database)
        yield Storage(database, keyring)


def _prepare(url: str) -> bool:
    """Make room for an embedded database; whether it is still to be made."""
    if not url.startswith("sqlite"):
        return False
    file = Path(make_url(url).database or "callwright.db")
    file.parent.mkdir(parents=True, exist_ok=True)
    new = not file.exists()
    if new:
        file.touch(mode=0o600)  # SQLite gives its journals the same rights
    return new


async def find_tenant(database: Database, slug: str) -> int:
    """The tenant of this name; with "", the only one there is.

    Raises:
        InputError: there is none, or a name must be given.
    """
    async with database.system() as connection:
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
