"""The freeze library in the database: freeze, lift, suspects that wait for a person.

Whoever freezes locks the person first, as whoever dials does: a dial that is being decided ends before, and the next one sees the freeze.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, or_, select, update

from callwright.accounts.tables import company
from callwright.campaigns.tables import task
from callwright.compliance.facts import Freeze
from callwright.compliance.freeze_wording import Wrong, told
from callwright.compliance.freezes import NewFreeze, outlasts, period_end
from callwright.compliance.tables import freeze as kept
from callwright.compliance.tables import freeze_suspect as suspect_table
from callwright.compliance.tables import person
from callwright.compliance.telling import Language
from callwright.errors import InputError, Problem
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT, UtcTime
from callwright.store.scope import Scope

__all__ = [
    "Asked",
    "Frozen",
    "Suspect",
    "confirm",
    "dismiss",
    "freeze",
    "freeze_all",
    "freezes_of",
    "frozen_of",
    "lift",
    "listed",
    "suspect",
    "suspect_of",
    "suspects",
    "unplaced",
]

_CHUNK = 500

_LOCK_PEOPLE = (
    select(person.c.id)
    .where(person.c.tenant_id == TENANT, person.c.number_index.in_(bindparam("indexes", expanding=True)))
    .order_by(person.c.id)
    .with_for_update()
)
_STANDING = select(kept).where(
    kept.c.tenant_id == TENANT,
    kept.c.number_index.in_(bindparam("indexes", expanding=True)),
    kept.c.lifted_at.is_(None),
    or_(kept.c.until.is_(None), kept.c.until > bindparam("now", type_=UtcTime())),
)
_HOMES = select(company.c.country).where(company.c.tenant_id == TENANT).distinct()
_PLACES = {
    "company": select(company.c.id).where(company.c.tenant_id == TENANT),
    "task": select(task.c.id).where(task.c.tenant_id == TENANT),
}
_ADD = insert(kept).returning(kept.c.id, sort_by_parameter_order=True)
_FIND = select(kept).where(kept.c.tenant_id == TENANT, kept.c.id == bindparam("freeze"))
_LIFT = (
    update(kept)
    .where(kept.c.tenant_id == TENANT, kept.c.id == bindparam("freeze"), kept.c.lifted_at.is_(None))
    .values(lifted_at=bindparam("at"), lifted_by=bindparam("who"), lift_reason=bindparam("why"))
)
_LISTED = select(kept).where(kept.c.tenant_id == TENANT)
_SUSPECT_OF_CALL = select(suspect_table.c.id).where(
    suspect_table.c.tenant_id == TENANT, suspect_table.c.call_id == bindparam("call")
)
_ADD_SUSPECT = insert(suspect_table).returning(suspect_table.c.id)
_SUSPECTS = (
    select(suspect_table)
    .where(suspect_table.c.tenant_id == TENANT, suspect_table.c.state == bindparam("state"))
    .order_by(suspect_table.c.id)
    .limit(bindparam("most"))
)
_SUSPECT = (
    select(suspect_table)
    .where(suspect_table.c.tenant_id == TENANT, suspect_table.c.id == bindparam("suspect"))
    .with_for_update()
)
_DECIDE = (
    update(suspect_table)
    .where(suspect_table.c.tenant_id == TENANT, suspect_table.c.id == bindparam("suspect"))
    .values(
        state=bindparam("new_state"), decided_at=bindparam("at"), decided_by=bindparam("who"), decision=bindparam("why"),
        freeze_id=bindparam("made"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asks that a freeze be lifted; a second person decides (freeze_desk.py). user: their id, None = not a user of ours."""

    at: datetime
    by: str
    user: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Frozen:
    """A row of the library. number: "" once its person was erased."""

    id: int
    number: str
    freeze: Freeze
    note: str
    source: str
    by: str
    lifted_at: datetime | None
    lifted_by: str | None
    lift_reason: str | None
    asked: Asked | None = None
    subject: bytes = b""


@dataclass(frozen=True, slots=True)
class Suspect:
    """Words that may be a refusal, in the queue of those who judge them. decision: why it was dismissed, or what was noted."""

    id: int
    number: str
    call_id: str
    task_id: int | None
    words: str
    state: str
    found_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    decision: str = ""
    freeze_id: int | None = None
    subject: bytes = b""


async def home(scope: Scope) -> str | None:
    """The country of all companies of the tenant; None = they are in several, or there is none."""
    found = [row.country for row in await scope.all(_HOMES)]
    return found[0] if len(found) == 1 else None


async def unplaced(scope: Scope, new: Sequence[NewFreeze], lang: Language = "en") -> list[Problem | None]:
    """For each freeze: what is wrong (in this language) when it names a company or a task that is not there, and so would keep nobody from being
    called."""
    there = {
        kind: {row.id for row in await scope.all(statement)}
        for kind, statement in _PLACES.items()
        if any(one.scope == kind for one in new)
    }
    return [
        None
        if one.scope not in there or one.scope_id in there[one.scope]
        else told(Wrong(f"no-{one.scope}", one.scope_id), lang)
        for one in new
    ]


async def freeze(scope: Scope, keys: TenantKeys, new: NewFreeze, now: datetime, by: str) -> tuple[int, bool]:
    """Freeze a number; its id, and whether it was not frozen like this before (same scope and reason, at least as long)."""
    ((made, fresh),) = await freeze_all(scope, keys, [new], now, by)
    return made, fresh


async def freeze_all(
    scope: Scope, keys: TenantKeys, new: Sequence[NewFreeze], now: datetime, by: str
) -> list[tuple[int, bool]]:
    """Freeze many, as `freeze`; results in their order."""
    results: list[tuple[int, bool]] = []
    for begin in range(0, len(new), _CHUNK):
        results += await _freeze_chunk(scope, keys, new[begin : begin + _CHUNK], now, by)
    return results


async def _freeze_chunk(
    scope: Scope, keys: TenantKeys, new: Sequence[NewFreeze], now: datetime, by: str
) -> list[tuple[int, bool]]:
    sealed = [keys.seal_number(one.number) for one in new]
    indexes = list({index for index, _ in sealed})
    await scope.all(_LOCK_PEOPLE, indexes=indexes)
    standing: dict[tuple[bytes, str, int | None, str], tuple[int, datetime | None]] = {}
    for row in await scope.all(_STANDING, indexes=indexes, now=now):
        what = (bytes(row.number_index), row.scope, row.scope_id, row.reason)
        if what not in standing or not outlasts(standing[what][1], row.until):
            standing[what] = (row.id, row.until)
    rows: list[dict[str, Any]] = []
    places: list[int | None] = []  # into rows, or None: stands already
    known: list[int] = []
    pending: dict[tuple[bytes, str, int | None, str], tuple[int, datetime | None]] = {}
    for one, (index, number) in zip(new, sealed, strict=True):
        what = (index, one.scope, one.scope_id, one.reason)
        if what in standing and outlasts(standing[what][1], one.until):
            places.append(None)
            known.append(standing[what][0])
        elif what in pending and outlasts(pending[what][1], one.until):
            places.append(pending[what][0])
            known.append(-1)
        else:
            pending[what] = (len(rows), one.until)
            places.append(len(rows))
            known.append(0)
            rows.append(
                {
                    "number_index": index, "number": number, "scope": one.scope, "scope_id": one.scope_id, "reason": one.reason,
                    "note": one.note, "source": one.source, "frozen_at": now, "until": one.until, "by": by,
                }
            )  # fmt: skip
    made = [int(row.id) for row in await scope.add(_ADD, rows)]
    return [
        (found, False) if place is None else (made[place], not found)
        for place, found in zip(places, known, strict=True)
    ]


async def lift(scope: Scope, freeze_id: int, by: str, reason: str, now: datetime) -> None:
    """Unfreeze, and say why.

    Raises:
        InputError: no reason is given, there is no such freeze, or it was lifted before.
    """
    if not reason.strip():
        raise InputError(Problem("reason", "a freeze is lifted for a reason", hint="--reason 'asked us to call again'"))
    if await scope.run(_LIFT, freeze=freeze_id, at=now, who=by, why=reason.strip()[:500]):
        return
    row = await scope.first(_FIND, freeze=freeze_id)
    what = f"there is no freeze {freeze_id}" if row is None else f"freeze {freeze_id} was lifted by {row.lifted_by}"
    raise InputError(Problem("freeze", what, hint="`callwright freeze list` shows those that stand"))


async def listed(
    scope: Scope,
    keys: TenantKeys,
    now: datetime,
    *,
    number: str | None = None,
    reason: str | None = None,
    lifted: bool = False,
    after: int = 0,
    most: int = 100,
) -> list[Frozen]:
    """Freezes by their ids, from `after` on; lifted: also those that do not stand any more."""
    statement = _LISTED.where(kept.c.id > after).order_by(kept.c.id).limit(most)
    if number is not None:
        statement = statement.where(kept.c.number_index == keys.index(number))
    if reason is not None:
        statement = statement.where(kept.c.reason == reason)
    if not lifted:
        statement = statement.where(kept.c.lifted_at.is_(None), or_(kept.c.until.is_(None), kept.c.until > now))
    return [frozen_of(row, keys) for row in await scope.all(statement)]


async def freezes_of(
    scope: Scope, keys: TenantKeys, numbers: Iterable[str], now: datetime
) -> dict[str, tuple[Freeze, ...]]:
    """What stands against each of these numbers, for robots and people alike; every number is in the answer."""
    by_index = {keys.index(number): number for number in numbers}
    found: dict[str, list[Freeze]] = {number: [] for number in by_index.values()}
    indexes = list(by_index)
    for begin in range(0, len(indexes), _CHUNK):
        for row in await scope.all(_STANDING, indexes=indexes[begin : begin + _CHUNK], now=now):
            found[by_index[bytes(row.number_index)]].append(_freeze(row))
    return {number: tuple(freezes) for number, freezes in found.items()}


async def suspect(
    scope: Scope, keys: TenantKeys, number: str, call_id: str, words: str, now: datetime, task_id: int | None = None
) -> tuple[int, bool]:
    """Lay words before somebody who judges them; until then the number is not called. One for each call; its id, and whether it is new."""
    index, sealed = keys.seal_number(number)
    await scope.all(_LOCK_PEOPLE, indexes=[index])
    before = await scope.value(_SUSPECT_OF_CALL, call=call_id)
    if before is not None:
        return int(before), False
    made = await scope.value(
        _ADD_SUSPECT,
        number_index=index,
        number=sealed,
        call_id=call_id,
        task_id=task_id,
        words=words[:500],
        found_at=now,
    )
    return int(made), True


async def suspects(scope: Scope, keys: TenantKeys, state: str = "waiting", most: int = 100) -> list[Suspect]:
    """The queue, oldest first."""
    return [suspect_of(row, keys) for row in await scope.all(_SUSPECTS, state=state, most=most)]


async def confirm(
    scope: Scope,
    keys: TenantKeys,
    suspect_id: int,
    by: str,
    now: datetime,
    until: datetime | None = None,
    note: str = "",
) -> int:
    """It was a refusal: freeze the number, for as long as the reason says when `until` is None; id of the freeze.

    Raises:
        InputError: it is not in the queue.
    """
    row = await _waiting(scope, suspect_id)
    number = keys.open_number(bytes(row.number), bytes(row.number_index))
    end = until if until is not None else period_end("keyword", now)
    new = NewFreeze(number, "keyword", until=end, note=note[:500], source=f"call {row.call_id}"[:100])
    made, _ = await freeze(scope, keys, new, now, by)
    await scope.run(_DECIDE, suspect=suspect_id, new_state="confirmed", at=now, who=by, why=note[:500], made=made)
    return made


async def dismiss(scope: Scope, suspect_id: int, by: str, reason: str, now: datetime) -> None:
    """It was none.

    Raises:
        InputError: no reason is given, or it is not in the queue.
    """
    if not reason.strip():
        raise InputError(
            Problem("reason", "a suspect is dismissed for a reason", hint="--reason 'asked for the price'")
        )
    await _waiting(scope, suspect_id)
    why = reason.strip()[:500]
    await scope.run(_DECIDE, suspect=suspect_id, new_state="dismissed", at=now, who=by, why=why, made=None)


async def _waiting(scope: Scope, suspect_id: int) -> Row[Any]:
    row = await scope.first(_SUSPECT, suspect=suspect_id)
    if row is None or row.state != "waiting" or not row.number:
        what = f"there is no suspect {suspect_id}" if row is None else f"suspect {suspect_id} is {row.state}"
        raise InputError(Problem("suspect", what, hint="`callwright freeze suspects` shows those that wait"))
    return row


def _freeze(row: Row[Any]) -> Freeze:
    return Freeze(row.scope, row.reason, row.frozen_at, row.until, row.scope_id)


def frozen_of(row: Row[Any], keys: TenantKeys) -> Frozen:
    """A row of `freeze`."""
    index = bytes(row.number_index)
    number = keys.open_number(bytes(row.number), index) if row.number else ""
    asked = None
    if row.asked_at is not None:
        asked = Asked(row.asked_at, row.asked_by or "", row.asked_user, row.ask_reason or "")
    return Frozen(
        row.id, number, _freeze(row), row.note, row.source, row.by, row.lifted_at, row.lifted_by, row.lift_reason, asked, index
    )  # fmt: skip


def suspect_of(row: Row[Any], keys: TenantKeys) -> Suspect:
    """A row of `freeze_suspect`."""
    index = bytes(row.number_index)
    number = keys.open_number(bytes(row.number), index) if row.number else ""
    return Suspect(
        row.id, number, row.call_id, row.task_id, row.words, row.state, row.found_at, row.decided_at, row.decided_by, row.decision,
        row.freeze_id, index,
    )  # fmt: skip
