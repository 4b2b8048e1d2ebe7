"""All SQL about the health of our own numbers."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Function, and_, bindparam, case, func, select, update

from callwright.accounts.tables import own_number
from callwright.campaigns.tables import attempt
from callwright.compliance.tables import complaint, person
from callwright.store.metadata import TENANT, UtcTime

__all__ = ["CALLS", "COMPLAINTS", "NUMBERS", "SET_STATE"]

_SINCE = bindparam("since", type_=UtcTime())
SHORT_MS = 15_000
_REFUSED = ("rejected", "opted_out")
_BLOCKED = ("carrier_blocked", "barred")


def _count(condition: ColumnElement[bool]) -> Function[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


_answered = attempt.c.answered_at.is_not(None)
CALLS = (
    select(
        attempt.c.own_number,
        func.count().label("dialled"),
        _count(_answered).label("answered"),
        _count(and_(_answered, attempt.c.talk_ms <= SHORT_MS)).label("short"),
        _count(attempt.c.disposition.in_(_REFUSED)).label("refused"),
        _count(attempt.c.disposition.in_(_BLOCKED)).label("blocked"),
    )
    .where(attempt.c.tenant_id == TENANT, attempt.c.dialled_at >= _SINCE, attempt.c.state == "done", attempt.c.counts)
    .group_by(attempt.c.own_number)
)

# A complaint counts against every number of ours that rang this person in the span.
COMPLAINTS = (
    select(attempt.c.own_number, func.count(complaint.c.id.distinct()).label("complaints"))
    .select_from(complaint)
    .join(person, and_(person.c.tenant_id == complaint.c.tenant_id, person.c.number_index == complaint.c.number_index))
    .join(attempt, and_(attempt.c.tenant_id == person.c.tenant_id, attempt.c.person_id == person.c.id))
    .where(complaint.c.tenant_id == TENANT, complaint.c.received_at >= _SINCE, attempt.c.dialled_at >= _SINCE)
    .group_by(attempt.c.own_number)
)

NUMBERS = (
    select(own_number)
    .where(own_number.c.tenant_id == TENANT, own_number.c.state != "retired")
    .order_by(own_number.c.number)
)
# Of two workers that see the same at once, one changes it.
SET_STATE = (
    update(own_number)
    .where(
        own_number.c.tenant_id == TENANT,
        own_number.c.number == bindparam("which"),
        own_number.c.state == bindparam("before"),
    )
    .values(state=bindparam("state"), state_reason=bindparam("reason"))
)
