"""What is told to the outside: one row in the outbox for every endpoint that wants to hear of it, in the transaction it tells of.

So nothing is told that did not happen, and nothing that happened is forgotten when the process dies. `deliveries` sends the rows.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from callwright.campaigns import delivery_store as rows
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope

__all__ = ["EVENTS", "post", "post_many", "title"]

EVENTS: Mapping[str, tuple[str, str]] = {
    "call.started": ("call started", "开始呼叫"),
    "call.ended": ("call ended", "通话结束"),
    "lead.filtered": ("a lead was not called", "号码未拨打"),
    "task.state": ("task changed", "任务状态变化"),
    "number.slowed": ("own number slowed down", "外显号码降频"),
    "freeze.added": ("number frozen", "号码冻结"),
    "suspect.found": ("suspected refusal, please confirm", "疑似拒绝，请人工确认"),
    "complaint.opened": ("complaint opened", "新投诉"),
    "complaint.overdue": ("complaint overdue", "投诉逾期"),
}
_TEST = ("this is a test", "这是一条测试消息")
"""Every event that can be told, with its titles in English and Chinese."""


def title(event: str, language: str) -> str:
    """What people call this event."""
    en, zh = EVENTS.get(event, _TEST)
    return zh if language == "zh" else en


async def post(
    scope: Scope, keys: TenantKeys, event: str, body: Mapping[str, Any], now: datetime, about: bytes | None = None
) -> int:
    """`post_many` of one."""
    return await post_many(scope, keys, event, [body], now, [about])


async def post_many(
    scope: Scope,
    keys: TenantKeys,
    event: str,
    bodies: Sequence[Mapping[str, Any]],
    now: datetime,
    about: Sequence[bytes | None],
) -> int:
    """Lay `{"type", "timestamp", "data"}` (Standard Webhooks, payload structure) ready for every endpoint that wants this event; how many.

    bodies: JSON-ready; phone numbers in them are masked by whoever calls, unless the event is for the customer's own system. about: of each the
    blind index of the person's number (None = it tells of nobody), by which it is found when the person is erased.
    """
    if event not in EVENTS:
        raise ValueError(f"{event} is no event")
    wanted = [row.id for row in await scope.all(rows.ENDPOINTS) if not row.events or event in row.events]
    made = [
        _delivery(keys, event, body, endpoint, now, who)
        for body, who in zip(bodies, about, strict=True)
        for endpoint in wanted
    ]
    if made:
        await scope.run(rows.ADD, made)
    return len(made)


def _delivery(
    keys: TenantKeys, event: str, body: Mapping[str, Any], endpoint: int, now: datetime, about: bytes | None
) -> dict[str, Any]:
    text = json.dumps(
        {"type": event, "timestamp": now.isoformat(timespec="milliseconds"), "data": dict(body)},
        ensure_ascii=False,
        default=str,
    ).encode()
    name = f"msg_{secrets.token_hex(12)}"
    return {
        "id": name,
        "endpoint_id": endpoint,
        "event": event,
        "body": keys.seal(text, f"delivery.{name}"),
        "about": about,
        "state": "waiting",
        "tries": 0,
        "due_at": now,
        "last_error": "",
        "created_at": now,
    }
