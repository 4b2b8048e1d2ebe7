"""Spoken answers: what a slot takes is offered to the recogniser, what it refuses is not."""

from __future__ import annotations

import pytest

from callwright.calls.answers import MOST, spoken_answers
from callwright.calls.vocabulary import vocabulary
from callwright.script.builtin import template_path, templates
from callwright.script.loader import load


def answers(name: str, slot: str) -> tuple[str, ...]:
    return spoken_answers(load(template_path(name)).script)[slot]


def test_an_age_is_offered_with_its_unit() -> None:
    found = answers("trial_lesson", "child_age")
    assert {"七岁", "十二岁", "他七岁", "今年七岁", "两岁"} <= set(found)


def test_a_score_is_offered_within_its_range_only() -> None:
    found = answers("satisfaction", "score")
    assert {"五分", "我打五分", "三"} <= set(found)
    assert not {"六分", "九十九分", "十"} & set(found)


@pytest.mark.parametrize(
    ("name", "said"), [("appointment", ("明天上午", "后天", "礼拜三")), ("appointment_en", ("tomorrow at ten", "monday morning"))]
)  # fmt: skip
def test_days_and_hours_are_offered_for_a_time(name: str, said: tuple[str, ...]) -> None:
    assert set(said) <= set(answers(name, "new_time"))


@pytest.mark.parametrize("name", templates())
def test_every_slot_offers_each_answer_once_and_not_too_many(name: str) -> None:
    for found in spoken_answers(load(template_path(name)).script).values():
        assert 0 < len(found) <= MOST
        assert len(found) == len(set(found))


def test_answers_are_in_the_vocabulary_as_values() -> None:
    phrases = dict(vocabulary(load(template_path("trial_lesson")).script).phrases)
    assert 0 < phrases["七岁"] < 1
    assert phrases["可以"] >= 1
