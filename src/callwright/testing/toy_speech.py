"""Speech for the toy model of sherpa-onnx: each character is a tone. For tests of streaming connections; it says nothing about recognition."""

from __future__ import annotations

import numpy as np

from callwright.speech.port import Pcm

__all__ = ["CHARACTERS", "toy_speech"]

CHARACTERS = "好的不用需要谢再见人"  # 500 Hz, 700 Hz, ...
_RATE = 8000


def toy_speech(text: str, *, before_ms: int = 300, after_ms: int = 0) -> Pcm:
    """8 kHz int16, whole frames of 20 ms: for each character 0.2 s of its tone and 0.15 s of silence. Raises ValueError: a character that the
    model does not know."""
    at = np.arange(_RATE // 5) / _RATE
    pieces = [np.zeros(before_ms * _RATE // 1000)]
    for character in text:
        tone = 0.3 * np.sin(2 * np.pi * (500 + 200 * CHARACTERS.index(character)) * at)
        pieces += [tone, np.zeros(_RATE * 3 // 20)]
    whole = np.concatenate([*pieces, np.zeros(after_ms * _RATE // 1000)])
    return np.pad(whole * 32767, (0, -len(whole) % 160)).astype(np.int16)
