"""Sequence numbers of one source: duplicates, loss and restarts (RFC 3550 appendix A.1 and A.3)."""

from __future__ import annotations

__all__ = ["SequenceTracker"]

_WINDOW = 128
_MASK = (1 << _WINDOW) - 1
_DROPOUT = 3000


class SequenceTracker:
    """Which packets of one source came, by number. `lost` = expected - received, so a packet that comes late gives back its loss.

    gaps: runs of lost packets; one that a late packet fills is none, one that it parts are two.
    """

    __slots__ = (
        "_base",
        "_expected_before",
        "_received",
        "_received_before",
        "_seen",
        "_started",
        "_top",
        "_total",
        "gaps",
    )

    def __init__(self) -> None:
        self._started = False
        self._top = 0
        self._seen = 0  # bit n: packet top - n came
        self._base = (
            0  # number of the first packet since the last restart; below zero when an older one came after a wrap
        )
        self._total = 0  # expected since the last restart
        self._received = 0
        self._expected_before = 0
        self._received_before = 0
        self.gaps = 0

    @property
    def lost(self) -> int:
        return max(0, self._expected_before + self._total - self._received)

    def restart(self) -> None:
        """A new source: the next number is the first of its own; the counts go on."""
        self._started = False
        self._expected_before += self._total
        self._received_before = self._received
        self._total = 0

    @property
    def current(self) -> tuple[int, int, int] | None:
        """Of the source that is heard now: (highest number with its cycles above, packets expected, received); None: none yet."""
        if not self._started:
            return None
        return self._base + self._total - 1, self._total, self._received - self._received_before

    @property
    def following(self) -> int:
        """The number that comes after the highest one seen."""
        return (self._top + 1) & 0xFFFF

    def advance(self, packets: int) -> None:
        """So many packets came, each with the number that followed."""
        self._top = (self._top + packets) & 0xFFFF
        self._seen = _MASK if packets >= _WINDOW else ((self._seen << packets) | ((1 << packets) - 1)) & _MASK
        self._total += packets
        self._received += packets

    def accept(self, sequence: int) -> bool:
        """Note a packet; False for a duplicate or one too old to tell."""
        if not self._started:
            self._started = True
            self._base = self._top = sequence
            self._seen, self._total = 1, 1
            self._received += 1
            return True
        step = ((sequence - self._top + 0x8000) & 0xFFFF) - 0x8000
        if 0 < step < _DROPOUT:
            self._seen = ((self._seen << step) | 1) & _MASK
            self._top = sequence
            self._total += step
            self.gaps += step > 1
        elif -_WINDOW < step <= 0:
            bit = 1 << -step
            if self._seen & bit:
                return False
            self._seen |= bit
            if -step >= self._total:  # older than the first one: it was sent before, so it is expected now
                self.gaps += -step > self._total
                self._base -= -step + 1 - self._total
                self._total = -step + 1
            else:
                self._filled(-step)
        elif abs(step) >= _DROPOUT:  # the sender started anew
            self.restart()
            return self.accept(sequence)
        else:
            return False
        self._received += 1
        return True

    def _filled(self, behind: int) -> None:
        """A packet so far behind the newest came into a gap: it closes it, shortens it, or parts it."""
        newer = self._seen >> (behind - 1) & 1
        older = self._seen >> (behind + 1) & 1 if behind + 1 < min(self._total, _WINDOW) else 1
        self.gaps += 1 - newer - older
