"""Which consent covers a call, and how soon a revocation must be honoured."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from callwright.compliance.consents import NewConsent, covering, honour_by, why_not
from callwright.compliance.facts import ConsentFacts
from callwright.errors import InputError

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
PROOF = "9f" * 32
AGREED = ConsentFacts(
    "consent", frozenset({"marketing", "synthetic_voice"}), NOW - timedelta(days=2), evidence=PROOF, id=1, company_id=5
)


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (AGREED, ""),
        (replace(AGREED, revoked_at=NOW), "revoked"),
        (replace(AGREED, revoked_at=NOW + timedelta(seconds=1)), ""),
        (replace(AGREED, basis="contract"), "no basis"),
        (replace(AGREED, company_id=6), "another company"),
        (replace(AGREED, company_id=None), ""),
        (replace(AGREED, given_at=None), "nobody knows when"),
        (replace(AGREED, given_at=NOW + timedelta(seconds=1)), "not yet"),
        (replace(AGREED, valid_until=NOW), "ended"),
        (replace(AGREED, valid_until=NOW + timedelta(seconds=1)), ""),
        (replace(AGREED, evidence=""), "no proof"),
        (replace(AGREED, scope=frozenset({"marketing"})), "synthetic_voice"),
    ],
)
def test_what_covers_a_call(one: ConsentFacts, why: str) -> None:
    found = why_not(one, NOW, purpose="marketing", scope=frozenset({"synthetic_voice"}), company_id=5)
    assert (why in found) if why else not found


def test_the_youngest_consent_is_named() -> None:
    contract = ConsentFacts("contract", id=2)
    younger = replace(AGREED, id=3, given_at=NOW - timedelta(days=1), scope=frozenset({"service"}))
    older = replace(younger, id=4, given_at=NOW - timedelta(days=9))
    found = covering([contract, older, younger, AGREED], NOW, purpose="service", company_id=5)
    assert found.consent == younger
    assert found.reasons == ("1: does not cover service",)
    assert covering([contract], NOW, purpose="service").consent == contract
    assert covering([contract], NOW, purpose="marketing").consent is None


def test_clocks_of_revocation() -> None:
    assert honour_by(NOW, "CN") == NOW
    assert honour_by(NOW, "DE") == NOW
    # 25 November 2026, 23:00 in New York; Thanksgiving is the 26th: the tenth business day is 10 December
    assert honour_by(NOW, "US") == datetime(2026, 12, 11, 5, 0, tzinfo=UTC)
    assert honour_by(NOW, "CA") == datetime(2026, 12, 10, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "change",
    [{"basis": "staff"}, {"basis": "feeling"}, {"scope": frozenset({"everything"})}, {"scope": frozenset()}, {"evidence": ""},
     {"evidence": "9F" * 32}, {"given_at": None}],
)  # fmt: skip
def test_what_proves_nothing_is_not_added(change: dict[str, object]) -> None:
    good: dict[str, object] = {"basis": "consent", "scope": frozenset({"service"}), "given_at": NOW, "evidence": PROOF}
    NewConsent(**good)  # type: ignore[arg-type]
    with pytest.raises(InputError):
        NewConsent(**{**good, **change})  # type: ignore[arg-type]


def test_a_contract_needs_no_proof_of_consent() -> None:
    assert NewConsent("contract", frozenset(), None).basis == "contract"
