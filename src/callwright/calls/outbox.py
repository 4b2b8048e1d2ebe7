"""Actions a script asked for (sms, webhook, ticket, freeze, ...), kept durably until whoever delivers them takes them.

One JSON line each, appended and flushed before the dialogue goes on, so that an opt-out is not lost with the process.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Protocol

import anyio
import anyio.to_thread

from callwright.dialogue.values import Do

__all__ = ["FileOutbox", "Outbox"]


class Outbox(Protocol):
    """Where actions go. The number is always that of the call, also after a hand-over: whoever speaks then has none that is known for
    certain, and a number frozen by somebody else's wish is the smaller wrong. The call's log tells whose wish it was (`by_other_party`)."""

    async def put(self, call_id: str, number: str, act: Do) -> None:
        """Keep the action for the person with this number (E.164); raises OSError when it cannot be kept."""


class FileOutbox:
    """An outbox in a JSON Lines file; safe for many calls of one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = anyio.Lock()

    async def put(self, call_id: str, number: str, act: Do) -> None:
        entry = {"call_id": call_id, "number": number, "kind": act.kind, "arg": act.arg}
        line = json.dumps(entry, ensure_ascii=False, default=str)
        async with self._lock:
            await anyio.to_thread.run_sync(self._append, line + "\n")

    def _append(self, line: str) -> None:
        """All of the line or none: what a full disk or a killed process left half written is cut off first."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = not self._path.exists()
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            size = _whole_lines(handle)
            os.ftruncate(handle, size)
            os.lseek(handle, size, os.SEEK_SET)
            data = memoryview(line.encode("utf-8", "backslashreplace"))
            try:
                while data:
                    data = data[os.write(handle, data) :]
                os.fsync(handle)
            except OSError:
                os.ftruncate(handle, size)
                raise
        finally:
            os.close(handle)
        if new:
            _sync_folder(self._path.parent)

    def lines(self) -> list[dict[str, Any]]:
        """Everything kept so far; half a line at the end (a killed process) was never promised to anybody and is left out."""
        if not self._path.exists():
            return []
        return [json.loads(line) for line in self._path.read_bytes().split(b"\n")[:-1]]

    def frozen(self) -> frozenset[str]:
        """Numbers that somebody asked not to call any more."""
        return frozenset(line["number"] for line in self.lines() if line["kind"] == "freeze")


def _whole_lines(handle: int) -> int:
    """Bytes up to and including the last line end."""
    end = os.fstat(handle).st_size
    while end > 0:
        begin = max(0, end - 4096)
        found = os.pread(handle, end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
