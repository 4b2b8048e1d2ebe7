"""Users: the people who work here. Invited by an administrator, they choose their own password by a link that works once.

Every change stands in the audit log, in the same transaction. Whoever's roles or state changes loses their sessions: they sign in again with
what they are now.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Row, String, bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from callwright import audit
from callwright.accounts import sessions
from callwright.accounts.doors import Door, Kind, mint
from callwright.accounts.model import Viewer
from callwright.accounts.passwords import Hasher, problems_of
from callwright.accounts.roles import Role
from callwright.accounts.user_tables import one_time_link, sign_in_name, user_account
from callwright.errors import InputError, Place, Problem
from callwright.store.crypto import TenantKeys
from callwright.store.database import Database
from callwright.store.metadata import TENANT, UtcTime
from callwright.store.scope import Scope

__all__ = [
    "INVITED_FOR",
    "LANGUAGES",
    "RESET_FOR",
    "User",
    "accepted",
    "add",
    "change",
    "find",
    "find_by_email",
    "forget",
    "link_for",
    "listed",
    "open_link",
    "roles_of",
    "set_password",
    "tenants_of",
    "tidy_email",
    "use_link",
]

INVITED_FOR, RESET_FOR = timedelta(days=3), timedelta(hours=1)
"""How long a link works (NIST: short; a reset is asked for by whoever waits for it)."""

LANGUAGES = ("en", "zh-CN")

_EMAIL = re.compile(r"[^\s@\"<>(),:;\\\[\]]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_STATES = {"active", "disabled"}

_ALL = select(user_account).where(user_account.c.tenant_id == TENANT)
_BY_ID = _ALL.where(user_account.c.id == bindparam("which", type_=BigInteger()))
_LOCKED = _BY_ID.with_for_update()
_BY_EMAIL = _ALL.where(user_account.c.email == bindparam("which", type_=String()))
_ADD = insert(user_account).returning(user_account.c.id)
_CHANGE = update(user_account).where(
    user_account.c.tenant_id == TENANT, user_account.c.id == bindparam("which", type_=BigInteger())
)
_PASSWORD = _CHANGE.values(
    password=bindparam("new_hash"), password_at=bindparam("at", type_=UtcTime()), state="active", failures=0, locked_until=None
)  # fmt: skip
_PLACES = select(sign_in_name.c.tenant_id).where(sign_in_name.c.digest == bindparam("which"))
_NAME = upsert(sign_in_name).on_conflict_do_nothing(index_elements=["digest", "tenant_id"])
_UNNAME = delete(sign_in_name).where(
    sign_in_name.c.digest == bindparam("which"), sign_in_name.c.tenant_id == bindparam("whose")
)
_LINK = insert(one_time_link)
_LINKED = select(one_time_link).where(
    one_time_link.c.tenant_id == TENANT, one_time_link.c.hash == bindparam("which"), one_time_link.c.used_at.is_(None)
)
_USED = (
    update(one_time_link)
    .where(
        one_time_link.c.tenant_id == TENANT,
        one_time_link.c.user_id == bindparam("whose"),
        one_time_link.c.used_at.is_(None),
    )
    .values(used_at=bindparam("at", type_=UtcTime()))
)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who works here. locked_until: after wrong passwords; oidc: they sign in through the house's own identity service."""

    id: int
    email: str
    name: str
    language: str
    roles: frozenset[Role]
    state: str
    password: str
    totp: bool
    oidc: bool
    failures: int
    locked_until: datetime | None
    created_at: datetime
    signed_in_at: datetime | None

    def __repr__(self) -> str:
        return f"User({self.id})"


def tidy_email(text: str) -> str:
    """A mail address as it is kept.

    Raises:
        InputError: it is none.
    """
    email = text.strip().lower()
    if len(email) > 254 or not _EMAIL.fullmatch(email):
        raise InputError(
            Problem("bad-email", "this is no mail address", Place(field="email"), "Like anna@example.com.")
        )
    return email


def roles_of(names: Iterable[str]) -> frozenset[Role]:
    """Roles by their names.

    Raises:
        InputError: one of them is none.
    """
    known = {role.value for role in Role}
    if unknown := sorted(set(names) - known):
        hint = f"One of: {', '.join(sorted(known))}."
        raise InputError(Problem("bad-role", f"`{unknown[0][:40]}` is no role", Place(field="roles"), hint))
    return frozenset(Role(name) for name in names)


async def add(
    database: Database,
    connection: AsyncConnection,
    keys: TenantKeys,
    viewer: Viewer,
    email: str,
    name: str,
    roles: Iterable[str],
    language: str,
    now: datetime,
) -> int:
    """Somebody new, who cannot sign in before they used a link or came through OIDC; their id. connection: of `database.system()`: what
    they sign in with is known outside of all tenants.

    Raises:
        InputError: no mail address, no name, an unknown role or language, or the address is known here.
    """
    email = tidy_email(email)
    given = sorted(role.value for role in roles_of(roles))
    values = {"email": email, "name": _named(name), "roles": given, "language": _spoken(language), "created_at": now}
    scope = await database.enter(connection, viewer.tenant)
    if await scope.first(_BY_EMAIL, which=email) is not None:
        raise InputError(Problem("known-email", "there is a user with this mail address", Place(field="email")))
    await connection.execute(_NAME, {"digest": _digest(email), "tenant_id": viewer.tenant})
    which = int(await scope.value(_ADD, **values))
    await audit.note(scope, keys, viewer, "user.add", ("user", which), {"roles": given}, now=now)
    return which


async def tenants_of(connection: AsyncConnection, email: str) -> list[int]:
    """Where this address signs in. connection: of `database.system()`."""
    return [int(row.tenant_id) for row in await connection.execute(_PLACES, {"which": _digest(email)})]


async def find(scope: Scope, which: int) -> User:
    """The user with this id.

    Raises:
        InputError: there is none.
    """
    row = await scope.first(_BY_ID, which=which)
    if row is None:
        raise _unknown()
    return _user(row)


async def find_by_email(scope: Scope, email: str) -> User | None:
    """Whose address it is; None = nobody's."""
    row = await scope.first(_BY_EMAIL, which=email)
    return None if row is None else _user(row)


async def listed(scope: Scope, *, after: int = 0, most: int = 100) -> list[User]:
    """Those with ids above `after`, in their order."""
    statement = _ALL.where(user_account.c.id > after).order_by(user_account.c.id).limit(most)
    return [_user(row) for row in await scope.all(statement)]


async def change(
    scope: Scope,
    keys: TenantKeys,
    viewer: Viewer,
    which: int,
    now: datetime,
    *,
    name: str | None = None,
    language: str | None = None,
    roles: Iterable[str] | None = None,
    state: str | None = None,
) -> User:
    """Change what is given. Other roles or another state end all sessions of theirs.

    Raises:
        InputError: no such user, a wrong value, or nobody would be left who manages users.
    """
    row = await scope.first(_LOCKED, which=which)
    if row is None:
        raise _unknown()
    values: dict[str, Any] = {}
    if name is not None:
        values["name"] = _named(name)
    if language is not None:
        values["language"] = _spoken(language)
    if roles is not None:
        values["roles"] = sorted(role.value for role in roles_of(roles))
    if state is not None:
        values |= _stated(row, state)
    values = {key: value for key, value in values.items() if getattr(row, key) != value}
    if not values:
        return _user(row)
    await scope.run(_CHANGE.values(**values), which=which)
    if values.keys() & {"roles", "state"}:
        await _somebody_manages(scope)
        await sessions.end_all(scope, which)
    told = {key: value for key, value in values.items() if key in ("roles", "state", "language")}
    await audit.note(scope, keys, viewer, "user.change", ("user", which), {"fields": sorted(values), **told}, now=now)
    return await find(scope, which)


async def forget(
    database: Database, connection: AsyncConnection, keys: TenantKeys, viewer: Viewer, which: int, now: datetime
) -> None:
    """Erase somebody who left: what stays is their id, which the audit log names. They cannot come back under it.

    Raises:
        InputError: no such user, it is oneself, or nobody would be left who manages users.
    """
    scope = await database.enter(connection, viewer.tenant)
    row = await scope.first(_LOCKED, which=which)
    if row is None:
        raise _unknown()
    if which == viewer.user:
        raise InputError(Problem("oneself", "you cannot erase yourself", hint="Ask another administrator."))
    await connection.execute(_UNNAME, {"which": _digest(row.email), "whose": viewer.tenant})
    gone: dict[str, Any] = {
        "email": f"erased-{which}@invalid", "name": "", "roles": [], "state": "disabled", "password": "", "totp": None,
        "totp_at": None, "recovery": [], "subject": None,
    }  # fmt: skip
    await scope.run(_CHANGE.values(**gone), which=which)
    await _somebody_manages(scope)
    await sessions.end_all(scope, which)
    await scope.run(_USED, whose=which, at=now)
    await audit.note(scope, keys, viewer, "user.erase", ("user", which), now=now)


async def link_for(scope: Scope, keys: TenantKeys, viewer: Viewer, which: int, now: datetime, *, purpose: str) -> Door:
    """A link by which they choose a password; earlier ones work no more. purpose: `invite` or `reset`.

    Raises:
        InputError: no such user, or they are disabled.
    """
    row = await scope.first(_LOCKED, which=which)
    if row is None:
        raise _unknown()
    if row.state == "disabled":
        raise InputError(Problem("disabled", "this user is disabled", hint="Enable them first."))
    door = mint(Kind.LINK, scope.tenant)
    ends = now + (INVITED_FOR if purpose == "invite" else RESET_FOR)
    await scope.run(_USED, whose=which, at=now)
    await scope.run(_LINK, user_id=which, purpose=purpose, hash=door.hash, created_at=now, ends_at=ends)
    await audit.note(scope, keys, viewer, f"user.{purpose}", ("user", which), now=now)
    return door


async def open_link(scope: Scope, door: Door, now: datetime) -> tuple[User, str]:
    """Whose link it is, and what for.

    Raises:
        InputError: it was used, is over, or never was.
    """
    row = await scope.first(_LINKED, which=door.hash)
    if row is None or row.ends_at <= now:
        hint = "Ask for a new one."
        raise InputError(Problem("link", "this link was used already, or its time is over", hint=hint))
    user = await find(scope, row.user_id)
    if user.state == "disabled":
        raise InputError(Problem("link", "this link was used already, or its time is over", hint="Ask for a new one."))
    return user, row.purpose


async def use_link(scope: Scope, keys: TenantKeys, door: Door, hashed: str, now: datetime, *, name: str = "") -> User:
    """Put a password in place by a link; it works no more, and all sessions end. hashed: as `accepted` made it.

    Raises:
        InputError: the link works not.
    """
    user, purpose = await open_link(scope, door, now)
    if name and purpose == "invite":
        await scope.run(_CHANGE.values(name=_named(name)), which=user.id)
    await set_password(scope, keys, _as(scope, user), user, hashed, now)
    return await find(scope, user.id)


async def accepted(hasher: Hasher, user: User, password: str) -> str:
    """The hash of a new password.

    Raises:
        InputError: it is not taken.
    """
    if problems := problems_of(password, (user.email, user.name)):
        raise InputError(problems)
    return await hasher.make(password)


async def set_password(
    scope: Scope, keys: TenantKeys, viewer: Viewer, user: User, hashed: str, now: datetime, *, keep: int | None = None
) -> None:
    """Put a new password in place. All sessions end but `keep`, and links work no more."""
    await scope.run(_PASSWORD, which=user.id, new_hash=hashed, at=now)
    await scope.run(_USED, whose=user.id, at=now)
    await sessions.end_all(scope, user.id, keep=keep)
    await audit.note(scope, keys, viewer, "user.password", ("user", user.id), now=now)


def _as(scope: Scope, user: User) -> Viewer:
    return Viewer.of_session(scope.tenant, user.id, user.name, user.roles)


async def _somebody_manages(scope: Scope) -> None:
    """Raises InputError when no active administrator is left."""
    rows = await scope.all(_ALL.where(user_account.c.state == "active"))
    if not any(Role.ADMINISTRATOR.value in row.roles for row in rows):
        hint = "Make somebody else an administrator first."
        raise InputError(Problem("last-administrator", "nobody would be left who manages users", hint=hint))


def _stated(row: Row[Any], state: str) -> Mapping[str, Any]:
    if state not in _STATES:
        raise InputError(Problem("bad-state", "a user is active or disabled", Place(field="state")))
    if state == "active" and not row.password and not row.subject:
        return {"state": "invited"}  # they have nothing to sign in with yet
    return {"state": state, "failures": 0, "locked_until": None}


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise InputError(Problem("bad-name", "a name has 1 to 100 characters", Place(field="name")))
    return name


def _spoken(language: str) -> str:
    if language not in LANGUAGES:
        hint = f"One of: {', '.join(LANGUAGES)}."
        raise InputError(
            Problem("bad-language", "the console does not speak this language", Place(field="language"), hint)
        )
    return language


def _digest(email: str) -> bytes:
    return hashlib.sha256(email.encode()).digest()


def _unknown() -> InputError:
    return InputError(Problem("unknown-user", "there is no such user"))


def _user(row: Row[Any]) -> User:
    roles = frozenset(Role(name) for name in row.roles)
    return User(
        row.id, row.email, row.name, row.language, roles, row.state, row.password, row.totp_at is not None,
        row.subject is not None, row.failures, row.locked_until, row.created_at, row.signed_in_at,
    )  # fmt: skip
