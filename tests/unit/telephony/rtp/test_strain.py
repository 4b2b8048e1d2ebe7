"""Whether a machine keeps up with its calls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.telephony.rtp.strain import Strain


def test_gaps_for_half_a_second_within_ten_seconds_are_too_many() -> None:
    strain = Strain()
    assert not strain.look(1.0, 12)
    assert not strain.look(11.0, 24)  # the first ones are ten seconds old
    assert not strain.look(12.0, 36)
    assert strain.look(13.0, 37)
    assert strain.rests == 1


def test_one_standstill_is_no_strain() -> None:
    strain = Strain()
    assert not strain.look(60.0, 3_000)
    assert not strain.look(60.5, 3_009)
    assert strain.look(61.0, 3_010)


def test_a_rest_is_over_when_nothing_was_given_up_for_ten_seconds() -> None:
    strain = Strain()
    strain.look(0.0, 15)
    assert strain.look(0.5, 30)
    assert strain.look(9.0, 31)
    assert strain.look(18.9, 31)
    assert not strain.look(19.0, 31)


def test_rests_that_follow_soon_are_longer() -> None:
    strain, now, skipped, lasted = Strain(), 0.0, 0, []
    for _ in range(6):
        while not strain.look(now, skipped):
            now, skipped = now + 0.5, skipped + 15
        began = now
        while strain.look(now, skipped):
            now += 0.5
        lasted.append(now - began)
    assert lasted == [10, 20, 40, 80, 120, 120]
    now += 61
    while not strain.look(now, skipped):
        now, skipped = now + 0.5, skipped + 15
    began = now
    while strain.look(now, skipped):
        now += 0.5
    assert now - began == 10


def test_none_is_never_strained_and_nonsense_is_refused() -> None:
    strain = Strain(0)
    assert not any(strain.look(float(second), second * 50) for second in range(100))
    with pytest.raises(ValueError, match="0 or more"):
        Strain(-1)


@given(st.lists(st.tuples(st.floats(0.05, 30.0), st.integers(0, 60)), max_size=60), st.integers(1, 60))
def test_it_rests_for_a_reason_and_ends_when_there_is_none(looks: list[tuple[float, int]], limit: int) -> None:
    strain, now, skipped = Strain(limit), 0.0, 0
    lost: list[tuple[float, int]] = []
    for after, more in looks:
        rested = strain.resting
        now, skipped = now + after, skipped + more
        lost.append((now, more))
        recent = sum(ticks for at, ticks in lost if at > now - 10.0)
        if strain.look(now, skipped) and not rested:
            assert recent >= limit
        if rested and not strain.resting:
            assert not recent
    assert strain.rests <= len(looks)
    assert not strain.look(now + 121.0, skipped)
