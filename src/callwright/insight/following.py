"""What people of ours do after a call: who takes which, what came of it. A before B before C; within a grade the oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, and_, bindparam, func, or_, select, update

from callwright import audit
from callwright.accounts.model import Viewer
from callwright.campaigns.result_tables import follow_up
from callwright.campaigns.tables import call_result
from callwright.http.problems import absent, conflict
from callwright.insight.call_store import COLUMNS
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["FollowState", "claim", "counts", "done", "listed", "note_of", "release"]

FollowState = Literal["open", "claimed", "done"]

_LIST = (
    select(
        *COLUMNS,
        follow_up.c.state,
        follow_up.c.rank,
        follow_up.c.created_at.label("wanted_at"),
        follow_up.c.claimed_by,
        follow_up.c.claimed_name,
        follow_up.c.claimed_at,
        follow_up.c.done_at,
        follow_up.c.outcome,
        follow_up.c.note,
    )
    .join_from(
        follow_up,
        call_result,
        and_(call_result.c.tenant_id == follow_up.c.tenant_id, call_result.c.attempt_id == follow_up.c.attempt_id),
    )
    .where(follow_up.c.tenant_id == TENANT, follow_up.c.state == bindparam("of_state"))
    .order_by(follow_up.c.rank, follow_up.c.created_at, follow_up.c.attempt_id)
)
_COUNTS = (
    select(follow_up.c.state, func.count().label("calls"))
    .where(follow_up.c.tenant_id == TENANT)
    .group_by(follow_up.c.state)
)
_FIND = select(follow_up.c.state, follow_up.c.claimed_by, follow_up.c.claimed_name).where(
    follow_up.c.tenant_id == TENANT, follow_up.c.attempt_id == bindparam("call")
)
_OF = (follow_up.c.tenant_id == TENANT, follow_up.c.attempt_id == bindparam("call"))
_CLAIM = (
    update(follow_up)
    .where(*_OF, follow_up.c.state == "open")
    .values(state="claimed", claimed_by=bindparam("user"), claimed_name=bindparam("name"), claimed_at=bindparam("at"))
)
_RELEASE = (
    update(follow_up)
    .where(*_OF, follow_up.c.state == "claimed", follow_up.c.claimed_by == bindparam("user"))
    .values(state="open", claimed_by=None, claimed_name="", claimed_at=None)
)
_DONE = (
    update(follow_up)
    .where(*_OF, follow_up.c.state == "claimed", follow_up.c.claimed_by == bindparam("user"))
    .values(state="done", done_at=bindparam("at"), outcome=bindparam("came"), note=bindparam("sealed"))
)


async def listed(
    scope: Scope, state: FollowState, after: Sequence[Any] | None, most: int, *, task: int | None, user: int | None
) -> Sequence[Row[Any]]:
    """after: (rank, wanted_at, attempt_id) of the last row seen; user: only those that this one took."""
    statement = _LIST
    if task is not None:
        statement = statement.where(follow_up.c.task_id == task)
    if user is not None:
        statement = statement.where(follow_up.c.claimed_by == user)
    if after is not None:
        rank, at, name = after
        later = or_(follow_up.c.created_at > at, and_(follow_up.c.created_at == at, follow_up.c.attempt_id > name))
        statement = statement.where(or_(follow_up.c.rank > rank, and_(follow_up.c.rank == rank, later)))
    return await scope.all(statement.limit(most), of_state=state)


async def counts(scope: Scope) -> dict[str, int]:
    """How many are in each state."""
    return {row.state: row.calls for row in await scope.all(_COUNTS)}


async def claim(scope: Scope, keys: TenantKeys, viewer: Viewer, call: str, now: datetime) -> None:
    """Take it: nobody else will.

    Raises:
        ApiError: 404; 409, somebody has it, or it is done.
    """
    if not await scope.run(_CLAIM, call=call, user=viewer.user, name=viewer.name[:100], at=now):
        raise await _refusal(scope, call)
    await audit.note(scope, keys, viewer, "follow-up.claim", ("call", call), now=now)


async def release(scope: Scope, keys: TenantKeys, viewer: Viewer, call: str, now: datetime) -> None:
    """Give it back.

    Raises:
        ApiError: 404; 409, this viewer does not have it.
    """
    if not await scope.run(_RELEASE, call=call, user=viewer.user):
        raise await _refusal(scope, call)
    await audit.note(scope, keys, viewer, "follow-up.release", ("call", call), now=now)


async def done(
    scope: Scope, keys: TenantKeys, viewer: Viewer, call: str, outcome: str, note: str, now: datetime
) -> None:
    """It is done. note: sealed, it is about a person.

    Raises:
        ApiError: 404; 409, this viewer does not have it.
    """
    sealed = keys.seal(note, f"follow_up.{call}") if note else b""
    if not await scope.run(_DONE, call=call, user=viewer.user, at=now, came=outcome, sealed=sealed):
        raise await _refusal(scope, call)
    await audit.note(scope, keys, viewer, "follow-up.done", ("call", call), {"outcome": outcome}, now=now)


def note_of(keys: TenantKeys, row: Row[Any]) -> str:
    """What was written down."""
    return keys.open(bytes(row.note), f"follow_up.{row.attempt_id}").decode() if row.note else ""


async def _refusal(scope: Scope, call: str) -> Exception:
    row = await scope.first(_FIND, call=call)
    if row is None:
        return absent("follow-up")
    if row.state == "claimed":
        return conflict("claimed", f"{row.claimed_name or 'somebody'} has taken it")
    return conflict("not-claimed" if row.state == "open" else "done", f"it is {row.state}")
