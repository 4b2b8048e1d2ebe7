"""One timer of the event loop for the next of many deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from callwright.telephony.sip.transactions import T1

__all__ = ["Alarm"]

_HELD_UP_S = T1 / 1000


class Alarm:
    """ring: called when it is due; whoever is called sets the alarm again.

    Who wakes up far too late (a machine that stood still, a process that was stopped) has not heard yet what came meanwhile, and others
    may have stood still as well: deadlines then wait for one more round trip (T1, RFC 3261 section 17.1.1.1), so that nobody is taken for
    silent who was not heard.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None
        self._at = 0.0  # a timer of uvloop cannot always say
        self._waited = False

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
        if not self._waited and self._loop.time() - self._at > _HELD_UP_S:
            self._waited = True
            self._timer = self._loop.call_later(_HELD_UP_S, self._fire)
            return
        self._waited = False
        self._timer = None
        self._ring()
