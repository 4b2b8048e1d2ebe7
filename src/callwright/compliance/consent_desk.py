"""The consent ledger as a desk works with it: pages of it, and one row with whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, Select, and_, bindparam, func, or_, select

from callwright.compliance.tables import consent, consent_use, person
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["LedgerRow", "State", "Wanted", "evidence_blob", "find", "page", "shared_evidence"]

State = Literal["standing", "revoked", "ended", "any"]
"""standing: neither revoked nor over."""

_ROWS = (
    select(consent, person.c.number, person.c.number_index, person.c.country, person.c.erased_at)
    .join(person, (person.c.id == consent.c.person_id) & (person.c.tenant_id == TENANT))
    .where(consent.c.tenant_id == TENANT)
)
_ONE = _ROWS.where(consent.c.id == bindparam("which"))
_USES = (
    select(consent_use.c.consent_id, func.count().label("uses"), func.max(consent_use.c.used_at).label("last"))
    .where(consent_use.c.tenant_id == TENANT, consent_use.c.consent_id.in_(bindparam("ids", expanding=True)))
    .group_by(consent_use.c.consent_id)
)
_OTHERS = select(func.count()).where(
    consent.c.tenant_id == TENANT, consent.c.evidence == bindparam("digest"), consent.c.person_id != bindparam("who")
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows; what is None is not looked at. subject: blind index of a number; scope: a word of the consent's scope."""

    state: State = "any"
    subject: bytes | None = None
    basis: str | None = None
    company: int | None = None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A row, and whose it is. number: "" once its person was erased."""

    row: Row[Any]
    number: str
    subject: bytes
    country: str
    uses: int
    last_used_at: datetime | None


async def page(
    scope: Scope, keys: TenantKeys, wanted: Wanted, now: datetime, before: int | None, most: int
) -> list[LedgerRow]:
    """The newest of them whose id is below `before`, newest first."""
    statement = _narrowed(wanted, now)
    if before is not None:
        statement = statement.where(consent.c.id < before)
    rows = await scope.all(statement.order_by(consent.c.id.desc()).limit(most))
    return await _with_uses(scope, keys, list(rows))


async def find(scope: Scope, keys: TenantKeys, consent_id: int) -> LedgerRow | None:
    """This one; None = there is none."""
    row = await scope.first(_ONE, which=consent_id)
    return None if row is None else (await _with_uses(scope, keys, [row]))[0]


def evidence_blob(digest: str) -> str:
    """Where the file of a proof lies, if it is kept here."""
    return f"evidence/{digest}"


async def shared_evidence(scope: Scope, digest: str, person_id: int) -> bool:
    """Whether this proof is that of other people as well (one file for many)."""
    return bool(await scope.value(_OTHERS, digest=digest, who=person_id))


def _narrowed(wanted: Wanted, now: datetime) -> Select[Any]:
    statement = _ROWS
    over = and_(consent.c.valid_until.is_not(None), consent.c.valid_until <= now)
    match wanted.state:
        case "standing":
            fresh = or_(consent.c.valid_until.is_(None), consent.c.valid_until > now)
            statement = statement.where(consent.c.revoked_at.is_(None), fresh)
        case "revoked":
            statement = statement.where(consent.c.revoked_at.is_not(None))
        case "ended":
            statement = statement.where(consent.c.revoked_at.is_(None), over)
        case "any":
            pass
    if wanted.subject is not None:
        statement = statement.where(person.c.number_index == wanted.subject)
    if wanted.basis is not None:
        statement = statement.where(consent.c.basis == wanted.basis)
    if wanted.company is not None:
        statement = statement.where(consent.c.company_id == wanted.company)
    return statement


async def _with_uses(scope: Scope, keys: TenantKeys, rows: list[Row[Any]]) -> list[LedgerRow]:
    used = {row.consent_id: row for row in await scope.all(_USES, ids=[row.id for row in rows])} if rows else {}
    found = []
    for row in rows:
        index = bytes(row.number_index)
        number = keys.open_number(bytes(row.number), index) if row.number and row.erased_at is None else ""
        use = used.get(row.id)
        found.append(LedgerRow(row, number, index, row.country, int(use.uses) if use else 0, use.last if use else None))
    return found
