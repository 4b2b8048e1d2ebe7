"""Jitter buffer and loss concealment of one G.711 stream: packets in, exactly one 20 ms frame per tick out. Sans-IO.

Audio is placed by timestamp, not by packet, so any packet time (10, 20, 30, 40 ms) comes out as frames of 160 samples. The buffer starts
with two frames, grows when packets keep coming late or do so now and then, and shrinks again when it was deeper than needed for two seconds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from callwright.telephony.port import FRAME_SAMPLES, Pcm

__all__ = ["OVERFULL", "REVIEW", "SILENT_FRAME", "Concealer", "JitterBuffer", "LentBuffer"]

_AHEAD = 50  # frames in front of playout that are still believed to be the same clock
_DEEPEST = 8  # frames of delay we are ready to add for a jittery peer
_NOW_AND_THEN = 3  # so many at once for a packet that comes late by itself; later ones are a hiccup of the network
OVERFULL = 12
REVIEW = 100  # ticks


class LentBuffer(NamedTuple):
    """A buffer in its steady state: whole frames without a gap, the next one expected at `timestamp`; counters of its review."""

    frames: list[bytes]
    timestamp: int
    least: int
    review: int


class JitterBuffer:
    """`push` what arrives, `pop` once a tick. `late` counts packets that came after their turn (their audio is gone)."""

    __slots__ = (
        "_anchored",
        "_cursor",
        "_frames",
        "_fresh",
        "_hold",
        "_late_at",
        "_late_run",
        "_least",
        "_newest",
        "_newest_at",
        "_played",
        "_review",
        "_silence",
        "_stray",
        "_top",
        "late",
    )

    def __init__(self, silence: bytes) -> None:
        """silence: one byte, the codec's silence, fills what a partial frame lacks."""
        self._silence = silence
        self.late = 0
        self.reset()

    def reset(self, silence: bytes | None = None) -> None:
        """Forget everything buffered: the next packet begins anew (new source, new codec)."""
        self._silence = silence or self._silence
        self._frames: dict[int, bytes | bytearray] = {}
        self._anchored = False
        self._cursor = 0  # number of the frame to play next
        self._top = -1  # highest frame number present
        self._newest = 0  # timestamp of the newest packet, mod 2**32 ...
        self._newest_at = 0  # ... and its place in samples since the anchor
        self._fresh = True  # the cursor has not moved
        self._hold = 0  # ticks to wait without moving the cursor
        self._late_run = 0
        self._late_at = -REVIEW - 1  # frame number of the last packet that was late
        self._played = -1  # of the last frame that was played or skipped, not concealed
        self._stray: int | None = None
        self._least = OVERFULL
        self._review = REVIEW

    @property
    def depth(self) -> int:
        """Frames waiting (from the one to play next to the newest)."""
        return max(0, self._top - self._cursor + 1)

    def overtaken(self, timestamp: int) -> bool:
        """Whether audio at `timestamp` would come too late to be played."""
        if not self._anchored:
            return False
        step = ((timestamp - self._newest + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        return (self._newest_at + step) // FRAME_SAMPLES < self._cursor

    def push(self, timestamp: int, payload: bytes) -> None:
        """Audio of one packet: one byte a sample, first sample at `timestamp`."""
        if not self._anchored:
            self._anchor(timestamp)
        step = ((timestamp - self._newest + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        at = self._newest_at + step
        number, offset = divmod(at, FRAME_SAMPLES)
        behind = self._cursor - number
        if self._fresh and 0 < behind <= 3:  # nothing played yet: the true first packet was overtaken
            self._cursor, behind = number, 0
        if behind > 0 and behind * FRAME_SAMPLES - offset >= len(payload):
            self._came_late(timestamp, behind, payload)
            return
        if behind < -_AHEAD:
            self._came_far_ahead(timestamp, payload)
            return
        self._late_run = 0
        self._stray = None
        if step > 0:
            self._newest, self._newest_at = timestamp, at
        if offset == 0 and len(payload) == FRAME_SAMPLES:
            self._frames[number] = payload
            self._top = max(self._top, number)
        else:
            self._place(number, offset, payload)

    def pop(self) -> bytes | None:
        """The frame whose turn it is (160 bytes), or None: nothing came in time, conceal."""
        if self._hold:
            self._hold -= 1
            return None
        if not self._anchored:
            return None
        frame = self._frames.pop(self._cursor, None)
        if frame is not None:
            self._played = max(self._played, self._cursor)
        self._cursor += 1
        self._fresh = False
        self._settle()
        return None if frame is None else bytes(frame)

    def lend(self) -> LentBuffer | None:
        """What an owner needs who goes on by itself while packets come one by one and in time; None: this is no such moment."""
        ready = self._anchored and not (self._hold or self._fresh or self._late_run or self._stray is not None)
        if (
            not ready
            or not 0 <= self._top - self._cursor + 1 <= _DEEPEST
            or self._newest_at != self._top * FRAME_SAMPLES
        ):
            return None
        frames = [self._frames.get(number) for number in range(self._cursor, self._top + 1)]
        whole = [frame for frame in frames if isinstance(frame, bytes)]
        if len(whole) < len(frames) or len(self._frames) > len(frames):
            return None
        return LentBuffer(whole, (self._newest + FRAME_SAMPLES) & 0xFFFFFFFF, self._least, self._review)

    def give_back(self, pushed: int, popped: int, frames: list[bytes], least: int, review: int) -> None:
        """End of a loan: so many frames were pushed and popped meanwhile, these wait."""
        self._cursor += popped
        if popped:
            self._played = self._cursor - 1
        self._top += pushed
        self._newest = (self._newest + pushed * FRAME_SAMPLES) & 0xFFFFFFFF
        self._newest_at += pushed * FRAME_SAMPLES
        self._frames = dict(enumerate(frames, self._cursor))
        self._least, self._review = least, review

    def _anchor(self, timestamp: int) -> None:
        self.reset()
        self._anchored = True
        self._newest = timestamp
        self._hold = 1

    def _place(self, number: int, offset: int, payload: bytes) -> None:
        taken = 0
        while taken < len(payload):
            piece = payload[taken : taken + FRAME_SAMPLES - offset]
            if number >= self._cursor:
                frame = self._frames.get(number)
                if not isinstance(frame, bytearray):
                    frame = bytearray(frame or self._silence * FRAME_SAMPLES)
                    self._frames[number] = frame
                frame[offset : offset + len(piece)] = piece
                self._top = max(self._top, number)
            taken += len(piece)
            number, offset = number + 1, 0

    def _came_late(self, timestamp: int, behind: int, payload: bytes) -> None:
        self._late_run += 1
        number = self._cursor - behind
        # After we stood still, packets may come just before their turn: each that comes a moment later is lost, and never three in a row.
        soon = 0 < number - self._late_at <= REVIEW and behind <= _NOW_AND_THEN
        again = soon and self._late_run == 1 and number > self._played
        self._late_at = number
        deep = behind + self.depth > _DEEPEST
        if self._late_run < 3 and (deep or not again):  # one or two are reordering; a run is a slower path
            self.late += 1
        elif deep:
            self._anchor(timestamp)
            self.push(timestamp, payload)
        else:
            self._cursor = number
            self._hold = int(not again)
            self._review, self._least = REVIEW, OVERFULL
            self.push(timestamp, payload)

    def _came_far_ahead(self, timestamp: int, payload: bytes) -> None:
        stray, self._stray = self._stray, timestamp
        if stray is not None and 0 < (timestamp - stray) & 0xFFFFFFFF <= _AHEAD * FRAME_SAMPLES:
            self._anchor(timestamp)
            self.push(timestamp, payload)

    def _settle(self) -> None:
        """Give back delay that is not needed: at once when overfull (we or the peer stood still), else a frame every two seconds."""
        spare = self.depth
        self._least = min(self._least, spare)
        self._review -= 1
        if spare > OVERFULL:
            self._skip(spare - 2)
        elif self._review <= 0:
            if self._least > 1:
                self._skip(1)
            self._review, self._least = REVIEW, OVERFULL

    def _skip(self, frames: int) -> None:
        for _ in range(frames):
            self._frames.pop(self._cursor, None)
            self._cursor += 1
        self._played = max(self._played, self._cursor - 1)


def _silent() -> Pcm:
    frame = np.zeros(FRAME_SAMPLES, np.int16)
    frame.flags.writeable = False
    return frame


SILENT_FRAME: Pcm = _silent()
_FADE = (0.7, 0.4, 0.15)


class Concealer:
    """What to hear when nothing came: the last good frame, fading over 60 ms, then silence."""

    __slots__ = ("_last", "_missing")

    def __init__(self) -> None:
        self._last: Pcm = SILENT_FRAME
        self._missing = len(_FADE)

    def good(self, frame: Pcm) -> None:
        self._last = frame
        self._missing = 0

    def conceal(self) -> Pcm:
        if self._missing >= len(_FADE):
            self._last = SILENT_FRAME
            return SILENT_FRAME
        gain = _FADE[self._missing]
        self._missing += 1
        frame = (self._last * gain).astype(np.int16)
        frame.flags.writeable = False  # as every frame that is heard
        return frame
