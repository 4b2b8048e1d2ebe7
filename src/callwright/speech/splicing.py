"""Recorded fragments and synthesised values as one sentence, without a gap, a jump or a change of loudness that could be heard. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from callwright.speech.port import Pcm
from callwright.speech.recordings.levels import active_dbfs, levels
from callwright.speech.tts.loudness import finish

__all__ = ["Piece", "level_of", "splice", "to_level"]

_RATE = 8000
_MARGIN = _RATE * 10 // 1000  # kept of the silence around speech: the softest sounds lie under any threshold
_FADE = _RATE * 10 // 1000  # cross-fade at a join
_OUTER = _RATE * 40 // 1000
_QUIETEST, _LOUDEST_FILL = -78.0, -48.0
_Sound = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Piece:
    """pcm: 8 kHz; pause_ms: silence wanted between the speech of the piece before and of this one; sentence: a sentence begins with it."""

    pcm: Pcm
    pause_ms: int = 0
    sentence: bool = False


def level_of(recordings: Sequence[Pcm]) -> float:
    """dBFS of the speech in them (the longer, the more it counts): what the values between are brought to."""
    powers = [(len(pcm), 10 ** (active_dbfs(_float(pcm), _RATE) / 10)) for pcm in recordings if len(pcm)]
    whole = sum(length for length, _ in powers)
    return float(10 * np.log10(sum(length * power for length, power in powers) / whole)) if whole else -20.0


def to_level(pcm: Pcm, dbfs: float) -> Pcm:
    """A synthesised value as loud as the speech beside it."""
    return finish(pcm, level_dbfs=dbfs) if len(pcm) else pcm


def splice(pieces: Sequence[Piece]) -> tuple[Pcm, tuple[int, ...]]:
    """The sentence, and where sentences begin in it (ms, 0 first). Each piece is cut to its speech; between two there is as much silence as
    asked for (20 ms and less: none but the 10 ms of the cross-fade), with the noise of the room in it."""
    there = [piece for piece in pieces if len(piece.pcm)]
    if not there:
        return np.zeros(0, np.int16), (0,)
    boundaries = [0]
    sound: _Sound = np.zeros(0)
    floor = _QUIETEST
    for index, piece in enumerate(there):
        own, own_floor = _cut(piece.pcm, first=index == 0, last=index == len(there) - 1)
        if index:
            fill = _RATE * piece.pause_ms // 1000 - 2 * _MARGIN
            if fill > 0:
                noise = _noise(fill + 2 * _FADE, min(max(floor, own_floor), _LOUDEST_FILL), seed=index)
                sound = _joined(sound, noise)
            if piece.sentence:
                boundaries.append((len(sound) - _FADE + _MARGIN) * 1000 // _RATE)
            sound = _joined(sound, own)
        else:
            sound = own
        floor = own_floor
    return np.clip(np.rint(sound * 32768.0), -32768, 32767).astype(np.int16), tuple(dict.fromkeys(boundaries))


def _cut(pcm: Pcm, *, first: bool, last: bool) -> tuple[_Sound, float]:
    """A piece with 10 ms of what is around its speech (40 ms at the ends of the whole), and the level of its noise."""
    sound = _float(pcm)
    measured = levels(sound, _RATE)
    begin = measured.begin - (_OUTER if first else _MARGIN)
    end = measured.end + (_OUTER if last else _MARGIN)
    kept = sound[max(0, begin) : min(len(sound), end)]
    kept = np.pad(kept, (max(0, -begin), max(0, end - len(sound))))
    floor = measured.floor if measured.still else _QUIETEST
    return kept, max(floor, _QUIETEST)


def _joined(left: _Sound, right: _Sound) -> _Sound:
    """Cross-faded over 10 ms, equal power: what meets is not alike."""
    fade = min(_FADE, len(left), len(right))
    if not fade:
        return np.concatenate([left, right])
    angle = (np.arange(fade) + 0.5) / fade * np.pi / 2
    middle = left[len(left) - fade :] * np.cos(angle) + right[:fade] * np.sin(angle)
    return np.concatenate([left[: len(left) - fade], middle, right[fade:]])


def _noise(length: int, dbfs: float, seed: int) -> _Sound:
    """Room noise of this level: white is near enough at such levels; the same each time, so that prompts can be cached."""
    return np.random.default_rng(seed).standard_normal(length) * 10 ** (dbfs / 20)


def _float(pcm: Pcm) -> _Sound:
    return pcm.astype(np.float64) / 32768.0
