"""Decision records in the database: appended within the transaction of the dial, read by number, exported, verified where they lie."""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from callwright.compliance.record_file import Anchor, RecordCheck, Report, header_text, record_text, signed_by
from callwright.compliance.records import GENESIS, Head, NewRecord, Sealed, canonical, chain, digest_of, link
from callwright.compliance.tables import chain_head, decision_record, decision_rules
from callwright.errors import DamagedError, InputError, Problem
from callwright.store.constant import constant
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT
from callwright.store.scope import Changes, Scope
from callwright.store.together import sharing

__all__ = [
    "KEPT",
    "RULES",
    "Kept",
    "append",
    "check_row",
    "checked_head",
    "export",
    "find",
    "head",
    "kept_of",
    "lock_end",
    "pages",
    "seal",
    "show",
    "verify_kept",
    "verify_one",
    "vouched",
]

_PAGE = 500
_LINKED = 32  # most transactions write fewer
_MOST_TOGETHER = 5000
_NO_END = 2**62

_HEAD = constant(select(chain_head.c.seq, chain_head.c.hash, chain_head.c.mac).where(chain_head.c.tenant_id == TENANT))
_LOCK = constant(_HEAD.with_for_update())
_BEGIN = upsert(chain_head).on_conflict_do_nothing(index_elements=["tenant_id"])
_MOVE = constant(
    update(chain_head)
    .where(chain_head.c.tenant_id == TENANT)
    .values(seq=bindparam("new_seq"), hash=bindparam("new_hash"), mac=bindparam("new_mac"))
)
_ADD = constant(insert(decision_record))
_ADD_RULES = constant(upsert(decision_rules).on_conflict_do_nothing(index_elements=["tenant_id", "digest"]))
RULES = (decision_rules.c.digest == decision_record.c.rules) & (decision_rules.c.tenant_id == TENANT)
"""How what the rules said belongs to a record (an outer join: a record whose rules are gone is still there, and verification tells)."""
KEPT = (
    select(
        decision_record.c.seq,
        decision_record.c.kind,
        decision_record.c.task_id,
        decision_record.c.lead_id,
        decision_record.c.person_id,
        decision_record.c.attempt_id,
        decision_record.c.at,
        decision_record.c.body,
        decision_record.c.hash,
        decision_record.c.signature,
        decision_rules.c.text.label("rules"),
    )
    .outerjoin(decision_rules, RULES)
    .where(decision_record.c.tenant_id == TENANT)
)
"""Rows of `kept_of`."""
_AFTER = (
    KEPT.where(decision_record.c.seq > bindparam("after"), decision_record.c.seq <= bindparam("last"))
    .order_by(decision_record.c.seq)
    .limit(_PAGE)
)
_LINKS = (
    select(decision_record.c.seq, decision_record.c.body, decision_record.c.hash, decision_record.c.signature)
    .where(
        decision_record.c.tenant_id == TENANT,
        decision_record.c.seq > bindparam("after"),
        decision_record.c.seq <= bindparam("last"),
    )
    .order_by(decision_record.c.seq)
    .limit(_LINKED)
)
_BY_SEQ = KEPT.where(decision_record.c.seq == bindparam("seq"))


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of `KEPT`: the sealed record, and the columns by which it is found."""

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
        DamagedError: somebody without the key wrote where the chain ends: our signature would vouch for it.
    """
    sealed, changes = await seal(scope, keys, entries)
    await scope.together(*changes)
    return sealed


async def seal(
    scope: Scope, keys: TenantKeys, entries: Sequence[NewRecord], end: Head | None = None
) -> tuple[list[Sealed], Sequence[Changes]]:
    """The same but for the writing: the records, and the changes that keep them, which must be made within this transaction. end: where the
    chain ends, when this transaction has locked it.

    Raises:
        ValueError, DamagedError: as for `append`.
    """
    if not entries:
        return [], ()
    before = await lock_end(scope, keys) if end is None else end
    sealed = chain(scope.tenant, before, entries, keys.signing.sign, keys.index)
    named = {text: digest_of(text) for text in {record.rules: None for record in sealed}}
    rows = [
        {
            "seq": record.seq, "kind": entry.kind, "task_id": entry.task_id, "lead_id": entry.lead_id,
            "person_id": entry.person_id, "attempt_id": entry.attempt_id, "at": entry.at, "body": record.body,
            "rules": named[record.rules], "hash": record.hash, "signature": record.signature,
        }
        for entry, record in zip(entries, sealed, strict=True)
    ]  # fmt: skip
    last = sealed[-1]
    return sealed, (
        (_ADD_RULES, [{"digest": digest, "text": text} for text, digest in named.items()]),
        (_ADD, *sharing(rows, "at", "task_id")),
        (_MOVE, [{"new_seq": last.seq, "new_hash": last.hash, "new_mac": keys.mac_of_end(last.seq, last.hash)}]),
    )


async def lock_end(scope: Scope, keys: TenantKeys) -> Head:
    """Where the tenant's chain ends; nobody else writes a record until this transaction ends.

    Raises:
        DamagedError: somebody without the key wrote that.
    """
    row = await scope.first(_LOCK)
    if row is None:
        await scope.run(_BEGIN, seq=0, hash=GENESIS, mac=b"")
        row = await scope.first(_LOCK)
        assert row is not None
    return await _checked(scope, row, keys)


async def head(scope: Scope) -> Head:
    """Where the tenant's chain is said to end."""
    row = await scope.first(_HEAD)
    return Head() if row is None else Head(int(row.seq), bytes(row.hash))


async def checked_head(scope: Scope, keys: TenantKeys) -> Head:
    """Where the tenant's chain ends.

    Raises:
        DamagedError: somebody without the key wrote that.
    """
    row = await scope.first(_HEAD)
    return Head() if row is None else await _checked(scope, row, keys)


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
    statement = KEPT
    for column, value in wanted.items():
        if value is not None:
            statement = statement.where(decision_record.c[column] == value)
    statement = statement.order_by(decision_record.c.seq.desc()).limit(most)
    return [kept_of(row) for row in await scope.all(statement)]


async def show(scope: Scope, seq: int) -> Kept | None:
    """The record of this number; None = there is none."""
    row = await scope.first(_BY_SEQ, seq=seq)
    return None if row is None else kept_of(row)


async def pages(scope: Scope, first: int, last: int) -> AsyncIterator[list[Kept]]:
    """The records from number `first` to `last`, in order, a few hundred at a time."""
    after = first - 1
    while True:
        page = [kept_of(row) for row in await scope.all(_AFTER, after=after, last=last)]
        if not page:
            return
        yield page
        after = page[-1].record.seq


async def export(
    scope: Scope, keys: TenantKeys, now: datetime, first: int = 1, last: int | None = None
) -> AsyncIterator[str]:
    """The lines of an export of these records, `last` and all when it is None; read within one transaction.

    Raises:
        InputError: there are no such records.
    """
    end = await head(scope)
    if last is not None and last < end.seq:
        kept = await show(scope, last)
        end = Head(last, kept.record.hash if kept else GENESIS)
    before = await show(scope, first - 1) if first > 1 else None
    if first < 1 or first > end.seq or (first > 1 and before is None):
        what = f"there is no record number {first} to begin with: they end with {end.seq}"
        raise InputError(Problem("records-range", what, hint="`callwright records list` shows the newest ones"))
    last_one = await show(scope, end.seq)
    ours = (
        last_one is not None
        and last_one.record.hash == end.hash
        and await vouched(scope, keys.signing.public_key(), last_one.record)
    )
    yield header_text(
        scope.tenant, first, before.record.hash if before else GENESIS, end, keys.signing, now, vouched=ours
    )
    async for page in pages(scope, first, end.seq):
        for kept in page:
            yield record_text(kept.record)


async def verify_kept(scope: Scope, key: Ed25519PublicKey, anchors: Sequence[Anchor] = ()) -> Report:
    """Check the chain where it lies: as `record_file.verify`, and that the columns by which records are found say what they say."""
    check = RecordCheck(key, scope.tenant, anchors)
    check.begin(1, GENESIS)
    async for page in pages(scope, 1, _NO_END):
        for kept in page:
            check_row(check, kept)
    end = await head(scope)
    check.end(end)
    return check.report()


async def vouched(scope: Scope, key: Ed25519PublicKey, record: Sealed) -> bool:
    """Whether a signature of the key vouches for this record: its own, or that of a later one which follows from it."""
    if signed_by(key, record):
        return True
    seq, before = record.seq, record.hash
    while seq < record.seq + _MOST_TOGETHER:
        rows = await scope.all(_LINKS, after=seq, last=record.seq + _MOST_TOGETHER)
        for row in rows:
            hashed = bytes(row.hash)
            if row.seq != seq + 1 or link(before, row.body) != hashed:
                return False
            seq, before = int(row.seq), hashed
            if signed_by(key, Sealed(seq, row.body, hashed, bytes(row.signature))):
                return True
        if not rows:
            break
    return False


async def verify_one(scope: Scope, key: Ed25519PublicKey, kept: Kept) -> Report:
    """Check one record where it lies: it follows from the one before, and a signature of the key vouches for it."""
    seq = kept.record.seq
    before = await show(scope, seq - 1) if seq > 1 else None
    check = RecordCheck(key, scope.tenant, ())
    check.begin(seq, before.record.hash if before else GENESIS)
    check_row(check, kept)
    check.end(Head(seq, kept.record.hash), vouched=await vouched(scope, key, kept.record))
    return check.report()


def check_row(check: RecordCheck, kept: Kept) -> None:
    """One record where it lies: the chain, and the columns by which it is found."""
    seq = kept.record.seq
    try:
        body = json.loads(kept.record.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or canonical(body) != kept.record.body:
        check.find("not-canonical", "it is no canonical JSON", seq)
        body = body if isinstance(body, dict) else {"tenant": check.tenant, "seq": seq}
    check.record(kept.record, body)
    columns = {
        "attempt": kept.attempt_id, "kind": kept.kind, "lead": kept.lead_id, "person": kept.person_id, "task": kept.task_id,
        "at": kept.at.isoformat(timespec="milliseconds"),
    }  # fmt: skip
    differing = sorted(name for name, value in columns.items() if body.get(name) != value)
    if differing:
        check.find("columns-differ", f"its row says otherwise: {', '.join(differing)}", seq)


def kept_of(row: Row[Any]) -> Kept:
    """A row of `KEPT`."""
    sealed = Sealed(int(row.seq), row.body, bytes(row.hash), bytes(row.signature), row.rules or "")
    return Kept(sealed, row.kind, row.at, row.task_id, row.lead_id, row.person_id, row.attempt_id)


async def _checked(scope: Scope, row: Row[Any], keys: TenantKeys) -> Head:
    """What follows is chained to this and signed: it has to be what somebody with the key wrote. That is told by `mac`, or, when that was
    damaged, by the signature of the record it names: the last one always has one."""
    end = Head(int(row.seq), bytes(row.hash))
    if hmac.compare_digest(bytes(row.mac), keys.mac_of_end(end.seq, end.hash)) or end == Head():
        return end
    kept = await show(scope, end.seq)
    if kept is None or kept.record.hash != end.hash or not signed_by(keys.signing.public_key(), kept.record):
        raise DamagedError(
            f"somebody else wrote where the decision records of tenant {scope.tenant} end: nobody is dialled. "
            "See what was changed: callwright records verify --database"
        )
    return end
