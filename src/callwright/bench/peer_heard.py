"""What a caller hears of a robot behind a websocket, and what follows from it. Pure.

The far side is a telephone: it plays mu-law as it comes, one piece after the other, and forgets what is still to be played at `clear`
(Twilio Media Streams). From what came when, `Playout` tells what was heard when; `outcome` compares that with the prompt and the reply,
byte for byte, as both are known. Times are ms of one clock, audio is mu-law at 8 kHz, one byte a sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

__all__ = ["GIVEN_UP_MS", "Outcome", "Playout", "Preset", "Run", "Timing", "outcome"]

_PER_MS = 8
_JITTER_MS = 20.0
GIVEN_UP_MS = 6_500.0  # a prompt that has been silent for so long is not taken up again
_STALL_MS = 250.0  # a gap without `clear` up to this is a late frame, not a stop
_SLIP_MS = 500.0  # how far a frame that slips out behind `clear` may lie from where the prompt was
_NEEDLE, _SHORT = 1600, 160  # samples that are looked for in prompt and reply; where so many are not of one of them
_END_MS = 60.0  # a prompt that is heard up to this before its end was said to its end
_EARLY_MS = 300.0  # a prompt that falls silent so long before the caller speaks did so by itself
_NEAR_MS = (-30.0, 60.0)  # where a prompt is taken up again, relative to a mark
_SILENT = bytes((0xFF, 0x7F))


@dataclass(frozen=True, slots=True)
class Run:
    """Audio heard without a break, in the pieces it came in: (begin ms, audio)."""

    pieces: tuple[tuple[float, bytes], ...]

    @property
    def begin_ms(self) -> float:
        return self.pieces[0][0]

    @property
    def end_ms(self) -> float:
        return self.pieces[-1][0] + len(self.pieces[-1][1]) / _PER_MS

    @property
    def audio(self) -> bytes:
        return b"".join(audio for _, audio in self.pieces)

    def cut(self, samples: int) -> tuple[Run, Run]:
        """The first `samples` (some, not all), and the rest."""
        at = 0
        while samples >= len(self.pieces[at][1]):
            samples -= len(self.pieces[at][1])
            at += 1
        if not samples:
            return Run(self.pieces[:at]), Run(self.pieces[at:])
        begin, audio = self.pieces[at]
        head = (*self.pieces[:at], (begin, audio[:samples]))
        return Run(head), Run(((begin + samples / _PER_MS, audio[samples:]), *self.pieces[at + 1 :]))


@dataclass(slots=True)
class Playout:
    """A telephone's play-out: add what comes in the order of arrival."""

    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    breaks: set[int] = field(default_factory=set)

    @property
    def end_ms(self) -> float:
        """When what came so far has been played."""
        return self.pieces[-1][0] + len(self.pieces[-1][1]) / _PER_MS if self.pieces else 0.0

    def add(self, at_ms: float, audio: bytes) -> None:
        """Audio came; it is played when what came before it is over. What comes a little late is played without a gap all the same, as
        telephones do, which play with some delay."""
        if not audio:
            return
        end_ms = self.end_ms
        follows = bool(self.pieces) and len(self.pieces) not in self.breaks
        self.pieces.append((end_ms if at_ms <= end_ms or (follows and at_ms - end_ms <= _JITTER_MS) else at_ms, audio))

    def clear(self, at_ms: float) -> None:
        """Nothing of what is not played yet will be."""
        while self.pieces and self.pieces[-1][0] >= at_ms:
            self.pieces.pop()
        if self.pieces and self.end_ms > at_ms:
            begin, audio = self.pieces.pop()
            kept = audio[: round((at_ms - begin) * _PER_MS)]
            if kept:
                self.pieces.append((begin, kept))
        self.breaks.add(len(self.pieces))

    def between(self, begin_ms: float, samples: int) -> bytes:
        """What sounds from then on, silence filled in; for an echo, where only the newest pieces matter."""
        out = bytearray(b"\xff" * samples)
        for at_ms, audio in reversed(self.pieces):
            offset = round((at_ms - begin_ms) * _PER_MS)
            if offset + len(audio) <= 0:
                break
            if offset < samples:
                part = audio[max(0, -offset) : samples - offset]
                out[max(0, offset) : max(0, offset) + len(part)] = part
        return bytes(out)

    def runs(self) -> list[Run]:
        """What was heard, cut at `clear` and at gaps; silence is no run."""
        cuts = [0]
        for index, ((begin, audio), (following, _)) in enumerate(pairwise(self.pieces), 1):
            if index in self.breaks or following - (begin + len(audio) / _PER_MS) > _STALL_MS:
                cuts.append(index)
        found = []
        for first, last in pairwise([*cuts, len(self.pieces)]):
            part = self.pieces[first:last]
            if any(audio.strip(_SILENT) for _, audio in part):
                found.append(Run(tuple(part)))
        return found


@dataclass(frozen=True, slots=True)
class Preset:
    """What the robot says. marks_ms: where the prompt may be taken up again."""

    prompt: bytes
    reply: bytes
    marks_ms: Sequence[float]


@dataclass(frozen=True, slots=True)
class Timing:
    """When the caller spoke: first and last voiced frame as they were sent, and when he hung up, ms."""

    first_ms: float
    last_ms: float
    until_ms: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one situation came to; `turns_score.Outcome` says the same of ours.

    stop_ms: first voiced frame to silence of the prompt, None where it went on; resumed: it was said to its end after all, or still being
    said when the caller hung up; resume_ms: how long after it stopped it was first taken up again; at_boundary: every time at one of its
    marks, None where it never was; turn_ms: last voiced frame to the first reply, negative where that cut in; ended_turns: replies begun;
    unknown: audio that is neither prompt nor reply, which must not be.
    """

    stop_ms: float | None = None
    resumed: bool = False
    resume_ms: float | None = None
    at_boundary: bool | None = None
    turn_ms: float | None = None
    ended_turns: int = 0
    unknown: int = 0


def outcome(runs: Sequence[Run], preset: Preset, timing: Timing) -> Outcome:
    """Compare what was heard with what could be said."""
    heard = [part for run in runs for part in _recognised(run, preset)]
    stretches = _stretches([(offset, run) for what, offset, run in heard if what == "prompt"])
    replies = [run.begin_ms for what, _, run in heard if what == "reply" and run.begin_ms >= timing.first_ms]
    length_ms = len(preset.prompt) / _PER_MS
    following: list[_Stretch | None] = [*stretches[1:], None]
    stops = [
        (one, then)
        for one, then in zip(stretches, following, strict=False)
        if one.until_ms < length_ms - _END_MS
        and (then is not None or one.end_ms < timing.until_ms - _STALL_MS)
        and one.silent_ms >= timing.first_ms - _EARLY_MS
    ]
    found = Outcome(
        at_boundary=all(_near(one.offset_ms, preset.marks_ms) for one in stretches[1:]) if stretches[1:] else None,
        turn_ms=replies[0] - timing.last_ms if replies else None,
        ended_turns=len(replies),
        unknown=sum(what == "unknown" for what, _, _ in heard),
    )
    if not stops:
        return found
    first, again = stops[0]
    return replace(
        found,
        stop_ms=max(0.0, first.silent_ms - timing.first_ms),
        resumed=stops[-1][1] is not None,
        resume_ms=again.begin_ms - first.end_ms if again else None,
    )


def _near(place_ms: float, marks_ms: Sequence[float]) -> bool:
    return any(_NEAR_MS[0] <= place_ms - mark <= _NEAR_MS[1] for mark in marks_ms)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The prompt from `offset_ms` to `until_ms` of it, heard from `begin_ms` to `end_ms`, its last sound until `silent_ms`."""

    offset_ms: float
    until_ms: float
    begin_ms: float
    end_ms: float
    silent_ms: float


def _stretches(prompts: Sequence[tuple[float, Run]]) -> list[_Stretch]:
    """Runs of the prompt; what goes on (almost) at once and (almost) where it was is no stop: a frame that slips out behind a `clear`."""
    found: list[_Stretch] = []
    for offset, run in prompts:
        sounding = len(run.audio.rstrip(_SILENT))
        silent_ms = run.cut(sounding)[0].end_ms if 0 < sounding < len(run.audio) else run.end_ms
        one = _Stretch(offset, offset + len(run.audio) / _PER_MS, run.begin_ms, run.end_ms, silent_ms)
        last = found[-1] if found else None
        if last and one.begin_ms - last.end_ms <= _STALL_MS and abs(one.offset_ms - last.until_ms) <= _SLIP_MS:
            found[-1] = replace(last, until_ms=one.until_ms, end_ms=one.end_ms, silent_ms=one.silent_ms)
        else:
            found.append(one)
    return found


def _recognised(run: Run, preset: Preset) -> Iterator[tuple[str, float, Run]]:
    """What a run is made of: ("prompt" | "reply" | "unknown", where in it the part begins (ms), the part)."""
    while True:
        audio = run.audio
        what, at = _found(audio, preset)
        if what == "unknown":
            yield what, 0.0, run
            return
        if at < 0:
            run, audio, at = run.cut(-at)[1], audio[-at:], 0
        source = preset.prompt if what == "prompt" else preset.reply
        same = _alike(audio, source[at:])
        rest = audio[same:]
        if not rest.strip(_SILENT):
            yield what, at / _PER_MS, run.cut(same)[0] if rest else run
            return
        part, run = run.cut(same)
        yield what, at / _PER_MS, part


def _found(audio: bytes, preset: Preset) -> tuple[str, int]:
    """Prompt or reply, and the sample of it at the beginning of the audio; negative where silence of the robot's own comes before.
    Leading silence is left out of the comparison: it is everywhere."""
    loud = len(audio) - len(audio.lstrip(_SILENT))
    for length in (_NEEDLE, _SHORT):
        needle = audio[loud : loud + length]
        for what, source in (("prompt", preset.prompt), ("reply", preset.reply)):
            at = source.find(needle)
            if at >= 0:
                return what, at - loud
    return "unknown", 0


def _alike(audio: bytes, source: bytes) -> int:
    """How many samples are the same from the beginning."""
    length = min(len(audio), len(source))
    differ = np.flatnonzero(np.frombuffer(audio[:length], np.uint8) != np.frombuffer(source[:length], np.uint8))
    return int(differ[0]) if len(differ) else length
