"""What we say on one stream: audio queued under marks, taken 20 ms at a time, with pause, resume and flush. Sans-IO.

Positions are exact to the sample: a frame may hold the end of one mark and the beginning of the next, nothing is padded between them, so
over any sequence of calls every queued byte is taken exactly once unless `resume(at_ms)` asks to hear a part again or `flush` drops it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from callwright.telephony.port import FRAME_SAMPLES

__all__ = ["Playout"]

_PER_MS = 8


@dataclass(slots=True)
class _Segment:
    mark: str
    audio: bytearray
    offset: int = 0


class Playout:
    """Queue of encoded audio (one byte a sample). `queued_total - waiting` samples have left it, by being taken or dropped."""

    __slots__ = ("_segments", "_silence", "paused", "queued_total", "waiting")

    def __init__(self, silence: bytes) -> None:
        """silence: one byte, fills the last frame when the queue ends within it."""
        self._segments: deque[_Segment] = deque()
        self._silence = silence
        self.paused = False
        self.queued_total = 0
        self.waiting = 0

    def play(self, encoded: bytes, mark: str) -> None:
        """Queue audio; a mark that is still being played goes on under its own position."""
        if not encoded:
            return
        last = self._segments[-1] if self._segments else None
        if last is not None and last.mark == mark and last.offset < len(last.audio):
            last.audio += encoded
        else:
            self._segments.append(_Segment(mark, bytearray(encoded)))
        self.queued_total += len(encoded)
        self.waiting += len(encoded)

    def take(self) -> bytes | None:
        """The next 160 bytes, or None when paused or nothing waits."""
        if self.paused or not self.waiting:
            return None
        segment = self._current()
        end = segment.offset + FRAME_SAMPLES
        if end <= len(segment.audio):
            frame = bytes(segment.audio[segment.offset : end])
            segment.offset = end
            self.waiting -= FRAME_SAMPLES
            return frame
        return self._gather()

    def ahead(self, frames: int) -> bytearray:
        """The next whole frames of the current mark, so many at most, without taking them (empty: none, `take` must look)."""
        if self.paused or not self.waiting:
            return bytearray()
        segment = self._current()
        whole = min(frames, (len(segment.audio) - segment.offset) // FRAME_SAMPLES)
        return segment.audio[segment.offset : segment.offset + whole * FRAME_SAMPLES]

    def advance(self, frames: int) -> None:
        """So many frames of those `ahead` were taken."""
        if frames:
            self._segments[0].offset += frames * FRAME_SAMPLES
            self.waiting -= frames * FRAME_SAMPLES

    def resume(self, at_ms: int | None) -> None:
        """Go on; at_ms goes back within the current mark (never forward over audio that was not heard)."""
        self.paused = False
        if at_ms is None or not self._segments:
            return
        segment = self._segments[0]
        offset = min(max(0, at_ms) * _PER_MS, segment.offset)
        self.waiting += segment.offset - offset
        segment.offset = offset

    def flush(self) -> int:
        """Drop everything, end a pause; ms of the current mark that were played."""
        played = self.position()[1]
        self._segments.clear()
        self.waiting = 0
        self.paused = False
        return played

    def position(self) -> tuple[str, int, int]:
        """(current mark, ms of it played, ms waiting over all); the last mark stays current until another begins."""
        if not self._segments:
            return "", 0, 0
        segment = self._segments[0]
        return segment.mark, segment.offset // _PER_MS, -(-self.waiting // _PER_MS)

    def transcode(self, table: bytes, silence: bytes) -> None:
        """The codec changed: translate what is queued (256-byte table)."""
        self._silence = silence
        for segment in self._segments:
            segment.audio = segment.audio.translate(table)

    def _current(self) -> _Segment:
        while self._segments[0].offset >= len(self._segments[0].audio):
            self._segments.popleft()
        return self._segments[0]

    def _gather(self) -> bytes:
        frame = bytearray()
        while self.waiting and len(frame) < FRAME_SAMPLES:
            segment = self._current()
            piece = segment.audio[segment.offset : segment.offset + FRAME_SAMPLES - len(frame)]
            frame += piece
            segment.offset += len(piece)
            self.waiting -= len(piece)
        return bytes(frame.ljust(FRAME_SAMPLES, self._silence))
