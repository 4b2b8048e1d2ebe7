"""Streams that have become steady, over real loopback sockets: nothing that is heard, said or counted tells them from the others."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import wave
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

from callwright.telephony.port import Frame, Pcm
from callwright.telephony.rtp import connected, core, g711, latch
from callwright.telephony.rtp.engine import RtpEngine, RtpStream, bridge
from callwright.telephony.rtp.packet import RtpPacket, parse, serialise

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not connected.POSSIBLE, reason="streams become steady on Linux only"),
]

HOST = "127.0.0.1"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True, params=["compiled", "numpy"])
def both_cores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "numpy":
        monkeypatch.setattr(core, "_loaded", lambda: "numpy is tested")
    elif core.available():
        pytest.skip(f"no compiled core: {core.available()}")


@pytest.fixture(autouse=True)
def quick_to_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latch, "_LEARNING", 3)


class Ear:
    def __init__(self, stream: RtpStream) -> None:
        self.frames: list[Frame] = []
        self.keys = ""
        self._changed = asyncio.Event()
        stream.listen(self._frame, self._key)

    def _frame(self, frame: Frame) -> None:
        self.frames.append(frame)
        self._changed.set()

    def _key(self, key: str) -> None:
        self.keys += key
        self._changed.set()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    @property
    def loud(self) -> int:
        return sum((frame.energy or 0) > 1e6 for frame in self.frames)


@contextlib.asynccontextmanager
async def steady_pair() -> AsyncIterator[tuple[RtpEngine, RtpStream, RtpStream, Ear, Ear]]:
    async with RtpEngine.start() as engine:
        a, b = await engine.open(HOST), await engine.open(HOST)
        a.configure((HOST, b.local_port), "PCMA", 8, 101)
        b.configure((HOST, a.local_port), "PCMA", 8, 101)
        at_a, at_b = Ear(a), Ear(b)
        await at_b.until(lambda: all_steady(a, b))
        yield engine, a, b, at_a, at_b


def all_steady(*streams: RtpStream) -> bool:
    return all(stream.steady_in and stream.steady_out for stream in streams)


def tone(frames: int) -> Pcm:
    samples: Pcm = (8000 * np.sin(np.arange(frames * 160) * 0.3)).astype(np.int16)
    return samples


async def test_audio_positions_and_counters() -> None:
    async with steady_pair() as (_, a, b, _at_a, at_b):
        said = g711.encode(tone(70), "PCMA")
        a.play(said, "hello")
        await asyncio.wait_for(a.drained(), 20)
        assert a.position() == ("hello", 1400, 0)
        await at_b.until(lambda: at_b.loud >= 68)
        heard = np.concatenate([frame.pcm for frame in at_b.frames])
        wanted = g711.decode(said, "PCMA")
        begin = int(np.argmax(np.abs(heard) > 500)) - int(np.argmax(np.abs(wanted) > 500))
        assert (heard[begin : begin + 1600] == wanted[:1600]).all()
        indices = [frame.index for frame in at_b.frames]
        assert indices == sorted(set(indices))
        assert not at_b.frames[-1].pcm.flags.writeable
        sent, received = a.stats.sent, b.stats.received
        seen = len(at_b.frames)
        await at_b.until(lambda: len(at_b.frames) >= seen + 5)
        assert a.stats.sent >= sent + 4
        assert b.stats.received >= received + 3
        assert b.stats.garbage == 0


async def test_pause_resume_and_flush_while_a_second_is_prepared() -> None:
    async with steady_pair() as (_, a, _b, _at_a, at_b):
        a.play(g711.encode(tone(200), "PCMA"), "long")
        await at_b.until(lambda: a.position()[1] >= 200)
        a.pause()
        stopped = a.position()
        seen = len(at_b.frames)
        await at_b.until(lambda: len(at_b.frames) >= seen + 5)
        assert a.position() == stopped
        assert stopped[1] + stopped[2] == 4000
        a.resume(100)
        assert a.position() == ("long", 100, 3900)
        await at_b.until(lambda: a.position()[1] >= 200)
        assert a.flush() >= 200
        assert a.position() == ("", 0, 0)
        seen = len(at_b.frames)
        await at_b.until(lambda: len(at_b.frames) >= seen + 12)
        assert not at_b.frames[-1].pcm.max() > 100


async def test_keys_and_what_follows() -> None:
    async with steady_pair() as (_, a, b, _at_a, at_b):
        a.send_dtmf("42")
        await at_b.until(lambda: at_b.keys == "42")
        await at_b.until(lambda: all_steady(a, b))
        assert b.stats.lost == 0


async def test_a_bridge_takes_steady_streams_and_gives_them_back() -> None:
    async with steady_pair() as (engine, a, b, _at_a, _at_b):
        c, d = await engine.open(HOST), await engine.open(HOST)
        c.configure((HOST, d.local_port), "PCMU", 0, None)
        d.configure((HOST, c.local_port), "PCMU", 0, None)
        at_d = Ear(d)
        await at_d.until(lambda: all_steady(c, d))
        bridge(b, c)
        assert not b.steady_in
        assert not c.steady_out
        a.play(g711.encode(tone(30), "PCMA"))
        await at_d.until(lambda: at_d.loud >= 28)
        await b.close()
        await at_d.until(lambda: all_steady(c, d))


async def test_a_reinvite_to_another_peer_is_followed() -> None:
    async with steady_pair() as (_, a, _b, at_a, _at_b):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.2", 0))
            other.settimeout(20)
            a.configure(("127.0.0.2", 9), "PCMA", 8, 101)  # its true port is behind a NAT
            before = a.stats.received
            loud = serialise(RtpPacket(8, 1, 160, 66, g711.encode(tone(1), "PCMA")))
            other.sendto(loud, (HOST, a.local_port))
            await at_a.until(lambda: a.stats.received > before)
            packet = parse(await asyncio.to_thread(other.recv, 2048))
            assert packet is not None
            assert packet.payload_type == 8


async def test_strangers_are_kept_out_by_the_kernel() -> None:
    async with steady_pair() as (_, a, b, _at_a, at_b):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
            for n in range(10):
                thief.sendto(serialise(RtpPacket(8, n, n * 160, 6, g711.encode(tone(1), "PCMA"))), (HOST, b.local_port))
        seen = len(at_b.frames)
        await at_b.until(lambda: len(at_b.frames) >= seen + 5)
        assert at_b.loud == 0
        assert b.steady_in
        assert a.stats.garbage == b.stats.garbage == 0


async def test_a_steady_stream_that_falls_silent_is_noticed() -> None:
    async with steady_pair() as (_, a, b, _at_a, at_b):
        silent = asyncio.Event()
        b.watch(100, silent.set)
        a.configure((HOST, b.local_port), "PCMA", 8, 101, "recvonly")
        await asyncio.wait_for(silent.wait(), 20)
        await at_b.until(lambda: at_b.frames[-1].concealed)


async def test_recording_of_steady_streams(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    async with steady_pair() as (_, a, b, at_a, _at_b):
        a.record(str(path))
        a.play(g711.encode(tone(30), "PCMA"))
        b.play(g711.encode(tone(30) // 4, "PCMA"))
        await asyncio.wait_for(a.drained(), 20)
        await at_a.until(lambda: at_a.loud >= 28)
        await a.close()
    with wave.open(str(path)) as file:
        audio = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    loud = (np.abs(audio.astype(int)) > 500).sum(axis=0)
    assert 1500 < np.abs(audio[:, 0].astype(int)).max() < 2500
    assert 7500 < np.abs(audio[:, 1].astype(int)).max() < 8500
    assert (loud > 3000).all()


async def test_many_streams_come_and_go() -> None:
    async with RtpEngine.start() as engine:
        streams = [await engine.open(HOST) for _ in range(140)]
        for one, other in zip(streams[::2], streams[1::2], strict=True):
            one.configure((HOST, other.local_port), "PCMU", 0, None)
            other.configure((HOST, one.local_port), "PCMU", 0, None)
        ear = Ear(streams[0])
        await ear.until(lambda: all_steady(*streams))
        await asyncio.gather(*(stream.close() for stream in streams[60:]))
        fresh = [await engine.open(HOST) for _ in range(2)]
        fresh[0].configure((HOST, fresh[1].local_port), "PCMA", 8, None)
        fresh[1].configure((HOST, fresh[0].local_port), "PCMA", 8, None)
        await ear.until(lambda: all_steady(*streams[:60], *fresh))
        assert fresh[0].row is not None
        assert fresh[0].row < 140  # a row that was free again
        assert engine.stats.failed == 0
        assert sum(stream.stats.lost for stream in streams[:60]) == 0


async def test_connecting_can_be_undone() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as local,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer,
    ):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((HOST, 0))
            port = probe.getsockname()[1]
        for one in (local, stranger, peer):
            one.bind((HOST, port if one is local else 0))  # a port that was asked for stays, as an engine's does
            one.settimeout(20)
        assert connected.connect(local, peer.getsockname())
        stranger.sendto(b"stranger", local.getsockname())
        peer.sendto(b"peer", local.getsockname())
        assert await asyncio.to_thread(local.recv, 100) == b"peer"
        before = local.getsockname()
        connected.disconnect(local)
        assert local.getsockname() == before
        stranger.sendto(b"now", local.getsockname())
        assert await asyncio.to_thread(local.recv, 100) == b"now"
        assert not connected.connect(local, ("255.255.255.255", 9))
