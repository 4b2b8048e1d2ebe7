"""Deadlines of one user agent: a heap of (ms, key), where a newer setting of a key replaces the older one."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable

__all__ = ["Timers"]

_FEW = 64


class Timers:
    def __init__(self) -> None:
        self._heap: list[tuple[int, int]] = []
        self._live: dict[int, tuple[Hashable, Callable[[int], None]]] = {}
        self._serial: dict[Hashable, int] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._live)

    def set(self, key: Hashable, at_ms: int, action: Callable[[int], None]) -> None:
        """Call `action(now_ms)` at `at_ms`; forgets what was set under the same key."""
        self.cancel(key)
        self._count += 1
        self._serial[key] = self._count
        self._live[self._count] = (key, action)
        heapq.heappush(self._heap, (at_ms, self._count))

    def cancel(self, key: Hashable) -> None:
        """Forget a key; unknown keys are fine."""
        serial = self._serial.pop(key, None)
        if serial is not None:
            del self._live[serial]
            self._sweep()

    def _sweep(self) -> None:
        """Deadlines of half an hour (session timers) must not stay for calls that are long over: never more of them than half."""
        if len(self._heap) > _FEW and len(self._heap) > 2 * len(self._live):
            self._heap = [item for item in self._heap if item[1] in self._live]
            heapq.heapify(self._heap)

    def next(self) -> int | None:
        """The earliest deadline, None when there is none."""
        while self._heap and self._heap[0][1] not in self._live:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def run(self, now_ms: int) -> None:
        """Run everything due, in order of its deadline; what an action sets anew and is due runs as well."""
        while (at_ms := self.next()) is not None and at_ms <= now_ms:
            _, serial = heapq.heappop(self._heap)
            key, action = self._live.pop(serial)
            del self._serial[key]
            action(now_ms)
