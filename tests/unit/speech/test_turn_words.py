"""What words tell about the end of an utterance."""

from __future__ import annotations

import pytest

from callwright.speech.turn_words import only_backchannel, unfinished


def test_only_backchannel() -> None:
    words = ("嗯", "嗯嗯", "uh huh")
    assert only_backchannel("嗯，嗯嗯。", words)
    assert only_backchannel("Uh-huh", words)
    assert not only_backchannel("嗯好", words)
    assert not only_backchannel("", words)
    assert not only_backchannel("嗯", ())


@pytest.mark.parametrize(
    "text",
    ["嗯", "这个嘛，那个", "我想要，还有", "一三八", "电话是138", "幺三八零零", "可以，但是", "周一、", "我想想"],
)
def test_more_is_to_come_in_mandarin(text: str) -> None:
    assert unfinished(text, "zh")


@pytest.mark.parametrize(
    "text", ["", "可以", "多少钱", "三十五岁", "十二点", "13800138000", "一三八零零一三八零零零", "周二下午"]
)
def test_nothing_more_is_to_come_in_mandarin(text: str) -> None:
    assert not unfinished(text, "zh")


@pytest.mark.parametrize(
    "text", ["um", "yes and", "the number is five five five", "well, uh", "i would say, because", "Monday,"]
)
def test_more_is_to_come_in_english(text: str) -> None:
    assert unfinished(text, "en")


@pytest.mark.parametrize(
    "text", ["", "yes", "no thank you", "two", "five one two five five five one two three four", "what is it for"]
)
def test_nothing_more_is_to_come_in_english(text: str) -> None:
    assert not unfinished(text, "en")


def test_half_an_address_and_half_a_date_where_one_is_asked_for() -> None:
    assert unfinished("朝阳区建国路", "zh", "text")
    assert not unfinished("走这条路", "zh")
    assert unfinished("明年五月", "zh", "date")
    assert unfinished("twelve park street", "en", "text")
    assert unfinished("the third of march", "en", "date")
