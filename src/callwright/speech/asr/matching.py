"""How well what the recogniser wrote fits what the script expects: distance of sounds, not of letters.

Recognisers err among words that sound alike. So texts are compared as phones (Mandarin: toneless initials and finals, in which the well-known
mergers zh/z, sh/s, ch/c, n/l, f/h, in/ing, en/eng, an/ang cost little) by weighted edit distance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from callwright.speech.asr.lexicon import Lexicon, Phones

__all__ = ["Match", "PhraseMatcher", "phone_distance"]

_ALIKE = 0.35
_LOWEST = 0.4  # less similar than this is not similar
_REMEMBER = 5000
_PAIRS = (
    "zh z|ch c|sh s|n l|f h|r l|in ing|en eng|an ang|ian iang|uan uang|ux i|ib if|o uo|q j|j zh|x sh|q ch|b p|d t|g k|"  # Mandarin
    "IH IY|EH AE|AH IH|AH EH|UH UW|AO AA|AA AH|AO OW|D T|S Z|B P|G K|M N|N NG|F TH|F V|V DH|SH CH|JH CH|ER R|AH ER"  # English
)
_CLOSE = frozenset(pair for a, b in (p.split() for p in _PAIRS.split("|")) for pair in ((a, b), (b, a)))


@dataclass(frozen=True, slots=True)
class Match:
    """The nearest known phrase; similarity 0..1 (1 = sounds the same)."""

    phrase: str
    similarity: float


def phone_distance(left: Sequence[str], right: Sequence[str], limit: float = float("inf")) -> float:
    """Weighted edit distance; stops early above `limit` (returns a number above it)."""
    row = [float(i) for i in range(len(right) + 1)]
    for i, a in enumerate(left, 1):
        before, row[0] = row[0], float(i)
        for j, b in enumerate(right, 1):
            cost = 0.0 if a == b else _ALIKE if (a, b) in _CLOSE else 1.0
            before, row[j] = row[j], min(before + cost, row[j] + 1, row[j - 1] + 1)
        if min(row) > limit:
            return min(row)
    return row[-1]


class PhraseMatcher:
    """Known phrases by their sounds."""

    def __init__(self, phrases: Iterable[str], lexicon: Lexicon, exact: Iterable[str] = ()) -> None:
        """phrases in order of preference: among equals the first wins. exact: phrases that only count when every sound is right
        (numbers, days, times: the nearest other one would be a wrong value)."""
        self._lexicon = lexicon
        self._near: dict[Phones, str] = {}
        for phrase in phrases:
            self._near.setdefault(lexicon.phones(phrase), phrase)
        self._near.pop((), None)
        self._known = dict(self._near)
        for phrase in exact:
            self._known.setdefault(lexicon.phones(phrase), phrase)
        self._known.pop((), None)
        self._longest = max((len(p) for p in self._known), default=0)
        self._remembered: dict[Phones, Match] = {}

    def nearest(self, text: str) -> Match:
        """The phrase that sounds most like `text` as a whole; Match("", 0.0) for silence or no phrases."""
        phones = self._lexicon.phones(text)
        if not phones:
            return Match("", 0.0)
        if phones in self._known:
            return Match(self._known[phones], 1.0)
        if phones not in self._remembered:
            if len(self._remembered) >= _REMEMBER:
                self._remembered.clear()
            self._remembered[phones] = self._scan(phones)
        return self._remembered[phones]

    def _scan(self, phones: Phones) -> Match:
        best, similarity = "", _LOWEST
        for known, phrase in self._near.items():
            longest = max(len(known), len(phones))
            allowed = (1 - similarity) * longest
            if abs(len(known) - len(phones)) >= allowed:
                continue
            distance = phone_distance(phones, known, allowed)
            if distance < allowed:
                best, similarity = phrase, 1 - distance / longest
        return Match(best, similarity) if best else Match("", 0.0)

    def coverage(self, text: str) -> float:
        """Share of the sounds of `text` that lie in known phrases (of at least four phones) standing in it side by side: a caller who says two
        known things in one breath is not strange."""
        phones = self._lexicon.phones(text)
        covered = [0] * (len(phones) + 1)
        for end in range(1, len(phones) + 1):
            covered[end] = covered[end - 1]
            for length in range(4, min(self._longest, end) + 1):
                if phones[end - length : end] in self._known:
                    covered[end] = max(covered[end], covered[end - length] + length)
        return covered[-1] / len(phones) if phones else 0.0
