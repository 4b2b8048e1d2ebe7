"""Robot workers behind Kamailio and rtpengine (`deploy/`): calls are spread, a worker dies. All on loopback.

The real worker, `callwright line serve`, drains and dies in test_line_serve.py; this one is lighter and tells more.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from callwright.telephony.port import DialOrder, LegAnswered, LegDtmf, LegEnded, LegRejected
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.tls import TlsSettings
from callwright.testing.scaleout import DOMAIN, INSIDE, OUTSIDE, TRUNK, Front, front, missing
from callwright.testing.sipp import CALLEE, permit
from callwright.testing.talk import OUR_HZ, until
from callwright.testing.tone import HeardTone, tone

HERE = Path(__file__).parent
DEPLOY = HERE.parents[2] / "deploy"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bool(missing()), reason=f"not installed: {missing()}"),
]


@dataclass
class Worker:
    """A worker process. hz: the tone it plays, which tells them apart."""

    hz: int
    port: int
    process: asyncio.subprocess.Process
    log: Path

    @property
    def uri(self) -> str:
        return f"sip:{INSIDE}:{self.port}"

    def calls(self, event: str) -> set[str]:
        """Call-IDs it noted this event for; none twice."""
        noted = [line for line in map(json.loads, self.log.read_text().splitlines()) if line["event"] == event]
        assert len({line["call_id"] for line in noted}) == len(noted)
        return {line["call_id"] for line in noted}


@asynccontextmanager
async def working(folder: Path, hz: int) -> AsyncIterator[Worker]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(HERE / "worker.py"), str(hz), str(folder)), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        yield Worker(hz, port, process, folder / f"worker-{hz}.jsonl")
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


@asynccontextmanager
async def house(folder: Path, *tones: int, **settings: str) -> AsyncIterator[tuple[Front, list[Worker], RtpEngine]]:
    """Workers, the proxy before them, and an engine for the callers."""
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(working(folder, hz)) for hz in tones]
        listed = "".join(f"1 {worker.uri}\n" for worker in workers)
        proxy = await stack.enter_async_context(front(DEPLOY, folder, listed, settings=settings))
        engine = await stack.enter_async_context(RtpEngine.start((40_000, 48_998)))
        yield proxy, workers, engine


@dataclass
class Caller:
    """One call from outside, as the caller sees it."""

    call_id: str = ""
    heard: HeardTone = field(default_factory=HeardTone)
    answers: int = 0
    keys: str = ""
    rejected: int = 0
    ended: LegEnded | None = None
    up: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, line: SipLine, name: str, hold: asyncio.Event | None = None, way: str = "") -> Caller:
        """Call, play our tone; hang up once both sides have heard the other, and after `hold`."""
        order = DialOrder(permit(), f"sip:{CALLEE}@{DOMAIN}{way}", name)
        leg = await line.place(order)
        self.call_id = leg.call_id
        async with asyncio.TaskGroup() as tasks:
            async for event in leg.events():
                if isinstance(event, LegAnswered):
                    self.answers += 1
                    assert leg.media is not None
                    leg.media.listen(self.heard.take, lambda _digit: None)
                    leg.media.play(tone(OUR_HZ, 60, leg.media.codec))
                elif isinstance(event, LegDtmf):
                    self.keys += event.digit
                    self.up.set()
                    tasks.create_task(self._end(leg.hangup, hold))
                elif isinstance(event, LegRejected):
                    self.rejected = event.code
                elif isinstance(event, LegEnded):
                    self.ended = event
                    self.up.set()
        return self

    async def _end(self, hangup: Callable[[], Awaitable[None]], hold: asyncio.Event | None) -> None:
        await until(lambda: bool(self.heard.hz) or self.ended is not None)
        if hold is not None:
            await hold.wait()
        await hangup()


def test_forty_calls_are_spread_and_both_sides_hear_each_other(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(tmp_path, 440, 600) as (proxy, workers, engine):
            tls = TlsSettings(ca_file=str(tmp_path / "cert.pem"))
            async with (
                SipLine.open(TRUNK, engine=engine, proxy=(OUTSIDE, proxy.outside)) as line,
                SipLine.open(TRUNK, engine=engine, proxy=(OUTSIDE, proxy.tls), transport="tls", tls=tls) as secured,
            ):
                calls = [Caller().call(line, f"plain-{number}") for number in range(40)]
                seen = await asyncio.gather(*calls, Caller().call(secured, "tls", way=";transport=tls"))
            ids = {caller.call_id for caller in seen}
            odd = [
                caller for caller in seen if caller.answers != 1 or caller.ended is None or caller.ended.cause != "bye"
            ]
            assert not odd, (odd, proxy.log()[-4000:])
            assert all(caller.keys == "1" for caller in seen)  # the worker heard our tone
            await listed(proxy, ids)
            for worker in workers:
                served = worker.calls("answered")
                assert len(served) >= 15
                assert {caller.call_id for caller in seen if caller.heard.hz == worker.hz} == served
                assert {call for call, to in proxy.calls().items() if to == worker.uri} == served
            assert proxy.outcomes("INVITE") == dict.fromkeys(ids, "200")
            assert proxy.outcomes("BYE") == dict.fromkeys(ids, "200")

    asyncio.run(run())


def test_a_killed_worker_loses_its_own_calls_only_and_each_is_accounted_for(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(tmp_path, 440, 600, 800, SIP_RING_MS="8000", SIP_SILENCE_MS="8000") as (
            proxy,
            workers,
            engine,
        ):
            async with (
                SipLine.open(TRUNK, engine=engine, proxy=(OUTSIDE, proxy.outside), media_timeout_s=12) as line,
                asyncio.TaskGroup() as tasks,
            ):
                hold = asyncio.Event()
                before = [Caller() for _ in range(12)]
                for number, caller in enumerate(before):
                    tasks.create_task(caller.call(line, f"before-{number}", hold))
                for caller in before:
                    await caller.up.wait()
                passing = [Caller() for _ in range(20)]
                for number, caller in enumerate(passing):
                    tasks.create_task(caller.call(line, f"passing-{number}"))
                    await asyncio.sleep(0.1)  # traffic: a call every 100 ms
                    if number == 10:
                        workers[0].process.kill()
                await workers[0].process.wait()
                await marked_down(proxy, workers[0])
                after = await asyncio.gather(*(Caller().call(line, f"after-{number}") for number in range(10)))
                lost_before = {caller.call_id for caller in before if caller.heard.hz == workers[0].hz}
                await until(lambda: all(caller.ended for caller in before if caller.call_id in lost_before))
                hold.set()
            everybody = [*before, *passing, *after]
            await until(lambda: len(proxy.calls()) == sum(caller.answers for caller in everybody))
            check_death(proxy, workers, everybody, lost_before, {caller.call_id for caller in after})

    asyncio.run(run())


async def listed(proxy: Front, ids: set[str]) -> None:
    """Wait until the accounting has every one of these calls, and no other."""
    try:
        await until(lambda: proxy.calls().keys() == ids)
    except AssertionError:
        raise AssertionError((proxy.calls().keys() ^ ids, proxy.log()[-4000:])) from None


async def marked_down(proxy: Front, worker: Worker) -> None:
    """Wait until the dispatcher passes over this worker."""
    for _ in range(300):
        if (await proxy.states())[worker.uri].startswith("I"):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it is still believed to take calls")


def check_death(
    proxy: Front, workers: list[Worker], everybody: list[Caller], lost_before: set[str], after: set[str]
) -> None:
    """The caller, the worker's log and the proxy's accounting tell the same of every call."""
    dead, alive = workers[0], workers[1:]
    lost = {caller.call_id for caller in everybody if caller.ended and caller.ended.cause != "bye"}
    unfinished = dead.calls("offered") - dead.calls("ended")
    assert lost_before
    assert lost_before <= lost <= unfinished
    invites, byes, up = proxy.outcomes("INVITE"), proxy.outcomes("BYE"), proxy.calls()
    assert set(invites) == {caller.call_id for caller in everybody}
    for caller in everybody:
        assert caller.answers <= 1
        served = [worker for worker in workers if caller.call_id in worker.calls("answered")]
        assert len(served) <= 1, "answered twice"
        if caller.call_id not in lost:
            assert (caller.answers, invites[caller.call_id]) == (1, "200")
            # Whoever hung up in the very moment of the death got no answer to the BYE either.
            assert byes[caller.call_id] == "200" or (byes[caller.call_id] == "408" and caller.call_id in unfinished)
            assert up[caller.call_id] == served[0].uri
        elif caller.answers:  # it was up when its worker died: nobody answers the caller's BYE
            assert (byes[caller.call_id], up[caller.call_id]) == ("408", dead.uri)
        else:  # it rang when its worker died
            assert invites[caller.call_id] == str(caller.rejected)
            assert caller.rejected >= 400
    for worker in alive:
        assert worker.calls("answered") == worker.calls("ended")
    assert after <= alive[0].calls("answered") | alive[1].calls("answered")
