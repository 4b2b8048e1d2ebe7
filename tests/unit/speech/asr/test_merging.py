"""Fewer densities stand for more of them without losing weight, mean or spread; states are tied only where phone and place are the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from callwright.speech.asr.merging import Mixtures, Tying, fewer_densities, fewer_states

BOOKS, STREAMS, DENSITIES, LENGTH, STATES = 3, 2, 8, 4, 7


def mixtures(seed: int) -> Mixtures:
    draw = np.random.default_rng(seed)
    shape = (BOOKS, STREAMS, DENSITIES, LENGTH)
    weights = draw.dirichlet(np.ones(DENSITIES), size=(STATES, STREAMS))
    owner = np.arange(STATES) % BOOKS
    return Mixtures(draw.normal(0, 3, shape), draw.uniform(0.1, 2, shape), weights, owner)


def moments(given: Mixtures, book: int) -> tuple[np.ndarray, np.ndarray]:
    """First and second moment of each stream of a codebook, by the weights of its states."""
    weights = given.weights[given.owner == book].sum(axis=0)[:, :, None]
    means, variances = given.means[book], given.variances[book]
    return (weights * means).sum(axis=1), (weights * (variances + means**2)).sum(axis=1)


@given(st.integers(0, 1000), st.integers(1, DENSITIES))
def test_weight_mean_and_spread_stay(seed: int, count: int) -> None:
    before = mixtures(seed)
    after = fewer_densities(before, count)
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
    after = fewer_densities(Mixtures(doubled, np.ones_like(doubled), weights, np.arange(STATES) % BOOKS), 4)
    assert np.allclose(np.sort(after.means, axis=2), np.sort(means, axis=2))
    assert np.allclose(after.variances, 1)
    assert np.allclose(after.weights, 0.25)


def test_fewer_than_asked_stay_as_they_are() -> None:
    before = mixtures(1)
    assert fewer_densities(before, DENSITIES) is before


PLACES, PHONES = 3, 2
ALONE = PLACES * PHONES


def tied(seed: int, states: int) -> tuple[Mixtures, Tying]:
    """Two phones, each alone and in eight contexts; each context has states of its own phone and place."""
    draw = np.random.default_rng(seed)
    base = np.array([*range(PHONES), *draw.integers(0, PHONES, 8)])
    kinds = np.concatenate(
        [np.arange(ALONE), np.arange(ALONE), draw.integers(0, ALONE, states)]
    )  # phone and place of each state
    kinds.sort()
    kinds = np.concatenate([np.arange(ALONE), kinds[np.argsort(kinds, kind="stable")]])
    rows = []
    for number, phone in enumerate(base.tolist()):
        choices = [np.flatnonzero(kinds == phone * PLACES + place) for place in range(PLACES)]
        rows.append(
            [phone * PLACES + place if number < PHONES else draw.choice(choices[place][1:]) for place in range(PLACES)]
        )
    used = np.unique(np.concatenate([np.arange(ALONE), np.array(rows).reshape(-1)]))
    sequences = np.searchsorted(used, np.array(rows))
    weights = draw.dirichlet(np.ones(DENSITIES), size=(len(used), STREAMS))
    shape = (PHONES, STREAMS, DENSITIES, LENGTH)
    owner = kinds[used] // PLACES
    return Mixtures(draw.normal(0, 3, shape), draw.uniform(0.1, 2, shape), weights, owner), Tying(
        sequences, np.arange(len(base)), base, ALONE
    )


@given(st.integers(0, 300), st.integers(0, 30), st.integers(0, 40))
def test_a_phone_in_context_keeps_states_of_its_own_kind(seed: int, states: int, count: int) -> None:
    before, tying = tied(seed, states)
    after, now = fewer_states(before, tying, count)
    assert len(after.owner) == len(after.weights) <= max(len(before.owner), count)
    assert np.allclose(after.weights.sum(axis=2), 1)
    assert np.array_equal(after.weights[:ALONE], before.weights[:ALONE])  # phones without context stay
    sequences = now.sequences[now.of_phone]
    assert np.array_equal(sequences[:PHONES], tying.sequences[tying.of_phone][:PHONES])
    assert (after.owner[sequences] == now.base[:, None]).all()
    places: dict[int, int] = {}
    for row in sequences.tolist():
        for place, state in enumerate(row):
            assert places.setdefault(state, place) == place
    if count >= len(before.owner):
        assert after is before
        assert now is tying


def test_states_that_weigh_alike_are_tied_and_their_sequences_become_one() -> None:
    """Two kinds of weights in six contexts of one phone: two states are left beside the one without context."""
    kind = np.array([0.9, 0.1]), np.array([0.2, 0.8])
    weights = np.array([[[0.5, 0.5]], *([kind[number % 2] + [0.001 * number, -0.001 * number]] for number in range(6))])
    ones = np.ones((1, 1, 2, 1))
    tying = Tying(np.arange(7)[:, None], np.arange(7), np.zeros(7, dtype=np.int64), 1)
    after, now = fewer_states(Mixtures(ones, ones, weights, np.zeros(7, dtype=np.int64)), tying, 3)
    assert after.weights.shape == (3, 1, 2)
    assert np.allclose(np.sort(after.weights[1:, 0, 0]), [0.203, 0.902], atol=1e-6)
    found = now.sequences[now.of_phone, 0]
    assert len(set(found[1::2].tolist())) == len(set(found[2::2].tolist())) == 1
    assert len(set(now.of_phone.tolist())) == 3
