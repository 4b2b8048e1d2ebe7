"""The freeze library as a desk works with it: pages of it, and two people for what makes a number callable again.

One person asks that a freeze be lifted and says why; another agrees or keeps it. Nobody agrees with themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, and_, bindparam, or_, select, update

from callwright.compliance.freeze_store import Frozen, Suspect, frozen_of, suspect_of
from callwright.compliance.tables import freeze, freeze_suspect
from callwright.errors import InputError, Problem, RefusedError
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["State", "Wanted", "agree_lift", "ask_lift", "find", "find_suspect", "keep", "page", "suspect_page"]

State = Literal["standing", "asked", "ended", "any"]
"""standing: forbids calls now; asked: of those, the ones somebody wants lifted; ended: over or lifted."""

_ALL = select(freeze).where(freeze.c.tenant_id == TENANT)
_ONE = _ALL.where(freeze.c.id == bindparam("which"))
_LOCKED = _ONE.with_for_update()
_SUSPECTS = select(freeze_suspect).where(freeze_suspect.c.tenant_id == TENANT)
_SUSPECT = _SUSPECTS.where(freeze_suspect.c.id == bindparam("which"))
_ASK = (
    update(freeze)
    .where(freeze.c.tenant_id == TENANT, freeze.c.id == bindparam("which"))
    .values(
        asked_at=bindparam("at"), asked_by=bindparam("who"), asked_user=bindparam("who_id"), ask_reason=bindparam("why")
    )
)
_LIFT = (
    update(freeze)
    .where(freeze.c.tenant_id == TENANT, freeze.c.id == bindparam("which"))
    .values(lifted_at=bindparam("at"), lifted_by=bindparam("who"), lift_reason=bindparam("why"))
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which freezes; what is None is not looked at. subject: blind index of a number."""

    state: State = "standing"
    subject: bytes | None = None
    reason: str | None = None
    scope: str | None = None
    scope_id: int | None = None


async def page(
    scope: Scope, keys: TenantKeys, wanted: Wanted, now: datetime, before: int | None, most: int
) -> list[Frozen]:
    """The newest of them whose id is below `before`, newest first."""
    statement = _narrowed(_ALL, wanted, now)
    if before is not None:
        statement = statement.where(freeze.c.id < before)
    return [frozen_of(row, keys) for row in await scope.all(statement.order_by(freeze.c.id.desc()).limit(most))]


def _narrowed(statement: Select[Any], wanted: Wanted, now: datetime) -> Select[Any]:
    stands = and_(freeze.c.lifted_at.is_(None), or_(freeze.c.until.is_(None), freeze.c.until > now))
    match wanted.state:
        case "standing":
            statement = statement.where(stands)
        case "asked":
            statement = statement.where(stands, freeze.c.asked_at.is_not(None))
        case "ended":
            statement = statement.where(or_(freeze.c.lifted_at.is_not(None), freeze.c.until <= now))
        case "any":
            pass
    equal = {
        "number_index": wanted.subject, "reason": wanted.reason, "scope": wanted.scope, "scope_id": wanted.scope_id
    }  # fmt: skip
    for column, value in equal.items():
        if value is not None:
            statement = statement.where(freeze.c[column] == value)
    return statement


async def find(scope: Scope, keys: TenantKeys, freeze_id: int) -> Frozen | None:
    """This one; None = there is none."""
    row = await scope.first(_ONE, which=freeze_id)
    return None if row is None else frozen_of(row, keys)


async def ask_lift(scope: Scope, freeze_id: int, user: int | None, by: str, reason: str, now: datetime) -> None:
    """Ask a second person to lift it.

    Raises:
        InputError: no reason is given.
        RefusedError: it does not stand, or somebody asked before.
    """
    if not reason.strip():
        raise InputError(Problem("reason", "a freeze is lifted for a reason", hint="Say why."))
    row = await scope.first(_LOCKED, which=freeze_id)
    if row is None or row.lifted_at is not None or (row.until is not None and row.until <= now):
        raise RefusedError(f"freeze {freeze_id} does not stand: there is nothing to lift")
    if row.asked_at is not None:
        raise RefusedError(f"{row.asked_by} asked to lift freeze {freeze_id} already")
    await scope.run(_ASK, which=freeze_id, at=now, who=by[:100], who_id=user, why=reason.strip()[:500])


async def agree_lift(scope: Scope, freeze_id: int, user: int | None, by: str, note: str, now: datetime) -> None:
    """Lift what another person asked to lift; their reason is kept as the reason, with the note of who agrees.

    Raises:
        RefusedError: nobody asked, it was lifted meanwhile, or it is the same person.
    """
    row = await _asked(scope, freeze_id)
    if row.asked_user == user:
        raise RefusedError("whoever asks to lift a freeze does not agree to it: another person decides")
    why = f"{row.ask_reason} ({row.asked_by})" + (f"; {note.strip()}" if note.strip() else "")
    await scope.run(_LIFT, which=freeze_id, at=now, who=by[:100], why=why[:500])


async def keep(scope: Scope, freeze_id: int) -> None:
    """The freeze stays: what was asked is done with. Also for whoever asked and thinks better of it.

    Raises:
        RefusedError: nobody asked, or it was lifted meanwhile.
    """
    await _asked(scope, freeze_id)
    await scope.run(_ASK, which=freeze_id, at=None, who=None, who_id=None, why=None)


async def suspect_page(
    scope: Scope, keys: TenantKeys, state: str, after: int | None, most: int, subject: bytes | None = None
) -> list[Suspect]:
    """Of the queue: those that wait oldest first (ids above `after`), decided ones newest first (ids below it)."""
    statement = _SUSPECTS.where(freeze_suspect.c.state == state)
    if subject is not None:
        statement = statement.where(freeze_suspect.c.number_index == subject)
    waiting = state == "waiting"
    if after is not None:
        statement = statement.where(freeze_suspect.c.id > after if waiting else freeze_suspect.c.id < after)
    order = freeze_suspect.c.id if waiting else freeze_suspect.c.id.desc()
    return [suspect_of(row, keys) for row in await scope.all(statement.order_by(order).limit(most))]


async def find_suspect(scope: Scope, keys: TenantKeys, suspect_id: int) -> Suspect | None:
    """This one; None = there is none."""
    row = await scope.first(_SUSPECT, which=suspect_id)
    return None if row is None else suspect_of(row, keys)


async def _asked(scope: Scope, freeze_id: int) -> Any:
    row = await scope.first(_LOCKED, which=freeze_id)
    if row is None or row.lifted_at is not None or row.asked_at is None:
        raise RefusedError(f"nobody asks to lift freeze {freeze_id}, or it was lifted meanwhile")
    return row
