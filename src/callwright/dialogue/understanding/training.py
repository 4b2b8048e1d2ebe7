"""Learning the ranker. The only module that needs scikit-learn, and only inside its functions."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from callwright.dialogue.understanding.features import ngrams
from callwright.dialogue.understanding.normalise import Language, normalise
from callwright.dialogue.understanding.ranker import Calibration, Examples, Floats, Ranker, softened
from callwright.errors import ModelError, Problem

__all__ = ["HeldOut", "confusions", "held_out", "train"]

_FOLDS = 4
_PENALTY: dict[Language, float] = {"zh": 1.0, "en": 2.0}  # C of the SVM, chosen on training splits
_CALIBRATION_SENTENCES = 600  # held-out sentences that temperature, mixing weight and thresholds need; more cost time
_LINT_SENTENCES = 3000
# Of the solver. A fold is only scored: its weights are off by some 0.005 (on 50 intents of 30 sentences), in half the time.
_TOLERANCE, _FOLD_TOLERANCE = 1e-2, 1e-1
_NEARLY = 0.03  # loss in catching near strangers that is accepted for catching far ones
_FLOOR, _CEILING = 0.2, 0.8  # an acceptance threshold outside comes from too few sentences
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What the model says of sentences it did not learn. margins: (n, labels); nearness: (n, labels) cosine to the nearest
    learned sentence of each label; truth: (n,) label numbers; rows: (n,) which sentences."""

    margins: Floats
    nearness: Floats
    truth: Labels
    rows: Labels


@dataclass(frozen=True, slots=True)
class _Corpus:
    """Distinct sentences grouped by label, with their n-grams."""

    names: list[str]
    texts: list[str]
    truth: Labels
    vocabulary: list[str]
    matrix: Any
    idf: Floats


def train(texts: Sequence[str], labels: Sequence[str], lang: Language, seed: int = 0) -> Ranker:
    """See `Ranker.train`."""
    corpus = _corpus(texts, labels, lang)
    size = len(corpus.names)
    weights, bias = _fit(corpus.matrix, corpus.truth, size, seed, _PENALTY[lang], _TOLERANCE)
    weights = np.ascontiguousarray(weights, dtype=np.float16).astype(np.float32)  # as it is saved
    held = held_out(corpus.matrix, corpus.truth, size, seed, _PENALTY[lang], _CALIBRATION_SENTENCES)
    examples = Examples(
        corpus.matrix.indices.astype(np.intp),
        corpus.matrix.data.astype(np.float32),
        corpus.matrix.indptr.astype(np.intp),
        np.searchsorted(corpus.truth, np.arange(size + 1)).astype(np.intp),
    )
    return Ranker(corpus.names, corpus.vocabulary, corpus.idf, weights, bias, examples, _calibrated(held), lang)


def confusions(
    texts: Sequence[str], labels: Sequence[str], lang: Language, seed: int = 0
) -> list[tuple[str, str, int, int, str]]:
    """(label, taken for, how many, of how many, one of the sentences) over held-out sentences, most frequent first.

    Empty with fewer than two labels.
    """
    if len(set(labels)) < 2:
        return []
    corpus = _corpus(texts, labels, lang)
    held = held_out(corpus.matrix, corpus.truth, len(corpus.names), seed, _PENALTY[lang], _LINT_SENTENCES)
    taken = held.margins.argmax(axis=1) if len(held.truth) else held.truth
    wrong: dict[tuple[int, int], list[str]] = {}
    for right, said, row in zip(held.truth.tolist(), taken.tolist(), held.rows.tolist(), strict=True):
        if right != said:
            wrong.setdefault((right, said), []).append(corpus.texts[row])
    totals = Counter(held.truth.tolist())
    found = [
        (corpus.names[right], corpus.names[said], len(rows), totals[right], rows[0])
        for (right, said), rows in wrong.items()
    ]
    return sorted(found, key=lambda entry: (-entry[2], entry[0], entry[1]))


def _corpus(texts: Sequence[str], labels: Sequence[str], lang: Language) -> _Corpus:
    pairs = {
        (normal, label): None for text, label in zip(texts, labels, strict=True) if (normal := normalise(text, lang))
    }
    names = sorted({label for _, label in pairs})
    if len(names) < 2:
        what = f"{len(names)} label(s) with sentences; a ranker tells at least two apart"
        raise ModelError(Problem("too-few-labels", what, hint="Add examples to at least two entries."))
    numbers = {name: number for number, name in enumerate(names)}
    rows = sorted(pairs, key=lambda pair: numbers[pair[1]])
    vocabulary, matrix, idf = _matrix([ngrams(text, lang) for text, _ in rows])
    truth = np.array([numbers[label] for _, label in rows], dtype=np.int64)
    return _Corpus(names, [text for text, _ in rows], truth, vocabulary, matrix, idf)


def held_out(matrix: Any, truth: Labels, size: int, seed: int, penalty: float, enough: int) -> HeldOut:
    """Sentences scored by a model that learned without their fold: four folds, each with a quarter of every label, of which as many are
    scored as give `enough` sentences.

    A label of one sentence stays in all folds and is not scored: nothing is known of it.
    """
    generator = random.Random(seed)
    counts = np.bincount(truth, minlength=size)
    fold = np.full(len(truth), -1)
    for label in range(size):
        members = np.flatnonzero(truth == label).tolist()
        generator.shuffle(members)
        if counts[label] > 1:
            fold[members] = (np.arange(len(members)) + generator.randrange(_FOLDS)) % _FOLDS
    margins: list[Floats] = []
    nearness: list[Floats] = []
    rows: list[Labels] = []
    for number in range(min(_FOLDS, math.ceil(_FOLDS * enough / max(1, len(truth))))):
        test, learn = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        if not len(test) or len(np.unique(truth[learn])) < 2:
            continue
        weights, bias = _fit(matrix[learn], truth[learn], size, seed, penalty, _FOLD_TOLERANCE)
        margins.append(np.asarray(matrix[test] @ weights + bias, dtype=np.float32))
        nearness.append(_nearest(matrix[test], matrix[learn], truth[learn], size))
        rows.append(test)
    if not rows:
        return HeldOut(np.zeros((0, size), np.float32), np.zeros((0, size), np.float32), truth[:0], truth[:0])
    chosen = np.concatenate(rows)
    return HeldOut(np.concatenate(margins), np.concatenate(nearness), truth[chosen], chosen)


def _matrix(grams: Sequence[list[str]]) -> tuple[list[str], Any, Floats]:
    """(vocabulary, sentences x n-grams as unit rows, smooth idf), as `Ranker.vector` computes them.

    The vocabulary has all n-grams, but pairs only when two sentences have them: most pairs are chance, and they are most of the n-grams.
    """
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

    number: dict[str, int] = {}
    flat = [number.setdefault(gram, len(number)) for found in grams for gram in found]
    sentence = np.repeat(np.arange(len(grams)), [len(found) for found in grams])
    cells, counts = np.unique(sentence * len(number) + np.array(flat, dtype=np.int64), return_counts=True)
    rows, met = np.divmod(cells, len(number))
    spread = np.bincount(met, minlength=len(number)).tolist()
    vocabulary = sorted([gram for gram, index in number.items() if spread[index] > 1 or "\t" not in gram])
    column = np.full(len(number), -1)
    column[[number[gram] for gram in vocabulary]] = np.arange(len(vocabulary))
    columns = column[met]
    known = columns >= 0
    rows, columns, counts = rows[known], columns[known], counts[known]
    starts = np.searchsorted(rows, np.arange(len(grams) + 1))
    idf = np.log((1 + len(grams)) / (1 + np.bincount(columns, minlength=len(vocabulary)))) + 1
    values = (1 + np.log(counts)) * idf[columns]
    values /= np.repeat(np.sqrt(np.add.reduceat(values**2, starts[:-1])), np.diff(starts))
    matrix = csr_matrix((values, columns, starts), shape=(len(grams), len(vocabulary)))
    return vocabulary, matrix, idf.astype(np.float32)


def _fit(
    matrix: Any, truth: Labels, size: int, seed: int, penalty: float, tolerance: float
) -> tuple[npt.NDArray[Any], Floats]:
    """One-vs-rest linear SVM: (weights (n-grams, labels), bias). A label that is not in `truth` gets a margin of -1 everywhere."""
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=penalty, tol=tolerance, max_iter=2000, random_state=seed).fit(matrix, truth)
    coefficients, intercept = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        coefficients, intercept = np.vstack([-coefficients, coefficients]), np.concatenate([-intercept, intercept])
    bias = np.full(size, -1.0, dtype=np.float32)
    bias[model.classes_] = intercept
    if len(model.classes_) == size:
        return coefficients.T, bias
    weights = np.zeros((matrix.shape[1], size))
    weights[:, model.classes_] = coefficients.T
    return weights, bias


def _nearest(queries: Any, known: Any, truth: Labels, size: int) -> Floats:
    likeness = np.asarray((queries @ known.T).todense(), dtype=np.float32)
    nearest = np.zeros((likeness.shape[0], size), dtype=np.float32)
    for label in np.unique(truth):
        nearest[:, label] = likeness[:, truth == label].max(axis=1)
    return nearest


def _calibrated(held: HeldOut) -> Calibration:
    """Temperature by likelihood of the truth; mixing weight by how well known sentences separate from foreign ones; thresholds by cost.

    A foreign sentence is a held-out one whose own label is masked away: what the model then says is wrong by construction.
    """
    if len(held.truth) < 10:
        return Calibration()
    rows = np.arange(len(held.truth))
    temperature = min(
        (2.0, 3.0, 4.0),
        key=lambda t: float(-np.log(softened(held.margins, t)[rows, held.truth] + 1e-6).mean()),
    )
    foreign = held.margins.copy()
    foreign[rows, held.truth] = -9.0
    mix = _mix(held, foreign, temperature)
    hit, score, second = _scored(held.margins, held, temperature, mix)
    strange = _scored(foreign, held, temperature, mix)[1]
    grid = np.arange(_FLOOR, _CEILING + 1e-9, 0.02)
    gain = [(score[hit] >= g).sum() - (score[~hit] >= g).sum() - 0.5 * (strange >= g).sum() for g in grid]
    return Calibration(temperature, mix, round(float(grid[int(np.argmax(gain))]), 2), _margin(hit, score - second))


def _mix(held: HeldOut, foreign: Floats, temperature: float) -> float:
    """The weight of the neighbour. Masked sentences are near strangers, for which it matters least; it is worth most for far ones, of
    which a script has none. So the largest weight up to a half that is nearly as good as the best."""
    caught: dict[float, float] = {}
    for mix in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5):
        hit, score, _ = _scored(held.margins, held, temperature, mix)
        floor = np.quantile(score[hit], 0.05) if hit.any() else 0.0
        caught[mix] = float((_scored(foreign, held, temperature, mix)[1] < floor).mean())
    return max(mix for mix, share in caught.items() if share >= max(caught.values()) - _NEARLY)


def _scored(
    margins: Floats, held: HeldOut, temperature: float, mix: float
) -> tuple[npt.NDArray[np.bool_], Floats, Floats]:
    """(the winner is right, its score, the score of the second)."""
    rows = np.arange(len(margins))
    shares = softened(margins, temperature)
    order = np.argsort(-shares, axis=1, kind="stable")
    first, second = order[:, 0], order[:, 1]
    score = (1 - mix) * shares + mix * held.nearness
    return first == held.truth, score[rows, first], score[rows, second]


def _margin(hit: npt.NDArray[np.bool_], lead: Floats) -> float:
    """The largest lead below which a wrong winner is as likely as a right one."""
    wide = [m for m in (0.02, 0.05, 0.1, 0.15, 0.2) if (lead < m).any() and hit[lead < m].mean() <= 0.5]
    return max(wide, default=0.02)
