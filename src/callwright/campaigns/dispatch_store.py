"""SQL of dispatch: claim and dial. The same statements on SQLite and PostgreSQL.

What a decision looks at: `facts_store`; the end of a call: `finish_store`; leases: `lease_store`.

Locks within one transaction, always in this order: task -> task_lead -> person (by id) -> own_number -> chain_head -> line. Only a claim has the
line before its leads, and it waits for no lead (SKIP LOCKED). On SQLite a transaction is alone from its first statement on.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    BindParameter,
    Column,
    Integer,
    String,
    and_,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    update,
)

from callwright.accounts.tables import company, own_number, tenant
from callwright.campaigns.tables import (
    attempt,
    lead,
    line,
    script_version,
    task,
    task_lead,
)
from callwright.compliance.tables import (
    consent_use,
    person,
)
from callwright.store.constant import constant
from callwright.store.metadata import TENANT, UtcTime, words

__all__ = [
    "ADD_ATTEMPTS",
    "ADD_PERSON",
    "ADD_USES",
    "ADVANCE",
    "BEGIN_TASK",
    "CHARGE_LINE",
    "CHARGE_TASK",
    "CLAIM",
    "DIALLING",
    "FIND_COMPANY",
    "IN_FLIGHT",
    "LOCK_CLAIMED",
    "LOCK_LINE",
    "LOCK_LINE_OF",
    "LOCK_OWN_NUMBERS",
    "LOCK_PERSON",
    "LOCK_TASK",
    "LOCK_TASK_AND_LINE",
    "LOOK_AT_LEADS",
    "MOVE_TASK",
    "OPENING",
    "OWN_NUMBER_USE",
    "PLAN",
    "REFUSALS",
    "RELEASE_LINE",
    "RUNNING_TASKS",
    "SCRIPT_TEXT",
    "SET_LEADS",
    "SUSPENDED",
    "TAKE",
    "TAKEN",
    "WHO",
]

REFUSALS = ("declined", "opted_out")
"""Dispositions by which a person says that they do not want this."""

IN_FLIGHT = ("dialling", "ringing", "answered")
"""States of an attempt whose worker is at it."""

_TASK = bindparam("task", type_=BigInteger())
_LINE = bindparam("line", type_=BigInteger())
_LEADS: BindParameter[int] = bindparam("leads", expanding=True)
_NOW = bindparam("now", type_=UtcTime())
_OWNER = bindparam("owner", type_=String())

# ------------------------------------------------------------ claim

# A suspended tenant calls nobody: looked at by the claim, by the gate, and by a call that somebody asks for.
SUSPENDED = select(tenant.c.suspended).where(tenant.c.id == TENANT)
_suspended = SUSPENDED.scalar_subquery().label("suspended")

_FREE = (
    task.c.id.label("task_id"), task.c.state, task.c.version, task.c.max_robots, task.c.active, task.c.spent, task.c.opens_at,
    task.c.closes_at, task.c.not_after, task.c.starts_at, task.c.tat, task.c.line_id, line.c.max_calls, line.c.active.label("line_active"),
    line.c.calls_per_second, line.c.burst, line.c.tat.label("line_tat"), line.c.blocked_until, _suspended,
)  # fmt: skip
_of_line = and_(line.c.tenant_id == task.c.tenant_id, line.c.id == task.c.line_id)
# FOR NO KEY UPDATE: rows that refer to a task may come in meanwhile.
LOCK_TASK_AND_LINE = constant(
    select(*_FREE)
    .join_from(task, line, _of_line)
    .where(task.c.tenant_id == TENANT, task.c.id == _TASK)
    .with_for_update(key_share=True, of=[task, line])
)
# The task alone: its line is locked last (LOCK_LINE_OF), and until then only looked at.
LOCK_TASK = constant(
    select(*_FREE, task.c.company_id, line.c.name.label("trunk"))
    .join_from(task, line, _of_line)
    .where(task.c.tenant_id == TENANT, task.c.id == _TASK)
    .with_for_update(key_share=True, of=task)
)

# `room` is a number of ours, never NULL (LIMIT NULL is no limit: a paused campaign would claim everything), and written into the statement.
_DUE = (
    task_lead.c.tenant_id == TENANT,
    task_lead.c.task_id == _TASK,
    task_lead.c.state == "ready",
    task_lead.c.due_at <= _NOW,
)


def _next(*columns: Column[Any]) -> CTE:
    """Of the leads that are due and that nobody else is at, those whose turn it is."""
    return (
        select(*columns)
        .where(*_DUE)
        .order_by(task_lead.c.due_at, task_lead.c.rank)
        .limit(bindparam("room", type_=Integer(), literal_execute=True))
        .with_for_update(skip_locked=True)
        .cte("picked")
    )


_picked = _next(task_lead.c.lead_id)
CLAIM = constant(
    update(task_lead)
    .where(
        task_lead.c.tenant_id == TENANT,
        task_lead.c.task_id == _TASK,
        task_lead.c.lead_id.in_(select(_picked.c.lead_id)),
    )
    .values(
        state="claimed",
        owner=bindparam("new_owner", type_=String()),
        fence=task_lead.c.fence + 1,
        lease_until=bindparam("until", type_=UtcTime()),
    )
    .returning(
        task_lead.c.lead_id,
        task_lead.c.person_id,
        task_lead.c.fence,
        task_lead.c.attempts,
        task_lead.c.variant,
        task_lead.c.callback_at,
    )
)
CHARGE_TASK = constant(
    update(task)
    .where(task.c.tenant_id == TENANT, task.c.id == _TASK)
    .values(
        active=task.c.active + bindparam("more", type_=Integer()),
        tat=bindparam("new_tat", type_=UtcTime()),
        opens_at=bindparam("new_opens", type_=UtcTime()),
        closes_at=bindparam("new_closes", type_=UtcTime()),
    )
)
CHARGE_LINE = constant(
    update(line)
    .where(line.c.tenant_id == TENANT, line.c.id == _LINE)
    .values(active=line.c.active + bindparam("more", type_=Integer()), tat=bindparam("new_tat", type_=UtcTime()))
)
OPENING = constant(
    update(task)
    .where(task.c.tenant_id == TENANT, task.c.id == _TASK)
    .values(opens_at=bindparam("new_opens", type_=UtcTime()), closes_at=bindparam("new_closes", type_=UtcTime()))
)
PLAN = constant(select(task.c.plan).where(task.c.tenant_id == TENANT, task.c.id == _TASK))

# ------------------------------------------------------------ dial

WHO = (
    person.c.id.label("person_id"), person.c.number_index, person.c.number, person.c.country, person.c.region,
    words(person.c.zones).label("zones"),    person.c.line_type, person.c.erased_at,
)  # fmt: skip
# Task, leads and people are locked in this order, each row as it is once it is ours; the line and the company are only looked at.
LOCK_CLAIMED = constant(
    select(
        *WHO, task_lead.c.lead_id, task_lead.c.fence, task_lead.c.attempts, task_lead.c.lease_until, lead.c.variables, lead.c.time_zone,
        task.c.id.label("task_id"), task.c.state, task.c.version, task.c.opens_at, task.c.closes_at, task.c.not_after, task.c.starts_at,
        task.c.line_id, task.c.company_id, company.c.country.label("house_country"), company.c.vetted_at, company.c.vetted_until,
        line.c.name.label("trunk"), line.c.blocked_until, _suspended,
    )
    .join_from(task, company, and_(company.c.tenant_id == task.c.tenant_id, company.c.id == task.c.company_id))
    .join(line, and_(line.c.tenant_id == task.c.tenant_id, line.c.id == task.c.line_id))
    .join(task_lead, and_(task_lead.c.tenant_id == task.c.tenant_id, task_lead.c.task_id == task.c.id))
    .join(person, and_(person.c.tenant_id == task_lead.c.tenant_id, person.c.id == task_lead.c.person_id))
    .join(lead, and_(lead.c.tenant_id == task_lead.c.tenant_id, lead.c.id == task_lead.c.lead_id))
    .where(
        task.c.tenant_id == TENANT,
        task.c.id == _TASK,
        task_lead.c.lead_id.in_(_LEADS),
        task_lead.c.state == "claimed",
        task_lead.c.owner == _OWNER,
    )
    .order_by(person.c.id)
    .with_for_update(key_share=True, of=[task, task_lead, person])
)  # fmt: skip
# The same of leads that nobody has claimed: taken, with their people, as a claim would. Whoever waited for the task sees here what company and
# tenant are by now: PostgreSQL reads what it waited for again, and nothing else of that statement.
_taken = _next(
    task_lead.c.lead_id, task_lead.c.person_id, task_lead.c.fence, task_lead.c.attempts, task_lead.c.variant, task_lead.c.callback_at,
    task_lead.c.due_at, task_lead.c.rank,
)  # fmt: skip
TAKE = constant(
    select(
        *WHO, *(column for column in _taken.c if column.name != "person_id"), lead.c.variables, lead.c.time_zone,
        company.c.id.label("company_id"), company.c.country.label("house_country"), company.c.vetted_at, company.c.vetted_until, _suspended,
    )
    .join_from(_taken, person, and_(person.c.tenant_id == TENANT, person.c.id == _taken.c.person_id))
    .join(lead, and_(lead.c.tenant_id == TENANT, lead.c.id == _taken.c.lead_id))
    .join(company, and_(company.c.tenant_id == TENANT, company.c.id == bindparam("company", type_=BigInteger())))
    .order_by(person.c.id)
    .with_for_update(key_share=True, of=person)
)  # fmt: skip
# The same without a claim and without locks: for previews and simulation.
LOOK_AT_LEADS = constant(
    select(*WHO, task_lead.c.lead_id, task_lead.c.fence, task_lead.c.attempts, lead.c.variables, lead.c.time_zone)
    .join_from(
        task_lead, person, and_(person.c.tenant_id == task_lead.c.tenant_id, person.c.id == task_lead.c.person_id)
    )
    .join(lead, and_(lead.c.tenant_id == task_lead.c.tenant_id, lead.c.id == task_lead.c.lead_id))
    .where(task_lead.c.tenant_id == TENANT, task_lead.c.task_id == _TASK, task_lead.c.lead_id.in_(_LEADS))
)
LOCK_PERSON = constant(
    select(*WHO)
    .where(person.c.tenant_id == TENANT, person.c.number_index == bindparam("number_index"))
    .with_for_update(key_share=True)
)
FIND_COMPANY = constant(
    select(company.c.id, company.c.country, company.c.vetted_at, company.c.vetted_until).where(
        company.c.tenant_id == TENANT, company.c.id == bindparam("company", type_=BigInteger())
    )
)
_line = select(
    line.c.id, line.c.name, line.c.max_calls, line.c.active, line.c.calls_per_second, line.c.burst, line.c.tat, line.c.blocked_until
).with_for_update(key_share=True)  # fmt: skip
LOCK_LINE = constant(_line.where(line.c.tenant_id == TENANT, line.c.name == bindparam("name", type_=String())))
LOCK_LINE_OF = constant(_line.where(line.c.tenant_id == TENANT, line.c.id == _LINE))

SCRIPT_TEXT = constant(
    select(script_version.c.text).where(
        script_version.c.tenant_id == TENANT, script_version.c.id == bindparam("script", type_=BigInteger())
    )
)
LOCK_OWN_NUMBERS = constant(
    select(own_number.c.id)
    .where(own_number.c.tenant_id == TENANT, own_number.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(own_number.c.id)
    .with_for_update(key_share=True)
)
OWN_NUMBER_USE = constant(
    select(attempt.c.own_number, func.count().label("calls"), func.max(attempt.c.dialled_at).label("last_at"))
    .where(
        attempt.c.tenant_id == TENANT,
        attempt.c.own_number.in_(bindparam("numbers", expanding=True)),
        attempt.c.dialled_at >= bindparam("since", type_=UtcTime()),
    )
    .group_by(attempt.c.own_number)
)
ADD_ATTEMPTS = constant(insert(attempt))
ADD_USES = constant(insert(consent_use))
ADD_PERSON = insert(person).returning(person.c.id)
DIALLING = constant(
    update(task_lead)
    .where(task_lead.c.tenant_id == TENANT, task_lead.c.task_id == _TASK, task_lead.c.lead_id.in_(_LEADS))
    .values(state="dialling", attempts=task_lead.c.attempts + 1, callback_at=None, reason="")
)
TAKEN = constant(
    update(task_lead)
    .where(task_lead.c.tenant_id == TENANT, task_lead.c.task_id == _TASK, task_lead.c.lead_id.in_(_LEADS))
    .values(
        state="dialling",
        attempts=task_lead.c.attempts + 1,
        callback_at=None,
        reason="",
        owner=bindparam("new_owner", type_=String()),
        fence=task_lead.c.fence + 1,
    )
)
BEGIN_TASK = constant(
    update(task)
    .where(task.c.tenant_id == TENANT, task.c.id == _TASK)
    .values(
        active=task.c.active + bindparam("more", type_=Integer()),
        dialled=task.c.dialled + bindparam("more", type_=Integer()),
        tat=bindparam("new_tat", type_=UtcTime()),
    )
)
SET_LEADS = constant(
    update(task_lead)
    .where(
        task_lead.c.tenant_id == TENANT,
        task_lead.c.task_id == bindparam("of_task", type_=BigInteger()),
        task_lead.c.lead_id == bindparam("of_lead", type_=BigInteger()),
    )
    .values(
        state=bindparam("new_state", type_=String()),
        reason=bindparam("new_reason", type_=String()),
        due_at=func.coalesce(bindparam("new_due", type_=UtcTime()), task_lead.c.due_at),
        last_disposition=func.coalesce(bindparam("new_disposition", type_=String()), task_lead.c.last_disposition),
        callback_at=bindparam("new_callback", type_=UtcTime()),
        owner=None,
        lease_until=None,
    )
)
MOVE_TASK = constant(
    update(task)
    .where(task.c.tenant_id == TENANT, task.c.id == _TASK)
    .values(
        active=task.c.active - bindparam("fewer", type_=Integer()),
        dialled=task.c.dialled + bindparam("dialled_more", type_=Integer()),
        spent=task.c.spent + bindparam("cost", type_=BigInteger()),
    )
)
RELEASE_LINE = constant(
    update(line)
    .where(line.c.tenant_id == TENANT, line.c.id == _LINE)
    .values(active=line.c.active - bindparam("fewer", type_=Integer()))
)

# ------------------------------------------------------------ progress

ADVANCE = constant(
    update(attempt)
    .where(
        attempt.c.tenant_id == TENANT,
        attempt.c.id == bindparam("of_attempt", type_=String()),
        attempt.c.owner == bindparam("of_owner", type_=String()),
        or_(attempt.c.state == "dialling", attempt.c.state == "ringing"),
    )
    .values(
        state=bindparam("new_state", type_=String()),
        answered_at=case(
            (bindparam("new_state_again", type_=String()) == "answered", bindparam("at", type_=UtcTime())),
            else_=attempt.c.answered_at,
        ),
    )
)
RUNNING_TASKS = constant(
    select(
        task.c.id,
        task.c.priority,
        task.c.guaranteed_robots,
        task.c.max_robots,
        task.c.active,
        task.c.line_id,
        line.c.name.label("trunk"),
    )
    .join_from(task, line, and_(line.c.tenant_id == task.c.tenant_id, line.c.id == task.c.line_id))
    .where(task.c.tenant_id == TENANT, task.c.state == "running")
    .order_by(task.c.priority, task.c.id)
)
