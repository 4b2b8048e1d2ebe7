"""The mouth of one call: queues prepared prompts on the leg and knows, frame by frame, which sentence is being heard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

import anyio
import numpy as np

from callwright.calls.log import EventLog
from callwright.dialogue.values import Say
from callwright.speech.vad_levels import QUIETEST, dbfs
from callwright.telephony.port import FRAME_MS, FRAME_SAMPLES, Codec, Media
from callwright.telephony.rtp import g711

__all__ = ["Mouth", "Prepare", "PreparedPrompt", "Speaking"]


class PreparedPrompt(Protocol):
    """A prompt ready to play. encoded: codec bytes; boundaries: where its sentences begin (ms)."""

    @property
    def encoded(self) -> bytes: ...

    @property
    def boundaries(self) -> tuple[int, ...]: ...

    @property
    def duration_ms(self) -> int: ...

    @property
    def source(self) -> str: ...


GRACE_S = 5.0  # how long beyond its length a prompt may take (a far side that holds the call stops the playing)

# text, recording's name, codec, and what the text was made from (with its variables)
Prepare = Callable[[str, str | None, Codec, str], Awaitable[PreparedPrompt]]


@dataclass(slots=True)
class Speaking:
    """The prompt that is being heard: what, since when (ms since the call was placed), how much of it."""

    say: Say
    prompt: PreparedPrompt
    mark: str
    begun_ms: int
    played_ms: int = 0
    levels: tuple[float, ...] = field(default=(), repr=False)  # dBFS of its 20 ms frames


class Mouth:
    """`queue` prompts, `tick` on every frame; pause, resume and stop for the ears."""

    def __init__(self, media: Media, prepare: Prepare, log: EventLog, clock_ms: Callable[[], int]) -> None:
        self._media = media
        self._prepare = prepare
        self._log = log
        self._clock_ms = clock_ms
        self._queued: dict[str, tuple[Say, PreparedPrompt]] = {}
        self._count = 0
        self.paused = False
        self.speaking: Speaking | None = None

    @property
    def busy(self) -> bool:
        """Something is being said, or still has to be (a paused prompt too)."""
        return bool(self._queued) or self.speaking is not None

    @property
    def level_dbfs(self) -> float:
        """How loud what is said now is; `QUIETEST` in silence."""
        speaking = self.speaking
        if speaking is None or self.paused:
            return QUIETEST
        frame = speaking.played_ms // FRAME_MS
        return speaking.levels[frame] if frame < len(speaking.levels) else QUIETEST

    @property
    def place(self) -> tuple[str, int]:
        """Which prompt is being played, and how much of it was: changes as long as something is heard."""
        mark, played_ms, _ = self._media.position()
        return mark, played_ms

    async def queue(self, say: Say) -> None:
        """Prepare a prompt (from recording, cache or synthesis) and put it behind the others.

        Raises LineError when the media are closed.
        """
        prompt = await self._prepare(say.text, say.audio, self._media.codec, say.template)
        if not prompt.encoded:
            self._log.add("unsaid", source=say.source, why="the prompt has no sound")
            return
        self._count += 1
        mark = f"{self._count}"
        self._media.play(prompt.encoded, mark)
        self._queued[mark] = (say, prompt)

    @property
    def even(self) -> bool:
        """Nothing is said, or one prompt goes on: the next frames bring nothing new but its end."""
        return not self._queued and not self.paused

    def coast(self, frames: int) -> Sequence[float]:
        """So many frames without a look at the media: what is being said went on. Returns how loud it was in each."""
        speaking = self.speaking
        if speaking is None:
            return (QUIETEST,) * frames
        levels, duration_ms = speaking.levels, speaking.prompt.duration_ms
        said = []
        for _ in range(frames):
            speaking.played_ms = min(speaking.played_ms + FRAME_MS, duration_ms)
            at = speaking.played_ms // FRAME_MS
            said.append(levels[at] if at < len(levels) and not self.paused else QUIETEST)
        return said

    def tick(self) -> None:
        """Look where the playing is; log each prompt when it has been heard to its end."""
        if self.speaking is None and not self._queued and not self.paused:
            return
        mark, played_ms, waiting_ms = self._media.position()
        if mark in self._queued:
            self._begin(mark)
        if self.speaking is not None and self.speaking.mark == mark:
            self.speaking.played_ms = played_ms
        if waiting_ms:
            return
        self.resume(None)  # the pause came after the last frame: it must not hold back the next prompt
        if self.busy and not mark:
            self.cut()
        elif self.busy:
            for late in list(self._queued):  # played between two ticks
                self._begin(late)
            if self.speaking is not None:
                self._finish(self.speaking.prompt.duration_ms if self.speaking.mark != mark else played_ms)

    def pause(self) -> None:
        """Fall silent at the next frame, keep the rest."""
        self.paused = True
        self._media.pause()

    def resume(self, at_ms: int | None) -> None:
        """Go on, from a sentence boundary when one is given; nothing happens when nothing is paused."""
        if self.paused:
            self.paused = False
            self._media.resume(at_ms)

    def stop(self) -> tuple[str, ...]:
        """Drop what is being said and what waits; returns their sources, in order."""
        self.tick()
        speaking = [self.speaking.say] if self.speaking is not None else []
        dropped = tuple(say.source for say in (*speaking, *(say for say, _ in self._queued.values())))
        self._media.flush()
        self.cut()
        return dropped

    def cut(self) -> None:
        """Nothing more can be heard (stopped, or the line is gone): log how far it got."""
        self.paused = False
        if self.speaking is not None:
            self._finish(self.speaking.played_ms, cut=True)
        for say, _ in self._queued.values():
            self._log.add("unsaid", source=say.source)
        self._queued.clear()

    async def finished(self) -> None:
        """Wait until everything queued was said (or stopped), at most `GRACE_S` longer than it takes."""
        self.resume(None)
        with anyio.move_on_after(self._media.position()[2] / 1000 + GRACE_S) as patience:
            await self._media.drained()
        if patience.cancelled_caught:
            self._log.add("fault", message="a prompt could not be played to its end in time")
            self.stop()
        else:
            self.tick()

    def _begin(self, mark: str) -> None:
        """A prompt is being heard: all before it have been."""
        for earlier in list(self._queued):
            if self.speaking is not None:
                self._finish(self.speaking.prompt.duration_ms)
            say, prompt = self._queued.pop(earlier)
            levels = _levels(prompt.encoded, self._media.codec)
            self.speaking = Speaking(say, prompt, earlier, self._clock_ms(), levels=levels)
            self._log.passing("saying", text=say.text)
            if earlier == mark:
                return

    def _finish(self, played_ms: int, *, cut: bool = False) -> None:
        speaking = self.speaking
        if speaking is None:
            return
        self.speaking = None
        self._log.add(
            "prompt",
            begun_ms=speaking.begun_ms,
            text=speaking.say.text,
            source=speaking.say.source,
            voice=speaking.prompt.source,
            played_ms=played_ms,
            of_ms=speaking.prompt.duration_ms,
            cut=cut,
        )


@lru_cache(32)
def _levels(encoded: bytes, codec: Codec) -> tuple[float, ...]:
    """Level of each 20 ms frame, the last one as far as it goes; many calls say the same prompt."""
    square = np.square(g711.decode(encoded, codec).astype(np.float32))
    starts = np.arange(0, len(square), FRAME_SAMPLES)
    means = np.add.reduceat(square, starts) / FRAME_SAMPLES
    return tuple(dbfs(mean) for mean in means.tolist())
