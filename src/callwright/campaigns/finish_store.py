"""SQL of the end of calls: who is locked, what is written, what the breaker looks at. Order of locks: see `dispatch_store`."""

from __future__ import annotations

from sqlalchemy import BigInteger, BindParameter, Integer, String, and_, bindparam, func, select, update

from callwright.accounts.tables import company
from callwright.campaigns.dispatch_store import WHO
from callwright.campaigns.tables import attempt, script_version, task, task_event
from callwright.compliance.tables import person
from callwright.store.constant import constant
from callwright.store.metadata import TENANT, UtcTime

__all__ = ["END_ATTEMPTS", "LAST_START", "LOCK_ATTEMPTS", "LOCK_TASKS", "LOCK_TASK_AND_ATTEMPTS", "RECENT"]

_TASK = bindparam("task", type_=BigInteger())
_TASKS: BindParameter[int] = bindparam("tasks", expanding=True)

LOCK_TASKS = constant(
    select(task.c.id, task.c.version, task.c.line_id, task.c.company_id, task.c.state)
    .where(task.c.tenant_id == TENANT, task.c.id.in_(_TASKS))
    .order_by(task.c.id)
    .with_for_update(key_share=True)
)
_ENDED = (
    attempt.c.id, attempt.c.task_id, attempt.c.lead_id, attempt.c.n, attempt.c.state, attempt.c.line_id, attempt.c.owner,
    attempt.c.fence, attempt.c.dialled_at, attempt.c.answered_at, attempt.c.reconciled, attempt.c.own_number,
    attempt.c.script_version_id, script_version.c.digest, script_version.c.reviewed_at, script_version.c.withdrawn_at,
    task.c.company_id, company.c.country.label("house_country"), company.c.vetted_at, company.c.vetted_until, *WHO,
)  # fmt: skip
_of_person = and_(person.c.tenant_id == attempt.c.tenant_id, person.c.id == attempt.c.person_id)
_of_company = and_(company.c.tenant_id == task.c.tenant_id, company.c.id == task.c.company_id)
_of_version = and_(
    script_version.c.tenant_id == attempt.c.tenant_id, script_version.c.id == attempt.c.script_version_id
)
_these_attempts = and_(attempt.c.tenant_id == TENANT, attempt.c.id.in_(bindparam("attempts", expanding=True)))
LOCK_ATTEMPTS = constant(
    select(*_ENDED)
    .join_from(attempt, person, _of_person)
    .outerjoin(task, and_(task.c.tenant_id == attempt.c.tenant_id, task.c.id == attempt.c.task_id))
    .outerjoin(company, _of_company)
    .outerjoin(script_version, _of_version)
    .where(_these_attempts)
    .order_by(person.c.id, attempt.c.id)
    .with_for_update(key_share=True, of=[attempt, person])
)
# Both at once, for attempts that should all be of one task, which is locked first. Whether they are is for the caller to see: as a condition it
# would let PostgreSQL go through all attempts of the task.
LOCK_TASK_AND_ATTEMPTS = constant(
    select(*_ENDED, task.c.version.label("task_version"), task.c.state.label("task_state"))
    .join_from(task, attempt, attempt.c.tenant_id == task.c.tenant_id)
    .join(person, _of_person)
    .outerjoin(company, _of_company)
    .outerjoin(script_version, _of_version)
    .where(task.c.tenant_id == TENANT, task.c.id == _TASK, _these_attempts)
    .order_by(person.c.id, attempt.c.id)
    .with_for_update(key_share=True, of=[task, attempt, person])
)
LAST_START = constant(
    select(func.max(task_event.c.at)).where(
        task_event.c.tenant_id == TENANT, task_event.c.task_id == _TASK, task_event.c.change.in_(("start", "resume"))
    )
)
RECENT = constant(
    select(attempt.c.disposition)
    .where(
        attempt.c.tenant_id == TENANT,
        attempt.c.task_id == _TASK,
        attempt.c.dialled_at >= bindparam("since", type_=UtcTime()),
        attempt.c.state == "done",
    )
    .order_by(attempt.c.dialled_at.desc())
    .limit(bindparam("most", type_=Integer()))
)
END_ATTEMPTS = constant(
    update(attempt)
    .where(attempt.c.tenant_id == TENANT, attempt.c.id == bindparam("of_attempt", type_=String()))
    .values(
        state=bindparam("new_state", type_=String()),
        answered_at=bindparam("answered", type_=UtcTime()),
        ended_at=bindparam("ended", type_=UtcTime()),
        disposition=bindparam("new_disposition", type_=String()),
        counts=bindparam("new_counts"),
        talk_ms=bindparam("talk", type_=Integer()),
        sip_code=bindparam("code", type_=Integer()),
        cause=bindparam("new_cause", type_=String()),
        reconciled=bindparam("how", type_=String()),
    )
)
