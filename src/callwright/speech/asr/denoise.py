"""Noise taken off a whole utterance before it is decoded once more: a Wiener filter whose noise is what the quietest frames hold.

Only for a second pass: the filter sees the whole utterance. Speech loses some of its weak parts too, so the unfiltered pass stays beside it.
"""

from __future__ import annotations

import numpy as np

from callwright.speech.port import Pcm

__all__ = ["without_noise"]

_SIZE, _HOP = 256, 64  # samples: 32 ms and 8 ms at 8 kHz
_QUIET_SHARE = 0.15  # of the frames are taken for noise alone
_LEAST_QUIET = 5
_OVER = 1.5  # noise is taken off half again as strong as it was found
_FLOOR = 0.1  # of the amplitude stays, against musical tones


def without_noise(pcm: Pcm) -> Pcm:
    """As long as `pcm` (8 kHz). Audio shorter than 100 ms comes back as it is."""
    if len(pcm) < 800:
        return pcm
    window = np.sqrt(np.hanning(_SIZE + 1)[:-1])
    padded = np.concatenate([np.zeros(_SIZE), pcm.astype(np.float64), np.zeros(_SIZE + _HOP)])
    frames = np.lib.stride_tricks.sliding_window_view(padded, _SIZE)[::_HOP]
    spectrum = np.fft.rfft(frames * window, axis=1)
    power = np.abs(spectrum) ** 2
    energy = power.sum(axis=1)
    inner = np.flatnonzero(energy > 0)
    inner = inner[(inner > 4) & (inner < len(frames) - 5)]
    if len(inner) < _LEAST_QUIET:
        return pcm
    quiet = inner[np.argsort(energy[inner])[: max(_LEAST_QUIET, int(_QUIET_SHARE * len(inner)))]]
    noise = power[quiet].mean(axis=0)
    smooth = (power + np.roll(power, 1, axis=0) + np.roll(power, -1, axis=0)) / 3
    gain = np.maximum(_FLOOR, 1 - _OVER * noise / np.maximum(smooth, 1e-9))
    pieces = np.fft.irfft(spectrum * gain, _SIZE, axis=1) * window
    out = np.zeros(len(padded))
    for offset in range(0, _SIZE, _HOP):  # every fourth frame joins its neighbour without overlap
        block = pieces[offset // _HOP :: _SIZE // _HOP]
        out[offset : offset + block.size] += block.reshape(-1)
    cleaned = out[_SIZE : _SIZE + len(pcm)] / (_SIZE / _HOP / 2)
    return np.clip(np.rint(cleaned), -32768, 32767).astype(np.int16)
