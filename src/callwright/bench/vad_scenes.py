"""What voice activity is measured on: human callers in noise, with the echo of a prompt, with a bystander; labels from the clean level.

Callers are the clean files of `audio/callers-zh`; the other speaker's files are prompts and bystanders. A frame counts as voiced from 15 dB
below the 95th percentile of its sentence. Everything goes through G.711 A-law.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from callwright.errors import Place, Problem, SettingsError
from callwright.speech.port import Pcm
from callwright.speech.vad import FRAME_SAMPLES
from callwright.speech.vad_levels import QUIETEST, dbfs
from callwright.speech.wav import read_wav
from callwright.telephony.rtp import g711

__all__ = ["Heard", "Scene", "Voices", "bystander", "echo", "in_noise", "levels", "read_voices"]

Wave = npt.NDArray[np.float64]
_RATE = 8000
_CALLER_DBFS = -24.0
_PROMPT_DBFS = -20.0
_LINE_NOISE = 6.0
_VOICED_DB = 15.0


@dataclass(frozen=True, slots=True)
class Voices:
    """Sentences of two speakers."""

    callers: tuple[Wave, ...]
    others: tuple[Wave, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """frames (n, 160); played: level of our prompt per frame; voiced: (first, last) voiced frame of each sentence of the caller;
    other: the same of the bystander."""

    frames: Pcm
    played: list[float]
    voiced: list[tuple[int, int]] = field(default_factory=list)
    other: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Heard:
    """What was found in scenes: shares of frames, and times in ms."""

    voiced: int = 0
    found: int = 0
    rest: int = 0
    wrong: int = 0
    missed: int = 0
    onset_ms: list[int] = field(default_factory=list)
    end_ms: list[int] = field(default_factory=list)

    def take(self, scene: Scene, flags: list[bool]) -> None:
        """Compare the flags of a scene with its labels. The rest is what is more than 500 ms from any voice of the caller."""
        flagged = np.array(flags)
        rest = np.ones(len(flagged), np.bool_)
        for first, last in scene.voiced:
            rest[max(0, first - 25) : last + 26] = False
            self.voiced += last + 1 - first
            self.found += int(flagged[first : last + 1].sum())
            hits = np.flatnonzero(flagged[max(0, first - 5) : last + 1])
            if not len(hits):
                self.missed += 1
                continue
            self.onset_ms.append((int(hits[0]) + max(0, first - 5) - first + 1) * 20)
            self.end_ms.append((int(np.flatnonzero(flagged[: last + 40])[-1]) - last) * 20)
        self.rest += int(rest.sum())
        self.wrong += int((flagged & rest).sum())


def read_voices(shared: Path) -> Voices:
    """The clean callers of `shared`. Raises SettingsError: they are not there."""
    folder = shared / "audio" / "callers-zh"
    try:
        items = json.loads((folder / "index.json").read_text(encoding="utf-8"))["items"]
    except OSError as error:
        message = f"the recordings of callers cannot be read: {error.strerror}"
        raise SettingsError(Problem("callers", message, Place(str(folder)), "set CALLWRIGHT_SHARED")) from None

    def of(voice: str) -> tuple[Wave, ...]:
        return tuple(
            read_wav(folder / item["file"]).astype(np.float64)
            for item in items
            if item["voice"] == voice and not item["noisy"]
        )

    return Voices(of("yue-tan"), of("chen-wang"))


def levels(wave: Wave) -> list[float]:
    """dBFS of each frame."""
    rows = wave[: len(wave) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return [dbfs(float(energy)) for energy in np.square(rows).mean(axis=1)]


def _at(wave: Wave, target: float) -> Wave:
    """The wave with its active frames at `target` dBFS."""
    found = np.array(levels(wave))
    active = 10 * np.log10(np.mean(10 ** (found[found > found.max() - 25] / 10)))
    return np.asarray(wave * 10 ** ((target - active) / 20), np.float64)


def _bed(sentences: list[Wave], before_s: float, gap_s: float) -> tuple[Wave, list[tuple[int, int]]]:
    """Sentences with silence around them, and where they are voiced."""
    parts, voiced, length = [np.zeros(int(before_s * _RATE))], [], int(before_s * _RATE)
    for sentence in sentences:
        found = np.array(levels(sentence))
        loud = np.flatnonzero(found > np.percentile(found, 95) - _VOICED_DB)
        begin = round(length / FRAME_SAMPLES)
        voiced.append((begin + int(loud[0]), begin + int(loud[-1])))
        parts += [sentence, np.zeros(int(gap_s * _RATE))]
        length += len(sentence) + int(gap_s * _RATE)
    return np.concatenate(parts), voiced


def _frames(wave: Wave, rng: np.random.Generator) -> Pcm:
    noisy = np.clip(wave + rng.normal(0, _LINE_NOISE, len(wave)), -32768, 32767).astype(np.int16)
    whole = noisy[: len(noisy) // FRAME_SAMPLES * FRAME_SAMPLES]
    return g711.decode(g711.encode(whole, "PCMA"), "PCMA").reshape(-1, FRAME_SAMPLES)


def in_noise(voices: Voices, number: int, snr_db: float | None) -> Scene:
    """Four sentences of one caller over a quiet line (None), or in pink noise so far below them that lasts all along."""
    rng = np.random.default_rng(number)
    speaker = voices.callers if number % 2 else voices.others
    said = [_at(speaker[(number * 4 + n * 3) % len(speaker)], _CALLER_DBFS) for n in range(4)]
    wave, voiced = _bed(said, 3.0, 2.5)
    if snr_db is not None:
        frequencies = np.fft.rfftfreq(len(wave), 1 / _RATE)
        band = (frequencies > 200) & (frequencies < 3400)
        spectrum = np.fft.rfft(rng.normal(0, 1, len(wave))) * band / np.sqrt(np.maximum(frequencies, 1))
        pink = np.fft.irfft(spectrum, len(wave))
        wave = wave + pink / np.sqrt(np.mean(np.square(pink))) * 32768 * 10 ** ((_CALLER_DBFS - snr_db) / 20)
    return Scene(_frames(wave, rng), [QUIETEST] * (len(wave) // FRAME_SAMPLES), voiced)


def echo(voices: Voices, number: int, delay_ms: int, return_db: float, *, talk: bool) -> Scene:
    """A prompt of about ten seconds that comes back, coloured by a room; talk: the caller speaks over it once."""
    rng = np.random.default_rng(number)
    pieces = []
    for n in range(6):
        pieces += [voices.others[(number * 6 + n) % len(voices.others)], np.zeros(int(rng.uniform(0.05, 0.25) * _RATE))]
    prompt = _at(np.concatenate(pieces), _PROMPT_DBFS)
    room = rng.normal(0, 1, 200) * np.exp(-np.arange(200) / 40)
    back = np.convolve(prompt, room / np.sqrt(np.square(room).sum()))[: len(prompt)]
    back *= np.sqrt(np.mean(np.square(prompt)) / np.mean(np.square(back))) * 10 ** (return_db / 20)
    wave = np.zeros(len(prompt) + _RATE)
    wave[delay_ms * 8 : delay_ms * 8 + len(back)] += back[: len(wave) - delay_ms * 8]
    voiced: list[tuple[int, int]] = []
    if talk:
        over, voiced = _bed([_at(voices.callers[(number * 7) % len(voices.callers)], _CALLER_DBFS)], 3.0, 0.0)
        wave[: len(over)] += over[: len(wave)]
    played = np.zeros(len(wave))
    played[: len(prompt)] = prompt
    return Scene(_frames(wave, rng), levels(played), voiced)


def bystander(voices: Voices, number: int, below_db: float, *, known: bool) -> Scene:
    """Somebody so far below the caller; known: the caller has said two sentences before, and says one after."""
    rng = np.random.default_rng(number)
    caller = [_at(voices.callers[(number * 5 + n) % len(voices.callers)], _CALLER_DBFS) for n in range(3)]
    stranger = _at(voices.others[(number * 3) % len(voices.others)], _CALLER_DBFS - below_db)
    wave, where = _bed([*caller[:2], stranger, caller[2]] if known else [stranger], 1.0, 1.5)
    voiced, other = ([*where[:2], where[3]], [where[2]]) if known else ([], where)
    return Scene(_frames(wave, rng), [QUIETEST] * (len(wave) // FRAME_SAMPLES), voiced, other)
