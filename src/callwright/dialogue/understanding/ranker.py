"""The ranker: which rule a sentence most likely means, by a linear model over n-grams. Run time needs numpy only.

One-vs-rest linear SVM margins (Fan et al., LIBLINEAR, JMLR 9, 2008), masked to what the node expects, softened to shares by a temperature,
mixed with the cosine to the nearest training sentence of the winner: a margin says which class, the neighbour says whether the sentence
is known at all. Temperature, mixing weight and thresholds are chosen on held-out sentences; see `training.py`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from callwright.dialogue.understanding.columns import columns_of
from callwright.dialogue.understanding.features import readable
from callwright.dialogue.understanding.normalise import Language, normalise

__all__ = ["Calibration", "Examples", "Floats", "Ints", "Labels", "Ranked", "Ranker"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.intp]
Labels = npt.NDArray[np.intp]
_TOP = 3
_TOLD = 2  # n-grams that say why
_FOREIGN_LEAD = 0.5  # in margins; the classes stand at +1 and -1


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
        self._columns = columns_of(self.vocabulary, lang)
        self._neighbours = [_neighbours(examples, label) for label in range(len(self.labels))]
        self._local = threading.local()

    @classmethod
    def train(cls, texts: Sequence[str], labels: Sequence[str], lang: Language, seed: int = 0) -> Ranker:
        """Learn from sentences as they are written; needs scikit-learn. Raises ModelError with fewer than two labels or no text.

        Deterministic for a seed. The thresholds come from held-out folds.
        """
        from callwright.dialogue.understanding.training import train  # sklearn is not needed at run time

        return train(texts, labels, lang, seed)

    def rank(self, text: str, allowed: Labels | None = None) -> Ranked:
        """Rank a sentence as it was said. allowed: numbers of the labels that may be answered, ascending; None = all."""
        return self.rank_normalised(normalise(text, self.lang), allowed)

    def rank_normalised(self, text: str, allowed: Labels | None = None, *, explain: bool = True) -> Ranked:
        """As `rank`, for text that is already normalised. explain: fill `why`."""
        columns, values = self.vector(text)
        if not len(columns) or (allowed is not None and not len(allowed)):
            return Ranked((), "reject")
        rows = self.weights.take(columns, axis=0)
        every: list[float] = (values @ rows + self.bias).tolist()
        margins = every if allowed is None else [every[label] for label in allowed.tolist()]
        best = _best(margins)
        top = margins[best[0]]
        temperature = self.calibration.temperature
        total = sum([math.exp(temperature * (margin - top)) for margin in margins])
        shares = [math.exp(temperature * (margins[i] - top)) / total for i in best]
        picked = best if allowed is None else allowed.take(best).tolist()
        scores = self._mixed(shares, picked, columns, values)
        # A sentence that plainly means something that may not be answered here is not pressed into what may.
        elsewhere = allowed is not None and max(every) - top > _FOREIGN_LEAD
        decision = "reject" if elsewhere else self._decide(scores)
        ranking = tuple([(self.labels[label], round(score, 4)) for label, score in zip(picked, scores, strict=True)])
        told = explain and decision == "accept"
        return Ranked(ranking, decision, self._why(columns, values * rows[:, picked[0]]) if told else "")

    def _mixed(self, shares: list[float], labels: list[int], columns: Ints, values: Floats) -> list[float]:
        """Shares mixed with the cosine to each label's nearest sentence. Only the first two decide anything; the others get the least
        score they can have."""
        mix = self.calibration.mix
        if not mix:
            return shares
        query = self._scratch()
        query[columns] = values
        near = [self._nearness(query, label) for label in labels[:2]]
        query[columns] = 0.0
        near += [0.0] * (len(labels) - len(near))
        return [(1 - mix) * share + mix * cosine for share, cosine in zip(shares, near, strict=True)]

    def scores(self, texts: Sequence[str]) -> list[tuple[str, float]]:
        """(winner, score) of each sentence; ("", 0.0) where nothing is known of it."""
        return [found.ranking[0] if (found := self.rank(text)).ranking else ("", 0.0) for text in texts]

    def allowed(self, active: Callable[[str], bool]) -> Labels:
        """The numbers of the labels that are active."""
        return np.array([number for number, label in enumerate(self.labels) if active(label)], dtype=np.intp)

    def vector(self, normalised: str) -> tuple[Ints, Floats]:
        """The sentence as a sparse unit vector: tf-idf with 1 + log tf. Unknown n-grams are left out."""
        columns, times = self._columns.find(normalised)
        values = self.idf.take(columns)
        if times is not None:
            values *= 1 + np.log(times.astype(np.float32))
        values /= math.sqrt(values.dot(values)) or 1.0
        return columns, values

    def _scratch(self) -> Floats:
        """An array of zeros for one thread; whoever fills it clears it."""
        found: Floats | None = getattr(self._local, "query", None)
        if found is None:
            found = self._local.query = np.zeros(len(self.vocabulary), dtype=np.float32)
        return found

    def _nearness(self, query: Floats, label: int) -> float:
        columns, values, starts = self._neighbours[label]
        return float(np.add.reduceat(query.take(columns) * values, starts).max()) if len(starts) else 0.0

    def _decide(self, scores: list[float]) -> Literal["accept", "clarify", "reject"]:
        lead = scores[0] - (scores[1] if len(scores) > 1 else 0.0)
        if scores[0] >= self.calibration.accept:
            return "accept" if lead >= self.calibration.margin else "clarify"
        together = scores[0] + scores[1] if len(scores) > 1 else 0.0
        close = lead < self.calibration.margin and together >= 1.5 * self.calibration.accept
        return "clarify" if close else "reject"

    def _why(self, columns: Ints, pull: Floats) -> str:
        pull, found = pull.copy(), []
        for _ in range(min(_TOLD, len(pull))):
            place = int(pull.argmax())
            found.append(f"{readable(self.vocabulary[columns[place]])} {float(pull[place]):+.2f}")
            pull[place] = -math.inf
        return ", ".join(found)


def _best(numbers: list[float]) -> list[int]:
    """Where the largest three stand, largest first, the earlier of equals first."""
    left = list(numbers)
    found: list[int] = []
    for _ in range(min(_TOP, len(left))):
        place = left.index(max(left))
        left[place] = -math.inf
        found.append(place)
    return found


def _neighbours(found: Examples, label: int) -> tuple[Ints, Floats, Ints]:
    """(columns, values, where each row starts) of a label's sentences."""
    first, last = int(found.first[label]), int(found.first[label + 1])
    begin, end = int(found.starts[first]), int(found.starts[last])
    return found.columns[begin:end], found.values[begin:end], found.starts[first:last] - begin


def softened(margins: Floats, temperature: float) -> Floats:
    """Shares that sum to 1 over the last axis."""
    powers = np.exp(np.float32(temperature) * (margins - margins.max(axis=-1, keepdims=True)))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)
