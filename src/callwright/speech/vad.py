"""Voice activity of one call from 20 ms frames: a gate over the noise floor, a detector, what is not this caller's left out, a hangover.

The gate keeps line noise from the detector and saves its time in silence. A frame is this caller's voice when the detector says speech and
its level stands above the noise, above what the echo of our own prompt may have (`vad_echo`), and not clearly below this caller's own
loudness once that is known (`vad_levels`). Weaker frames go on with a voice that has begun, not longer than `weak_frames`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import webrtcvad

from callwright.speech.port import Pcm
from callwright.speech.vad_echo import EchoBound
from callwright.speech.vad_levels import QUIETEST, CallerLoudness, NoiseFloor, dbfs, level_dbfs, mean_square

__all__ = [
    "FRAME_MS",
    "FRAME_SAMPLES",
    "Detector",
    "LateDetector",
    "LeftOut",
    "Vad",
    "VadRules",
    "WebRtcDetector",
    "level_dbfs",
]

FRAME_MS = 20
FRAME_SAMPLES = 160
_SMOOTHING = 0.4  # of the energy that is compared with the caller's: about 50 ms
_NOISE_FRAMES = 15  # loud for so long and no speech: noise
_TOLD_FRAMES = 6  # voice left out for so long is told
_SINKING_DB = 3.0  # by that the noise floor may sink in a few frames
_APART_FRAMES = 50  # and told again after so long without


class Detector(Protocol):
    """Speech or not, for one 20 ms frame of 160 samples (8 kHz int16) after the other."""

    def is_speech(self, frame: Pcm, loud: bool) -> bool:
        """loud: the frame passes the gate; the answer for others does not count, so work may be saved."""

    def close(self) -> None:
        """Nothing more will come. Safe to call twice."""


@runtime_checkable
class LateDetector(Detector, Protocol):
    """One that does not know at once (`VadRules.lag_frames`). on_speech: called between two frames when speech is found there; resting:
    of frames that do not pass the gate it needs the last one only."""

    on_speech: Callable[[], None] | None

    @property
    def resting(self) -> bool: ...


class WebRtcDetector:
    """WebRTC VAD; aggressiveness 0..3."""

    def __init__(self, aggressiveness: int = 2) -> None:
        self._vad = webrtcvad.Vad(aggressiveness)

    def is_speech(self, frame: Pcm, loud: bool) -> bool:
        return loud and bool(self._vad.is_speech(frame.tobytes(), 8000))

    def close(self) -> None:
        return


@dataclass(frozen=True, slots=True)
class VadRules:
    """above_floor_db: how far above the noise floor speech must stand; lowest_dbfs: never speech below this level;
    onset_frames: frames in a row that make a beginning (a click is one); hangover_frames: frames of voice kept after the last one;
    lag_frames: how many frames later the detector may know; bystander_db: so much quieter than this caller is somebody else (None: never);
    echo_db: so much above the loudest possible echo is no echo (None: echo is not looked for); weak_frames: how long voice that would not
    begin an utterance goes on with one; faint_db: whose loudest frame is so much below this caller's level may be somebody else;
    faint_dbfs: the same of a caller not known yet (telephone speech has -26 dBov on average, ITU-T P.56, and its loudest frames 4 dB more)."""

    above_floor_db: float = 9.0
    lowest_dbfs: float = -55.0
    onset_frames: int = 2
    hangover_frames: int = 8
    lag_frames: int = 0
    bystander_db: float | None = 10.0
    echo_db: float | None = 3.0
    weak_frames: int = 10
    faint_db: float = 6.0
    faint_dbfs: float = -28.0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Voice that did not count, told once per episode. level: its own; limit: what it had to exceed (dBFS)."""

    why: Literal["bystander", "echo"]
    level_dbfs: float
    limit_dbfs: float


class Vad:
    """`push(frame) -> bool` for each 20 ms frame, in order. State belongs to one call."""

    def __init__(self, detector: Detector | None = None, rules: VadRules | None = None) -> None:
        self._detector = detector or WebRtcDetector()
        self._late = self._detector if isinstance(self._detector, LateDetector) else None
        self._rules = rules or VadRules()
        self._floor = NoiseFloor()
        self._caller = CallerLoudness()
        self._echo = EchoBound()
        self._lowest = mean_square(self._rules.lowest_dbfs)
        self._smooth = 0.0  # mean square
        self._loudest = 0.0  # of the utterance
        self._known_dbfs: float | None = None  # this caller's level before it
        self._now = 0
        self._loud_at = self._strong_at = self._voice_at = self._sure_at = -(10**9)
        self._run = 0
        self._noise = 0  # loud frames since the last speech
        self._closed = False
        self._left_out: LeftOut | None = None
        self._left_frames = 0
        self._left_at = -(10**9)

    @property
    def floor_dbfs(self) -> float:
        """The tracked noise floor."""
        return self._floor.dbfs

    @property
    def caller_dbfs(self) -> float | None:
        """How loud this caller is; None: not known yet."""
        return self._caller.dbfs

    @property
    def echo_return_db(self) -> float:
        """Level of the echo of our prompt relative to the prompt, at most."""
        return self._echo.return_db

    @property
    def wakes_at(self) -> float:
        """Mean square below which the next few frames are line noise and nothing more, so that they may be pushed later, several at a time;
        0 while a voice is heard or the detector still listens."""
        if (
            self._late is not None and not self._late.resting
        ) or self._now - self._voice_at <= self._rules.hangover_frames:
            return 0.0
        gate = self._floor.dbfs + self._rules.above_floor_db - _SINKING_DB
        return mean_square(max(gate, self._rules.lowest_dbfs))

    def close(self) -> None:
        """Nothing more will come; what comes all the same is no voice. Safe to call twice."""
        self._closed = True
        if self._late is not None:
            self._late.on_speech = None
        self._detector.close()

    def on_voice(self, tell: Callable[[], None]) -> None:
        """Tell, between two frames, that the next `push` will find a voice where the last found none: whoever waits for it need not wait
        for that frame. Not told when the detector knows at once, or when frames come faster than it runs."""

        def found() -> None:
            if self._will_find():
                tell()

        if self._late is not None:
            self._late.on_speech = found

    def _will_find(self) -> bool:
        """Speech was found in the last frames: the next one, whatever is in it, is voice."""
        rules, following = self._rules, self._now + 1
        if self._closed or following - 1 - self._voice_at <= rules.hangover_frames:
            return False
        recent = following - self._loud_at <= rules.lag_frames and following - self._strong_at <= rules.lag_frames
        return recent and self._run + 1 >= rules.onset_frames

    def mark(self) -> None:
        """An utterance begins: `faint` tells of what is heard from the last few frames on."""
        self._known_dbfs, self._loudest = self._caller.dbfs, self._smooth

    @property
    def faint(self) -> bool:
        """What was heard since `mark` is so quiet that a bystander may have said it."""
        known, rules = self._known_dbfs, self._rules
        return dbfs(self._loudest) < (rules.faint_dbfs if known is None else known - rules.faint_db)

    def left_out(self) -> LeftOut | None:
        """Voice that did not count, once per episode."""
        told, self._left_out = self._left_out, None
        return told

    def push(self, frame: Pcm, energy: float | None = None, played_dbfs: float = QUIETEST) -> bool:
        """Whether the caller is speaking now. energy: mean square of the frame, if known; played_dbfs: level of what we send in this tick.
        A frame of another length than 160 samples raises ValueError."""
        if len(frame) != FRAME_SAMPLES:
            raise ValueError(f"a frame has {FRAME_SAMPLES} samples (20 ms at 8 kHz), not {len(frame)}")
        if self._closed:
            return False
        rules = self._rules
        self._now = now = self._now + 1
        if energy is None:
            samples = frame.astype(np.float32)
            energy = float(samples @ samples) / FRAME_SAMPLES
        level = dbfs(energy)
        self._smooth = smooth_energy = self._smooth + _SMOOTHING * (energy - self._smooth)
        if smooth_energy > self._loudest:
            self._loudest = smooth_energy
        smooth = dbfs(smooth_energy)
        floor = self._floor.push(smooth, self._noise > _NOISE_FRAMES)
        loud = level > rules.lowest_dbfs and level > floor + rules.above_floor_db
        echo = QUIETEST
        if rules.echo_db is not None and (played_dbfs > QUIETEST or self._echo.active):
            echo = self._echo.push(level, played_dbfs, loud) + rules.echo_db
        if loud:
            self._loud_at = now
            if level > echo and smooth > self._quietest():
                self._strong_at = now
        if self._detector.is_speech(frame, loud) and now - self._loud_at <= rules.lag_frames:
            self._spoken(level, echo, smooth)
            self._noise = 0
        else:
            self._run = 0
            self._noise += loud
        return now - self._voice_at <= rules.hangover_frames

    def pass_over(self, frames: Sequence[Pcm], energies: Sequence[float], played_dbfs: Sequence[float]) -> None:
        """`push` for frames below `wakes_at`, several at once, with what we sent in their ticks: no voice is in them."""
        if self._closed or not frames:
            return
        late = self._late
        if late is None or not late.resting or not self._sink(energies):
            for frame, energy, played in zip(frames, energies, played_dbfs, strict=True):
                self.push(frame, energy, played)
            return
        if self._rules.echo_db is not None:
            echo = self._echo
            for energy, played in zip(energies, played_dbfs, strict=True):
                if played > QUIETEST or echo.active:
                    echo.push(dbfs(energy), played, False)
        self._now += len(frames)
        self._run = 0
        late.is_speech(frames[-1], False)

    def _sink(self, energies: Sequence[float]) -> bool:
        """Bring the noise floor forward; False, and nothing is changed: one of these frames stands out of it after all."""
        floor, lowest, above = self._floor, self._lowest, self._rules.above_floor_db
        smooth, loudest, noise, before = self._smooth, self._loudest, self._noise > _NOISE_FRAMES, floor.dbfs
        for energy in energies:
            smooth += _SMOOTHING * (energy - smooth)
            if smooth > loudest:
                loudest = smooth
            sunk = floor.push(dbfs(smooth), noise)
            if energy > lowest and dbfs(energy) > sunk + above:
                floor.dbfs = before
                return False
        self._smooth, self._loudest = smooth, loudest
        return True

    def _quietest(self) -> float:
        """What this caller's voice exceeds, dBFS."""
        caller, below = self._caller.dbfs, self._rules.bystander_db
        return QUIETEST if caller is None or below is None else caller - below

    def _spoken(self, level: float, echo: float, smooth: float) -> None:
        """This frame, or one of the last few, is speech: whose?"""
        now, rules = self._now, self._rules
        on = now - self._voice_at <= rules.hangover_frames
        if now - self._strong_at <= rules.lag_frames:
            self._run += 1
            if self._run >= rules.onset_frames or on:
                self._voice_at = self._sure_at = self._strong_at
            if self._strong_at == now:
                self._caller.spoke(smooth)
            return
        self._run = 0
        if on and now - self._sure_at <= rules.weak_frames:
            self._voice_at = self._loud_at
            return
        if level > echo:
            self._caller.passed()
        if now - self._left_at > _APART_FRAMES:
            self._left_frames = 0
        self._left_at = now
        self._left_frames += 1
        if self._left_frames == _TOLD_FRAMES:
            why: Literal["bystander", "echo"] = "echo" if level <= echo else "bystander"
            self._left_out = LeftOut(why, level, max(echo, self._quietest()))
