"""When a task stops by itself, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest

from callwright.campaigns.breaker import cost, judge, spent_up
from callwright.campaigns.model import Plan


def plan(**more: Any) -> Plan:
    calling = {"zone": "UTC", "windows": [{"from": "09:00", "to": "20:00"}]}
    return Plan.model_validate({"scripts": [{"script": "s"}], "calling": calling, "robots": {"max": 1}, **more})


def test_half_of_the_last_attempts_failed() -> None:
    some = plan(breaker={"attempts": 10, "at_least": 5, "failures": 0.5})
    assert judge(some, ["network_fault"] * 4) is None  # too few
    assert judge(some, ["network_fault"] * 5) == "breaker: 5 of the last 5 attempts failed"
    assert judge(some, ["network_fault"] * 90 + ["completed"] * 6 + ["carrier_blocked"] * 4) is None
    assert judge(some, ["completed"] * 5 + ["carrier_blocked"] * 5) is not None
    assert judge(some, ["no_answer"] * 50) is None


def test_people_do_not_want_to_be_called() -> None:
    some = plan(breaker={"attempts": 20, "at_least": 5, "refusals": 0.3})
    assert judge(some, ["completed"] * 7 + ["opted_out"] * 3 + ["no_answer"] * 10) is not None
    assert judge(some, ["completed"] * 8 + ["opted_out"] * 3 + ["no_answer"] * 9) is None


def test_money() -> None:
    some = plan(budget={"currency": "CNY", "total": 1.0, "per_attempt": 0.01, "per_minute": 0.12, "minute_step_s": 6})
    assert cost(some, 0) == 10
    assert cost(some, 1) == 22  # one step of 6 s
    assert cost(some, 60_000) == 130
    assert not spent_up(some, 978)
    assert spent_up(some, 979)
    assert spent_up(some, 956, active=1) is False
    assert spent_up(some, 957, active=1)
    assert not spent_up(plan(), 10**12)
    assert cost(plan(), 60_000) == 0


@pytest.mark.parametrize("n", range(0, 120, 7))
def test_a_budget_is_not_exceeded_by_attempts_alone(n: int) -> None:
    some = plan(budget={"currency": "CNY", "total": n / 10, "per_attempt": 0.3} if n else None)
    spent = 0
    for _ in range(50):
        if spent_up(some, spent):
            break
        spent += cost(some, 0)
    assert spent <= n * 100
