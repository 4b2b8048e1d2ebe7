"""SQL of what a decision looks at. The same statements on SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import BindParameter, String, and_, bindparam, func, or_, select

from callwright.accounts.tables import own_number
from callwright.campaigns.dispatch_store import IN_FLIGHT, REFUSALS
from callwright.campaigns.tables import attempt, script_version, task
from callwright.compliance.tables import consent, freeze, freeze_suspect, registry_copy, registry_number, suppression
from callwright.store.constant import alternatives, constant
from callwright.store.metadata import TENANT, UtcTime, words

__all__ = ["FACTS", "OWN_NUMBERS", "SCRIPTS"]

_PERSONS: BindParameter[int] = bindparam("persons", expanding=True)
_INDEXES: BindParameter[bytes] = bindparam("indexes", expanding=True)
_NOW = bindparam("now", type_=UtcTime())

_past = (
    select(
        attempt.c.person_id, attempt.c.dialled_at, attempt.c.counts, attempt.c.state, attempt.c.disposition, attempt.c.talk_ms,
        attempt.c.task_id, task.c.company_id,
    )
    .outerjoin_from(attempt, task, and_(task.c.tenant_id == attempt.c.tenant_id, task.c.id == attempt.c.task_id))
    .where(
        attempt.c.tenant_id == TENANT,
        attempt.c.person_id.in_(_PERSONS),
        attempt.c.dialled_at >= bindparam("refusals_since", type_=UtcTime()),
        or_(
            attempt.c.dialled_at >= bindparam("since", type_=UtcTime()),
            attempt.c.disposition.in_(REFUSALS),
            attempt.c.state.in_(IN_FLIGHT),
        ),
    )
)  # fmt: skip
_consents = select(
    consent.c.id, consent.c.person_id, consent.c.company_id, consent.c.basis, words(consent.c.scope).label("covers"), consent.c.wording,
    consent.c.evidence, consent.c.given_at, consent.c.valid_until, consent.c.revoked_at,
).where(consent.c.tenant_id == TENANT, consent.c.person_id.in_(_PERSONS))  # fmt: skip
_freezes = select(
    freeze.c.number_index, freeze.c.scope, freeze.c.scope_id, freeze.c.reason, freeze.c.frozen_at, freeze.c.until
).where(
    freeze.c.tenant_id == TENANT,
    freeze.c.number_index.in_(_INDEXES),
    freeze.c.lifted_at.is_(None),
    or_(freeze.c.until.is_(None), freeze.c.until > _NOW),
)
_suspects = (
    select(freeze_suspect.c.number_index, func.count().label("waiting"))
    .where(
        freeze_suspect.c.tenant_id == TENANT,
        freeze_suspect.c.number_index.in_(_INDEXES),
        freeze_suspect.c.state == "waiting",
    )
    .group_by(freeze_suspect.c.number_index)
)
_suppressed = select(suppression.c.number_index, suppression.c.created_at.label("frozen_at")).where(
    suppression.c.tenant_id == TENANT, suppression.c.number_index.in_(_INDEXES)
)
# Every copy of a country's registries that is in use, with those of the numbers that stand in it.
_registries = (
    select(
        registry_copy.c.id, registry_copy.c.name.label("registry"), registry_copy.c.country, registry_copy.c.kind, registry_copy.c.as_of,
        words(registry_copy.c.areas).label("areas"), registry_number.c.number_index, registry_number.c.listed,
    )
    .outerjoin_from(
        registry_copy,
        registry_number,
        and_(
            registry_number.c.tenant_id == registry_copy.c.tenant_id,
            registry_number.c.copy_id == registry_copy.c.id,
            registry_number.c.number_index.in_(_INDEXES),
        ),
    )
    .where(
        registry_copy.c.tenant_id == TENANT,
        registry_copy.c.country.in_(bindparam("countries", expanding=True)),
        registry_copy.c.state == "ready",
    )
)  # fmt: skip
_scripts = select(
    script_version.c.id, script_version.c.digest, script_version.c.reviewed_at, script_version.c.withdrawn_at
).where(script_version.c.tenant_id == TENANT, script_version.c.digest.in_(bindparam("digests", expanding=True)))
_own_numbers = select(
    own_number.c.id, own_number.c.number, own_number.c.company_id, own_number.c.region, own_number.c.state, own_number.c.max_per_day,
    own_number.c.verified_at,
).where(
    own_number.c.tenant_id == TENANT,
    own_number.c.pool == bindparam("pool", type_=String()),
    own_number.c.trunk == bindparam("trunk", type_=String()),
    own_number.c.state.in_(("active", "slowed")),
)  # fmt: skip

FACTS = constant(
    alternatives(
        past=_past, consent=_consents, freeze=_freezes, suppressed=_suppressed, suspects=_suspects, registry=_registries, script=_scripts,
        own=_own_numbers,
    )
)  # fmt: skip
"""All that a decision looks at, in one answer. To be asked after the people are locked: what was written before the lock was free is seen."""

SCRIPTS = constant(_scripts)
OWN_NUMBERS = constant(_own_numbers.order_by(own_number.c.id))
