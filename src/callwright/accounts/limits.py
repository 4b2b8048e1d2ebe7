"""How often somebody may knock: token buckets in memory, one for each source or account. Pure, but for what they remember.

They slow down guessing before it costs anything, in this process; what shuts an account for all processes stands in the database (lockout.py).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

__all__ = ["Buckets"]


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Buckets:
    """burst: how many at once; per_second: how many come back. Remembers at most `most` keys: the ones not seen for longest go first, and
    those that are full again are no loss."""

    def __init__(self, burst: int, per_second: float, *, most: int = 20_000) -> None:
        self._burst, self._rate, self._most = float(burst), per_second, most
        self._known: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str, now: float) -> int:
        """Take one. now: seconds of any clock that only goes forward. 0 = there was one; else in how many seconds there will be."""
        bucket = self._known.pop(key, None) or _Bucket(self._burst, now)
        bucket.left = min(self._burst, bucket.left + max(0.0, now - bucket.at) * self._rate)
        bucket.at = now
        self._known[key] = bucket
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        if bucket.left >= 1:
            bucket.left -= 1
            return 0
        return max(1, math.ceil((1 - bucket.left) / self._rate))
