"""The waveform of a recording: the loudest sample of each short stretch, for each channel. Pure."""

from __future__ import annotations

import io
import wave
from typing import Any

import numpy as np

__all__ = ["COLUMNS", "peaks"]

COLUMNS = 1600
"""Stretches of a recording at most: more than a screen has columns."""


def peaks(data: bytes) -> dict[str, Any]:
    """Of a 16-bit PCM WAV: `{"duration_ms", "channels": [[0..1, ...], ...]}`, rounded to hundredths; a channel each.

    Raises wave.Error or EOFError for what is none.
    """
    with wave.open(io.BytesIO(data), "rb") as file:
        channels, rate = file.getnchannels(), file.getframerate()
        if file.getsampwidth() != 2:
            raise wave.Error(f"{8 * file.getsampwidth()} bit a sample; 16 are read")
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    frames = frames[: len(frames) // channels * channels].reshape(-1, channels)
    if not len(frames):
        return {"duration_ms": 0, "channels": [[] for _ in range(channels)]}
    starts = np.unique(np.linspace(0, len(frames), COLUMNS, endpoint=False).astype(int))
    loud = np.maximum.reduceat(np.abs(frames.astype(np.int32)), starts, axis=0) / 32768
    return {
        "duration_ms": round(1000 * len(frames) / rate),
        "channels": [np.round(loud[:, channel], 2).tolist() for channel in range(channels)],
    }
