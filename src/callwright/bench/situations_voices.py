"""Who speaks in the situations: human Mandarin recordings (whole, or cut into single words), flite in English, and what has to be made.

A `Take` is what one voice says, trimmed to its voice, with the time of every word. Word times are even over each voiced span: recordings
are joined from words of nearly equal length.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from callwright.bench.situations import Word
from callwright.bench.situations_sounds import RATE, Wave, hum, level, put, silence
from callwright.errors import ModelError, Place, Problem
from callwright.speech.wav import read_wav
from callwright.testing.people.voices import Voices

__all__ = ["Clips", "Take", "hummed", "joined", "levelled", "spoken", "synthesised"]

_FLOOR_DB = -32.0  # below the loudest frame: no voice
_FRAME = 80
_BRIDGED_MS = 120  # a shorter gap belongs to the speech


@dataclass(frozen=True, slots=True)
class Take:
    """wave: begins and ends with voice; spans: voiced spans, words: the words, ms of the wave."""

    wave: Wave
    spans: tuple[tuple[int, int], ...]
    words: tuple[Word, ...]
    text: str
    voice: str
    intent: str = ""

    @property
    def ms(self) -> int:
        return len(self.wave) * 1000 // RATE


def spoken(wave: Wave, text: str, voice: str, language: str, intent: str = "", like: Wave | None = None) -> Take:
    """A take of a whole recording. like: the same recording without its noise, where the voice can be found."""
    begin, end = _voiced(wave if like is None else like)
    kept = wave[begin * _FRAME : end * _FRAME]
    ms = len(kept) * 1000 // RATE
    return Take(kept, ((0, ms),), tuple(_even(_units(text, language), 0, ms)), text, voice, intent)


def joined(takes: Sequence[Take], gaps_ms: Sequence[float], language: str) -> Take:
    """One take after the other; a gap of less than 120 ms is none. gaps_ms: one fewer than the takes."""
    wave, at = takes[0].wave, [0.0]
    for take, gap in zip(takes[1:], gaps_ms, strict=True):
        at.append(len(wave) * 1000 / RATE + gap)
        wave = put(np.concatenate([wave, silence(gap)]), take.wave, at[-1])
    words = tuple(_moved(word, begin) for take, begin in zip(takes, at, strict=True) for word in take.words)
    spans: list[tuple[int, int]] = []
    for take, begin in zip(takes, at, strict=True):
        span = (round(begin), round(begin) + take.ms)
        if spans and span[0] - spans[-1][1] < _BRIDGED_MS:
            spans[-1] = (spans[-1][0], span[1])
        else:
            spans.append(span)
    glue = " " if language == "en" else ""
    return Take(wave, tuple(spans), words, glue.join(take.text for take in takes), takes[0].voice)


def hummed(rng: np.random.Generator, text: str, ms: float, syllables: int = 1) -> Take:
    """A hum that stands for the word (嗯, mm-hmm): no recording has one."""
    wave = hum(rng, ms, syllables=syllables)
    length = len(wave) * 1000 // RATE
    return Take(wave, ((0, length),), (Word(text, 0, length),), text, "hum")


async def synthesised(voices: Voices, voice: str, text: str, language: str, intent: str = "") -> Take:
    """A take of a synthetic voice."""
    return spoken((await voices.say(voice, text)).astype(np.float64), text, voice, language, intent)


class Clips:
    """The recordings of `audio/callers-zh` (see its README). Raises ModelError when they are missing."""

    def __init__(self, folder: Path) -> None:
        try:
            self._items = json.loads((folder / "index.json").read_text(encoding="utf-8"))["items"]
        except (OSError, ValueError, KeyError) as error:
            hint = "set CALLWRIGHT_SHARED to the folder that holds audio/callers-zh"
            place = Place(str(folder / "index.json"))
            raise ModelError(
                Problem("no-clips", f"the callers' recordings are missing: {error}", place, hint)
            ) from None
        self._folder = folder

    def takes(self, intents: Sequence[str], *, script: str = "any", noisy: bool = False) -> list[Take]:
        """All takes of these intents that fit the script, in order of their file."""
        return [
            self._take(item)
            for item in self._items
            if item["intent"] in intents and item["script"] in ("any", "none", script) and (noisy or not item["noisy"])
        ]

    def word(self, text: str, begin: int, end: int, voice: str) -> Take:
        """Characters begin..end of a recorded sentence, cut where it is quietest."""
        item = next(one for one in self._items if one["text"] == text and one["voice"] == voice and not one["noisy"])
        whole = self._take(item)
        frames = np.sqrt((whole.wave[: len(whole.wave) // _FRAME * _FRAME].reshape(-1, _FRAME) ** 2).mean(axis=1))
        first, last = (_cut(frames, at / len(text)) * _FRAME for at in (begin, end))
        piece = _faded(whole.wave[first : last or None])
        return spoken(piece, text[begin:end], voice, "zh")

    def _take(self, item: dict[str, str]) -> Take:
        wave = read_wav(self._folder / item["file"]).astype(np.float64)
        clean = None
        if item["noisy"]:
            other = self._folder / item["file"].replace("-noisy.wav", ".wav")
            clean = read_wav(other).astype(np.float64) if other.is_file() else None
        return spoken(wave, item["text"], item["voice"], "zh", item["intent"], clean)


def _voiced(wave: Wave) -> tuple[int, int]:
    """First and one behind the last voiced frame of 10 ms."""
    frames = np.sqrt((wave[: len(wave) // _FRAME * _FRAME].reshape(-1, _FRAME) ** 2).mean(axis=1))
    loud = np.flatnonzero(frames > frames.max() * 10 ** (_FLOOR_DB / 20)) if len(frames) else np.zeros(0, np.int64)
    return (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, 0)


def _cut(frames: Wave, share: float) -> int:
    """The quietest frame near that share of the recording; its ends are themselves."""
    if share in (0.0, 1.0):
        return round(share * len(frames))
    middle, reach = share * len(frames), max(2, len(frames) // 8)
    begin = max(0, int(middle) - reach)
    return begin + int(np.argmin(frames[begin : int(middle) + reach]))


def _faded(wave: Wave) -> Wave:
    ramp = np.minimum(1.0, np.arange(len(wave)) / (0.008 * RATE))
    return wave * ramp * ramp[::-1]


def _units(text: str, language: str) -> list[str]:
    return text.split() if language == "en" else list(text)


def _even(units: Sequence[str], begin: int, end: int) -> Iterator[Word]:
    lengths = np.array([max(2, len(unit)) for unit in units], np.float64)
    edges = begin + np.concatenate([[0.0], np.cumsum(lengths)]) / lengths.sum() * (end - begin)
    for unit, first, last in zip(units, edges, edges[1:], strict=False):
        yield Word(unit, round(first), round(last))


def _moved(word: Word, by_ms: float) -> Word:
    return Word(word.text, round(word.begin_ms + by_ms), round(word.end_ms + by_ms))


def levelled(take: Take, dbfs: float) -> Take:
    """The take at another level."""
    return Take(level(take.wave, dbfs), take.spans, take.words, take.text, take.voice, take.intent)
