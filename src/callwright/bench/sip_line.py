"""The line that `callwright bench sip` measures, a process of its own: answers every call, or places calls at a rate and hangs each up.

    python -m callwright.bench.sip_line callee MEDIA PORT                       ends when a line comes on stdin
    python -m callwright.bench.sip_line caller MEDIA PORT PEER_PORT RATE CALLS
MEDIA: `rtp` opens a socket pair for every call, `none` opens nothing.

Prints `ready`, then one line of JSON: processor time, calls completed and failed, seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import sys
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from callwright.bench.machine import pin
from callwright.compliance.decision import DialFacts, decide
from callwright.telephony.port import DialOrder, LegAnswered, LegEnded, MediaStats
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import MediaEngine, SipIncomingLeg, SipLeg

__all__ = ["CALLEE", "HOST"]

HOST = "127.0.0.1"
CALLEE, _CALLER = "+8613900000001", "+861085550000"
_GIVE_UP_S = 10.0
_LINGER_S = 3.0
_LATER_MS = 200_000


class _NoStream:
    """An audio stream without a socket: signalling only."""

    codec = "PCMA"
    local_port = 40_000

    def __init__(self) -> None:
        self.stats = MediaStats()

    def configure(self, *_session: object, **_more: object) -> None:
        return

    def use_rtcp(self, _port: int | None = None, *, mux: bool = False) -> None:
        return

    def watch(self, _timeout_ms: int, _callback: Callable[[], None]) -> None:
        return

    def on_dtmf(self, _callback: Callable[[str], None]) -> None:
        return

    async def close(self) -> None:
        return


class _NoEngine:
    async def open(self, _host: str) -> _NoStream:
        return _NoStream()

    def lacks(self, _codec: str) -> str:
        return ""


@dataclass
class _Tally:
    completed: int = 0
    failed: int = 0
    began: float = 0.0
    last: float = 0.0

    def end(self, event: LegEnded) -> None:
        if event.cause == "bye":
            self.completed += 1
        else:
            self.failed += 1
        self.last = time.monotonic()

    def begin(self) -> None:
        self.began = self.began or time.monotonic()


@asynccontextmanager
async def _engine(media: str) -> AsyncGenerator[MediaEngine, None]:
    if media == "rtp":
        async with RtpEngine.start() as engine:
            yield engine
    else:
        gc.collect()
        gc.freeze()  # as a media engine does for its line
        yield cast(MediaEngine, _NoEngine())  # a stream that nobody plays into needs no more


async def _follow(leg: SipLeg, tally: _Tally, *, hang_up: bool) -> None:
    async for event in leg.events():
        if isinstance(event, LegEnded):
            tally.end(event)
        elif hang_up and isinstance(event, LegAnswered):
            await leg.hangup()


async def _callee(line: SipLine, tally: _Tally) -> None:
    """Answer every call until a line comes on stdin, and wait a moment for those that are still up."""
    calls: set[asyncio.Task[None]] = set()

    async def serve(leg: SipIncomingLeg) -> None:
        await leg.answer()
        await _follow(leg, tally, hang_up=False)

    async def take() -> None:
        async for leg in line.incoming():
            tally.begin()
            calls.add(tasks.create_task(serve(leg)))

    async with asyncio.TaskGroup() as tasks:
        taking = tasks.create_task(take())
        await asyncio.to_thread(sys.stdin.readline)
        taking.cancel()
        _, left = await asyncio.wait([taking, *calls], timeout=_LINGER_S)
        for task in left:
            task.cancel()


async def _caller(line: SipLine, tally: _Tally, port: int, rate: float, calls: int) -> None:
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    facts = DialFacts(
        CALLEE, _CALLER, frozenset({_CALLER}), "service", "contract", local_time=noon, frozen=False, calls_today=0
    )
    permit, target = decide(facts, noon).permit(), f"sip:{CALLEE}@{HOST}:{port}"

    async def call(number: int) -> None:
        leg = await line.place(DialOrder(permit, target, f"bench-{number}"))
        await _follow(leg, tally, hang_up=True)

    tally.begin()
    with contextlib.suppress(TimeoutError):  # what has not ended by then has failed
        await _dial(call, tally.began, rate, calls)


async def _dial(call: Callable[[int], Coroutine[Any, Any, None]], began: float, rate: float, calls: int) -> None:
    async with asyncio.timeout(calls / rate + _GIVE_UP_S), asyncio.TaskGroup() as tasks:
        for number in range(calls):
            await asyncio.sleep(began + number / rate - time.monotonic())
            tasks.create_task(call(number))


async def _run(role: str, media: str, port: int, rest: list[str]) -> dict[str, float]:
    tally = _Tally()
    async with _engine(media) as engine, SipLine.open(HOST, port, engine=engine, media_timeout_s=0) as line:
        cpu = time.process_time()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        if role == "caller":
            await _caller(line, tally, int(rest[0]), float(rest[1]), int(rest[2]))
        else:
            await _callee(line, tally)
        line._agent.handle_timer(line.now_ms() + _LATER_MS)  # what is cleared away a minute later is part of a call too
        cpu = time.process_time() - cpu
    return {
        "cpu_s": cpu,
        "completed": tally.completed,
        "failed": tally.failed,
        "seconds": tally.last - tally.began,
    }


def _main() -> None:
    role, media, port, *rest = sys.argv[1:]
    pin(0)
    sys.stdout.write(json.dumps(asyncio.run(_run(role, media, int(port), rest))) + "\n")


if __name__ == "__main__":
    _main()
