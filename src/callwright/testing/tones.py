"""Call-progress tones as a network makes them, and what a line does to them. For tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from callwright.telephony.port import FRAME_SAMPLES, SAMPLE_RATE, Codec, Pcm
from callwright.telephony.rtp import g711
from callwright.telephony.tones.detector import ToneDetector, ToneFound
from callwright.telephony.tones.sets import (
    SIT_HIGH,
    SIT_LONG_MS,
    SIT_LOW,
    SIT_SHORT_MS,
    SIT_THIRD,
    SitVariant,
    TonePattern,
)

__all__ = ["amplitude", "heard", "line", "rhythm", "sines", "special"]

Wave = npt.NDArray[np.float64]


def amplitude(dbm0: float) -> float:
    """Of a sine."""
    return float(32768 * 10 ** ((dbm0 - 3.14) / 20))


def sines(frequencies: tuple[float, ...], ms: int, dbm0: float) -> Wave:
    """Together at dbm0."""
    time = np.arange(ms * SAMPLE_RATE // 1000) / SAMPLE_RATE
    each = amplitude(dbm0 - 10 * np.log10(len(frequencies)))
    return each * sum((np.sin(2 * np.pi * hz * time) for hz in frequencies), np.zeros(len(time)))


def rhythm(pattern: TonePattern, seconds: float, dbm0: float = -15, shift: float = 1.0, stretch: float = 1.0) -> Wave:
    """A pattern for so long; shift: factor on the frequencies; stretch: factor on the times."""
    pieces: list[Wave] = []
    frequencies = tuple(hz * shift for hz in pattern.frequencies)
    while sum(map(len, pieces)) < seconds * SAMPLE_RATE:
        for part, wanted in enumerate(pattern.cadence_ms):
            ms = round(wanted * stretch)
            pieces.append(np.zeros(ms * 8) if part % 2 else sines(frequencies, ms, dbm0))
    return np.concatenate(pieces)


def special(variant: SitVariant, dbm0: float = -15) -> Wave:
    """A North American special information tone."""
    pitches = [(SIT_HIGH if variant.high[place] else SIT_LOW)[place] for place in (0, 1)]
    times = [SIT_LONG_MS if long else SIT_SHORT_MS for long in variant.long]
    notes = zip([*pitches, SIT_THIRD], [*times, SIT_LONG_MS], strict=True)
    return np.concatenate([*(sines((hz,), ms, dbm0) for hz, ms in notes), np.zeros(SAMPLE_RATE)])


def line(
    wave: Wave,
    *,
    codec: Codec = "PCMA",
    noise_dbm0: float | None = None,
    loss: float = 0.0,
    late_samples: int = 0,
    seed: int = 0,
) -> Pcm:
    """Through G.711, with noise and lost packets (silence in their place, the worst a jitter buffer does), not aligned to frames."""
    rng = np.random.default_rng(seed)
    wave = np.concatenate([np.zeros(late_samples), wave, np.zeros(SAMPLE_RATE // 2)])
    if noise_dbm0 is not None:
        wave = wave + rng.normal(0, amplitude(noise_dbm0) / np.sqrt(2), len(wave))
    pcm = g711.decode(g711.encode(np.clip(wave, -32768, 32767).astype(np.int16), codec), codec)
    frames = pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    frames[rng.random(len(frames)) < loss] = 0
    return frames


def heard(frames: Pcm, *, beeps: bool = False) -> list[ToneFound]:
    """Everything a detector says about frames of shape (n, 160)."""
    detector = ToneDetector(beeps=beeps)
    return [tone for frame in frames for tone in detector.push(frame)]
