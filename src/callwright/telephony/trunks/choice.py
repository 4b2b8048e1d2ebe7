"""In which order the trunks of a tenant are tried: by priority; within one, drawn by weight. Pure: chance is an argument."""

from __future__ import annotations

import random
from collections.abc import Iterable

from callwright.telephony.trunks.model import Trunk

__all__ = ["in_order"]


def in_order(trunks: Iterable[Trunk], rng: random.Random) -> list[Trunk]:
    """Every trunk once, the one to try first in front."""
    return sorted(trunks, key=lambda trunk: (trunk.priority, -_draw(trunk.weight, rng)))


def _draw(weight: int, rng: random.Random) -> float:
    """Larger for larger weights: the largest of `weight` draws, so that it wins in proportion (Efraimidis and Spirakis)."""
    return float(rng.random() ** (1 / weight))
