"""How well what the recogniser wrote fits what the script expects: distance of sounds, not of letters.

Recognisers err among words that sound alike. So texts are compared as phones (Mandarin: toneless initials and finals, in which the well-known
mergers zh/z, sh/s, ch/c, n/l, f/h, in/ing, en/eng, an/ang cost little) by weighted edit distance. A few thousand phrases are compared at once:
those that share most phones with the text, by one dynamic programme over all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from callwright.speech.asr.lexicon import Lexicon, Phones

__all__ = ["Match", "PhoneTable", "PhraseMatcher", "phone_distance"]

_ALIKE = 0.35
_LOWEST = 0.4  # less similar than this is not similar
_REMEMBER = 5000
_COMPARED = 256  # phrases that are compared in full
_PAIRS = (
    "zh z|ch c|sh s|n l|f h|r l|in ing|en eng|an ang|ian iang|uan uang|ux i|ib if|o uo|q j|j zh|x sh|q ch|b p|d t|g k|"  # Mandarin
    "IH IY|EH AE|AH IH|AH EH|UH UW|AO AA|AA AH|AO OW|D T|S Z|B P|G K|M N|N NG|F TH|F V|V DH|SH CH|JH CH|ER R|AH ER"  # English
)
_CLOSE = frozenset(pair for a, b in (p.split() for p in _PAIRS.split("|")) for pair in ((a, b), (b, a)))

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Match:
    """The nearest known phrase; similarity 0..1 (1 = sounds the same)."""

    phrase: str
    similarity: float


def phone_distance(left: Sequence[str], right: Sequence[str]) -> float:
    """Weighted edit distance: 1 for a phone too many, too few or wrong, less for a merger."""
    row = [float(i) for i in range(len(right) + 1)]
    for i, a in enumerate(left, 1):
        before, row[0] = row[0], float(i)
        for j, b in enumerate(right, 1):
            cost = 0.0 if a == b else _ALIKE if (a, b) in _CLOSE else 1.0
            before, row[j] = row[j], min(before + cost, row[j] + 1, row[j - 1] + 1)
    return row[-1]


class PhraseMatcher:
    """Known phrases by their sounds."""

    def __init__(self, phrases: Iterable[str], lexicon: Lexicon, exact: Iterable[str] = ()) -> None:
        """phrases in order of preference: among equals the first wins. exact: phrases that only count when every sound is right
        (numbers, days, times: the nearest other one would be a wrong value)."""
        self._lexicon = lexicon
        near: dict[Phones, str] = {}
        for phrase in phrases:
            near.setdefault(lexicon.phones(phrase), phrase)
        near.pop((), None)
        self._known = dict(near)
        for phrase in exact:
            self._known.setdefault(lexicon.phones(phrase), phrase)
        self._known.pop((), None)
        self._longest = max((len(p) for p in self._known), default=0)
        self._table = PhoneTable(near)
        self._remembered: dict[Phones, tuple[Match, ...]] = {}

    def knows(self, text: str) -> bool:
        """Whether it sounds exactly like a known phrase, values included."""
        return self._lexicon.phones(text) in self._known

    def nearest(self, text: str) -> Match:
        """The phrase that sounds most like `text` as a whole; Match("", 0.0) for silence or no phrases."""
        phones = self._lexicon.phones(text)
        if phones and phones in self._known:
            return Match(self._known[phones], 1.0)
        found = self.similar(text, 1)
        return found[0] if found else Match("", 0.0)

    def similar(self, text: str, count: int) -> tuple[Match, ...]:
        """Up to `count` (at most 32) phrases that sound most like `text` as a whole, best first; values only where every sound is right."""
        phones = self._lexicon.phones(text)
        if not phones:
            return ()
        if phones not in self._remembered:
            if len(self._remembered) >= _REMEMBER:
                self._remembered.clear()
            self._remembered[phones] = self._table.similar(phones)
        found = self._remembered[phones]
        if phones in self._known:
            exact = Match(self._known[phones], 1.0)
            found = (exact, *(match for match in found if match.phrase != exact.phrase))
        return found[:count]

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


class PhoneTable:
    """Phrases as numbers: which phones they have, and how often each."""

    def __init__(self, phrases: dict[Phones, str]) -> None:
        self._phrases = tuple(phrases.values())
        phones = tuple(phrases)
        heard = {phone for known in phones for phone in known} | {phone for pair in _CLOSE for phone in pair}
        self._numbers = {phone: number for number, phone in enumerate(sorted(heard), 1)}
        size = len(self._numbers) + 1
        self._lengths = np.array([len(known) for known in phones], dtype=np.int64)
        self._rows = np.zeros((len(phones), int(self._lengths.max(initial=0))), dtype=np.int64)
        self._counts = np.zeros((len(phones), size), dtype=np.int8)
        for row, known in enumerate(phones):
            numbers = [self._numbers[phone] for phone in known]
            self._rows[row, : len(known)] = numbers
            np.add.at(self._counts[row], numbers, 1)
        self._costs = np.ones((size, size), dtype=np.float32)
        np.fill_diagonal(self._costs, 0.0)
        for a, b in _CLOSE:
            if a in self._numbers and b in self._numbers:
                self._costs[self._numbers[a], self._numbers[b]] = _ALIKE

    def similar(self, phones: Phones) -> tuple[Match, ...]:
        """The 32 most similar ones above the lowest similarity, best first, the earlier of equals first."""
        if not self._phrases:
            return ()
        query = self._query(phones)
        counts = np.bincount(query, minlength=self._counts.shape[1]).astype(np.int8)
        longest = np.maximum(self._lengths, len(phones))
        shared = np.minimum(self._counts, counts).sum(axis=1) / longest
        rows = np.argsort(-shared, kind="stable")[:_COMPARED]
        similarity = 1 - self._distances(query, rows) / longest[rows]
        best = rows[np.argsort(-similarity, kind="stable")[:32]]
        scores = dict(zip(rows.tolist(), similarity.tolist(), strict=True))
        return tuple(Match(self._phrases[row], scores[row]) for row in best.tolist() if scores[row] > _LOWEST)

    def similarities(self, phones: Phones) -> Floats:
        """Similarity (0..1) of each phrase, in the order given, to these sounds."""
        everything = np.arange(len(self._phrases))
        return np.asarray(1 - self._distances(self._query(phones), everything) / np.maximum(self._lengths, len(phones)))

    def _query(self, phones: Phones) -> Ints:
        return np.array([self._numbers.get(phone, 0) for phone in phones], dtype=np.int64)

    def _distances(self, query: Ints, rows: Ints) -> Floats:
        """`phone_distance` of the query to each row. A run of insertions is a minimum that accumulates."""
        width = int(self._lengths[rows].max())
        table = self._rows[rows, :width]
        steps = np.arange(width + 1, dtype=np.float32)
        row = np.broadcast_to(steps, (len(rows), width + 1))
        for number in query.tolist():
            new = np.empty_like(row)
            new[:, 0] = row[:, 0] + 1
            # Phone 0 stands for one that no phrase has: it equals nothing.
            costs = self._costs[number, table] if number else np.float32(1.0)
            np.minimum(row[:, :-1] + costs, row[:, 1:] + 1, out=new[:, 1:])
            row = np.minimum.accumulate(new - steps, axis=1) + steps
        return np.asarray(row[np.arange(len(rows)), self._lengths[rows]], dtype=np.float32)
