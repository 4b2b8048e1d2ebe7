"""Decision records looked for by what they say, newest first, however many there are.

Records are found by number: a time is turned into a number by halving, as they are written in its order; what only the text of a record says
(which rule refused) is looked for in a bounded stretch at a time, so that a rare one costs several requests and never a slow one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Select, bindparam, or_, select

from callwright.compliance import record_store
from callwright.compliance.record_store import KEPT, Kept, kept_of
from callwright.compliance.tables import decision_record, decision_rules
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["Found", "Wanted", "search"]

_STRETCH = 20_000
_STRETCHES = 3  # in one request
_SKEW = timedelta(minutes=5)  # clocks of workers may differ: records of one moment stand a little apart

_FROM = (
    select(decision_record.c.seq, decision_record.c.at)
    .where(decision_record.c.tenant_id == TENANT, decision_record.c.seq >= bindparam("low"))
    .order_by(decision_record.c.seq)
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records; None = whatever it is. rule: `pack/rule` that stood against the call; person, task, lead: ids."""

    verdict: Literal["dialled", "refused"] | None = None
    rule: str | None = None
    task: int | None = None
    lead: int | None = None
    person: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """next: below which number the search goes on, None = it is at its end. Fewer records than asked for do not mean that it is."""

    records: tuple[Kept, ...]
    next: int | None


async def search(scope: Scope, wanted: Wanted, before: int | None, most: int) -> Found:
    """The newest of them with a number below `before`; at most `most`."""
    top, bottom = await _ends(scope, wanted, before)
    found: list[Kept] = []
    for _ in range(_STRETCHES):
        floor = bottom if wanted.person is not None else max(bottom, top - _STRETCH)
        statement = (
            _narrowed(wanted, floor, top)
            .where(decision_record.c.seq < top, decision_record.c.seq >= floor)
            .order_by(decision_record.c.seq.desc())
            .limit(most + 1 - len(found))
        )
        found += [kept_of(row) for row in await scope.all(statement)]
        if len(found) > most:
            return Found(tuple(found[:most]), found[most - 1].record.seq)
        top = floor
        if floor <= bottom:
            return Found(tuple(found), None)
    return Found(tuple(found), top)


def _narrowed(wanted: Wanted, floor: int, top: int) -> Select[Any]:
    kind = {"dialled": "dial", "refused": "refusal", None: None}[wanted.verdict]
    equal = {"kind": kind, "task_id": wanted.task, "lead_id": wanted.lead, "person_id": wanted.person}
    narrow = [decision_record.c[column] == value for column, value in equal.items() if value is not None]
    if wanted.since is not None:
        narrow.append(decision_record.c.at >= wanted.since)
    if wanted.until is not None:
        narrow.append(decision_record.c.at < wanted.until)
    statement = KEPT.where(*narrow)
    if wanted.rule is not None:
        pack, _, rule = wanted.rule.partition("/")
        # as records.py writes it: the keys of a rule in their order, without blanks
        said = [
            f'"ok":false,"outcome":"{outcome}","pack":"{pack}","rule":"{rule}",' for outcome in ("blocked", "unknown")
        ]
        # What the records of this stretch name, and of that what says so: there may be many other texts of rules.
        named = (
            select(decision_record.c.rules)
            .where(
                decision_record.c.tenant_id == TENANT,
                decision_record.c.seq < top,
                decision_record.c.seq >= floor,
                *narrow,
            )
            .distinct()
            .cte("named")
            .prefix_with("MATERIALIZED", dialect="postgresql")
        )
        telling = select(decision_rules.c.digest).where(
            decision_rules.c.tenant_id == TENANT,
            decision_rules.c.digest.in_(select(named.c.rules)),
            or_(*(decision_rules.c.text.contains(one, autoescape=True) for one in said)),
        )
        statement = statement.where(decision_record.c.rules.in_(telling))
    return statement


async def _ends(scope: Scope, wanted: Wanted, before: int | None) -> tuple[int, int]:
    """The numbers to look at: below the first, from the second on."""
    last = (await record_store.head(scope)).seq
    top, bottom = last + 1 if before is None else min(before, last + 1), 1
    if wanted.until is not None:
        top = min(top, await _first_since(scope, wanted.until + _SKEW, last))
    if wanted.since is not None:
        bottom = await _first_since(scope, wanted.since - _SKEW, last)
    return top, bottom


async def _first_since(scope: Scope, moment: datetime, last: int) -> int:
    """The number of the first record from that moment on; one above the last when there is none."""
    low, high = 1, last + 1
    while low < high:
        middle = (low + high) // 2
        row = await scope.first(_FROM, low=middle)
        if row is None or row.at >= moment:
            high = middle
        else:
            low = int(row.seq) + 1
    return low
