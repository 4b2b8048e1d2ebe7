"""What became of a call, kept for results, webhooks and inspection: one row for each attempt; the same one again changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Row, bindparam, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from callwright.calls.model import CallRecord
from callwright.campaigns import takeovers
from callwright.campaigns.ended import Ended
from callwright.campaigns.result_tables import call_new, call_text, follow_up, unanswered
from callwright.campaigns.story import Story, seal_story
from callwright.campaigns.tables import attempt, call_result, takeover
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["for_webhook", "keep", "read", "without_robot"]

_NAME: BindParameter[str] = bindparam("attempt")
_OF = select(
    attempt.c.task_id, attempt.c.script_version_id, attempt.c.person_id, attempt.c.own_number, attempt.c.dialled_at
).where(attempt.c.tenant_id == TENANT, attempt.c.id == _NAME)
_ADD = insert(call_result)
_REMOVE = [
    delete(table).where(table.c.tenant_id == TENANT, table.c.attempt_id == _NAME)
    for table in (call_result, call_text, unanswered, takeover)
]
_FIND = select(call_result).where(call_result.c.tenant_id == TENANT, call_result.c.attempt_id == _NAME)
_ADD_TEXT = insert(call_text)
_ADD_NEW = upsert(call_new).on_conflict_do_nothing(index_elements=["tenant_id", "attempt_id"])
_ADD_UNANSWERED = insert(unanswered)
_ADD_FOLLOW_UP = upsert(follow_up).on_conflict_do_nothing(index_elements=["tenant_id", "attempt_id"])

_BLOBS = ("record", "log", "recording")
_FOLLOWED = "ABC"  # who may want something; the others are not to be called
_NOT_FOLLOWED = frozenset({"opted_out", "declined", "wrong_person", "abused"})
_LONGEST = 200


async def keep(
    scope: Scope,
    keys: TenantKeys,
    attempt_id: str,
    record: CallRecord,
    blobs: Mapping[str, str],
    now: datetime,
    story: Story | None = None,
) -> None:
    """Write the result of an attempt. blobs: where its `record`, `log` and `recording` lie (those that there are); story: what its log tells.

    What the person said is encrypted: slots, the summary made of reason, portrait and open questions, and every word.
    """
    found = await scope.first(_OF, attempt=attempt_id)
    for statement in _REMOVE:
        await scope.run(statement, attempt=attempt_id)
    told = story or Story()
    row = _row(keys, attempt_id, record, found, now) | {"agent_id": told.handed.agent}
    await scope.run(_ADD, [row | {name: blobs.get(name, "") for name in _BLOBS}])
    if told.handed.asked_ms is not None and row["task_id"] is not None:
        asked_at = row["started_at"] + timedelta(milliseconds=told.handed.asked_ms)
        await takeovers.ask(scope, attempt_id, row["task_id"], asked_at, told.handed.waited_ms)
    await scope.run(_ADD_TEXT, attempt_id=attempt_id, body=seal_story(keys, attempt_id, told))
    await scope.run(_ADD_NEW, attempt_id=attempt_id, at=row["started_at"])
    await scope.run(
        _ADD_UNANSWERED,
        [
            {
                "attempt_id": attempt_id, "script_version_id": row["script_version_id"], "node": one.node, "at_ms": one.at_ms,
                "sentence": keys.seal(one.sentence, f"unanswered.{attempt_id}"), "created_at": row["started_at"],
            }
            for one in told.open
        ],
    )  # fmt: skip
    if row["grade"] and row["grade"] in _FOLLOWED and record.disposition not in _NOT_FOLLOWED:
        await scope.run(
            _ADD_FOLLOW_UP,
            attempt_id=attempt_id,
            rank=_FOLLOWED.index(row["grade"]),
            task_id=row["task_id"],
            person_id=row["person_id"],
            created_at=row["started_at"],
        )


def _row(
    keys: TenantKeys, attempt_id: str, record: CallRecord, found: Row[Any] | None, now: datetime
) -> dict[str, Any]:
    """Of `call_result`, without its blobs. found: the attempt; None = nobody dialled it, so the record alone tells."""
    summary = {
        "reason": record.reason,
        "portrait": dict(record.portrait),
        "kb": list(record.kb),
        "learn": list(record.learn),
    }
    return {
        "attempt_id": attempt_id,
        "started_at": found.dialled_at if found is not None else _started(record, now),
        "task_id": found.task_id if found is not None else None,
        "script_version_id": found.script_version_id if found is not None else None,
        "person_id": found.person_id if found is not None else None,
        "own_number": found.own_number if found is not None else "",
        "direction": record.direction,
        "answered": record.answered,
        "talk_ms": record.talk_ms,
        "disposition": record.disposition[:32],
        "grade": record.grade or "",
        "grade_reasons": [record.reason] if record.reason else [],
        "tags": list(record.tags),
        "slots": keys.seal(_json(dict(record.slots)), f"slots.{attempt_id}"),
        "summary": keys.seal(_json(summary), f"summary.{attempt_id}"),
        "follow_up": record.follow_up[:_LONGEST],
        "created_at": now,
    }


def _started(record: CallRecord, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(record.started_at)
    except ValueError:
        return now
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


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


def without_robot(ended: Ended, number: str, task_id: int | None, lead_id: int | None) -> dict[str, Any]:
    """`data` of the event `call.ended` when there is no record of a robot: not placed, or a witness says how it came out. number: masked."""
    return {
        "attempt": ended.attempt,
        "task": task_id,
        "lead": {"id": lead_id},
        "number": number,
        "disposition": ended.disposition,
        "answered": ended.answered_at is not None,
        "talk_ms": ended.talk_ms,
        "reconciled": ended.how,
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str, sort_keys=True).encode()
