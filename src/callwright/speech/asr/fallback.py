"""Two engines for one call: when the first fails an utterance, the second hears it from its first frame; a first one that is down is spared
until it shows that it is back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from callwright.errors import CallwrightError
from callwright.speech.asr.backoff import Backoff
from callwright.speech.asr.lanes import Lane, Utterance
from callwright.speech.asr.ledger import Ledger
from callwright.speech.port import Final, Hearing, Partial, Pcm, Recogniser, RecognitionError, Vocabulary

__all__ = ["FallbackRecogniser", "FallbackStream", "Health"]

log = logging.getLogger(__name__)
_FRAME_MS = 20
_LONGEST_FRAMES = 3000  # a minute: what is kept of an utterance to be heard again
_SECOND_S = 5.0  # the second engine's time for its words


@dataclass(slots=True)
class Health:
    """Whether an engine may be relied on. Pure: `now_s` is any clock that does not jump. Down from the first failure; from
    `try_at_s` on one utterance goes to it as well, and the first words it gives bring it back."""

    backoff: Backoff
    down: bool = False
    try_at_s: float = 0.0

    def failed(self, now_s: float) -> bool:
        """True: it was up before."""
        was_up, self.down = not self.down, True
        self.try_at_s = now_s + self.backoff.failed(0.5)
        return was_up

    def succeeded(self) -> bool:
        """True: it was down before."""
        was_down, self.down = self.down, False
        self.backoff.succeeded()
        return was_down

    def due(self, now_s: float) -> bool:
        """It is down, and it is time to let it show whether it is back; said once per wait."""
        if not self.down or now_s < self.try_at_s:
            return False
        self.try_at_s = now_s + self.backoff.failed(0.5)
        return True


class FallbackRecogniser:
    """See `Recogniser`. final_s: how long the first engine's words are waited for after the end of an utterance; retry: how soon a first
    engine that is down is tried again."""

    def __init__(
        self,
        primary: Recogniser,
        secondary: Recogniser,
        *,
        final_s: float = 1.2,
        retry: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.primary, self.secondary = primary, secondary
        self.final_s = final_s
        self.clock = clock
        self.health = Health(retry or Backoff(2.0, 30.0))
        first, second = primary.abilities, secondary.abilities
        self.abilities = replace(
            first,
            name=f"{first.name}, else {second.name}",
            hotwords=first.hotwords or second.hotwords,
            dictation=first.dictation and second.dictation,
            most_streams=second.most_streams,
            final_repeats=first.final_repeats and second.final_repeats,
        )

    async def ready(self, vocabulary: Vocabulary) -> None:
        """The second engine must be able to hear; the first one may come later. Raises what the second one raises."""
        await self.secondary.ready(vocabulary)
        try:
            await self.primary.ready(vocabulary)
        except CallwrightError as error:
            self.failed(str(error))

    async def open(self, vocabulary: Vocabulary, on_event: Callable[[Hearing], None]) -> FallbackStream:
        """Ears for a call. Raises CallwrightError when neither engine can be opened."""
        stream = FallbackStream(self, vocabulary, on_event)
        try:
            await stream.open()
        except BaseException:
            await stream.close()
            raise
        return stream

    async def aclose(self) -> None:
        """Close both engines."""
        await asyncio.gather(self.primary.aclose(), self.secondary.aclose())

    def failed(self, why: str) -> None:
        """The first engine failed."""
        if self.health.failed(self.clock()):
            first, second = self.primary.abilities.name, self.secondary.abilities.name
            log.warning("the recogniser %s fails (%s): %s hears in its place", first, why, second)

    def succeeded(self) -> None:
        """The first engine gave words."""
        if self.health.succeeded():
            log.warning("the recogniser %s is back", self.primary.abilities.name)


class FallbackStream:
    """Ears of one call; see `RecogniserStream`."""

    def __init__(self, engine: FallbackRecogniser, vocabulary: Vocabulary, on_event: Callable[[Hearing], None]) -> None:
        self._engine = engine
        self._on_event = on_event
        self._first = Lane(engine.primary, vocabulary, self._take)
        self._second = Lane(engine.secondary, vocabulary, self._take)
        self._ledger = Ledger()
        self._open: dict[int, Utterance] = {}
        self._now: Utterance | None = None
        self._clock_ms = 0
        self._context: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._timers: set[asyncio.TimerHandle] = set()
        self._closed = False

    async def open(self) -> None:
        """The first engine, or the second one in its place. Raises CallwrightError: neither."""
        try:
            await self._first.open()
        except Exception as error:  # noqa: BLE001 - whatever it is, the second engine is there for it
            self._engine.failed(str(error) or type(error).__name__)
            try:
                await self._second.open()
            except TimeoutError as second:
                raise CallwrightError("neither recogniser could be opened") from second

    # ------------------------------------------------------------ the call's side

    def begin(self) -> None:
        if self._now is not None:
            self._forget(self._now)
        number = self._ledger.begin(self._clock_ms)
        self._now = self._open[number] = utterance = Utterance(number, self._clock_ms, self._context)
        health = self._engine.health
        if health.down:
            self._second.take(utterance)
            if health.due(self._engine.clock()):
                self._first.take(utterance)
        else:
            self._first.take(utterance)

    def push(self, frame: Pcm) -> None:
        self._clock_ms += _FRAME_MS
        utterance = self._now
        if utterance is None:
            return
        utterance.frames.append(frame)
        if len(utterance.frames) > _LONGEST_FRAMES:
            self._forget(utterance)
            self._tell(self._ledger.fail(utterance.number, "an utterance is longer than a minute: it is given up"))
            return
        for lane in tuple(utterance.busy):
            lane.go_on()

    def end(self) -> None:
        utterance, self._now = self._now, None
        if utterance is None:
            return
        utterance.over = True
        _, told = self._ledger.end(self._clock_ms)
        self._tell(told)
        self._after(self._engine.final_s, lambda: self._overdue(utterance))
        for lane in tuple(utterance.busy):
            lane.go_on()

    def set_context(self, phrases: tuple[str, ...], hotwords: tuple[str, ...] = ()) -> None:
        self._context = (phrases, hotwords)

    async def close(self) -> None:
        self._closed = True
        for timer in self._timers:
            timer.cancel()
        await asyncio.gather(self._first.close(), self._second.close())

    # ------------------------------------------------------------ the engines' side

    def _take(self, lane: Lane, utterance: Utterance, event: Final | Partial | RecognitionError) -> None:
        first = lane is self._first
        match event:
            case Partial(text=text, at_ms=at_ms):
                if first != self._engine.health.down or len(utterance.busy) == 1:
                    self._tell(self._ledger.partial(utterance.number, text, at_ms))
            case Final():
                if first:
                    self._engine.succeeded()
                self._open.pop(utterance.number, None)
                self._tell(self._ledger.heard(utterance.number, event))
            case RecognitionError(message=message):
                if first:
                    self._engine.failed(message)
                self._pass_on(utterance, message)

    def _pass_on(self, utterance: Utterance, message: str) -> None:
        """One engine failed this utterance: the other one hears it, unless it does already or has failed too."""
        if self._closed or self._open.get(utterance.number) is not utterance or utterance.busy:
            return
        other = next((lane for lane in (self._second, self._first) if lane not in utterance.tried), None)
        if other is not None:
            other.take(utterance)
            if utterance.over:
                self._after(_SECOND_S, lambda: self._given_up(utterance))
            return
        self._give_up(utterance, message)

    def _overdue(self, utterance: Utterance) -> None:
        """The words are late: what waits for the first engine is heard by the second one."""
        if self._open.get(utterance.number) is not utterance:
            return
        if self._first in utterance.busy:
            self._engine.failed(f"no words within {self._engine.final_s:g} s")
            left = [one for one in self._open.values() if self._first in one.busy]
            self._first.renew()
            for one in left:
                self._pass_on(one, "no words in time")
        self._after(_SECOND_S, lambda: self._given_up(utterance))

    def _given_up(self, utterance: Utterance) -> None:
        """Neither engine gave words."""
        if self._open.get(utterance.number) is utterance:
            left = [one for one in self._open.values() if self._second in one.busy and one is not utterance]
            if self._second in utterance.busy:
                self._second.renew()
                for one in left:
                    self._second.take(one)
            self._give_up(utterance, "no recogniser gave words in time")

    def _give_up(self, utterance: Utterance, message: str) -> None:
        if self._open.get(utterance.number) is utterance:
            if self._now is utterance:
                self._now = None
            self._open.pop(utterance.number)
            self._tell(self._ledger.fail(utterance.number, message))

    def _forget(self, utterance: Utterance) -> None:
        self._now = None if self._now is utterance else self._now
        self._open.pop(utterance.number, None)
        for lane in tuple(utterance.busy):
            lane.drop(utterance)

    def _after(self, seconds: float, do: Callable[[], None]) -> None:
        """Do it later, unless the stream is closed by then."""
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle

        def run() -> None:
            self._timers.discard(timer)
            do()

        timer = loop.call_later(seconds, run)
        self._timers.add(timer)

    def _tell(self, events: list[Hearing]) -> None:
        for event in events:
            if not self._closed:
                self._on_event(event)
