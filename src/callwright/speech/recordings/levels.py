"""Where speech begins and ends in a recording, how loud it is, and how loud it should be. Samples are float64, full scale 1.0."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr

__all__ = [
    "Levels",
    "Samples",
    "active_dbfs",
    "levels",
    "limit",
    "loudness",
    "speech_span",
    "to_loudness",
    "true_peak_dbtp",
]

Samples = npt.NDArray[np.float64]
_FRAME_MS = 10
_SILENCE_DB = -90.0
_OVERSAMPLE = 4  # BS.1770 annex 2
_AHEAD_MS = 2.5
_WHOLE_S = 1.2  # three of the 400 ms blocks that BS.1770 measures in


@dataclass(frozen=True, slots=True)
class Levels:
    """dBFS. speech: RMS of the loud frames; floor: of those that are no speech, or of the quietest when there are none; begin, end: samples
    where speech begins and ends; still: there was silence to measure the floor in."""

    speech: float
    floor: float
    begin: int
    end: int
    still: bool = False

    @property
    def noisy(self) -> bool:
        """Less than 25 dB of speech over noise; without silence to measure it in, less than 16 (pauses within words are 16 and more down)."""
        return self.snr_db < (25.0 if self.still else 16.0)

    @property
    def snr_db(self) -> float:
        """How far the noise lies under the speech."""
        return self.speech - self.floor


def levels(sound: Samples, rate: int) -> Levels:
    """Measure a recording: frames of 10 ms count as speech when they are less than 40 dB under the loud ones, and well above the noise."""
    size = rate * _FRAME_MS // 1000
    whole = len(sound) // size
    if not whole:
        return Levels(_SILENCE_DB, _SILENCE_DB, 0, len(sound))
    power = np.square(sound[: whole * size].reshape(whole, size)).mean(axis=1)
    db = 10 * np.log10(np.maximum(power, 10 ** (_SILENCE_DB / 10)))
    loud = float(np.percentile(db, 95))
    quiet = float(np.percentile(db, 5))
    threshold = min(max(loud - 40.0, quiet + 8.0), loud - 22.0)
    speech = _runs(db > threshold, 3)
    if loud <= _SILENCE_DB or not speech.any():
        return Levels(_SILENCE_DB, _SILENCE_DB, 0, len(sound))
    places = np.flatnonzero(speech)
    still = db[~speech]
    enough = bool(_runs(~speech, 10).any())
    floor = float(np.percentile(still, 50)) if enough else quiet
    level = 10 * math.log10(float(power[speech & (db > loud - 30.0)].mean()))
    return Levels(level, floor, int(places[0]) * size, min(int(places[-1] + 1) * size, len(sound)), enough)


def speech_span(sound: Samples, rate: int) -> tuple[int, int]:
    """First and last sample (exclusive) of the speech."""
    found = levels(sound, rate)
    return found.begin, found.end


def active_dbfs(sound: Samples, rate: int) -> float:
    """RMS of what is speech."""
    return levels(sound, rate).speech


def loudness(sound: Samples, rate: int) -> float:
    """Integrated loudness in LUFS (EBU R128, ITU-R BS.1770-4). Shorter than three blocks of 400 ms, it is measured repeated: the same sound
    said again is as loud. -inf for silence."""
    if not len(sound) or not np.any(sound):
        return -math.inf
    times = math.ceil(_WHOLE_S * rate / len(sound))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # log of zero where a block is silent
        import pyloudnorm  # brings scipy.signal, which takes a second: only for those who level recordings

        return float(pyloudnorm.Meter(rate).integrated_loudness(np.tile(sound, times)))


def true_peak_dbtp(sound: Samples, rate: int) -> float:
    """Peak between the samples too (fourfold oversampling). -inf for silence."""
    if not len(sound):
        return -math.inf
    peak = max(
        float(np.abs(soxr.resample(sound, rate, rate * _OVERSAMPLE)).max(initial=0.0)), float(np.abs(sound).max())
    )
    return 20 * math.log10(peak) if peak else -math.inf


def to_loudness(sound: Samples, rate: int, lufs: float, peak_dbtp: float) -> Samples:
    """Brought to `lufs`, true peaks held under `peak_dbtp`. Limiting takes some loudness away: it is given back, up to 3 times."""
    measured = loudness(sound, rate)
    if measured == -math.inf:
        return sound
    gain = lufs - measured
    for _ in range(3):
        out = limit(sound * 10 ** (gain / 20), rate, peak_dbtp)
        short = lufs - loudness(out, rate)
        if abs(short) < 0.1:
            break
        gain += short
    return out


def limit(sound: Samples, rate: int, peak_dbtp: float) -> Samples:
    """Where a true peak would pass the ceiling, the gain goes down before it and up after it within 5 ms: no edge, no clipping."""
    ceiling = 10 ** (peak_dbtp / 20)
    for _ in range(4):
        fine = soxr.resample(sound, rate, rate * _OVERSAMPLE)
        fine = np.pad(np.abs(fine), (0, max(0, len(sound) * _OVERSAMPLE - len(fine))))[: len(sound) * _OVERSAMPLE]
        peak = np.maximum(fine.reshape(len(sound), _OVERSAMPLE).max(axis=1), np.abs(sound))
        if not (peak > ceiling).any():
            break
        gain = np.minimum(1.0, 0.995 * ceiling / np.maximum(peak, 1e-12))
        ahead = max(1, int(rate * _AHEAD_MS / 1000))
        padded = np.pad(gain, 2 * ahead, mode="edge")
        lowest = np.lib.stride_tricks.sliding_window_view(padded, 2 * ahead + 1).min(axis=1)
        window = np.hanning(2 * ahead + 3)[1:-1]
        sound = sound * np.convolve(lowest, window / window.sum(), mode="valid")
    return sound


def _runs(flags: npt.NDArray[np.bool_], least: int) -> npt.NDArray[np.bool_]:
    """Only where at least so many in a row are set: a click of the mouth is no speech, a stop within a word no silence."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    kept = np.zeros_like(flags)
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if end - begin >= least:
            kept[begin:end] = True
    return kept
