"""A/B of script versions: who hears which one, and what the difference is worth. Pure."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

from callwright.campaigns.model import Plan, ScriptShare

__all__ = ["Comparison", "Proportion", "assign", "compare", "proportion", "share_of"]

Z95 = 1.959963984540054  # two-sided 95 %


def assign(plan: Plan, salt: str, lead: int) -> str:
    """The variant a lead hears: always the same one for the same task, by weight.

    Args:
        salt: of the task (its name or id), so that two tasks do not divide the same people in the same way.
    """
    if len(plan.scripts) == 1:
        return plan.scripts[0].name
    total = sum(share.weight for share in plan.scripts)
    digest = hashlib.blake2b(f"{salt}\0{lead}".encode(), digest_size=8).digest()
    point = int.from_bytes(digest, "big") * total >> 64
    for share in plan.scripts:
        point -= share.weight
        if point < 0:
            return share.name
    raise AssertionError("the weights do not add up")


def share_of(plan: Plan, variant: str) -> ScriptShare | None:
    """The script of a variant, None = the plan has no such one (any more)."""
    return next((share for share in plan.scripts if share.name == variant), None)


@dataclass(frozen=True, slots=True)
class Proportion:
    """hits of n, with its 95 % interval."""

    hits: int
    n: int
    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """b - a, with its 95 % interval. verdict: `a`, `b` (better), or `open`: the interval holds zero, nothing is shown yet."""

    a: Proportion
    b: Proportion
    difference: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """Which one has more hits, as far as that is shown."""
        if self.low > 0:
            return "b"
        return "a" if self.high < 0 else "open"


def proportion(hits: int, n: int) -> Proportion:
    """A share with Wilson's score interval (Wilson, JASA 22, 1927). n = 0: anything from 0 to 1.

    Raises:
        ValueError: more hits than n, or less than none.
    """
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} of {n}")
    if n == 0:
        return Proportion(0, 0, 0.0, 0.0, 1.0)
    rate, z2 = hits / n, Z95**2
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))
    return Proportion(hits, n, rate, max(0.0, centre - half), min(1.0, centre + half))


def compare(hits_a: int, n_a: int, hits_b: int, n_b: int) -> Comparison:
    """Two shares side by side, by Newcombe's hybrid score interval (Statistics in Medicine 17, 1998, method 10)."""
    a, b = proportion(hits_a, n_a), proportion(hits_b, n_b)
    difference = b.rate - a.rate
    low = difference - math.hypot(b.rate - b.low, a.high - a.rate)
    high = difference + math.hypot(b.high - b.rate, a.rate - a.low)
    return Comparison(a, b, difference, max(-1.0, low), min(1.0, high))
