"""How slots get their values from sentences and keys."""

from __future__ import annotations

from typing import Any

import pytest

from callwright.dialogue.filling import SlotPlan, whole_number
from callwright.dialogue.understanding.normalise import normalise
from callwright.dialogue.values import Context, Understood
from callwright.script.model import Slot


def read(words: str, lang: Any = "zh", *, verbatim: bool = True, early: bool = False, **slot: Any) -> Any:
    plan = SlotPlan.of("s", Slot.model_validate(slot), lang)
    heard = Understood(words, normalise(words, lang))
    context = Context(now="2026-11-20T17:00", window=("09:00", "20:00"))
    found = plan.prefill(heard, context) if early else plan.read(heard, context, verbatim=verbatim)
    return None if found is None else (found.value, found.how)


DAYS: dict[str, Any] = {"choices": {"周六上午": ["周六", "礼拜六"], "周日下午": ["周日", "礼拜天"]}}
SCORE: dict[str, Any] = {"type": "int", "regex": "([1-5一二三四五])分?"}


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("周六吧", "周六上午"), ("礼拜天", "周日下午"), ("就周日下午", "周日下午"), ("周六或者周日", None), ("周六不行，周日吧", "周日下午"),
        ("不要周六", None), ("要不周六", "周六上午"), ("周六没问题", "周六上午"), ("周六没空", None), ("随便", None),
    ],
)  # fmt: skip
def test_choices(words: str, value: str | None) -> None:
    assert read(words, **DAYS) == (None if value is None else (value, "choices"))


def test_english_choices_stand_on_word_boundaries() -> None:
    choices: dict[str, Any] = {"choices": {"Saturday": ["sat"], "Sunday": []}}
    assert read("SAT is fine", "en", **choices) == ("Saturday", "choices")
    assert read("I am satisfied", "en", **choices) is None
    assert read("1", type="int", choices={"1": ["甲"]}) == (1, "choices")


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("5分", 5),
        ("打2分吧", 2),
        ("三", 3),
        ("15分", None),
        ("十五", None),
        ("等一下", None),
        ("六", None),
        ("三四分", None),
    ],
)
def test_a_regex_bounds_the_numbers_of_an_int_slot(words: str, value: int | None) -> None:
    found = read(words, **SCORE)
    assert found is None if value is None else found[0] == value


def test_a_number_without_its_unit_is_read_by_the_grammar() -> None:
    assert read("八", type="int", regex="([0-9一二三四五六七八九十]{1,3})岁") == (8, "grammar")
    assert read("twelve", "en", type="int") == (12, "grammar")
    assert read("两点五", type="int") is None


def test_a_regex_takes_its_only_group_or_the_whole_match() -> None:
    assert read("我叫王小明", regex="我叫(.{2,4})") == ("王小明", "regex")
    assert read("后天下午吧", regex="(今天|后天)(上午|下午)?") == ("后天下午", "regex")
    assert read("a[x]b", regex=r"\[(?:(x))\]") == ("x", "regex")
    assert read("甲", type="int", regex="甲") is None


def test_types_are_read_by_their_grammar() -> None:
    value, how = read("明天下午三点", type="time")
    assert how == "grammar"
    assert "2026-11-21" in str(value)
    assert read("这个嘛", type="time") is None
    assert read("随便", type="enum") is None


def test_prefill_takes_only_what_is_telling() -> None:
    assert read("我十一月三号报的，8", early=True, type="int") is None
    assert read("孩子8岁", early=True, type="int", regex="([0-9]+)岁") == (8, "regex")
    found = read("明天下午三点可以", early=True, type="time")
    assert found is not None
    assert found[1] == "grammar"
    assert read("整句话", early=True, verbatim=True) is None


def test_keys_match_as_a_whole() -> None:
    plan = SlotPlan.of("s", Slot(type="int", dtmf="[1-5]"), "zh")
    found = plan.keys("3")
    assert found is not None
    assert (found.value, plan.keys("33"), plan.keys("9")) == (3, None, None)
    text = SlotPlan.of("s", Slot(dtmf="[0-9]+"), "zh").keys("012")
    assert text is not None
    assert text.value == "012"
    assert SlotPlan.of("s", Slot(), "zh").keys("1") is None


@pytest.mark.parametrize(
    ("words", "value"), [("八", 8), ("8", 8), ("十二", 12), ("二十", 20), ("一百零五", 105), ("很多", None)]
)
def test_whole_numbers(words: str, value: int | None) -> None:
    assert whole_number(words, "zh") == value
