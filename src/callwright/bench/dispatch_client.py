"""A client of `bench dispatch`: claims, dials and finishes.

    python -m callwright.bench.dispatch_client URL KEYFILE TENANT TASK SECONDS BEGUN WAY

BEGUN: of the monotonic clock, the same for all clients: what they take for now is as long after noon. They share lines, and a line whose last
call was begun by a clock that is ahead gives no other one. WAY: `at-once`, claim and dial in one transaction, as a worker does; `claims`, one
after the other, as it does where a pre-dial webhook has to be asked in between: so a claim is measured by itself.

Says `"ready"`, begins at a line on standard input, and tells `{"cycles", "seconds", "claims": [ms, ...]}`; claims: of the first transaction of
each batch.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

from callwright import event_loop
from callwright.bench.other_side import tell
from callwright.campaigns.dispatch import Dial, Ended, Refused, Terms, claim, claim_and_dial, dial, finish, lock_task
from callwright.compliance.pack_file import load_packs
from callwright.store.crypto import Keyring, TenantKeys
from callwright.store.database import Database
from callwright.testing.campaigns import NOON

__all__ = ["main"]

BATCH = 10
WARMING = 20
OUTCOMES = (
    "no_answer",
    "no_answer",
    "completed",
    "busy",
    "no_answer",
    "completed",
    "unreachable",
    "no_answer",
    "hung_up",
    "busy",
)


async def main(url: str, key: Path, tenant: int, task: int, seconds: float, since: float, way: str) -> None:
    """Until the time is over; sooner when nobody may be called, which is told by `seconds`. The first batches are not counted: statements
    are prepared, tables get their first rows."""
    async with Database.open(url, connections=1) as database:
        async with database.scope(tenant) as scope:
            keys = await Keyring.from_file(key).tenant(scope)
        client = _Client(database, tenant, keys, task, since, way == "at-once")
        for _ in range(WARMING):
            await client.batch()
        gc.collect()
        gc.freeze()  # as a worker's media engine does
        tell("ready")
        await asyncio.to_thread(sys.stdin.readline)
        client.claims.clear()
        begun, cycles = time.perf_counter(), 0
        while time.perf_counter() - begun < seconds and (done := await client.batch()):
            cycles += done
    tell({"cycles": cycles, "seconds": time.perf_counter() - begun, "claims": client.claims})


class _Client:
    """Claims and dials, then finishes. claims: how long the first transaction took, in ms."""

    def __init__(
        self, database: Database, tenant: int, keys: TenantKeys, task: int, since: float, at_once: bool = True
    ) -> None:
        self._database, self._tenant, self._keys, self._task = database, tenant, keys, task
        self._terms, self._outcomes = Terms(load_packs()), cycle(OUTCOMES)
        self._since, self._at_once = since, at_once
        self.claims: list[float] = []

    async def batch(self) -> int:
        """How many calls were begun and ended."""
        now = NOON + timedelta(seconds=time.monotonic() - self._since)
        answers = await (self._begin(now) if self._at_once else self._claim_and_dial(now))
        dials = [one for one in answers if isinstance(one, Dial)]
        if len(dials) < len(answers):
            raise RuntimeError(f"the rules refused a lead of the benchmark: {answers}")
        if not dials:
            return 0
        ended = [_ended(one, next(self._outcomes), now) for one in dials]
        async with self._database.scope(self._tenant, keyed=True) as scope:
            await finish(scope, self._keys, self._terms, ended, [self._task], now)
        return len(dials)

    async def _begin(self, now: datetime) -> Sequence[Dial | Refused]:
        before = time.perf_counter()
        async with self._database.scope(self._tenant, keyed=True) as scope:
            row = await lock_task(scope, self._task)
            assert row is not None
            answers = await claim_and_dial(scope, self._keys, self._terms, row, "bench", BATCH, now)
        self.claims.append((time.perf_counter() - before) * 1000)
        return answers

    async def _claim_and_dial(self, now: datetime) -> Sequence[Dial | Refused]:
        before = time.perf_counter()
        async with self._database.scope(self._tenant, keyed=True, lasting=False) as scope:
            claimed = await claim(scope, self._terms, self._task, "bench", BATCH, now)
        self.claims.append((time.perf_counter() - before) * 1000)
        async with self._database.scope(self._tenant, keyed=True) as scope:
            return await dial(scope, self._keys, self._terms, claimed, now)


def _ended(one: Dial, outcome: Any, now: Any) -> Ended:
    talk = 25_000 if outcome in {"completed", "hung_up"} else 0
    answered = now if talk else None
    return Ended(one.attempt, one.owner, one.fence, outcome, now, answered, talk)


if __name__ == "__main__":
    url, key, tenant, task, seconds, since, way = sys.argv[1:]
    event_loop.run(main(url, Path(key), int(tenant), int(task), float(seconds), float(since), way))
