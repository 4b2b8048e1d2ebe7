"""Calls per second, robots, and the transfer pool."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.campaigns.model import Transfer
from callwright.campaigns.pacing import (
    Abandonment,
    Claim,
    Pool,
    TransferCall,
    abandonment,
    expected_overflow,
    gcra,
    may_be_under_way,
    shares,
)

T0 = datetime(2026, 11, 26, 2, tzinfo=UTC)
REQUESTS = st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 40)), min_size=1, max_size=40)


@given(REQUESTS, st.floats(0.2, 50), st.integers(1, 10))
@settings(max_examples=100, deadline=None)
def test_never_more_than_rate_and_burst_in_any_stretch(
    requests: list[tuple[int, int]], rate: float, burst: int
) -> None:
    tat, now = None, T0
    begun: list[tuple[datetime, int]] = []
    for wait_ms, want in requests:
        now += timedelta(milliseconds=wait_ms)
        tokens = gcra(tat, now, rate, burst, want)
        tat = tokens.tat
        assert 0 <= tokens.granted <= want
        begun.append((now, tokens.granted))
    for at, (since, _) in enumerate(begun):
        total = 0
        for moment, granted in begun[at:]:
            total += granted
            assert total <= rate * (moment - since).total_seconds() + burst + 1e-6


@given(st.floats(0.2, 50), st.integers(1, 10), st.integers(0, 100))
def test_what_is_said_to_be_free_then_is(rate: float, burst: int, want: int) -> None:
    first = gcra(None, T0, rate, burst, want)
    assert gcra(first.tat, first.next_at, rate, burst, 1).granted == 1
    before = first.next_at - timedelta(milliseconds=1)
    if before >= T0:
        assert gcra(first.tat, before, rate, burst, 1).granted == 0


CLAIMS = st.lists(
    st.builds(
        lambda priority, guaranteed, more, wants: (priority, guaranteed, guaranteed + more, wants),
        st.integers(1, 5), st.integers(0, 20), st.integers(0, 20), st.integers(0, 60),
    ),
    max_size=8,
)  # fmt: skip


@given(CLAIMS, st.integers(0, 200))
def test_robots_go_to_guarantees_then_to_priority(rows: list[tuple[int, int, int, int]], robots: int) -> None:
    claims = [Claim(at, *row) for at, row in enumerate(rows)]
    given_ = shares(claims, robots)
    assert sum(given_.values()) <= robots
    for claim in claims:
        assert 0 <= given_[claim.task] <= min(claim.maximum, claim.wants)
    wanted = sum(min(claim.maximum, claim.wants) for claim in claims)
    assert sum(given_.values()) == min(robots, wanted)  # nothing lies idle
    if sum(claim.guaranteed for claim in claims) <= robots:
        assert all(given_[claim.task] >= min(claim.guaranteed, claim.wants) for claim in claims)
    for better in claims:
        for worse in claims:
            hungry = given_[better.task] < min(better.maximum, better.wants)
            if better.priority < worse.priority and hungry:
                assert given_[worse.task] <= worse.guaranteed


@given(st.integers(0, 60), st.floats(0.01, 1), st.integers(0, 60))
def test_overflow_agrees_with_the_sum_it_stands_for(calls: int, asks: float, people: int) -> None:
    from math import comb

    direct = sum(
        (k - people) * comb(calls, k) * asks**k * (1 - asks) ** (calls - k) for k in range(people + 1, calls + 1)
    )
    assert expected_overflow(calls, asks, people) == pytest.approx(direct, abs=1e-6)


@given(st.integers(0, 40), st.integers(0, 10), st.floats(0.01, 0.9), st.integers(0, 300), st.floats(0.005, 0.1))
@settings(deadline=None)
def test_predictive_keeps_the_expected_share_below_the_target(
    free: int, waiting: int, asks: float, limit: int, target: float
) -> None:
    transfer = Transfer(mode="predictive", abandonment=target, min_calls=10)
    known = Abandonment(0, 100)
    n = may_be_under_way(transfer, Pool(free, waiting, asks), known, limit)
    able = max(0, free - waiting)
    assert min(able, limit) <= n <= limit
    if n > able:
        assert expected_overflow(n, asks, able) <= target * n
    careful = may_be_under_way(transfer, Pool(free, waiting, asks), Abandonment(11, 100), limit)
    assert careful == min(able, limit)  # target missed: no more than free people
    assert (
        may_be_under_way(transfer, Pool(free, waiting, asks), Abandonment(0, 9), limit) == careful
    )  # too little known


def test_abandonment_counts_as_the_plan_says() -> None:
    calls = [
        TransferCall(T0, False),
        TransferCall(T0, False),
        TransferCall(T0, True, 1.0, True),
        TransferCall(T0, True, 2.5, True),  # taken, but too late
        TransferCall(T0 - timedelta(hours=25), True, 9.0),  # out of the window
    ]
    assert abandonment(Transfer(), calls, T0).rate == 0.25
    assert abandonment(Transfer(denominator="queued"), calls, T0).rate == 0.5
    assert abandonment(Transfer(window_h=48), calls, T0).rate == 0.4
    assert abandonment(Transfer(), [], T0).rate == 0
