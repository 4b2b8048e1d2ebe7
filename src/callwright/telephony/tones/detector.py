"""Which call-progress tone is heard: stretches of tone and pause are matched with the rhythms of `sets`. Pure; one detector belongs to one call.

Music that a network plays instead of ringing, and speech, hold pure tones too. What they do not do is to repeat one pitch at one level for
equal times with silence between. So every tone of a rhythm must stand still in pitch and level, be as loud, as long and as high as its
fellows, and be followed by a real pause; other sound in between begins the count anew.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from callwright.telephony.port import FRAME_MS, FRAME_SAMPLES, Pcm
from callwright.telephony.tones.sets import (
    PATTERNS,
    SIT_HIGH,
    SIT_ITU,
    SIT_LONG_MS,
    SIT_LOW,
    SIT_SHORT_MS,
    SIT_THIRD,
    SIT_VARIANTS,
    Region,
    ToneKind,
    TonePattern,
)
from callwright.telephony.tones.spectrum import TOGETHER_HZ, Glimpse, Spectrum, glimpses
from callwright.telephony.tones.stretches import Stretch, Stretches

__all__ = ["ToneBank", "ToneDetector", "ToneFound"]

_ALIKE_HZ, _ALIKE_DB = 12.0, 3.5  # between the tones of one rhythm
_AGAIN_FRAMES = 500  # the same tone is told again after so long
_SIT_PAUSE_FRAMES = 3
_SIT_BOUNDS = ((890, 1010), (1346, 1454), (1752, 1850))
_SIT_MS = (230, 440)
_SIT_DB = 6.0
_BEEP_MS, _BEEP_HZ = (100, 1100), (390, 2110)
_BEEP_PAUSE_FRAMES = 5
_BEEP_STEADY = (1.5, 5.0)  # dB, Hz


@dataclass(frozen=True, slots=True)
class ToneFound:
    """A tone. begin_ms, at_ms: its first sound and when it was certain, on the clock of the frames pushed (20 ms each); frequencies: as
    measured; level: dBm0; detail: the SIT variant (`IC`, `VC` ..., `ITU`)."""

    kind: ToneKind
    region: Region
    begin_ms: int
    at_ms: int
    frequencies: tuple[float, ...]
    level: float
    detail: str = ""


class ToneDetector:
    """`push(frame)` per 20 ms gives the tones that have just become certain, nearly always none."""

    def __init__(self, patterns: Iterable[TonePattern] = PATTERNS, *, sit: bool = True, beeps: bool = False) -> None:
        """beeps: also report single short tones (400 to 2100 Hz), as voicemail plays one after its greeting."""
        self._spectrum = Spectrum()
        self._rhythms = Rhythms(patterns, sit=sit, beeps=beeps)

    def push(self, frame: Pcm) -> tuple[ToneFound, ...]:
        """frame: 160 samples, int16, 8 kHz; another length raises ValueError."""
        return self._rhythms.push(self._spectrum.push(frame))

    @property
    def standing(self) -> bool:
        """A pure tone sounds now, whatever it turns out to be: no voice."""
        return self._rhythms.standing


class ToneBank:
    """Detectors of many calls that run in step; less than half the cost per call."""

    def __init__(self, calls: int, *, beeps: bool = False) -> None:
        self._windows = np.zeros((calls, 2 * FRAME_SAMPLES), np.int16)
        self._rhythms = [Rhythms(PATTERNS, sit=True, beeps=beeps) for _ in range(calls)]

    def push(self, frames: npt.NDArray[np.int16]) -> list[tuple[ToneFound, ...]]:
        """frames: (calls, 160)."""
        self._windows[:, :FRAME_SAMPLES] = self._windows[:, FRAME_SAMPLES:]
        self._windows[:, FRAME_SAMPLES:] = frames
        return [rhythms.push(glimpse) for rhythms, glimpse in zip(self._rhythms, glimpses(self._windows), strict=True)]


class Rhythms:
    """Stretches of one call against the patterns."""

    def __init__(self, patterns: Iterable[TonePattern], *, sit: bool, beeps: bool) -> None:
        self._stretches = Stretches()
        self._past: deque[Stretch] = deque(maxlen=16)
        self._due: defaultdict[int, list[TonePattern]] = defaultdict(list)
        self._standing: defaultdict[int, list[TonePattern]] = defaultdict(list)
        for pattern in patterns:
            shortest = int(pattern.bounds(-1)[0] // FRAME_MS)
            (self._due if len(pattern.cadence_ms) > 1 else self._standing)[shortest].append(pattern)
        self._sit, self._beeps = sit, beeps
        self._frame = 0
        self._told: dict[tuple[str, str], int] = {}

    @property
    def standing(self) -> bool:
        return self._stretches.now.kind == "tone"

    def push(self, glimpse: Glimpse) -> tuple[ToneFound, ...]:
        self._frame += 1
        ended = self._stretches.push(glimpse)
        if ended is not None:
            if ended.kind == "sound":
                self._past.clear()
            self._past.append(ended)
        now = self._stretches.now
        # A new stretch begins with three frames at once, so its length is passed through, not met.
        lengths = range(1, now.frames + 1) if ended is not None else (now.frames,)
        if now.kind == "pause":
            found = [tone for frames in lengths for tone in self._after_pause(now, frames)]
        elif now.kind == "tone":
            found = [tone for frames in lengths for tone in self._while_standing(now, frames)]
        else:
            return ()
        return tuple(tone for tone in found if self._news(tone)) if found else ()

    def _news(self, tone: ToneFound) -> bool:
        name = (tone.kind, tone.detail)
        before = self._told.get(name)
        if tone.kind != "beep" and before is not None and self._frame - before < _AGAIN_FRAMES:
            return False
        self._told[name] = self._frame
        return True

    def _after_pause(self, pause: Stretch, frames: int) -> list[ToneFound]:
        found = []
        if frames in self._due:
            matching = [
                (_distance(pattern, tones[0]), pattern, tones)
                for pattern in self._due[frames]
                if (tones := self._matching(pattern))
            ]
            if matching:
                _, pattern, tones = min(matching, key=lambda one: one[0])
                found.append(self._tone(pattern.kind, pattern.region, tones))
        if frames == _SIT_PAUSE_FRAMES and self._sit and (tones := self._special()):
            found.append(self._tone("sit", "itu", tones, _sit_variant(tones)))
        if frames == _BEEP_PAUSE_FRAMES and self._beeps and (beep := self._beep()):
            found.append(self._tone("beep", "any", [beep]))
        return found

    def _while_standing(self, tone: Stretch, frames: int) -> list[ToneFound]:
        return [
            self._tone(pattern.kind, pattern.region, [tone])
            for pattern in self._standing.get(frames, ())
            if _pitch(pattern, tone) and tone.steady
        ]

    def _matching(self, pattern: TonePattern) -> list[Stretch]:
        """The tones of the pattern's cycles that end with the pause under way; none when it is not this pattern."""
        parts = len(pattern.cadence_ms)
        count = parts * pattern.cycles - 1
        if len(self._past) < count:
            return []
        recent = list(self._past)[-count:]
        for place, stretch in enumerate(recent):
            part = place % parts
            shortest, longest = pattern.bounds(part)
            if stretch.kind != ("pause" if part % 2 else "tone") or not shortest <= stretch.ms <= longest:
                return []
        tones = recent[::2]
        return tones if all(_pitch(pattern, tone) and tone.steady for tone in tones) and _alike(tones) else []

    def _special(self) -> list[Stretch]:
        """Three rising tones of the special information tone with nothing before and nothing right after them."""
        tones = list(self._past)[-3:]
        if len(tones) < 3 or any(tone.kind != "tone" or tone.second or not tone.steady for tone in tones):
            return []
        if any(right.begin - left.end > 4 for left, right in pairwise(tones)):
            return []
        before = self._past[-4] if len(self._past) > 3 else None
        if before is not None and (before.kind != "pause" or before.frames < 5):
            return []
        fits = all(
            low <= tone.first <= high and _SIT_MS[0] <= tone.ms <= _SIT_MS[1]
            for tone, (low, high) in zip(tones, _SIT_BOUNDS, strict=True)
        )
        levels = [tone.level for tone in tones]
        return tones if fits and max(levels) - min(levels) <= _SIT_DB else []

    def _beep(self) -> Stretch | None:
        tone = self._past[-1] if self._past else None
        if tone is None or tone.kind != "tone" or tone.second or not tone.within(*_BEEP_STEADY):
            return (
                None  # alone, it has no fellows to be compared with: it must stand stiller than the tones of a rhythm
            )
        return tone if _BEEP_MS[0] <= tone.ms <= _BEEP_MS[1] and _BEEP_HZ[0] <= tone.first <= _BEEP_HZ[1] else None

    def _tone(self, kind: ToneKind, region: Region, tones: list[Stretch], detail: str = "") -> ToneFound:
        if kind == "sit":
            frequencies = tuple(round(tone.first, 1) for tone in tones)
        else:
            frequencies = tuple(round(hz, 1) for hz in (tones[-1].first, tones[-1].second) if hz)
        level = round(sum(tone.level for tone in tones) / len(tones), 1)
        return ToneFound(kind, region, tones[0].begin * FRAME_MS, self._frame * FRAME_MS, frequencies, level, detail)


def _seen_as(pattern: TonePattern) -> tuple[float, float]:
    """(first, second) as the spectrum shows them: tones close together are one."""
    if len(pattern.frequencies) == 1:
        return pattern.frequencies[0], 0.0
    low, high = pattern.frequencies
    return ((low + high) / 2, 0.0) if high - low < TOGETHER_HZ else (low, high)


def _pitch(pattern: TonePattern, tone: Stretch) -> bool:
    first, second = _seen_as(pattern)
    return abs(tone.first - first) <= pattern.tolerance_hz and abs(tone.second - second) <= pattern.tolerance_hz


def _distance(pattern: TonePattern, tone: Stretch) -> float:
    return abs(tone.first - _seen_as(pattern)[0])


def _alike(tones: list[Stretch]) -> bool:
    pitches, levels = [tone.first for tone in tones], [tone.level for tone in tones]
    return max(pitches) - min(pitches) <= _ALIKE_HZ and max(levels) - min(levels) <= _ALIKE_DB


def _sit_variant(tones: list[Stretch]) -> str:
    """Which of the variants; `ITU` for the plain international one, told by its third tone."""
    if tones[2].first > (SIT_THIRD + SIT_ITU[2]) / 2:
        return "ITU"
    high = tuple(tone.first > (low + top) / 2 for tone, low, top in zip(tones, SIT_LOW, SIT_HIGH, strict=False))
    long = tuple(tone.ms > (SIT_SHORT_MS + SIT_LONG_MS) / 2 for tone in tones[:2])
    return next((one.name for one in SIT_VARIANTS if one.high == high and one.long == long), "other")
