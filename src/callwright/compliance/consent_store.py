"""The consent ledger in the database: added to, revoked, used; never rewritten but for the revocation.

Whoever revokes locks the person first, as whoever dials does: a dial that is being decided ends before, and the next one sees it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select, update

from callwright.accounts.tables import company
from callwright.compliance.consents import MEANS, NewConsent, honour_by
from callwright.compliance.facts import ConsentFacts
from callwright.compliance.tables import consent, consent_use, person
from callwright.errors import InputError, Problem
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["Consent", "Known", "Use", "add", "consents_of", "known", "revoke", "used", "uses_of"]

_PERSON = select(person.c.id, person.c.country, person.c.erased_at).where(
    person.c.tenant_id == TENANT, person.c.number_index == bindparam("index")
)
_LOCK = (
    select(person.c.id, person.c.country)
    .where(person.c.tenant_id == TENANT, person.c.id == bindparam("person"))
    .with_for_update()
)
# Person and company of a new row are there, and stay until it is committed: no foreign key says so (docs/adr/0013).
_HOLD = (
    select(person.c.id)
    .where(person.c.tenant_id == TENANT, person.c.id == bindparam("person"), person.c.erased_at.is_(None))
    .with_for_update(read=True, key_share=True)
)
_COMPANY = (
    select(company.c.id)
    .where(company.c.tenant_id == TENANT, company.c.id == bindparam("company"))
    .with_for_update(read=True, key_share=True)
)
_ADD = insert(consent).returning(consent.c.id)
_OF_PERSON = (
    select(consent)
    .where(consent.c.tenant_id == TENANT, consent.c.person_id == bindparam("person"))
    .order_by(consent.c.id)
)
_REVOKE = (
    update(consent)
    .where(consent.c.tenant_id == TENANT, consent.c.id == bindparam("consent"), consent.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"), revoked_means=bindparam("means"), honour_by=bindparam("by"))
)
_USE = insert(consent_use)
_COUNTED = (
    select(consent_use.c.consent_id, func.count().label("uses"), func.max(consent_use.c.used_at).label("last"))
    .where(consent_use.c.tenant_id == TENANT, consent.c.tenant_id == TENANT)
    .join(consent, consent.c.id == consent_use.c.consent_id)
    .where(consent.c.person_id == bindparam("person"))
    .group_by(consent_use.c.consent_id)
)
_USES = (
    select(consent_use.c.attempt_id, consent_use.c.used_at)
    .where(consent_use.c.tenant_id == TENANT, consent_use.c.consent_id == bindparam("consent"))
    .order_by(consent_use.c.used_at.desc())
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Known:
    """A person of the tenant."""

    id: int
    country: str
    erased: bool


@dataclass(frozen=True, slots=True)
class Consent:
    """A row of the ledger. uses, last_used_at: how often a call rested on it, and when last (in Germany the proof is kept five years
    from then: UWG 7a)."""

    facts: ConsentFacts
    channel: str
    source: str
    revoked_means: str
    honour_by: datetime | None
    created_at: datetime
    uses: int
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Use:
    """A call that rested on a consent."""

    attempt_id: str
    used_at: datetime


async def known(scope: Scope, keys: TenantKeys, number: str) -> Known:
    """The person with this number.

    Raises:
        InputError: nobody with it was ever imported (or they were erased).
    """
    row = await scope.first(_PERSON, index=keys.index(number))
    if row is None:
        hint = "write it with its country code (+86...); people come with `callwright leads import`"
        raise InputError(Problem("person", "nobody here has this number", hint=hint))
    return Known(row.id, row.country, row.erased_at is not None)


async def add(scope: Scope, person_id: int, new: NewConsent, now: datetime) -> int:
    """Write a consent (or another basis) into the ledger; its id.

    Raises:
        InputError: there is no such person (any more), or no such company.
    """
    if await scope.value(_HOLD, person=person_id) is None:
        raise InputError(Problem("person", "this person is not known here, or was erased"))
    if new.company_id is not None and await scope.value(_COMPANY, company=new.company_id) is None:
        raise InputError(
            Problem("company", f"there is no company {new.company_id}", hint="`callwright company list` shows them")
        )
    made = await scope.value(
        _ADD, person_id=person_id, company_id=new.company_id, basis=new.basis, scope=sorted(new.scope), wording=new.wording[:64],
        channel=new.channel[:32], source=new.source[:200], evidence=new.evidence, given_at=new.given_at,
        valid_until=new.valid_until, created_at=now,
    )  # fmt: skip
    return int(made)


async def revoke(
    scope: Scope,
    person_id: int,
    means: str,
    now: datetime,
    *,
    company_id: int | None = None,
    consent_id: int | None = None,
) -> list[int]:
    """Take back what this person agreed to: everything, or what was given to one company, or one consent. It holds from this moment on;
    the law's own last moment is written beside it. Ids of what was revoked; what was revoked before stays as it was.

    Raises:
        InputError: `means` is none of `consents.MEANS`.
    """
    if means not in MEANS:
        raise InputError(
            Problem("means", f"there are no means {means[:20]!r}", hint=f"one of {', '.join(sorted(MEANS))}")
        )
    row = await scope.first(_LOCK, person=person_id)
    country = row.country if row is not None else ""
    revoked = []
    for each in await scope.all(_OF_PERSON, person=person_id):
        wanted = consent_id is None or each.id == consent_id
        if company_id is not None and each.company_id not in (company_id, None):
            wanted = False
        if wanted and each.revoked_at is None:
            await scope.run(_REVOKE, consent=each.id, at=now, means=means, by=honour_by(now, country))
            revoked.append(int(each.id))
    return revoked


async def used(scope: Scope, uses: Iterable[tuple[int, str]], now: datetime) -> None:
    """Write down that these attempts rest on these consents: (consent, attempt), in the transaction of the dial."""
    await scope.run(_USE, [{"consent_id": one, "attempt_id": attempt, "used_at": now} for one, attempt in uses])


async def consents_of(scope: Scope, person_id: int) -> list[Consent]:
    """All of a person's, revoked ones too, in the order they came."""
    counted = {row.consent_id: row for row in await scope.all(_COUNTED, person=person_id)}
    return [_consent(row, counted.get(row.id)) for row in await scope.all(_OF_PERSON, person=person_id)]


async def uses_of(scope: Scope, consent_id: int, most: int = 100) -> list[Use]:
    """Calls that rested on a consent, newest first."""
    return [Use(row.attempt_id, row.used_at) for row in await scope.all(_USES, consent=consent_id, most=most)]


def _consent(row: Row[Any], use: Row[Any] | None) -> Consent:
    facts = ConsentFacts(
        row.basis, frozenset(row.scope), row.given_at, row.valid_until, row.revoked_at, row.company_id, row.wording, row.evidence,
        row.id,
    )  # fmt: skip
    return Consent(
        facts, row.channel, row.source, row.revoked_means, row.honour_by, row.created_at,
        int(use.uses) if use is not None else 0, use.last if use is not None else None,
    )  # fmt: skip
