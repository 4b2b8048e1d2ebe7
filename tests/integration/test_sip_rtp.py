"""Signalling and audio together: one line calls another on 127.0.0.1, a tone and key presses go through."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from callwright.compliance.decision import DialFacts, decide
from callwright.telephony.port import Codec, DialOrder, Frame, LegAnswered, LegDtmf, LegEnded
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.rtp.g711 import encode
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipIncomingLeg, SipLeg
from callwright.telephony.sip.refer import Referred

pytestmark = pytest.mark.integration

HOST = "127.0.0.1"
CALLEE, CALLER = "+8613900000001", "+861085550000"


def order(port: int) -> DialOrder:
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    facts = DialFacts(
        CALLEE, CALLER, frozenset({CALLER}), "service", "contract", local_time=noon, frozen=False, calls_today=0
    )
    return DialOrder(decide(facts, noon).permit(), f"sip:{CALLEE}@{HOST}:{port}", "tone", codecs=("PCMU",))


def test_audio_and_keys_reach_the_other_side() -> None:
    heard = asyncio.Event()
    keys: list[str] = []
    ends: list[LegEnded] = []

    def listen(frame: Frame) -> None:
        if not frame.concealed and np.abs(frame.pcm).max() > 5_000:
            heard.set()

    async def answer(line: SipLine) -> None:
        async for leg in line.incoming():
            await robot(leg)
            return

    async def robot(leg: SipIncomingLeg) -> None:
        await leg.answer()
        assert leg.media is not None
        leg.media.listen(listen, lambda _digit: None)
        async for event in leg.events():
            if isinstance(event, LegDtmf):
                keys.append(event.digit)
                await leg.hangup()
            if isinstance(event, LegEnded):
                ends.append(event)

    async def run() -> None:
        tone = (8_000 * np.sin(np.arange(8_000) * 0.35)).astype(np.int16)
        async with (
            asyncio.timeout(20),
            RtpEngine.start() as engine,
            SipLine.open(HOST, engine=engine) as theirs,
            SipLine.open(HOST, engine=engine) as ours,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(answer(theirs))
            leg = await ours.place(order(theirs.address[1]))
            async for event in leg.events():
                if isinstance(event, LegAnswered):
                    assert leg.media is not None
                    assert leg.media.codec == "PCMU"
                    leg.media.play(encode(tone, "PCMU"), "tone")
                    await heard.wait()
                    leg.media.send_dtmf("5")
                if isinstance(event, LegEnded):
                    ends.append(event)

    asyncio.run(run())
    assert keys == ["5"]
    assert {(event.cause, event.by) for event in ends} == {("bye", "us"), ("bye", "peer")}


class Whoever:
    """Lets a line call `port` for whoever asks."""

    def __init__(self) -> None:
        self.port = 0
        self.new: asyncio.Queue[SipLeg] = asyncio.Queue()

    async def allow(self, leg: SipLeg, request: Referred) -> DialOrder | None:
        return replace(order(self.port), call_id="referred", codecs=("PCMA", "PCMU"))

    def placed(self, leg: SipLeg, new: SipLeg) -> None:
        self.new.put_nowait(new)


def test_audio_goes_on_when_a_call_is_handed_over() -> None:
    """The desk's leg keeps its media: first it hears the robot, then the customer, and the customer hears the desk."""

    async def answer(line: SipLine, legs: list[SipIncomingLeg]) -> None:
        async for leg in line.incoming():
            await leg.answer()
            legs.append(leg)

    async def hears(leg: SipLeg, codec: Codec, speaker: SipLeg) -> None:
        assert leg.media is not None
        assert speaker.media is not None
        assert speaker.media.codec == codec
        heard = asyncio.Event()

        def listen(frame: Frame) -> None:
            if not frame.concealed and np.abs(frame.pcm).max() > 5_000:
                heard.set()

        leg.media.listen(listen, lambda _digit: None)
        tone = (8_000 * np.sin(np.arange(16_000) * 0.35)).astype(np.int16)
        speaker.media.play(encode(tone, codec), "tone")
        await heard.wait()
        speaker.media.flush()

    async def up(leg: SipLeg) -> None:
        async for event in leg.events():
            if isinstance(event, LegAnswered):
                return

    async def run() -> None:
        whoever, first, second = Whoever(), list[SipIncomingLeg](), list[SipIncomingLeg]()
        async with (
            asyncio.timeout(30),
            RtpEngine.start() as engine,
            SipLine.open(HOST, engine=engine, refer=whoever) as customer,
            SipLine.open(HOST, engine=engine) as desk,
            SipLine.open(HOST, engine=engine) as robot,
            asyncio.TaskGroup() as tasks,
        ):
            serving = [tasks.create_task(answer(line, legs)) for line, legs in ((customer, first), (desk, second))]
            whoever.port = desk.address[1]
            one = await robot.place(replace(order(customer.address[1]), call_id="one"))
            two = await robot.place(replace(order(desk.address[1]), call_id="two"))
            await up(one)
            await up(two)
            media = second[0].media
            await hears(second[0], "PCMU", two)
            assert [item.code async for item in one.transfer_to(two)][-1] == 200
            await one.hangup()
            new = await whoever.new.get()
            await up(new)
            # PCMA stood first in the new offer, but the desk's audio was PCMU, and stays so.
            await hears(second[0], "PCMU", new)
            await hears(new, "PCMU", second[0])
            assert second[0].media is media
            await second[0].hangup()
            for task in serving:
                task.cancel()

    asyncio.run(run())
