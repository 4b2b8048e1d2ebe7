"""Signing in with a password and, where there is one, a second factor.

What is wrong is never told: an address that nobody has, a wrong password, an account that is shut or disabled answer alike, after the same work.
An attempt is counted before it is looked at, so that many at once are not more than many one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Row, bindparam, select, update

from callwright import audit
from callwright.accounts import lockout, sessions, totp, users
from callwright.accounts.doors import Door
from callwright.accounts.model import Viewer
from callwright.accounts.passwords import Hasher
from callwright.accounts.tables import tenant
from callwright.accounts.user_tables import user_account
from callwright.errors import CallwrightError, InputError, Problem
from callwright.store.crypto import Keyring, TenantKeys
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["Asked", "SignInError", "confirm_totp", "drop_totp", "enrol_totp", "enter", "houses", "sign_in", "verify"]

_HOUSE = select(tenant.c.id).where(tenant.c.slug == bindparam("which"))
_LOCKED = (
    select(user_account)
    .where(user_account.c.tenant_id == TENANT, user_account.c.id == bindparam("which", type_=BigInteger()))
    .with_for_update()
)
_CHANGE = update(user_account).where(
    user_account.c.tenant_id == TENANT, user_account.c.id == bindparam("which", type_=BigInteger())
)
_MOST_HOUSES = 8


class SignInError(CallwrightError):
    """Nobody is let in. code: `sign-in` (wrong, whatever it is), or `totp` (the password was right, a code is missing)."""

    def __init__(self, code: str = "sign-in") -> None:
        self.code = code
        super().__init__("a code is missing" if code == "totp" else "this does not open any account")


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody signs in with. house: slug of the tenant, "" = wherever the address is known; address: where they come from."""

    email: str
    password: str
    code: str = ""
    house: str = ""
    agent: str = ""
    address: str = ""

    def __repr__(self) -> str:
        return "Asked(...)"


async def sign_in(database: Database, keyring: Keyring, hasher: Hasher, asked: Asked, now: datetime) -> Door:
    """A session for whoever this is.

    Raises:
        SignInError: nobody is.
    """
    email = asked.email.strip().lower()[:254]
    tenants = await houses(database, email, asked.house)
    for which in tenants:
        found = await _counted(database, which, email, now)
        if await hasher.fits(found.password if found else "", asked.password) and found is not None:
            return await _let_in(database, keyring, hasher, which, found, asked, now)
        if found is not None:
            await _tell(database, keyring, which, found, now)
    if not tenants:
        await hasher.fits("", asked.password)
    raise SignInError


async def verify(database: Database, hasher: Hasher, viewer: Viewer, password: str, now: datetime) -> None:
    """Whether it is the password of the viewer, who is signed in: asked again before they change what opens their account.

    Raises:
        SignInError: it is not.
    """
    async with database.reading(viewer.tenant) as scope:
        user = await users.find(scope, viewer.user or 0)
    found = await _counted(database, viewer.tenant, user.email, now)
    if found is None or not await hasher.fits(found.password, password):
        raise SignInError
    async with database.scope(viewer.tenant) as scope:
        await scope.run(_CHANGE.values(failures=0, locked_until=None), which=user.id)


async def enter(
    scope: Scope, keys: TenantKeys, user: int, method: str, agent: str, address: str, now: datetime
) -> Door:
    """A new session of somebody who was found to be who they say. method: `password`, `totp`, `oidc`, `setup`."""
    await scope.run(_CHANGE.values(failures=0, locked_until=None, signed_in_at=now), which=user)
    await sessions.tidy(scope, now)
    door = await sessions.begin(scope, user, method, agent, address, now)
    who = await users.find(scope, user)
    viewer = Viewer.of_session(scope.tenant, user, who.name, who.roles)
    await audit.note(scope, keys, viewer, "session.begin", ("user", user), {"method": method}, now=now)
    return door


async def enrol_totp(scope: Scope, keys: TenantKeys, viewer: Viewer, house: str) -> tuple[str, str]:
    """Begin with a second factor: its secret and its `otpauth://` address. Nothing asks for it before `confirm_totp`.

    Raises:
        InputError: there is one already.
    """
    row = await _own(scope, viewer)
    if row.totp_at is not None:
        raise InputError(Problem("totp-known", "there is a second factor already", hint="Remove it first."))
    secret = totp.new_secret()
    await scope.run(_CHANGE.values(totp=keys.seal(secret, "user_account.totp"), totp_step=0), which=row.id)
    return totp.enrolment(secret, row.email, house)


async def confirm_totp(
    scope: Scope, keys: TenantKeys, viewer: Viewer, code: str, now: datetime, *, keep: int | None
) -> list[str]:
    """Finish it with a code of the authenticator; the recovery codes, shown once. All sessions end but `keep`.

    Raises:
        InputError: nothing was begun, or the code is wrong.
    """
    row = await _own(scope, viewer)
    if row.totp is None or row.totp_at is not None:
        raise InputError(Problem("totp-none", "there is no second factor to confirm", hint="Begin with it first."))
    step = totp.step_of(keys.open(bytes(row.totp), "user_account.totp"), code, now, row.totp_step)
    if step is None:
        hint = "Take the code it shows now; the clock of the telephone must be right."
        raise InputError(Problem("totp-code", "this is not the code of this authenticator", hint=hint))
    codes = totp.new_recovery_codes()
    digests = [totp.recovery_digest(each) for each in codes]
    await scope.run(_CHANGE.values(totp_at=now, totp_step=step, recovery=digests), which=row.id)
    await sessions.end_all(scope, row.id, keep=keep)
    await audit.note(scope, keys, viewer, "totp.confirm", ("user", row.id), now=now)
    return codes


async def drop_totp(scope: Scope, keys: TenantKeys, viewer: Viewer, which: int, now: datetime) -> None:
    """Take somebody's second factor away: their own, or that of a user who lost their telephone. All their sessions end but the viewer's.

    Raises:
        InputError: no such user, or there is none.
    """
    user = await users.find(scope, which)
    if not user.totp:
        raise InputError(Problem("totp-none", "there is no second factor"))
    await scope.run(_CHANGE.values(totp=None, totp_at=None, totp_step=0, recovery=[]), which=which)
    if which != viewer.user:
        await sessions.end_all(scope, which)
    await audit.note(scope, keys, viewer, "totp.remove", ("user", which), now=now)


async def houses(database: Database, email: str, house: str) -> list[int]:
    """The tenants in which an address signs in, or the one of this slug among them."""
    async with database.system() as connection:
        known = await users.tenants_of(connection, email)
        if not house:
            return known[:_MOST_HOUSES]
        which = (await connection.execute(_HOUSE, {"which": house})).scalar()
        return [int(which)] if which in known else []


async def _counted(database: Database, which: int, email: str, now: datetime) -> users.User | None:
    """The user as they were, with this attempt counted already; None = nobody who may try now."""
    async with database.scope(which) as scope:
        user = await users.find_by_email(scope, email)
        row = await scope.first(_LOCKED, which=user.id) if user else None
        if user is None or row is None or row.state != "active":
            return None
        if row.locked_until is not None and row.locked_until > now:
            return None
        failures = row.failures + 1
        await scope.run(
            _CHANGE.values(failures=failures, locked_until=lockout.locked_until(failures, now)), which=row.id
        )
        return user


async def _let_in(
    database: Database, keyring: Keyring, hasher: Hasher, which: int, user: users.User, asked: Asked, now: datetime
) -> Door:
    renewed = await hasher.make(asked.password) if hasher.outdated(user.password) else ""
    async with database.scope(which) as scope:
        keys = await keyring.tenant(scope)
        row = await scope.first(_LOCKED, which=user.id)
        if row is None or row.state != "active" or row.password != user.password:
            raise SignInError
        if row.totp_at is None:
            method = "password"
        elif not asked.code:
            method = "missing"
            await scope.run(_CHANGE.values(failures=max(0, row.failures - 1), locked_until=None), which=user.id)
        else:
            method = await _second(scope, keys, row, asked.code, now)
        if method in ("password", "totp", "recovery"):
            if renewed:
                await scope.run(_CHANGE.values(password=renewed), which=user.id)
            return await enter(scope, keys, user.id, method, asked.agent, asked.address, now)
    if method == "missing":
        raise SignInError("totp")
    await _tell(database, keyring, which, user, now)
    raise SignInError


async def _second(scope: Scope, keys: TenantKeys, row: Row[Any], code: str, now: datetime) -> str:
    """`totp` or `recovery`, and the code is used up; "" = it is none."""
    step = totp.step_of(keys.open(bytes(row.totp), "user_account.totp"), code, now, row.totp_step)
    if step is not None:
        await scope.run(_CHANGE.values(totp_step=step), which=row.id)
        return "totp"
    digest = totp.recovery_digest(code)
    if digest in row.recovery:
        left = [each for each in row.recovery if each != digest]
        await scope.run(_CHANGE.values(recovery=left), which=row.id)
        return "recovery"
    return ""


async def _tell(database: Database, keyring: Keyring, which: int, user: users.User, now: datetime) -> None:
    """A wrong attempt at an account that is there stands in the audit log."""
    failures = user.failures + 1
    async with database.scope(which) as scope:
        keys = await keyring.tenant(scope)
        nobody = Viewer.system(which, "sign-in")
        shut = lockout.locked_until(failures, now) is not None
        await audit.note(
            scope, keys, nobody, "session.refuse", ("user", user.id), {"failures": failures, "shut": shut}, now=now
        )


async def _own(scope: Scope, viewer: Viewer) -> Row[Any]:
    row = await scope.first(_LOCKED, which=viewer.user or 0)
    if row is None:
        raise InputError(Problem("unknown-user", "there is no such user"))
    return row
