"""Shares with the range they may really have, and what one version of a script has over another. Pure.

Sources: E. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927 (the interval of a share);
R. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine 17, 1998, method 10 (of a
difference, made of two of Wilson's).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

__all__ = ["Share", "difference", "share"]

_Z = 1.959964  # 95 %


@dataclass(frozen=True, slots=True)
class Share:
    """part of whole; low, high: where it lies with 95 % confidence. whole 0: anything is possible."""

    part: int
    whole: int
    value: float
    low: float
    high: float


def share(part: int, whole: int) -> Share:
    """Raises ValueError: the part is larger than the whole, or below 0."""
    if not 0 <= part <= whole:
        raise ValueError(f"{part} of {whole}")
    if not whole:
        return Share(0, 0, 0.0, 0.0, 1.0)
    p, square = part / whole, _Z * _Z
    middle = (p + square / (2 * whole)) / (1 + square / whole)
    reach = _Z / (1 + square / whole) * sqrt(p * (1 - p) / whole + square / (4 * whole * whole))
    return Share(
        part, whole, p, max(0.0, middle - reach) if part else 0.0, min(1.0, middle + reach) if part < whole else 1.0
    )


def difference(one: Share, other: Share) -> tuple[float, float, float]:
    """one - other: value, low, high. 0 within low and high = it may be chance."""
    value = one.value - other.value
    if not one.whole or not other.whole:
        return value, -1.0, 1.0
    low = value - sqrt((one.value - one.low) ** 2 + (other.high - other.value) ** 2)
    high = value + sqrt((one.high - one.value) ** 2 + (other.value - other.low) ** 2)
    return value, low, high
