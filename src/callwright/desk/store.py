"""All SQL of the desk: where workers are reached."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from callwright.campaigns.tables import worker
from callwright.store.metadata import TENANT, UtcTime

__all__ = ["WORKERS"]

WORKERS = select(worker.c.name, worker.c.live_address, worker.c.live_secret, worker.c.robots).where(
    worker.c.tenant_id == TENANT, worker.c.seen_at >= bindparam("since", type_=UtcTime()), worker.c.live_address != ""
)
