"""The bound on the echo of our own prompt: it holds for what comes back, and is no hindrance where nothing does."""

from __future__ import annotations

import numpy as np
import pytest

from callwright.speech.vad_echo import LONGEST_FRAMES, EchoBound
from callwright.speech.vad_levels import QUIETEST

Levels = list[float]


def prompt(frames: int, seed: int = 1) -> Levels:
    """Levels of something like speech: syllables of 100 to 300 ms, pauses between, none for the last 600 ms."""
    random = np.random.default_rng(seed)
    levels: Levels = []
    while len(levels) < frames - 30:
        peak, length = random.uniform(-24, -12), int(random.integers(5, 16))
        levels += [float(peak - 10 * abs(2 * n / length - 1) + random.normal(0, 1)) for n in range(length)]
        levels += [QUIETEST] * int(random.integers(0, 8))
    return (levels + [QUIETEST] * 30)[:frames]


def returned(played: Levels, delay: int, db: float, seed: int = 2) -> Levels:
    random = np.random.default_rng(seed)
    late = [QUIETEST] * delay + played
    return [max(-70.0, level + db + random.normal(0, 2)) for level in late[: len(played)]]


@pytest.mark.parametrize("db", [-15.0, -20.0, -25.0])
@pytest.mark.parametrize("delay", [3, 8, 15, 20])
def test_what_comes_back_stays_below(db: float, delay: int) -> None:
    played, bound = prompt(800), EchoBound()
    heard = returned(played, delay, db)
    over = [level > bound.push(level, out) + 3 for level, out in zip(heard, played, strict=True)]
    loud = [level > -60 for level in heard]
    assert sum(over[100:]) <= 0.04 * sum(loud[100:])
    assert db - 3 < bound.return_db < db + 8


def test_a_line_without_echo_is_free_within_half_a_second() -> None:
    played, bound = [-18.0] * 100, EchoBound()
    bounds = [bound.push(-70.0, out) for out in played]
    assert bounds[0] > -33
    assert bounds[45] < -45
    assert bound.push(-30.0, -18.0) < -40  # somebody talks


def test_who_talks_over_the_prompt_does_not_raise_it_much() -> None:
    played, bound = prompt(600), EchoBound()
    for level, out in zip(returned(played, 8, -25.0), played, strict=True):
        bound.push(level, out)
    before = bound.return_db
    over = [bound.push(-18.0, out) for out in prompt(150, seed=5)]
    assert max(over) < -21
    assert bound.return_db < before + 8


def test_nothing_is_bound_when_nothing_was_played() -> None:
    bound = EchoBound()
    assert [bound.push(-20.0, QUIETEST) for _ in range(3)] == [QUIETEST] * 3
    bound.push(-20.0, -15.0)
    assert bound.active
    for _ in range(2 * LONGEST_FRAMES):
        bound.push(-20.0, QUIETEST)
    assert not bound.active
