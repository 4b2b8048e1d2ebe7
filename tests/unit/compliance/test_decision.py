"""Every house rule blocks on its own, unknown facts block, and nothing but an allowing decision makes a permit."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from callwright.calls.disposition import CONNECTED, Disposition
from callwright.compliance.decision import DialFacts, Permit, decide
from callwright.compliance.facts import (
    ANSWERED,
    DISPOSITIONS,
    PURPOSES,
    Abandonment,
    CompanyFacts,
    ConsentFacts,
    Freeze,
    PastCall,
    RegistryFacts,
)
from callwright.errors import RefusedError
from callwright.script.blocks import Purpose

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


# ------------------------------------------------------------ as a campaign tells it

CAMPAIGN = replace(
    GOOD, basis=None, consent_at=None, consent_scope=frozenset(), local_time=None, calls_today=None, frozen=None,
    zones=("America/New_York",), company=CompanyFacts(id=7), past=(), freezes=(), max_calls_per_day=1,
    consents=(ConsentFacts("consent", frozenset({"trial"}), NOW - timedelta(days=10)),),
)  # fmt: skip
TEN = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # 10:00 in New York


def test_a_campaign_tells_zones_calls_freezes_and_consents() -> None:
    decision = decide(CAMPAIGN, TEN)
    assert decision.allow
    assert decision.next_allowed_at is None


def test_every_zone_the_number_could_be_in_must_be_open() -> None:
    both = replace(CAMPAIGN, zones=("America/New_York", "America/Los_Angeles"))
    decision = decide(both, TEN)
    assert [reason.rule for reason in decision.refusals] == ["window"]
    assert decision.next_allowed_at == TEN.replace(hour=17)  # 9:00 in Los Angeles


def test_the_next_moment_satisfies_window_cap_and_freeze_together() -> None:
    earlier = PastCall(TEN - timedelta(minutes=20), task_id=1)
    frozen = Freeze("tenant", "keyword", TEN, until=TEN + timedelta(days=2, hours=12))
    decision = decide(replace(CAMPAIGN, past=(earlier,), freezes=(frozen,)), TEN)
    assert {reason.rule for reason in decision.refusals} == {"frozen", "calls-per-day"}
    assert decision.next_allowed_at == datetime(2026, 11, 23, 14, 0, tzinfo=UTC)  # 22:00 in New York is no time to call


def test_what_time_does_not_heal_has_no_next_moment() -> None:
    for change in ({"freezes": (Freeze("voice", "opt_out", TEN),)}, {"consents": ()}, {"past": None}):
        assert decide(replace(CAMPAIGN, **change), TEN - timedelta(hours=9)).next_allowed_at is None


@pytest.mark.parametrize(
    ("scope", "scope_id", "stops"),
    [
        ("tenant", None, True), ("voice", None, True), ("company", 7, True), ("company", 8, False), ("company", None, True), ("task", 3, True),
        ("task", 4, False),
    ],
)  # fmt: skip
def test_a_freeze_stops_what_it_was_written_for(scope: Any, scope_id: int | None, stops: bool) -> None:
    facts = replace(CAMPAIGN, task_id=3, freezes=(Freeze(scope, "manual", TEN, scope_id=scope_id),))
    assert decide(facts, TEN).allow is not stops


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": TEN}, {"valid_until": TEN}, {"given_at": TEN + timedelta(seconds=1)}, {"company_id": 8}, {"basis": "contract"},
    ],
)  # fmt: skip
def test_a_consent_must_be_in_force_and_ours(change: dict[str, Any]) -> None:
    (good,) = CAMPAIGN.grounds
    assert decide(replace(CAMPAIGN, consents=(replace(good, company_id=7),)), TEN).allow
    bad = replace(good, **change)
    assert "basis" in {reason.rule for reason in decide(replace(CAMPAIGN, consents=(bad,)), TEN).refusals}
    assert decide(replace(CAMPAIGN, consents=(bad, good)), TEN).allow  # another one is enough


def test_the_digest_names_every_fact_and_every_reason() -> None:
    decision = decide(CAMPAIGN, TEN)
    told = json.loads(decision.canonical())
    assert [reason["rule"] for reason in told["reasons"]] == [reason.rule for reason in decision.reasons]
    assert json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":")) == decision.canonical()
    assert decision.digest() != decide(CAMPAIGN, TEN + timedelta(seconds=1)).digest()
    assert CAMPAIGN.digest() == replace(CAMPAIGN).digest() != replace(CAMPAIGN, zones=None).digest()
    assert (
        replace(CAMPAIGN, callee="+8613900000077").digest(CAMPAIGN.shared())
        == replace(CAMPAIGN, callee="+8613900000077").digest()
    )


@pytest.mark.parametrize("name", [each.name for each in fields(DialFacts)])
def test_each_fact_is_part_of_the_digest(name: str) -> None:
    other = replace(CAMPAIGN, **{name: "something else"})  # type: ignore[arg-type]
    assert CAMPAIGN.digest() != other.digest()
    assert (CAMPAIGN.shared() == other.shared()) is (name in {"callee", "consents"})


def test_about_somebody_else() -> None:
    decision = decide(CAMPAIGN, TEN)
    other = decision.about("+8613900000077")
    assert other == replace(decision, callee="+8613900000077")
    assert other.digest() == replace(decision, callee="+8613900000077").digest() != decision.digest()
    assert other.about(decision.callee) == decision


def test_the_digest_is_over_canonical_json_of_all_that_is_known() -> None:
    def known(value: Any) -> dict[str, Any]:
        return {name: each for name in value.__slots__ if (each := getattr(value, name)) is not None}

    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        return sorted(value) if isinstance(value, frozenset) else known(value)

    facts = replace(
        CAMPAIGN,
        past=(PastCall(TEN, True, "busy", 12, 3, 4), PastCall(TEN - timedelta(days=1))),
        freezes=(Freeze("task", 'said "no"', TEN, None, 5),),
        abandonment=Abandonment(1, 200),
        registries=(RegistryFacts("tps", False, TEN),),
        missing_vars=("name", "价格"),
        frozen=False,
        ring_s=29.5,
    )
    everything = known(facts)
    own = {name: everything.pop(name) for name in ("callee", "consents")}
    told = "".join(
        json.dumps(each, default=plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        for each in (everything, own)
    )
    assert facts.digest() == hashlib.sha256(told.encode()).hexdigest()


def test_answered_means_the_same_here_as_in_the_taxonomy() -> None:
    assert ANSWERED == CONNECTED
    assert frozenset(get_args(Disposition)) == DISPOSITIONS
    assert {*get_args(Purpose), "internal"} == PURPOSES


def test_a_purpose_that_nobody_knows_is_taken_for_marketing() -> None:
    by_contract = (ConsentFacts("contract"),)
    assert decide(replace(CAMPAIGN, purpose="service", consents=by_contract), TEN).allow
    assert not decide(replace(CAMPAIGN, purpose="sevrice", consents=by_contract), TEN).allow


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("window", {"zones": ("Mars/North",)}), ("window", {"script_window": ("9", "25:00")}),
        ("calls-per-day", {"past": (PastCall(datetime(2026, 11, 20)),)}),
        ("frozen", {"freezes": (Freeze("tenant", "x", TEN, until=datetime(2026, 11, 20)),)}),
        ("basis", {"consents": (ConsentFacts("consent", valid_until=datetime(2026, 11, 20)),)}),
    ],
)  # fmt: skip
def test_facts_that_make_no_sense_refuse_and_raise_nothing(rule: str, change: dict[str, Any]) -> None:
    decision = decide(replace(CAMPAIGN, **change), TEN)
    (reason,) = [reason for reason in decision.refusals if reason.rule == rule]
    assert (reason.outcome, decision.next_allowed_at) == ("unknown", None)
    assert reason.detail.startswith("the rule failed")
