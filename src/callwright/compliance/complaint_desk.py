"""Complaints as a desk works with them: pages of cases, and one by its id."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import and_, bindparam, or_, select

from callwright.compliance.complaint_store import Case, case_of
from callwright.compliance.tables import complaint
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["Which", "find", "page"]

Which = Literal["open", "overdue", "closed", "all"]
"""open: not closed; overdue: with a step that is late."""

_ALL = select(complaint).where(complaint.c.tenant_id == TENANT)
_ONE = _ALL.where(complaint.c.id == bindparam("which"))


async def page(
    scope: Scope,
    keys: TenantKeys,
    which: Which,
    now: datetime,
    after: tuple[datetime, int] | None,
    most: int,
    subject: bytes | None = None,
) -> list[Case]:
    """Most urgent first: by when an answer is due, then by id, from after those two on."""
    statement = _ALL
    match which:
        case "open":
            statement = statement.where(complaint.c.state != "closed")
        case "closed":
            statement = statement.where(complaint.c.state == "closed")
        case "overdue":
            late = or_(
                and_(complaint.c.state == "open", complaint.c.answer_by <= now),
                and_(complaint.c.state == "answered", complaint.c.tell_by <= now),
            )
            statement = statement.where(late)
        case "all":
            pass
    if subject is not None:
        statement = statement.where(complaint.c.number_index == subject)
    if after is not None:
        moment, last = after
        behind = or_(complaint.c.answer_by > moment, and_(complaint.c.answer_by == moment, complaint.c.id > last))
        statement = statement.where(behind)
    ordered = statement.order_by(complaint.c.answer_by, complaint.c.id).limit(most)
    return [case_of(row, keys, now) for row in await scope.all(ordered)]


async def find(scope: Scope, keys: TenantKeys, which: int, now: datetime) -> Case | None:
    """The case with this id; None = there is none."""
    row = await scope.first(_ONE, which=which)
    return None if row is None else case_of(row, keys, now)
