"""Another attempt: never beyond the budget, never before the gap, never after the end, never after a no."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.campaigns.plans import MOMENTS, plans

from callwright.calls.disposition import FACTS, Disposition
from callwright.campaigns.model import Plan
from callwright.campaigns.retry import Next, Outcome, after, refused
from callwright.campaigns.schedule import is_open
from callwright.errors import TaskError

DISPOSITIONS = st.sampled_from(get_args(Disposition))
RETRYABLE = [
    name for name in get_args(Disposition) if FACTS[name].retry != "never" and name not in ("unknown", "not_allowed")
]


@st.composite
def retries(draw: st.DrawFn) -> dict[str, object]:
    rules = []
    for _ in range(draw(st.integers(0, 4))):
        what = draw(st.one_of(st.fixed_dictionaries({"after": st.lists(st.sampled_from(RETRYABLE), min_size=1, max_size=4)}),
                              st.fixed_dictionaries({"tag": st.sampled_from(["x", "y"])})))  # fmt: skip
        rules.append({**what, "wait_min": draw(st.integers(1, 20_000)), "attempts": draw(st.integers(1, 20))})
    return {"attempts": draw(st.integers(1, 6)), "gap_min": draw(st.integers(1, 3000)), "rules": rules}


@given(st.data(), MOMENTS, DISPOSITIONS, st.integers(1, 8), st.sets(st.sampled_from(["x", "y", "z"])))
@settings(max_examples=150, deadline=None)
def test_bounds_hold_whatever_the_rules_say(
    data: st.DataObject, ended_at: datetime, disposition: Disposition, attempts: int, tags: set[str]
) -> None:
    not_after = data.draw(st.none() | st.integers(1, 3000).map(lambda hours: ended_at + timedelta(hours=hours)))
    plan = data.draw(plans(retry=data.draw(retries()), not_after=not_after))
    now = ended_at + timedelta(seconds=data.draw(st.integers(0, 90_000)))
    agreed = data.draw(st.none() | st.integers(-600, 90_000).map(lambda minutes: ended_at + timedelta(minutes=minutes)))
    found = after(plan, attempts, Outcome(disposition, ended_at, frozenset(tags), agreed), now)
    if FACTS[disposition].retry == "never" or disposition == "unknown":
        assert found.state in ("finished", "parked")
    if found.state == "ready":
        assert attempts < plan.retry.attempts
        assert found.due_at is not None
        assert found.due_at >= max(now, ended_at + timedelta(minutes=plan.retry.gap_min))
        assert not_after is None or found.due_at < not_after
        assert is_open(plan, found.due_at)
        if disposition == "callback" and agreed is not None:
            assert found.due_at >= agreed
    else:
        assert found.due_at is None


@given(plans(), MOMENTS, st.none() | st.integers(-1000, 100_000))
@settings(max_examples=80, deadline=None)
def test_a_refused_dial_waits_for_the_law_and_for_the_window(plan: Plan, now: datetime, minutes: int | None) -> None:
    allowed = None if minutes is None else now + timedelta(minutes=minutes)
    found = refused(plan, allowed, "window", now)
    if allowed is None:
        assert found == Next("excluded", "window")
    elif found.state == "ready":
        assert found.due_at is not None
        assert found.due_at >= max(now, allowed)
        assert is_open(plan, found.due_at)


WEEK = {"zone": "Asia/Shanghai", "windows": [{"from": "09:00", "to": "20:00"}]}
END = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai


def plan_with(**retry: object) -> Plan:
    return Plan.model_validate({"scripts": [{"script": "s"}], "calling": WEEK, "robots": {"max": 1}, "retry": retry})


def minutes(plan: Plan, disposition: Disposition, attempts: int = 1, **more: object) -> int | str:
    found = after(plan, attempts, Outcome(disposition, END, **more), END)  # type: ignore[arg-type]
    return found.reason if found.due_at is None else round((found.due_at - END).total_seconds() / 60)


def test_classes_without_rules() -> None:
    plan = plan_with()
    assert minutes(plan, "busy") == 15
    assert minutes(plan, "no_answer") == 180
    assert minutes(plan, "suspended") == 1440
    assert minutes(plan, "network_fault") == 15
    assert minutes(plan, "completed") == "completed"
    assert minutes(plan, "opted_out") == "opted_out"
    assert after(plan, 1, Outcome("rejected", END), END) == Next("parked", "rejected")
    assert after(plan, 1, Outcome("unknown", END), END) == Next("parked", "unknown")


def test_rules_share_one_budget_and_a_tag_goes_first() -> None:
    plan = plan_with(attempts=3, rules=[{"after": ["busy"], "wait_min": 30, "attempts": 2}, {"after": "no_answer", "wait_min": 60},
                                        {"tag": "later", "wait_min": 120}, {"after": ["hung_up"], "stop": True}])  # fmt: skip
    assert minutes(plan, "busy") == 30
    assert minutes(plan, "busy", attempts=2) == "budget"
    assert minutes(plan, "no_answer", attempts=2) == 60
    assert minutes(plan, "no_answer", attempts=3) == "budget"
    assert minutes(plan, "completed", tags=frozenset({"later"})) == 120
    assert minutes(plan, "hung_up") == "hung_up"
    assert minutes(plan, "opted_out", tags=frozenset({"later"})) == "opted_out"


def test_a_callback_is_made_at_the_agreed_time_or_left_to_a_person() -> None:
    plan = plan_with(attempts=2)
    assert minutes(plan, "callback", callback_at=END + timedelta(minutes=90)) == 90
    assert minutes(plan, "callback", callback_at=END + timedelta(minutes=1)) == 15  # the gap holds
    assert (
        minutes(plan, "callback", callback_at=END + timedelta(hours=12)) == 23 * 60
    )  # 22:00 is too late: 9 the next day
    assert after(plan, 2, Outcome("callback", END, callback_at=END + timedelta(hours=2)), END) == Next(
        "parked", "callback_budget"
    )


@pytest.mark.parametrize(
    "bad", ["opted_out", "declined", "wrong_person", "abused", "empty_number", "unknown", "not_allowed"]
)
def test_no_rule_calls_again_after_a_no(bad: str) -> None:
    from callwright.campaigns.model import plan_from

    with pytest.raises(TaskError, match="retry"):
        plan_from({"scripts": [{"script": "s"}], "calling": WEEK, "robots": {"max": 1},
                   "retry": {"rules": [{"after": [bad], "wait_min": 60}]}})  # fmt: skip
