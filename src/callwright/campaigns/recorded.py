"""No dial without a record: attempts whose decision record is not there, or is another one's."""

from __future__ import annotations

from sqlalchemy import bindparam, exists, select

from callwright.campaigns.tables import attempt
from callwright.compliance.record_file import Finding
from callwright.compliance.tables import decision_record
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["unrecorded"]

_RECORD = exists().where(
    decision_record.c.tenant_id == TENANT,
    decision_record.c.seq == attempt.c.record_seq,
    decision_record.c.attempt_id == attempt.c.id,
    decision_record.c.kind == "dial",
)
_UNRECORDED = (
    select(attempt.c.id, attempt.c.record_seq)
    .where(attempt.c.tenant_id == TENANT, ~_RECORD)
    .order_by(attempt.c.id)
    .limit(bindparam("most"))
)


async def unrecorded(scope: Scope, most: int = 100) -> list[Finding]:
    """One finding for each, at most so many."""
    rows = await scope.all(_UNRECORDED, most=most)
    return [Finding("unrecorded", f"attempt {row.id} was dialled without it", row.record_seq) for row in rows]
