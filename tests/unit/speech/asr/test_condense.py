"""Fewer densities stand for more of them without losing weight, mean or spread; a damaged model is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import ModelError
from callwright.speech.asr.condense import Mixtures, condense, merged, read_mixtures
from callwright.speech.models import find_english_model

BOOKS, STREAMS, DENSITIES, LENGTH, STATES = 3, 2, 8, 4, 7


def mixtures(seed: int) -> Mixtures:
    draw = np.random.default_rng(seed)
    shape = (BOOKS, STREAMS, DENSITIES, LENGTH)
    weights = draw.dirichlet(np.ones(DENSITIES), size=(STATES, STREAMS))
    owner = np.arange(STATES) % BOOKS
    return Mixtures(draw.normal(0, 3, shape), draw.uniform(0.1, 2, shape), weights, owner)


def moments(given: Mixtures, book: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """First and second moment of each stream of a codebook, by the weights of its states."""
    weights = given.weights[given.owner == book].sum(axis=0)[:, :, None]
    means, variances = given.means[book], given.variances[book]
    return (weights * means).sum(axis=1), (weights * (variances + means**2)).sum(axis=1)


@given(st.integers(0, 1000), st.integers(1, DENSITIES))
def test_weight_mean_and_spread_stay(seed: int, count: int) -> None:
    before = mixtures(seed)
    after = merged(before, count)
    assert after.means.shape == after.variances.shape == (BOOKS, STREAMS, count, LENGTH)
    assert np.allclose(after.weights.sum(axis=2), 1)
    assert (after.variances > 0).all()
    for book in range(BOOKS):
        for one, other in zip(moments(before, book), moments(after, book), strict=True):
            assert np.allclose(one, other, atol=1e-3)


def test_what_is_alike_is_merged_first() -> None:
    """Four pairs of the same density, in another order in each codebook: the four are found again."""
    draw = np.random.default_rng(5)
    means = draw.normal(0, 10, (BOOKS, STREAMS, 4, LENGTH))
    order = np.array([draw.permutation(DENSITIES) for _ in range(BOOKS * STREAMS)]).reshape(
        BOOKS, STREAMS, DENSITIES, 1
    )
    doubled = np.take_along_axis(np.concatenate([means, means], axis=2), order, axis=2)
    weights = np.full((STATES, STREAMS, DENSITIES), 1 / DENSITIES)
    after = merged(Mixtures(doubled, np.ones_like(doubled), weights, np.arange(STATES) % BOOKS), 4)
    assert np.allclose(np.sort(after.means, axis=2), np.sort(means, axis=2))
    assert np.allclose(after.variances, 1)
    assert np.allclose(after.weights, 0.25)


def test_fewer_than_asked_stay_as_they_are() -> None:
    before = mixtures(1)
    assert merged(before, DENSITIES) is before


def test_the_english_model_is_condensed(tmp_path: Path) -> None:
    model, _ = find_english_model()
    made = condense(model, (16,), tmp_path)[16]
    before = read_mixtures(model)
    assert before.means.shape == (42, 3, 128, 13)
    assert len(before.owner) == 5126
    assert set(before.owner.tolist()) == set(range(42))
    assert (made / "means").stat().st_size < (model / "means").stat().st_size / 7
    assert {path.name for path in made.iterdir()} == {
        "means", "variances", "mixture_weights", "mdef", "feat.params", "noisedict", "transition_matrices",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["means", "variances", "sendump", "mdef"])
def test_a_damaged_model_is_refused(tmp_path: Path, name: str) -> None:
    model = shutil.copytree(find_english_model()[0], tmp_path / "model")
    whole = (model / name).read_bytes()
    (model / name).write_bytes(whole[: len(whole) // 3])
    with pytest.raises(ModelError, match="cannot be condensed"):
        condense(model, (64,), tmp_path)


def test_a_model_without_tied_codebooks_is_refused(tmp_path: Path) -> None:
    model = shutil.copytree(find_english_model()[0], tmp_path / "model")
    (model / "mdef").write_text("0.3\n42 n_base\n")
    with pytest.raises(ModelError, match="not a binary model definition"):
        condense(model, (64,), tmp_path)
