"""A worker with one real call over loopback: the robot's line, the telephone of the person called, the live port, and the API before it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import numpy as np
import numpy.typing as npt
import pytest

from callwright.app import supervise_media
from callwright.calls.live import LiveCalls
from callwright.calls.model import CallFiles, CallRecord
from callwright.calls.supervision import Supervision
from callwright.desk.feed import Feed
from callwright.desk.joining import Joining
from callwright.desk.port import open_port
from callwright.script.loader import loads
from callwright.telephony.port import Frame, IncomingLeg, LegEnded, Media
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.webrtc.leg import BrowserLeg
from callwright.testing.console import Console, open_console
from callwright.testing.live_calls import announce
from callwright.testing.robots import stub_order, stub_robot

SCRIPT = (Path(__file__).parents[2] / "fixtures" / "calls" / "visit.yaml").read_text(encoding="utf-8")
PERSON_HZ = 400.0
CALL = "attempt-1"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def strength(pcm: npt.NDArray[np.int16], hertz: float, rate: int = 8000) -> float:
    """Amplitude of one frequency in the samples."""
    wave = pcm.astype(float)
    at = np.arange(len(wave)) * hertz / rate
    return float(abs(np.exp(-2j * np.pi * at) @ wave) * 2 / max(1, len(wave)))


def tone(hertz: float, samples: int, rate: int = 8000, first: int = 0) -> npt.NDArray[np.int16]:
    at = np.arange(first, first + samples)
    wave: npt.NDArray[np.int16] = (6000 * np.sin(2 * np.pi * hertz / rate * at)).astype(np.int16)
    return wave


@dataclass
class Telephone:
    """Of the person called: hums a tone as long as the call lasts, and keeps what it hears."""

    heard: list[npt.NDArray[np.int16]] = field(default_factory=list)
    media: Media | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, line: SipLine) -> None:
        async for leg in line.incoming():
            await self._hold(leg)
            return

    async def _hold(self, leg: IncomingLeg) -> None:
        await leg.ring()
        await leg.answer()
        self.media = leg.media
        assert self.media is not None
        self.media.listen(self._hear, lambda digit: None)
        self.media.play(g711.encode(tone(PERSON_HZ, 8000 * 120), "PCMA"))
        async for event in leg.events():
            if isinstance(event, LegEnded):
                self.over.set()

    def _hear(self, frame: Frame) -> None:
        self.heard.append(frame.pcm)

    def last(self, frames: int = 25) -> npt.NDArray[np.int16]:
        """The last half second that was heard."""
        return np.concatenate(self.heard[-frames:]) if self.heard else np.zeros(1, np.int16)


def speaks_again(live: LiveCalls) -> bool:
    """The robot says what it is after a call was given back: of itself, or by its opening, when it had not begun yet."""
    for call in live:
        kinds = [str(line["kind"]) for line in call.log.lines]
        if "given_back" in kinds and {"disclosed", "said"} & set(kinds[kinds.index("given_back") :]):
            return True
    return False


@dataclass
class House:
    """All of it. record: of the call, once it is over."""

    console: Console
    api: httpx.AsyncClient
    live: LiveCalls
    telephone: Telephone
    calling: asyncio.Task[CallRecord]
    folder: Path

    async def until(self, what: str, seconds: float = 30.0) -> None:
        """Wait until the call stands so."""
        async with asyncio.timeout(seconds):
            while await self.standing() != what:  # noqa: ASYNC110 - over HTTP
                await asyncio.sleep(0.1)

    async def standing(self) -> str:
        answer = await self.api.get("/api/v1/live/calls")
        answer.raise_for_status()
        rows = answer.json()["items"]
        return str(rows[0]["standing"]) if rows and rows[0]["stage"] == "talking" else ""


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    """The call is up when the body begins."""
    async with (
        open_console(folder, leads=1) as console,
        RtpEngine.start() as engine,
        SipLine.open("127.0.0.1", 0, engine=engine) as line,
        SipLine.open("127.0.0.1", 0, engine=engine) as theirs,
        httpx.AsyncClient(
            base_url=console.url, headers={"x-fake-roles": "agent", "X-Callwright": "1"}, timeout=30
        ) as api,
        asyncio.TaskGroup() as tasks,
    ):
        live = LiveCalls()
        feed = Feed(live)
        answering = partial(BrowserLeg.answer_to, engine)
        joining = Joining(live, feed, Supervision(line, live, supervise_media), answering, tasks)
        robot = stub_robot(loads(SCRIPT).script, line, folder, live=live)
        async with open_port(live, feed, extra=joining.routes) as port:
            await announce(console.storage, console.seeded.tenant, "w1", port)
            telephone = Telephone()
            answering_task = tasks.create_task(telephone.answer(theirs))
            order = stub_order(theirs.address[1], CALL)
            calling = tasks.create_task(robot.call(order, {"name": "Ann"}, CallFiles(folder, "call")))
            try:
                found = House(console, api, live, telephone, calling, folder)
                async with asyncio.timeout(30):
                    while not any(call.answered for call in live):  # noqa: ASYNC110 - no event says so
                        await asyncio.sleep(0.05)
                yield found
            finally:
                joining.close()
                calling.cancel()
                answering_task.cancel()
                await asyncio.wait([calling, answering_task])
