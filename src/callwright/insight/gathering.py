"""Calls that are over are indexed and counted, some at a time: by a worker when it has nothing better to do, and by whoever searches or looks at
analytics before the answer. Each call once, whoever does it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import anyio.to_thread
from sqlalchemy import Row, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from callwright.campaigns.result_tables import (
    call_index,
    call_new,
    call_number,
    call_segment,
    call_tally,
    call_text,
    call_words,
)
from callwright.campaigns.story import Story, unseal_story
from callwright.campaigns.tables import call_result
from callwright.errors import DamagedError
from callwright.insight import words
from callwright.insight.findable import findable
from callwright.insight.tally import Tally, TallyCall
from callwright.store.crypto import Keyring, TenantKeys
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["BATCH", "catch_up", "forget", "gather", "waiting"]

BATCH = 512

_BEGIN = upsert(call_index).on_conflict_do_nothing(index_elements=["tenant_id"])
_LOCK = select(call_index.c.next_n).where(call_index.c.tenant_id == TENANT).with_for_update()
_MOVE = update(call_index).where(call_index.c.tenant_id == TENANT).values(next_n=bindparam("n"))
_WAITING = select(func.count()).select_from(call_new).where(call_new.c.tenant_id == TENANT)
_NEW = (
    select(
        call_new.c.attempt_id,
        call_result.c.started_at,
        call_result.c.task_id,
        call_result.c.script_version_id,
        call_result.c.answered,
        call_result.c.talk_ms,
        call_result.c.disposition,
        call_result.c.grade,
        call_result.c.tags,
        call_result.c.slots,
        call_text.c.body,
        call_number.c.n,
    )
    .outerjoin_from(
        call_new,
        call_result,
        (call_result.c.tenant_id == call_new.c.tenant_id) & (call_result.c.attempt_id == call_new.c.attempt_id),
    )
    .outerjoin(
        call_text, (call_text.c.tenant_id == call_new.c.tenant_id) & (call_text.c.attempt_id == call_new.c.attempt_id)
    )
    .outerjoin(
        call_number,
        (call_number.c.tenant_id == call_new.c.tenant_id) & (call_number.c.attempt_id == call_new.c.attempt_id),
    )
    .where(call_new.c.tenant_id == TENANT)
    .order_by(call_new.c.at)
    .limit(bindparam("most"))
)
_GATHERED = delete(call_new).where(
    call_new.c.tenant_id == TENANT, call_new.c.attempt_id.in_(bindparam("attempts", expanding=True))
)
_ADD_NUMBER = insert(call_number)
_SEGMENT = upsert(call_segment)
_PUT_SEGMENT = _SEGMENT.on_conflict_do_update(
    index_elements=["tenant_id", "segment"],
    set_={
        "calls": call_segment.c.calls + _SEGMENT.excluded.calls,
        "first_at": _SEGMENT.excluded.first_at,
        "last_at": _SEGMENT.excluded.last_at,
    },
)
_SEGMENTS = select(call_segment.c.segment, call_segment.c.first_at, call_segment.c.last_at).where(
    call_segment.c.tenant_id == TENANT, call_segment.c.segment.in_(bindparam("segments", expanding=True))
)
_BODIES = select(call_words.c.bucket, call_words.c.body).where(
    call_words.c.tenant_id == TENANT,
    call_words.c.segment == bindparam("segment"),
    call_words.c.bucket.in_(bindparam("buckets", expanding=True)),
)
_WORDS = upsert(call_words)
_PUT_WORDS = _WORDS.on_conflict_do_update(
    index_elements=["tenant_id", "bucket", "segment"], set_={"body": _WORDS.excluded.body}
)
_TALLY = upsert(call_tally)
_COUNT = _TALLY.on_conflict_do_update(
    index_elements=["tenant_id", "hour", "task_id", "script_version_id", "kind", "name"],
    set_={"n": call_tally.c.n + _TALLY.excluded.n, "total": call_tally.c.total + _TALLY.excluded.total},
)
_NUMBERS = select(call_number.c.n, call_number.c.attempt_id).where(
    call_number.c.tenant_id == TENANT, call_number.c.attempt_id.in_(bindparam("attempts", expanding=True))
)


@dataclass(slots=True)
class _Gathered:
    """What a batch adds. buckets: segment -> bucket -> gram -> bitmap; segments: when their calls began."""

    buckets: dict[int, dict[int, dict[str, int]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    )
    segments: dict[int, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    numbers: list[dict[str, Any]] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    next_n: int = 0


async def catch_up(database: Database, tenant: int, keyring: Keyring, *, rounds: int = 8, batch: int = BATCH) -> int:
    """Gather what waits, at most so many batches, each in a transaction of its own; how many calls wait still."""
    for _ in range(rounds):
        async with database.reading(tenant) as scope:
            if not await waiting(scope):
                return 0
        async with database.scope(tenant) as scope:
            if not await gather(scope, await keyring.tenant(scope), batch):
                break
    async with database.reading(tenant) as scope:
        return await waiting(scope)


async def waiting(scope: Scope) -> int:
    """How many calls are neither indexed nor counted yet."""
    return int(await scope.value(_WAITING) or 0)


async def gather(scope: Scope, keys: TenantKeys, most: int = BATCH) -> int:
    """Index and count up to `most` new calls, oldest first; how many there were."""
    next_n = await _lock(scope)
    rows = await scope.all(_NEW, most=most)
    if not rows:
        return 0
    found = await anyio.to_thread.run_sync(_look, keys, rows, next_n)
    await _write_words(scope, keys, found.buckets)
    await scope.run(_ADD_NUMBER, found.numbers)
    await _write_segments(scope, found.segments)
    await scope.run(_COUNT, found.tally.rows())
    await scope.run(_GATHERED, attempts=[row.attempt_id for row in rows])
    await scope.run(_MOVE, n=found.next_n)
    return len(rows)


async def forget(scope: Scope, keys: TenantKeys, attempts: Sequence[str]) -> None:
    """Take calls out of the index: those of somebody who is erased. Counts stay: they name nobody."""
    if not attempts:
        return
    await _lock(scope)
    for row in await scope.all(_NUMBERS, attempts=list(attempts)):
        segment, bit = words.segment_of(row.n), 1 << words.place_of(row.n)
        for body in await scope.all(_BODIES, segment=segment, buckets=list(range(words.BUCKETS))):
            grams = words.open_bucket(keys, body.bucket, segment, bytes(body.body))
            if any(calls & bit for calls in grams.values()):
                left = {gram: calls & ~bit for gram, calls in grams.items()}
                sealed = words.seal_bucket(keys, body.bucket, segment, left)
                await scope.run(_PUT_WORDS, bucket=body.bucket, segment=segment, body=sealed)


async def _lock(scope: Scope) -> int:
    """The number of the next call; the index is ours until the transaction ends."""
    found = await scope.value(_LOCK)
    if found is None:
        await scope.run(_BEGIN, next_n=0)
        found = await scope.value(_LOCK)
    return int(found)


def _look(keys: TenantKeys, rows: Sequence[Row[Any]], next_n: int) -> _Gathered:
    found = _Gathered(next_n=next_n)
    for row in rows:
        if row.started_at is None:
            continue  # its result was taken away meanwhile
        known = row.n is not None
        n = row.n if known else found.next_n
        if not known:
            found.next_n += 1
            found.numbers.append({"n": n, "attempt_id": row.attempt_id})
            found.segments[words.segment_of(n)].append(row.started_at)
        story = _story(keys, row)
        if not known:
            found.tally.add(_counted(row, story))
        buckets, bit = found.buckets[words.segment_of(n)], 1 << words.place_of(n)
        for gram in findable(keys, row.attempt_id, story, row.tags, row.slots):
            buckets[words.bucket_of(keys, gram)][gram] |= bit
    return found


def _story(keys: TenantKeys, row: Row[Any]) -> Story:
    """A body that cannot be opened has no words; whoever reads that call is told."""
    try:
        return unseal_story(keys, row.attempt_id, bytes(row.body)) if row.body is not None else Story()
    except DamagedError:
        return Story()


def _counted(row: Row[Any], story: Story) -> TallyCall:
    return TallyCall(
        row.started_at,
        row.task_id,
        row.script_version_id,
        row.answered,
        row.talk_ms,
        row.disposition,
        row.grade,
        story,
    )


async def _write_words(scope: Scope, keys: TenantKeys, found: Mapping[int, Mapping[int, Mapping[str, int]]]) -> None:
    """Add to the buckets that are there."""
    for segment, buckets in sorted(found.items()):
        bodies = {row.bucket: bytes(row.body) for row in await scope.all(_BODIES, segment=segment, buckets=[*buckets])}
        rows = await anyio.to_thread.run_sync(_sealed, keys, segment, buckets, bodies)
        await scope.run(_PUT_WORDS, rows)


def _sealed(
    keys: TenantKeys, segment: int, buckets: Mapping[int, Mapping[str, int]], bodies: Mapping[int, bytes]
) -> list[dict[str, Any]]:
    rows = []
    for bucket, more in sorted(buckets.items()):
        grams = words.open_bucket(keys, bucket, segment, bodies[bucket]) if bucket in bodies else {}
        for gram, calls in more.items():
            grams[gram] = grams.get(gram, 0) | calls
        rows.append({"bucket": bucket, "segment": segment, "body": words.seal_bucket(keys, bucket, segment, grams)})
    return rows


async def _write_segments(scope: Scope, found: Mapping[int, list[datetime]]) -> None:
    known = {row.segment: row for row in await scope.all(_SEGMENTS, segments=[*found])} if found else {}
    rows = []
    for segment, begun in sorted(found.items()):
        old = known.get(segment)
        spans = begun if old is None else [*begun, old.first_at, old.last_at]
        rows.append({"segment": segment, "calls": len(begun), "first_at": min(spans), "last_at": max(spans)})
    await scope.run(_PUT_SEGMENT, rows)
