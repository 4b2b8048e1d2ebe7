"""Tenants: each has its own people, companies, numbers and keys, and sees nothing of another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callwright import audit
from callwright.accounts.model import Viewer
from callwright.accounts.tables import tenant
from callwright.errors import InputError, Problem
from callwright.store.crypto import Keyring
from callwright.store.database import Database

__all__ = ["add", "listed", "make", "named", "numbered", "suspend"]

_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")

_ADD = insert(tenant).returning(tenant.c.id)
_ALL = select(tenant).order_by(tenant.c.slug)
_BY_SLUG = select(tenant.c.id, tenant.c.suspended).where(tenant.c.slug == bindparam("which"))
_SUSPEND = update(tenant).where(tenant.c.slug == bindparam("which"))


async def add(
    database: Database, keyring: Keyring, slug: str, name: str, now: datetime, *, by: str = "callwright"
) -> int:
    """A tenant with its keys; its id. slug: how commands call it; by: the command, for the first entry of its audit log.

    Raises:
        InputError: the slug is none, or somebody has it.
    """
    async with database.system() as connection:
        number = await make(database, connection, keyring, slug, name, now)
        await _note(database, connection, keyring, number, by, "tenant.add", now)
    return number


async def make(
    database: Database, connection: AsyncConnection, keyring: Keyring, slug: str, name: str, now: datetime
) -> int:
    """The same within a transaction of `database.system()` that goes on, and has to write into the audit log itself.

    Raises:
        InputError: as for `add`.
    """
    if not _SLUG.fullmatch(slug):
        hint = "small letters, digits and -, at most 64, like acme-support"
        raise InputError(Problem("bad-slug", f"`{slug}` cannot be the name of a tenant in commands", hint=hint))
    if (await connection.execute(_BY_SLUG, {"which": slug})).first() is not None:
        raise InputError(Problem("known-tenant", f"there is a tenant {slug}"))
    made = await connection.execute(_ADD, {"slug": slug, "name": name or slug, "created_at": now})
    number = int(made.scalar_one())
    await keyring.create(await database.enter(connection, number), now)
    return number


async def named(database: Database, slug: str) -> Row[Any] | None:
    """The one of this slug; with "", the only one there is. None = there is no such one."""
    known = await listed(database)
    if slug:
        return next((row for row in known if row.slug == slug), None)
    return known[0] if len(known) == 1 else None


async def numbered(database: Database, which: int) -> Row[Any] | None:
    """The one with this id; None = there is none."""
    return next((row for row in await listed(database) if row.id == which), None)


async def suspend(
    database: Database, keyring: Keyring, slug: str, suspended: bool, now: datetime, *, by: str = "callwright"
) -> None:
    """Stop a tenant, or let it go on: nobody is called for one that is suspended. by: the command, for the audit log.

    Raises:
        InputError: there is none of this name.
    """
    async with database.system() as connection:
        found = (await connection.execute(_BY_SLUG, {"which": slug})).first()
        if found is None:
            raise InputError(Problem("tenant", f"there is no tenant {slug}", hint="callwright tenant list"))
        if bool(found.suspended) == suspended:
            return
        await connection.execute(_SUSPEND, {"which": slug, "suspended": suspended})
        action = "tenant.suspend" if suspended else "tenant.resume"
        await _note(database, connection, keyring, int(found.id), by, action, now)


async def listed(database: Database) -> Sequence[Row[Any]]:
    """All of them: id, slug, name, suspended, created_at."""
    async with database.system(reads=True) as connection:
        return (await connection.execute(_ALL)).all()


async def _note(
    database: Database, connection: AsyncConnection, keyring: Keyring, which: int, by: str, action: str, now: datetime
) -> None:
    scope = await database.enter(connection, which)
    keys = await keyring.tenant(scope)
    await audit.note(scope, keys, Viewer.system(which, by), action, ("tenant", which), now=now)
