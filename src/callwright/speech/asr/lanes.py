"""One engine's part in a call that has two: it is opened when it is first needed, and gets utterances one after the other, from their first
frame, also such as began long before."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from callwright.speech.port import (
    Final,
    Hearing,
    Partial,
    Pcm,
    Recogniser,
    RecogniserStream,
    RecognitionError,
    Vocabulary,
)

__all__ = ["Lane", "LaneEvent", "Utterance"]

log = logging.getLogger(__name__)
_FRAME_MS = 20
_OPEN_S = 10.0


@dataclass(slots=True, eq=False)
class Utterance:
    """What was said, with all its frames, so that another engine may hear it too. begin_ms: on the call's audio clock; context: phrases and
    hot words of its node; busy, tried: lanes that work on it, and that ever did."""

    number: int
    begin_ms: int
    context: tuple[tuple[str, ...], tuple[str, ...]]
    frames: list[Pcm] = field(default_factory=list)
    over: bool = False
    busy: list[Lane] = field(default_factory=list)
    tried: list[Lane] = field(default_factory=list)


LaneEvent = Callable[["Lane", Utterance, Final | Partial | RecognitionError], None]


@dataclass(slots=True)
class _Progress:
    utterance: Utterance
    sent: int = 0
    begun: bool = False
    clock_ms: int = 0  # where it begins on the engine's clock
    offset_ms: int = 0  # from there to the call's


class Lane:
    """`take` an utterance, `go_on` when it has grown or ended; `on_event` is told what the engine makes of it: any number of Partial, then one
    Final or RecognitionError, on the call's clock. `close` frees the engine's stream."""

    def __init__(self, recogniser: Recogniser, vocabulary: Vocabulary, on_event: LaneEvent) -> None:
        self.name = recogniser.abilities.name
        self._recogniser = recogniser
        self._vocabulary = vocabulary
        self._on_event = on_event
        self._stream: RecogniserStream | None = None
        self._opening: asyncio.Task[None] | None = None
        self._queue: deque[_Progress] = deque()
        self._waiting: deque[_Progress] = deque()
        self._clock_ms = 0
        self._context: object = None
        self._life = 0
        self._leaving: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Open the engine's stream now. Raises what the engine raises."""
        async with asyncio.timeout(_OPEN_S):
            life = self._life

            def take(hearing: Hearing) -> None:
                if life == self._life:  # what a stream says that was left counts no more
                    self._take(hearing)

            self._stream = await self._recogniser.open(self._vocabulary, take)

    def take(self, utterance: Utterance) -> None:
        """Hear this one too."""
        utterance.busy.append(self)
        utterance.tried.append(self)
        self._queue.append(_Progress(utterance))
        self.go_on()

    def drop(self, utterance: Utterance) -> None:
        """It will not end: the next one may begin."""
        self._leave(utterance)
        self._queue = deque(one for one in self._queue if one.utterance is not utterance)

    def go_on(self) -> None:
        """Send what has come since."""
        if self._stream is None:
            if self._queue and self._opening is None:
                self._opening = asyncio.create_task(self._open_for_waiting(), name=f"open {self.name}")
            return
        while self._queue and self._stream is not None:
            head = self._queue[0]
            self._send(self._stream, head)
            if not self._queue or self._queue[0] is not head:
                continue  # it failed while it was being sent
            if not head.utterance.over:
                return
            self._queue.popleft()
            self._waiting.append(head)
            self._stream.end()

    def renew(self) -> None:
        """The engine owes words that it will not give: its stream is left, and a new one is opened when it is needed. What it was working on
        ends without a word; whoever asked for it gives it to somebody else."""
        stream, self._stream = self._stream, None
        for one in (*self._queue, *self._waiting):
            self._leave(one.utterance)
        self._queue.clear()
        self._waiting.clear()
        self._clock_ms, self._context = 0, None
        self._life += 1
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        if stream is not None:
            task = asyncio.create_task(_leave(stream, self.name), name=f"leave {self.name}")
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def close(self) -> None:
        """Free the stream; nothing is told any more."""
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.close()
        await asyncio.gather(*self._leaving, return_exceptions=True)

    def _send(self, stream: RecogniserStream, head: _Progress) -> None:
        if not head.begun:
            if head.utterance.context != self._context:
                self._context = head.utterance.context
                stream.set_context(*head.utterance.context)
            head.begun, head.clock_ms = True, self._clock_ms
            head.offset_ms = head.utterance.begin_ms - self._clock_ms
            stream.begin()
        frames = head.utterance.frames
        while head.sent < len(frames) and self._queue and self._queue[0] is head:
            head.sent += 1
            self._clock_ms += _FRAME_MS
            stream.push(frames[head.sent - 1])

    async def _open_for_waiting(self) -> None:
        try:
            await self.open()
        except Exception as error:  # noqa: BLE001 - handed to the utterances that wait for it
            self._opening = None
            reason = str(error) or "it could not be opened in time"
            waiting, self._queue = self._queue, deque()
            for one in waiting:
                self._end(one, RecognitionError(reason, under_way=not one.utterance.over))
            return
        self._opening = None
        self.go_on()

    def _take(self, hearing: Hearing) -> None:
        match hearing:
            case Partial(text=text, at_ms=at_ms):
                if self._queue and self._queue[0].begun:
                    head = self._queue[0]
                    self._on_event(self, head.utterance, Partial(text, at_ms + head.offset_ms))
            case Final():
                # Older ones whose audio ended before this final's began have lost theirs.
                while len(self._waiting) > 1 and hearing.begin_ms >= self._waiting[1].clock_ms:
                    self._end(self._waiting.popleft(), RecognitionError("the recogniser passed an utterance over"))
                if self._waiting:
                    one = self._waiting.popleft()
                    self._end(one, _moved(hearing, one.offset_ms))
            case RecognitionError(under_way=True):
                if self._queue and self._queue[0].begun:
                    self._end(self._queue.popleft(), hearing)
            case RecognitionError():
                if self._waiting:
                    self._end(self._waiting.popleft(), hearing)

    def _leave(self, utterance: Utterance) -> None:
        if self in utterance.busy:
            utterance.busy.remove(self)

    def _end(self, one: _Progress, event: Final | RecognitionError) -> None:
        self._leave(one.utterance)
        self._on_event(self, one.utterance, event)


async def _leave(stream: RecogniserStream, name: str) -> None:
    try:
        await stream.close()
    except Exception as error:  # noqa: BLE001 - nobody waits for it any more
        log.warning("a stream of the recogniser %s could not be closed: %s", name, error)


def _moved(final: Final, offset_ms: int) -> Final:
    begin_ms, end_ms = final.begin_ms + offset_ms, final.end_ms + offset_ms
    return Final(final.text, begin_ms, end_ms, final.score, final.alternatives, final.raw)
