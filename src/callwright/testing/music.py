"""Synthesised music at 8 kHz for tests of call progress: melodies, chords, plucked and blown notes, drums, rests. No recording, no copyright.

What it is not: singing, orchestras, a real ringback service. It is made to be hard: many notes are pure sines near 450 Hz, many repeat.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from callwright.telephony.port import SAMPLE_RATE, Pcm

__all__ = ["music"]

_Wave = npt.NDArray[np.float64]
_SCALE = [220 * 2 ** (step / 12) for step in range(37)]  # A3 to A6
_NEAR_BUSY = (425.0, 440.0, 450.0, 452.0, 466.2, 480.0, 493.9, 620.0)
_TIMBRES = {
    "sine": (1.0,),
    "flute": (1.0, 0.35, 0.08),
    "organ": (1.0, 0.6, 0.4, 0.3, 0.2),
    "reed": (0.6, 1.0, 0.8, 0.5, 0.4, 0.2),
}


def music(seconds: float, seed: int) -> Pcm:
    """A piece of its own for each seed: timbre, tempo, key, and whether it repeats notes, plays chords, has drums or silences."""
    rng = np.random.default_rng(seed)
    wanted = int(seconds * SAMPLE_RATE)
    pieces, length = [], 0
    for piece in _notes(rng):
        pieces.append(piece)
        length += len(piece)
        if length >= wanted:
            break
    wave = np.concatenate(pieces)[:wanted]
    if rng.random() < 0.4:
        wave = wave + _drums(len(wave), rng)
    loudness = 10 ** (rng.uniform(-24, -4) / 20) * 20000
    scaled = wave / max(1e-9, float(np.abs(wave).max())) * loudness + rng.normal(0, rng.choice([0, 3, 30]), len(wave))
    return np.clip(scaled, -32768, 32767).astype(np.int16)


def _notes(rng: np.random.Generator) -> Iterator[_Wave]:
    timbre = _TIMBRES[str(rng.choice(list(_TIMBRES)))]
    beat_s = 60 / rng.uniform(60, 180)
    plucked, chords, legato = rng.random() < 0.5, rng.random() < 0.4, rng.random() < 0.5
    repeats = rng.random() < 0.5
    while True:
        pitch = float(rng.choice(_NEAR_BUSY)) if rng.random() < 0.4 else float(rng.choice(_SCALE))
        pitches = [pitch, *(pitch * 2 ** (step / 12) for step in ((4, 7) if chords else ()))]
        note_s = beat_s * float(rng.choice([0.25, 0.5, 1, 1, 2, 3]))
        for _ in range(int(rng.integers(2, 5)) if repeats and rng.random() < 0.5 else 1):
            accent = rng.uniform(0.5, 1.0)
            sounding_s = note_s * (1.0 if legato else rng.uniform(0.4, 0.9))
            yield accent * _note(pitches, sounding_s, timbre, plucked)
            if not legato:
                yield np.zeros(int((note_s - sounding_s) * SAMPLE_RATE))
        if rng.random() < 0.15:
            yield np.zeros(int(beat_s * SAMPLE_RATE * rng.integers(1, 5)))


def _note(pitches: list[float], seconds: float, timbre: tuple[float, ...], plucked: bool) -> _Wave:
    time = np.arange(max(1, int(seconds * SAMPLE_RATE))) / SAMPLE_RATE
    wave = np.zeros_like(time)
    for pitch in pitches:
        for number, strength in enumerate(timbre, 1):
            if number * pitch < 3400:
                wave += strength * np.sin(2 * np.pi * number * pitch * time)
    envelope = np.minimum(1.0, time / 0.01) * np.minimum(1.0, (seconds - time).clip(0) / 0.01)
    note: _Wave = wave * envelope * (np.exp(-time / 0.4) if plucked else 1.0)
    return note


def _drums(length: int, rng: np.random.Generator) -> _Wave:
    wave = np.zeros(length)
    hit = rng.normal(0, 1, 1200) * np.exp(-np.arange(1200) / 200)
    step = int(60 / rng.uniform(60, 160) * SAMPLE_RATE)
    for begin in range(0, length - len(hit), step):
        wave[begin : begin + len(hit)] += hit * rng.uniform(0.2, 1)
    return wave
