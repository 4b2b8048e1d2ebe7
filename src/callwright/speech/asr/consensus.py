"""What several passes over one utterance agree on: the phrase that sounds most like all their readings together.

A recogniser of short sentences on a telephone line is often wrong in its best reading and seldom in all of them. So among the readings and the
known phrases near them the one with the highest expected similarity is taken (minimum Bayes risk decoding: Goel and Byrne, Computer Speech and
Language 14, 2000; edit distance of phones as the loss). A known phrase and one that this node expects have a small lead. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from callwright.speech.asr.lexicon import Lexicon
from callwright.speech.asr.matching import PhoneTable, PhraseMatcher

__all__ = ["Agreed", "agree"]

_DECAY = 0.7  # a reading one rank further down counts this much less
_KNOWN = 0.2  # lead of a known phrase, in similarity
_EXPECTED = 0.04  # lead of a phrase that this node expects
_MANY, _FEW = 12, 4  # known phrases looked up for each of the first two readings of a pass, and for each of the others
_LEAST = 0.5  # similarity of a known phrase that is looked at
_CANDIDATES = 80


@dataclass(frozen=True, slots=True)
class Agreed:
    """text: the phrase; agreement: its expected similarity to the readings, 0..1; known: 1 for a known phrase, else the share of its sounds
    that known phrases cover; nearest: similarity to the best reading of the pass that is nearer; others: what came next."""

    text: str
    agreement: float
    known: float
    nearest: float
    others: tuple[str, ...]


def agree(
    passes: Sequence[Sequence[str]], matcher: PhraseMatcher, lexicon: Lexicon, expected: Collection[str]
) -> Agreed | None:
    """passes: the readings of each pass, best first. None when there is none at all."""
    readings = [(text, _DECAY**rank) for found in passes for rank, text in enumerate(found)]
    candidates = {lexicon.phones(text): text for text in reversed(_candidates(passes, matcher)) if lexicon.phones(text)}
    if not readings or not candidates:
        return None
    texts = list(reversed(candidates.values()))
    table = PhoneTable(dict(zip(reversed(candidates), texts, strict=True)))
    rows = {text: table.similarities(lexicon.phones(text)) for text in dict.fromkeys(text for text, _ in readings)}
    total = sum(weight for _, weight in readings)
    expectation = np.sum([weight * rows[text] for text, weight in readings], axis=0) / total
    lead = [_KNOWN * matcher.knows(text) + _EXPECTED * (text in expected) for text in texts]
    order = np.argsort(-(expectation + np.array(lead)), kind="stable").tolist()
    best = order[0]
    first = [float(rows[found[0]][best]) for found in passes if found]
    known = 1.0 if matcher.knows(texts[best]) else 0.9 * matcher.coverage(texts[best])
    return Agreed(texts[best], float(expectation[best]), known, max(first), tuple(texts[place] for place in order[1:4]))


def _candidates(passes: Sequence[Sequence[str]], matcher: PhraseMatcher) -> list[str]:
    found: list[str] = []
    for readings in passes:
        for rank, text in enumerate(readings):
            found.append(text)
            near = matcher.similar(text, _MANY if rank < 2 else _FEW)
            found += [match.phrase for match in near if match.similarity >= _LEAST]
    return list(dict.fromkeys(found))[:_CANDIDATES]
