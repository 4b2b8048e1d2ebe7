"""Fake speech: a voice whose prompts are one byte value each, a recogniser that is told beforehand what each utterance says. For tests.

A sentence of the caller is a square wave whose height is its number, so the text travels through the whole audio path.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from callwright.speech.port import Abilities, Final, Hearing, Partial, Pcm, RecognitionError, Vocabulary
from callwright.telephony.port import Codec

__all__ = ["EverythingIsSpeech", "Script", "StubPrompt", "StubRecogniser", "StubStream", "StubVoice", "Utterances"]

_LOWEST, _STEP = 4000, 1000  # far enough apart to be told after G.711
_FRAME_MS = 20


class EverythingIsSpeech:
    """A detector that takes every frame loud enough for the gate as speech."""

    def is_speech(self, frame: Pcm, loud: bool) -> bool:
        return True

    def close(self) -> None:
        return


class Utterances:
    """Numbers the sentences callers say. `frame(text)`: 20 ms of it; `text_of(frame)`: what it says, "" for silence."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def frame(self, text: str) -> Pcm:
        if text not in self._texts:
            self._texts.append(text)
        height = _LOWEST + _STEP * self._texts.index(text)
        return np.tile(np.array([height, -height], np.int16), 80)

    def text_of(self, frame: Pcm) -> str:
        height = int(np.abs(frame.astype(np.int32)).max()) if len(frame) else 0
        index = round((height - _LOWEST) / _STEP)
        return self._texts[index] if 0 <= index < len(self._texts) else ""


@dataclass(frozen=True, slots=True)
class StubPrompt:
    """See `calls.mouth.PreparedPrompt`."""

    encoded: bytes
    boundaries: tuple[int, ...]
    duration_ms: int
    source: str = "stub"


class StubVoice:
    """Says every text as a run of one byte value, 50 ms a character. `prepare` fits `RobotParts.prepare`."""

    def __init__(self, ms_per_character: int = 50) -> None:
        self._ms = ms_per_character
        self._texts: list[str] = []
        self.fails: dict[str, Exception] = {}

    async def prepare(self, text: str, audio: str | None, codec: Codec, template: str) -> StubPrompt:
        if text in self.fails:
            raise self.fails[text]
        if text not in self._texts:
            self._texts.append(text)
        length_ms = -(-len(text) * self._ms // _FRAME_MS) * _FRAME_MS
        marks = [0, *(i + 1 for i, letter in enumerate(text[:-1]) if letter in ".?!。？！")]
        value = bytes([self._texts.index(text) + 1])
        return StubPrompt(value * (length_ms * 8), tuple(mark * self._ms for mark in marks), length_ms)

    def text_of(self, encoded: bytes | None) -> str:
        """The sentence a played frame belongs to; "" for none."""
        return self._texts[encoded[0] - 1] if encoded and encoded[0] else ""


@dataclass(slots=True)
class Script:
    """How the recogniser behaves. scores by text (1.0 else); break_on: texts in whose middle it fails; mute_on: texts that never get a
    final; unopened: what opening raises; open_s: how long opening takes; partial_ms, final_ms: after how much voice, how late;
    partials: where one says something else than its final."""

    scores: dict[str, float] = field(default_factory=dict)
    break_on: tuple[str, ...] = ()
    fail_final_on: tuple[str, ...] = ()
    mute_on: tuple[str, ...] = ()
    unopened: Exception | None = None
    open_s: float = 0.0
    partial_ms: int = 400
    final_ms: int = 120
    partials: dict[str, str] = field(default_factory=dict)


class StubStream:
    """See `RecogniserStream`."""

    def __init__(self, utterances: Utterances, script: Script, on_event: Callable[[Hearing], None]) -> None:
        self._utterances = utterances
        self._script = script
        self._on_event = on_event
        self._answers: deque[Hearing] = deque()
        self._clock_ms = 0
        self._begin_ms: int | None = None
        self._voiced_ms = 0
        self._lost = False
        self._text = ""
        self.closed = False
        self.contexts: list[tuple[str, ...]] = []

    def begin(self) -> None:
        self._begin_ms, self._voiced_ms, self._text, self._lost = self._clock_ms, 0, "", False

    def push(self, frame: Pcm) -> None:
        self._clock_ms += _FRAME_MS
        text = self._utterances.text_of(frame)
        if self._begin_ms is None or self._lost or not text:
            return
        self._text = self._text or text
        self._voiced_ms += _FRAME_MS
        if text in self._script.break_on and self._voiced_ms >= 200:
            self._lost = True
            self._on_event(RecognitionError("the stub broke off", under_way=True))
        elif self._voiced_ms == self._script.partial_ms:
            self._on_event(Partial(self._script.partials.get(text, text), self._clock_ms))

    def end(self) -> None:
        begin, self._begin_ms = self._begin_ms, None
        if begin is None or self._lost or self._text in self._script.mute_on:
            return
        event: Hearing = Final(self._text, begin, self._clock_ms, self._script.scores.get(self._text, 1.0))
        if self._text in self._script.fail_final_on:
            event = RecognitionError("the stub could not decode it")
        # Timers of the same moment go off in any order; the answers come in that of the utterances.
        self._answers.append(event)
        asyncio.get_running_loop().call_later(self._script.final_ms / 1000, lambda: self._emit(self._answers.popleft()))

    def set_context(self, phrases: tuple[str, ...], hotwords: tuple[str, ...] = ()) -> None:
        self.contexts.append((*phrases, *hotwords))

    def fail(self, message: str) -> None:
        """Fail now, whatever is under way."""
        self._lost = self._begin_ms is not None
        self._emit(RecognitionError(message, under_way=self._lost))

    async def close(self) -> None:
        self.closed = True

    def _emit(self, event: Hearing) -> None:
        if not self.closed:
            self._on_event(event)


class StubRecogniser:
    """See `Recogniser`. `streams` holds every stream that was opened."""

    abilities = Abilities("stub", rate=8000, packet_ms=20, hotwords=True, dictation=True, final_repeats=True)

    def __init__(self, utterances: Utterances, script: Script | None = None) -> None:
        self._utterances = utterances
        self._script = script or Script()
        self.streams: list[StubStream] = []

    async def ready(self, vocabulary: Vocabulary) -> None:
        if self._script.unopened is not None:
            raise self._script.unopened

    async def open(self, vocabulary: Vocabulary, on_event: Callable[[Hearing], None]) -> StubStream:
        if self._script.open_s:
            await asyncio.sleep(self._script.open_s)
        if self._script.unopened is not None:
            raise self._script.unopened
        stream = StubStream(self._utterances, self._script, on_event)
        self.streams.append(stream)
        return stream

    async def aclose(self) -> None:
        for stream in self.streams:
            await stream.close()
