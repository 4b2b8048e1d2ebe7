"""One timer of the event loop for the next of many deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["Alarm"]


class Alarm:
    """ring: called when it is due; whoever is called sets the alarm again."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None
        self._at = 0.0  # a timer of uvloop cannot always say

    def set(self, due_ms: int) -> None:
        """Wake up then (clock of the loop, ms); a timer that is set already and not later stays."""
        at = due_ms / 1000 + 0.0005
        if self._timer is not None:
            if self._at <= at:
                return
            self._timer.cancel()
        self._at = at
        self._timer = self._loop.call_at(at, self._fire)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _fire(self) -> None:
        self._timer = None
        self._ring()
