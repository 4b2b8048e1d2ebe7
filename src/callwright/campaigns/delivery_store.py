"""All SQL of endpoints and deliveries."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, String, and_, bindparam, delete, func, insert, or_, select, update

from callwright.campaigns.tables import delivery, endpoint
from callwright.store.constant import constant
from callwright.store.metadata import TENANT, UtcTime

__all__ = [
    "ADD",
    "ADD_ENDPOINT",
    "AGAIN",
    "BACKLOG",
    "CLAIM",
    "DELIVERIES",
    "DROP_ENDPOINT",
    "DUE",
    "ENDPOINT",
    "ENDPOINTS",
    "FAILED",
    "FORGET_BEFORE",
    "LIST_ENDPOINTS",
    "PRE_DIAL",
    "SENT",
    "SWITCH_ENDPOINT",
]

_NOW = bindparam("now", type_=UtcTime())

ADD = insert(delivery)
ADD_ENDPOINT = insert(endpoint).returning(endpoint.c.id)

# A pre-dial webhook is asked, not told.
ENDPOINTS = select(endpoint.c.id, endpoint.c.events).where(
    endpoint.c.tenant_id == TENANT, endpoint.c.active, endpoint.c.kind != "pre_dial"
)
PRE_DIAL = constant(
    select(endpoint)
    .where(endpoint.c.tenant_id == TENANT, endpoint.c.active, endpoint.c.kind == "pre_dial")
    .order_by(endpoint.c.id)
)
LIST_ENDPOINTS = select(endpoint).where(endpoint.c.tenant_id == TENANT).order_by(endpoint.c.id)
ENDPOINT = select(endpoint).where(endpoint.c.tenant_id == TENANT, endpoint.c.id == bindparam("id", type_=BigInteger()))
SWITCH_ENDPOINT = (
    update(endpoint)
    .where(endpoint.c.tenant_id == TENANT, endpoint.c.id == bindparam("which", type_=BigInteger()))
    .values(active=bindparam("on"))
)

# What is due, and what a sender took and did not finish before its lease ran out.
DUE = (
    select(delivery, endpoint.c.kind, endpoint.c.address, endpoint.c.secret)
    .join(endpoint, and_(endpoint.c.tenant_id == delivery.c.tenant_id, endpoint.c.id == delivery.c.endpoint_id))
    .where(
        delivery.c.tenant_id == TENANT,
        delivery.c.state == "waiting",
        delivery.c.due_at <= _NOW,
        or_(delivery.c.lease_until.is_(None), delivery.c.lease_until < _NOW),
        endpoint.c.active,
    )
    .order_by(delivery.c.due_at, delivery.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=delivery)
)
CLAIM = (
    update(delivery)
    .where(delivery.c.tenant_id == TENANT, delivery.c.id == bindparam("which", type_=String()))
    .values(owner=bindparam("sender"), lease_until=bindparam("until", type_=UtcTime()))
)

# Only whoever holds the lease may say how it ended.
_MINE = and_(
    delivery.c.tenant_id == TENANT,
    delivery.c.id == bindparam("which", type_=String()),
    delivery.c.owner == bindparam("sender"),
    delivery.c.state == "waiting",
)
SENT = (
    update(delivery)
    .where(_MINE)
    .values(state="sent", sent_at=_NOW, tries=delivery.c.tries + 1, last_error="", lease_until=None)
)
FAILED = (
    update(delivery)
    .where(_MINE)
    .values(
        state=bindparam("becomes"),
        due_at=bindparam("again", type_=UtcTime()),
        tries=delivery.c.tries + 1,
        last_error=bindparam("error"),
        lease_until=None,
    )
)
BACKLOG = (
    select(
        delivery.c.endpoint_id,
        delivery.c.state,
        func.count().label("count"),
        func.min(delivery.c.created_at, type_=UtcTime()).label("oldest"),
        func.max(delivery.c.last_error).label("error"),
    )
    .where(delivery.c.tenant_id == TENANT)
    .group_by(delivery.c.endpoint_id, delivery.c.state)
    .order_by(delivery.c.endpoint_id, delivery.c.state)
)
DELIVERIES = (
    select(
        delivery.c.id, delivery.c.event, delivery.c.state, delivery.c.tries, delivery.c.due_at, delivery.c.last_error, delivery.c.created_at,
        delivery.c.sent_at,
    )
    .where(
        delivery.c.tenant_id == TENANT,
        delivery.c.endpoint_id == bindparam("of", type_=BigInteger()),
        or_(
            delivery.c.created_at < bindparam("before", type_=UtcTime()),
            and_(delivery.c.created_at == bindparam("before", type_=UtcTime()), delivery.c.id < bindparam("last", type_=String())),
        ),
    )
    .order_by(delivery.c.created_at.desc(), delivery.c.id.desc())
    .limit(bindparam("most", type_=Integer()))
)  # fmt: skip
"""of: an endpoint; before, last: moment and id of the last one seen."""
AGAIN = (
    update(delivery)
    .where(
        delivery.c.tenant_id == TENANT,
        delivery.c.endpoint_id == bindparam("of", type_=BigInteger()),
        delivery.c.id == bindparam("which", type_=String()),
        delivery.c.state.in_(("given_up", "waiting")),
        or_(delivery.c.lease_until.is_(None), delivery.c.lease_until < _NOW),
    )
    .values(state="waiting", due_at=_NOW, tries=0, lease_until=None, owner=None)
)
DROP_ENDPOINT = delete(endpoint).where(
    endpoint.c.tenant_id == TENANT, endpoint.c.id == bindparam("which", type_=BigInteger())
)
FORGET_BEFORE = delete(delivery).where(
    delivery.c.tenant_id == TENANT,
    delivery.c.state != "waiting",
    delivery.c.created_at < bindparam("day", type_=UtcTime()),
)
