"""The mouth of one call: queues prepared prompts on the leg and knows, frame by frame, which sentence is being heard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from callwright.calls.log import EventLog
from callwright.dialogue.values import Say
from callwright.telephony.port import Codec, Media

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


Prepare = Callable[[str, str | None, Codec], Awaitable[PreparedPrompt]]  # text, recording's name, codec


@dataclass(slots=True)
class Speaking:
    """The prompt that is being heard: what, since when (ms since the call was placed), how much of it."""

    say: Say
    prompt: PreparedPrompt
    begun_ms: int
    played_ms: int = 0


class Mouth:
    """`queue` prompts, `tick` on every frame; pause, resume and stop for the ears."""

    def __init__(self, media: Media, prepare: Prepare, log: EventLog, clock_ms: Callable[[], int]) -> None:
        self._media = media
        self._prepare = prepare
        self._log = log
        self._clock_ms = clock_ms
        self._queued: dict[str, tuple[Say, PreparedPrompt]] = {}
        self._count = 0
        self.speaking: Speaking | None = None

    @property
    def busy(self) -> bool:
        """Something is being said, or still has to be (a paused prompt too)."""
        return bool(self._queued) or self.speaking is not None

    async def queue(self, say: Say) -> None:
        """Prepare a prompt (from recording, cache or synthesis) and put it behind the others."""
        prompt = await self._prepare(say.text, say.audio, self._media.codec)
        self._count += 1
        mark = f"{self._count}"
        self._queued[mark] = (say, prompt)
        self._media.play(prompt.encoded, mark)

    def tick(self) -> None:
        """Look where the playing is; log each prompt when it has been heard to its end."""
        mark, played_ms, waiting_ms = self._media.position()
        if mark in self._queued:
            if self.speaking is not None:
                self._finish(self.speaking.prompt.duration_ms)
            say, prompt = self._queued.pop(mark)
            self.speaking = Speaking(say, prompt, self._clock_ms())
        if self.speaking is not None:
            self.speaking.played_ms = played_ms
            if waiting_ms == 0:
                self._finish(played_ms)

    def pause(self) -> None:
        """Fall silent at the next frame, keep the rest."""
        self._media.pause()

    def resume(self, at_ms: int | None) -> None:
        """Go on, from a sentence boundary when one is given."""
        self._media.resume(at_ms)

    def stop(self) -> None:
        """Drop what is being said and what waits."""
        played_ms = self._media.flush()
        if self.speaking is not None:
            self._finish(played_ms, cut=True)
        for say, _ in self._queued.values():
            self._log.add("unsaid", source=say.source)
        self._queued.clear()

    async def finished(self) -> None:
        """Wait until everything queued was said (or stopped)."""
        await self._media.drained()
        self.tick()

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
