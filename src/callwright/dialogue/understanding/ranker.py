"""The ranker: which rule a sentence most likely means, by a linear model over n-grams. Run time needs numpy only.

One-vs-rest linear SVM margins (Fan et al., LIBLINEAR, JMLR 9, 2008), masked to what the node expects, softened to shares by a temperature,
mixed with the cosine to the nearest training sentence of the winner: a margin says which class, the neighbour says whether the sentence
is known at all. Temperature, mixing weight and thresholds are chosen on held-out sentences; see `training.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from callwright.dialogue.understanding.features import ngrams, readable
from callwright.dialogue.understanding.normalise import Language, normalise

__all__ = ["Calibration", "Examples", "Floats", "Ranked", "Ranker"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Calibration:
    """temperature: softmax sharpness; mix: weight of the nearest neighbour in the score (0..1); accept: least score of an answer;
    margin: least lead over the second, else it is asked back."""

    temperature: float = 4.0
    mix: float = 0.5
    accept: float = 0.5
    margin: float = 0.1


@dataclass(frozen=True, slots=True)
class Examples:
    """Training sentences as sparse unit rows, grouped by label: row r has columns[starts[r]:starts[r+1]]; label k has rows
    first[k]..first[k+1]-1."""

    columns: Ints
    values: Floats
    starts: Ints
    first: Ints


@dataclass(frozen=True, slots=True)
class Ranked:
    """The answer for one sentence. ranking: best first, scores 0..1; decision as in Understood; why: the winner's strongest n-grams."""

    ranking: tuple[tuple[str, float], ...]
    decision: Literal["accept", "clarify", "reject"]
    why: str = ""


class Ranker:
    """Immutable after construction; safe to share between threads."""

    def __init__(
        self,
        labels: Sequence[str],
        vocabulary: Sequence[str],
        idf: Floats,
        weights: Floats,
        bias: Floats,
        examples: Examples,
        calibration: Calibration,
        lang: Language,
    ) -> None:
        """weights: (len(vocabulary), len(labels)) float32; idf: (len(vocabulary),); bias: (len(labels),)."""
        self.labels = tuple(labels)
        self.vocabulary = tuple(vocabulary)
        self.idf, self.weights, self.bias = idf, weights, bias
        self.examples, self.calibration = examples, calibration
        self.lang: Language = lang
        self._columns = {gram: column for column, gram in enumerate(self.vocabulary)}

    @classmethod
    def train(cls, texts: Sequence[str], labels: Sequence[str], lang: Language, seed: int = 0) -> Ranker:
        """Learn from sentences as they are written; needs scikit-learn. Raises ModelError with fewer than two labels or no text.

        Deterministic for a seed. The thresholds come from held-out folds.
        """
        from callwright.dialogue.understanding.training import train  # sklearn is not needed at run time

        return train(texts, labels, lang, seed)

    def rank(self, text: str, mask: Mask | None = None, top: int = 3) -> Ranked:
        """Rank a sentence as it was said. mask: (len(labels),) of what may be answered; None = all."""
        return self.rank_normalised(normalise(text, self.lang), mask, top)

    def rank_normalised(self, text: str, mask: Mask | None = None, top: int = 3) -> Ranked:
        """As `rank`, for text that is already normalised."""
        columns, values = self.vector(text)
        allowed = np.flatnonzero(mask) if mask is not None else None
        if not len(columns) or (allowed is not None and not len(allowed)):
            return Ranked((), "reject")
        margins = values @ self.weights[columns] + self.bias
        if allowed is not None:
            margins = margins[allowed]
        shares = softened(margins, self.calibration.temperature)
        order = np.argsort(-shares, kind="stable")[:top]
        picked = [int(i if allowed is None else allowed[i]) for i in order]
        mix = self.calibration.mix
        scores = [
            float((1 - mix) * shares[i] + mix * self.nearness(columns, values, label))
            for i, label in zip(order, picked, strict=True)
        ]
        ranking = tuple((self.labels[label], round(score, 4)) for label, score in zip(picked, scores, strict=True))
        return Ranked(ranking, self._decide(scores), self._why(columns, values, picked[0]))

    def scores(self, texts: Sequence[str]) -> list[tuple[str, float]]:
        """(winner, score) of each sentence; ("", 0.0) where nothing is known of it."""
        return [found.ranking[0] if (found := self.rank(text, top=1)).ranking else ("", 0.0) for text in texts]

    def mask(self, allowed: Callable[[str], bool]) -> Mask:
        """The mask of the labels that `allowed` accepts."""
        return np.fromiter((allowed(label) for label in self.labels), dtype=np.bool_, count=len(self.labels))

    def vector(self, normalised: str) -> tuple[Ints, Floats]:
        """The sentence as a sparse unit vector: tf-idf with 1 + log tf. Unknown n-grams are left out."""
        known = self._columns
        counts: dict[int, int] = {}
        for gram in ngrams(normalised, self.lang):
            column = known.get(gram)
            if column is not None:
                counts[column] = counts.get(column, 0) + 1
        size = len(counts)
        columns = np.fromiter(counts.keys(), dtype=np.int32, count=size)
        values = np.fromiter(counts.values(), dtype=np.float32, count=size)
        values = (np.float32(1) + np.log(values)) * self.idf[columns]
        norm = float(np.sqrt(values @ values))
        return columns, (values / np.float32(norm) if norm else values)

    def nearness(self, columns: Ints, values: Floats, label: int) -> float:
        """Cosine to the nearest training sentence of the label."""
        found = self.examples
        first, last = int(found.first[label]), int(found.first[label + 1])
        if first == last:
            return 0.0
        begin, end = int(found.starts[first]), int(found.starts[last])
        query = np.zeros(len(self.vocabulary), dtype=np.float32)
        query[columns] = values
        products = query[found.columns[begin:end]] * found.values[begin:end]
        return float(np.add.reduceat(products, found.starts[first:last] - begin).max())

    def _decide(self, scores: list[float]) -> Literal["accept", "clarify", "reject"]:
        lead = scores[0] - (scores[1] if len(scores) > 1 else 0.0)
        if scores[0] >= self.calibration.accept:
            return "accept" if lead >= self.calibration.margin else "clarify"
        together = scores[0] + scores[1] if len(scores) > 1 else 0.0
        close = lead < self.calibration.margin and together >= 1.5 * self.calibration.accept
        return "clarify" if close else "reject"

    def _why(self, columns: Ints, values: Floats, label: int) -> str:
        pull = values * self.weights[columns, label]
        strongest = np.argsort(-pull, kind="stable")[:3]
        return ", ".join(f"{readable(self.vocabulary[columns[i]])} {pull[i]:+.2f}" for i in strongest)


def softened(margins: Floats, temperature: float) -> Floats:
    """Shares that sum to 1 over the last axis."""
    powers = np.exp(np.float32(temperature) * (margins - margins.max(axis=-1, keepdims=True)))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)
