"""The circuit breaker of one trunk, a pure state machine: closed (calls go), open (it rests), half-open (one call tries it).

Failures are 5xx, time-outs and transport errors of calls we placed; what a person says (busy, no answer) is none.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

__all__ = ["BreakerState", "CircuitBreaker"]

BreakerState = Literal["closed", "open", "half_open"]


class CircuitBreaker:
    """Opens after `failures` within `window_ms`, for `rest_ms`. Every method takes the time; none of them waits."""

    def __init__(self, failures: int, window_ms: int, rest_ms: int) -> None:
        self._most = failures
        self._window_ms = window_ms
        self._rest_ms = rest_ms
        self._failed: deque[int] = deque(maxlen=failures)
        self._opened_ms: int | None = None
        self._trying = False

    def state(self, now_ms: int) -> BreakerState:
        if self._opened_ms is None:
            return "closed"
        return "half_open" if now_ms - self._opened_ms >= self._rest_ms else "open"

    def allows(self, now_ms: int) -> bool:
        """Whether a call may go now; in half-open only while no other one is trying."""
        state = self.state(now_ms)
        return state == "closed" or (state == "half_open" and not self._trying)

    def begin(self, now_ms: int) -> bool:
        """A call goes; True = it is the one that tries, and must be told of by `succeed`, `fail` or `leave`."""
        self._trying = self._trying or self.state(now_ms) == "half_open"
        return self._trying

    def succeed(self, now_ms: int) -> None:
        """The trunk served a call: answered it, rang it, or said something about the person. It closes."""
        self._opened_ms, self._trying = None, False
        self._failed.clear()

    def fail(self, now_ms: int) -> None:
        """The trunk failed a call."""
        if self._opened_ms is not None:
            if self.state(now_ms) == "half_open":
                self._opened_ms = now_ms
            self._trying = False
            return
        self._failed.append(now_ms)
        if len(self._failed) == self._most and now_ms - self._failed[0] <= self._window_ms:
            self._open(now_ms)

    def leave(self) -> None:
        """The call that tried ended before it showed anything: another one may."""
        self._trying = False

    def probe(self, alive: bool, now_ms: int) -> None:
        """OPTIONS was answered, or was not: an answer ends a rest that is over, none begins one at once."""
        if not alive:
            self._open(now_ms)
        elif self.state(now_ms) != "open":
            self.succeed(now_ms)

    def _open(self, now_ms: int) -> None:
        self._opened_ms, self._trying = now_ms, False
        self._failed.clear()
