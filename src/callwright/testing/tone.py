"""A steady tone to play, and which tone is heard: proof that audio really arrives, and whose it is."""

from __future__ import annotations

import functools

import numpy as np

from callwright.telephony.port import FRAME_SAMPLES, SAMPLE_RATE, Codec, Frame, Pcm
from callwright.telephony.rtp.g711 import encode

__all__ = ["HeardTone", "samples", "tone"]

_WINDOW = 25  # frames: half a second, so 2 Hz apart
_STEP_HZ = 20  # a lost or added frame moves the phase, and the peak a little


def samples(hz: int, seconds: float, level: int = 8_000) -> Pcm:
    """A sine of 8 kHz samples."""
    at = np.arange(int(seconds * SAMPLE_RATE))
    return np.asarray(level * np.sin(2 * np.pi * hz * at / SAMPLE_RATE), dtype=np.int16)


@functools.cache
def tone(hz: int, seconds: float, codec: Codec = "PCMA") -> bytes:
    """The same encoded, ready to be played."""
    return encode(samples(hz, seconds), codec)


class HeardTone:
    """Frames come in by `take`; `hz` is the tone that fills half a second that came in, 0 while there is none."""

    def __init__(self) -> None:
        self._heard: list[Pcm] = []
        self.hz = 0

    def take(self, frame: Frame) -> None:
        if frame.concealed:
            return
        self._heard.append(frame.pcm.copy())
        if len(self._heard) < _WINDOW:
            return
        power = np.abs(np.fft.rfft(np.concatenate(self._heard))) ** 2
        power[0] = 0
        self._heard.clear()
        best = int(power.argmax())
        if power[best] > 0.3 * power.sum() and power[best] > (100 * FRAME_SAMPLES) ** 2:
            self.hz = _STEP_HZ * round(best * SAMPLE_RATE / (_WINDOW * FRAME_SAMPLES) / _STEP_HZ)
