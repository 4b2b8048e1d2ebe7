"""Calls per second, as a token bucket without a clock of its own: when may the next call go?"""

from __future__ import annotations

__all__ = ["Pace"]


class Pace:
    """per_second on average, `burst` of them together. A call takes its turn with `take` and waits as long as it says."""

    def __init__(self, per_second: float, burst: int) -> None:
        self.change(per_second, burst)
        self._due_ms: float | None = None

    def change(self, per_second: float, burst: int) -> None:
        """Go on at another pace; turns that were given stay."""
        self._gap_ms = 1000 / per_second
        self._burst = burst

    def wait_ms(self, now_ms: float) -> float:
        """How long the next call would have to wait."""
        if self._due_ms is None:
            return 0.0
        return max(0.0, self._due_ms - (self._burst - 1) * self._gap_ms - now_ms)

    def take(self, now_ms: float) -> float:
        """Take the next turn; ms to wait for it."""
        wait = self.wait_ms(now_ms)
        self._due_ms = (
            max(self._due_ms or 0.0, now_ms) + self._gap_ms if self._due_ms is not None else now_ms + self._gap_ms
        )
        return wait
