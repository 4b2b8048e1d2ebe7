"""How busy a worker process is: the part of half a second in which it did not wait for more to come. Pure."""

from __future__ import annotations

__all__ = ["Load"]

_SPAN_S = 0.5
_HEAVY = 0.5


class Load:
    """`waited` takes the times of the monotonic clock (s) between which it waited."""

    def __init__(self, now: float) -> None:
        self._begun = now
        self._idle = 0.0
        self._heavy = False

    def waited(self, since: float, now: float) -> None:
        self._idle += now - max(since, self._begun)

    def heavy(self, now: float) -> bool:
        """Whether it was busy for more than half of the last whole span of half a second."""
        span = now - self._begun
        if span >= _SPAN_S:
            self._heavy = self._idle < (1 - _HEAVY) * span
            self._begun, self._idle = now, 0.0
        return self._heavy
