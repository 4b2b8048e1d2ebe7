"""G.722 and Opus with baresip, both ways: its tone is in our frames, ours in its file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from callwright.telephony.port import Frame, LegAnswered, LegEnded, WireCodec
from callwright.telephony.rtp import codecs
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.rtp.g711 import encode
from callwright.telephony.rtp.stream import RtpStream
from callwright.telephony.sip.driver import SipLine
from callwright.testing.baresip import address, baresip, missing, strength

pytestmark = [pytest.mark.integration, pytest.mark.skipif(bool(missing()), reason=missing() or "-")]

RATES = {"G722": 16_000, "opus": 48_000, "PCMU": 8000}


@pytest.mark.parametrize(("name", "codec"), [("G722", "G722"), ("opus", "OPUS"), ("PCMU", "PCMU")])
def test_a_tone_each_way(tmp_path: Path, name: str, codec: WireCodec) -> None:
    modules = {"G722": ("g722",), "opus": ("opus",)}.get(name, ("g711",))
    if reason := missing(*modules) or codecs.lacks(codec):
        pytest.skip(reason)
    frames: list[Frame] = []
    enough = asyncio.Event()
    ended: list[LegEnded] = []

    def listen(frame: Frame) -> None:
        frames.append(frame)
        if len(frames) >= 100:
            enough.set()

    async def run() -> None:
        said = (8_000 * np.sin(2 * np.pi * 600 * np.arange(5 * 8_000) / 8_000)).astype(np.int16)
        async with (
            asyncio.timeout(40),
            RtpEngine.start() as engine,
            baresip(tmp_path, codec=name, modules=modules) as phone,
        ):
            async with SipLine.open(address(), engine=engine) as line:
                leg = await line.place(phone.order((codec, "PCMA")))
                async for event in leg.events():
                    if isinstance(event, LegAnswered):
                        assert leg.media is not None
                        leg.media.listen(listen, lambda _digit: None)
                        leg.media.play(encode(said, leg.media.codec), "tone")
                        await enough.wait()
                        stats = leg.media.stats
                        assert stats.garbage < 10  # it speaks before its answer is there
                        await leg.hangup()
                    if isinstance(event, LegEnded):
                        ended.append(event)
            theirs = await phone.heard()
            assert strength(theirs[RATES[name] // 2 :][: RATES[name]], 600, RATES[name]) > 0.9, phone.output

    asyncio.run(run())
    assert [(end.cause, end.by) for end in ended] == [("bye", "us")]
    ours = np.concatenate([frame.pcm for frame in frames[40:90]])
    assert strength(ours, 1000, 8000) > 0.9


def test_it_calls_with_opus(tmp_path: Path) -> None:
    if reason := missing("opus") or codecs.lacks("OPUS"):
        pytest.skip(reason)
    frames: list[Frame] = []
    enough = asyncio.Event()

    def listen(frame: Frame) -> None:
        frames.append(frame)
        if len(frames) >= 100:
            enough.set()

    async def run() -> None:
        async with (
            asyncio.timeout(40),
            RtpEngine.start() as engine,
            SipLine.open(address(), engine=engine, codecs=("PCMA", "OPUS")) as line,
            baresip(tmp_path, codec="opus", modules=("opus",), dial=f"sip:100@{address()}:{line.address[1]}") as phone,
        ):
            async for leg in line.incoming():
                await leg.answer()
                assert isinstance(leg.media, RtpStream)
                assert leg.media.session.wire.codec == "OPUS"
                leg.media.listen(listen, lambda _digit: None)
                await enough.wait()
                assert leg.media.stats.garbage < 10, phone.output
                await leg.hangup()
                return

    asyncio.run(run())
    assert strength(np.concatenate([frame.pcm for frame in frames[40:90]]), 1000, 8000) > 0.9
