"""Whether a machine keeps up with the media of its calls: where it does not, it should take no more of them. Pure."""

from __future__ import annotations

from collections import deque

__all__ = ["LIMIT", "Strain"]

LIMIT = 25
"""Ticks of 20 ms given up within `_WITHIN_S` that are too many: half a second of gaps for everybody who is on the phone."""
_WITHIN_S = 10.0
_MOST_AT_ONCE = 15  # one standstill (a suspended machine) is no sign of too many calls, however long it was
_REST_S = 10.0
_LONGEST_S = 120.0
_SOON_S = 60.0  # who is strained again so soon after a rest took on too much again


class Strain:
    """`look` at the counter of ticks given up as often as calls may be taken; `resting`: take none. Calls that are up go on.

    A rest lasts 10 s at least, and until no tick was given up for 10 s; each that follows within a minute is twice as long, up to 2 minutes.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        """limit: ticks given up within 10 s, of one standstill 15 at most; 0 = it never rests. Raises ValueError: below 0."""
        if limit < 0:
            raise ValueError("a limit of ticks is 0 or more")
        self._limit = limit
        self._seen = 0
        self._lost: deque[tuple[float, int]] = deque()  # (when, ticks)
        self._until = 0.0
        self._rest_s = _REST_S
        self._ended = float("-inf")  # of the last rest
        self.resting = False
        self.rests = 0

    def look(self, now_s: float, skipped: int) -> bool:
        """Whether to rest. now_s: any clock that does not go back; skipped: ticks given up since the engine began."""
        lost, self._seen = max(0, skipped - self._seen), max(self._seen, skipped)
        if lost:
            self._lost.append((now_s, min(lost, _MOST_AT_ONCE)))
        while self._lost and self._lost[0][0] <= now_s - _WITHIN_S:
            self._lost.popleft()
        if self.resting:
            if now_s >= self._until and not self._lost:
                self.resting, self._ended = False, now_s
        elif self._limit and sum(ticks for _, ticks in self._lost) >= self._limit:
            again = now_s - self._ended < _SOON_S
            self._rest_s = min(2 * self._rest_s, _LONGEST_S) if again else _REST_S
            self._until = now_s + self._rest_s
            self.resting = True
            self.rests += 1
        return self.resting
