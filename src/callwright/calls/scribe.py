"""The scribe of one call: hands each utterance to the recogniser, with the moment before it, and takes its words back in their order.

The recogniser may come late, break in the middle, lose a final or answer late: what is handed on is always the words of one utterance, the
last partial where there is no final.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import anyio

from callwright.calls.log import EventLog
from callwright.speech.port import Final, Hearing, Partial, Pcm, RecogniserStream, RecognitionError

__all__ = ["Scribe", "Spoken"]

PRE_ROLL_FRAMES = 15  # 300 ms before the voice flag: the beginning of the first word
_FRAME_MS = 20
_FORGOTTEN_MS = 10_000  # a final so late is none


@dataclass(slots=True)
class Spoken:
    """An utterance. begin_ms: when the call says it began; clock_ms: where it begins in what the recogniser was sent; first: said before the
    robot's first word; partial: the last one; final: None when the recogniser had none; lost: it broke while this was said; faint: so
    quiet that a bystander may have said it."""

    begin_ms: int
    clock_ms: int = 0
    first: bool = False
    partial: str = ""
    final: Final | None = None
    lost: bool = False
    faint: bool = False
    ended_ms: int = 0
    done: bool = False


class Scribe:
    """`push` every frame, `begin` and `end` around an utterance. `on_partial` gets the one under way, `on_words` every one that is over."""

    def __init__(
        self,
        log: EventLog,
        now_ms: Callable[[], int],
        on_partial: Callable[[Spoken], None],
        on_words: Callable[[Spoken], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        """on_error: a fault of ours while we took the recogniser's words."""
        self._log = log
        self._now_ms = now_ms
        self._on_partial = on_partial
        self._on_words = on_words
        self._on_error = on_error
        self._stream: RecogniserStream | None = None
        self._recent: deque[Pcm] = deque(maxlen=PRE_ROLL_FRAMES)
        self._early: list[
            tuple[Spoken, list[Pcm]]
        ] = []  # utterances of first words from before the recogniser was there
        self._without = False  # no recogniser can be had at the moment
        self._clock_ms = 0  # the stream's audio clock
        self._now: Spoken | None = None
        self._last: Spoken | None = None
        self._ended: deque[Spoken] = deque()
        self._settled = anyio.Event()

    @property
    def under_way(self) -> bool:
        """An utterance is being said."""
        return self._now is not None

    @property
    def partial(self) -> str:
        """What the recogniser has of the last utterance, whether it is over or not."""
        return self._last.partial if self._last is not None else ""

    def attach(self, stream: RecogniserStream) -> None:
        """The recogniser is there. First words that were kept come first; of another utterance under way it would hear half: that is lost."""
        self._stream = stream
        if self._now is not None and (self._without or not self._now.first):
            self._now.lost = True
        self._without = False
        while self._early:
            self._to(stream, *self._early.pop(0))
            if self._early or self._now is None or not self._now.first:
                stream.end()

    def go_without(self) -> None:
        """No recogniser can be had: what was said stays without words, and nothing is kept until one is there after all."""
        self._without = True
        self._early.clear()
        for ended in self._ended:
            ended.done = True
        self._settle()

    def expect(self, phrases: tuple[str, ...], hotwords: tuple[str, ...]) -> None:
        """What the next utterance probably says."""
        if self._stream is not None:
            self._stream.set_context(phrases, hotwords)

    async def close(self) -> None:
        """Let go of the recogniser."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.close()

    def begin(self, begin_ms: int, *, first: bool = False) -> None:
        """An utterance began; the frames just before belong to it."""
        self._now = self._last = Spoken(begin_ms, first=first)
        if self._stream is not None:
            self._to(self._stream, self._now, list(self._recent))
        elif first and not self._without:
            self._early.append((self._now, list(self._recent)))

    def push(self, pcm: Pcm) -> None:
        """20 ms; only those of an utterance go to the recogniser."""
        if self._now is not None and not self._now.lost:
            if self._stream is not None:
                self._stream.push(pcm)
                self._clock_ms += _FRAME_MS
            elif self._early:
                self._early[-1][1].append(pcm)
        self._recent.append(pcm)

    def pass_over(self, frames: Sequence[Pcm]) -> None:
        """As many `push`."""
        if self._now is None:
            self._recent.extend(frames)
            return
        for pcm in frames:
            self.push(pcm)

    def end(self, *, faint: bool = False) -> None:
        """It is over; its words follow through `on_words`."""
        ended, self._now = self._now, None
        if ended is None:
            return
        ended.faint = faint
        ended.ended_ms = self._now_ms()
        ended.done = ended.lost or (self._stream is None and (self._without or not ended.first))
        self._ended.append(ended)
        if self._stream is not None:
            self._stream.end()
        self._settle()

    async def settled(self, seconds: float) -> None:
        """Wait for the words of everything that was said, so long at most; then partials stand for them."""
        if self._ended:
            self._settled = anyio.Event()
            with anyio.move_on_after(seconds):
                await self._settled.wait()
        for ended in self._ended:
            ended.done = True
        self._settle()

    def _to(self, stream: RecogniserStream, spoken: Spoken, frames: list[Pcm]) -> None:
        spoken.clock_ms = self._clock_ms
        stream.begin()
        for pcm in frames:
            stream.push(pcm)
        self._clock_ms += len(frames) * _FRAME_MS

    # ------------------------------------------------------------ from the recogniser

    def take(self, hearing: Hearing) -> None:
        """Called by the recogniser, which serves other calls too: a fault of ours ends this call, not its reading."""
        try:
            self._take(hearing)
        except Exception as error:  # noqa: BLE001 - handed to the call, which ends by it
            self._on_error(error)

    def _take(self, hearing: Hearing) -> None:
        match hearing:
            case Partial(text=text):
                if self._now is not None and not self._now.lost:
                    self._now.partial = text
                    self._on_partial(self._now)
            case Final():
                self._log.add("recognised", text=hearing.text, raw=hearing.raw, score=round(hearing.score, 3))
                belongs = self._belongs(hearing)
                if belongs is not None:
                    belongs.final, belongs.done = hearing, True
            case RecognitionError(message=message, under_way=under_way):
                self._log.add("fault", message=message)
                waiting = self._waiting()
                if self._now is not None and (under_way or not waiting):
                    self._now.lost = True
                elif waiting:
                    waiting[0].done = True
        self._settle()

    def _waiting(self) -> list[Spoken]:
        return [ended for ended in self._ended if not ended.done]

    def _belongs(self, final: Final) -> Spoken | None:
        """The oldest that waits; older ones whose audio ended before this final's began have lost theirs."""
        waiting = self._waiting()
        while len(waiting) > 1 and final.begin_ms >= waiting[1].clock_ms:
            waiting.pop(0).done = True
        return waiting[0] if waiting else None

    def _settle(self) -> None:
        """Hand over the words of ended utterances, oldest first."""
        while self._ended:
            overdue = self._now_ms() - self._ended[0].ended_ms >= _FORGOTTEN_MS
            if not (self._ended[0].done or overdue):
                return
            self._on_words(self._ended.popleft())
        self._settled.set()
