"""What became of a call, kept for results, webhooks and inspection: one row for each attempt; the same one again changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from callwright.calls.model import CallRecord
from callwright.campaigns.tables import call_result
from callwright.store.crypto import TenantKeys
from callwright.store.database import Scope
from callwright.store.metadata import TENANT

__all__ = ["for_webhook", "keep", "read"]

_ADD = insert(call_result)
_REMOVE = delete(call_result).where(call_result.c.tenant_id == TENANT, call_result.c.attempt_id == bindparam("attempt"))
_FIND = select(call_result).where(call_result.c.tenant_id == TENANT, call_result.c.attempt_id == bindparam("attempt"))

_BLOBS = ("record", "log", "recording")


async def keep(
    scope: Scope, keys: TenantKeys, attempt_id: str, record: CallRecord, blobs: Mapping[str, str], now: datetime
) -> None:
    """Write the result of an attempt. blobs: where its `record`, `log` and `recording` lie (those that there are).

    What the person said is encrypted: slots, and the summary made of reason, portrait and open questions.
    """
    summary = {
        "reason": record.reason,
        "portrait": dict(record.portrait),
        "kb": list(record.kb),
        "learn": list(record.learn),
    }
    await scope.run(_REMOVE, attempt=attempt_id)
    row = {
        "attempt_id": attempt_id,
        "grade": record.grade or "",
        "grade_reasons": [record.reason] if record.reason else [],
        "tags": list(record.tags),
        "slots": keys.seal(_json(dict(record.slots)), f"slots.{attempt_id}"),
        "summary": keys.seal(_json(summary), f"summary.{attempt_id}"),
        "follow_up": record.follow_up[:32],
        "created_at": now,
    }
    await scope.run(_ADD, [row | {name: blobs.get(name, "") for name in _BLOBS}])


async def read(scope: Scope, keys: TenantKeys, attempt_id: str) -> dict[str, Any] | None:
    """The result of an attempt, opened; None = there is none (yet)."""
    row = await scope.first(_FIND, attempt=attempt_id)
    if row is None:
        return None
    found = dict(row._mapping)
    found.pop("tenant_id")
    for name in ("slots", "summary"):
        found[name] = json.loads(keys.open(found[name], f"{name}.{attempt_id}"))
    return found


def for_webhook(record: CallRecord, attempt_id: str, task_id: int | None, lead: Mapping[str, Any]) -> dict[str, Any]:
    """`data` of the event `call.ended`. lead: what names the person in the customer's own system; the number stays masked."""
    return {
        "attempt": attempt_id,
        "task": task_id,
        "lead": dict(lead),
        "number": record.number,
        "disposition": record.disposition,
        "answered": record.answered,
        "talk_ms": record.talk_ms,
        "grade": record.grade,
        "reason": record.reason,
        "tags": list(record.tags),
        "slots": dict(record.slots),
        "follow_up": record.follow_up,
        "decision": record.decision,
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str, sort_keys=True).encode()
