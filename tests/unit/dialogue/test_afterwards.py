"""What is said after the end: an opt-out counts, once, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from callwright.dialogue.replay import lines_of, replay
from callwright.dialogue.values import Candidate, Context, Do, Hangup, Understood
from callwright.testing.literal import LiteralUnderstander

END = {"a": {"say": ["再见。"], "do": [{"tag": "好"}], "end": "done"}}
DND = {
    "id": "dnd",
    "role": "do_not_disturb",
    "priority": 9,
    "phrases": ["别再打"],
    "say": ["不再打扰。"],
    "do": [{"freeze": {"scope": "company", "days": 0}}, {"tag": "免打扰"}],
    "end": "optout",
}


def kinds(t: Any) -> list[str]:
    return [entry.kind for entry in t.steps[-1].entries]


def test_an_opt_out_over_the_goodbye_freezes_and_is_how_the_call_ended(talk: Any) -> None:
    t = talk(nodes=END, globals=[DND])
    assert t.state.end == "done"
    assert t.hears("喂别再打了", during="a") == []
    step = t.steps[-1]
    assert step.acts == (Do("freeze", {"scope": "company", "days": 0}),)
    assert (t.state.phase, t.state.end, t.state.tags) == ("ended", "optout", ("好", "免打扰"))
    late = next(entry.data for entry in step.entries if entry.kind == "late_opt_out")
    assert (late["id"], late["ended"], late["why"]) == ("dnd", "done", "别再打")
    assert t.state.evidence["tag.免打扰"] == "喂别再打了"
    assert replay(t.dialogue.script, LiteralUnderstander(t.dialogue.script), lines_of(t.steps)) == ()


def test_it_counts_once(talk: Any) -> None:
    t = talk(nodes=END, globals=[DND])
    t.hears("别再打")
    t.hears("别再打")
    assert (t.steps[-1].acts, kinds(t)) == ((), ["heard", "ignored"])


@pytest.mark.parametrize(
    "others", [[], [{"id": "bad", "role": "profanity", "priority": 10, "phrases": ["骗子"], "end": "profanity"}]]
)
def test_whoever_ended_the_call_by_an_opt_out_is_not_frozen_again(talk: Any, others: list[dict[str, Any]]) -> None:
    t = talk(nodes={"a": {"say": ["在吗？"], "next": {"any": "a"}}}, globals=[*others, DND])
    t.hears("骗子，别再打")
    ended = t.state.end
    t.hears("别再打")
    assert (t.steps[-1].acts, t.state.end) == ((), ended)


def test_a_guess_is_not_enough(talk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    t = talk(nodes=END, globals=[DND])

    def guess(text: str, context: Context, alternatives: tuple[str, ...] = ()) -> Understood:
        return Understood(text, text, (Candidate("global", "dnd", (0, 2), "ranker", 0.99),), "accept")

    monkeypatch.setattr(t.ears, "understand", guess)
    t.hears("嗯")
    assert (t.steps[-1].acts, t.state.end, kinds(t)[-1]) == ((), "done", "ignored")


def test_other_rules_and_events_stay_without_effect(talk: Any) -> None:
    human = {"id": "human", "role": "transfer", "priority": 8, "phrases": ["转人工"], "then": {"transfer": "客服"}}
    t = talk(nodes=END, globals=[DND, human])
    t.hears("转人工")
    t.silence()
    t.presses("1")
    t.take(Hangup(9_000))
    assert all(step.acts == () for step in t.steps[1:])
    assert t.state.end == "done"


def test_a_key_for_it_counts_as_well(talk: Any) -> None:
    keys = {"id": "nine", "role": "do_not_disturb", "priority": 9, "event": "dtmf", "phrases": ["9"], "end": "keys"}
    t = talk(nodes=END, globals=[keys])
    t.presses("9")
    assert ([act.kind for act in t.steps[-1].acts], t.state.end) == (["freeze"], "keys")


def test_a_rule_that_goes_to_a_farewell_ends_as_the_farewell_does(talk: Any) -> None:
    rule = {**DND, "goto": "bye"}
    rule.pop("end")
    t = talk(nodes={**END, "bye": {"say": ["不再打扰。"], "end": "stopped"}}, globals=[rule])
    t.hears("别再打")
    assert t.state.end == "stopped"


def test_it_counts_when_the_call_was_over_before_it_began(talk: Any) -> None:
    t = talk(nodes=END, globals=[DND], answered=False)
    t.take(Hangup(10))
    t.hears("别再打")
    assert ([act.kind for act in t.steps[-1].acts], t.state.end) == (["freeze"], "optout")
