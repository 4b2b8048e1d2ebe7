"""Whoever looks after complaints is told when one is late."""

from __future__ import annotations

from datetime import datetime

from callwright.campaigns.events import post_many
from callwright.compliance.complaint_store import late
from callwright.compliance.freezes import masked
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope

__all__ = ["tell_late"]


async def tell_late(scope: Scope, keys: TenantKeys, now: datetime) -> int:
    """Tell `complaint.overdue` once for each step that was not done in time; how many."""
    cases = await late(scope, keys, now)
    bodies = [
        {
            "reference": case.reference,
            "channel": case.channel,
            "step": case.late,
            "by": case.answer_by if case.late == "answer" else case.tell_by,
            "number": masked(case.number) if case.number else "",
        }
        for case in cases
    ]
    if bodies:
        await post_many(scope, keys, "complaint.overdue", bodies, now, [case.subject for case in cases])
    return len(bodies)
