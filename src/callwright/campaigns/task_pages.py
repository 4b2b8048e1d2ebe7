"""All SQL of tasks as people look at them: pages of tasks, how far they are, their queue, their hours. What changes a task: task_store.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, BindParameter, Integer, Row, String, and_, bindparam, case, cast, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from callwright.accounts.tables import company, own_number
from callwright.calls.disposition import CONNECTED
from callwright.campaigns.tables import attempt, lead, lead_list, line, script_version, task, task_lead
from callwright.compliance.tables import person
from callwright.store.metadata import TENANT, UtcTime
from callwright.store.scope import Scope

__all__ = ["COMPANIES", "LINES", "POOLS", "QUEUE", "READY_LISTS", "SCRIPTS", "TASKS", "Hour", "far", "hours"]

_TASK = bindparam("task", type_=BigInteger())
_MOST = bindparam("most", type_=Integer())

_STATES: BindParameter[str] = bindparam("states", expanding=True)
TASKS = (
    select(
        task.c.id, task.c.name, task.c.state, task.c.state_reason, task.c.priority, task.c.max_robots, task.c.active, task.c.dialled,
        task.c.spent, task.c.opens_at, task.c.closes_at, task.c.starts_at, task.c.not_after, task.c.version, task.c.created_at,
        task.c.created_by, lead_list.c.name.label("list_name"), lead_list.c.imported.label("people"), line.c.name.label("line_name"),
    )
    .join_from(task, lead_list, and_(lead_list.c.tenant_id == task.c.tenant_id, lead_list.c.id == task.c.list_id))
    .join(line, and_(line.c.tenant_id == task.c.tenant_id, line.c.id == task.c.line_id))
    .where(
        task.c.tenant_id == TENANT,
        task.c.id < bindparam("before", type_=BigInteger()),
        or_(bindparam("every", type_=Integer()) == 1, task.c.state.in_(_STATES)),
        func.lower(task.c.name).like(bindparam("like", type_=String()), escape="\\"),
    )
    .order_by(task.c.id.desc())
    .limit(_MOST)
)  # fmt: skip
"""before: id of the last one seen; every: 1 = in whatever state, else `states`; like: `list_store.containing(words)`."""

# Of many tasks at once; read from an index alone.
_FAR = (
    select(task_lead.c.task_id, task_lead.c.state, func.count().label("n"))
    .where(task_lead.c.tenant_id == TENANT, task_lead.c.task_id.in_(bindparam("tasks", expanding=True)))
    .group_by(task_lead.c.task_id, task_lead.c.state)
)

QUEUE = (
    select(
        task_lead.c.lead_id, lead.c.row, task_lead.c.state, task_lead.c.reason, task_lead.c.due_at, task_lead.c.attempts,
        task_lead.c.variant, task_lead.c.last_disposition, task_lead.c.callback_at, person.c.number, person.c.number_index,
    )
    .join_from(task_lead, lead, and_(lead.c.tenant_id == task_lead.c.tenant_id, lead.c.id == task_lead.c.lead_id))
    .join(person, and_(person.c.tenant_id == task_lead.c.tenant_id, person.c.id == task_lead.c.person_id))
    .where(
        task_lead.c.tenant_id == TENANT,
        task_lead.c.task_id == _TASK,
        task_lead.c.lead_id > bindparam("after", type_=BigInteger()),
        or_(bindparam("state", type_=String()) == "", task_lead.c.state == bindparam("state", type_=String())),
        or_(bindparam("reason", type_=String()) == "", task_lead.c.reason == bindparam("reason", type_=String())),
    )
    .order_by(task_lead.c.lead_id)
    .limit(_MOST)
)  # fmt: skip

# ------------------------------------------------------------ what a task can be made of

COMPANIES = (
    select(company.c.id, company.c.name, company.c.registration, company.c.vetted_at, company.c.vetted_until)
    .where(company.c.tenant_id == TENANT)
    .order_by(company.c.id)
)
SCRIPTS = (
    select(
        script_version.c.script_id, script_version.c.digest, script_version.c.purpose, script_version.c.language,
        script_version.c.reviewed_at, script_version.c.reviewed_by,
    )
    .where(
        script_version.c.tenant_id == TENANT,
        script_version.c.reviewed_at.is_not(None),
        script_version.c.withdrawn_at.is_(None),
    )
    .order_by(script_version.c.submitted_at.desc(), script_version.c.id.desc())
    .limit(_MOST)
)  # fmt: skip
READY_LISTS = (
    select(lead_list.c.id, lead_list.c.name, lead_list.c.imported)
    .where(lead_list.c.tenant_id == TENANT, lead_list.c.state == "ready")
    .order_by(lead_list.c.id.desc())
    .limit(_MOST)
)
_running = (
    select(func.count())
    .select_from(task)
    .where(task.c.tenant_id == TENANT, task.c.line_id == line.c.id, task.c.state == "running")
    .scalar_subquery()
)
LINES = select(line, _running.label("running")).where(line.c.tenant_id == TENANT).order_by(line.c.name)
_able = case((and_(own_number.c.verified_at.is_not(None), own_number.c.state.in_(("active", "slowed"))), 1), else_=0)
POOLS = (
    select(
        own_number.c.trunk, own_number.c.pool, func.count().label("numbers"), func.coalesce(func.sum(_able), 0).label("able")
    )
    .where(own_number.c.tenant_id == TENANT, own_number.c.state != "retired")
    .group_by(own_number.c.trunk, own_number.c.pool)
    .order_by(own_number.c.trunk, own_number.c.pool)
)  # fmt: skip

# ------------------------------------------------------------ hours


def _hour(seconds: ColumnElement[Any]) -> ColumnElement[Any]:
    """Whole hours since 1970. `//` of SQLAlchemy is floor division on both."""
    return seconds // 3600


def _per_hour(seconds: ColumnElement[Any]) -> Any:
    hour = _hour(seconds).label("hour")
    answered = func.sum(case((attempt.c.disposition.in_(sorted(CONNECTED)), 1), else_=0))
    return (
        select(hour, func.count().label("dials"), answered.label("answered"))
        .where(
            attempt.c.tenant_id == TENANT,
            attempt.c.task_id == _TASK,
            attempt.c.dialled_at >= bindparam("since", type_=UtcTime()),
        )
        .group_by(hour)
        .order_by(hour)
    )


_HOURS = {
    "sqlite": _per_hour(cast(attempt.c.dialled_at, BigInteger) // 1000),
    "postgresql": _per_hour(cast(func.floor(func.extract("epoch", attempt.c.dialled_at)), BigInteger)),
}


@dataclass(frozen=True, slots=True)
class Hour:
    """Attempts dialled within an hour (UTC), and how many of them were answered."""

    at: datetime
    dials: int
    answered: int


async def hours(scope: Scope, task_id: int, now: datetime, days: int) -> list[Hour]:
    """The hours of the last days in which a task dialled, in order."""
    rows = await scope.all(_HOURS[scope.dialect], task=task_id, since=now - timedelta(days=days))
    return [
        Hour(datetime.fromtimestamp(int(row.hour) * 3600, UTC), int(row.dials), int(row.answered or 0)) for row in rows
    ]


async def far(scope: Scope, tasks: Sequence[Row[Any]]) -> Mapping[int, Mapping[str, int]]:
    """Of each of these tasks: how many leads of its queue are in each state."""
    found: dict[int, dict[str, int]] = {}
    for row in await scope.all(_FAR, tasks=[one.id for one in tasks]) if tasks else ():
        found.setdefault(row.task_id, {})[row.state] = row.n
    return found
