"""Voice activity of one call from 20 ms frames: an energy gate with a tracked noise floor, then WebRTC's GMM detector, then a hangover.

The gate keeps line noise and far-away babble from the detector (which passes stationary noise often) and saves its time in silence. The floor
follows minimum statistics (Martin 2001): down at once, up slowly, so that speech does not raise it.
A batched detector can take the place of `Detector` later: it sees the frames that pass the gate.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import webrtcvad

from callwright.speech.port import Pcm

__all__ = ["FRAME_MS", "FRAME_SAMPLES", "Detector", "Vad", "WebRtcDetector", "level_dbfs"]

FRAME_MS = 20
FRAME_SAMPLES = 160
_FLOOR_RISE_DB = 0.06  # per frame: 3 dB a second
_FLOOR_LOWEST = -78.0
_FLOOR_HIGHEST = -38.0


class Detector(Protocol):
    """Speech or not, for one 20 ms frame of 160 samples (8 kHz int16)."""

    def is_speech(self, frame: Pcm) -> bool: ...


class WebRtcDetector:
    """WebRTC VAD; aggressiveness 0..3."""

    def __init__(self, aggressiveness: int = 2) -> None:
        self._vad = webrtcvad.Vad(aggressiveness)

    def is_speech(self, frame: Pcm) -> bool:
        return bool(self._vad.is_speech(frame.tobytes(), 8000))


def level_dbfs(frame: Pcm) -> float:
    """RMS level, dB relative to a full-scale square wave; -96 for digital silence."""
    power = float(np.mean(np.square(frame.astype(np.float64)))) if len(frame) else 0.0
    return max(-96.0, 10 * math.log10(power / 32768.0**2)) if power > 0 else -96.0


class Vad:
    """`push(frame) -> bool` for each 20 ms frame, in order. State belongs to one call; about 0.1 ms of CPU per
    second of call and frame rate 50/s."""

    def __init__(
        self,
        detector: Detector | None = None,
        *,
        above_floor_db: float = 9.0,
        lowest_dbfs: float = -55.0,
        onset_frames: int = 2,
        hangover_frames: int = 8,
    ) -> None:
        """above_floor_db: how far above the noise floor speech must stand; lowest_dbfs: never speech below this level;
        onset_frames: frames in a row that make a beginning (a click is one); hangover_frames: frames of voice kept after the last one."""
        self._detector = detector or WebRtcDetector()
        self._above = above_floor_db
        self._lowest = lowest_dbfs
        self._onset = onset_frames
        self._hangover = hangover_frames
        self._floor = -65.0
        self._run = 0
        self._left = 0

    @property
    def floor_dbfs(self) -> float:
        """The tracked noise floor."""
        return self._floor

    def push(self, frame: Pcm) -> bool:
        """Whether the caller is speaking now. A frame of another length than 160 samples raises ValueError."""
        if len(frame) != FRAME_SAMPLES:
            raise ValueError(f"a frame has {FRAME_SAMPLES} samples (20 ms at 8 kHz), not {len(frame)}")
        level = level_dbfs(frame)
        self._floor = min(max(level, _FLOOR_LOWEST), self._floor + _FLOOR_RISE_DB, _FLOOR_HIGHEST)
        loud = level > max(self._floor + self._above, self._lowest)
        if loud and self._detector.is_speech(frame):
            self._run += 1
            if self._run >= self._onset or self._left:
                self._left = self._hangover
                return True
            return False
        self._run = 0
        if self._left:
            self._left -= 1
            return True
        return False
