"""Synthesised speech made fit for a telephone line: one loudness, no clipping, nothing outside the band."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from callwright.speech.port import Pcm

__all__ = ["band_limit", "finish"]

_RATE = 8000
_BAND_HZ = (200.0, 3400.0)
_TAPS = 127
_FRAME = 160
_ACTIVE_DB = 30.0  # frames this far under the loudest are pauses


@cache
def _band_pass() -> npt.NDArray[np.float64]:
    """Linear-phase windowed-sinc band-pass (Hamming)."""
    at = np.arange(_TAPS) - (_TAPS - 1) / 2
    low, high = (hz / _RATE for hz in _BAND_HZ)
    taps = 2 * high * np.sinc(2 * high * at) - 2 * low * np.sinc(2 * low * at)
    return np.asarray(taps * np.hamming(_TAPS), dtype=np.float64)


def band_limit(sound: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What a telephone carries, 200..3400 Hz; 8 kHz in and out, the same length."""
    return np.convolve(sound, _band_pass(), mode="full")[_TAPS // 2 : _TAPS // 2 + len(sound)]


def finish(pcm: Pcm, *, level_dbfs: float = -20.0, peak_dbfs: float = -3.0) -> Pcm:
    """Band-limited to 200..3400 Hz, speech brought to `level_dbfs` (RMS of its active 20 ms frames), peaks held
    below `peak_dbfs` by a soft knee."""
    if len(pcm) < _FRAME:
        return pcm
    sound = band_limit(pcm.astype(np.float64))
    whole = len(sound) // _FRAME * _FRAME
    power = np.square(sound[:whole].reshape(-1, _FRAME)).mean(axis=1)
    if power.max() < 1.0:
        return pcm
    active = power[power > power.max() * 10 ** (-_ACTIVE_DB / 10)].mean()
    sound *= 32768 * 10 ** (level_dbfs / 20) / math.sqrt(active)
    ceiling = 32767 * 10 ** (peak_dbfs / 20)
    knee = 0.7 * ceiling
    over = np.abs(sound) > knee
    sound[over] = np.sign(sound[over]) * (
        knee + (ceiling - knee) * np.tanh((np.abs(sound[over]) - knee) / (ceiling - knee))
    )
    return np.rint(sound).astype(np.int16)
