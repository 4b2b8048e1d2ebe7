"""The shipped templates: nothing to complain about, rich enough to be understood by, and tested role by role."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from callwright.script.builtin import template_path, templates
from callwright.script.checks import check
from callwright.script.loader import LoadedScript, load
from callwright.script.model import Script

TODAY = date(2026, 11, 20)
SEVEN = {
    "trial_lesson",
    "appointment",
    "satisfaction",
    "delivery_notice",
    "membership_renewal",
    "appointment_en",
    "satisfaction_en",
}
ROLES = {
    "profanity",
    "do_not_disturb",
    "complaint",
    "ask_robot",
    "transfer",
    "repeat",
    "callback",
    "wrong_person",
    "minor",
    "voicemail",
    "call_screening",
}


@pytest.fixture(params=sorted(SEVEN))
def template(request: pytest.FixtureRequest) -> LoadedScript:
    return load(template_path(request.param))


def test_all_seven_are_shipped() -> None:
    assert set(templates()) == SEVEN


def test_nothing_is_wrong_and_nothing_is_to_be_looked_at(template: LoadedScript) -> None:
    assert [str(problem) for problem in check(template, TODAY)] == []


def test_people_have_many_words_for_it(template: LoadedScript) -> None:
    script = template.script
    assert len(script.lexicon.affirm) >= 12
    assert len(script.lexicon.deny) >= 10
    assert len(script.lexicon.refuse) >= 8
    rules = [(rule.id, rule.phrases, rule.examples) for rule in script.globals if rule.event is None]
    for name, phrases, examples in rules + [(entry.id, entry.phrases, entry.examples) for entry in script.kb]:
        assert len(set(phrases)) >= 6, name
        assert len(examples) >= 3, name


def test_every_role_is_there_with_knowledge_grades_and_tests(template: LoadedScript) -> None:
    script = template.script
    assert {rule.role for rule in script.globals} == ROLES
    assert len(script.kb) >= 3
    assert len(script.tests) >= 8
    assert set(script.grading.scale) == set("ABCDEF")
    assert set(script.grading.follow_up) == set("ABCDEF")


def test_the_slow_yaml_reader_reads_it_too(template: LoadedScript) -> None:
    """Without libyaml the pure Python reader is used, and it is stricter about `?]`."""
    text = Path(template.file).read_text("utf-8")
    assert Script.model_validate(yaml.load(text, Loader=yaml.SafeLoader)) == template.script
