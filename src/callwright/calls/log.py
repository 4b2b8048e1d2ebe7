"""The event log of one call: ordered, timestamped, JSON-ready; the transcript, the report and the replay read nothing else.

A line is `{"n", "at_ms", "kind", ...data}`; at_ms counts from the moment the call was placed. The file is JSON Lines, written by one owned
task outside the event loop, so that a killed process loses at most the last line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

__all__ = ["EventLog", "read_log"]


class EventLog:
    """Collects the events of one call; `run` writes them while the call lives."""

    def __init__(self, path: Path | None, clock_ms: Callable[[], int]) -> None:
        self.lines: list[dict[str, Any]] = []
        self._path = path
        self._clock_ms = clock_ms
        self._written = 0
        self._wake = anyio.Event()
        self._closed = False
        self.error = ""  # why the file is not whole; the call goes on, `lines` has everything

    def now_ms(self) -> int:
        """ms since the call was placed."""
        return self._clock_ms()

    def add(self, kind: str, data: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Append one event now."""
        line = {"n": len(self.lines), "at_ms": self._clock_ms(), "kind": kind, **(data or {}), **more}
        self.lines.append(line)
        self._wake.set()

    async def run(self) -> None:
        """Write until `close`; owned by the call's task group. Cancelled, it writes what there is first."""
        try:
            while not self._closed:
                await self._wake.wait()
                self._wake = anyio.Event()
                await self._write()
        finally:
            with anyio.CancelScope(shield=True):
                await self._write()

    def close(self) -> None:
        """Nothing more will come: `run` writes the rest and returns."""
        self._closed = True
        self._wake.set()

    async def _write(self) -> None:
        path, batch = self._path, self.lines[self._written :]
        self._written += len(batch)
        if path is None or not batch or self.error:
            return
        text = "".join(json.dumps(line, ensure_ascii=False, default=str) + "\n" for line in batch)

        def append() -> None:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.write(text.encode("utf-8", "backslashreplace"))

        try:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(append)
        except OSError as error:
            self.error = str(error)


def read_log(path: Path) -> list[dict[str, Any]]:
    """The events of a log file; a torn last line (a killed process) is left out."""
    lines: list[dict[str, Any]] = []
    for data in path.read_bytes().split(b"\n")[:-1]:
        try:
            lines.append(json.loads(data))
        except ValueError:
            break
    return lines
