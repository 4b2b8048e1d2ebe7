"""Encrypted audio, other codecs and comfort noise through the engine, over real loopback sockets. Waits are for events."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from callwright.errors import LineError
from callwright.telephony.port import Frame, WireCodec
from callwright.telephony.rtp import codecs, connected, g711
from callwright.telephony.rtp.engine import RtpEngine, RtpStream, bridge
from callwright.telephony.rtp.packet import RtpPacket, serialise
from callwright.telephony.wire_audio import KEY_BYTES, SrtpKeys, WireAudio

pytestmark = pytest.mark.anyio

HOST = "127.0.0.1"
NUMBERS: dict[WireCodec, int] = {"PCMA": 8, "G722": 9, "OPUS": 96}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def wire(codec: WireCodec, first: bool, secret: bool) -> WireAudio:
    size = KEY_BYTES["AES_CM_128_HMAC_SHA1_80"]
    one, other = (b"\1" * size, b"\2" * size) if first else (b"\2" * size, b"\1" * size)
    return WireAudio(codec, srtp=SrtpKeys("AES_CM_128_HMAC_SHA1_80", one, other) if secret else None)


def join(a: RtpStream, b: RtpStream, codec: WireCodec, secret: bool) -> None:
    a.configure((HOST, b.local_port), "PCMA", NUMBERS[codec], 101, wire=wire(codec, True, secret))
    b.configure((HOST, a.local_port), "PCMA", NUMBERS[codec], 101, wire=wire(codec, False, secret))


def tone(seconds: float, hz: float) -> bytes:
    return g711.encode(
        (8_000 * np.sin(2 * np.pi * hz * np.arange(int(8000 * seconds)) / 8000)).astype(np.int16), "PCMA"
    )


async def loud(stream: RtpStream, frames: int) -> list[Frame]:
    """That many loud frames in all, as they come."""
    heard: list[Frame] = []
    enough = asyncio.Event()

    def listen(frame: Frame) -> None:
        if np.abs(frame.pcm).max() > 2000:
            heard.append(frame)
        if len(heard) >= frames:
            enough.set()

    stream.listen(listen, lambda _key: None)
    async with asyncio.timeout(20):
        await enough.wait()
    return heard


@pytest.mark.parametrize(("codec", "secret"), [("PCMA", True), ("G722", False), ("OPUS", True)])
async def test_audio_and_keys_go_through(codec: WireCodec, secret: bool) -> None:
    if reason := codecs.lacks(codec):
        pytest.skip(reason)
    async with RtpEngine.start() as engine:
        a, b = await engine.open(HOST), await engine.open(HOST)
        join(a, b, codec, secret)
        keys: asyncio.Queue[str] = asyncio.Queue()
        b.on_dtmf(keys.put_nowait)
        a.play(tone(5, 500))
        frames = await loud(b, 80)
        # a busy machine may come too late for some packets, never for most of them
        assert sum(not frame.concealed for frame in frames[10:]) >= 40
        a.send_dtmf("7")
        async with asyncio.timeout(20):
            assert await keys.get() == "7"
        assert (b.quality().codec, b.quality().encrypted) == (codec, secret)
        assert b.stats.garbage <= 2  # what a sent before b knew of it


async def test_a_bridge_joins_what_speaks_differently() -> None:
    async with RtpEngine.start() as engine:
        near, left, right, far = [await engine.open(HOST) for _ in range(4)]
        join(near, left, "PCMA", True)
        join(right, far, "G722", False)
        bridge(left, right)
        near.play(tone(5, 500))
        assert await loud(far, 40)


async def test_silence_that_was_told_is_recorded_as_noise_and_is_no_death(tmp_path: Path) -> None:
    async with RtpEngine.start() as engine:
        stream = await engine.open(HOST)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(HOST, 0))
        peer = transport.get_extra_info("sockname")
        stream.configure((HOST, peer[1]), "PCMA", 8, 101, wire=WireAudio("PCMA", comfort_payload_type=13))
        stream.record(str(tmp_path / "call.wav"))
        frames: list[Frame] = []
        enough = asyncio.Event()

        def listen(frame: Frame) -> None:
            if not frame.concealed:
                frames.append(frame)
            if len(frames) >= 60:
                enough.set()

        dead = asyncio.Event()
        stream.watch(300, dead.set)
        stream.listen(listen, lambda _key: None)
        to = (HOST, stream.local_port)
        transport.sendto(serialise(RtpPacket(8, 1, 0, 7, g711.SILENCE["PCMA"] * 160)), to)
        transport.sendto(serialise(RtpPacket(13, 2, 160, 7, bytes([40]))), to)
        async with asyncio.timeout(20):
            await enough.wait()
        assert not dead.is_set()
        assert all(100 < np.sqrt(frame.energy or 0) < 600 for frame in frames[-50:])
        transport.sendto(serialise(RtpPacket(8, 3, 160 * 100, 7, g711.SILENCE["PCMA"] * 160)), to)
        async with asyncio.timeout(20):
            await dead.wait()  # it spoke again, and then fell silent without a word
        transport.close()
        await stream.close()
    with wave.open(str(tmp_path / "call.wav"), "rb") as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    noisy = [part for part in np.array_split(pcm[:, 0], len(pcm) // 160) if np.abs(part.astype(float)).mean() > 60]
    assert len(noisy) >= 50


async def test_our_silence_may_be_noise() -> None:
    async with RtpEngine.start(quiet_dbov=-40) as engine:
        a, b = await engine.open(HOST), await engine.open(HOST)
        join(a, b, "PCMA", False)
        heard = asyncio.Event()
        b.listen(lambda frame: heard.set() if (frame.energy or 0) > 10_000 else None, lambda _key: None)
        async with asyncio.timeout(20):
            await heard.wait()
    with pytest.raises(LineError, match="dBov"):
        async with RtpEngine.start(quiet_dbov=0):
            pass


async def until(condition: Callable[[], bool], stream: RtpStream) -> None:
    """Asked at each frame of the stream."""
    done = asyncio.Event()
    stream.listen(lambda _frame: done.set() if condition() else None, lambda _key: None)
    async with asyncio.timeout(30):
        await done.wait()


@pytest.mark.skipif(not connected.POSSIBLE, reason="streams become steady on Linux only")
async def test_encrypted_streams_are_steady() -> None:
    async with RtpEngine.start() as engine:
        a, b = await engine.open(HOST), await engine.open(HOST)
        join(a, b, "PCMA", True)
        a.play(tone(60, 500))
        await until(lambda: a.steady_out and b.steady_in and a.steady_in and b.steady_out, b)
        frames = await loud(b, 100)
        assert not any(frame.concealed for frame in frames)
        garbage = b.stats.garbage
        a.transmit(b"\x80\x08" + bytes(180))  # from the address of the peer, by somebody without its key
        a.transmit(b"\x80\xc8" + bytes(40))
        await until(lambda: b.stats.garbage == garbage + 2, b)
        assert b.steady_in
        join(a, b, "PCMA", True)  # a refresh: the keys stay
        await until(lambda: a.steady_out and b.steady_in, b)
        a.send_dtmf("7")
        keys: asyncio.Queue[str] = asyncio.Queue()
        b.on_dtmf(keys.put_nowait)
        async with asyncio.timeout(20):
            assert await keys.get() == "7"
        assert b.stats.garbage == garbage + 2
