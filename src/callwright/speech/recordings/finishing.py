"""A recording made fit for the line: 8 kHz, the telephone's band, short silence at both ends, the loudness of all our prompts."""

from __future__ import annotations

import numpy as np
import soxr

from callwright.speech.port import Pcm
from callwright.speech.recordings.levels import Samples, speech_span, to_loudness
from callwright.speech.tts.loudness import band_limit

__all__ = ["LEAD_MS", "LOUDNESS_LUFS", "PEAK_DBTP", "TAIL_MS", "finish_recording", "trim"]

RATE = 8000
LOUDNESS_LUFS = -21.0  # what our synthesised prompts have: -20 dBFS of active speech measures -20.7 to -21.4
PEAK_DBTP = -2.0
LEAD_MS, TAIL_MS = 40, 80


def finish_recording(samples: Samples, rate: int) -> Pcm:
    """Mono float64 at `rate` -> int16 at 8 kHz: band-limited to 200-3400 Hz, trimmed, -21 LUFS, true peaks under -2 dBTP. Empty when there is
    no sound in it."""
    narrow = soxr.resample(samples, rate, RATE, quality="VHQ") if rate != RATE else samples
    sound = trim(band_limit(np.asarray(narrow, np.float64)), RATE)
    if not len(sound):
        return np.zeros(0, np.int16)
    sound = to_loudness(sound, RATE, LOUDNESS_LUFS, PEAK_DBTP)
    return np.clip(np.rint(sound * 32768.0), -32768, 32767).astype(np.int16)


def trim(sound: Samples, rate: int, lead_ms: int = LEAD_MS, tail_ms: int = TAIL_MS) -> Samples:
    """With exactly so much before and after the speech (silence is put there when there is less); fades keep the cut from clicking."""
    begin, end = speech_span(sound, rate)
    if end <= begin or not np.any(sound):
        return sound[:0]
    lead, tail = rate * lead_ms // 1000, rate * tail_ms // 1000
    before, after = sound[max(0, begin - lead) : begin], sound[end : end + tail]
    whole = np.concatenate([before, sound[begin:end], after])
    fade = min(rate // 200, len(before) or 1, len(after) or 1)
    ramp = np.sin(np.linspace(0, np.pi / 2, fade, endpoint=False)) ** 2
    whole[:fade] *= ramp
    whole[len(whole) - fade :] *= ramp[::-1]
    return np.pad(whole, (lead - len(before), tail - len(after)))
