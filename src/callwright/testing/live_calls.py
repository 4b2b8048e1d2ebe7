"""Calls that are only talk: logs that go on as those of real calls do, behind the real live port of a worker. For the board and its cost.

`python -m callwright.testing.live_calls CALLS` in the environment of a database with one tenant: says `ready`, then talks until its standard
input is closed.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

from callwright.calls.live import LiveCall, LiveCalls, Look
from callwright.calls.log import EventLog
from callwright.campaigns.lease_store import ADD_WORKER
from callwright.desk.feed import Feed
from callwright.desk.port import Address, open_port
from callwright.settings import Settings
from callwright.storage import Storage, find_tenant, open_storage

__all__ = ["Talk", "announce", "open_talk"]

_WORDS = [
    "你好",
    "请问",
    "价格",
    "多少",
    "我",
    "想",
    "了解",
    "一下",
    "课程",
    "时间",
    "周末",
    "可以",
    "吗",
    "谢谢",
    "再见",
]
_NODES = ("opening", "interest", "price", "visit", "closing")


class Talk:
    """One call that goes on by itself: about one event in 350 ms, as a real call has them while somebody speaks."""

    def __init__(self, call_id: str, rng: random.Random, words: Sequence[str] = _WORDS) -> None:
        self._words = words
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self._rng = rng
        log = EventLog(None, lambda: round((self._loop.time() - self._begun) * 1000))
        self.live = LiveCall(call_id, "trial_lesson", "+86139****0001", datetime.now(UTC), log)
        self.node = _NODES[0]
        self.live.look = lambda: Look(self.node, self._rng.choice("ABCD"), "", "", ("tag",), {"name": "王"}, 1)

    def begin(self) -> None:
        """It rang and was answered."""
        for kind in ("ringing", "connected"):
            self.live.log.add(kind)
        self.say("placed")

    def say(self, kind: str) -> None:
        """Something of this kind happens."""
        log, text = self.live.log, " ".join(self._rng.choices(self._words, k=8))
        match kind:
            case "partial" | "saying":
                log.passing(kind, text=text)
            case "utterance" | "prompt":
                log.add(kind, text=text)
            case "entered":
                self.node = self._rng.choice(_NODES)
                log.add(kind, node=self.node, type="say")
            case "slot":
                log.add(kind, slot="name", value=text, how="verbatim")
            case "paused" | "resumed":
                log.add(kind, played_ms=500)

    async def go_on(self) -> None:
        """For ever."""
        await asyncio.sleep(self._rng.random())
        while True:
            for kind in (
                "saying", "paused", "resumed", "prompt", "partial", "partial", "partial", "partial", "utterance", "slot", "entered",
            ):  # fmt: skip
                self.say(kind)
                del self.live.log.lines[:-200]
                await asyncio.sleep(self._rng.uniform(0.2, 0.5))


@asynccontextmanager
async def open_talk(
    calls: int, seed: int = 1, words: Sequence[str] = _WORDS
) -> AsyncIterator[tuple[LiveCalls, Address]]:
    """So many calls behind a live port."""
    live = LiveCalls()
    rng = random.Random(seed)
    feed = Feed(live)
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(open_port(live, feed))
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        talks = [Talk(f"call-{n:04d}", random.Random(rng.random()), words) for n in range(calls)]
        for talk in talks:
            stack.enter_context(live.during(talk.live))
            talk.begin()
        going = [tasks.create_task(talk.go_on()) for talk in talks]
        try:
            yield live, port
        finally:
            for task in going:
                task.cancel()


async def announce(storage: Storage, tenant: int, name: str, port: Address, ahead: timedelta = timedelta()) -> None:
    """Write down that this worker is there. ahead: for how long it is believed without saying so again."""
    now = datetime.now(UTC)
    async with storage.database.scope(tenant) as scope:
        keys = await storage.keyring.tenant(scope)
        await scope.run(
            ADD_WORKER,
            name=name,
            seen_at=now + ahead,
            robots=10,
            started_at=now,
            live_address=port.address,
            live_secret=keys.seal(port.secret, "worker.live_secret"),
        )


async def _main(calls: int) -> None:
    async with open_storage(Settings.from_environment()) as storage, open_talk(calls) as (_, port):
        await announce(storage, await find_tenant(storage.database, ""), "talk", port)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
