"""Two-channel call recordings, written by threads of the engine, never by the tick: one for WAV, one more once an Opus file is asked for,
so that encoding never holds up the files that are only copied.

A killed process leaves a playable file (`audio_files`). A recording that fails (disk full, no such folder, file exists) ends with its
reason in `Recording.error` and through `on_error`; the call goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from callwright.telephony.port import FRAME_SAMPLES, Codec, Pcm
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.audio_files import AudioFile, encodes, open_audio_file

__all__ = ["Recording", "RecordingWriter", "Taken", "TakenTogether"]

_TOGETHER = 10  # ticks that are written in one go
_WAITING = 500  # ticks (10 s) that may wait for the disk before frames are given up
_NO_ROWS = np.zeros((0, FRAME_SAMPLES, 2), np.int16)


class Recording:
    """One file. `tick` is the number of its next frame; `error` says why it ended early or lacks frames ("" = it does not)."""

    def __init__(self, path: str, on_error: Callable[[str], None]) -> None:
        """path ends in .wav, .ogg or .opus; on_error is called in the writer thread, once, when `error` is set."""
        self.path = path
        self.encoded = encodes(path)
        self.error = ""
        self.dropped = 0
        self._on_error = on_error
        self._tick: int | None = None
        self._file: AudioFile | None = None
        self._block: npt.NDArray[np.int16] = _NO_ROWS  # filled row by row
        self._rows = 0

    def fail(self, reason: str) -> None:
        """The recording is not whole, and somebody has to know."""
        self.error = f"recording {self.path}: {reason}"
        self._on_error(self.error)

    def open(self) -> None:
        """Raises OSError, ValueError; a file that exists is never overwritten."""
        self._file = open_audio_file(self.path)
        self._block = np.zeros((self._file.rows, FRAME_SAMPLES, 2), np.int16)

    def add(self, tick: int, left: Pcm, right: bytes | None, codec: Codec) -> None:
        """One frame; ticks that were left out become silence, so both sides stay aligned with the clock. Raises OSError."""
        for _ in range(0 if self._tick is None else tick - self._tick):
            self._next_row()
        self._tick = tick + 1
        row = self._next_row()
        row[:, 0] = left
        if right is not None:
            row[:, 1] = g711.DECODE[codec][np.frombuffer(right, np.uint8)]

    def add_many(self, tick: int, left: npt.NDArray[np.int16], right: npt.NDArray[np.int16]) -> None:
        """Frames of ticks in a row from `tick` on, as rows. Raises OSError."""
        for _ in range(0 if self._tick is None else tick - self._tick):
            self._next_row()
        self._tick = tick + len(left)
        done = 0
        while done < len(left):
            if self._rows == len(self._block):
                self.sync()
            some = min(len(left) - done, len(self._block) - self._rows)
            rows = self._block[self._rows : self._rows + some]
            rows[:, :, 0], rows[:, :, 1] = left[done : done + some], right[done : done + some]
            self._rows += some
            done += some

    def _next_row(self) -> npt.NDArray[np.int16]:
        if self._rows == len(self._block):
            self.sync()
        self._rows += 1
        row: npt.NDArray[np.int16] = self._block[self._rows - 1]
        return row

    def sync(self) -> None:
        """What waits to the file. Raises OSError."""
        if self._file is None or not self._rows:
            return
        self._file.append(self._block[: self._rows])
        self._rows = 0
        self._block[:] = 0

    def close(self) -> None:
        """Write what waits and close the file. Raises OSError (the file is closed all the same)."""
        if self._file is None:
            return
        try:
            self.sync()
        finally:
            file, self._file = self._file, None
            file.close()


class Taken(NamedTuple):
    """A tick of one recording: left as heard, right as sent (None: no audio sent)."""

    recording: Recording
    tick: int
    left: Pcm
    right: bytes | None
    codec: Codec


class TakenTogether(NamedTuple):
    """A tick of many recordings that go on from tick to tick: a row each of left (samples) and right (codes of its law: 0 A, 1 u).
    The list is the same object as long as the recordings are the same."""

    recordings: list[Recording]
    tick: int
    left: npt.NDArray[np.int16]
    right: npt.NDArray[np.uint8]
    laws: npt.NDArray[np.int8]


class _Open(NamedTuple):
    recording: Recording


class _Finish(NamedTuple):
    recording: Recording
    done: Callable[[], None]


class _Lane:
    """One writer thread."""

    def __init__(self, name: str) -> None:
        self._queue: SimpleQueue[list[Taken] | TakenTogether | _Open | _Finish | None] = SimpleQueue()
        self._open: set[Recording] = set()
        self._together: list[TakenTogether] = []
        self._within: set[Recording] = set()  # of these
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
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

    def put_together(self, taken: TakenTogether) -> None:
        """As `put`."""
        if self._queue.qsize() > _WAITING:
            for recording in taken.recordings:
                recording.dropped += 1
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
            if isinstance(item, TakenTogether):
                self._gather(item)
            elif isinstance(item, _Open):
                if self._attempt(item.recording, item.recording.open):
                    self._open.add(item.recording)
            elif isinstance(item, _Finish):
                if item.recording in self._within:
                    self._write_together()
                self._end(item.recording)
                item.done()
            else:
                for frame in item:
                    if frame.recording in self._within:
                        self._write_together()
                    self._add(frame)
        self._write_together()
        for recording in list(self._open):
            self._end(recording)

    def _gather(self, taken: TakenTogether) -> None:
        last = self._together[-1] if self._together else None
        if last is not None and (last.recordings is not taken.recordings or last.tick + 1 != taken.tick):
            self._write_together()
        if not self._together:
            self._within = set(taken.recordings)
        self._together.append(taken)
        if len(self._together) >= _TOGETHER:
            self._write_together()

    def _write_together(self) -> None:
        together, self._together, self._within = self._together, [], set()
        if not together:
            return
        first = together[0]
        left = np.stack([taken.left for taken in together])
        codes = np.stack([taken.right for taken in together])
        right = g711.decode_mixed(codes, first.laws)
        for n, recording in enumerate(first.recordings):
            if recording in self._open:
                self._attempt(recording, partial(recording.add_many, first.tick, left[:, n], right[:, n]))

    def _add(self, frame: Taken) -> None:
        recording = frame.recording
        if recording in self._open:
            self._attempt(recording, lambda: recording.add(frame.tick, frame.left, frame.right, frame.codec))

    def _attempt(self, recording: Recording, action: Callable[[], None]) -> bool:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - the disk, the path, a library: one file ends, all others go on
            self._fail(recording, error)
            return False
        return True

    def _fail(self, recording: Recording, error: Exception) -> None:
        reason = getattr(error, "strerror", None) or str(error)
        self._open.discard(recording)
        try:
            recording.close()  # keeps the seconds that are safe; a full disk fails again
        except Exception:  # noqa: BLE001 - as above
            reason += " (its last second is lost)"
        recording.fail(reason)

    def _end(self, recording: Recording) -> None:
        if recording not in self._open or not self._attempt(recording, recording.close):
            return
        self._open.discard(recording)
        if recording.dropped:
            recording.fail(
                f"{recording.dropped} frames are silence, {'encoding' if recording.encoded else 'the disk'} was too slow"
            )


class RecordingWriter:
    """The writer threads. `begin`, `finish` and `stop` are of the event loop, `put` of the tick."""

    def __init__(self) -> None:
        self._copying = _Lane("callwright-recordings")
        self._encoding: _Lane | None = None

    def begin(self, recording: Recording) -> None:
        if recording.encoded and self._encoding is None:
            self._encoding = _Lane("callwright-recordings-opus")
        self._lane(recording).begin(recording)

    def put(self, taken: list[Taken]) -> None:
        """The frames of a tick; never blocks. When a thread is far behind they are dropped and counted in each recording."""
        encoding = self._encoding
        if encoding is None:
            self._copying.put(taken)
            return
        for lane, encoded in ((self._copying, False), (encoding, True)):
            if part := [frame for frame in taken if frame.recording.encoded is encoded]:
                lane.put(part)

    def put_together(self, taken: TakenTogether) -> None:
        """The frames of a tick of recordings that are not encoded; never blocks."""
        self._copying.put_together(taken)

    def finish(self, recording: Recording, done: Callable[[], None]) -> None:
        """Close the file after everything put before; `done` is called in the writer thread, whatever happened."""
        self._lane(recording).finish(recording, done)

    def stop(self) -> None:
        """Write everything, close every file, end the threads (blocks: call it outside the event loop)."""
        for lane in (self._copying, self._encoding):
            if lane is not None:
                lane.stop()

    def _lane(self, recording: Recording) -> _Lane:
        return self._encoding if recording.encoded and self._encoding is not None else self._copying
