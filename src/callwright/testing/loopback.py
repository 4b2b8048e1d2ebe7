"""A fake line in one process: no sockets, a callee written as a coroutine, 20 ms frames on the loop's clock (virtual in tests).

async def callee(phone: Phone) -> None:
    await phone.ring()
    await phone.answer()
    await phone.hears("Does that work")   # waits until the robot has said it
    await phone.say("yes that works")
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from callwright.errors import LineError
from callwright.telephony.port import (
    FRAME_MS,
    FRAME_SAMPLES,
    CallQuality,
    Codec,
    DialOrder,
    Frame,
    LegAnswered,
    LegDtmf,
    LegEarlyMedia,
    LegEnded,
    LegEvent,
    LegRejected,
    LegRinging,
    LegSignal,
    LegTrying,
    MediaStats,
    Pcm,
    SupervisionMode,
)
from callwright.telephony.rtp.playout import Playout
from callwright.testing.stub_speech import StubVoice, Utterances

__all__ = ["FakeIncomingLeg", "FakeLeg", "FakeLine", "FakeMedia", "Phone", "fake_bridge", "fake_supervise"]

_SILENCE = np.zeros(FRAME_SAMPLES, np.int16)
Callee = Callable[["Phone"], Awaitable[None]]


class FakeMedia:
    """See `telephony.port.Media`: the real play queue, frames pushed by the `Phone`, every 20 ms of the loop's clock."""

    def __init__(self) -> None:
        self.codec: Codec = "PCMA"
        self.stats = MediaStats()
        self.closed = False
        self.recording = ""
        self.bridged: FakeMedia | None = None
        self.supervised: FakeSupervised | None = None
        self.on_tick: Callable[[bytes | None], Pcm] = lambda played: _SILENCE
        self._playout = Playout(b"\0")
        self._on_frame: Callable[[Frame], None] | None = None
        self._drains: list[asyncio.Future[None]] = []
        self._index = 0
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(FRAME_MS / 1000, self._tick)

    def quality(self) -> CallQuality:
        return CallQuality(self.codec)

    def play(self, encoded: bytes, mark: str = "") -> None:
        if self.closed:
            raise LineError("media: this stream is closed")
        self._playout.play(encoded, mark)

    def pause(self) -> None:
        self._playout.paused = True

    def resume(self, at_ms: int | None = None) -> None:
        self._playout.resume(at_ms)

    def flush(self) -> int:
        played = self._playout.flush()
        self._release()
        return played

    def position(self) -> tuple[str, int, int]:
        return self._playout.position()

    async def drained(self) -> None:
        if self._playout.waiting and not self.closed:
            future = self._loop.create_future()
            self._drains.append(future)
            await future

    def send_dtmf(self, digits: str) -> None:
        return

    def listen(self, on_frame: Callable[[Frame], None], on_dtmf: Callable[[str], None]) -> None:
        self._on_frame = on_frame

    def record(self, path: str) -> None:
        self.recording = path
        Path(path).write_bytes(b"")

    async def close(self) -> None:
        self.shut()

    def shut(self) -> None:
        """Close without waiting."""
        if not self.closed:
            self.closed = True
            self._timer.cancel()
            if self.bridged is not None:
                self.bridged.bridged = None
            if self.supervised is not None:
                self.supervised.end()
            self.flush()

    def _tick(self) -> None:
        self._timer = self._loop.call_later(FRAME_MS / 1000, self._tick)
        played = self._playout.take()
        if not self._playout.waiting:
            self._release()
        pcm = self.on_tick(played)
        if self._on_frame is not None:
            samples = pcm.astype(np.float32)
            self._on_frame(Frame(self._index, pcm, False, float(samples @ samples) / len(samples)))
        self._index += 1

    def _release(self) -> None:
        waiting, self._drains = self._drains, []
        for future in waiting:
            if not future.done():
                future.set_result(None)


def fake_bridge(first: object, second: object) -> None:
    """As `telephony.rtp.bridges.bridge`, in name only: the two know each other, no audio passes."""
    if not isinstance(first, FakeMedia) or not isinstance(second, FakeMedia) or first.closed or second.closed:
        raise LineError("media: a bridge needs two different open streams that are in no other bridge")
    first.bridged, second.bridged = second, first


class FakeSupervised:
    """As `telephony.rtp.mixing.Mix`, in name only: no audio passes. modes: all that were set."""

    def __init__(
        self, call: FakeMedia, supervisor: FakeMedia, mode: SupervisionMode, ended: Callable[[], None]
    ) -> None:
        self.over = False
        self.modes: list[SupervisionMode] = []
        self._both = (call, supervisor)
        self._ended = ended
        self.mode(mode)
        call.supervised = supervisor.supervised = self

    def mode(self, mode: SupervisionMode) -> None:
        if self.over or (mode == "whisper" and self._both[0].bridged is None):
            raise LineError("media: nobody can be whispered to while only the robot talks")
        self.modes.append(mode)

    def end(self) -> None:
        if not self.over:
            self.over = True
            for media in self._both:
                media.supervised = None
            self._ended()


def fake_supervise(
    call: object, supervisor: object, mode: SupervisionMode, ended: Callable[[], None]
) -> FakeSupervised:
    """As `telephony.rtp.mixing.supervise`."""
    if not isinstance(call, FakeMedia) or not isinstance(supervisor, FakeMedia) or call.closed or supervisor.closed:
        raise LineError("media: supervision needs a live call and another open stream")
    if call.supervised or supervisor.supervised:
        raise LineError("media: supervised or supervising already")
    return FakeSupervised(call, supervisor, mode, ended)


class FakeLeg:
    """See `telephony.port.Leg`. hangups: every reason it was hung up with."""

    def __init__(self, order: DialOrder | None, call_id: str) -> None:
        self.order = order
        self.call_id = call_id
        self.media: FakeMedia | None = None
        self.hangups: list[str] = []
        self.deaf = False
        self.answered = False
        self.over = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self._queue: asyncio.Queue[LegEvent | Exception] = asyncio.Queue()

    async def events(self, *, signals: bool = False) -> AsyncIterator[LegEvent]:
        while True:
            event = await self._queue.get()
            if isinstance(event, Exception):
                raise event
            if signals or not isinstance(event, LegSignal):
                yield event
            if isinstance(event, LegEnded):
                return

    async def hangup(self, reason: str = "") -> None:
        self.hangups.append(reason)
        if self.deaf:
            await asyncio.sleep(32)
        self.end("bye" if self.answered else "cancelled", "us")

    def put(self, event: LegEvent | Exception) -> None:
        """What `events` yields next; an exception is raised there, as by a driver that breaks."""
        if not self.over.is_set():
            self._queue.put_nowait(event)

    def end(self, cause: str, by: str, detail: str = "") -> None:
        """LegEnded, once; the media are closed."""
        if not self.over.is_set():
            self.put(LegEnded(_now_ms(), cause, by, detail))  # type: ignore[arg-type]
            self.over.set()
            if self.media is not None:
                self.media.shut()
            if self.task is not None and self.task is not asyncio.current_task():
                self.task.cancel()


class FakeIncomingLeg(FakeLeg):
    """See `telephony.port.IncomingLeg`. answers: what the robot did with it, in order (`ring`, `answer`, a code)."""

    def __init__(self, caller: str, called: str, call_id: str) -> None:
        super().__init__(None, call_id)
        self.caller, self.called = caller, called
        self.answers: list[str | int] = []
        self.unanswerable: LineError | None = None
        self.picked_up = asyncio.Event()
        self.phone: Phone

    async def ring(self) -> None:
        self.answers.append("ring")

    async def answer(self) -> None:
        self.answers.append("answer")
        if self.unanswerable is not None:
            raise self.unanswerable
        if self.over.is_set():
            raise LineError("the caller has gone")
        await self.phone.answer()
        self.picked_up.set()

    async def reject(self, code: int, reason: str = "") -> None:
        if self.media is None and not self.over.is_set():
            self.answers.append(code)
            self.end("rejected", "us", str(code))


class Phone:
    """What a callee can do, and a caller once its call is picked up. heard: every sentence of the robot with the ms of it that were
    played, in order."""

    def __init__(self, leg: FakeLeg, utterances: Utterances, voice: StubVoice) -> None:
        self.leg = leg
        self.heard: list[tuple[str, int]] = []
        self.hearing = ""
        self._utterances = utterances
        self._voice = voice
        self._speaking: list[Pcm] = []
        self._spoken = asyncio.Event()
        self._ticks: asyncio.Event = asyncio.Event()

    async def ring(self) -> None:
        self.leg.put(LegTrying(_now_ms()))
        self.leg.put(LegRinging(_now_ms()))
        await asyncio.sleep(0)

    async def signal(self, direction: Literal["->", "<-"], line: str, request: str = "", **more: Any) -> None:
        """A message of the signalling, for the ladder only: nothing follows from it."""
        self.leg.put(LegSignal(_now_ms(), direction, line, request, "UDP", "127.0.0.1:5060", **more))
        await asyncio.sleep(0)

    async def early_media(self) -> None:
        """From now on the network's audio is heard: `say` and `play` are the network's."""
        self._open_media()
        self.leg.put(LegEarlyMedia(_now_ms()))
        await asyncio.sleep(0)

    async def answer(self) -> None:
        self._open_media()
        self.leg.answered = True
        self.leg.put(LegAnswered(_now_ms()))
        await asyncio.sleep(0)

    def _open_media(self) -> None:
        if self.leg.media is None:
            self.leg.media = FakeMedia()
            self.leg.media.on_tick = self._tick

    async def answer_without_audio(self) -> None:
        self.leg.answered = True
        self.leg.put(LegAnswered(_now_ms()))
        await asyncio.sleep(0)

    async def reject(self, code: int, reason: str = "", q850: int | None = None) -> None:
        self.leg.put(LegRejected(_now_ms(), code, reason, q850))
        self.leg.end("rejected", "peer")

    async def say(self, text: str, ms: int = 900) -> None:
        """Speak; returns when it has been said."""
        self._speaking += [self._utterances.frame(text)] * (ms // FRAME_MS)
        self._spoken.clear()
        await self._spoken.wait()

    async def play(self, pcm: Pcm) -> None:
        """Let samples be heard (whole frames of 160); returns when they have been."""
        self._speaking += list(pcm.reshape(-1, FRAME_SAMPLES))
        self._spoken.clear()
        await self._spoken.wait()

    async def press(self, digit: str) -> None:
        self.leg.put(LegDtmf(_now_ms(), digit))
        await asyncio.sleep(0)

    async def wait(self, ms: int) -> None:
        await asyncio.sleep(ms / 1000)

    async def starts(self, part: str) -> None:
        """Wait until the robot is saying a sentence with `part` in it."""
        while part not in self.hearing:
            await self._next_tick()

    async def hears(self, part: str) -> None:
        """Wait until the robot has been saying it and has stopped."""
        await self.starts(part)
        while part in self.hearing:
            await self._next_tick()

    async def hang_up(self) -> None:
        self.leg.end("bye", "peer")

    async def vanish(self, cause: str = "media_timeout") -> None:
        self.leg.end(cause, "network")

    async def _next_tick(self) -> None:
        self._ticks.clear()
        await self._ticks.wait()

    def _tick(self, played: bytes | None) -> Pcm:
        text = self._voice.text_of(played)
        if text and (not self.heard or self.hearing != text):
            self.heard.append((text, 0))
        if text:
            self.heard[-1] = (text, self.heard[-1][1] + FRAME_MS)
        self.hearing = text
        self._ticks.set()
        if self._speaking:
            return self._speaking.pop(0)
        self._spoken.set()
        return _SILENCE


class FakeLine:
    """See `telephony.port.LineDriver`. callees: by the order's target; one that is not there raises LineError. `legs`: all calls placed."""

    def __init__(self, callees: dict[str, Callee], utterances: Utterances, voice: StubVoice) -> None:
        self._callees = callees
        self._utterances = utterances
        self._voice = voice
        self.legs: list[FakeLeg] = []
        self.phones: list[Phone] = []
        self.failures: list[BaseException] = []
        self._coming: asyncio.Queue[FakeIncomingLeg | None] = asyncio.Queue()

    async def place(self, order: DialOrder) -> FakeLeg:
        callee = self._callees.get(order.target)
        if callee is None:
            raise LineError("there is no way to this target")
        leg = FakeLeg(order, order.call_id)
        phone = Phone(leg, self._utterances, self._voice)
        self.legs.append(leg)
        self.phones.append(phone)
        leg.task = asyncio.get_running_loop().create_task(self._attend(callee, phone))
        return leg

    def ring_in(self, caller: Callee, number: str, called: str, call_id: str = "in-1") -> FakeIncomingLeg:
        """Somebody calls us; `caller` acts once the call is picked up."""
        leg = FakeIncomingLeg(number, called, call_id)
        leg.phone = Phone(leg, self._utterances, self._voice)

        async def waits(phone: Phone) -> None:
            await leg.picked_up.wait()
            await caller(phone)

        self.legs.append(leg)
        self.phones.append(leg.phone)
        leg.task = asyncio.get_running_loop().create_task(self._attend(waits, leg.phone))
        self._coming.put_nowait(leg)
        return leg

    async def incoming(self) -> AsyncIterator[FakeIncomingLeg]:
        while (leg := await self._coming.get()) is not None:
            yield leg
        self._coming.put_nowait(None)

    async def aclose(self) -> None:
        for leg in self.legs:
            leg.end("shutdown", "us")
        self._coming.put_nowait(None)

    async def _attend(self, callee: Callee, phone: Phone) -> None:
        """A callee that has nothing left to do stays on the line, silent, until somebody hangs up."""
        try:
            await callee(phone)
        except Exception as error:  # noqa: BLE001 - a mistake of the test itself: shown by the test
            self.failures.append(error)
            phone.leg.end("transport_error", "network", str(error))


def _now_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1000)
