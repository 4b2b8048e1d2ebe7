"""What is wrong with a recording: measured once, judged by its text and by the pace of its speaker. Pure but for the measuring."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from callwright.speech.numerals import chinese_numerals, english_numerals
from callwright.speech.port import Language
from callwright.speech.recordings.finishing import RATE
from callwright.speech.recordings.levels import Levels, levels
from callwright.speech.recordings.reading import Sound

__all__ = ["Fault", "Measured", "faults_of", "measure", "pace_of", "syllables"]

_HAN = re.compile(r"[一-鿿]")
_LATIN = re.compile(r"[a-z']+")
_VOWELS = re.compile(r"[aeiouy]+")
_FASTEST, _SLOWEST = 9.0, 1.8  # syllables a second
_SLACK_S = 0.4
_OFF_PACE = 1.7  # times the speaker's own pace, either way
_ENOUGH = 5  # recordings, from which on a speaker has a pace
_LOUD_DBFS = -8.0  # a voice has peaks 10 to 15 dB over its level: louder than this it was squeezed or cut off somewhere
_QUIET_DBFS = -45.0  # raised to the loudness of prompts, the noise of a 16-bit converter is heard


@dataclass(frozen=True, slots=True)
class Fault:
    """code: `clipped`, `too-loud`, `too-quiet`, `noisy`, `low-rate`, `too-short` or `too-long`."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A recording as it came. seconds: of its speech; rate: Hz; clipped: stretches cut off at full scale; speech, floor: dBFS; still: there was
    silence to measure the floor in."""

    seconds: float
    rate: int
    channels: int
    clipped: int
    speech: float
    floor: float
    still: bool


def measure(sound: Sound) -> Measured:
    """The sound itself is not kept: a folder may hold hours."""
    found = levels(sound.samples, sound.rate)
    seconds = (found.end - found.begin) / sound.rate
    return Measured(seconds, sound.rate, sound.channels, sound.clipped, found.speech, found.floor, found.still)


def pace_of(spoken: Iterable[tuple[str, Measured]], language: Language) -> float | None:
    """Syllables a second of the speaker of these texts; None when there are too few recordings to tell."""
    paces = []
    for text, measured in spoken:
        count = syllables(text, language)
        if measured.seconds > 0.3 and count >= 3:
            paces.append(count / measured.seconds)
    return median(paces) if len(paces) >= _ENOUGH else None


def faults_of(text: str, language: Language, measured: Measured, pace: float | None) -> tuple[Fault, ...]:
    """Everything that is wrong with the recording of a text."""
    return (*_sound_faults(measured), *_length_faults(text, language, measured.seconds, pace))


def syllables(text: str, language: Language) -> int:
    """About how many syllables are spoken: what a recording's length is judged by."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    said = chinese_numerals(plain) if language == "zh" else english_numerals(plain)
    latin = sum(max(1, len(_VOWELS.findall(word.removesuffix("e")))) for word in _LATIN.findall(said))
    return len(_HAN.findall(said)) + latin


def _sound_faults(measured: Measured) -> list[Fault]:
    faults = []
    if measured.clipped:
        faults.append(Fault("clipped", f"clipped in {measured.clipped} places: record it again, less loud"))
    elif measured.speech > _LOUD_DBFS:
        faults.append(Fault("too-loud", f"too loud: speech at {measured.speech:.0f} dB of full scale"))
    if measured.speech < _QUIET_DBFS:
        faults.append(Fault("too-quiet", f"too quiet: speech at {measured.speech:.0f} dB of full scale"))
    heard = Levels(measured.speech, measured.floor, 0, 0, measured.still)
    if heard.noisy:
        faults.append(Fault("noisy", f"noisy: speech only {heard.snr_db:.0f} dB over the noise"))
    if measured.rate < RATE:
        faults.append(Fault("low-rate", f"{measured.rate} samples a second are less than a telephone carries"))
    return faults


def _length_faults(text: str, language: Language, seconds: float, pace: float | None) -> list[Fault]:
    count = syllables(text, language)
    fast = min(_FASTEST, pace * _OFF_PACE) if pace else _FASTEST
    slow = max(_SLOWEST, pace / _OFF_PACE) if pace else _SLOWEST
    if count and seconds < count / fast - _SLACK_S / 4:
        return [Fault("too-short", f"too short for its text: {seconds:.1f} s for {count} syllables")]
    if count and seconds > count / slow + _SLACK_S:
        return [Fault("too-long", f"too long for its text: {seconds:.1f} s for {count} syllables")]
    return []
