"""What sounds in 20 ms: level, and the one or two pure tones of which it consists, if it does. Pure numpy.

A window of two frames (40 ms, Hann) is compared with a bank of sines 25 Hz apart (one matrix product; cheaper than an FFT of that size). A
tone fills a lobe of +-50 Hz, so a peak with its three neighbours on either side holds nearly all the power of a pure tone, and little of
speech or of a chord. The frequency is the centre of the lobe's power. Tones closer than 75 Hz (440 + 480) are seen as one between them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from callwright.telephony.port import FRAME_SAMPLES, SAMPLE_RATE, Pcm

__all__ = ["BIN_HZ", "GATE_DBM0", "TOGETHER_HZ", "Glimpse", "Spectrum", "glimpses", "level_dbm0"]

BIN_HZ = 25
GATE_DBM0 = -45.0  # below it nothing is looked at
TOGETHER_HZ = 75  # tones closer than this are one lobe
_LOWEST_HZ, _HIGHEST_HZ = 300, 2250
_FULL_SCALE = 10 * math.log10(32768.0**2 / 2) - 3.14  # G.711: a full-scale sine is +3.14 dBm0 (A-law; mu-law 3.17)
_SIDE = 3
_PURE = 0.75  # share of the power that makes a tone; white noise 6 dB below it leaves 0.8
_LEAST = 0.15  # of the power, for the weaker of two tones

_N = 2 * FRAME_SAMPLES
_WINDOW = np.hanning(_N + 1)[:-1]
_HZ = np.arange(_LOWEST_HZ, _HIGHEST_HZ + 1, BIN_HZ)
_COUNT = len(_HZ)
_BINS = slice(_LOWEST_HZ // BIN_HZ, _HIGHEST_HZ // BIN_HZ + 1)
_TURNS = 2 * np.pi * np.outer(_HZ, np.arange(_N)) / SAMPLE_RATE
# Scaled so that the powers of all bins of a whole spectrum add up to the power of the windowed samples.
_BANK = (np.concatenate([np.cos(_TURNS), np.sin(_TURNS)]) * _WINDOW * math.sqrt(2 / _N)).astype(np.float32)
_WEIGHTS = _WINDOW.astype(np.float32)
_AROUND = np.arange(-_SIDE, _SIDE + 1)

Floats = npt.NDArray[np.float32]


class Glimpse(NamedTuple):
    """20 ms. level: dBm0 of the newer frame; first, second: Hz of the tones the window consists of (0 = none; second only beside a
    first, the lower one first)."""

    level: float
    first: float = 0.0
    second: float = 0.0


def level_dbm0(power: float) -> float:
    """dBm0 of a mean square of int16 samples; -99 for digital silence."""
    return 10 * math.log10(power) - _FULL_SCALE if power > 0 else -99.0


class Spectrum:
    """The window of one call: `push(frame)` per 20 ms (160 samples, 8 kHz)."""

    def __init__(self) -> None:
        self._window = np.zeros(_N, np.float32)
        self._old, self._new = self._window[:FRAME_SAMPLES], self._window[FRAME_SAMPLES:]

    def push(self, frame: Pcm) -> Glimpse:
        """A frame of another length raises ValueError."""
        if len(frame) != FRAME_SAMPLES:
            raise ValueError(f"a frame has {FRAME_SAMPLES} samples (20 ms at 8 kHz), not {len(frame)}")
        self._old[:] = self._new
        self._new[:] = frame
        level = level_dbm0(float(self._new.dot(self._new)) / FRAME_SAMPLES)
        if level < GATE_DBM0:
            return Glimpse(level)
        parts = _BANK @ self._window
        parts *= parts
        power = parts[:_COUNT]
        power += parts[_COUNT:]
        weighted = self._window * _WEIGHTS
        total = float(weighted.dot(weighted))
        share, first = _lobe(power)
        if share >= _PURE * total:
            return Glimpse(level, first)
        if share < _PURE / 2 * total:
            return Glimpse(level)
        other, second = _lobe(power)
        if other < _LEAST * total or share + other < _PURE * total:
            return Glimpse(level)
        return Glimpse(level, min(first, second), max(first, second))


def _lobe(power: Floats) -> tuple[float, float]:
    """(power, centre in Hz) of the strongest lobe, which is taken out."""
    begin = max(0, int(power.argmax()) - _SIDE)
    lobe = power[begin : begin + 2 * _SIDE + 1]
    values = lobe.tolist()
    lobe[:] = 0.0
    whole = sum(values)
    moment = sum([place * value for place, value in enumerate(values)])
    return whole, _LOWEST_HZ + (begin + (moment / whole if whole else 0.0)) * BIN_HZ


def glimpses(windows: npt.NDArray[np.int16]) -> list[Glimpse]:
    """The same for many calls at once. windows: (calls, 320), the older frame first."""
    samples = windows.astype(np.float32)
    newer = samples[:, FRAME_SAMPLES:]
    levels = np.einsum("ij,ij->i", newer, newer) / FRAME_SAMPLES
    found = [Glimpse(level_dbm0(level)) for level in levels.tolist()]
    loud = np.flatnonzero([glimpse.level >= GATE_DBM0 for glimpse in found])
    if not len(loud):
        return found
    weighted = samples[loud] * _WEIGHTS
    total = np.einsum("ij,ij->i", weighted, weighted)
    # An FFT here: a matrix product of this size would wake the threads of the linear algebra library.
    spectrum = np.fft.rfft(weighted, axis=1)[:, _BINS] * math.sqrt(2 / _N)
    power: Floats = np.square(np.abs(spectrum)).astype(np.float32)
    share, first = _lobes(power)
    other, second = _lobes(power)
    single = share >= _PURE * total
    double = ~single & (share >= _PURE / 2 * total) & (other >= _LEAST * total) & (share + other >= _PURE * total)
    for row, call in enumerate(loud.tolist()):
        level = found[call].level
        if single[row]:
            found[call] = Glimpse(level, float(first[row]))
        elif double[row]:
            low, high = sorted((float(first[row]), float(second[row])))
            found[call] = Glimpse(level, low, high)
    return found


def _lobes(power: Floats) -> tuple[Floats, Floats]:
    """(power, centre in Hz) of the strongest lobe of each row, which is taken out of it."""
    around = power.argmax(axis=1).clip(_SIDE, _COUNT - 1)[:, None] + _AROUND
    inside = around < _COUNT
    around = around.clip(0, _COUNT - 1)
    values = np.where(inside, np.take_along_axis(power, around, axis=1), 0.0)
    np.put_along_axis(power, around, 0.0, axis=1)
    whole = values.sum(axis=1)
    centre = (values * _HZ[around]).sum(axis=1) / np.where(whole > 0, whole, 1.0)
    return whole, centre
