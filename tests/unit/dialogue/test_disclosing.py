"""Somebody else is on the line: they are told that a robot speaks, once for every hand-over, and the conversation goes on."""

from __future__ import annotations

from typing import Any

import pytest

from callwright.dialogue.phrases import DEFAULTS
from callwright.dialogue.replay import lines_of, replay
from callwright.dialogue.values import ActionDone, Hangup, OtherParty, Say, TransferDone
from callwright.script.checks.honesty import affirms_robot, denies_robot
from callwright.testing.literal import LiteralUnderstander

ROBOT = {
    "id": "robot",
    "role": "ask_robot",
    "priority": 5,
    "phrases": ["机器人"],
    "say": ["是的，我是智能语音助手。", "是的，我是机器人。"],
    "do": [{"tag": "问过"}],
    "then": {"resume": "reask"},
    "max": 1,
}
TOLD = {"compliance": {"disclosure": {"node": "a"}}}


def comes(t: Any, *cut: str) -> list[str]:
    t.at_ms += 1000
    said: list[str] = t.take(OtherParty(t.at_ms, cut))
    return said


def replayed(t: Any) -> None:
    script = t.dialogue.script
    assert replay(script, LiteralUnderstander(script), lines_of(t.steps)) == ()


def test_they_are_told_and_asked_again(talk: Any) -> None:
    t = talk(rules=[ROBOT], nodes={"a": {"say": ["问题一？"], "reask": ["一？"], "next": {"affirm": "b"}}})
    assert comes(t, "node:a/say/0") == ["是的，我是智能语音助手。", "一？"]
    told, question = (act for act in t.acts if isinstance(act, Say))
    assert (told.barge, told.source, question.barge) == ("none", "global:robot/say/0", "words")
    assert t.listens.node == "a"
    (entry,) = t.entries("disclosed")
    assert (entry.data["id"], entry.data["times"], entry.data["again"]) == ("robot", 1, "")
    assert "handed over" in entry.data["why"]
    assert comes(t) == ["是的，我是机器人。", "一？"]
    assert [entry.data["total"] for entry in t.entries("counted")] == [1, 2]
    assert t.hears("可以") == ["问题二？"]
    replayed(t)


def test_it_is_no_question_asked_and_no_turn(talk: Any) -> None:
    """The rule keeps its one use and its tag for whoever does ask."""
    t = talk(rules=[ROBOT])
    comes(t)
    assert (t.state.rules, t.state.tags, t.done, t.state.turns, t.state.user_turns) == ({}, (), [], 0, 0)
    assert t.hears("你是机器人吗")[0] == "是的，我是机器人。"
    assert t.state.tags == ("问过",)


def test_silence_in_a_row_begins_anew(talk: Any) -> None:
    t = talk(rules=[ROBOT], limits={"silence": 2})
    t.silence()
    comes(t)
    t.silence()
    assert (t.ended, t.state.counters["silence"]) == (None, 2)
    t.silence()
    assert t.ended == "silence"


@pytest.mark.parametrize("again", ["", "b"])
def test_a_disclosure_that_was_cut_off_is_said_again(talk: Any, again: str) -> None:
    """The text of the node is said whole, and so is the question behind it, which nobody has heard."""
    opening = {"barge": {"mode": "none"}, "say": ["我是小智，有录音。"], "reask": ["一？"]}
    follows = {"listen": False, "next": {"any": "b"}} if again else {"next": {"affirm": "b"}}
    asked = {"b": {"say": ["问题二？"], "reask": ["二？"], "next": {"affirm": "bye"}}}
    t = talk(rules=[ROBOT], nodes={"a": {**opening, **follows}, **asked}, **TOLD)
    assert comes(t, "node:a/say/0") == [
        "是的，我是智能语音助手。",
        "我是小智，有录音。",
        *(["问题二？"] if again else []),
    ]
    says = [act for act in t.acts if isinstance(act, Say)]
    assert [say.node for say in says[1:]] == (["a", "b"] if again else ["a"])
    assert [say.barge for say in says[:2]] == ["none", "none"]
    assert t.state.node == (again or "a")
    assert t.entries("disclosed")[0].data["again"] == "a"
    # Cut off again, it is told again; heard whole, it is not.
    assert len(comes(t, "node:a/say/0")) == len(says)
    assert comes(t, "node:b/reask/0") == ["是的，我是智能语音助手。", "二？" if again else "一？"]
    replayed(t)


@pytest.mark.parametrize("waits", [{"type": "action"}, {"type": "transfer", "to": {"group": "g"}}])
def test_it_is_said_again_while_a_result_is_awaited_too(talk: Any, waits: dict[str, Any]) -> None:
    opening = {"barge": {"mode": "none"}, "say": ["我是小智，有录音。"], "listen": False, "next": {"any": "b"}}
    t = talk(rules=[ROBOT], nodes={"a": opening, "b": {**waits, "next": {"ok": "c", "failed": "c"}}}, **TOLD)
    assert comes(t, "node:a/say/0") == ["是的，我是智能语音助手。", "我是小智，有录音。"]
    assert (t.state.phase, t.state.node, t.last) == (waits["type"], "b", t.acts[1])


def test_a_disclosure_node_that_is_not_there_is_not_said_again(talk: Any) -> None:
    t = talk(rules=[ROBOT], compliance={"disclosure": {"node": "gone"}})
    assert comes(t, "node:gone/say/0") == ["是的，我是智能语音助手。", "问题一？"]


def test_while_a_person_is_fetched_they_are_told_and_the_waiting_goes_on(talk: Any) -> None:
    human = {"type": "transfer", "say": ["请稍等。"], "to": {"group": "g"}, "next": {"failed": "b"}}
    t = talk(rules=[ROBOT], nodes={"a": human})
    assert comes(t) == ["是的，我是智能语音助手。"]
    assert (t.state.phase, t.last) == ("transfer", t.acts[0])
    assert t.take(TransferDone(2000, False)) == ["问题二？"]
    replayed(t)


def test_while_an_action_is_awaited_they_are_told_and_its_result_still_counts(talk: Any) -> None:
    t = talk(rules=[ROBOT], nodes={"a": {"type": "action", "next": {"ok": "b"}}})
    assert comes(t) == ["是的，我是智能语音助手。"]
    assert t.state.phase == "action"
    assert t.take(ActionDone(2000, True)) == ["问题二？"]
    replayed(t)


def test_before_the_opening_and_after_the_end_nothing_is_said(talk: Any) -> None:
    t = talk(answered=False, rules=[ROBOT])
    assert comes(t) == []
    assert t.answered() == ["问题一？"]
    t.take(Hangup(9000))
    assert comes(t) == []
    assert [entry.data["why"] for entry in t.entries("ignored")] == [
        "the call is not answered yet",
        "the conversation is over",
    ]
    replayed(t)


@pytest.mark.parametrize(
    ("lang", "rules"),
    [
        ("zh-CN", []),
        ("zh-CN", [{**ROBOT, "say": []}]),
        ("zh-CN", [{**ROBOT, "say": [{"text": "是的。", "channel": "web"}]}]),
        ("en", [{**ROBOT, "say": ["{nobody}"]}]),
    ],
)
def test_a_script_that_has_no_words_for_it_discloses_all_the_same(talk: Any, lang: str, rules: list[Any]) -> None:
    t = talk(lang=lang, rules=rules, vars={"nobody": {}})
    told, _ = comes(t)
    assert told == DEFAULTS["en" if lang == "en" else "zh"]["robot"][0]
    assert t.acts[0].barge == "none"
    assert t.entries("disclosed")[0].data["id"] == ""


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_our_own_words_are_as_honest_as_a_script_has_to_be(lang: Any) -> None:
    assert all(affirms_robot(text, lang) and not denies_robot(text, lang) for text in DEFAULTS[lang]["robot"])


def test_the_rule_with_the_highest_priority_that_has_words_is_used(talk: Any) -> None:
    mute = {**ROBOT, "id": "mute", "priority": 50, "say": []}
    first = {**ROBOT, "id": "first", "priority": 40, "say": ["我是人工智能助手。"]}
    assert comes(talk(rules=[ROBOT, first, mute]))[0] == "我是人工智能助手。"


def test_an_opt_out_after_it_freezes_and_says_that_it_may_be_somebody_elses(talk: Any) -> None:
    t = talk(rules=[ROBOT])
    comes(t)
    assert t.hears("别再打了", during="a") == ["不再打扰。"]
    assert (t.ended, t.done) == ("optout", ["freeze"])
    (entry,) = t.entries("by_other_party")
    assert (entry.data["id"], entry.data["hand_overs"]) == ("dnd", 1)
    replayed(t)


def test_so_does_one_after_the_end(talk: Any) -> None:
    t = talk(rules=[ROBOT])
    comes(t)
    t.hears("不需要")
    assert t.ended == "done"
    t.hears("别再打了")
    assert t.done == ["freeze"]
    assert len(t.entries("by_other_party")) == 1


def test_without_a_hand_over_an_opt_out_is_the_callers(talk: Any) -> None:
    t = talk(rules=[ROBOT])
    t.hears("别再打了")
    assert (t.done, t.entries("by_other_party")) == (["freeze"], [])
