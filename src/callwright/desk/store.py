"""All SQL of the desk: where workers are reached, agents and their groups, what they wrote after a call, and whom a click dials."""

from __future__ import annotations

from sqlalchemy import BigInteger, LargeBinary, String, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from callwright.accounts.user_tables import user_account
from callwright.campaigns.tables import attempt, lead, line, script_version, task, worker
from callwright.compliance.tables import person
from callwright.desk.tables import agent, wrap_up
from callwright.store.metadata import TENANT, Json, UtcTime

__all__ = [
    "ADD_AGENT",
    "ADD_WRAP_UP",
    "AGENT",
    "AGENTS",
    "LEAD",
    "LEAD_OF_NUMBER",
    "OF_CALL",
    "SCRIPT_TEXTS",
    "SEEN",
    "SET_AGENT",
    "SET_GROUPS",
    "TASK",
    "USERS",
    "WORKERS",
    "WRAP_UPS",
]

WORKERS = select(worker.c.name, worker.c.live_address, worker.c.live_secret, worker.c.robots).where(
    worker.c.tenant_id == TENANT, worker.c.seen_at >= bindparam("since", type_=UtcTime()), worker.c.live_address != ""
)

_USER = bindparam("of_user", type_=BigInteger())
_COLUMNS = (
    agent.c.user_id, agent.c.name, agent.c.state, agent.c.since, agent.c.seen_at, agent.c.groups, agent.c.call,
)  # fmt: skip
AGENTS = select(*_COLUMNS).where(agent.c.tenant_id == TENANT).order_by(agent.c.since)
AGENT = select(*_COLUMNS).where(agent.c.tenant_id == TENANT, agent.c.user_id == _USER).with_for_update()
ADD_AGENT = upsert(agent).on_conflict_do_nothing(index_elements=["tenant_id", "user_id"])
SET_AGENT = (
    update(agent)
    .where(agent.c.tenant_id == TENANT, agent.c.user_id == _USER)
    .values(
        state=bindparam("new_state", type_=String()),
        since=bindparam("new_since", type_=UtcTime()),
        seen_at=bindparam("at", type_=UtcTime()),
        call=bindparam("new_call", type_=String()),
    )
)
SEEN = (
    update(agent)
    .where(agent.c.tenant_id == TENANT, agent.c.user_id == _USER)
    .values(seen_at=bindparam("at", type_=UtcTime()))
)
SET_GROUPS = (
    update(agent)
    .where(agent.c.tenant_id == TENANT, agent.c.user_id == _USER)
    .values(groups=bindparam("new_groups", type_=Json), name=bindparam("new_name", type_=String()))
)
USERS = (
    select(user_account.c.id, user_account.c.name, user_account.c.roles)
    .where(user_account.c.tenant_id == TENANT, user_account.c.state != "disabled")
    .order_by(user_account.c.name, user_account.c.id)
)
ADD_WRAP_UP = insert(wrap_up)
WRAP_UPS = (
    select(wrap_up.c.user_id, wrap_up.c.code, wrap_up.c.note, wrap_up.c.follow_up, wrap_up.c.created_at, user_account.c.name)
    .outerjoin_from(
        wrap_up, user_account, (user_account.c.id == wrap_up.c.user_id) & (user_account.c.tenant_id == wrap_up.c.tenant_id)
    )
    .where(wrap_up.c.tenant_id == TENANT, wrap_up.c.attempt_id == bindparam("attempt", type_=String()))
    .order_by(wrap_up.c.id)
)  # fmt: skip
SCRIPT_TEXTS = select(script_version.c.script_id, script_version.c.digest, script_version.c.text).where(
    script_version.c.tenant_id == TENANT, script_version.c.digest.in_(bindparam("digests", expanding=True))
)

TASK = (
    select(task.c.plan, task.c.company_id, task.c.state, line.c.name.label("line"))
    .join(line, (line.c.id == task.c.line_id) & (line.c.tenant_id == task.c.tenant_id))
    .where(task.c.tenant_id == TENANT, task.c.id == bindparam("task", type_=BigInteger()))
)
# Whom a click dials: the newest lead of a number, a lead by its id, or whoever an earlier call was with.
_LEAD = (
    select(lead.c.id, lead.c.variables, person.c.number, person.c.number_index)
    .join(person, (person.c.id == lead.c.person_id) & (person.c.tenant_id == lead.c.tenant_id))
    .where(lead.c.tenant_id == TENANT)
)
LEAD_OF_NUMBER = (
    _LEAD.where(person.c.number_index == bindparam("number_index", type_=LargeBinary()))
    .order_by(lead.c.id.desc())
    .limit(1)
)
LEAD = _LEAD.where(lead.c.id == bindparam("lead", type_=BigInteger()))
OF_CALL = (
    select(person.c.number, person.c.number_index, attempt.c.task_id)
    .join(person, (person.c.id == attempt.c.person_id) & (person.c.tenant_id == attempt.c.tenant_id))
    .where(attempt.c.tenant_id == TENANT, attempt.c.id == bindparam("attempt", type_=String()))
)
