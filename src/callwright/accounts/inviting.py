"""Users come and go: what they sign in with is known outside of all tenants, so their coming and going is a transaction of its own kind."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from callwright.accounts import users
from callwright.accounts.doors import Door
from callwright.accounts.model import Viewer
from callwright.store.crypto import Keyring
from callwright.store.database import Database

__all__ = ["erase", "invite"]


async def invite(
    database: Database,
    keyring: Keyring,
    viewer: Viewer,
    email: str,
    name: str,
    roles: Iterable[str],
    language: str,
    now: datetime,
) -> tuple[int, Door]:
    """Somebody new and the link by which they choose their password; their id.

    Raises:
        InputError: as for `users.add`.
    """
    async with database.system() as connection:
        keys = await keyring.tenant(await database.enter(connection, viewer.tenant))
        which = await users.add(database, connection, keys, viewer, email, name, roles, language, now)
        scope = await database.enter(connection, viewer.tenant)
        return which, await users.link_for(scope, keys, viewer, which, now, purpose="invite")


async def erase(database: Database, keyring: Keyring, viewer: Viewer, which: int, now: datetime) -> None:
    """Erase somebody who left.

    Raises:
        InputError: as for `users.forget`.
    """
    async with database.system() as connection:
        keys = await keyring.tenant(await database.enter(connection, viewer.tenant))
        await users.forget(database, connection, keys, viewer, which, now)
