"""All SQL of the desk: where workers are reached, agents, what they wrote after a call, and whom a click dials."""

from __future__ import annotations

from sqlalchemy import BigInteger, LargeBinary, String, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from callwright.campaigns.tables import lead, line, task, worker
from callwright.compliance.tables import person
from callwright.desk.tables import agent, wrap_up
from callwright.store.metadata import TENANT, Json, UtcTime

__all__ = ["ADD_AGENT", "ADD_WRAP_UP", "AGENT", "AGENTS", "SEEN", "SET_AGENT", "TASK", "VARIABLES", "WORKERS"]

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
        groups=bindparam("new_groups", type_=Json),
        call=bindparam("new_call", type_=String()),
    )
)
SEEN = (
    update(agent)
    .where(agent.c.tenant_id == TENANT, agent.c.user_id == _USER)
    .values(seen_at=bindparam("at", type_=UtcTime()))
)
ADD_WRAP_UP = insert(wrap_up)

TASK = (
    select(task.c.plan, task.c.company_id, task.c.state, line.c.name.label("line"))
    .join(line, (line.c.id == task.c.line_id) & (line.c.tenant_id == task.c.tenant_id))
    .where(task.c.tenant_id == TENANT, task.c.id == bindparam("task", type_=BigInteger()))
)
VARIABLES = (
    select(lead.c.variables)
    .join(person, (person.c.id == lead.c.person_id) & (person.c.tenant_id == lead.c.tenant_id))
    .where(lead.c.tenant_id == TENANT, person.c.number_index == bindparam("number_index", type_=LargeBinary()))
    .order_by(lead.c.id.desc())
    .limit(1)
)
