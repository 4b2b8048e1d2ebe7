"""A stub recogniser for labelled situations: it is told beforehand what is said when, and knows a word only when its audio was pushed.

Frames are found in the situation's audio by their samples (G.711 has been over them, an echo may lie on them), so what the line or the ears
lose, or bring late, is not heard, or heard late. Words come as a partial `PARTIAL_MS` of audio after their end, the final `FINAL_MS` after
the end of the utterance. For benchmarks and tests.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from callwright.speech.port import Abilities, Final, Hearing, Partial, Pcm, Vocabulary

__all__ = ["FINAL_MS", "PARTIAL_MS", "SITUATION", "Listener", "Said", "SituationRecogniser"]

PARTIAL_MS = 100
FINAL_MS = 50
_FRAME_MS = 20
_SURE, _LIKELY = 0.8, 0.5  # correlation that finds frames; that keeps the place
_ANCHOR = 3  # frames in a row that find it
_WHOLE = 0.7  # of a word's frames, so that it is heard

SITUATION: ContextVar[str] = ContextVar("situation")
"""Which situation is played on the call whose task opens the recogniser."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is said in one situation. pcm: the caller's side as it comes off the line; words: (text, begin ms, end ms), in order."""

    language: Literal["zh", "en"]
    pcm: Pcm
    words: tuple[tuple[str, int, int], ...]


class Listener:
    """Finds frames in a situation, and tells which words were heard whole. Pure; one utterance after the other."""

    def __init__(self, said: Said) -> None:
        frames = said.pcm[: len(said.pcm) // 160 * 160].reshape(-1, 160).astype(np.float32)
        self._said = said
        self._frames = frames / np.maximum(1.0, np.linalg.norm(frames, axis=1, keepdims=True))
        self._heard: set[int] = set()
        self._at: int | None = None
        self._recent: deque[npt.NDArray[np.float32]] = deque(maxlen=_ANCHOR)

    def begin(self) -> None:
        """Forget what was heard."""
        self._heard, self._at = set(), None
        self._recent.clear()

    def push(self, frame: Pcm) -> str:
        """20 ms more; what is heard so far."""
        following = None if self._at is None else self._at + 1
        self._at = self._find(frame, following)
        if self._at is not None:
            self._heard.add(self._at)
        return self.text(self._at, PARTIAL_MS)

    def text(self, at: int | None = None, lag_ms: int = 0) -> str:
        """The words heard whole. at, lag_ms: only those that ended so long before frame `at`."""
        glue = " " if self._said.language == "en" else ""
        until = None if at is None else (at + 1) * _FRAME_MS - lag_ms
        words = [
            text for text, begin, end in self._said.words if self._whole(begin, end) and (until is None or end <= until)
        ]
        return glue.join(words)

    def _whole(self, begin_ms: int, end_ms: int) -> bool:
        frames = range(begin_ms // _FRAME_MS, max(begin_ms // _FRAME_MS + 1, -(-end_ms // _FRAME_MS)))
        return sum(frame in self._heard for frame in frames) >= _WHOLE * len(frames)

    def _find(self, frame: Pcm, following: int | None) -> int | None:
        wave = frame.astype(np.float32)
        wave /= max(1.0, float(np.linalg.norm(wave)))
        self._recent.append(wave)
        if following is not None and following >= len(self._frames):
            following = None
        if following is not None and float(self._frames[following] @ wave) >= _LIKELY:
            return following
        found = self._anchor()
        # Noise, or an echo louder than it: the place is known from the frames before.
        return following if found is None else found

    def _anchor(self) -> int | None:
        """Where the last frames stand, all of them: one alone may be like another by chance."""
        count = len(self._recent)
        if count < _ANCHOR or len(self._frames) < count:
            return None
        windows = len(self._frames) - count + 1
        alike = np.min([self._frames[at : at + windows] @ wave for at, wave in enumerate(self._recent)], axis=0)
        best = int(np.argmax(alike))
        if alike[best] < _SURE:
            return None
        self._heard.update(range(best, best + count))
        return best + count - 1


class _Stream:
    """See `RecogniserStream`."""

    def __init__(self, listener: Listener, on_event: Callable[[Hearing], None]) -> None:
        self._listener = listener
        self._on_event = on_event
        self._clock_ms = 0
        self._begin_ms: int | None = None
        self._partial = ""
        self._closed = False

    def begin(self) -> None:
        self._listener.begin()
        self._begin_ms, self._partial = self._clock_ms, ""

    def push(self, frame: Pcm) -> None:
        self._clock_ms += _FRAME_MS
        if self._begin_ms is None:
            return
        text = self._listener.push(frame)
        if text and text != self._partial:
            self._partial = text
            # As from another process: never within the push.
            asyncio.get_running_loop().call_soon(self._emit, Partial(text, self._clock_ms))

    def end(self) -> None:
        begin, self._begin_ms = self._begin_ms, None
        if begin is not None:
            text = self._listener.text()
            final = Final(text, begin, self._clock_ms, 1.0 if text else 0.0)
            asyncio.get_running_loop().call_later(FINAL_MS / 1000, self._emit, final)

    def set_context(self, phrases: tuple[str, ...], hotwords: tuple[str, ...] = ()) -> None:
        """What is said is known already."""

    async def close(self) -> None:
        self._closed = True

    def _emit(self, event: Hearing) -> None:
        if not self._closed:
            self._on_event(event)


class SituationRecogniser:
    """See `Recogniser`. `open` looks at `SITUATION` of the task that calls it."""

    def __init__(self, situations: Mapping[str, Said]) -> None:
        self._situations = situations

    @property
    def abilities(self) -> Abilities:
        return Abilities("stub", 8000, _FRAME_MS, hotwords=False, dictation=True, final_repeats=True)

    async def ready(self, vocabulary: Vocabulary) -> None:
        """It always is."""

    async def open(self, vocabulary: Vocabulary, on_event: Callable[[Hearing], None]) -> _Stream:
        said = self._situations.get(SITUATION.get(""), Said("zh", np.zeros(0, np.int16), ()))
        return _Stream(Listener(said), on_event)

    async def aclose(self) -> None:
        """Nothing is held."""
