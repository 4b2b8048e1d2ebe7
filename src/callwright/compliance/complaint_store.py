"""Complaint cases in the database. Opening one freezes the number in the same transaction."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, or_, select, update

from callwright.compliance import freeze_store
from callwright.compliance.complaints import CHANNELS, Clock, answered, due, overdue
from callwright.compliance.consent_store import revoke
from callwright.compliance.freezes import NewFreeze
from callwright.compliance.tables import complaint, person
from callwright.errors import InputError, Problem
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT, UtcTime
from callwright.store.scope import Scope

__all__ = ["Case", "NewComplaint", "answer", "bundled", "case_of", "close", "find", "late", "listed", "open_case"]

_PERSON = select(person.c.id).where(person.c.tenant_id == TENANT, person.c.number_index == bindparam("index"))
_ADD = insert(complaint).returning(complaint.c.id)
_ALL = select(complaint).where(complaint.c.tenant_id == TENANT)
_BY_REFERENCE = _ALL.where(complaint.c.reference == bindparam("reference"))
_LOCKED = _BY_REFERENCE.with_for_update()
_OVERDUE = or_(
    (complaint.c.state == "open") & (complaint.c.answer_by <= bindparam("now", type_=UtcTime())),
    (complaint.c.state == "answered") & (complaint.c.tell_by <= bindparam("now", type_=UtcTime())),
)
_OPEN = _ALL.where(complaint.c.state != "closed").order_by(complaint.c.answer_by, complaint.c.id)
_EVERY = _ALL.order_by(complaint.c.id)
_LATE = _ALL.where(_OVERDUE).order_by(complaint.c.answer_by, complaint.c.id)
_REMIND = (
    _ALL.where(
        or_(
            (complaint.c.state == "open")
            & (complaint.c.answer_by <= bindparam("now", type_=UtcTime()))
            & (complaint.c.reminded != "answer"),
            (complaint.c.state == "answered")
            & (complaint.c.tell_by <= bindparam("now", type_=UtcTime()))
            & (complaint.c.reminded != "tell"),
        )
    )
    .order_by(complaint.c.id)
    .with_for_update(skip_locked=True)
)
_REMINDED = (
    update(complaint)
    .where(complaint.c.tenant_id == TENANT, complaint.c.id == bindparam("case"))
    .values(reminded=bindparam("step"))
)
_ANSWER = (
    update(complaint)
    .where(complaint.c.tenant_id == TENANT, complaint.c.id == bindparam("case"))
    .values(state="answered", answered_at=bindparam("at"), answer=bindparam("said"), tell_by=bindparam("told_by"))
)
_CLOSE = (
    update(complaint).where(complaint.c.tenant_id == TENANT, complaint.c.id == bindparam("case")).values(state="closed")
)
_BUNDLED = (
    update(complaint)
    .where(complaint.c.tenant_id == TENANT, complaint.c.id == bindparam("case"))
    .values(bundle=bindparam("place"), bundle_sha256=bindparam("digest"), calls=bindparam("attempts"))
)


@dataclass(frozen=True, slots=True)
class NewComplaint:
    """What came in. reference: the ticket's number; "" = one of our own is made. clock: None = the channel's."""

    number: str
    channel: str = "own"
    reference: str = ""
    text: str = ""
    received_at: datetime | None = None
    clock: Clock | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A complaint as it is kept. number: "" once its person was erased; late: which step is overdue, "" = none."""

    id: int
    reference: str
    channel: str
    number: str
    text: str
    state: str
    received_at: datetime
    forward_by: datetime | None
    answer_by: datetime
    tell_by: datetime | None
    answered_at: datetime | None
    answer: str
    bundle: str
    bundle_sha256: str
    calls: tuple[str, ...]
    late: str
    by: str = ""
    subject: bytes = b""


async def open_case(scope: Scope, keys: TenantKeys, new: NewComplaint, now: datetime, by: str) -> Case:
    """Open a case: due dates set, the number frozen for everything, consents taken back. The same reference again changes nothing.

    Raises:
        InputError: there is no such channel, or the reference is another number's.
    """
    if new.channel not in CHANNELS:
        hint = f"one of {', '.join(CHANNELS)}"
        raise InputError(Problem("channel", f"no complaints come by {new.channel[:20]!r}", hint=hint))
    reference = new.reference.strip()[:64] or f"C-{now:%Y%m%d}-{secrets.token_hex(3)}"
    index, sealed = keys.seal_number(new.number)
    before = await scope.first(_BY_REFERENCE, reference=reference)
    if before is not None:
        if bytes(before.number_index) != index:
            raise InputError(Problem("reference", f"complaint {reference} is about another number"))
        return case_of(before, keys, now)
    freezing = NewFreeze(new.number, "complaint", note=f"complaint {reference}", source=new.channel)
    await freeze_store.freeze(scope, keys, freezing, now, by)
    who = await scope.value(_PERSON, index=index)
    if who is not None:
        await revoke(scope, int(who), "complaint", now)
    received = new.received_at or now
    last = due(new.clock or CHANNELS[new.channel], received)
    await scope.run(
        _ADD, reference=reference, channel=new.channel, number_index=index, number=sealed,
        text=_sealed(keys, "text", reference, new.text), received_at=received,
        forward_by=last.forward_by, answer_by=last.answer_by, tell_by=last.tell_by, by=by[:100],
    )  # fmt: skip
    return await find(scope, keys, reference, now)


async def find(scope: Scope, keys: TenantKeys, reference: str, now: datetime) -> Case:
    """The case with this reference.

    Raises:
        InputError: there is none.
    """
    return case_of(_there(await scope.first(_BY_REFERENCE, reference=reference), reference), keys, now)


async def listed(scope: Scope, keys: TenantKeys, now: datetime, which: str = "open") -> list[Case]:
    """which: `open` (not closed; most urgent first), `overdue`, or `all`."""
    statement = {"open": _OPEN, "overdue": _LATE, "all": _EVERY}[which]
    parameters = {"now": now} if which == "overdue" else {}
    return [case_of(row, keys, now) for row in await scope.all(statement, **parameters)]


async def late(scope: Scope, keys: TenantKeys, now: datetime) -> list[Case]:
    """Cases with a step that became late since this was asked the last time: each step is given once."""
    found = [case_of(row, keys, now) for row in await scope.all(_REMIND, now=now)]
    await scope.run(_REMINDED, [{"case": case.id, "step": case.late} for case in found])
    return found


async def answer(scope: Scope, keys: TenantKeys, reference: str, text: str, now: datetime) -> None:
    """What was answered; from now on the person must be told in time.

    Raises:
        InputError: nothing is said, there is no such case, or it was answered before.
    """
    if not text.strip():
        raise InputError(Problem("answer", "an answer says something"))
    row = _there(await scope.first(_LOCKED, reference=reference), reference)
    if row.state != "open":
        raise InputError(Problem("complaint", f"complaint {reference} is {row.state}"))
    told_by = answered(CHANNELS[row.channel], now)
    said = _sealed(keys, "answer", row.reference, text.strip())
    await scope.run(_ANSWER, case=row.id, at=now, said=said, told_by=told_by)


async def close(scope: Scope, reference: str) -> None:
    """The person was told. The freeze stays until somebody lifts it.

    Raises:
        InputError: there is no such case, or it has no answer yet.
    """
    row = _there(await scope.first(_LOCKED, reference=reference), reference)
    if row.state != "answered":
        hint = "`callwright complaint answer` comes before" if row.state == "open" else ""
        raise InputError(Problem("complaint", f"complaint {reference} is {row.state}", hint=hint))
    await scope.run(_CLOSE, case=row.id)


async def bundled(scope: Scope, case: Case, place: str, digest: str, attempts: Sequence[str]) -> None:
    """Where the evidence lies, and which calls it is about."""
    await scope.run(_BUNDLED, case=case.id, place=place[:300], digest=digest, attempts=list(attempts))


def _there(row: Row[Any] | None, reference: str) -> Row[Any]:
    if row is None:
        hint = "`callwright complaint list --all` shows them"
        raise InputError(Problem("complaint", f"there is no complaint {reference[:64]}", hint=hint))
    return row


def _sealed(keys: TenantKeys, column: str, reference: str, said: str) -> bytes:
    """As it is kept: it opens in this column of this case only."""
    return keys.seal(said, f"complaint.{column}.{reference}") if said else b""


def _opened(keys: TenantKeys, column: str, reference: str, kept: bytes) -> str:
    return keys.open(bytes(kept), f"complaint.{column}.{reference}").decode() if kept else ""


def case_of(row: Row[Any], keys: TenantKeys, now: datetime) -> Case:
    """A row of `complaint`."""
    number = keys.open_number(bytes(row.number), bytes(row.number_index)) if row.number else ""
    text, said = (_opened(keys, name, row.reference, getattr(row, name)) for name in ("text", "answer"))
    return Case(
        row.id, row.reference, row.channel, number, text, row.state, row.received_at, row.forward_by, row.answer_by, row.tell_by,
        row.answered_at, said, row.bundle, row.bundle_sha256, tuple(row.calls),
        overdue(row.state, row.answer_by, row.tell_by, now), row.by, bytes(row.number_index),
    )  # fmt: skip
