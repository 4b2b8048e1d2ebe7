"""A/B: who hears what, and what a difference is worth."""

from __future__ import annotations

from collections import Counter

import pytest

from callwright.campaigns.model import Plan
from callwright.campaigns.variants import assign, compare, proportion, share_of


def plan(*weights: int) -> Plan:
    scripts = [{"name": name, "script": "s", "weight": weight} for name, weight in zip("abc", weights, strict=False)]
    calling = {"zone": "UTC", "windows": [{"from": "09:00", "to": "20:00"}]}
    return Plan.model_validate({"scripts": scripts, "calling": calling, "robots": {"max": 1}})


def test_leads_are_divided_by_weight_and_stay_where_they_are() -> None:
    some = plan(3, 1)
    first = [assign(some, "t1", lead) for lead in range(8000)]
    assert Counter(first)["a"] == pytest.approx(6000, abs=160)
    assert first == [assign(some, "t1", lead) for lead in range(8000)]
    other = [assign(some, "t2", lead) for lead in range(8000)]
    assert sum(x == y for x, y in zip(first, other, strict=True)) == pytest.approx(5000, abs=200)  # 0.75^2 + 0.25^2
    assert {assign(plan(5), "t", lead) for lead in range(9)} == {"a"}
    assert share_of(some, "b") == some.scripts[1]
    assert share_of(some, "z") is None


def test_intervals_of_the_literature() -> None:
    known = proportion(81, 263)  # Newcombe 1998, two examples of the paper on single proportions
    assert (round(known.low, 4), round(known.high, 4)) == (0.2553, 0.3662)
    found = compare(48, 80, 56, 70)  # Newcombe 1998, table II (a): 56/70 - 48/80, method 10
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)
    assert found.verdict == "b"


def test_little_shows_nothing() -> None:
    assert compare(1, 10, 3, 10).verdict == "open"
    assert compare(0, 0, 3, 10).verdict == "open"
    assert compare(90, 100, 3, 100).verdict == "a"
    with pytest.raises(ValueError, match="5 of 4"):
        proportion(5, 4)
