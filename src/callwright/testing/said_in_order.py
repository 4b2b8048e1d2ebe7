"""Fake recognition for load tests: every utterance of a call is the next text of a list, word by word while it is heard. Of the audio only the
level is looked at: 100 ms after the voice all words are known, as of a recogniser that keeps up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import numpy as np

from callwright.speech.port import Abilities, Final, Hearing, Partial, Pcm, Vocabulary

__all__ = ["SaidInOrder"]

_FRAME_MS = 20
_FIRST_MS = 300  # until the first word is known
_WORD_MS = 250
_FASTEST_MS = 150
_QUIET_FRAMES = 5
_VOICE = 600  # samples of a voice reach that
_FINAL_S = 0.12  # from the end of an utterance to its final
_most = np.maximum.reduce


class SaidInOrder:
    """A `Recogniser` (stub). texts: what is said, over and over, by every call from the first one on."""

    abilities = Abilities("stub", rate=8000, packet_ms=20, hotwords=True, dictation=True, final_repeats=True)

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = tuple(texts)

    async def ready(self, vocabulary: Vocabulary) -> None:
        return

    async def open(self, vocabulary: Vocabulary, on_event: Callable[[Hearing], None]) -> _Stream:
        return _Stream(self._texts, on_event)

    async def aclose(self) -> None:
        return


class _Stream:
    def __init__(self, texts: Sequence[str], on_event: Callable[[Hearing], None]) -> None:
        self._texts = texts
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._utterance = -1
        self._clock_ms = self._begin_ms = 0
        self._words: list[str] = []
        self._told = self._quiet = 0
        self._closed = False

    def begin(self) -> None:
        self._utterance += 1
        self._begin_ms = self._clock_ms
        self._words = self._texts[self._utterance % len(self._texts)].split()
        self._told, self._quiet = 0, _QUIET_FRAMES + 1

    def push(self, frame: Pcm) -> None:
        self._clock_ms += _FRAME_MS
        heard_ms = self._clock_ms - self._begin_ms - _FIRST_MS
        early_ms = _FASTEST_MS * len(self._words) - heard_ms
        if early_ms <= _QUIET_FRAMES * _FRAME_MS:  # so early a pause is one between words
            self._quiet = 0 if _most(frame) > _VOICE else self._quiet + 1
        over = self._quiet == _QUIET_FRAMES and early_ms <= 0
        known = len(self._words) if over else min(len(self._words), heard_ms // _WORD_MS)
        if known > self._told or over:
            self._told = known
            self._on_event(Partial(" ".join(self._words[:known]), self._clock_ms))

    def end(self) -> None:
        final = Final(" ".join(self._words), self._begin_ms, self._clock_ms, 1.0)
        self._words, self._told = [], 0
        self._loop.call_later(_FINAL_S, self._emit, final)

    def set_context(self, phrases: tuple[str, ...], hotwords: tuple[str, ...] = ()) -> None:
        return

    async def close(self) -> None:
        self._closed = True

    def _emit(self, final: Final) -> None:
        if not self._closed:
            self._on_event(final)
