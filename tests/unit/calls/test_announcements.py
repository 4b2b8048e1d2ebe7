"""Announcements are told by their words, through the mistakes of a recogniser; greetings, songs and talk are none."""

from __future__ import annotations

from typing import get_args

import pytest

from callwright.calls.announcements import (
    ANNOUNCEMENTS,
    AnnouncementKind,
    announcement_vocabulary,
    contains,
    read_announcement,
    tokens,
)
from callwright.calls.progress import Progress

ZH = [
    ("对不起，您拨打的号码是空号，请核对后再拨。", "empty_number"),
    ("您好，您拨打的电话已停机。", "suspended"),
    ("对不起，您拨打的电话已关机，请稍后再拨。", "switched_off"),
    ("您拨打的电话已关鸡", "switched_off"),  # the same syllables
    ("您拨打的电话正在通话中，请稍后再拨。", "line_busy"),
    ("对不起，您拨打的用户正忙，请稍后再拨", "line_busy"),
    ("您拨打的用户暂时无法接通，请稍后再拨", "unreachable"),
    ("您拨打的用户暂时无法接通，已启用来电提醒", "unreachable"),
    ("您拨打的用户已启用来电提醒", "reminder"),
    ("您拨打的电话不在服务区，请稍后再拨", "out_of_service"),
    ("您拨打的电话暂时无人接听，请稍后再拨", "no_answer"),
    ("您拨打的电话已设置呼入限制", "barred"),
    ("您拨打的电话已欠费停机", "suspended"),
    ("您的电话已欠费，请及时充值", "own_line"),
    ("您的来电将转接到语音信箱", "voicemail"),
    ("对不起，网络繁忙，请稍后再拨", "network_busy"),
    ("您拨打的号码已更改", "number_changed"),
]
EN = [
    ("Sorry, the number you have dialed is not in service.", "empty_number"),
    ("The number you have dialed does not exist, please check it and dial later.", "empty_number"),
    ("The number you have reached has been disconnected or is no longer in service.", "empty_number"),
    ("Sorry! The subscriber you dialed is power off.", "switched_off"),
    ("The phone you are calling is switched off", "switched_off"),
    ("Sorry, the subscriber you dialed is busy now, please redial later", "line_busy"),
    ("The subscriber you dialed can't be connected for the moment", "unreachable"),
    ("The customer you are calling cannot be reached", "unreachable"),
    ("The number you have dialed is out of service", "suspended"),
    ("The subscriber you dialed is out of the service area", "out_of_service"),
    ("The person you are calling is not answering", "no_answer"),
    ("The number you have dialed does not accept incoming calls", "barred"),
    ("We're sorry, all circuits are busy now. Please try your call again later.", "network_busy"),
    ("Your call has been forwarded to an automated voice message system", "voicemail"),
    ("We're sorry, the number has been changed", "number_changed"),
]
OTHER_ZH = [
    "喂您好", "您好欢迎致电某某公司请稍后", "今天我关机了一会儿", "我现在正忙", "你是空号吗", "月亮代表我的心",
    "请问您找哪位", "我在开会等会儿再打", "停机坪在哪里",
]  # fmt: skip
OTHER_EN = [
    "hello", "hello this is the busy bee cafe", "who is this", "thank you for calling please hold", "you are my sunshine my only sunshine",
    "I turned off the stove", "the weather is out of order",
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind"), ZH)
def test_mandarin(text: str, kind: str) -> None:
    found = read_announcement(text, "zh")
    assert found is not None
    assert found.kind == kind
    assert found.score >= 0.8


@pytest.mark.parametrize(("text", "kind"), EN)
def test_english(text: str, kind: str) -> None:
    found = read_announcement(text, "en")
    assert found is not None
    assert found.kind == kind
    assert found.score >= 0.8


@pytest.mark.parametrize("text", OTHER_ZH)
def test_other_mandarin(text: str) -> None:
    assert read_announcement(text, "zh") is None


@pytest.mark.parametrize("text", OTHER_EN)
def test_other_english(text: str) -> None:
    assert read_announcement(text, "en") is None


def test_a_long_phrase_forgives_a_word() -> None:
    assert contains(tuple("abcdefgh"), tuple("bcdxfg")) == pytest.approx(5 / 6)
    assert contains(tuple("abcdefgh"), tuple("bcxxfg")) == 0
    assert contains(tuple("abc"), tuple("axc")) == 0
    assert contains((), tuple("abc")) == 0


def test_every_kind_has_phrases_in_both_languages_and_the_recogniser_expects_them() -> None:
    assert set(ANNOUNCEMENTS) == set(get_args(AnnouncementKind))
    for language in ("zh", "en"):
        vocabulary = announcement_vocabulary(language)
        expected = {tokens(text, language) for text, _ in vocabulary.phrases}
        for kind, by_language in ANNOUNCEMENTS.items():
            for phrase in by_language[language]:
                assert tokens(phrase, language) in expected, (kind, phrase)
        assert vocabulary.key == announcement_vocabulary(language).key
        assert vocabulary.key != announcement_vocabulary(language, ("one more",)).key


def test_an_announcement_in_two_breaths() -> None:
    progress = Progress("zh")
    assert progress.words("对不起您拨打的电话", 1.0, 0, 1500) is None
    found = progress.words("已关机", 1.0, 2000, 2800)
    assert found is not None
    assert (found.kind, found.confidence) == ("switched_off", 1.0)
    late = Progress("zh")
    late.words("对不起您拨打的电话", 1.0, 0, 1500)
    assert late.words("已关机", 1.0, 9000, 9800) is None


def test_the_same_again_is_surer_and_another_kind_stands_beside_it() -> None:
    progress = Progress("zh")
    progress.words("您拨打的电话已关机", 0.7, 0, 1000)
    assert progress.definite is None
    again = progress.words("您拨打的电话已关机", 0.7, 5000, 6000)
    assert again is not None
    assert (again.confidence, again.begin_ms, again.at_ms) == (0.91, 0, 6000)
    progress.words("您拨打的电话已停机", 0.7, 9000, 10_000)
    assert progress.definite is not None
    assert [one.kind for one in progress.found] == ["switched_off", "suspended"]


def test_one_announcement_is_not_counted_again_with_the_music_after_it() -> None:
    progress = Progress("zh")
    progress.words("您拨打的电话已关机", 0.65, 0, 1000)
    assert progress.words("啦啦啦", 0.65, 2000, 3000) is None
    assert progress.definite is None  # somebody may still answer


def test_the_other_reading_follows_the_same_words_as_the_first() -> None:
    progress = Progress("zh")
    assert progress.words("对不起您拨打的", 1.0, 0, 1000) is None
    found = progress.words("已经", 1.0, 2000, 3000, raw="已关机")
    assert found is not None
    assert (found.kind, found.heard) == ("switched_off", "已关机")
