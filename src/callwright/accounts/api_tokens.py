"""API tokens: what programs sign in with. Shown once when they are made; a token may what its scopes say, as far as its maker still may."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Row, bindparam, insert, select, update

from callwright import audit
from callwright.accounts.doors import Door, Kind, mint
from callwright.accounts.model import Viewer
from callwright.accounts.roles import Permission, Role
from callwright.accounts.user_tables import api_token, user_account
from callwright.errors import InputError, Place, Problem
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT, UtcTime
from callwright.store.scope import Scope

__all__ = ["LONGEST", "Token", "add", "due", "find", "listed", "revoke", "seen"]

LONGEST = timedelta(days=366)
_TOUCH = timedelta(minutes=1)

_ADD = insert(api_token).returning(api_token.c.id)
_WITH_MAKER = (
    select(
        api_token, user_account.c.name.label("maker"), user_account.c.roles, user_account.c.state.label("maker_state")
    )
    .join(user_account, (user_account.c.tenant_id == api_token.c.tenant_id) & (user_account.c.id == api_token.c.user_id))
    .where(api_token.c.tenant_id == TENANT)
)  # fmt: skip
_BY_HASH = _WITH_MAKER.where(api_token.c.hash == bindparam("which"))
_ALL = _WITH_MAKER.order_by(api_token.c.id.desc())
_CHANGE = update(api_token).where(
    api_token.c.tenant_id == TENANT, api_token.c.id == bindparam("which", type_=BigInteger())
)
_REVOKE = _CHANGE.where(api_token.c.revoked_at.is_(None)).values(revoked_at=bindparam("at", type_=UtcTime()))
_SEEN = _CHANGE.values(used_at=bindparam("at", type_=UtcTime()))


@dataclass(frozen=True, slots=True)
class Token:
    """hint: its first letters, to know it by. maker: who made it; roles: theirs."""

    id: int
    user: int
    maker: str
    roles: frozenset[Role]
    name: str
    hint: str
    scopes: frozenset[Permission]
    created_at: datetime
    ends_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


async def add(
    scope: Scope,
    keys: TenantKeys,
    viewer: Viewer,
    name: str,
    scopes: Iterable[str],
    now: datetime,
    *,
    days: int,
) -> tuple[int, Door]:
    """A new one; its id, and its text, which is shown now and never again.

    Raises:
        InputError: no name, no scope or one that its maker does not have, or it would hold for longer than a year; made by a token.
    """
    name = " ".join(name.split())
    if viewer.via == "token" or viewer.user is None:
        raise InputError(Problem("token-maker", "a token is made by a person", hint="Sign in to the console."))
    problems = []
    if not 1 <= len(name) <= 100:
        problems.append(Problem("bad-name", "a name has 1 to 100 characters", Place(field="name")))
    known = {one.value: one for one in Permission}
    wanted = frozenset(known[one] for one in scopes if one in known)
    beyond = sorted({*scopes} - {one.value for one in viewer.permissions})
    if beyond or not wanted:
        what = f"`{beyond[0][:40]}` is none of your permissions" if beyond else "a token needs at least one scope"
        problems.append(Problem("bad-scope", what, Place(field="scopes"), "A token may at most what you may."))
    if not 1 <= days <= LONGEST.days:
        problems.append(Problem("bad-days", f"a token holds for 1 to {LONGEST.days} days", Place(field="days")))
    if problems:
        raise InputError(problems)
    door = mint(Kind.TOKEN, scope.tenant)
    ends = now + timedelta(days=days)
    hint = door.text[: len(door.text) - 39]
    which = int(
        await scope.value(
            _ADD, user_id=viewer.user, name=name, hash=door.hash, hint=hint, scopes=sorted(one.value for one in wanted),
            created_at=now, ends_at=ends,
        )
    )  # fmt: skip
    told: audit.Detail = {"scopes": sorted(one.value for one in wanted), "days": days}
    await audit.note(scope, keys, viewer, "token.add", ("token", which), told, now=now)
    return which, door


async def find(scope: Scope, door: Door, now: datetime) -> Token | None:
    """Which one it is; None = it is over, revoked, or its maker may not be here any more."""
    row = await scope.first(_BY_HASH, which=door.hash)
    if row is None or row.revoked_at is not None or row.maker_state != "active":
        return None
    return None if row.ends_at is not None and row.ends_at <= now else _token(row)


async def seen(scope: Scope, token: Token, now: datetime) -> None:
    """Note that it is used."""
    await scope.run(_SEEN, which=token.id, at=now)


def due(token: Token, now: datetime) -> bool:
    """Whether that it is used is to be noted again: once a minute."""
    return token.used_at is None or now - token.used_at >= _TOUCH


async def listed(scope: Scope) -> list[Token]:
    """All of them, the newest first."""
    return [_token(row) for row in await scope.all(_ALL)]


async def revoke(scope: Scope, keys: TenantKeys, viewer: Viewer, which: int, now: datetime) -> None:
    """It opens nothing any more, from now on.

    Raises:
        InputError: there is no such token, or it was revoked already.
    """
    if not await scope.run(_REVOKE, which=which, at=now):
        raise InputError(Problem("unknown-token", "there is no such token that holds"))
    await audit.note(scope, keys, viewer, "token.revoke", ("token", which), now=now)


def _token(row: Row[Any]) -> Token:
    roles = frozenset(Role(name) for name in row.roles)
    known = {one.value for one in Permission}
    scopes = frozenset(Permission(one) for one in row.scopes if one in known)
    return Token(
        row.id, row.user_id, row.maker, roles, row.name, row.hint, scopes, row.created_at, row.ends_at, row.used_at,
        row.revoked_at,
    )  # fmt: skip
