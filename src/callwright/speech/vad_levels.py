"""How loud the line is and how loud this caller is, from 20 ms levels; pure. All levels are dBFS (RMS, full-scale square wave = 0).

The noise floor follows minimum statistics (Martin 2001): down at once, up slowly, so that speech does not raise it. The caller's loudness is
a high percentile of the frames that were this caller's voice: near the level of stressed vowels, which each utterance reaches soon.
"""

from __future__ import annotations

import math

from callwright.speech.port import Pcm

__all__ = ["QUIETEST", "CallerLoudness", "NoiseFloor", "dbfs", "level_dbfs", "mean_square"]

QUIETEST = -96.0  # digital silence
_FULL_SCALE = 32768.0**2
_QUIETEST = _FULL_SCALE * 10 ** (QUIETEST / 10)
_log10 = math.log10
_FLOOR_RISE_DB = 0.06  # per frame: 3 dB a second
_FLOOR_LEARN_DB = 0.4  # per frame that is known to be noise: 20 dB a second
_FLOOR_LOWEST = -78.0
_FLOOR_HIGHEST = -38.0
_KNOWN_FRAMES = 25  # half a second of voice
_PERCENTILE = 0.9
_STEP_DB = 0.3  # so a shout or a slammed door of 100 ms moves the estimate by 1.5 dB
_HURRY_DB = 8.0  # louder by that: whoever spoke before was somebody else
_HURRY_STEP_DB = 1.0
_FORGET_DB = 0.01  # per frame of voice that was left out: half a dB a second


def dbfs(energy: float) -> float:
    """Level of a mean square of int16 samples; never below `QUIETEST`."""
    return 10 * _log10(energy / _FULL_SCALE) if energy > _QUIETEST else QUIETEST


def mean_square(dbfs: float) -> float:
    """The mean square of int16 samples that has this level."""
    return _FULL_SCALE * 10 ** (dbfs / 10)


def level_dbfs(frame: Pcm) -> float:
    """RMS level, dB relative to a full-scale square wave; -96 for digital silence."""
    samples = frame.astype(float)
    return dbfs(float(samples @ samples) / len(samples)) if len(samples) else QUIETEST


class NoiseFloor:
    """`push(level) -> floor` per 20 ms. level: smoothed, since a minimum looks for dips."""

    __slots__ = ("dbfs",)

    def __init__(self, dbfs: float = -65.0) -> None:
        self.dbfs = dbfs

    def push(self, level: float, noise: bool = False) -> float:
        """The floor with this frame, within -78..-38. noise: what stands out of it is known to be no speech."""
        floor = self.dbfs + (_FLOOR_LEARN_DB if noise else _FLOOR_RISE_DB)
        if level < floor:
            floor = level if level > _FLOOR_LOWEST else _FLOOR_LOWEST
        if floor > _FLOOR_HIGHEST:
            floor = _FLOOR_HIGHEST
        self.dbfs = floor
        return floor


class CallerLoudness:
    """`spoke(level)` per frame of this caller's voice, `passed(level)` per frame of voice that was left out as somebody else's.

    `dbfs` is None until half a second was heard. Voice that is left out lowers it slowly: a caller who lays the phone aside is
    deaf to us for some seconds, not for the rest of the call.
    """

    __slots__ = ("_first", "dbfs")

    def __init__(self) -> None:
        self._first: list[float] = []
        self.dbfs: float | None = None

    def spoke(self, level: float) -> None:
        """A frame of this caller's voice (then by stochastic approximation of the percentile)."""
        known = self.dbfs
        if known is None:
            self._first.append(level)
            if len(self._first) >= _KNOWN_FRAMES:
                self.dbfs = sorted(self._first)[int(_PERCENTILE * len(self._first))]
            return
        step = _HURRY_STEP_DB if level > known + _HURRY_DB else _STEP_DB
        self.dbfs = known + step * (_PERCENTILE if level > known else _PERCENTILE - 1)

    def passed(self) -> None:
        """A frame of voice too quiet to be the caller's."""
        if self.dbfs is not None:
            self.dbfs -= _FORGET_DB
