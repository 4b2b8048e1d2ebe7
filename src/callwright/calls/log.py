"""The event log of one call: ordered, timestamped, JSON-ready; the transcript, the report and the replay read nothing else.

A line is `{"n", "at_ms", "kind", ...data}`; at_ms counts from the moment the call was placed. The file is JSON Lines, written by one owned
task outside the event loop, so that a killed process loses at most the last line.
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

__all__ = ["EventLog", "being_written", "read_log"]

_LOCK_TRIES = 50
_GATHER_S = 0.05  # events of one moment are written together: each writing takes a thread


class EventLog:
    """Collects the events of one call; `run` writes them while the call lives, and holds a lock on the file as long (see `being_written`)."""

    def __init__(self, path: Path | None, clock_ms: Callable[[], int]) -> None:
        self.lines: list[dict[str, Any]] = []
        self._path = path
        self._clock_ms = clock_ms
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
                while not self._closed:
                    await self._wake.wait()
                    if self._begun.is_set():
                        with anyio.move_on_after(_GATHER_S):
                            await self._closing.wait()
                    self._wake = anyio.Event()
                    await self._write()
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
        path, batch = self._path, self.lines[self._written :]
        self._written += len(batch)
        if path is not None and batch and not self.error:
            text = "".join(json.dumps(line, ensure_ascii=False, default=str) + "\n" for line in batch)
            try:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._append, path, text.encode("utf-8", "backslashreplace"))
            except OSError as error:
                self.error = str(error)
        self._begun.set()

    def _append(self, path: Path, data: bytes) -> None:
        if self._file is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            _lock(self._file, path)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._file, rest) :]


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
