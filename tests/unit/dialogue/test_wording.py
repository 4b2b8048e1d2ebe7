"""Which wording is said."""

from __future__ import annotations

import datetime
from collections import Counter
from itertools import pairwise

from callwright.dialogue.phrases import DEFAULTS, defaults
from callwright.dialogue.state import plain
from callwright.dialogue.wording import choose, fraction, weighted


def said(
    pick: str, count: int, *, size: int = 3, seed: int = 0, weights: tuple[float, ...] = (1, 1, 1)
) -> list[int | None]:
    used: list[int] = []
    for _ in range(count):
        index = choose(pick, range(size), size, used, weights, seed, "k")
        if index is None:
            return [*used, None]
        used.append(index)
    return [*used]


def test_sequence_begins_with_the_first_and_rotate_by_seed() -> None:
    assert said("sequence", 4, seed=5) == [0, 1, 2, 0]
    assert said("rotate", 4) == [0, 1, 2, 0]
    assert said("rotate", 4, seed=5) == [2, 0, 1, 2]


def test_once_says_each_once() -> None:
    assert said("once", 9) == [0, 1, 2, None]


def test_random_follows_the_weights_and_never_repeats() -> None:
    drawn = said("random", 3000, weights=(8, 1, 1))
    assert all(first != second for first, second in pairwise(drawn))
    counts = Counter(drawn)
    assert counts[0] > 1.5 * counts[1]
    assert said("random", 3, size=1, weights=(1,)) == [0, 0, 0]
    assert said("random", 9, seed=1) == said("random", 9, seed=1) != said("random", 9, seed=2)


def test_nothing_admitted_is_nothing_said() -> None:
    assert choose("sequence", [], 2, [], [1, 1], 0, "k") is None


def test_fractions_are_the_same_everywhere() -> None:
    assert fraction(7, "ab:x", 0) == fraction(7, "ab:x", 0)
    assert 0 <= fraction(7, "ab:x", 0) < 1
    assert weighted([1, 3], 0.2) == 0
    assert weighted([1, 3], 0.3) == 1
    assert weighted([1, 1], 1.0) == 1


def test_defaults_have_another_wording() -> None:
    assert defaults("zh", "no_input")[0] == "喂，您好，听得到吗？"
    assert defaults("zh", "not_heard")[0] == "不好意思，没听清。"
    assert all(len(set(texts)) == len(texts) > 1 for sentences in DEFAULTS.values() for texts in sentences.values())


def test_yaml_values_become_json() -> None:
    value = {1: (datetime.date(2026, 1, 2), {1.5}, float("inf"), True, None)}
    assert plain(value) == {"1": ["2026-01-02", [1.5], "inf", True, None]}
