"""How loud the echo of our own prompt may be; pure numpy, one 20 ms frame at a time.

The far side's echo is our envelope, later (0-400 ms) and quieter by a loss nobody tells us. What comes in is the echo plus whatever else is
there, so for the true delay the loss is bounded by the smallest ratio of incoming to played level that was seen; for a wrong delay the bound
is lower still, since pauses fall on sound. So the largest bound over all delays bounds the echo, without finding the delay, and somebody who
talks over the prompt only raises ratios, which a minimum does not see. (The idea of minimum statistics, turned to the echo's return level.)
"""

from __future__ import annotations

import numpy as np

from callwright.speech.vad_levels import QUIETEST

__all__ = ["LONGEST_FRAMES", "EchoBound"]

LONGEST_FRAMES = 21  # delays of 0..400 ms
_PRIOR_DB = -14.0  # before anything is known; a line that returns more is broken
_HIGHEST_DB = -3.0
_AUDIBLE = -40.0  # played frames below tell nothing
_RING_DB = 3.0  # per frame: how fast what was played rings out
_FALL = 0.3  # share of the way down to a smaller ratio, per frame: one lost packet is no proof
_RISE_DB = 0.05  # per frame: a line may change
_SPREAD_DB = 14.0  # ratios of one echo differ by that much: its way colours it, and speech changes its colour
_PERCENTILE = 0.97
_STEP_DB = 1.0
_NO_ECHO_DB = -42.0


class EchoBound:
    """`push(level, played) -> bound` per 20 ms, dBFS; `QUIETEST` when nothing we played can come back any more."""

    __slots__ = ("_at", "_before", "_high", "_left", "_low", "_possible", "_ringing", "_sure")

    def __init__(self) -> None:
        self._low = np.full(LONGEST_FRAMES, _PRIOR_DB, np.float64)  # smallest ratios by delay, longest first
        self._high = np.full(LONGEST_FRAMES, _PRIOR_DB, np.float64)  # largest ratios that may be echo
        # What was played, at least and at most, if the delay is no whole number of frames and sound rings out: rings, written
        # twice, so that their window is one slice. Lists: they are written for every frame, and read where something is loud.
        self._sure = [QUIETEST] * (2 * LONGEST_FRAMES)
        self._ringing = [QUIETEST] * (2 * LONGEST_FRAMES)
        self._before = QUIETEST
        self._at = 0
        self._left = 0
        self._possible = True

    @property
    def active(self) -> bool:
        """What we played may still come back."""
        return self._left > 0

    @property
    def return_db(self) -> float:
        """Largest return level that agrees with all that was heard so far (0 = as loud as played)."""
        return float(self._high.max())

    def push(self, level: float, played: float, loud: bool = True) -> float:
        """level: what came in; played: what we sent in the same tick (`QUIETEST` = nothing); loud: it stands out of the noise. Where
        nothing ever came back, what does not stand out is not looked at, and no bound is given."""
        at, before, rings = self._at, self._before, self._ringing
        ringing = rings[at - 1] - _RING_DB
        if played > ringing:
            ringing = played
        rings[at] = rings[at + LONGEST_FRAMES] = ringing
        self._sure[at] = self._sure[at + LONGEST_FRAMES] = played if played < before else before
        self._before = played
        self._at = at = at + 1 if at + 1 < LONGEST_FRAMES else 0
        if ringing > _AUDIBLE:
            self._left = LONGEST_FRAMES
        elif self._left > 1:
            self._left -= 1
        else:
            self._left = 0
            return QUIETEST
        if not (loud or self._possible):
            return QUIETEST
        sure, most = (np.array(ring[at : at + LONGEST_FRAMES]) for ring in (self._sure, rings))
        low, high = self._low, self._high
        bound = float((high + most).max())
        ratio = level - sure
        change = np.where(ratio < low, (ratio - low) * _FALL, _RISE_DB)
        change[sure <= _AUDIBLE] = 0.0
        low += change
        np.minimum(low, _HIGHEST_DB, out=low)
        ratio = level - most
        plausible = (most > _AUDIBLE) & (ratio < low + _SPREAD_DB)
        high += np.where(plausible, np.where(ratio > high, _PERCENTILE, _PERCENTILE - 1) * _STEP_DB, 0.0)
        np.maximum(high, low, out=high)
        np.minimum(high, low + _SPREAD_DB, out=high)
        self._possible = float(low.max()) > _NO_ECHO_DB
        return bound
