"""Two-channel call recordings, written by one thread for the whole engine, never by the tick.

A killed process leaves a playable file: audio is appended first and the sizes in the header follow, once a second. A recording that fails
(disk full, no such folder, file exists) ends with its reason in `Recording.error` and through `on_error`; the call goes on.
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from callwright.telephony.port import FRAME_SAMPLES, SAMPLE_RATE, Codec, Pcm
from callwright.telephony.rtp import g711

__all__ = ["Recording", "RecordingWriter", "Taken"]

_SYNC_TICKS = 50
_WAITING = 500  # ticks (10 s) that may wait for the disk before frames are given up
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")


class Recording:
    """One file. `tick` is the number of its next frame; `error` says why it ended early or lacks frames ("" = it does not)."""

    def __init__(self, path: str, on_error: Callable[[str], None]) -> None:
        """on_error is called in the writer thread, once, when `error` is set."""
        self.path = path
        self.error = ""
        self.dropped = 0
        self._on_error = on_error
        self._tick: int | None = None
        self._file: int | None = None
        self._block = np.zeros((_SYNC_TICKS, FRAME_SAMPLES, 2), "<i2")  # a second, filled row by row
        self._rows = 0
        self._written = 0

    def fail(self, reason: str) -> None:
        """The recording is not whole, and somebody has to know."""
        self.error = f"recording {self.path}: {reason}"
        self._on_error(self.error)

    def open(self) -> None:
        """Raises OSError; a file that exists is never overwritten. Only the owner may read it: it holds a person's voice."""
        self._file = os.open(Path(self.path), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._put_header()

    def add(self, tick: int, left: Pcm, right: bytes | None, codec: Codec) -> None:
        """One frame; ticks that were left out become silence, so both sides stay aligned with the clock. Raises OSError."""
        for _ in range(0 if self._tick is None else tick - self._tick):
            self._next_row()
        self._tick = tick + 1
        row = self._next_row()
        row[:, 0] = left
        if right is not None:
            row[:, 1] = g711.DECODE[codec][np.frombuffer(right, np.uint8)]

    def _next_row(self) -> npt.NDArray[np.int16]:
        if self._rows == _SYNC_TICKS:
            self.sync()
        self._rows += 1
        row: npt.NDArray[np.int16] = self._block[self._rows - 1]
        return row

    def sync(self) -> None:
        """Audio to the file, then its size into the header. Raises OSError."""
        if self._file is None or not self._rows:
            return
        view = memoryview(self._block[: self._rows].tobytes())
        at = 0
        while at < len(view):
            at += os.pwrite(self._file, view[at:], _HEADER.size + self._written + at)
        self._written += at
        self._rows = 0
        self._block[:] = 0
        self._put_header()

    def close(self) -> None:
        """Write what waits and close the file. Raises OSError (the file is closed all the same)."""
        if self._file is None:
            return
        try:
            self.sync()
        finally:
            file, self._file = self._file, None
            os.close(file)

    def _put_header(self) -> None:
        if self._file is None:
            return
        size = min(self._written, 0xFFFFFFFF - 36)
        rate = SAMPLE_RATE * 4
        header = _HEADER.pack(
            b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, 2, SAMPLE_RATE, rate, 4, 16, b"data", size
        )  # fmt: skip
        os.pwrite(self._file, header, 0)


class Taken(NamedTuple):
    """A tick of one recording: left as heard, right as sent (None: no audio sent)."""

    recording: Recording
    tick: int
    left: Pcm
    right: bytes | None
    codec: Codec


class _Open(NamedTuple):
    recording: Recording


class _Finish(NamedTuple):
    recording: Recording
    done: Callable[[], None]


class RecordingWriter:
    """The writer thread."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[list[Taken] | _Open | _Finish | None] = SimpleQueue()
        self._open: set[Recording] = set()
        self._thread = threading.Thread(target=self._run, name="callwright-recordings", daemon=True)
        self._thread.start()

    def begin(self, recording: Recording) -> None:
        self._queue.put(_Open(recording))

    def put(self, taken: list[Taken]) -> None:
        """The frames of a tick; never blocks. When the disk is far behind they are dropped and counted in each recording."""
        if self._queue.qsize() > _WAITING:
            for frame in taken:
                frame.recording.dropped += 1
            return
        self._queue.put(taken)

    def finish(self, recording: Recording, done: Callable[[], None]) -> None:
        """Close the file after everything put before; `done` is called in the writer thread, whatever happened."""
        self._queue.put(_Finish(recording, done))

    def stop(self) -> None:
        """Write everything, close every file, end the thread (blocks: call it outside the event loop)."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if isinstance(item, _Open):
                if self._attempt(item.recording, item.recording.open):
                    self._open.add(item.recording)
            elif isinstance(item, _Finish):
                self._end(item.recording)
                item.done()
            else:
                for frame in item:
                    self._add(frame)
        for recording in list(self._open):
            self._end(recording)

    def _add(self, frame: Taken) -> None:
        recording = frame.recording
        if recording in self._open:
            self._attempt(recording, lambda: recording.add(frame.tick, frame.left, frame.right, frame.codec))

    def _attempt(self, recording: Recording, action: Callable[[], None]) -> bool:
        try:
            action()
        except (OSError, ValueError) as error:  # ValueError: a path with a NUL byte
            self._fail(recording, error)
            return False
        return True

    def _fail(self, recording: Recording, error: Exception) -> None:
        reason = getattr(error, "strerror", None) or str(error)
        self._open.discard(recording)
        try:
            recording.close()  # keeps the seconds that are safe; a full disk fails again
        except OSError:
            reason += " (its last second is lost)"
        recording.fail(reason)

    def _end(self, recording: Recording) -> None:
        if recording not in self._open or not self._attempt(recording, recording.close):
            return
        self._open.discard(recording)
        if recording.dropped:
            recording.fail(f"{recording.dropped} frames are silence, the disk was too slow")
