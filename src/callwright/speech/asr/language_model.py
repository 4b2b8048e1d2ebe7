"""A small n-gram language model from the phrases of a script, written in ARPA format.

Witten-Bell interpolation (Witten and Bell 1991; Chen and Goodman 1999, section 2.4): p(w|h) = (c(hw) + T(h)
p(w|h')) / (c(h) + T(h)), where T(h) is the
number of different words seen after h. It needs no held-out data and takes fractional counts, so phrases can have weights.
Interpolated probabilities are stored for what was seen, T(h) / (c(h) + T(h)) is the back-off weight, so each history sums to one.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

__all__ = ["BEGIN", "END", "build_arpa"]

BEGIN = "<s>"
END = "</s>"
_NEVER = -99.0

Gram = tuple[str, ...]


def build_arpa(sentences: Iterable[tuple[Sequence[str], float]], *, order: int = 2, uniform: float = 0.1) -> str:
    """The model as ARPA text (log10). sentences: (words, weight > 0); order 1 to 3; uniform: share of the unigram mass spread evenly over
    all words, so that no word of the vocabulary is impossible. Raises ValueError without any sentence."""
    if order not in (1, 2, 3):
        raise ValueError(f"order must be 1, 2 or 3, not {order}")
    counts = _count(sentences, order)
    if not counts[0]:
        raise ValueError("a language model needs at least one phrase")
    probability, backoff = _interpolate(counts, uniform)
    return _write(probability, backoff, order)


def _count(sentences: Iterable[tuple[Sequence[str], float]], order: int) -> list[dict[Gram, float]]:
    counts: list[dict[Gram, float]] = [defaultdict(float) for _ in range(order)]
    for words, weight in sentences:
        if not words or weight <= 0:
            continue
        line = (BEGIN, *words, END)
        for end in range(1, len(line)):
            for length in range(1, min(order, end + 1) + 1):
                counts[length - 1][line[end - length + 1 : end + 1]] += weight
    return counts


def _interpolate(counts: list[dict[Gram, float]], uniform: float) -> tuple[dict[Gram, float], dict[Gram, float]]:
    total = sum(counts[0].values())
    floor = uniform / len(counts[0])
    probability: dict[Gram, float] = {gram: (1 - uniform) * c / total + floor for gram, c in counts[0].items()}
    backoff: dict[Gram, float] = {}
    for level in counts[1:]:
        mass: dict[Gram, float] = defaultdict(float)
        types: dict[Gram, int] = defaultdict(int)
        for gram, c in level.items():
            mass[gram[:-1]] += c
            types[gram[:-1]] += 1
        for gram, c in level.items():
            history = gram[:-1]
            probability[gram] = (c + types[history] * probability[gram[1:]]) / (mass[history] + types[history])
        for history, kinds in types.items():
            backoff[history] = kinds / (mass[history] + kinds)
    return probability, backoff


def _write(probability: dict[Gram, float], backoff: dict[Gram, float], order: int) -> str:
    grams: list[list[Gram]] = [sorted(g for g in probability if len(g) == n) for n in range(1, order + 1)]
    grams[0].insert(0, (BEGIN,))
    lines = ["\\data\\", *(f"ngram {n}={len(found)}" for n, found in enumerate(grams, 1))]
    for n, found in enumerate(grams, 1):
        lines += ["", f"\\{n}-grams:"]
        for gram in found:
            p = math.log10(probability[gram]) if gram in probability else _NEVER
            line = f"{p:.4f} {' '.join(gram)}"
            lines.append(f"{line} {math.log10(backoff.get(gram, 1.0)):.4f}" if n < order else line)
    return "\n".join([*lines, "", "\\end\\", ""])
