"""A client of `bench dispatch`: `python -m callwright.bench.dispatch_client URL KEYFILE TENANT TASK SECONDS` claims, dials and finishes.

Says `"ready"`, begins at a line on standard input, and tells `{"cycles", "seconds", "claims": [ms, ...]}`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

from callwright.bench.other_side import tell
from callwright.campaigns.dispatch import Dial, Ended, Terms, claim, dial, finish
from callwright.compliance.pack_file import load_packs
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.campaigns import NOON

__all__ = ["main"]

BATCH = 10
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


async def main(url: str, key: Path, tenant: int, task: int, seconds: float) -> None:
    """Until the time is over, or nobody is left."""
    terms, outcomes = Terms(load_packs()), cycle(OUTCOMES)
    async with Database.open(url, connections=1) as database:
        async with database.scope(tenant) as scope:
            keys = await Keyring.from_file(key).tenant(scope)
        tell("ready")
        await asyncio.to_thread(sys.stdin.readline)
        claims: list[float] = []
        begun, cycles = time.perf_counter(), 0
        while (passed := time.perf_counter() - begun) < seconds:
            now = NOON + timedelta(seconds=passed)
            before = time.perf_counter()
            async with database.scope(tenant, keyed=True) as scope:
                claimed = await claim(scope, terms, task, "bench", BATCH, now)
            if not claimed:
                break
            claims.append((time.perf_counter() - before) * 1000)
            async with database.scope(tenant, keyed=True) as scope:
                answers = await dial(scope, keys, terms, claimed, now)
            dials = [one for one in answers if isinstance(one, Dial)]
            if len(dials) < len(claimed):
                raise RuntimeError(f"the rules refused a lead of the benchmark: {answers}")
            ended = [_ended(one, next(outcomes), now) for one in dials]
            async with database.scope(tenant, keyed=True) as scope:
                await finish(scope, keys, terms, ended, [task], now)
            cycles += len(dials)
    tell({"cycles": cycles, "seconds": time.perf_counter() - begun, "claims": claims})


def _ended(one: Dial, outcome: Any, now: Any) -> Ended:
    talk = 25_000 if outcome in {"completed", "hung_up"} else 0
    answered = now if talk else None
    return Ended(one.attempt, one.owner, one.fence, outcome, now, answered, talk)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])))
