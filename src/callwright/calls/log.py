"""The event log of one call: ordered, timestamped, JSON-ready; the transcript, the report and the replay read nothing else.

A line is `{"n", "at_ms", "kind", ...data}`; at_ms counts from the moment the call was placed. The file is JSON Lines, written by one owned
task outside the event loop, so that a killed process loses at most the last line, and what happened within the last moment.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

__all__ = ["EventLog", "LogWriter", "being_written", "read_log"]

_LOCK_TRIES = 50
_GATHER_S = 0.05  # events of one moment are written together: each writing takes a thread
_as_json = json.JSONEncoder(ensure_ascii=False, default=str).encode


class LogWriter:
    """Writes the logs of many calls together, a thread for all of them. It has no task of its own: of the logs that have something to write
    the first one waits a moment for the others, and writes for them too."""

    def __init__(self) -> None:
        self._waiting: list[EventLog] = []
        self._turn: anyio.Event | None = None

    async def write(self, log: EventLog) -> None:
        """Write what this log has to write by the end of the moment. The file is open; its owner awaits this in a shielded scope."""
        self._waiting.append(log)
        if self._turn is not None:
            await self._turn.wait()
            return
        turn = self._turn = anyio.Event()
        try:
            try:
                await log.moment(_GATHER_S)
            finally:
                together, self._waiting, self._turn = self._waiting, [], None
            parts = [(one, lines) for one in together if (lines := one.take())]
            if parts:
                await anyio.to_thread.run_sync(_write_all, parts)
        finally:
            turn.set()


def _write_all(parts: list[tuple[EventLog, list[dict[str, Any]]]]) -> None:
    for log, lines in parts:
        log.append(lines)


class EventLog:
    """Collects the events of one call; `run` writes them while the call lives, and holds a lock on the file as long (see `being_written`)."""

    def __init__(self, path: Path | None, clock_ms: Callable[[], int], writer: LogWriter | None = None) -> None:
        """writer: shared with other calls, None = one of its own."""
        self.lines: list[dict[str, Any]] = []
        self._path = path
        self._clock_ms = clock_ms
        self._writer = writer or LogWriter()
        self._written = 0
        self._file: int | None = None
        self._wake = anyio.Event()
        self._begun = anyio.Event()
        self._closing = anyio.Event()
        self._closed = False
        self.error = ""  # why the file is not whole; the call goes on, `lines` has everything
        self.watchers: list[
            Callable[[Mapping[str, Any]], None]
        ] = []  # told of each line, and of what is said in passing

    def now_ms(self) -> int:
        """ms since the call was placed."""
        return self._clock_ms()

    def add(self, kind: str, data: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Append one event now."""
        line = {"n": len(self.lines), "at_ms": self._clock_ms(), "kind": kind, **(data or {}), **more}
        self.lines.append(line)
        self._wake.set()
        for tell in self.watchers:
            tell(line)

    def passing(self, kind: str, **data: Any) -> None:
        """Tell whoever watches just now (words that may still change); it is no event and is not kept."""
        for tell in self.watchers:
            tell({"at_ms": self._clock_ms(), "kind": kind, **data})

    async def begun(self) -> None:
        """Wait until the first lines are in the file, or cannot be: a call is on disk before anybody is rung."""
        await self._begun.wait()

    async def run(self) -> None:
        """Write until `close`, also when the call is cancelled: how it was hung up belongs to it. Owned by the call's task group, which
        must close the log however it ends."""
        with anyio.CancelScope(shield=True):
            try:
                await self._wake.wait()
                await self._write()  # alone: to open a file may take long
                self._begun.set()
                while not self._closed:
                    await self._wake.wait()
                    await self._writer.write(self)
                await self._write()
            finally:
                file, self._file = self._file, None
                if file is not None:
                    os.close(file)

    def close(self) -> None:
        """Nothing more will come: `run` writes the rest and returns."""
        self._closed = True
        self._closing.set()
        self._wake.set()

    async def _write(self) -> None:
        if lines := self.take():
            await anyio.to_thread.run_sync(self.append, lines)

    # ------------------------------------------------------------ for the writer

    async def moment(self, seconds: float) -> None:
        """So long at most; not when the call is over."""
        with anyio.move_on_after(seconds):
            await self._closing.wait()

    def take(self) -> list[dict[str, Any]]:
        """The lines that are still to be written; whoever takes them writes them."""
        self._wake = anyio.Event()
        lines = self.lines[self._written :]
        self._written += len(lines)
        return lines if self._path is not None and not self.error else []

    def append(self, lines: list[dict[str, Any]]) -> None:
        """Write them; in a thread. What prevents it is kept in `error`."""
        try:
            text = "".join([_as_json(line) + "\n" for line in lines])
            file = self._opened()
            rest = memoryview(text.encode("utf-8", "backslashreplace"))
            while rest:
                rest = rest[os.write(file, rest) :]
        except OSError as error:
            self.error = str(error)
        except Exception as error:  # noqa: BLE001 - a line that is no JSON: the logs that are written with this one are not to blame
            self.error = f"{type(error).__name__}: {error}"

    def _opened(self) -> int:
        path = self._path
        assert path is not None
        if self._file is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            _lock(self._file, path)
        return self._file


def _lock(file: int, path: Path) -> None:
    """Take the lock; whoever reads an unfinished log after a crash may have it for a moment. Raises OSError."""
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return
    raise BlockingIOError(errno.EWOULDBLOCK, "another call is writing this log", str(path))


def being_written(path: Path) -> bool:
    """Whether a live process is writing this log. The lock goes with its process, however that ends. Raises OSError."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def read_log(path: Path) -> list[dict[str, Any]]:
    """The events of a log file; a torn last line (a killed process), and whatever else is no event, is left out."""
    lines: list[dict[str, Any]] = []
    for data in path.read_bytes().split(b"\n")[:-1]:
        try:
            line = json.loads(data)
        except ValueError:
            continue
        if isinstance(line, dict):
            lines.append(line)
    return lines
