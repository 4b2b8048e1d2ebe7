"""One caller of `bench turns` on one call: what is sent in each tick of 20 ms, and when the call may end. Pure; audio comes and goes as frames.

The caller hears the robot and acts by that alone, as a person would: says something on picking up when the situation wants it, begins the
situation with the prompt or when it has ended, and hangs up when nothing more is to be heard.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from callwright.bench.situations import Situation
from callwright.bench.situations_sounds import noise, to_pcm
from callwright.speech.port import Pcm

__all__ = ["QUIET", "Lengths", "Performance"]

QUIET = 40
"""Samples up to this height are silence: what a G.711 robot sends that says nothing."""
_PICK_UP_TICKS = 20  # between answering and speaking
_ENOUGH_TICKS = 90  # of silence of the robot, the situation being over, until the caller hangs up
_LONGEST_TICKS = 50 * 50
_LINE_MS = 3000


@dataclass(frozen=True, slots=True)
class Lengths:
    """Frames of 20 ms of what the robot says: the disclosure every call begins with, and the prompt."""

    disclosure: int
    prompt: int


@dataclass(slots=True)
class Performance:
    """`tick` every 20 ms with what came from the robot since the last one."""

    situation: Situation
    audio: Pcm
    before: Pcm
    lengths: Lengths
    seed: int
    tick_no: int = 0
    heard_first: int | None = None  # frame of the robot's stream that was its first sound
    started: int | None = None  # tick in which the situation began
    _line: Pcm = field(init=False)
    _past: deque[Pcm] = field(init=False)
    _quiet: int = 0
    _heard: int = 0  # frames since the first sound

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        self._line = to_pcm(noise(_LINE_MS, self.situation.noise_dbfs, rng))
        delay = self.situation.echo.delay_ms // 20 if self.situation.echo else 0
        self._past = deque([np.zeros(160, np.int16)] * (delay + 1), maxlen=delay + 1)

    def hear(self, frame: int, pcm: Pcm) -> None:
        """A frame of the robot, numbered by its RTP time stamp."""
        loud = bool(np.abs(pcm.astype(np.int32)).max() > QUIET)
        if self.heard_first is None and loud:
            self.heard_first = frame
        self._heard += self.heard_first is not None
        self._quiet = 0 if loud else self._quiet + 1
        self._past.append(pcm)

    def tick(self) -> tuple[Pcm, int]:
        """What to send now, and which frame of the situation's audio that is (-1: none)."""
        if self.started is None and self._begins():
            self.started = self.tick_no
        number = -1 if self.started is None else self.tick_no - self.started
        frame = self._voice(number)
        echo = self.situation.echo
        if echo is not None:
            back = self._past[0].astype(np.float64) * 10 ** (echo.gain_db / 20)
            frame = np.clip(frame + back, -32768, 32767).astype(np.int16)
        self.tick_no += 1
        return frame, number if 0 <= number < self._frames else -1

    @property
    def over(self) -> bool:
        """Nothing more is to be heard: the situation is over and the robot has been silent for long enough."""
        since = -1 if self.started is None else self.tick_no - self.started - self._frames
        return min(since, self._quiet) >= _ENOUGH_TICKS or self.tick_no >= _LONGEST_TICKS

    @property
    def _frames(self) -> int:
        return len(self.audio) // 160

    def _begins(self) -> bool:
        if self.heard_first is None:
            return False
        if self.situation.prompt.endswith("-disclosure"):
            return True
        wait = self.lengths.disclosure + (0 if self.situation.over_prompt else self.lengths.prompt)
        return self._heard > wait

    def _voice(self, number: int) -> Pcm:
        if 0 <= number < self._frames:
            return self.audio[number * 160 : number * 160 + 160]
        said = self.tick_no - _PICK_UP_TICKS
        if self.started is None and 0 <= said < len(self.before) // 160:
            return self.before[said * 160 : said * 160 + 160]
        at = self.tick_no * 160 % (len(self._line) - 160)
        return self._line[at : at + 160]
