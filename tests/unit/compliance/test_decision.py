"""Every house rule blocks on its own, unknown facts block, and nothing but an allowing decision makes a permit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callwright.compliance.decision import DialFacts, Permit, decide
from callwright.errors import RefusedError

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
GOOD = DialFacts(
    callee="+12025550123",
    caller="+12025550100",
    owned_callers=frozenset({"+12025550100"}),
    purpose="marketing",
    basis="consent",
    consent_scope=frozenset({"trial"}),
    needed_scope=frozenset({"trial"}),
    consent_at=NOW - timedelta(days=10),
    consent_max_age_days=180,
    local_time=NOW,
    script_window=("09:00", "20:00"),
    frozen=False,
    calls_today=0,
)


def test_all_rules_hold() -> None:
    decision = decide(GOOD, NOW)
    permit = decision.permit()
    assert decision.allow
    assert permit.decision == decision.digest()
    assert (permit.caller, permit.callee) == (GOOD.caller, GOOD.callee)


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("basis", {"basis": None}),
        ("basis", {"basis": "contract"}),
        ("scope", {"consent_scope": frozenset()}),
        ("consent-age", {"consent_at": None}),
        ("consent-age", {"consent_at": NOW - timedelta(days=181)}),
        ("consent-age", {"consent_at": NOW + timedelta(days=2)}),
        ("window", {"local_time": None}),
        ("window", {"local_time": NOW.replace(hour=8, minute=59)}),
        ("window", {"local_time": NOW.replace(hour=20)}),
        ("window", {"script_window": ("10:30", "12:00")}),
        ("frozen", {"frozen": True}),
        ("frozen", {"frozen": None}),
        ("caller-owned", {"owned_callers": frozenset()}),
        ("calls-per-day", {"calls_today": None}),
        ("calls-per-day", {"calls_today": 1, "max_calls_per_day": 1}),
        ("variables", {"missing_vars": ("name",)}),
    ],
)
def test_each_rule_blocks_alone(rule: str, change: dict[str, Any]) -> None:
    decision = decide(replace(GOOD, **change), NOW)
    assert [reason.rule for reason in decision.refusals] == [rule]
    with pytest.raises(RefusedError, match=rule):
        decision.permit()


def test_script_window_cannot_widen_the_house_window() -> None:
    late = replace(GOOD, local_time=NOW.replace(hour=21), script_window=("00:00", "23:59"))
    assert not decide(late, NOW).allow


def test_contract_is_enough_for_service() -> None:
    assert decide(replace(GOOD, purpose="service", basis="contract"), NOW).allow


def test_a_permit_cannot_be_made_by_hand() -> None:
    with pytest.raises(RefusedError):
        Permit(callee="+12025550123", caller="+12025550100", decision="x")


def test_facts_that_nobody_gave_block() -> None:
    said = DialFacts("+12025550123", "+12025550100", frozenset({"+12025550100"}), "service", "contract")
    assert {reason.rule for reason in decide(said, NOW).refusals} == {"window", "frozen", "calls-per-day"}


def test_our_own_staff_may_be_rung_at_night_and_nobody_else() -> None:
    night = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
    staff = replace(GOOD, callee="200", purpose="internal", basis="staff", local_time=night)
    assert decide(staff, night).allow
    assert not decide(replace(staff, basis="contract"), night).allow
    assert not decide(replace(staff, purpose="service", basis="contract"), night).allow
