"""What words tell turn-taking at a question of the script."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from unittest import mock

import pytest

import callwright.script
from callwright.calls.answers import spoken_answers
from callwright.calls.reading import Reader
from callwright.calls.vocabulary import vocabulary
from callwright.dialogue.engine import Dialogue
from callwright.dialogue.understanding.nlu import Nlu
from callwright.dialogue.values import Listen
from callwright.script.loader import load
from callwright.speech.turn_values import NOTHING, Words

TEMPLATES = Path(callwright.script.__file__).parent / "templates"


@cache
def opened(template: str) -> tuple[Reader, Dialogue]:
    script = load(TEMPLATES / f"{template}.yaml").script
    understander = Nlu.train(script, seed=0)
    return Reader(script, understander, vocabulary(script), spoken_answers(script)), Dialogue(script, understander)


def read(template: str, node: str, text: str) -> Words:
    reader, dialogue = opened(template)
    slot = dialogue.plan.slots.get(dialogue.script.flow.nodes[node].slot or "")
    context = dialogue.plan.context(node, "")
    return reader.read(text, Listen(node, 4000, 700, 15_000, context, slot.slot.type if slot else None))


@pytest.mark.parametrize(
    ("node", "text", "ending"),
    [
        ("opening", "可以", "complete"),
        ("opening", "好的可以", "complete"),
        ("opening", "不需要", "complete"),
        ("opening", "多少钱", "complete"),
        ("opening", "不要再打了", "complete"),
        ("opening", "我在开车", ""),
        ("opening", "可以，但是", "unfinished"),
        ("opening", "那个", "unfinished"),
        ("opening", "电话是一三八", "unfinished"),
        ("ask_age", "三十五岁", "complete"),
        ("ask_age", "三", ""),  # 三岁, 三十五岁
        ("ask_age", "可以", ""),  # the number will follow
        ("ask_age", "不需要", "complete"),  # and here it will not
        ("ask_when", "周六上午", "complete"),
        ("ask_when", "周日吧，还有", "unfinished"),
    ],
)
def test_how_an_answer_ends(node: str, text: str, ending: str) -> None:
    assert read("trial_lesson", node, text).ending == ending


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("five", "complete"),
        ("four out of five", "complete"),
        ("i would say um", "unfinished"),
        ("stop calling me", "complete"),
    ],
)
def test_how_an_answer_ends_in_english(text: str, ending: str) -> None:
    _, dialogue = opened("satisfaction_en")
    (node, *_) = [name for name, node in dialogue.script.flow.nodes.items() if node.type == "collect"]
    assert read("satisfaction_en", node, text).ending == ending


def test_what_is_known_and_what_is_urgent() -> None:
    assert read("trial_lesson", "opening", "") == NOTHING
    for text, known, urgent in (
        ("不要再打了", True, True),
        ("转人工", True, True),
        ("多少钱", True, False),
        ("再说一遍", True, False),  # a rule, but not one to stop the next prompt for
        ("今天天气不错", False, False),
    ):
        words = read("trial_lesson", "opening", text)
        assert (words.known, words.urgent) == (known, urgent), text


def test_two_ways_to_say_the_same_mean_the_same() -> None:
    yes, also, no = (read("trial_lesson", "opening", text) for text in ("可以", "可以的", "可以不用了"))
    assert not also.differs(yes)
    assert no.differs(yes)
    assert not NOTHING.differs(yes)
    assert not read("trial_lesson", "opening", "今天天气不错").differs(yes)
    assert read("trial_lesson", "opening", "今天天气不错").differs(NOTHING)
    assert yes.differs(NOTHING)


def test_an_answer_that_goes_on_to_mean_something_else_is_open() -> None:
    script = load(TEMPLATES / "trial_lesson.yaml").script
    lexicon = script.lexicon.model_copy(update={"affirm": ("可以",), "deny": ("可以再说",)})
    script = script.model_copy(update={"lexicon": lexicon})
    understander = Nlu.train(script, seed=0)
    reader = Reader(script, understander, vocabulary(script), {})
    context = Dialogue(script, understander).plan.context("opening", "")
    assert reader.read("可以", Listen("opening", 4000, 700, 15_000, context)).ending == "open"


def test_what_was_read_at_a_question_is_not_read_again_there() -> None:
    script = load(TEMPLATES / "trial_lesson.yaml").script
    understander = Nlu.train(script, seed=0)
    dialogue = Dialogue(script, understander)
    reader = Reader(script, understander, vocabulary(script), {})
    with mock.patch.object(understander, "understand", wraps=understander.understand) as understood:
        for call_began in ("2026-11-26T10:00", "2026-11-26T10:01"):
            context = dialogue.plan.context("opening", call_began)
            for sure in (True, True, False):
                reader.read("我在开车", Listen("opening", 4000, 700, 15_000, context), sure=sure)
        assert understood.call_count == 2
        reader.read("我在开车", None)
        reader.read("我在开车", Listen("ask_age", 4000, 700, 15_000, dialogue.plan.context("ask_age", "")))
    assert understood.call_count == 4
