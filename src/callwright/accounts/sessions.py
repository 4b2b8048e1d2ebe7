"""Sessions: who is signed in, kept on our side. A browser holds 256 random bits, we hold their SHA-256.

They end when nobody uses them for a while, at a fixed time whatever is done in them, and when they are ended. A new one is made at every
sign-in; there is no session before it that could be handed on (session fixation). ASVS 5.0 7.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Row, bindparam, delete, insert, select, update

from callwright.accounts.doors import Door, Kind, mint
from callwright.accounts.roles import Role
from callwright.accounts.user_tables import user_account, user_session
from callwright.store.metadata import TENANT, UtcTime
from callwright.store.scope import Scope

__all__ = [
    "ABSOLUTE",
    "IDLE",
    "Session",
    "begin",
    "due",
    "end",
    "end_all",
    "find",
    "listed",
    "seen",
    "source_prefix",
    "tidy",
]

IDLE, ABSOLUTE = timedelta(minutes=30), timedelta(hours=12)
_TOUCH = timedelta(minutes=1)  # how exactly the last use is known: not a write for every request

_ADD = insert(user_session).returning(user_session.c.id)
_BY_HASH = (
    select(
        user_session,
        user_account.c.name,
        user_account.c.email,
        user_account.c.language,
        user_account.c.roles,
        user_account.c.state,
        user_account.c.totp_at,
    )
    .join(
        user_account,
        (user_account.c.tenant_id == user_session.c.tenant_id) & (user_account.c.id == user_session.c.user_id),
    )
    .where(user_session.c.tenant_id == TENANT, user_session.c.hash == bindparam("which"))
)
_OF_USER = (
    select(user_session)
    .where(user_session.c.tenant_id == TENANT, user_session.c.user_id == bindparam("whose", type_=BigInteger()))
    .order_by(user_session.c.seen_at.desc(), user_session.c.id.desc())
)
_SEEN = (
    update(user_session)
    .where(user_session.c.tenant_id == TENANT, user_session.c.id == bindparam("which", type_=BigInteger()))
    .values(seen_at=bindparam("at", type_=UtcTime()))
)
_END = delete(user_session).where(
    user_session.c.tenant_id == TENANT,
    user_session.c.user_id == bindparam("whose", type_=BigInteger()),
    user_session.c.id == bindparam("which", type_=BigInteger()),
)
_END_ALL = delete(user_session).where(
    user_session.c.tenant_id == TENANT,
    user_session.c.user_id == bindparam("whose", type_=BigInteger()),
    user_session.c.id != bindparam("keep", type_=BigInteger()),
)
_OVER = delete(user_session).where(
    user_session.c.tenant_id == TENANT,
    (user_session.c.ends_at <= bindparam("now", type_=UtcTime()))
    | (user_session.c.seen_at <= bindparam("idle", type_=UtcTime())),
)


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in. method: how they did; totp: whether they have a second factor; agent: what browser it says it is; source:
    prefix of their address."""

    id: int
    user: int
    name: str
    email: str
    language: str
    roles: frozenset[Role]
    method: str
    totp: bool
    agent: str
    source: str
    created_at: datetime
    seen_at: datetime
    ends_at: datetime

    def __repr__(self) -> str:
        return f"Session({self.id}, user {self.user})"


async def begin(scope: Scope, user: int, method: str, agent: str, address: str, now: datetime) -> Door:
    """A new one; what the browser is given."""
    door = mint(Kind.SESSION, scope.tenant)
    await scope.value(
        _ADD, user_id=user, hash=door.hash, method=method, agent="".join(c for c in agent if c.isprintable())[:200],
        source=source_prefix(address), created_at=now, seen_at=now, ends_at=now + ABSOLUTE,
    )  # fmt: skip
    return door


async def find(scope: Scope, door: Door, now: datetime) -> Session | None:
    """Whose it is; None = it ended, never was, or its user may not be here any more."""
    row = await scope.first(_BY_HASH, which=door.hash)
    if row is None or row.state != "active" or row.ends_at <= now or row.seen_at + IDLE <= now:
        return None
    return _session(row)


def due(session: Session, now: datetime) -> bool:
    """Whether that it is used is to be noted again: once a minute."""
    return now - session.seen_at >= _TOUCH


async def seen(scope: Scope, session: Session, now: datetime) -> None:
    """Note that it is used."""
    await scope.run(_SEEN, which=session.id, at=now)


async def listed(scope: Scope, user: int, now: datetime) -> list[Row[Any]]:
    """Those of a user that still hold: id, method, agent, source, created_at, seen_at, ends_at."""
    rows = await scope.all(_OF_USER, whose=user)
    return [row for row in rows if row.ends_at > now and row.seen_at + IDLE > now]


async def end(scope: Scope, user: int, which: int) -> bool:
    """End one of a user's; whether there was it."""
    return bool(await scope.run(_END, whose=user, which=which))


async def end_all(scope: Scope, user: int, *, keep: int | None = None) -> int:
    """End all of a user's, but one; how many."""
    return await scope.run(_END_ALL, whose=user, keep=keep if keep is not None else 0)


async def tidy(scope: Scope, now: datetime) -> int:
    """Delete those that are over; how many."""
    return await scope.run(_OVER, now=now, idle=now - IDLE)


def source_prefix(address: str) -> str:
    """The net somebody comes from: /24 of IPv4, /48 of IPv6. What tells a user their own sessions apart needs no more. "" = none known."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    return str(ipaddress.ip_network((found, 24 if found.version == 4 else 48), strict=False))


def _session(row: Row[Any]) -> Session:
    roles = frozenset(Role(name) for name in row.roles)
    return Session(
        row.id, row.user_id, row.name, row.email, row.language, roles, row.method, row.totp_at is not None, row.agent,
        row.source, row.created_at, row.seen_at, row.ends_at,
    )  # fmt: skip
