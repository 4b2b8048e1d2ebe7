"""Occurrences of rules in a sentence, and which of them stand: the longest span wins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from callwright.dialogue.understanding.patterns import Kind
from callwright.dialogue.values import Candidate

__all__ = ["Hit", "longest"]

_STRENGTH = {"phrase": 0, "combination": 0, "regex": 0, "pinyin": 1, "derived": 2, "ranker": 3}


@dataclass(frozen=True, slots=True)
class Hit:
    """One occurrence. pieces: the stretches really matched (a combination has several); order: its rule's place in the file."""

    candidate: Candidate
    pieces: tuple[tuple[int, int], ...]
    order: int

    @property
    def kind(self) -> Kind:
        return self.candidate.kind

    @property
    def span(self) -> tuple[int, int]:
        return self.candidate.span

    @property
    def length(self) -> int:
        return self.candidate.span[1] - self.candidate.span[0]

    @property
    def explicit(self) -> bool:
        """The author wrote these very words (not derived, not by sound)."""
        return _STRENGTH[self.candidate.source] == 0

    def overlaps(self, begin: int, end: int) -> bool:
        return any(a < end and begin < b for a, b in self.pieces)


def longest(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """Drop a span that lies inside a longer one. Of equal spans the stronger source stays; several rules of equal strength all stay.

    A combination covers only its parts: what is said between them may be another phrase. The result is ordered by where it begins,
    then the longer first, then file order, so the same sentence always gives the same order.
    """
    ranked = sorted(hits, key=lambda hit: (hit.span[0], -hit.length, _STRENGTH[hit.candidate.source], hit.order))
    kept = [hit for hit in ranked if not any(_beats(other, hit) for other in ranked)]
    unique: dict[tuple[str, str, tuple[int, int]], Hit] = {}
    for hit in kept:
        unique.setdefault((hit.kind, hit.candidate.id, hit.span), hit)
    return tuple(unique.values())


def _beats(other: Hit, hit: Hit) -> bool:
    begin, end = hit.span
    if other.span == hit.span:
        return _STRENGTH[other.candidate.source] < _STRENGTH[hit.candidate.source]
    return any(a <= begin and end <= b and (a, b) != (begin, end) for a, b in other.pieces) or (
        len(other.pieces) == 1 and other.length > hit.length and other.span[0] <= begin and end <= other.span[1]
    )
