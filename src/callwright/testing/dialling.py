"""A worker to be killed: dials what is due over a real SIP line, signalling only, and hangs up as soon as somebody answers.

Started by `multiprocessing` (forkserver), so that the next one is there at once. SIGTERM: begins no call any more and leaves. SIGUSR1: its wall
clock is an hour ahead from now on; SIGUSR2: an hour behind.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from callwright import event_loop
from callwright.calls.disposition import disposition
from callwright.campaigns.clocks import DatabaseClock, wall
from callwright.campaigns.dispatch import Claimed, Dial, Ended, Veto
from callwright.campaigns.hints import Hints
from callwright.campaigns.worker import Came, Tell, Vetoes, Worker, WorkerSettings
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.scope import Scope
from callwright.telephony.port import DialOrder, LegAnswered, LegEnded, LegRejected, LegRinging
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.testing.campaigns import quick_terms

__all__ = ["Line", "NobodyObjects", "work"]


class Line:
    """Places a call and hangs up as soon as it is answered."""

    def __init__(self, line: SipLine, port: int) -> None:
        self._line, self._port = line, port

    async def __call__(self, order: Dial, tell: Tell, now: Callable[[], datetime]) -> Came:
        target = f"sip:{order.permit.callee}@127.0.0.1:{self._port}"
        leg = await self._line.place(DialOrder(order.permit, target, order.attempt, ring_timeout_s=order.ring_s))
        answered, code, cause = None, None, ""
        async for event in leg.events():
            match event:
                case LegRinging():
                    tell("ringing")
                case LegAnswered():
                    tell("answered")
                    answered = now()
                    await leg.hangup()
                case LegRejected():
                    code = event.code
                case LegEnded():
                    cause = event.cause
        outcome = disposition(answered=answered is not None, end="done" if answered else "", code=code, cause=cause)
        return Came(
            Ended(order.attempt, order.owner, order.fence, outcome, now(), answered, sip_code=code, cause=cause)
        )


class NobodyObjects:
    """A pre-dial webhook that is always asked and never says no: a worker that has it claims and dials in two transactions."""

    async def prepare(self, task: int) -> None:
        del task

    async def vetoes(self, scope: Scope) -> Vetoes:
        del scope
        return self._ask

    async def _ask(self, claimed: Sequence[Claimed]) -> Mapping[int, Veto]:
        del claimed
        await asyncio.sleep(0)
        return {}


def work(url: str, tenant: int, key: Path, port: int, name: str, robots: int, asks: bool, ready: Connection) -> None:
    """Until it is told to stop, or killed. port: of the callees on 127.0.0.1; asks: `NobodyObjects`; ready: told when it begins."""
    before = NobodyObjects() if asks else None
    settings = WorkerSettings(name, robots, 3, 0.1, 0.4, 0.5, 10.0)
    event_loop.run(_work(url, tenant, key, port, settings, before, ready))


async def _work(
    url: str,
    tenant: int,
    key: Path,
    port: int,
    settings: WorkerSettings,
    before: NobodyObjects | None,
    ready: Connection,
) -> None:
    offset = timedelta()

    def jump(by: timedelta) -> None:
        nonlocal offset
        offset += by

    async with (
        Database.open(url, connections=4) as database,
        RtpEngine.start() as engine,
        SipLine.open("127.0.0.1", engine=engine) as line,
    ):
        async with database.scope(tenant) as scope:
            keys = await Keyring.from_file(key).tenant(scope)
        hints = Hints(tenant)
        clock = DatabaseClock(database, tenant, local=lambda: wall() + offset)
        worker = Worker(database, tenant, keys, quick_terms(), Line(line, port), settings, clock, hints, before)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, worker.stop)
        loop.add_signal_handler(signal.SIGUSR1, jump, timedelta(hours=1))
        loop.add_signal_handler(signal.SIGUSR2, jump, timedelta(hours=-1))
        ready.send(settings.name)
        async with hints.listening(url):
            await worker.run()
