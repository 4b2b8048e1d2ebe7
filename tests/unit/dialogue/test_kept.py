"""What is kept: the highest milestone, the first value of a slot, an opt-out however often it was asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from callwright.dialogue.values import Do, End

AGE = {"age": {"type": "int", "ask": "几岁？", "regex": "([0-9]+)岁", "prefill": True}}


def test_the_highest_milestone_is_kept(talk: Any) -> None:
    t = talk(
        nodes={
            "b": {"milestone": 5, "say": ["二？"], "next": {"affirm": "c"}},
            "c": {"milestone": 2, "say": ["三？"], "next": {"affirm": "bye"}},
        }
    )
    t.hears("可以")
    t.hears("可以")
    assert (t.state.node, t.state.milestone) == ("c", 5)


def test_a_later_sentence_does_not_overwrite_a_prefilled_slot(talk: Any) -> None:
    t = talk(slots=AGE)
    t.hears("8岁，可以")
    t.hears("9岁")
    assert t.state.slots["age"].value == 8


def test_a_mere_backchannel_is_no_whole_sentence_answer(talk: Any) -> None:
    ask = {"type": "collect", "slot": "why", "next": {"filled": "bye", "failed": "bye"}}
    t = talk(nodes={"b": ask}, slots={"why": {"ask": "为什么？", "verbatim": True}})
    t.hears("可以")
    t.hears("嗯")
    assert "why" not in t.state.slots
    t.hears("太远了")
    assert t.state.slots["why"].value == "太远了"


def test_an_opt_out_does_not_mind_its_max(talk: Any) -> None:
    dnd = {"id": "stop", "role": "do_not_disturb", "priority": 99, "phrases": ["停"], "max": 1, "end": "optout",
           "do": [{"freeze": {"scope": "company", "days": 0}}]}  # fmt: skip
    t = talk(rules=[dnd])
    t.state = replace(t.state, rules={"stop": 1})
    t.hears("停")
    assert [type(act) for act in t.acts[-2:]] == [Do, End]
    assert t.ended == "optout"
