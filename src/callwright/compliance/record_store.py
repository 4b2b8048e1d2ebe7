"""Decision records in the database: appended within the transaction of the dial, read by number, exported, verified where they lie."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from callwright.compliance.records import GENESIS, Head, NewRecord, Sealed, chain
from callwright.compliance.tables import chain_head, decision_record
from callwright.store.crypto import TenantKeys
from callwright.store.database import Scope
from callwright.store.metadata import TENANT

__all__ = ["Kept", "append", "find", "head", "pages", "show"]

_PAGE = 500

_HEAD = select(chain_head.c.seq, chain_head.c.hash).where(chain_head.c.tenant_id == TENANT)
_LOCK = _HEAD.with_for_update()
_BEGIN = upsert(chain_head).on_conflict_do_nothing(index_elements=["tenant_id"])
_MOVE = (
    update(chain_head)
    .where(chain_head.c.tenant_id == TENANT)
    .values(seq=bindparam("new_seq"), hash=bindparam("new_hash"))
)
_ADD = insert(decision_record)
_KEPT = select(
    decision_record.c.seq,
    decision_record.c.id,
    decision_record.c.kind,
    decision_record.c.task_id,
    decision_record.c.lead_id,
    decision_record.c.person_id,
    decision_record.c.attempt_id,
    decision_record.c.at,
    decision_record.c.body,
    decision_record.c.hash,
    decision_record.c.signature,
).where(decision_record.c.tenant_id == TENANT)
_AFTER = (
    _KEPT.where(decision_record.c.seq > bindparam("after"), decision_record.c.seq <= bindparam("last"))
    .order_by(decision_record.c.seq)
    .limit(_PAGE)
)
_BY_SEQ = _KEPT.where(decision_record.c.seq == bindparam("seq"))
_BY_ID = _KEPT.where(decision_record.c.id == bindparam("id"))


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of `decision_record`: the sealed record, and the columns by which it is found."""

    record: Sealed
    kind: str
    at: datetime
    task_id: int | None
    lead_id: int | None
    person_id: int | None
    attempt_id: str | None


async def append(scope: Scope, keys: TenantKeys, entries: Sequence[NewRecord]) -> list[Sealed]:
    """Write the records of this transaction, all at once and in this order. Locks the end of the tenant's chain until the transaction
    ends: call it last, once in a transaction.

    Raises:
        ValueError: an entry contradicts its decision, or would tell a phone number.
    """
    if not entries:
        return []
    sealed = chain(scope.tenant, await _lock(scope), entries, keys.signing.sign, keys.index)
    rows = [
        {
            "seq": record.seq, "id": record.id, "kind": entry.kind, "task_id": entry.task_id, "lead_id": entry.lead_id,
            "person_id": entry.person_id, "attempt_id": entry.attempt_id, "at": entry.at, "body": record.body,
            "hash": record.hash, "signature": record.signature,
        }
        for entry, record in zip(entries, sealed, strict=True)
    ]  # fmt: skip
    await scope.run(_ADD, rows)
    await scope.run(_MOVE, new_seq=sealed[-1].seq, new_hash=sealed[-1].hash)
    return sealed


async def head(scope: Scope) -> Head:
    """Where the tenant's chain ends."""
    row = await scope.first(_HEAD)
    return Head() if row is None else Head(int(row.seq), bytes(row.hash))


async def find(
    scope: Scope,
    *,
    task: int | None = None,
    lead: int | None = None,
    person: int | None = None,
    attempt: str | None = None,
    kind: str | None = None,
    most: int = 100,
) -> list[Kept]:
    """The newest records of this task, lead, person or attempt (all of those that are given), newest first; at most `most`."""
    wanted = {"task_id": task, "lead_id": lead, "person_id": person, "attempt_id": attempt, "kind": kind}
    statement = _KEPT
    for column, value in wanted.items():
        if value is not None:
            statement = statement.where(decision_record.c[column] == value)
    statement = statement.order_by(decision_record.c.seq.desc()).limit(most)
    return [_kept(row) for row in await scope.all(statement)]


async def show(scope: Scope, name: str) -> Kept | None:
    """The record of this number or id; None = there is none."""
    numbered = name.isascii() and name.isdigit() and len(name) < 19
    row = await scope.first(_BY_SEQ, seq=int(name)) if numbered else await scope.first(_BY_ID, id=name)
    return None if row is None else _kept(row)


async def pages(scope: Scope, first: int, last: int) -> AsyncIterator[list[Kept]]:
    """The records from number `first` to `last`, in order, a few hundred at a time."""
    after = first - 1
    while True:
        page = [_kept(row) for row in await scope.all(_AFTER, after=after, last=last)]
        if not page:
            return
        yield page
        after = page[-1].record.seq


def _kept(row: Row[Any]) -> Kept:
    sealed = Sealed(int(row.seq), row.id, row.body, bytes(row.hash), bytes(row.signature))
    return Kept(sealed, row.kind, row.at, row.task_id, row.lead_id, row.person_id, row.attempt_id)


async def _lock(scope: Scope) -> Head:
    row = await scope.first(_LOCK)
    if row is None:
        await scope.run(_BEGIN, seq=0, hash=GENESIS)
        row = await scope.first(_LOCK)
        assert row is not None
    return Head(int(row.seq), bytes(row.hash))
