"""People who take over calls, in a simulation: who waits how long, and who is abandoned. Pure but for the generator it is given."""

from __future__ import annotations

import heapq
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from callwright.campaigns.model import Transfer

__all__ = ["Desk"]

_PATIENCE_S = 30.0  # so long somebody waits at most


class Desk:
    """agents people who need handling_s seconds for a call (exponential)."""

    def __init__(self, agents: int, handling_s: float, transfer: Transfer) -> None:
        self.handling_s, self.transfer = handling_s, transfer
        self.free_at = [0.0] * agents  # POSIX seconds
        heapq.heapify(self.free_at)

    def look(self, now: datetime) -> tuple[int, int, float]:
        """(free people, people who are already promised to somebody who waits, how many will become free within a call's ringing)."""
        moment = now.timestamp()
        free = sum(at <= moment for at in self.free_at)
        soon = sum(moment < at <= moment + 15 for at in self.free_at)
        return free, 0, float(soon)

    def take(self, now: datetime, starts: NDArray[np.float64], random: np.random.Generator) -> tuple[int, int]:
        """Calls that ask for a person, seconds from now, in order; (how many came to the queue, how many of them were abandoned)."""
        base, abandoned = now.timestamp(), 0
        for start in starts:
            moment = base + float(start)
            begin = max(moment, self.free_at[0]) if self.free_at else float("inf")
            abandoned += begin - moment > self.transfer.threshold_s
            if begin - moment <= _PATIENCE_S:
                heapq.heapreplace(self.free_at, begin + float(random.exponential(self.handling_s)))
        return len(starts), abandoned
