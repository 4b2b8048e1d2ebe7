"""A supervisor joins a live call by telephone: three SIP lines, real RTP, the event log of the call."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from callwright.app import bridge_media, supervise_media
from callwright.calls.live import LiveCall, LiveCalls
from callwright.calls.log import EventLog
from callwright.calls.supervision import Supervision, Watching
from callwright.calls.transfer import Switchboard
from callwright.dialogue.values import Transfer
from callwright.telephony.port import DialOrder, Frame, LegAnswered, Media
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.testing.sipp import HOST, order

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

TONES = {"person": 400.0, "boss": 1100.0, "robot": 1700.0, "agent": 700.0}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def tone(name: str) -> bytes:
    samples = 5000 * np.sin(2 * np.pi * TONES[name] / 8000 * np.arange(8000 * 60))
    return g711.encode(samples.astype(np.int16), "PCMA")


class Ear:
    """What one side hears, and who is in it."""

    def __init__(self, media: Media) -> None:
        self._frames: list[Frame] = []
        self._news = asyncio.Event()
        media.listen(self._frame, lambda key: None)

    def _frame(self, frame: Frame) -> None:
        self._frames.append(frame)
        self._news.set()

    async def hears(self, *names: str) -> None:
        """Wait until exactly these are heard in a fifth of a second."""
        heard: set[str] = set()
        wanted = set(names)
        for _ in range(1_000):
            if len(self._frames) >= 10:
                pcm = np.concatenate([frame.pcm for frame in self._frames[-10:]])
                turns = {n: np.exp(-2j * np.pi * hz / 8000 * np.arange(len(pcm))) for n, hz in TONES.items()}
                heard = {n for n, turn in turns.items() if 2 * abs(np.sum(pcm * turn)) / len(pcm) > 1200}
                if heard == wanted:
                    return
            self._news.clear()
            await self._news.wait()
        raise AssertionError(f"heard {heard}, not {wanted}")


async def telephone(line: SipLine, name: str) -> Media:
    """Answer the first call that comes, speak a tone."""
    async for leg in line.incoming():
        await leg.answer()
        async for event in leg.events():
            if isinstance(event, LegAnswered):
                assert leg.media is not None
                leg.media.play(tone(name))
                return leg.media
    raise AssertionError("nobody called")


def to(line: SipLine, call_id: str) -> DialOrder:
    return replace(order(line.address[1]), call_id=call_id, codecs=("PCMA",))


async def test_a_supervisor_listens_barges_and_hands_over() -> None:
    live, log = LiveCalls(), EventLog(None, lambda: int(asyncio.get_running_loop().time() * 1000))
    there: asyncio.Future[Watching] = asyncio.get_running_loop().create_future()
    async with (
        asyncio.timeout(60),
        RtpEngine.start() as engine,
        SipLine.open(HOST, engine=engine) as robot,
        SipLine.open(HOST, engine=engine) as person,
        SipLine.open(HOST, engine=engine) as boss,
        SipLine.open(HOST, engine=engine) as agent,
    ):
        phones = {
            name: asyncio.ensure_future(telephone(line, name))
            for name, line in (("person", person), ("boss", boss), ("agent", agent))
        }
        leg = await robot.place(to(person, "call"))
        media = await phones["person"]
        async for event in leg.events():
            if isinstance(event, LegAnswered):
                break
        assert leg.media is not None
        leg.media.play(tone("robot"))
        call = LiveCall("call", "visit", "***", datetime.now(UTC), log, leg=leg, media=leg.media)
        with live.during(call):
            supervision = Supervision(robot, live, supervise_media)
            joining = asyncio.ensure_future(
                supervision.join("call", to(boss, "boss"), "listen", "boss", there.set_result)
            )
            person_ear, boss_ear = Ear(media), Ear(await phones["boss"])
            watching = await there
            await boss_ear.hears("person", "robot")
            await person_ear.hears("robot")
            watching.mode("barge")
            await person_ear.hears("robot", "boss")
            watching.mode("listen")

            async def desk(act: Transfer, call_id: str) -> DialOrder | None:
                return to(agent, "agent")

            board = Switchboard(robot, desk, bridge_media)
            joined = asyncio.Event()

            def silent() -> None:
                assert leg.media is not None
                leg.media.flush()
                joined.set()

            handing = asyncio.ensure_future(board.fetch(leg, Transfer("desk"), log, silent))
            await joined.wait()
            agent_ear = Ear(await phones["agent"])
            await person_ear.hears("agent")
            await boss_ear.hears("person", "agent")
            watching.mode("whisper")
            await agent_ear.hears("person", "boss")
            await person_ear.hears("agent")
            await leg.hangup("over")
            assert await joining
            handing.cancel()  # as the conversation does when its caller has gone
            await asyncio.wait([handing])
        assert watching.over
    told = [(line["who"], line["mode"]) for line in log.lines if line["kind"] == "supervised"]
    assert told == [("boss", "listen"), ("boss", "barge"), ("boss", "listen"), ("boss", "whisper")]
