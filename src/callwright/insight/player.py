"""Audio small enough to stand inside a page: both channels of a recording mixed and coded as mu-law in a WAV that browsers play."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["small_audio"]

_BIAS, _CLIP = 132, 32635
WAVE_FORMAT_MULAW = 7


def small_audio(path: Path) -> bytes:
    """A mono mu-law WAV (8 kB a second) of a 16-bit PCM recording; b"" when it holds no sound.

    Raises wave.Error or EOFError for what is no WAV of 16 bit.
    """
    with wave.open(str(path), "rb") as file:
        channels, rate = file.getnchannels(), file.getframerate()
        if file.getsampwidth() != 2:
            raise wave.Error(f"{8 * file.getsampwidth()} bit a sample; the player takes 16")
        data = file.readframes(file.getnframes())
    samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int32)
    if not len(samples):
        return b""
    mono = samples[: len(samples) // channels * channels].reshape(-1, channels).sum(axis=1)
    coded = _mulaw(np.clip(mono, -32768, 32767)).tobytes()
    header = struct.pack("<HHIIHHH", WAVE_FORMAT_MULAW, 1, rate, rate, 1, 8, 0)
    fact = struct.pack("<I", len(coded))
    body = b"WAVE" + _chunk(b"fmt ", header) + _chunk(b"fact", fact) + _chunk(b"data", coded)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + (b"\0" if len(data) % 2 else b"")


def _mulaw(pcm: npt.NDArray[np.int32]) -> npt.NDArray[np.uint8]:
    """ITU-T G.711 mu-law, by segments."""
    sign = np.where(pcm < 0, 0x80, 0)
    magnitude = np.minimum(np.abs(pcm), _CLIP) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    code = ~(sign | (exponent << 4) | mantissa) & 0xFF
    return np.asarray(code, dtype=np.uint8)
