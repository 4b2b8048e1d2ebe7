"""Readings and the rule that picks among them: the longest wins, values of one type never overlap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["Reading", "compact", "longest"]


@dataclass(frozen=True, slots=True)
class Reading:
    """One value found in a text: [start, end), the value and the other values it could be."""

    start: int
    end: int
    value: Any
    ambiguous: tuple[Any, ...] = ()


def longest(readings: Iterable[Reading]) -> list[Reading]:
    """Non-overlapping readings in text order; a longer one beats a shorter one, the earlier beats the later."""
    chosen: list[Reading] = []
    for reading in sorted(readings, key=lambda r: (r.start - r.end, r.start)):
        if all(reading.end <= other.start or reading.start >= other.end for other in chosen):
            chosen.append(reading)
    return sorted(chosen, key=lambda r: r.start)


def compact(text: str) -> tuple[str, list[int]]:
    """The text without white space, and for each character kept its place in the original."""
    places = [place for place, char in enumerate(text) if not char.isspace()]
    return "".join(text[place] for place in places), places
