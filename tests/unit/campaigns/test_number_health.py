"""A number is slowed by what was counted, not by bad luck."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callwright.campaigns.number_health import Counts, Policy, at_least, judge


def test_few_calls_judge_nothing() -> None:
    assert judge(Counts(dialled=20, answered=10, short=10, refused=10)).state == "active"


def test_short_calls_slow_then_rest() -> None:
    assert judge(Counts(dialled=400, answered=200, short=90)).state == "active"
    slowed = judge(Counts(dialled=400, answered=200, short=130))
    assert (slowed.state, slowed.reason) == ("slowed", "short calls: 130 of 200")
    assert judge(Counts(dialled=400, answered=200, short=160)).state == "resting"


def test_complaints_weigh_most() -> None:
    assert judge(Counts(dialled=500, complaints=1)).state == "active"
    assert judge(Counts(dialled=1500, complaints=2)).state == "slowed"
    assert judge(Counts(dialled=500, complaints=2)).state == "resting"


def test_blocked_by_the_carrier() -> None:
    assert judge(Counts(dialled=200, blocked=25)).state == "slowed"


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_lower_end_is_below_the_share_and_within_bounds(hits: int, of: int) -> None:
    hits = min(hits, of)
    assert 0 <= at_least(hits, of) <= hits / of + 1e-12
    assert at_least(hits * 10, of * 10) >= at_least(hits, of) - 1e-12  # the same share from more calls is surer


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300), st.integers(0, 5))
def test_more_bad_calls_never_help(short: int, refused: int, blocked: int, complaints: int) -> None:
    rank = {"active": 0, "slowed": 1, "resting": 2}
    base = Counts(300, 300, short, refused, blocked, complaints)
    worse = Counts(300, 300, min(300, short + 30), min(300, refused + 30), min(300, blocked + 30), complaints + 1)
    assert rank[judge(worse, Policy()).state] >= rank[judge(base, Policy()).state]
