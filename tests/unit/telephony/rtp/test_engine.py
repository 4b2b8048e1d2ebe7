"""The engine over real loopback sockets. Waits are for events; the generous limits only end a test that would hang."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import time
import wave
import weakref
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

from callwright.errors import LineError
from callwright.telephony.port import Codec, Frame, Media, Pcm
from callwright.telephony.rtp import engine as engine_module
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.engine import RtpEngine, RtpStream, bridge
from callwright.telephony.rtp.packet import RtpPacket, parse, serialise

pytestmark = pytest.mark.anyio

HOST = "127.0.0.1"
PTS: dict[Codec, int] = {"PCMA": 8, "PCMU": 0}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def join(a: RtpStream, b: RtpStream, codec: Codec = "PCMA") -> None:
    a.configure((HOST, b.local_port), codec, PTS[codec], 101)
    b.configure((HOST, a.local_port), codec, PTS[codec], 101)


class Ear:
    """Collects what a stream hears and wakes whoever waits for it."""

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

    async def until(self, condition: Callable[[Ear], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition(self):
                self._changed.clear()
                await self._changed.wait()

    @property
    def pcm(self) -> Pcm:
        heard: Pcm = np.concatenate([frame.pcm for frame in self.frames])
        return heard

    @property
    def loud(self) -> int:
        return sum(bool(np.abs(frame.pcm).max() > 500) for frame in self.frames)


@contextlib.asynccontextmanager
async def pair(codec: Codec = "PCMA") -> AsyncIterator[tuple[RtpEngine, RtpStream, RtpStream]]:
    async with RtpEngine.start() as engine:
        a, b = await engine.open(HOST), await engine.open(HOST)
        join(a, b, codec)
        yield engine, a, b


def tone(frames: int, level: int = 8000) -> Pcm:
    samples: Pcm = (level * np.sin(np.arange(frames * 160) * 0.3)).astype(np.int16)
    return samples


@pytest.mark.parametrize("codec", ["PCMA", "PCMU"])
async def test_what_one_says_the_other_hears(codec: Codec) -> None:
    async with pair(codec) as (_, a, b):
        media: Media = a
        ear = Ear(b)
        said = tone(20)
        encoded = g711.encode(said, codec)
        media.play(encoded, "hello")
        await asyncio.wait_for(media.drained(), 20)
        assert media.position() == ("hello", 400, 0)
        await ear.until(lambda e: e.loud >= 19)
        await ear.until(lambda e: not e.frames[-1].pcm[-1] or e.loud >= 20)
        wanted = g711.decode(encoded, codec)
        heard = ear.pcm
        start = int(np.argmax(np.abs(heard) > 500))
        first = int(np.argmax(np.abs(wanted) > 500))
        assert (heard[start : start + 800] == wanted[first : first + 800]).all()
        indices = [frame.index for frame in ear.frames]
        assert indices == sorted(set(indices))
        assert b.local_port % 2 == 0
        assert not ear.frames[0].pcm.flags.writeable


async def test_keys_arrive_once_each() -> None:
    async with pair() as (_, a, b):
        ear, also = Ear(b), list[str]()
        b.on_dtmf(also.append)
        a.send_dtmf("19#")
        await ear.until(lambda e: len(e.keys) == 3)
        assert ear.keys == "19#"
        assert also == ["1", "9", "#"]


async def test_pause_flush_and_drained() -> None:
    async with pair() as (_, a, _b):
        a.pause()
        a.play(bytes(160 * 500), "long")
        waiter = asyncio.ensure_future(a.drained())
        await asyncio.sleep(0)
        assert not waiter.done()
        assert a.position() == ("long", 0, 10_000)
        assert a.flush() == 0
        await asyncio.wait_for(waiter, 20)
        await asyncio.wait_for(a.drained(), 20)


async def test_a_thief_is_not_heard() -> None:
    async with pair() as (_, a, b):
        ear = Ear(b)
        await ear.until(lambda e: b.stats.received > 3)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
            for n in range(10):
                thief.sendto(
                    serialise(RtpPacket(8, n, n * 160, 666, g711.encode(tone(1), "PCMA"))), (HOST, b.local_port)
                )
        await ear.until(lambda e: b.stats.garbage == 10)
        seen = len(ear.frames)
        await ear.until(lambda e: len(e.frames) >= seen + 5)
        assert ear.loud == 0
        assert a.stats.garbage == 0


async def test_bridge_carries_voice_and_keys_between_codecs() -> None:
    async with RtpEngine.start() as engine:
        caller, left, right, agent = [await engine.open(HOST) for _ in range(4)]
        join(caller, left, "PCMA")
        join(right, agent, "PCMU")
        bridge(left, right)
        with pytest.raises(LineError, match="bridge"):
            bridge(left, caller)
        at_agent, at_caller = Ear(agent), Ear(caller)
        caller.play(g711.encode(tone(30), "PCMA"))
        agent.play(g711.encode(tone(30, 4000), "PCMU"))
        caller.send_dtmf("5")
        await at_agent.until(lambda e: e.loud >= 25)
        await at_caller.until(lambda e: e.loud >= 25)
        await at_agent.until(lambda e: e.keys == "5")
        peak = np.abs(at_agent.pcm).max()
        assert 7000 < peak < 9000
        await left.close()
        assert right.bridged is None


async def test_recording_holds_both_sides(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    async with pair() as (_, a, b):
        a.record(str(path))
        ear = Ear(a)
        a.play(g711.encode(tone(30), "PCMA"))
        b.play(g711.encode(tone(30, 3000), "PCMA"))
        await asyncio.wait_for(a.drained(), 20)
        await ear.until(lambda e: e.loud >= 28)
        await a.close()
        with wave.open(str(path)) as file:
            audio = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
        assert 2500 < np.abs(audio[:, 0].astype(int)).max() < 3500
        assert 7500 < np.abs(audio[:, 1].astype(int)).max() < 8500
        assert a.stats.recording_error == ""


async def test_a_recording_that_cannot_be_written_is_told_and_the_call_goes_on(tmp_path: Path) -> None:
    async with pair() as (_, a, b):
        told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        a.on_recording_error = told.set_result
        a.record(str(tmp_path / "missing" / "call.wav"))
        message = await asyncio.wait_for(told, 20)
        assert "No such file" in message
        assert a.stats.recording_error == message
        ear = Ear(b)
        a.play(g711.encode(tone(5), "PCMA"))
        await ear.until(lambda e: e.loud >= 4)


async def test_silence_is_watched() -> None:
    async with RtpEngine.start() as engine:
        lonely = await engine.open(HOST)
        lonely.configure((HOST, 9), "PCMA", 8, None)
        silent = asyncio.Event()
        lonely.watch(100, silent.set)
        await asyncio.wait_for(silent.wait(), 20)
        silent.clear()
        lonely.configure((HOST, 9), "PCMA", 8, None, "sendonly")  # on hold the peer need not send
        lonely.watch(1, silent.set)
        ear = Ear(lonely)
        await ear.until(lambda e: len(e.frames) > 10)
        assert not silent.is_set()


async def test_close_frees_the_port_and_may_be_called_twice() -> None:
    async with pair() as (_, a, _b):
        port = a.local_port
        await a.close()
        await a.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((HOST, port))
        with pytest.raises(LineError, match="closed"):
            a.play(b"\xd5" * 160)
        await asyncio.wait_for(a.drained(), 5)


async def test_a_closed_stream_goes_without_garbage_collection() -> None:
    gc.disable()
    try:
        async with RtpEngine.start() as engine:
            a, b = await engine.open(HOST), await engine.open(HOST)
            join(a, b)
            ear = Ear(a)
            a.on_dtmf(a.send_dtmf)  # a ring
            await ear.until(lambda ear: len(ear.frames) > 20)  # steady by then
            await a.close()
            loop, gone = asyncio.get_running_loop(), asyncio.Event()
            seen = weakref.ref(a, lambda _: loop.call_soon_threadsafe(gone.set))
            del a, ear
            async with asyncio.timeout(20):  # the tick thread may still have it in its hands
                await gone.wait()
            assert seen() is None
            assert not b.closed
    finally:
        gc.enable()


async def test_leaving_the_engine_closes_everything() -> None:
    async with RtpEngine.start() as engine:
        stream = await engine.open(HOST)
    assert stream.closed
    await stream.close()
    with pytest.raises(LineError, match="closed"):
        await engine.open(HOST)


async def test_ports_run_out_with_a_clear_error() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((HOST, 0))
        port = taken.getsockname()[1] & ~1
    async with RtpEngine.start(ports=(port, port)) as engine:
        first = await engine.open(HOST)
        assert first.local_port == port
        with pytest.raises(LineError, match="taken"):
            await engine.open(HOST)
        await first.close()
        again = await engine.open(HOST)
        assert again.local_port == port
        with pytest.raises(LineError, match="no local IP address"):
            await engine.open("not-an-address")


async def test_a_lagging_loop_loses_old_frames_and_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "_UNDELIVERED", 3)
    async with pair() as (engine, _a, b):
        ear = Ear(b)
        await ear.until(lambda e: len(e.frames) > 2)
        ticks = engine.stats.ticks
        limit = time.monotonic() + 20
        while engine.stats.ticks < ticks + 12 and time.monotonic() < limit:
            time.sleep(0.005)  # noqa: ASYNC251 - the event loop is held up on purpose
        await ear.until(lambda e: b.stats.dropped > 0)
        assert engine.stats.dropped >= b.stats.dropped > 0


async def test_a_listener_that_raises_deafens_nobody_else() -> None:
    async with pair() as (_, a, b):
        complaints: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context["message"]))

        def fails(frame: Frame) -> None:
            raise RuntimeError(f"frame {frame.index}")

        a.listen(fails, lambda key: None)
        ear = Ear(b)
        await ear.until(lambda e: len(e.frames) > 5)
        assert complaints
        assert "listener" in complaints[0]


async def test_a_fault_in_one_stream_ends_only_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pair() as (engine, a, b):
        told = asyncio.Event()
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.set())

        def broken(now_ms: float) -> None:
            raise RuntimeError("a bug")

        bridge(a, b)
        monkeypatch.setattr(a, "tick_receive", broken)
        await asyncio.wait_for(told.wait(), 20)
        ear = Ear(b)
        await ear.until(lambda e: len(e.frames) > 5)
        assert engine.stats.failed == 1
        assert b.bridged is None
        await asyncio.wait_for(a.close(), 20)


async def test_silence_is_sent_when_nothing_is_queued() -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((HOST, 0))
        peer.setblocking(False)
        async with RtpEngine.start() as engine:
            stream = await engine.open(HOST)
            stream.configure(peer.getsockname(), "PCMU", 0, None)
            packets = [parse(await asyncio.wait_for(loop.sock_recv(peer, 2048), 20)) for _ in range(5)]
        assert all(p is not None and p.payload == b"\xff" * 160 for p in packets)


class Meanwhile(deque[RtpStream]):
    """A queue that is found empty just before the event loop does something: the tick thread may be put to sleep anywhere."""

    def __init__(self, act: Callable[[], None]) -> None:
        super().__init__()
        self._act: list[Callable[[], None]] = [act]

    def __len__(self) -> int:
        found = super().__len__()
        if not found and self._act:
            self._act.pop()()
        return found


@pytest.mark.parametrize("queue", ["_arriving", "_departing"])
async def test_a_call_that_comes_and_goes_between_two_looks_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, queue: str
) -> None:
    monkeypatch.setattr(RtpEngine, "_run", lambda engine: None)  # the ticks are ours
    async with RtpEngine.start() as engine:
        stream = await engine.open(HOST)
        engine._arriving.clear()

        def comes_and_goes() -> None:
            engine._arriving.append(stream)
            engine._departing.append(stream)

        monkeypatch.setattr(engine, queue, Meanwhile(comes_and_goes))
        streams: list[RtpStream] = []
        for _ in range(3):
            engine._come_and_go(streams)
        assert streams == [] and stream.fileno() == -1
        await stream.close()
