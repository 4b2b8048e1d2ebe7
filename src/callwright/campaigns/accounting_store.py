"""All SQL about what a proxy tells of our calls."""

from __future__ import annotations

from sqlalchemy import BindParameter, bindparam, select, update

from callwright.campaigns.tables import attempt, line, sip_account
from callwright.store.metadata import TENANT, UtcTime

__all__ = ["LINES", "OURS", "TOLD", "WITNESS"]

_CALLS: BindParameter[str] = bindparam("calls", expanding=True)

OURS = select(attempt.c.id).where(attempt.c.tenant_id == TENANT, attempt.c.id.in_(_CALLS))
TOLD = select(sip_account.c.call_id, sip_account.c.method, sip_account.c.code, sip_account.c.at).where(
    sip_account.c.tenant_id == TENANT, sip_account.c.call_id.in_(_CALLS), sip_account.c.source == "kamailio"
)
LINES = select(line.c.id, line.c.name, line.c.witnessed_since, line.c.witnessed_until).where(line.c.tenant_id == TENANT)
WITNESS = (
    update(line)
    .where(line.c.tenant_id == TENANT, line.c.id == bindparam("of_line"))
    .values(witnessed_since=bindparam("since", type_=UtcTime()), witnessed_until=bindparam("until", type_=UtcTime()))
)
