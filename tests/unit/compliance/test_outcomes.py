"""What a call leaves behind, by the rules of the cn pack."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callwright.calls.disposition import FACTS as FACTS_OF
from callwright.compliance.cases import harmless
from callwright.compliance.facts import CallOutcome, PastCall
from callwright.compliance.freezes import NewFreeze
from callwright.compliance.outcomes import consequences
from callwright.compliance.pack_file import load_packs

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
FACTS = harmless(NOW, "CN", ("Asia/Shanghai",))
PACKS = load_packs()


def _ended(disposition: str, talk_s: float = 60, said: tuple[str, ...] = ()) -> CallOutcome:
    return CallOutcome(NOW, NOW + timedelta(seconds=talk_s), disposition, int(talk_s * 1000), said, 3, 1)


def test_a_good_talk_leaves_nothing() -> None:
    left = consequences(FACTS, _ended("completed", said=("可以，你说吧",)), PACKS)
    assert (left.freezes, left.suspects) == ((), ())


@pytest.mark.parametrize(
    ("outcome", "could"),
    [
        (_ended("completed", said=("可以，你说吧",)), False),
        (_ended("completed", said=("别再打了",)), True),
        (_ended("hung_up", 25), False),
        (_ended("hung_up", 5), True),
        (_ended("declined"), True),
        (_ended("opted_out"), True),
        (_ended("wrong_person"), True),
    ],
)
def test_which_calls_could_have_consequences(outcome: CallOutcome, could: bool) -> None:
    assert PACKS.concerned(outcome) is could


def test_a_rule_that_cannot_say_so_could(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bool:
        raise ZeroDivisionError

    for check in PACKS._following:
        monkeypatch.setattr(type(check), "concerns", fail)
    assert PACKS.concerned(_ended("completed"))


def test_a_refusal_freezes_until_the_day_is_over() -> None:
    (freeze,) = consequences(FACTS, _ended("declined"), PACKS).freezes
    assert freeze.until == datetime(2026, 11, 26, 16, 0, tzinfo=UTC)  # midnight in Shanghai
    assert (freeze.scope, freeze.reason, freeze.rule) == ("tenant", "refused", "cn/refusal-same-day")


def test_an_opt_out_freezes_for_good() -> None:
    (freeze,) = consequences(FACTS, _ended("opted_out"), PACKS).freezes
    assert freeze.until is None


def test_another_person_is_never_called_again() -> None:
    (freeze,) = consequences(FACTS, _ended("wrong_person"), PACKS).freezes
    assert (freeze.until, freeze.rule) == (None, "house/opted-out")


@pytest.mark.parametrize("country", ["CN", "US", "GB", "DE", "FR", "CA", "AU"])
@pytest.mark.parametrize("disposition", FACTS_OF)
def test_every_freeze_that_is_due_can_be_written(country: str, disposition: str) -> None:
    facts = harmless(NOW, country, ("Asia/Shanghai",))
    for freeze in consequences(facts, _ended(disposition, said=("别再打了",)), PACKS).freezes:
        NewFreeze("+8613900000001", freeze.reason, freeze.scope, freeze.scope_id, freeze.until, freeze.rule)


@pytest.mark.parametrize(("talk_s", "freezes"), [(15, 1), (15.001, 0)])
def test_the_third_short_call_of_a_day_freezes(talk_s: float, freezes: int) -> None:
    past = tuple(PastCall(NOW - timedelta(minutes=20 * n), disposition="hung_up", talk_ms=9000) for n in (1, 2))
    found = consequences(replace(FACTS, past=past), _ended("hung_up", talk_s), PACKS).freezes
    assert [freeze.reason for freeze in found] == ["refused_short"] * freezes
    if found:
        assert found[0].until == NOW + timedelta(days=30)


def test_two_of_yesterday_and_one_of_today_do_not() -> None:
    past = tuple(PastCall(NOW - timedelta(days=1, minutes=n), disposition="hung_up", talk_ms=9000) for n in (1, 2))
    assert not consequences(replace(FACTS, past=past), _ended("hung_up", 5), PACKS).freezes


@pytest.mark.parametrize("turn", ["我没兴趣", "没 兴趣啊", "你们别再打了"])
def test_words_of_refusal_wait_for_a_person(turn: str) -> None:
    (suspect,) = consequences(FACTS, _ended("completed", said=("喂", turn)), PACKS).suspects
    assert suspect.rule == "cn/suspect-words"
    assert suspect.words
    assert suspect.until == NOW + timedelta(days=90, seconds=60)


def test_a_rule_that_fails_leaves_a_suspect(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = next(rule for rule in PACKS.applying(FACTS, NOW) if rule.name == "cn/suspect-words")

    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(rule.check, "after_call", broken)
    (suspect,) = consequences(FACTS, _ended("completed"), PACKS).suspects
    assert suspect.words == ("cn/suspect-words failed",)
