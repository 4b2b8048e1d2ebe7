"""Pauses inside an utterance, by level alone: where it is worth making a result ready, in case the caller has ended. Pure."""

from __future__ import annotations

import numpy as np

from callwright.speech.port import Pcm

__all__ = ["PauseFinder"]

_PIECE_MS = 10
_PAUSE = 10  # pieces that must be quiet: 100 ms
_QUIET_DB = 14.0  # below the loud pieces of the utterance
_LEAST_LOUD = 12  # pieces of voice before a pause counts
_NEW_LOUD = 8  # pieces of voice after a pause that was used, before the next one is
_MOST = 4  # pauses used per utterance: each costs a decoding


class PauseFinder:
    """`push` audio as it comes; `due` says that a pause has just lasted 100 ms and was not `taken` yet."""

    def __init__(self, rate: int) -> None:
        self._size = rate * _PIECE_MS // 1000
        self._left: Pcm = np.zeros(0, dtype=np.int16)
        self._levels: list[float] = []
        self._quiet = 0
        self._loud = 0
        self._since = 0
        self._used = 0

    def push(self, pcm: Pcm) -> bool:
        """Whether any of it was voice."""
        joined = np.concatenate([self._left, pcm])
        count = len(joined) // self._size
        self._left = joined[count * self._size :]
        if not count:
            return False
        pieces = joined[: count * self._size].reshape(count, self._size).astype(np.float64)
        levels = (10 * np.log10(np.mean(pieces**2, axis=1) + 1)).tolist()
        self._levels += levels
        line = float(np.percentile(self._levels, 95)) - _QUIET_DB
        voiced = False
        for level in levels:
            if level >= line:
                self._quiet, voiced = 0, True
                self._loud += 1
                self._since += 1
            else:
                self._quiet += 1
        return voiced

    @property
    def due(self) -> bool:
        enough = self._loud >= _LEAST_LOUD and (not self._used or self._since >= _NEW_LOUD)
        return enough and self._quiet >= _PAUSE and self._used < _MOST

    def taken(self) -> None:
        self._used += 1
        self._since = 0
