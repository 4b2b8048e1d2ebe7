"""Comfort noise (RFC 3389): what the far side calls its silence, and noise of our own instead of digital silence. Sans-IO.

Level only: the spectrum a sender may describe is ignored, the noise is white. A level louder than -30 dBov is not believed.
"""

from __future__ import annotations

import functools

import numpy as np

from callwright.telephony.port import FRAME_SAMPLES, Codec
from callwright.telephony.rtp import g711

__all__ = ["Comfort", "Noise"]

_OVERLOAD = 32_124  # a square wave of mu-law's largest value (RFC 3389 section 3.1), in 16 bits
_LOUDEST = 30  # -dBov
_QUIETEST = 90  # below the smallest step of both laws
_FRAMES = 100


@functools.lru_cache(maxsize=128)
def _frames(level: int, codec: Codec) -> tuple[bytes, ...]:
    """2 s of white noise; level in -dBov."""
    pcm = np.random.default_rng(3389).standard_normal(_FRAMES * FRAME_SAMPLES) * (_OVERLOAD * 10 ** (-level / 20))
    law = g711.encode(np.clip(np.rint(pcm), -32768, 32767).astype(np.int16), codec)
    return tuple(law[at : at + FRAME_SAMPLES] for at in range(0, len(law), FRAME_SAMPLES))


class Noise:
    """Noise at one level, frame by frame."""

    __slots__ = ("_at", "level")

    def __init__(self, level: int) -> None:
        """level: -dBov, 0 to 127."""
        self.level = min(max(level, _LOUDEST), _QUIETEST)
        self._at = 0

    def frame(self, codec: Codec) -> bytes:
        """The next 20 ms."""
        self._at = (self._at + 1) % _FRAMES
        return _frames(self.level, codec)[self._at]


class Comfort:
    """Whether the far side is silent and told us so: `noise` is what to hear meanwhile, None while it speaks."""

    __slots__ = ("_since", "noise")

    def __init__(self) -> None:
        self.noise: Noise | None = None
        self._since = 0  # timestamp of the packet that began it

    def describe(self, payload: bytes, timestamp: int, spoken: int | None) -> None:
        """A comfort noise packet; spoken: timestamp of the newest audio. One that was overtaken by audio is of no use."""
        if spoken is not None and not _newer(timestamp, spoken):
            return
        level = payload[0] & 0x7F if payload else _QUIETEST
        self._since = timestamp
        if self.noise is None or self.noise.level != level:
            self.noise = Noise(level)

    def speaks(self, timestamp: int) -> bool:
        """An audio packet; true when the silence ends with it."""
        if self.noise is None or not _newer(timestamp, self._since):
            return False
        self.noise = None
        return True

    def reset(self) -> None:
        """A new source, a hold, another codec: nothing is known."""
        self.noise = None


def _newer(one: int, other: int) -> bool:
    return 0 < (one - other) & 0xFFFFFFFF < 0x80000000
