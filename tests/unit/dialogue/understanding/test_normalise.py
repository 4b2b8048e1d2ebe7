from __future__ import annotations

import pytest

from callwright.dialogue.understanding.normalise import Language, digits, fold, normalise
from callwright.dialogue.understanding.numerals import english_digits, mandarin_digits


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("好的，那多少钱？", "好的,那多少钱"),
        ("不 需要", "不需要"),  # a recogniser's spaces are no boundaries
        ("１３８，再见。", "138,再见"),
        ("转 VIP", "转vip"),
        ("7：30 行吗", "7:30行吗"),
        ("12,000元", "12,000元"),
        ("3，5分", "3,5分"),
        ("「可以」……", "可以"),
        ("那个那个班", "那个班"),
        ("呃可以", "可以"),
        ("我嗯想想", "我想想"),
        ("  ", ""),
        ("！？", ""),
    ],
)
def test_mandarin(said: str, expected: str) -> None:
    assert normalise(said, "zh") == expected


@pytest.mark.parametrize("said", ["嗯", "嗯嗯", "嗯嗯啊", "呃", "嗯可以", "可以嗯", "嗯,可以"])
def test_a_sound_that_answers_stays(said: str) -> None:
    assert normalise(said, "zh") == said


def test_a_hesitation_after_a_negator_becomes_a_boundary() -> None:
    assert normalise("不，呃，可以", "zh") == "不,可以"
    assert normalise("不呃可以", "zh") == "不,可以"
    assert normalise("不嗯可以", "zh") == "不,可以"


@pytest.mark.parametrize("said", ["don't call", "Dont call!", "do not call", "don’t call", "DO NOT CALL"])
def test_contractions_agree(said: str) -> None:
    assert normalise(said, "en") == "do not call"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("I'm, um, busy", "i am busy"),
        ("what's that", "what is that"),
        ("let's go", "let us go"),
        ("we'll see; they've gone", "we will see they have gone"),
        ("can't, won't, cannot", "can not will not can not"),
        ("john's at seven o'clock", "john's at seven o'clock"),
        ("7:30 p.m. please", "7:30 pm please"),
        ("$5 or 5%", "$5 or 5%"),
        ("um", "um"),
        ("uh-huh", "uh huh"),
        ("mm-hmm", "mm hmm"),
        ("okay", "ok"),
    ],
)
def test_english(said: str, expected: str) -> None:
    assert normalise(said, "en") == expected


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("said", ["好的，那多少钱", "Don't, um, call", "3，5分", "不，呃，可以", "a b 你 好"])
def test_is_idempotent(said: str, lang: Language) -> None:
    once = normalise(said, lang)
    assert normalise(once, lang) == once


def test_fold_keeps_punctuation() -> None:
    assert fold("Ｄon’t，OK`s") == "don't,ok's"
    assert fold("OK, It`s") == "ok, it's"


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("十二岁", "12岁"),
        ("十", "10"),
        ("二十", "20"),
        ("三千五", "3500"),
        ("三千零五", "3005"),
        ("一万二", "12000"),
        ("一千零五十", "1050"),
        ("两百", "200"),
        ("幺三八", "138"),
        ("二十万", "200000"),
        ("一亿二千万", "120000000"),
        ("没有数", "没有数"),
    ],
)
def test_mandarin_digits(spoken: str, written: str) -> None:
    assert digits(spoken, "zh") == written


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("twelve", "12"),
        ("twenty five dollars", "25 dollars"),
        ("one two three", "1 2 3"),
        ("a hundred and five", "a 105"),
        ("two thousand three hundred", "2300"),
        ("someone", "someone"),
    ],
)
def test_english_digits(spoken: str, written: str) -> None:
    assert digits(spoken, "en") == written


def test_views_know_where_they_came_from() -> None:
    view, origins = mandarin_digits("我三千五元")
    assert view == "我3500元"
    assert [origins[view.index("3")], origins[view.index("元")], origins[len(view)]] == [1, 4, 5]
    view, origins = english_digits("it is twenty five now")
    assert view == "it is 25 now"
    assert origins[view.index("now")] == len("it is twenty five ")
