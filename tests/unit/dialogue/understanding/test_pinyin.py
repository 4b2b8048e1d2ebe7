from __future__ import annotations

import pytest

from callwright.dialogue.understanding.automata import PhraseAutomaton, SoundAutomaton
from callwright.dialogue.understanding.pinyin import FUZZY_WIDE, sound, syllables


def test_sound_is_the_commonest_reading() -> None:
    assert [sound(char) for char in "行绿了a"] == [("xing", 2), ("lv", 4), ("le", 0), ("", 0)]


@pytest.mark.parametrize(
    ("one", "other"), [("是", "四"), ("吃", "次"), ("张", "赞"), ("牛", "流"), ("生", "森"), ("应", "因")]
)
def test_sounds_that_fall_together(one: str, other: str) -> None:
    assert syllables(one) == syllables(other)


def test_wider_classes_are_a_choice() -> None:
    assert syllables("飞") != syllables("灰")
    assert syllables("飞", FUZZY_WIDE) == ("huei",)
    assert syllables("福湖", FUZZY_WIDE) == ("hu", "hu")
    assert syllables("日", FUZZY_WIDE) == syllables("利", FUZZY_WIDE)
    assert syllables("日", frozenset()) == ("ri",)


def test_phrases_are_found_with_all_their_numbers() -> None:
    automaton = PhraseAutomaton([("需要", 0), ("不需要", 1), ("需要", 2)])
    assert sorted(automaton.find("我不需要")) == [(1, 4, (1,)), (2, 4, (0, 2))]
    assert list(PhraseAutomaton([]).find("需要")) == []


def test_a_numeral_is_not_found_inside_a_longer_number() -> None:
    automaton = PhraseAutomaton([("5分", 0), ("五", 1), ("第5", 2)])
    assert [found[2] for found in automaton.find("打5分")] == [(0,)]
    assert list(automaton.find("打15分")) == []
    assert list(automaton.find("十五分")) == []
    assert list(automaton.find("第52")) == []


def test_three_syllables_may_differ_in_every_character() -> None:
    automaton = SoundAutomaton([("不需要", 7)])
    assert [(f[0], f[1], f[2], f[3]) for f in automaton.find("我布徐药")] == [(1, 4, "不需要", 7)]
    assert next(automaton.find("布徐药"))[4] == 0.9
    assert next(SoundAutomaton([("是时间", 0)]).find("四时间"))[4] == 0.8
    assert list(automaton.find("不需要")) == []  # as written: the other automaton's work


def test_two_syllables_need_the_tones_and_one_is_never_enough() -> None:
    automaton = SoundAutomaton([("可以", 0), ("有病", 1), ("行", 2), ("a以", 3)])
    assert list(automaton.find("可疑")) == []
    assert list(automaton.find("油饼")) == []
    assert list(automaton.find("形")) == []
    assert [found[3] for found in automaton.find("可已")] == [0]
    assert list(SoundAutomaton([]).find("可已")) == []
