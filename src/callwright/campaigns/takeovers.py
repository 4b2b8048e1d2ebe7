"""Calls are paced by the people who may have to take them over: how many may be under way now.

Whoever looks after these people says how many are free (`say`), every few seconds; news older than `FRESH` is none, and nobody is free then.
What calls asked for, and how long they waited, comes with their ends (`ask`).
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from callwright.campaigns import takeover_store as rows
from callwright.campaigns.model import Transfer
from callwright.campaigns.pacing import Abandonment, Pool, may_be_under_way
from callwright.store.scope import Scope

__all__ = ["FRESH", "Asked", "Takeovers", "ask", "say"]

FRESH = timedelta(seconds=15)
_COUNTED_FOR = timedelta(seconds=5)
_REMEMBERED = 1024

Asked = tuple[int, int, int]
"""Of a task's window: calls answered, calls that asked for a person, those of them that waited too long."""


async def say(scope: Scope, group: str, free: int, waiting: int, freed: float, now: datetime) -> None:
    """free: people of the group who may take a call now; waiting: calls that wait for one; freed: see `pacing.Pool`."""
    await scope.run(rows.REMOVE_GROUP, group=group)
    await scope.run(rows.ADD_GROUP, [{"name": group, "free": free, "waiting": waiting, "freed": freed, "at": now}])


async def ask(scope: Scope, attempt: str, task: int, asked_at: datetime, waited_ms: int | None) -> None:
    """A call asked for a person. waited_ms: until one took it, None = nobody did."""
    row = {"attempt_id": attempt, "task_id": task, "asked_at": asked_at, "waited_ms": waited_ms}
    await scope.run(rows.ADD_ASKED, [row])


class Takeovers:
    """How many calls of a task may be under way. What is counted over hours is counted anew every few seconds only."""

    def __init__(self) -> None:
        self._counted: OrderedDict[tuple[int, int], tuple[datetime, Asked]] = OrderedDict()

    async def most(self, scope: Scope, task: int, transfer: Transfer, limit: int, now: datetime) -> int:
        """At most `limit`."""
        if transfer.mode == "robots":
            return limit
        row = await scope.first(rows.GROUP, group=transfer.group, since=now - FRESH)
        if row is None:
            return 0
        answered, queued, late = await self._asked(scope, task, transfer, now)
        counted = answered if transfer.denominator == "answered" else queued
        pool = Pool(row.free, row.waiting, min(1.0, queued / answered) if answered else 0.0, row.freed)
        return may_be_under_way(transfer, pool, Abandonment(late, counted), limit)

    async def _asked(self, scope: Scope, task: int, transfer: Transfer, now: datetime) -> Asked:
        key = (scope.tenant, task)
        found = self._counted.get(key)
        if found is not None and timedelta() <= now - found[0] < _COUNTED_FOR:
            return found[1]
        since = now - timedelta(hours=transfer.window_h)
        row = await scope.first(rows.ASKED, task=task, since=since, threshold_ms=round(transfer.threshold_s * 1000))
        answered = int(await scope.value(rows.ANSWERED, task=task, since=since))
        asked = (answered, row.queued, row.abandoned) if row is not None else (answered, 0, 0)
        self._counted[key] = (now, asked)
        if len(self._counted) > _REMEMBERED:
            self._counted.popitem(last=False)
        return asked
