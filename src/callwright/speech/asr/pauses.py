"""Pauses inside an utterance, by level alone: where it is worth making a result ready, in case the caller has ended. Pure."""

from __future__ import annotations

import math
from bisect import insort

import numpy as np

from callwright.speech.port import Pcm

__all__ = ["PauseFinder"]

_PIECE_MS = 10
_PIECE = 80  # samples
_PAUSE = 10  # pieces that must be quiet: 100 ms
_QUIET_DB = 14.0  # below the loud pieces of the utterance
_LEAST_LOUD = 12  # pieces of voice before a pause counts
_NEW_LOUD = 8  # pieces of voice after a pause that was used, before the next one is
_MOST = 4  # pauses used per utterance: each costs a decoding


class PauseFinder:
    """`push` audio as it comes; `due` says that a pause has just lasted 100 ms and was not `taken` yet."""

    def __init__(self) -> None:
        self._left: Pcm = np.zeros(0, dtype=np.int16)
        self._levels: list[float] = []  # dB, from low to high
        self._quiet = 0
        self._loud = 0
        self._since = 0
        self._used = 0

    def push(self, pcm: Pcm) -> bool:
        """pcm: 8 kHz. Whether any of it was voice."""
        joined = np.concatenate([self._left, pcm])
        count = len(joined) // _PIECE
        self._left = joined[count * _PIECE :]
        if not count:
            return False
        pieces = joined[: count * _PIECE].reshape(count, _PIECE).astype(np.float64)
        levels = [10 * math.log10(power / _PIECE + 1) for power in np.einsum("ij,ij->i", pieces, pieces).tolist()]
        for level in levels:
            insort(self._levels, level)
        line = self._levels[round(0.95 * (len(self._levels) - 1))] - _QUIET_DB
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
    def quiet_ms(self) -> int:
        """How long there has been no voice."""
        return self._quiet * _PIECE_MS

    @property
    def due(self) -> bool:
        enough = self._loud >= _LEAST_LOUD and (not self._used or self._since >= _NEW_LOUD)
        return enough and self._quiet >= _PAUSE and self._used < _MOST

    def taken(self) -> None:
        self._used += 1
        self._since = 0
