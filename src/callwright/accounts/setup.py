"""The first start: a link that is printed once and makes the first tenant and its first administrator. It works once, and for a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, insert, select, update

from callwright import audit
from callwright.accounts import tenants, users
from callwright.accounts.doors import Door, Kind, mint
from callwright.accounts.model import Viewer
from callwright.accounts.passwords import Hasher, problems_of
from callwright.accounts.roles import Role
from callwright.accounts.tables import tenant
from callwright.accounts.user_tables import setup_link, sign_in_name
from callwright.errors import InputError, Problem
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import UtcTime

__all__ = ["HOLDS", "First", "link_if_first", "pending", "set_up"]

HOLDS = timedelta(days=1)

_ANYBODY = select(func.count()).select_from(sign_in_name)
_ADD = insert(setup_link)
_HOLDS = select(setup_link.c.hash).where(
    setup_link.c.hash == bindparam("which"),
    setup_link.c.used.is_(False),
    setup_link.c.ends_at > bindparam("now", type_=UtcTime()),
)
_USE = (
    update(setup_link)
    .where(
        setup_link.c.hash == bindparam("which"),
        setup_link.c.used.is_(False),
        setup_link.c.ends_at > bindparam("now", type_=UtcTime()),
    )
    .values(used=True)
)
_USE_ALL = update(setup_link).values(used=True)
_TENANT = select(tenant.c.id).where(tenant.c.slug == bindparam("which"))


class First:
    """Who sets it up: the house, and its first administrator. everything: they have all roles until others are there."""

    __slots__ = ("email", "everything", "house", "language", "name", "password", "slug")

    def __init__(
        self, slug: str, house: str, email: str, name: str, password: str, language: str, everything: bool
    ) -> None:
        self.slug, self.house, self.email, self.name = slug, house, email, name
        self.password, self.language, self.everything = password, language, everything


async def link_if_first(database: Database, now: datetime) -> Door | None:
    """A new set-up link as long as nobody can sign in anywhere, else None. Earlier links work no more."""
    async with database.system() as connection:
        if (await connection.execute(_ANYBODY)).scalar():
            return None
        await connection.execute(_USE_ALL)
        door = mint(Kind.SETUP, 0)
        await connection.execute(_ADD, {"hash": door.hash, "created_at": now, "ends_at": now + HOLDS})
    return door


async def pending(database: Database, door: Door, now: datetime) -> bool:
    """Whether this link still works."""
    async with database.system() as connection:
        row = (await connection.execute(_HOLDS, {"which": door.hash, "now": now})).first()
        return row is not None and not (await connection.execute(_ANYBODY)).scalar()


async def set_up(
    database: Database, keyring: Keyring, hasher: Hasher, door: Door, first: First, now: datetime
) -> tuple[int, int]:
    """Make them; ids of tenant and user. A tenant that commands made already is taken.

    Raises:
        InputError: the link works not, or a value is wrong; then nothing is made, and the link still works.
    """
    email = users.tidy_email(first.email)
    if problems := problems_of(first.password, (email, first.name)):
        raise InputError(problems)
    if not await pending(database, door, now):
        raise _over()
    hashed = await hasher.make(first.password)
    async with database.system() as connection:
        used = await connection.execute(_USE, {"which": door.hash, "now": now})
        if not used.rowcount or (await connection.execute(_ANYBODY)).scalar():
            raise _over()
        known = (await connection.execute(_TENANT, {"which": first.slug})).scalar()
        which = int(known) if known is not None else await tenants.make(
            database, connection, keyring, first.slug, first.house, now
        )  # fmt: skip
        scope = await database.enter(connection, which)
        keys = await keyring.tenant(scope)
        viewer = Viewer.system(which, "set-up")
        roles = [role.value for role in Role] if first.everything else [Role.ADMINISTRATOR.value]
        user = await users.add(database, connection, keys, viewer, email, first.name, roles, first.language, now)
        made = await users.find(scope, user)
        await users.set_password(scope, keys, viewer, made, hashed, now)
        await audit.note(
            scope, keys, viewer, "tenant.set-up", ("tenant", which), {"joined": known is not None}, now=now
        )
    return which, user


def _over() -> InputError:
    hint = "Start callwright again: as long as nobody can sign in, it prints a new one."
    return InputError(Problem("link", "this link was used already, or its time is over", hint=hint))
