"""Calls by what was said, told, passed or registered: newest first through the segments of the index, within a budget.

A page may end before it is full, when the budget is used up: its cursor goes on from there, and nothing is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
from sqlalchemy import Row, bindparam, func, select

from callwright.campaigns.result_tables import call_number, call_segment, call_text, call_words
from callwright.campaigns.story import unseal_story
from callwright.campaigns.tables import call_result
from callwright.insight import words
from callwright.insight.call_store import COLUMNS
from callwright.insight.filters import CallFilter, conditions, needs_words, wanted_grams
from callwright.insight.grams import holds
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["Found", "search"]

BUDGET = 4000
"""Calls that are looked at for one page, after the index."""

_STEPS = (16, 64, 256)  # segments at once: a frequent word is found in the newest
_ROWS = 256  # calls at once
_SEGMENTS = (
    select(call_segment.c.segment)
    .where(call_segment.c.tenant_id == TENANT, call_segment.c.segment <= bindparam("last"))
    .order_by(call_segment.c.segment.desc())
)
_LAST = select(func.max(call_segment.c.segment)).where(call_segment.c.tenant_id == TENANT)
_BODIES = select(call_words.c.bucket, call_words.c.segment, call_words.c.body).where(
    call_words.c.tenant_id == TENANT,
    call_words.c.bucket.in_(bindparam("buckets", expanding=True)),
    call_words.c.segment >= bindparam("first"),
    call_words.c.segment <= bindparam("last"),
)
_OF_PERSON = (
    select(call_number.c.n)
    .join_from(
        call_number,
        call_result,
        (call_result.c.tenant_id == call_number.c.tenant_id) & (call_result.c.attempt_id == call_number.c.attempt_id),
    )
    .where(call_number.c.tenant_id == TENANT)
)


@dataclass(frozen=True, slots=True)
class Found:
    """Rows with their number in the index (`n`), newest first; after: from where to go on, None = that was all."""

    rows: Sequence[Row[Any]]
    after: int | None


async def search(scope: Scope, keys: TenantKeys, wanted: CallFilter, after: int | None, most: int) -> Found:
    """Up to `most` calls. after: `Found.after` of the page before."""
    grams = wanted_grams(wanted)
    found: list[Row[Any]] = []
    left, seen = BUDGET, None
    async for batch in _batches(scope, keys, wanted, grams, after):
        rows = await _rows(scope, keys, wanted, batch)
        found += rows
        left -= len(batch)
        seen = batch[-1]
        if len(found) > most:
            return Found(found[:most], found[most - 1].n)
        if left <= 0:
            return Found(found, seen)
    return Found(found, None)


async def _batches(
    scope: Scope, keys: TenantKeys, wanted: CallFilter, grams: Sequence[str], after: int | None
) -> AsyncIterator[list[int]]:
    """Numbers of calls that hold all grams, newest first, a few hundred at a time."""
    waiting: list[int] = []
    theirs = None
    if wanted.subject is not None:
        theirs = {row.n for row in await scope.all(_OF_PERSON.where(*conditions(wanted)))}
    for span in await _spans(scope, wanted, after, theirs):
        for n in await _numbers(scope, keys, grams, span):
            if (after is None or n < after) and (theirs is None or n in theirs):
                waiting.append(n)
            if len(waiting) == _ROWS:
                yield waiting
                waiting = []
        if waiting:
            yield waiting
            waiting = []


async def _spans(scope: Scope, wanted: CallFilter, after: int | None, among: set[int] | None) -> list[list[int]]:
    """The segments that may hold such calls, newest first, few at the beginning. among: calls of one person, None = of all."""
    last = words.segment_of(after) if after is not None else await scope.value(_LAST)
    if last is None:
        return []
    statement = _SEGMENTS
    if wanted.since is not None:
        statement = statement.where(call_segment.c.last_at >= wanted.since)
    if wanted.before is not None:
        statement = statement.where(call_segment.c.first_at < wanted.before)
    segments = [row.segment for row in await scope.all(statement, last=last)]
    if among is not None:
        where = {words.segment_of(n) for n in among}
        segments = [segment for segment in segments if segment in where]
    spans: list[list[int]] = []
    at = 0
    while at < len(segments):
        size = _STEPS[min(len(spans), len(_STEPS) - 1)]
        spans.append(segments[at : at + size])
        at += size
    return spans


async def _numbers(scope: Scope, keys: TenantKeys, grams: Sequence[str], span: Sequence[int]) -> list[int]:
    by_bucket: dict[int, list[str]] = defaultdict(list)
    for gram in grams:
        by_bucket[words.bucket_of(keys, gram)].append(gram)
    rows = await scope.all(_BODIES, buckets=[*by_bucket], first=span[-1], last=span[0])
    return await anyio.to_thread.run_sync(_intersect, keys, by_bucket, rows)


def _intersect(keys: TenantKeys, by_bucket: dict[int, list[str]], rows: Sequence[Row[Any]]) -> list[int]:
    of_segment: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        of_segment[row.segment].append(row)
    numbers: list[int] = []
    for segment in sorted(of_segment, reverse=True):
        bodies = of_segment[segment]
        if len(bodies) < len(by_bucket):
            continue  # a bucket that is not there holds nothing
        calls = -1
        for row in bodies:
            for each in words.find(keys, row.bucket, segment, bytes(row.body), by_bucket[row.bucket]):
                calls &= each
            if not calls:
                break
        while calls:
            high = calls.bit_length() - 1
            numbers.append(segment * words.SEGMENT + high)
            calls ^= 1 << high
    return numbers


async def _rows(scope: Scope, keys: TenantKeys, wanted: CallFilter, numbers: Sequence[int]) -> list[Row[Any]]:
    """Those of these calls that columns and sentences agree to, in their order."""
    looked_at = needs_words(wanted)
    statement = select(call_number.c.n, *COLUMNS, *([call_text.c.body] if looked_at else [])).join_from(
        call_number,
        call_result,
        (call_result.c.tenant_id == call_number.c.tenant_id) & (call_result.c.attempt_id == call_number.c.attempt_id),
    )
    if looked_at:
        statement = statement.join(
            call_text,
            (call_text.c.tenant_id == call_number.c.tenant_id) & (call_text.c.attempt_id == call_number.c.attempt_id),
        )
    statement = statement.where(
        call_number.c.tenant_id == TENANT,
        call_number.c.n.in_(bindparam("numbers", expanding=True)),
        *conditions(wanted),
    ).order_by(call_number.c.n.desc())
    rows = await scope.all(statement, numbers=list(numbers))
    if not looked_at:
        return list(rows)
    return await anyio.to_thread.run_sync(_that_say, keys, rows, wanted.words or "")


def _that_say(keys: TenantKeys, rows: Sequence[Row[Any]], question: str) -> list[Row[Any]]:
    return [row for row in rows if holds(unseal_story(keys, row.attempt_id, bytes(row.body)).said, question)]
