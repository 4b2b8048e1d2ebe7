"""How busy a worker process is."""

from __future__ import annotations

import pytest

from callwright.speech.asr.load import Load


def test_nothing_is_known_before_half_a_second_is_over() -> None:
    load = Load(100.0)
    assert not load.heavy(100.49)
    assert load.heavy(100.5), "it never waited"


@pytest.mark.parametrize(("idle", "heavy"), [(0.24, True), (0.26, False)])
def test_half_of_the_time_makes_the_difference(idle: float, heavy: bool) -> None:
    load = Load(0.0)
    load.waited(0.1, 0.1 + idle / 2)
    load.waited(0.3, 0.3 + idle / 2)
    assert load.heavy(0.5) is heavy
    assert load.heavy(0.9) is heavy, "until another half second is over"
    load.waited(0.5, 1.0)
    assert not load.heavy(1.0)


def test_a_wait_counts_only_within_the_span() -> None:
    load = Load(0.0)
    load.waited(0.0, 0.6)
    assert not load.heavy(0.6)
    load.waited(0.4, 0.7)  # 0.1 s of it
    assert load.heavy(1.1)
