"""Signalling and audio together: one line calls another on 127.0.0.1, a tone and key presses go through."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import numpy as np
import pytest

from callwright.compliance.decision import DialFacts, decide
from callwright.telephony.port import DialOrder, Frame, LegAnswered, LegDtmf, LegEnded
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.rtp.g711 import encode
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipIncomingLeg

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
