"""8 kHz to 16 kHz in a stream: polyphase half-band interpolation, no external dependency."""

from __future__ import annotations

import numpy as np

from callwright.speech.port import Pcm

__all__ = ["Upsampler"]

_HALF = 16  # input samples each side: 31-tap branches, images about 70 dB down


def _half_branch() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The interpolating branch of a windowed-sinc low-pass at 4 kHz (the other branch is a plain delay)."""
    at = np.arange(-_HALF + 0.5, _HALF)
    taps = np.sinc(at) * np.kaiser(2 * _HALF, 8.0)
    return np.asarray(taps / taps.sum(), dtype=np.float64)


class Upsampler:
    """Keeps the tail between calls; delay 16 input samples (2 ms)."""

    def __init__(self) -> None:
        self._taps = _half_branch()
        self._tail = np.zeros(2 * _HALF - 1)

    def reset(self) -> None:
        self._tail = np.zeros(2 * _HALF - 1)

    def process(self, pcm: Pcm) -> Pcm:
        """Twice as many samples."""
        joined = np.concatenate([self._tail, pcm.astype(np.float64)])
        self._tail = joined[len(pcm) :]
        out = np.empty(2 * len(pcm))
        out[0::2] = joined[_HALF - 1 : _HALF - 1 + len(pcm)]
        out[1::2] = np.convolve(joined, self._taps, mode="valid")
        return np.clip(np.rint(out), -32768, 32767).astype(np.int16)
