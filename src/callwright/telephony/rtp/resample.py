"""Between 16 and 8 kHz, frame by frame without a seam: one low-pass filter, flat to 3.4 kHz, 60 dB down from 4.6 kHz on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from callwright.telephony.port import Pcm

__all__ = ["Doubler", "Halver"]

_TAPS = 49
_BETA = 5.65  # Kaiser window: 60 dB with a transition of 1.2 kHz

Samples = npt.NDArray[np.float32]


def _low_pass() -> Samples:
    at = np.arange(_TAPS) - (_TAPS - 1) / 2
    taps: Samples = (0.5 * np.sinc(0.5 * at) * np.kaiser(_TAPS, _BETA)).astype(np.float32)
    taps /= taps.sum()
    return taps


_FILTER = _low_pass()


class _Filter:
    """Keeps the end of what went through, so that frames follow each other without a click."""

    def __init__(self) -> None:
        self._tail: Samples = np.zeros(_TAPS - 1, np.float32)

    def _through(self, wide: Samples) -> Samples:
        joined = np.concatenate((self._tail, wide))
        self._tail = joined[-(_TAPS - 1) :]
        filtered: Samples = np.convolve(joined, _FILTER, "valid")
        return filtered


class Halver(_Filter):
    """16 kHz in, 8 kHz out, 1.5 ms later."""

    def __call__(self, wide: Pcm) -> Pcm:
        """An even number of samples -> half as many."""
        return _pcm(self._through(wide.astype(np.float32))[::2])


class Doubler(_Filter):
    """8 kHz in, 16 kHz out, 1.5 ms later."""

    def __call__(self, narrow: Pcm) -> Pcm:
        """Any number of samples -> twice as many."""
        spread = np.zeros(2 * len(narrow), np.float32)
        spread[::2] = narrow
        return _pcm(2 * self._through(spread))


def _pcm(samples: Samples) -> Pcm:
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)
