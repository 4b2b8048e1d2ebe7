"""One person as a tenant knows them: every call, every refusal to call, why, consents, freezes, words, complaints, as one line of time.

Found by the blind index of their number. Everything the line of time tells is read by index; a page costs a page, however long the line is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import bindparam, func, select

from callwright.campaigns.tables import attempt, call_result, lead, lead_list, task
from callwright.compliance.record_store import RULES
from callwright.compliance.tables import (
    complaint,
    consent,
    decision_record,
    decision_rules,
    freeze,
    freeze_suspect,
    person,
    suppression,
)
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT, UtcTime
from callwright.store.scope import Scope

__all__ = ["Counts", "Event", "Kind", "Subject", "counts_of", "find", "suppressed", "timeline"]

Kind = Literal["call", "refusal", "consent", "withdrawal", "freeze", "lift", "suspect", "complaint", "listed"]

_BEFORE = bindparam("before", type_=UtcTime())
_PERSON = select(person).where(person.c.tenant_id == TENANT, person.c.number_index == bindparam("index"))
_SUPPRESSED = select(suppression.c.created_at).where(
    suppression.c.tenant_id == TENANT, suppression.c.number_index == bindparam("index")
)
_FROZEN_NUMBER = (
    select(freeze.c.number)
    .where(freeze.c.tenant_id == TENANT, freeze.c.number_index == bindparam("index"))
    .order_by(freeze.c.id.desc())
    .limit(1)
)
_COMPLAINED_NUMBER = select(complaint.c.number).where(
    complaint.c.tenant_id == TENANT, complaint.c.number_index == bindparam("index")
)
_CALLS = (
    select(
        attempt.c.id, attempt.c.dialled_at.label("at"), attempt.c.task_id, task.c.name.label("task_name"), attempt.c.disposition,
        attempt.c.state, attempt.c.talk_ms, attempt.c.record_seq, attempt.c.origin, call_result.c.grade,
    )
    .outerjoin(task, (task.c.id == attempt.c.task_id) & (task.c.tenant_id == TENANT))
    .outerjoin(call_result, (call_result.c.attempt_id == attempt.c.id) & (call_result.c.tenant_id == TENANT))
    .where(attempt.c.tenant_id == TENANT, attempt.c.person_id == bindparam("who"), attempt.c.dialled_at <= _BEFORE)
    .order_by(attempt.c.dialled_at.desc(), attempt.c.id.desc())
    .limit(bindparam("most"))
)  # fmt: skip
_REFUSALS = (
    select(
        decision_record.c.seq, decision_record.c.at, decision_record.c.task_id, decision_record.c.body,
        decision_rules.c.text.label("rules"), task.c.name.label("task_name"),
    )
    .outerjoin(decision_rules, RULES)
    .outerjoin(task, (task.c.id == decision_record.c.task_id) & (task.c.tenant_id == TENANT))
    .where(
        decision_record.c.tenant_id == TENANT, decision_record.c.person_id == bindparam("who"), decision_record.c.kind == "refusal",
        decision_record.c.at <= _BEFORE,
    )
    .order_by(decision_record.c.at.desc(), decision_record.c.seq.desc())
    .limit(bindparam("most"))
)  # fmt: skip
_CONSENTS = select(consent).where(consent.c.tenant_id == TENANT, consent.c.person_id == bindparam("who"))
_FREEZES = select(freeze).where(freeze.c.tenant_id == TENANT, freeze.c.number_index == bindparam("index"))
_SUSPECTS = select(freeze_suspect).where(
    freeze_suspect.c.tenant_id == TENANT, freeze_suspect.c.number_index == bindparam("index")
)
_COMPLAINTS = select(complaint).where(complaint.c.tenant_id == TENANT, complaint.c.number_index == bindparam("index"))
_LISTED = (
    select(lead.c.id, lead.c.list_id, lead_list.c.name, lead.c.created_at.label("at"))
    .join(lead_list, (lead_list.c.id == lead.c.list_id) & (lead_list.c.tenant_id == TENANT))
    .where(lead.c.tenant_id == TENANT, lead.c.person_id == bindparam("who"), lead.c.created_at <= _BEFORE)
    .order_by(lead.c.created_at.desc(), lead.c.id.desc())
    .limit(bindparam("most"))
)
_COUNT_CALLS = select(
    func.count().label("calls"),
    func.count(attempt.c.answered_at).label("answered"),
    func.max(attempt.c.dialled_at).label("last"),
).where(attempt.c.tenant_id == TENANT, attempt.c.person_id == bindparam("who"))
_COUNT_REFUSALS = select(func.count()).where(
    decision_record.c.tenant_id == TENANT,
    decision_record.c.person_id == bindparam("who"),
    decision_record.c.kind == "refusal",
)
_COUNT_RECORDINGS = (
    select(func.count())
    .select_from(attempt)
    .join(call_result, (call_result.c.attempt_id == attempt.c.id) & (call_result.c.tenant_id == TENANT))
    .where(attempt.c.tenant_id == TENANT, attempt.c.person_id == bindparam("who"), call_result.c.recording != "")
)
_COUNT_LISTS = select(func.count()).where(lead.c.tenant_id == TENANT, lead.c.person_id == bindparam("who"))
_COUNT_CONSENTS = select(func.count()).where(consent.c.tenant_id == TENANT, consent.c.person_id == bindparam("who"))
_RINGING = select(func.count()).where(
    attempt.c.tenant_id == TENANT, attempt.c.person_id == bindparam("who"), attempt.c.state.not_in(["done", "unknown"])
)
_OPEN_CASES = select(func.count()).where(
    complaint.c.tenant_id == TENANT, complaint.c.number_index == bindparam("index"), complaint.c.state != "closed"
)


@dataclass(frozen=True, slots=True)
class Subject:
    """person: their id, None = never on a list (only frozen or complained); number: "" = not known here any more."""

    index: bytes
    number: str
    person: int | None
    country: str = ""
    region: str = ""
    zones: tuple[str, ...] = ()
    line_type: str = ""
    known_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What is kept about somebody, and what stands against erasing it: calls now, cases that are not closed."""

    calls: int
    answered: int
    refusals: int
    recordings: int
    lists: int
    consents: int
    last_call_at: datetime | None
    ringing: int
    open_cases: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. key: unique in the line, and breaks ties of one moment; detail: JSON-ready, by kind."""

    at: datetime
    kind: Kind
    key: str
    detail: dict[str, Any] = field(default_factory=dict)


async def find(scope: Scope, keys: TenantKeys, index: bytes) -> Subject | None:
    """Whoever has this number; None = nothing is known of it (or they were erased)."""
    row = await scope.first(_PERSON, index=index)
    if row is not None:
        number = keys.open_number(bytes(row.number), index) if row.number else ""
        return Subject(
            index, number, int(row.id), row.country, row.region, tuple(row.zones), row.line_type, row.created_at
        )
    for statement in (_FROZEN_NUMBER, _COMPLAINED_NUMBER):
        sealed = await scope.value(statement, index=index)
        if sealed:
            return Subject(index, keys.open_number(bytes(sealed), index), None)
    return None


async def suppressed(scope: Scope, index: bytes) -> datetime | None:
    """When the person was erased: the number is never called again."""
    moment: datetime | None = await scope.value(_SUPPRESSED, index=index)
    return moment


async def counts_of(scope: Scope, one: Subject) -> Counts:
    """What is kept."""
    cases = int(await scope.value(_OPEN_CASES, index=one.index))
    if one.person is None:
        return Counts(0, 0, 0, 0, 0, 0, None, 0, cases)
    calls = await scope.first(_COUNT_CALLS, who=one.person)
    assert calls is not None
    numbers = [
        int(await scope.value(statement, who=one.person))
        for statement in (_COUNT_REFUSALS, _COUNT_RECORDINGS, _COUNT_LISTS, _COUNT_CONSENTS, _RINGING)
    ]
    refusals, recordings, lists, consents, ringing = numbers
    return Counts(
        int(calls.calls), int(calls.answered), refusals, recordings, lists, consents, calls.last, ringing, cases
    )


async def timeline(
    scope: Scope, one: Subject, before: tuple[datetime, str] | None, now: datetime, most: int
) -> list[Event]:
    """The newest events that lie before that moment and key, newest first; at most `most`."""
    begin = now if before is None else before[0]
    found = [*await _about_number(scope, one)]
    if one.person is not None:
        found += await _about_person(scope, one.person, begin, most + _TIES)
    found = [event for event in found if before is None or (event.at, event.key) < before]
    return sorted(found, key=lambda event: (event.at, event.key), reverse=True)[:most]


_TIES = 20  # events of one moment that a page before may have shown already


async def _about_person(scope: Scope, who: int, begin: datetime, most: int) -> list[Event]:
    found = []
    for row in await scope.all(_CALLS, who=who, before=begin, most=most):
        detail = {
            "call": row.id, "task": row.task_id, "task_name": row.task_name or "", "disposition": row.disposition, "state": row.state,
            "talk_ms": row.talk_ms, "record": row.record_seq, "origin": row.origin, "grade": row.grade or "",
        }  # fmt: skip
        found.append(Event(row.at, "call", f"call:{row.id}", detail))
    for row in await scope.all(_REFUSALS, who=who, before=begin, most=most):
        detail = {
            "record": row.seq,
            "task": row.task_id,
            "task_name": row.task_name or "",
            "body": row.body,
            "rules": row.rules,
        }
        found.append(Event(row.at, "refusal", f"refusal:{row.seq:020}", detail))
    found += [
        Event(row.at, "listed", f"listed:{row.id:020}", {"list": row.list_id, "name": row.name})
        for row in await scope.all(_LISTED, who=who, before=begin, most=most)
    ]
    for row in await scope.all(_CONSENTS, who=who):
        detail = {
            "consent": row.id, "basis": row.basis, "scope": sorted(row.scope), "wording": row.wording, "channel": row.channel,
            "valid_until": None if row.valid_until is None else row.valid_until.isoformat(),
        }  # fmt: skip
        found.append(Event(row.given_at or row.created_at, "consent", f"consent:{row.id:020}", detail))
        if row.revoked_at is not None:
            detail = {"consent": row.id, "means": row.revoked_means, "basis": row.basis}
            found.append(Event(row.revoked_at, "withdrawal", f"withdrawal:{row.id:020}", detail))
    return found


async def _about_number(scope: Scope, one: Subject) -> Sequence[Event]:
    found = []
    for row in await scope.all(_FREEZES, index=one.index):
        detail = {
            "freeze": row.id, "reason": row.reason, "scope": row.scope, "by": row.by, "note": row.note,
            "until": None if row.until is None else row.until.isoformat(),
        }  # fmt: skip
        found.append(Event(row.frozen_at, "freeze", f"freeze:{row.id:020}", detail))
        if row.lifted_at is not None:
            detail = {"freeze": row.id, "by": row.lifted_by, "reason": row.lift_reason}
            found.append(Event(row.lifted_at, "lift", f"lift:{row.id:020}", detail))
    for row in await scope.all(_SUSPECTS, index=one.index):
        detail = {"suspect": row.id, "words": row.words, "state": row.state, "call": row.call_id}
        found.append(Event(row.found_at, "suspect", f"suspect:{row.id:020}", detail))
    for row in await scope.all(_COMPLAINTS, index=one.index):
        detail = {"complaint": row.id, "reference": row.reference, "channel": row.channel, "state": row.state}
        found.append(Event(row.received_at, "complaint", f"complaint:{row.id:020}", detail))
    return found
