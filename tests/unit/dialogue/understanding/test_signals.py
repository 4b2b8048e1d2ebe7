"""Signals, and the safety figures: recall of "no more calls" and "a person, please" against false alarms on ordinary talk.

These batches are known; for new wordings see test_requests.py and the fixtures' README.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from callwright.dialogue.understanding.normalise import Language, normalise
from callwright.dialogue.understanding.signals import (
    expand,
    first_words,
    marks,
    read_signals,
    wants_human,
    wants_no_calls,
)
from callwright.dialogue.values import Signals

FIXTURES = Path(__file__).parents[3] / "fixtures" / "signals"


def lines(name: str) -> list[str]:
    return [line for line in (FIXTURES / f"{name}.txt").read_text(encoding="utf-8").splitlines() if line]


def missed(raw: bool) -> tuple[list[str], int]:
    found, total = [], 0
    languages: tuple[Language, ...] = ("zh", "en")
    for lang in languages:
        for kind, wants in (("opt_out", wants_no_calls), ("human", wants_human)):
            for line in lines(f"{lang}_{kind}"):
                text = line.lower() if raw else normalise(line, lang)
                hit = wants(text, lang)
                total += 1
                if hit is None:
                    found.append(line)
                else:
                    assert 0 <= hit[1][0] < hit[1][1] <= len(text)
    return found, total


@pytest.mark.parametrize("raw", [False, True])
def test_recall_of_the_safety_phrases_is_99_percent(raw: bool) -> None:
    absent, total = missed(raw)
    assert total >= 100
    assert 1 - len(absent) / total >= 0.99, absent


def test_false_alarms_on_ordinary_talk_are_at_most_1_percent() -> None:
    wrong, total = [], 0
    languages: tuple[Language, ...] = ("zh", "en")
    for lang in languages:
        for line in lines(f"{lang}_ordinary"):
            total += 1
            text = normalise(line, lang)
            if wants_no_calls(text, lang) or wants_human(text, lang):
                wrong.append(line)
    assert total >= 300
    assert len(wrong) / total <= 0.01, wrong


@pytest.mark.parametrize(
    ("lang", "text", "wanted"),
    [
        ("zh", "我在开会", Signals(busy=True)),
        ("zh", "在开车呢", Signals(busy=True)),
        ("zh", "忙着呢", Signals(busy=True)),
        ("zh", "不忙", Signals()),
        ("zh", "没在忙", Signals()),
        ("zh", "帮个忙", Signals()),
        ("zh", "你妈妈好", Signals()),
        ("zh", "没骂人", Signals()),
        ("zh", "我不投诉", Signals()),
        ("zh", "不用转人工", Signals()),
        ("zh", "转人工", Signals(wants_human=True)),
        ("zh", "神经病啊你", Signals(profanity=True, emotion="negative")),
        ("zh", "滚蛋", Signals(profanity=True, emotion="negative")),
        ("zh", "我要去12321投诉你", Signals(emotion="negative")),
        ("zh", "再打我就报警", Signals(refusal=True, emotion="negative")),
        ("zh", "别打了", Signals(refusal=True, emotion="negative")),
        ("zh", "不需要", Signals(refusal=True)),
        ("zh", "需不需要排队", Signals()),
        ("zh", "非常满意", Signals(emotion="positive")),
        ("zh", "不满意", Signals(emotion="negative")),
        ("zh", "不讨厌", Signals()),
        ("zh", "烦死了", Signals(emotion="negative")),
        ("zh", "好的", Signals()),
        ("zh", "", Signals()),
        ("en", "i am in a meeting", Signals(busy=True)),
        ("en", "i'm driving", Signals(busy=True)),
        ("en", "not busy", Signals()),
        ("en", "are you busy", Signals()),
        ("en", "fuck off", Signals(profanity=True, emotion="negative")),
        ("en", "scunthorpe", Signals()),
        ("en", "i will sue you", Signals(emotion="negative")),
        ("en", "this is harassment", Signals(emotion="negative")),
        ("en", "not interested", Signals(refusal=True)),
        ("en", "stop calling me", Signals(refusal=True, emotion="negative")),
        ("en", "very happy", Signals(emotion="positive")),
        ("en", "not happy", Signals(emotion="negative")),
        ("en", "not annoyed", Signals()),
        ("en", "let me speak to a human", Signals(wants_human=True)),
        ("en", "okay", Signals()),
    ],
)
def test_signals(lang: str, text: str, wanted: Signals) -> None:
    assert read_signals(text, lang) == wanted


def test_a_homophone_is_reported_with_the_list_s_words_and_the_span_of_the_text() -> None:
    assert wants_human("专人工", "zh") == ("转人工", (0, 3))
    hit = wants_no_calls("嗯别在打电话了", "zh")
    assert hit is not None
    assert hit[0].startswith("别再打电话")
    assert hit[1][0] == 1


def test_marks_do_not_overlap_and_say_their_kind() -> None:
    found = marks("滚蛋别再打了我要投诉", "zh")
    assert [mark.kind for mark in found] == ["insult", "opt_out", "complaint"]
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))


def test_patterns_expand() -> None:
    assert set(expand("(a|b(c|))d")) == {"ad", "bcd", "bd"}
    assert first_words("(do not|don't) call") == {"do", "don't"}
    assert first_words("(bull|)shit") == {"bullshit", "shit"}
    assert first_words("robot(s|) now") == {"robots", "robot"}
    with pytest.raises(ValueError, match="unclosed"):
        first_words("(a|b")
