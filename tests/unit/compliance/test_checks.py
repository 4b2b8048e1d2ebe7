"""What the cases of the packs do not show of the checks: counting, budgets, several zones, parameters that cannot be meant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from callwright.compliance.cases import harmless
from callwright.compliance.counting import Counter
from callwright.compliance.facts import ConsentFacts, PastCall
from callwright.compliance.holiday import public_holidays
from callwright.compliance.rules import CHECKS
from callwright.compliance.spans import calendar_span

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
SHANGHAI = ("Asia/Shanghai",)
GOOD = harmless(NOW, "CN", SHANGHAI)
HOUR = timedelta(hours=1)


def _check(kind: str, **params: Any) -> Any:
    return CHECKS[kind].check(CHECKS[kind].params.model_validate(params))


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("frequency", {"most": 0, "span": "day"}), ("frequency", {"most": 1, "span": "32d"}), ("frequency", {"most": 1, "span": "ever"}),
        ("frequency", {"most": 1, "span": "0h"}), ("budget", {"calls": 1, "span": "60d"}), ("cool_off", {"after": ["refused"], "span": "day"}),
        ("cool_off", {"after": [], "span": "day"}), ("consent", {"basis": ["interest"]}), ("window", {"hours": {}}),
        ("calendar", {"holidays": "XX"}), ("abandonment", {"most_percent": 3, "days": 0, "after_s": 2}), ("disclosure", {"must": []}),
        ("refused_short", {"refused": ["x"], "short": [], "short_s": 15, "most": 3, "freeze_days": 30}), ("dnc", {"registry": "x"}),
    ],
)  # fmt: skip
def test_parameters_that_cannot_be_meant(kind: str, params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CHECKS[kind].params.model_validate(params)


def test_answered_calls_only() -> None:
    check = _check("frequency", most=1, span="24h", counts="connects")
    rung = PastCall(NOW - HOUR, disposition="no_answer")
    assert check.look(replace(GOOD, past=(rung,)), NOW).outcome == "ok"
    for disposition in ("completed", "", "unknown"):  # what nobody knows yet may have been answered
        assert check.look(replace(GOOD, past=(replace(rung, disposition=disposition),)), NOW).outcome == "blocked"


@pytest.mark.parametrize(("per", "outcome"), [("person", "blocked"), ("company", "ok"), ("task", "ok")])
def test_calls_of_another_company_and_task(per: str, outcome: str) -> None:
    other = PastCall(NOW - HOUR, task_id=9, company_id=9)
    check = _check("frequency", most=1, span="day", per=per)
    assert check.look(replace(GOOD, task_id=3, past=(other,)), NOW).outcome == outcome
    assert (
        check.look(replace(GOOD, task_id=3, past=(PastCall(NOW - HOUR),)), NOW).outcome == "blocked"
    )  # nobody knows whose


def test_today_is_the_longest_today_of_all_zones() -> None:
    zones = ("Asia/Shanghai", "America/Los_Angeles")
    at = datetime(2026, 11, 26, 16, 30, tzinfo=UTC)  # 00:30 on the 27th in Shanghai, 08:30 on the 26th in Los Angeles
    check = _check("frequency", most=1, span="day")
    earlier = PastCall(at - 2 * HOUR)
    assert check.look(replace(GOOD, past=(earlier,)), at).outcome == "ok"
    finding = check.look(replace(GOOD, zones=zones, past=(earlier,)), at)
    assert finding.outcome == "blocked"
    assert finding.next_at == datetime(2026, 11, 27, 8, 0, tzinfo=UTC)  # midnight in Los Angeles


@pytest.mark.parametrize(
    ("unit", "begin", "until"),
    [
        ("day", "2026-11-26", "2026-11-27"),
        ("week", "2026-11-23", "2026-11-30"),
        ("month", "2026-11-01", "2026-12-01"),
    ],
)
def test_calendar_spans(unit: Any, begin: str, until: str) -> None:
    span = calendar_span(unit, SHANGHAI, NOW)
    there = ZoneInfo("Asia/Shanghai")
    assert span.begin == datetime.fromisoformat(begin).replace(tzinfo=there)
    assert span.until == datetime.fromisoformat(until).replace(tzinfo=there)


def test_a_rolling_day_is_24_hours_whatever_the_clock_does() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    before = datetime(2026, 10, 24, 12, 0, tzinfo=berlin)
    after = datetime(2026, 10, 25, 11, 30, tzinfo=berlin)  # 24.5 hours later
    assert Counter("24h").count((before,), (), after) == 0
    assert Counter("24h").below(1, (before,), (), before) == before + timedelta(hours=0) + (
        after - timedelta(minutes=30) - before
    )


def test_a_call_in_the_future_counts() -> None:
    assert Counter("day").count((NOW + HOUR,), SHANGHAI, NOW) == 1
    assert Counter("1h").count((NOW + HOUR,), SHANGHAI, NOW) == 1


def test_a_budget_of_talk_is_free_again_when_enough_has_left_the_span() -> None:
    check = _check("budget", span="30d", calls=10, talk_s=600)
    calls = tuple(PastCall(NOW - timedelta(days=days), talk_ms=250_000) for days in (20, 10, 5))
    finding = check.look(replace(GOOD, past=calls), NOW)
    assert (finding.outcome, finding.detail) == ("blocked", "3 of 10 calls in 30d, 750 of 600 s of talk")
    assert finding.next_at == NOW + timedelta(days=10)


def test_a_budget_of_calls() -> None:
    check = _check("budget", span="7d", calls=2)
    calls = tuple(PastCall(NOW - timedelta(days=days), task_id=days) for days in (6, 3, 1))
    assert check.look(replace(GOOD, past=calls), NOW).next_at == NOW + timedelta(days=4)


def test_consent_for_this_company_by_name() -> None:
    check = _check("consent", basis=["consent"], seller="named")
    given = ConsentFacts("consent", company_id=1)
    assert check.look(replace(GOOD, consents=(given,)), NOW).outcome == "ok"
    assert check.look(replace(GOOD, consents=(replace(given, company_id=None),)), NOW).outcome == "blocked"
    assert check.look(replace(GOOD, consents=(replace(given, company_id=2),)), NOW).outcome == "blocked"


@pytest.mark.parametrize(("age", "outcome"), [(timedelta(days=30), "ok"), (timedelta(days=30, seconds=1), "blocked")])
def test_the_age_of_consent_and_proof(age: timedelta, outcome: str) -> None:
    given = ConsentFacts("consent", given_at=NOW - age, evidence="x")
    for check in (_check("consent", basis=["consent"], max_age_days=30), _check("evidence", max_age_days=30)):
        assert check.look(replace(GOOD, consents=(given,)), NOW).outcome == outcome


@pytest.mark.parametrize(("scope", "outcome"), [({"recording"}, "ok"), ({"marketing"}, "blocked")])
def test_consent_to_recording(scope: set[str], outcome: str) -> None:
    facts = replace(GOOD, consents=(ConsentFacts("consent", frozenset(scope)),))
    assert _check("recording", mode="consent").look(facts, NOW).outcome == outcome


def test_regional_holidays_where_nobody_knows_the_region() -> None:
    holiday = public_holidays("DE", regional=True)
    epiphany = date(2026, 1, 6)
    assert holiday(epiphany, ("BY",))
    assert not holiday(epiphany, ("HE",))
    assert holiday(epiphany, ("HE", "BY"))
    assert holiday(epiphany, None)
    assert holiday(epiphany, ("Hessen",))  # no code: it could be any
    assert not public_holidays("DE", regional=False)(epiphany, None)
