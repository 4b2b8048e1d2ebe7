"""Which of our own numbers is shown: local to the callee first, then always the same one for the same person. Pure.

Numbers are never changed to escape a label: a person who was called sees the same number again as long as it is in use, and a number that was
slowed down calls once a minute at most.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["SLOWED_GAP", "OwnNumber", "pick"]

SLOWED_GAP = timedelta(seconds=60)


@dataclass(slots=True)
class OwnNumber:
    """calls, last_at: of today; raised while a batch is dialled. region: a prefix it looks local for (`+8610`), an ISO country, or ""."""

    id: int
    number: str
    region: str = ""
    state: str = "active"
    company_id: int | None = None
    max_per_day: int | None = None
    verified: bool = True
    calls: int = 0
    last_at: datetime | None = None

    @property
    def counted(self) -> bool:
        """Whether its calls of today must be known before it may be used."""
        return self.max_per_day is not None or self.state == "slowed"

    def used(self, at: datetime) -> None:
        """One more call shows it."""
        self.calls += 1
        self.last_at = at

    def free(self, company_id: int | None, now: datetime) -> bool:
        """Whether it may be shown now, for this company."""
        if not self.verified or self.state not in {"active", "slowed"} or self.company_id not in {None, company_id}:
            return False
        if self.max_per_day is not None and self.calls >= self.max_per_day:
            return False
        return self.state != "slowed" or self.last_at is None or now - self.last_at >= SLOWED_GAP


def pick(
    numbers: Sequence[OwnNumber],
    callee: str,
    country: str,
    company_id: int | None,
    now: datetime,
    *,
    local_first: bool = True,
) -> OwnNumber | None:
    """The number to show, None = none may be shown now. callee: E.164; country: its ISO country."""
    able = [number for number in numbers if number.free(company_id, now)]
    if len(able) < 2:
        return able[0] if able else None
    best = max(_local(number, callee, country) for number in able) if local_first else 0
    near = [number for number in able if not local_first or _local(number, callee, country) == best]
    return min(near, key=lambda number: _taste(callee, number.number))


def _local(number: OwnNumber, callee: str, country: str) -> int:
    """How near it looks: digits of the prefix that it has in common with the callee, 1 for the same country."""
    if number.region.startswith("+"):
        return len(number.region) if callee.startswith(number.region) else 0
    return int(bool(number.region) and number.region == country)


def _taste(callee: str, number: str) -> bytes:
    """Rendezvous hashing (Thaler and Ravishankar, 1998): a number that leaves the pool moves only the people who saw it."""
    return hashlib.blake2b(f"{callee}|{number}".encode(), digest_size=8).digest()
