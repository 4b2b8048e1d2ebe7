from __future__ import annotations

import math
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.speech.asr.language_model import BEGIN, END, build_arpa


def parse(arpa: str) -> tuple[dict[tuple[str, ...], float], dict[tuple[str, ...], float]]:
    probability: dict[tuple[str, ...], float] = {}
    backoff: dict[tuple[str, ...], float] = {}
    order = 0
    for line in arpa.splitlines():
        if line.endswith("-grams:"):
            order = int(line[1])
        elif order and line and not line.startswith("\\"):
            p, *rest = line.split()
            gram = tuple(rest[:order])
            probability[gram] = float(p)
            if len(rest) > order:
                backoff[gram] = float(rest[order])
    return probability, backoff


def chance(gram: tuple[str, ...], model: tuple[dict[tuple[str, ...], float], dict[tuple[str, ...], float]]) -> float:
    """log10 p(last word | the words before), with back-off as a decoder computes it."""
    probability, backoff = model
    if gram in probability:
        return probability[gram]
    return backoff.get(gram[:-1], 0.0) + chance(gram[1:], model)


WORDS = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(WORDS, st.floats(0.01, 5)), min_size=1, max_size=12), st.integers(1, 3))
def test_every_history_sums_to_one(sentences: list[tuple[list[str], float]], order: int) -> None:
    model = parse(build_arpa(sentences, order=order))
    vocabulary = {gram[0] for gram in model[0] if len(gram) == 1} - {BEGIN}
    histories = {gram[:-1] for gram in model[0]} | {(BEGIN,), ()}
    for history in histories:
        total = sum(10 ** chance((*history, word), model) for word in vocabulary)
        assert total == pytest.approx(1, abs=0.01)


def test_what_was_seen_more_often_is_more_probable() -> None:
    model = parse(build_arpa([(["yes"], 3.0), (["no"], 1.0)]))
    assert chance((BEGIN, "yes"), model) > chance((BEGIN, "no"), model) > chance((BEGIN, END), model)


def test_the_header_counts_what_follows() -> None:
    arpa = build_arpa([(["a", "b"], 1.0)], order=3)
    found: dict[int, int] = defaultdict(int)
    for gram in parse(arpa)[0]:
        found[len(gram)] += 1
    assert all(f"ngram {n}={found[n]}" in arpa for n in (1, 2, 3))
    assert not math.isinf(min(parse(arpa)[0].values()))


def test_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one phrase"):
        build_arpa([([], 1.0)])
    with pytest.raises(ValueError, match="order"):
        build_arpa([(["a"], 1.0)], order=4)
