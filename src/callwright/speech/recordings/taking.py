"""One recording from a stranger, finished in a process of its own: what reads it may crash without taking a server along."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from callwright.errors import AudioError, Place, Problem
from callwright.speech.recordings.finishing import RATE, finish_recording
from callwright.speech.recordings.judging import Measured, measure
from callwright.speech.recordings.reading import read_sound
from callwright.speech.wav import write_wav

__all__ = ["MOST_SECONDS", "Taken", "take"]

MOST_SECONDS = 60  # of one prompt


@dataclass(frozen=True, slots=True)
class Taken:
    """measured: the recording as it came; seconds: of what was made of it."""

    measured: Measured
    seconds: float


def take(source: Path, target: Path, ffmpeg: str = "ffmpeg") -> Taken | Problem:
    """Read and measure `source`, write what a robot plays to `target`. A problem that names no file: only the caller knows what it is called."""
    try:
        sound = read_sound(source, ffmpeg=ffmpeg, most_seconds=MOST_SECONDS)
    except AudioError as error:
        first = error.problems[0]
        return Problem(first.code, first.message, Place(), first.hint)
    pcm = finish_recording(sound.samples, sound.rate)
    if not len(pcm):
        return Problem(
            "silent", "there is no sound in the recording", hint="Record it again; look whether the microphone is on."
        )
    write_wav(target, pcm, RATE)
    return Taken(measure(sound), len(pcm) / RATE)
