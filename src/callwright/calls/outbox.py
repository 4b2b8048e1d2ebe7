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
    """Where actions go."""

    async def put(self, call_id: str, act: Do) -> None:
        """Keep the action; raises OSError when it cannot be kept."""


class FileOutbox:
    """An outbox in a JSON Lines file; safe for many calls of one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = anyio.Lock()

    async def put(self, call_id: str, act: Do) -> None:
        line = json.dumps({"call_id": call_id, "kind": act.kind, "arg": act.arg}, ensure_ascii=False, default=str)
        async with self._lock:
            await anyio.to_thread.run_sync(self._append, line + "\n")

    def _append(self, line: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def lines(self) -> list[dict[str, Any]]:
        """Everything kept so far."""
        if not self._path.exists():
            return []
        return [json.loads(line) for line in self._path.read_text(encoding="utf-8").splitlines()]
