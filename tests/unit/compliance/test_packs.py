"""The packs that come with the program: every rule's own cases, what a rule must carry, and how packs go together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callwright.compliance.cases import harmless
from callwright.compliance.decision import decide
from callwright.compliance.facts import CompanyFacts, PastCall
from callwright.compliance.pack_file import built_in_packs, load_packs
from callwright.compliance.packs import Pack, Packs
from callwright.compliance.rehearsal import rehearse
from callwright.compliance.rules.check import Timely

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
GOOD = harmless(NOW, "CN", ("Asia/Shanghai",))
EXPECTED = {"house", "cn", "us", "uk", "eu", "de", "fr", "ca", "au"}


@pytest.fixture(scope="module")
def packs() -> Packs:
    return load_packs()


def test_all_the_places_are_there() -> None:
    assert {pack.file.id for pack in built_in_packs()} == EXPECTED


@pytest.mark.parametrize("pack", built_in_packs(), ids=lambda pack: pack.file.id)
def test_every_case_of_every_rule_comes_out_as_written(pack: Pack) -> None:
    failures = [f"{trial.rule}: {trial.case}: {trial.failure}" for trial in rehearse(pack) if trial.failure]
    assert not failures


@pytest.mark.parametrize("pack", built_in_packs(), ids=lambda pack: pack.file.id)
def test_every_rule_shows_that_it_forbids_and_that_it_allows(pack: Pack) -> None:
    for rule in pack.rules:
        outcomes = {case.expect for case in rule.rule.tests}
        assert {"ok", "blocked"} <= outcomes, rule.name
        if isinstance(rule.check, Timely) and rule.refuses:
            assert any(case.next for case in rule.rule.tests), f"{rule.name} tells when it holds again"


@pytest.mark.parametrize("pack", built_in_packs(), ids=lambda pack: pack.file.id)
def test_no_doubtful_or_drafted_law_refuses_as_law(pack: Pack) -> None:
    for rule in pack.rules:
        if rule.rule.status == "draft":
            assert not rule.refuses, rule.name
        cited = next(each for each in pack.file.sources if each.id == rule.rule.citation.source)
        assert cited.quote or rule.rule.doubt or rule.rule.status != "law", f"{rule.name} cites no words"


def test_a_call_nobody_objects_to_is_allowed_and_says_why(packs: Packs) -> None:
    decision = decide(GOOD, NOW, packs)
    assert decision.allow
    assert decision.packs == ("cn@2026.11", "house@2026.11")
    assert decision.calendar.startswith("holidays ")
    assert {"hours", "refused-and-short", "company-vetted"} <= {reason.rule for reason in decision.reasons}


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"country": "XX"}, "no rule pack covers XX"), ({"country": None}, "the country of the number"),
        ({"company": None}, "the country of the company"),
    ],
)  # fmt: skip
def test_a_place_that_no_pack_covers_is_closed(packs: Packs, change: dict[str, Any], detail: str) -> None:
    decision = decide(replace(GOOD, **change), NOW, packs)
    assert any(reason.rule == "packs" and detail in reason.detail for reason in decision.refusals)
    assert decision.next_allowed_at is None


def test_the_pack_of_the_company_applies_abroad(packs: Packs) -> None:
    abroad = replace(GOOD, country="AU", zones=("Australia/Sydney",), company=CompanyFacts(1, "CN", True))
    assert "cn@2026.11" in decide(abroad, NOW, packs).packs
    assert "cn@2026.11" not in decide(replace(abroad, company=CompanyFacts(1, "AU", True)), NOW, packs).packs


def test_our_own_staff_is_judged_by_the_house_alone(packs: Packs) -> None:
    staff = replace(
        GOOD, purpose="internal", basis="staff", consents=None, zones=None, frozen=False, calls_today=0, freezes=None
    )
    assert decide(staff, NOW, packs).packs == ()
    assert decide(staff, NOW, packs).allow
    assert not decide(replace(staff, basis="contract"), NOW, packs).allow


def test_drafted_law_warns(packs: Packs) -> None:
    declined = PastCall(NOW - timedelta(days=100), disposition="declined")
    decision = decide(replace(GOOD, refusals=(declined,)), NOW, packs)
    assert decision.allow
    assert [reason.rule for reason in decision.warnings] == ["draft-stop-after-refusal"]


def test_a_third_refused_call_names_the_freeze_that_is_due(packs: Packs) -> None:
    refused = tuple(PastCall(NOW - timedelta(days=1, hours=hour), disposition="rejected") for hour in range(3))
    decision = decide(replace(GOOD, past=refused), NOW, packs)
    (due,) = decision.due
    assert (due.rule, due.reason, due.scope) == ("cn/refused-and-short", "refused_short", "tenant")
    assert due.until == NOW + timedelta(days=29)
    assert decision.next_allowed_at == due.until


def test_a_number_that_could_be_anywhere_in_a_country_obeys_all_its_regions(packs: Packs) -> None:
    at = datetime(2026, 11, 27, 1, 30, tzinfo=UTC)  # Thursday 20:30 in New York
    new_york = replace(harmless(at, "US", ("America/New_York",)), regions=("NY",))
    ids = {rule.name for rule in packs.applying(new_york, at)}
    anywhere = {rule.name for rule in packs.applying(replace(new_york, regions=None), at)}
    assert ids < anywhere
    assert any("fl" in name for name in anywhere - ids)
    word = {rule.name for rule in packs.applying(replace(new_york, regions=("New York",)), at)}
    assert word == anywhere  # a word that is no code of a state could mean any
