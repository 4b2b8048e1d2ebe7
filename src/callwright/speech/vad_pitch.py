"""Whether a stretch of sound has the pitch of a voice; pure numpy. 8 kHz.

It speaks for a loud vowel in the first moments, when the model is not sure yet: noise has no pitch, and a tone or two are no vowel.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from callwright.speech.port import Pcm

__all__ = ["pitch_clarity"]

_SHORTEST, _LONGEST = 18, 110  # samples: 73 to 440 Hz
_LOBE = 6  # bins beside the strongest that are still the same tone
_TONES = 0.97  # share of two tones in the power: no voice


def pitch_clarity(pcm: Pcm) -> float:
    """Height of the autocorrelation's highest peak between 73 and 440 Hz, 0..1, corrected for the shrinking overlap (Boersma 1993, without
    a window); 0 for one or two tones. pcm: 320 samples. A vowel has 0.7 and more; noise, a breath or keys have less."""
    samples = pcm.astype(np.float32)
    samples -= samples.mean()
    size = len(samples)
    spectrum = np.fft.rfft(samples, 2 * size)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    if _tonal(power):
        return 0.0
    correlation = np.fft.irfft(power)[: _LONGEST + 2]
    lags = np.arange(_LONGEST + 2)
    clear = correlation / correlation[0] * (size / (size - lags))
    inner = clear[_SHORTEST : _LONGEST + 1]
    peaks = (inner >= clear[_SHORTEST - 1 : _LONGEST]) & (inner >= clear[_SHORTEST + 1 : _LONGEST + 2])
    return float(min(1.0, max(0.0, inner[peaks].max(initial=0.0))))


def _tonal(power: npt.NDArray[np.float64]) -> bool:
    """Silence, or so few tones that it is a signal (a beep, a key, a ringing tone)."""
    whole, rest = float(power.sum()), power.copy()
    for _ in range(2):
        strongest = int(rest.argmax())
        rest[max(0, strongest - _LOBE) : strongest + _LOBE + 1] = 0
    return float(rest.sum()) <= (1 - _TONES) * whole
