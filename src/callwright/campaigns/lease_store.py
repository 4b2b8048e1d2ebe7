"""SQL of leases: which worker is at which lead and attempt, and what workers that died left behind.

A lease of an attempt is a row of its own, apart from the attempt: it is renewed every second, and a row of few columns and one index costs
PostgreSQL a small part of what one of `attempt` does. Whoever locks both does so in one statement and waits for neither (SKIP LOCKED), or has
the attempt first.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Integer, String, and_, bindparam, delete, exists, insert, select, update

from callwright.campaigns.dispatch_store import IN_FLIGHT
from callwright.campaigns.tables import attempt, attempt_lease, sip_account, task, task_lead, worker
from callwright.store.constant import constant
from callwright.store.metadata import TENANT, UtcTime

__all__ = [
    "ACCOUNTS",
    "ADD_ACCOUNTS",
    "ADD_LEASES",
    "ADD_WORKER",
    "END_LEASES",
    "LAPSED_CLAIMS",
    "LOSE_ATTEMPTS",
    "LOSE_LEASES",
    "RELEASE_CLAIMS",
    "RENEW_LEASES",
    "SEEN",
    "UNSETTLED",
]

_TASK = bindparam("task", type_=BigInteger())
_NOW = bindparam("now", type_=UtcTime())
_of_attempt = and_(attempt.c.tenant_id == attempt_lease.c.tenant_id, attempt.c.id == attempt_lease.c.attempt_id)

# ------------------------------------------------------------ workers and what they hold

ADD_WORKER = constant(insert(worker))
SEEN = constant(
    update(worker)
    .where(worker.c.tenant_id == TENANT, worker.c.name == bindparam("of_name", type_=String()))
    .values(
        seen_at=bindparam("at", type_=UtcTime()),
        robots=bindparam("count", type_=Integer()),
        resting=bindparam("rests", type_=Boolean()),
    )
)
ADD_LEASES = constant(insert(attempt_lease))
END_LEASES = constant(
    delete(attempt_lease).where(
        attempt_lease.c.tenant_id == TENANT, attempt_lease.c.attempt_id.in_(bindparam("attempts", expanding=True))
    )
)
# What is locked is being written to its end: it need not be renewed, and must not be waited for.
_held = (
    select(attempt_lease.c.attempt_id)
    .where(
        attempt_lease.c.tenant_id == TENANT,
        attempt_lease.c.attempt_id.in_(bindparam("attempts", expanding=True)),
        attempt_lease.c.owner == bindparam("of_owner", type_=String()),
        attempt_lease.c.lost.is_(False),
    )
    .with_for_update(skip_locked=True)
    .cte("held")
)
RENEW_LEASES = constant(
    update(attempt_lease)
    .where(attempt_lease.c.tenant_id == TENANT, attempt_lease.c.attempt_id.in_(select(_held.c.attempt_id)))
    .values(until=bindparam("new_until", type_=UtcTime()))
)

# ------------------------------------------------------------ reap

LAPSED_CLAIMS = constant(
    select(task.c.id.label("task_id"))
    .where(
        task.c.tenant_id == TENANT,
        task.c.active > 0,
        exists().where(
            task_lead.c.tenant_id == TENANT,
            task_lead.c.task_id == task.c.id,
            task_lead.c.state == "claimed",
            task_lead.c.lease_until < _NOW,
        ),
    )
    .order_by(task.c.id)
)
# Leases are looked at again under the lock: a worker that came back in time keeps what it has.
RELEASE_CLAIMS = constant(
    update(task_lead)
    .where(
        task_lead.c.tenant_id == TENANT,
        task_lead.c.task_id == _TASK,
        task_lead.c.state == "claimed",
        task_lead.c.lease_until < _NOW,
    )
    .values(state="ready", owner=None, lease_until=None)
    .returning(task_lead.c.lead_id)
)
_lapsed = (
    select(attempt_lease.c.attempt_id)
    .join_from(attempt_lease, attempt, _of_attempt)
    .where(attempt_lease.c.tenant_id == TENANT, attempt_lease.c.lost.is_(False), attempt_lease.c.until < _NOW)
    .order_by(attempt_lease.c.attempt_id)
    .limit(500)
    .with_for_update(skip_locked=True)
    .cte("lapsed")
)
LOSE_LEASES = constant(
    update(attempt_lease)
    .where(attempt_lease.c.tenant_id == TENANT, attempt_lease.c.attempt_id.in_(select(_lapsed.c.attempt_id)))
    .values(lost=True)
    .returning(attempt_lease.c.attempt_id)
)
LOSE_ATTEMPTS = constant(
    update(attempt)
    .where(
        attempt.c.tenant_id == TENANT,
        attempt.c.id.in_(bindparam("attempts", expanding=True)),
        attempt.c.state.in_(IN_FLIGHT),
    )
    .values(state="unknown", disposition="unknown")
    .returning(attempt.c.id, attempt.c.task_id, attempt.c.lead_id)
)

# ------------------------------------------------------------ reconcile

UNSETTLED = constant(
    select(attempt.c.id, attempt.c.task_id)
    .join_from(attempt_lease, attempt, _of_attempt)
    .where(
        attempt_lease.c.tenant_id == TENANT,
        attempt_lease.c.lost,
        attempt_lease.c.until < bindparam("before", type_=UtcTime()),
        attempt.c.state == "unknown",
        attempt.c.reconciled == "",
    )
    .order_by(attempt.c.task_id, attempt.c.id)
    .limit(200)
)
ADD_ACCOUNTS = constant(insert(sip_account))
ACCOUNTS = constant(
    select(sip_account.c.call_id, sip_account.c.method, sip_account.c.code, sip_account.c.at, sip_account.c.source)
    .where(sip_account.c.tenant_id == TENANT, sip_account.c.call_id.in_(bindparam("calls", expanding=True)))
    .order_by(sip_account.c.at, sip_account.c.id)
)
