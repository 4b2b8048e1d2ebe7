"""Grading with its reason, and what may be written to the portrait."""

from __future__ import annotations

from typing import Any

from callwright.dialogue.grading import outcome

GRADING = {
    "scale": {"A": "强意向", "F": "无效"},
    "rules": [
        {"grade": "F", "when": "result in ['empty_number'] or end == 'optout'"},
        {"grade": "E", "when": "not connected"},
        {"grade": "A", "when": "'好' in tags and kb_interest >= 1 and slot.age > 3 and duration_s >= 2.5"},
        {"grade": "B", "when": "affirm >= 1"},
    ],
    "follow_up": {"A": "当天回访"},
}
PORTRAIT = [
    {"key": "child_age", "from": "slot.age", "ttl_days": 365, "consent": "profile"},
    {"key": "cares_price", "from": "kb.price >= 1", "ttl_days": 180, "consent": "profile"},
    {"key": "keen", "from": "milestone >= 1", "ttl_days": 30, "consent": "profile"},
]


def called(talk: Any, *words: str, lang: str = "zh-CN") -> Any:
    t = talk(
        lang=lang, grading=GRADING, portrait=PORTRAIT,
        slots={"age": {"type": "int", "regex": "([0-9]+)岁", "prefill": True}},
        nodes={"a": {"say": ["一"], "milestone": 1, "next": {"affirm": {"tag": "好", "goto": "b"}}}},
        kb=[{"id": "price", "phrases": ["多少钱"], "answers": ["免费"], "interest": True}],
    )  # fmt: skip
    for text in words:
        t.hears(text)
    return t


def test_the_first_rule_that_holds_wins_and_tells_its_values(talk: Any) -> None:
    t = called(talk, "多少钱", "好的，8岁")
    came = outcome(t.dialogue.script, t.state, connected=True, result="answered", duration_s=12.5)
    assert (came.grade, came.grade_title, came.follow_up) == ("A", "强意向", "当天回访")
    assert came.reason.startswith("第 3 条规则（共 4 条）成立：")
    assert came.reason.endswith("duration_s = 12.5，kb_interest = 1，slot.age = 8，tags = 好")
    assert (came.slots, came.kb, came.milestone) == ({"age": 8}, {"price": 1}, 1)


def test_a_number_that_was_never_reached_is_graded_too(talk: Any) -> None:
    t = called(talk)
    fresh = t.dialogue.start({})
    came = outcome(t.dialogue.script, fresh, connected=False, result="empty_number", duration_s=0)
    assert (came.grade, came.end) == ("F", "")
    assert 'end = ""' in came.reason
    assert outcome(t.dialogue.script, fresh, connected=False, result="busy", duration_s=0).grade == "E"


def test_no_rule_no_grade_and_the_reason_says_so(talk: Any) -> None:
    t = called(talk, "这个嘛", lang="en")
    came = outcome(t.dialogue.script, t.state, connected=True, result="answered", duration_s=1)
    assert (came.grade, came.grade_title, came.reason) == (None, "", "none of the 4 rules holds")
    assert came.learn[0]["sentence"] == "这个嘛"
    t.hears("可以")
    came = outcome(t.dialogue.script, t.state, connected=True, result="answered", duration_s=1)
    assert came.reason == "rule 4 of 4 holds: affirm >= 1; where affirm = 1"
    none = talk()
    came = outcome(none.dialogue.script, none.state, connected=True, result="answered", duration_s=1)
    assert came.reason == "脚本没有评级规则"


def test_the_portrait_keeps_the_sentence_consent_and_expiry(talk: Any) -> None:
    t = called(talk, "多少钱", "好的，8岁")
    came = outcome(t.dialogue.script, t.state, connected=True, result="answered", duration_s=12.5)
    assert [(a.key, a.value, a.sentence, a.ttl_days, a.consent) for a in came.portrait] == [
        ("child_age", 8, "好的，8岁", 365, "profile"),
        ("cares_price", True, "多少钱", 180, "profile"),
    ]
    t = called(talk, "可以")
    assert outcome(t.dialogue.script, t.state, connected=True, result="answered", duration_s=1).portrait == ()
