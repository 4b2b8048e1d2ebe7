"""All SQL about people of ours who take calls over, and about robots that are shared among tasks."""

from __future__ import annotations

from sqlalchemy import BigInteger, String, bindparam, case, delete, func, insert, or_, select

from callwright.campaigns.tables import attempt, takeover, takeover_group, worker
from callwright.store.metadata import TENANT, UtcTime

__all__ = ["ADD_ASKED", "ADD_GROUP", "ANSWERED", "ASKED", "GROUP", "REMOVE_GROUP", "ROBOTS"]

_NAME = bindparam("group", type_=String())
_TASK = bindparam("task", type_=BigInteger())
_SINCE = bindparam("since", type_=UtcTime())

GROUP = select(takeover_group.c.free, takeover_group.c.waiting, takeover_group.c.freed).where(
    takeover_group.c.tenant_id == TENANT, takeover_group.c.name == _NAME, takeover_group.c.at >= _SINCE
)
REMOVE_GROUP = delete(takeover_group).where(takeover_group.c.tenant_id == TENANT, takeover_group.c.name == _NAME)
ADD_GROUP = insert(takeover_group)
ADD_ASKED = insert(takeover)

_late = or_(takeover.c.waited_ms.is_(None), takeover.c.waited_ms > bindparam("threshold_ms"))
ASKED = select(
    func.count().label("queued"), func.coalesce(func.sum(case((_late, 1), else_=0)), 0).label("abandoned")
).where(takeover.c.tenant_id == TENANT, takeover.c.task_id == _TASK, takeover.c.asked_at >= _SINCE)
ANSWERED = (
    select(func.count())
    .select_from(attempt)
    .where(
        attempt.c.tenant_id == TENANT,
        attempt.c.task_id == _TASK,
        attempt.c.dialled_at >= _SINCE,
        attempt.c.answered_at.is_not(None),
    )
)
ROBOTS = select(func.sum(worker.c.robots)).where(worker.c.tenant_id == TENANT, worker.c.seen_at >= _SINCE)
