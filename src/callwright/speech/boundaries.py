"""Where a prompt may go on after it was paused: places where its speech begins anew after a pause, of a sentence or of a phrase. Pure.

A pause of a quarter of a second is one whoever speaks. Shorter ones lie between phrases too, but as well inside words, before p, t and k
(up to 110 ms with espeak-ng, 170 ms with flite). What tells them apart is the text: it says about where a pause belongs.
"""

from __future__ import annotations

import re

import numpy as np

from callwright.speech.port import Pcm

__all__ = ["boundaries"]

_STEP = 80  # samples, 10 ms
_STEP_MS = 10
_PLAIN_MS = 250  # a pause whatever the text says
_LEAST_MS = 60  # a pause where the text has a mark
_OFF_MS, _OFF_SHARE = 400, 0.12  # how far from where the text has it, of the whole at least
_PER_OFF = 0.2  # ms of pause that a ms of distance outweighs
_QUIET_SHARE, _QUIET = 0.03, 30.0  # of the loudest step; of int16
_AHEAD_MS = 10  # so much before the sound: a soft beginning lies there
_MARK = re.compile(r"(?<!\d)[,:]|[,:](?!\d)|[，、：;；。！？!?…—]+|\.(?!\d)|(?<!\d)\.")


def boundaries(pcm: Pcm, text: str) -> tuple[int, ...]:
    """ms where speech goes on after a pause, ascending, 0 first. pcm: 8 kHz; text: what is said in it."""
    pauses = _pauses(pcm)
    found = {end for end, length in pauses if length >= _PLAIN_MS}
    whole_ms = len(pcm) // 8
    reach = max(_OFF_MS, _OFF_SHARE * whole_ms)
    for expected in _expected(text, whole_ms):
        near = [(length - _PER_OFF * abs(end - expected), end) for end, length in pauses
                if length >= _LEAST_MS and abs(end - expected) <= reach]  # fmt: skip
        if near:
            found.add(max(near)[1])
    return (0, *(end - _AHEAD_MS for end in sorted(found)))


def _expected(text: str, whole_ms: int) -> list[float]:
    """Where speech would go on after each mark within the text, were every letter equally long."""
    letters = sum(map(str.isalnum, text))
    before = (sum(map(str.isalnum, text[: mark.end()])) for mark in _MARK.finditer(text))
    return [count / letters * whole_ms for count in before if 0 < count < letters]


def _pauses(pcm: Pcm) -> list[tuple[int, int]]:
    """(end, length) of each stretch of quiet between two sounds, ms."""
    steps = len(pcm) // _STEP
    if not steps:
        return []
    level = np.sqrt(np.square(pcm[: steps * _STEP].astype(np.float64).reshape(-1, _STEP)).mean(axis=1))
    loud = np.flatnonzero(level >= max(level.max() * _QUIET_SHARE, _QUIET))
    gaps = np.flatnonzero(np.diff(loud) > 1)
    return [(int(loud[at + 1]) * _STEP_MS, int(loud[at + 1] - loud[at] - 1) * _STEP_MS) for at in gaps]
