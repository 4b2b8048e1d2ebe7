"""Erasure of a person (PIPL 47, GDPR 17): what is left is a keyed hash that keeps the number from ever being called again.

Emptied: the number and where it is (person, freezes, suspects, closed complaints), what the script could say of them (lead variables), what
they said (slots, summary, every sentence and its index), where their consents came from. Deleted: call records, logs, recordings, news about
them that waits for an endpoint or was sent, and proofs that are kept here and nobody else's. Kept: attempts, uses of consents and decision
records, which name nobody but by an id that leads nowhere any more, so the chain stays whole; and the SHA-256 of proofs, because whoever is
erased may still complain about earlier calls.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from callwright.campaigns.result_tables import call_text, follow_up, unanswered
from callwright.campaigns.tables import attempt, call_result, delivery, lead, task, task_lead
from callwright.compliance import consent_desk, consent_store
from callwright.compliance.tables import complaint, consent, freeze, freeze_suspect, person, suppression
from callwright.desk.tables import wrap_up
from callwright.errors import InputError, Problem
from callwright.insight.files import waveform_blob
from callwright.insight.gathering import forget
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["Erased", "delete_blobs", "erase"]

_FIND = select(person.c.id).where(person.c.tenant_id == TENANT, person.c.number_index == bindparam("index"))
_LOCK = _FIND.with_for_update()
_OPEN_CASES = select(func.count()).where(
    complaint.c.tenant_id == TENANT, complaint.c.number_index == bindparam("index"), complaint.c.state != "closed"
)
_RINGING = select(func.count()).where(
    attempt.c.tenant_id == TENANT, attempt.c.person_id == bindparam("who"), attempt.c.state.not_in(["done", "unknown"])
)
_SUPPRESS = upsert(suppression).on_conflict_do_nothing(index_elements=["tenant_id", "number_index"])
_PERSON = (
    update(person)
    .where(person.c.tenant_id == TENANT, person.c.id == bindparam("who"))
    .values(
        number_index=bindparam("nobody"),
        number=b"",
        region="",
        zones=[],
        line_type="unknown",
        erased_at=bindparam("at"),
    )
)
_LEADS = (
    update(lead)
    .where(lead.c.tenant_id == TENANT, lead.c.person_id == bindparam("who"))
    .values(variables=b"", time_zone=None)
)
_THEIR_LEADS = select(lead.c.id).where(lead.c.tenant_id == TENANT, lead.c.person_id == bindparam("who"))
# By the key of the queue, which has no index of people: each index of it is written with every step of a call.
_QUEUE = (
    update(task_lead)
    .where(
        task_lead.c.tenant_id == TENANT,
        task_lead.c.task_id.in_(
            select(task.c.id)
            .join_from(task, lead, and_(lead.c.tenant_id == task.c.tenant_id, lead.c.list_id == task.c.list_id))
            .where(task.c.tenant_id == TENANT, lead.c.person_id == bindparam("who"))
        ),
        task_lead.c.lead_id.in_(_THEIR_LEADS),
        task_lead.c.state.in_(["ready", "parked"]),
    )
    .values(state="excluded", reason="erased")
)  # fmt: skip
_CONSENTS = (
    update(consent).where(consent.c.tenant_id == TENANT, consent.c.person_id == bindparam("who")).values(source="")
)
_FREEZES = (
    update(freeze)
    .where(freeze.c.tenant_id == TENANT, freeze.c.number_index == bindparam("index"))
    .values(number=b"", note="", source="")
)
_SUSPECTS = (
    update(freeze_suspect)
    .where(freeze_suspect.c.tenant_id == TENANT, freeze_suspect.c.number_index == bindparam("index"))
    .values(number=b"", words="")
)
_CASES = (
    update(complaint)
    .where(complaint.c.tenant_id == TENANT, complaint.c.number_index == bindparam("index"))
    .values(number=b"", text=b"", answer=b"")
)
_NEWS = delete(delivery).where(delivery.c.tenant_id == TENANT, delivery.c.about == bindparam("index"))
_THEIRS = exists().where(
    attempt.c.tenant_id == TENANT, attempt.c.id == call_result.c.attempt_id, attempt.c.person_id == bindparam("who")
)
_BLOBS = select(call_result.c.record, call_result.c.log, call_result.c.recording).where(
    call_result.c.tenant_id == TENANT, _THEIRS
)
_BUNDLES = select(complaint.c.bundle).where(
    complaint.c.tenant_id == TENANT, complaint.c.number_index == bindparam("index"), complaint.c.bundle != ""
)
_PROOFS = (
    select(consent.c.evidence)
    .where(consent.c.tenant_id == TENANT, consent.c.person_id == bindparam("who"), consent.c.evidence != "")
    .distinct()
)
_RESULT_IDS = select(call_result.c.attempt_id).where(call_result.c.tenant_id == TENANT, _THEIRS)
_RESULT = (
    update(call_result)
    .where(call_result.c.tenant_id == TENANT, call_result.c.attempt_id == bindparam("attempt"))
    .values(
        slots=bindparam("no_slots"), summary=bindparam("no_summary"), grade_reasons=[], tags=[], record="", log="", recording=""
    )
)  # fmt: skip
_NOTES = (
    update(wrap_up).where(wrap_up.c.tenant_id == TENANT, wrap_up.c.attempt_id == bindparam("attempt")).values(note=b"")
)
_TEXTS = [
    delete(table).where(table.c.tenant_id == TENANT, table.c.attempt_id == bindparam("attempt"))
    for table in (call_text, unanswered, follow_up)
]


@dataclass(frozen=True, slots=True)
class Erased:
    """person_id: under which records and attempts name nobody now; blobs: to be deleted once this is committed (`delete_blobs`)."""

    person_id: int
    blobs: tuple[str, ...]


async def erase(scope: Scope, keys: TenantKeys, number: str, now: datetime) -> Erased:
    """Erase whoever has this number, and never call it again.

    Raises:
        InputError: nobody here has it, there is a complaint that is not closed, or a call to it is going on.
    """
    index = keys.index(number)
    who = await scope.value(_FIND, index=index)
    if who is not None:
        await scope.run(_QUEUE, who=who)  # before the person: whoever dials locks in this order
    row = await scope.first(_LOCK, index=index)
    if row is None:
        raise InputError(
            Problem("person", "nobody here has this number", hint="write it with its country code (+86...)")
        )
    if await scope.value(_OPEN_CASES, index=index):
        hint = "`callwright complaint close` first: its evidence is still needed"
        raise InputError(Problem("complaint", "there is a complaint about this number that is not closed", hint=hint))
    if await scope.value(_RINGING, who=row.id):
        raise InputError(Problem("call", "this person is being called right now", hint="try again in some minutes"))
    await scope.run(_SUPPRESS, number_index=index, reason="erased", created_at=now)
    await consent_store.revoke(scope, row.id, "other", now)
    files = await scope.all(_BLOBS, who=row.id)
    blobs = [name for found in files for name in found if name]
    blobs += [waveform_blob(found.recording) for found in files if found.recording]
    blobs += [found.bundle for found in await scope.all(_BUNDLES, index=index)]
    for digest in [found[0] for found in await scope.all(_PROOFS, who=row.id)]:
        if not await consent_desk.shared_evidence(scope, digest, row.id):
            blobs.append(consent_desk.evidence_blob(digest))
    names = [result.attempt_id for result in await scope.all(_RESULT_IDS, who=row.id)]
    for name in names:
        await scope.run(
            _RESULT,
            attempt=name,
            no_slots=keys.seal("{}", f"slots.{name}"),
            no_summary=keys.seal("{}", f"summary.{name}"),
        )
        for each in (*_TEXTS, _NOTES):
            await scope.run(each, attempt=name)
    await forget(scope, keys, names)
    for statement in (_LEADS, _CONSENTS):
        await scope.run(statement, who=row.id)
    for statement in (_FREEZES, _SUSPECTS, _CASES):
        await scope.run(statement, index=index)
    await scope.run(_NEWS, index=index)
    await scope.run(_PERSON, who=row.id, nobody=secrets.token_bytes(16), at=now)
    return Erased(row.id, tuple(blobs))


async def delete_blobs(erased: Erased, delete: Callable[[str], Awaitable[None]]) -> None:
    """Delete what lay outside of the database."""
    for name in erased.blobs:
        await delete(name)
