"""The audit log in the database: written within the transaction of what it tells, found, exported, trimmed at its age."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from callwright.accounts.model import Viewer
from callwright.audit.model import About, Detail, entry_of, seal
from callwright.audit.tables import audit_entry, audit_head
from callwright.compliance.records import GENESIS, Head, Sealed
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT, UtcTime
from callwright.store.scope import Scope

__all__ = ["Ends", "Kept", "Wanted", "ends", "find", "note", "pages", "trim"]

_PAGE = 500

_HEAD = select(audit_head.c.seq, audit_head.c.hash, audit_head.c.base_seq, audit_head.c.base_hash).where(
    audit_head.c.tenant_id == TENANT
)
_LOCK = _HEAD.with_for_update()
_BEGIN = upsert(audit_head).on_conflict_do_nothing(index_elements=["tenant_id"])
_MOVE = (
    update(audit_head)
    .where(audit_head.c.tenant_id == TENANT)
    .values(seq=bindparam("new_seq"), hash=bindparam("new_hash"))
)
_REBASE = (
    update(audit_head)
    .where(audit_head.c.tenant_id == TENANT)
    .values(base_seq=bindparam("new_seq"), base_hash=bindparam("new_hash"))
)
_ADD = insert(audit_entry)
_KEPT = select(
    audit_entry.c.seq,
    audit_entry.c.at,
    audit_entry.c.user_id,
    audit_entry.c.token_id,
    audit_entry.c.via,
    audit_entry.c.action,
    audit_entry.c.kind,
    audit_entry.c.object,
    audit_entry.c.body,
    audit_entry.c.hash,
    audit_entry.c.signature,
).where(audit_entry.c.tenant_id == TENANT)
_AFTER = (
    _KEPT.where(audit_entry.c.seq > bindparam("after"), audit_entry.c.seq <= bindparam("last"))
    .order_by(audit_entry.c.seq)
    .limit(_PAGE)
)
_OLDEST_KEPT = select(func.min(audit_entry.c.seq)).where(
    audit_entry.c.tenant_id == TENANT, audit_entry.c.at >= bindparam("since", type_=UtcTime())
)
_BY_SEQ = _KEPT.where(audit_entry.c.seq == bindparam("seq"))
_DROP = delete(audit_entry).where(audit_entry.c.tenant_id == TENANT, audit_entry.c.seq <= bindparam("last"))


@dataclass(frozen=True, slots=True)
class Kept:
    """A row: the sealed entry, and the columns by which it is found."""

    sealed: Sealed
    at: datetime
    user: int | None
    token: int | None
    via: str
    action: str
    kind: str
    object: str

    @property
    def body(self) -> dict[str, Any]:
        """What was sealed."""
        return dict(json.loads(self.sealed.body))


@dataclass(frozen=True, slots=True)
class Ends:
    """Where a chain ends, and after what it begins: 0 and GENESIS as long as nothing was trimmed."""

    last: Head
    base: Head


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: all of what is given must hold. action: whole (`task.start`) or a room (`task.`); before: numbers below this one."""

    user: int | None = None
    action: str = ""
    kind: str = ""
    object: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


async def note(
    scope: Scope,
    keys: TenantKeys,
    viewer: Viewer,
    action: str,
    about: About,
    detail: Detail | None = None,
    *,
    now: datetime,
) -> int:
    """Write down what the viewer does in this transaction, or which personal data it shows them; the entry's number. Locks the end of the
    tenant's chain until the transaction ends: call it last. Needs `database.scope`, also for what otherwise only reads.

    Args:
        action: `room.verb`, like `task.start` or `recording.play`; listed in docs/reference/audit-log.md.
        about: kind and id of what it is done to, like ("task", 17).
        detail: flat and small; counts, states, digests. No personal data: a phone number or mail address in it is refused.

    Raises:
        ValueError: the entry is none, or would tell personal data: then the change must not happen either.
    """
    if viewer.tenant != scope.tenant:
        raise ValueError("a viewer of one tenant cannot do anything in another")
    entry = entry_of(viewer, action, about, detail, now)
    head = (await _lock(scope)).last
    sealed = seal(scope.tenant, head, entry, keys.signing.sign)
    await scope.run(
        _ADD, seq=sealed.seq, at=entry.at, user_id=entry.user, token_id=entry.token, via=entry.via, action=entry.action,
        kind=entry.kind, object=entry.object, body=sealed.body, hash=sealed.hash, signature=sealed.signature,
    )  # fmt: skip
    await scope.run(_MOVE, new_seq=sealed.seq, new_hash=sealed.hash)
    return sealed.seq


async def ends(scope: Scope) -> Ends:
    """Where the tenant's chain begins and ends."""
    row = await scope.first(_HEAD)
    return Ends(Head(), Head()) if row is None else _ends(row)


async def find(scope: Scope, wanted: Wanted, most: int) -> list[Kept]:
    """The newest of these, newest first; at most `most`."""
    statement = _narrowed(_KEPT, wanted).order_by(audit_entry.c.seq.desc()).limit(most)
    return [_kept(row) for row in await scope.all(statement)]


async def pages(scope: Scope, first: int, last: int) -> AsyncIterator[list[Kept]]:
    """The entries from number `first` to `last`, in order, a few hundred at a time."""
    after = first - 1
    while True:
        page = [_kept(row) for row in await scope.all(_AFTER, after=after, last=last)]
        if not page:
            return
        yield page
        after = page[-1].sealed.seq


async def trim(scope: Scope, keys: TenantKeys, viewer: Viewer, since: datetime, now: datetime) -> int:
    """Delete the entries at the beginning that are older than `since`; how many. The chain then begins after the last of them, and a new
    entry `audit.trim` vouches for that beginning."""
    found = await _lock(scope)
    oldest = await scope.value(_OLDEST_KEPT, since=since)
    last = found.last.seq if oldest is None else int(oldest) - 1
    if last <= found.base.seq:
        return 0
    row = await scope.first(_BY_SEQ, seq=last)
    if row is None:
        return 0  # the chain has a hole there: `audit verify` tells it, and nothing of it is deleted
    await scope.run(_DROP, last=last)
    await scope.run(_REBASE, new_seq=last, new_hash=bytes(row.hash))
    detail: Detail = {"last": last, "hash": bytes(row.hash).hex(), "entries": last - found.base.seq}
    await note(scope, keys, viewer, "audit.trim", ("audit", last), detail, now=now)
    return last - found.base.seq


def _narrowed(statement: Select[Any], wanted: Wanted) -> Select[Any]:
    equal = {"kind": wanted.kind or None, "object": wanted.object or None, "user_id": wanted.user}
    for column, value in equal.items():
        if value is not None:
            statement = statement.where(audit_entry.c[column] == value)
    if wanted.action.endswith("."):
        statement = statement.where(audit_entry.c.action.startswith(wanted.action, autoescape=True))
    elif wanted.action:
        statement = statement.where(audit_entry.c.action == wanted.action)
    if wanted.since is not None:
        statement = statement.where(audit_entry.c.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(audit_entry.c.at < wanted.until)
    if wanted.before is not None:
        statement = statement.where(audit_entry.c.seq < wanted.before)
    return statement


async def _lock(scope: Scope) -> Ends:
    row = await scope.first(_LOCK)
    if row is None:
        await scope.run(_BEGIN, seq=0, hash=GENESIS, base_seq=0, base_hash=GENESIS)
        row = await scope.first(_LOCK)
        assert row is not None
    return _ends(row)


def _ends(row: Row[Any]) -> Ends:
    return Ends(Head(int(row.seq), bytes(row.hash)), Head(int(row.base_seq), bytes(row.base_hash)))


def _kept(row: Row[Any]) -> Kept:
    hashed = bytes(row.hash)
    sealed = Sealed(int(row.seq), row.body, hashed, bytes(row.signature))
    return Kept(sealed, row.at, row.user_id, row.token_id, row.via, row.action, row.kind, row.object)
