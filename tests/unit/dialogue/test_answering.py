"""Knowledge, global rules, transfers, and the safety rules that are always on."""

from __future__ import annotations

from typing import Any

import pytest

from callwright.dialogue.values import ActionDone, Candidate, Heard, TimeUp, TransferDone, Understood

DND = {"id": "dnd2", "role": "do_not_disturb", "priority": 1, "phrases": ["退订"], "then": {"resume": "reask"}}


def kb(**more: Any) -> list[dict[str, Any]]:
    return [{"id": "price", "phrases": ["多少钱"], "answers": ["免费的。", "不收费。"], **more}]


# ---------------------------------------------------------------- knowledge


def test_answers_take_turns_are_counted_and_lead_back(talk: Any) -> None:
    t = talk(kb=kb(score=5, interest=True, then={"resume": "reask", "lead": ["接着说。"]}))
    assert t.hears("多少钱") == ["免费的。", "接着说。", "问题一？"]
    assert t.hears("多少钱") == ["不收费。", "接着说。", "问题一？"]
    assert (t.state.kb, t.state.score, t.state.counters["questions"]) == ({"price": 2}, 10, 2)


def test_the_third_time_the_entry_is_passed_over(talk: Any) -> None:
    t = talk()
    t.hears("多少钱")
    t.hears("多少钱")
    assert t.hears("多少钱") == ["问题一？"]
    assert "same_kb" in t.entries("passed_over")[0].data["why"]


def test_too_many_questions_are_passed_over(talk: Any) -> None:
    t = talk(limits={"questions": 1})
    t.hears("多少钱")
    assert t.hears("多少钱") == ["问题一？"]


def test_an_affirm_beside_a_question_is_carried(talk: Any) -> None:
    assert talk().hears("好的，那多少钱") == ["免费的。", "问题二？"]
    assert talk().hears("好的，没空，多少钱") == ["免费的。", "问题一？"]
    assert talk(kb=kb(then={"resume": "goto", "goto": "c"})).hears("好的，多少钱") == ["免费的。", "问题三？"]
    rules = [{"id": "glad", "count": {"affirm": 1}, "goto": "bye"}]
    assert talk(rules=rules).hears("好的，那多少钱") == ["免费的。", "再见。"]


@pytest.mark.parametrize(
    ("then", "said", "end"),
    [
        ({"resume": "repeat"}, ["免费的。", "问题一？"], None),
        ({"resume": "goto", "goto": "c"}, ["免费的。", "问题三？"], None),
        ({"resume": "end", "end": "told"}, ["免费的。"], "told"),
        ({"resume": "end"}, ["免费的。"], "done"),
        ({"end": "told"}, ["免费的。"], "told"),
        ({"goto": "c"}, ["免费的。", "问题三？"], None),
        ({}, ["免费的。", "问题一？"], None),
    ],
)
def test_resume(talk: Any, then: dict[str, str], said: list[str], end: str | None) -> None:
    t = talk(kb=kb(then=then))
    assert (t.hears("多少钱"), t.ended) == (said, end)


def test_the_longest_span_wins_between_two_entries(talk: Any) -> None:
    entries = [*kb(), {"id": "fee", "phrases": ["课程费用"], "answers": ["看价目表。"]}]
    assert talk(kb=entries).hears("多少钱，课程费用") == ["看价目表。", "问题一？"]


def test_an_author_rule_goes_before_the_ranker(talk: Any) -> None:
    entries = [*kb(), {"id": "fee", "answers": ["看价目表。"]}]
    t = talk(kb=entries)
    both = (Candidate("kb", "fee", (0, 9), "ranker", 0.9), Candidate("kb", "price", (0, 3), "phrase"))
    t.dialogue.understander = type("Fixed", (), {"understand": lambda *_: Understood("x", "x", both, "accept")})()
    assert t.hears("x") == ["免费的。", "问题一？"]


def test_entries_know_where_and_when_they_may_be_told(talk: Any) -> None:
    assert talk(kb=kb(only_in=["b"])).hears("多少钱") == ["问题一？"]
    assert talk(kb=kb(not_in=["a"])).hears("多少钱") == ["问题一？"]
    dated = kb(valid={"from": "2026-01-01", "until": "2026-11-20"})
    assert talk(kb=dated, now="2026-11-20T23:59").hears("多少钱") == ["免费的。", "问题一？"]
    for now in ("2026-11-21T00:00", "2025-12-31T00:00", ""):
        assert talk(kb=dated, now=now).hears("多少钱") == ["问题一？"]
    assert talk(kb=kb(answers=[{"text": "网页", "channel": "web"}])).hears("多少钱") == ["问题一？"]


# ---------------------------------------------------------------- global rules


def test_the_highest_priority_wins_until_its_max(talk: Any) -> None:
    rules = [{"id": "low", "priority": 1, "phrases": ["机器人"], "say": ["低"]},
             {"id": "high", "priority": 2, "phrases": ["机器"], "say": ["高"], "max": 1}]  # fmt: skip
    t = talk(rules=rules)
    t.dialogue.understander = type("Fixed", (), {"understand": lambda *_: Understood(
        "x", "x", (Candidate("global", "low", (0, 3), "phrase"), Candidate("global", "high", (0, 2), "phrase")), "accept")})()  # fmt: skip
    assert t.hears("x") == ["高", "问题一？"]
    assert t.hears("x") == ["低", "问题一？"]


def test_repeat_says_the_last_turn_again_and_is_limited(talk: Any) -> None:
    t = talk(rules=[{"id": "repeat", "phrases": ["再说一遍"], "then": {"resume": "repeat"}, "max": 2}])
    t.hears("多少钱")
    assert t.hears("再说一遍") == ["免费的。", "问题一？"]
    assert t.hears("再说一遍") == ["免费的。", "问题一？"]
    assert t.hears("再说一遍") == ["问题一？"]


def test_rules_by_count(talk: Any) -> None:
    nodes = {"a": {"say": ["一？"], "next": {"refuse": "a"}}}
    t = talk(nodes=nodes, rules=[{"id": "enough", "count": {"refuse": 2}, "say": ["好的。"], "end": "refused"}])
    assert t.hears("不需要") == ["一？"]
    assert t.hears("不需要") == ["好的。"]
    assert t.ended == "refused"
    quiet = [{"id": "quiet", "count": {"silence": 1}, "goto": "c", "max": 1}]
    t = talk(rules=quiet, limits={"silence": 3})
    assert t.silence() == ["问题三？"]
    assert t.silence() == ["喂，您好，听得到吗？"]
    t = talk(rules=[{"id": "lost", "count": {"unrecognised": 1}, "goto": "c"}])
    assert t.hears("这个嘛") == ["问题三？"]
    t = talk(rules=[{"id": "curious", "count": {"questions": 1}, "goto": "c"}])
    assert t.hears("多少钱") == ["免费的。", "问题三？"]


def test_a_refusal_at_a_question_counts_like_any_other(talk: Any) -> None:
    nodes = {
        "a": {"say": ["一？"], "next": {"affirm": "ask", "refuse": "ask"}},
        "ask": {"type": "collect", "slot": "age", "next": {"filled": "bye", "refused": "c", "failed": "bye"}},
    }
    slots = {"age": {"type": "int", "ask": "几岁？", "regex": "([0-9]+)岁"}}
    t = talk(nodes=nodes, slots=slots)
    t.hears("可以")
    assert t.hears("不需要") == ["问题三？"]
    assert t.state.counters["refuse"] == 1
    rule = {"id": "enough", "count": {"refuse": 2}, "say": ["好的。"], "end": "refused"}
    t = talk(nodes=nodes, slots=slots, rules=[rule])
    assert t.hears("不需要") == ["几岁？"]
    assert t.hears("不需要") == ["好的。"]
    assert t.ended == "refused"


def test_a_rule_for_named_keys_goes_before_the_node(talk: Any) -> None:
    rules = [{"id": "nine", "event": "dtmf", "phrases": ["9"], "end": "keys", "role": "do_not_disturb"}]
    t = talk(rules=rules, nodes={"a": {"say": ["一？"], "next": {"any": "b"}}}, limits={"max_turns": 1})
    assert t.presses("1") == ["问题二？"]
    assert t.hears("9") == ["那先不打扰您了，再见。"]
    t = talk(rules=rules, limits={"max_turns": 1})
    t.hears("可以")
    t.presses("9")
    assert (t.ended, t.done) == ("keys", ["freeze"])


# ---------------------------------------------------------------- transfers

HUMAN = {"id": "human", "phrases": ["转人工"], "say": ["请稍等。"], "then": {"transfer": "顾问"}}
DESK = {
    "type": "transfer",
    "say": ["为您转接。"],
    "to": {"group": "顾问"},
    "wait_s": 20,
    "brief": ["tags"],
    "next": {"failed": "c"},
}


def test_a_transfer_node_hands_over_and_ends(talk: Any) -> None:
    t = talk(nodes={"a": DESK})
    assert (t.transfers.group, t.transfers.wait_s, t.transfers.brief) == ("顾问", 20, {"tags": []})
    assert t.state.actions == ({"kind": "transfer", "arg": {"group": "顾问"}},)
    t.take(TransferDone(5, True))
    assert t.ended == "transfer"


def test_a_failed_transfer_follows_the_script(talk: Any) -> None:
    t = talk(nodes={"a": DESK})
    assert t.take(TransferDone(5, False)) == ["问题三？"]
    t = talk(nodes={"desk": DESK}, rules=[HUMAN])
    assert t.hears("转人工") == ["请稍等。"]
    assert t.transfers.wait_s == 20
    assert t.take(TransferDone(5, False)) == ["问题三？"]


def test_a_failed_transfer_without_a_way_asks_again_or_gives_up(talk: Any) -> None:
    t = talk(rules=[HUMAN])
    t.hears("转人工")
    assert sorted(t.transfers.brief) == ["last_turns", "slots", "tags"]
    assert t.take(TransferDone(5, False)) == ["抱歉，现在没有同事能接听。", "问题一？"]
    t = talk(nodes={"a": {"type": "transfer", "to": {"group": "x"}}})
    t.take(TransferDone(5, False))
    assert t.ended == "transfer_failed"


def test_results_that_only_lead_to_results_end_the_call(talk: Any) -> None:
    t = talk(nodes={"a": {**DESK, "next": {"failed": "a"}}})
    results = 0
    while t.state.phase == "transfer":
        t.take(TransferDone(1, False))
        results += 1
    assert (t.ended, results) == ("loop", 9)


def test_an_action_may_ask_for_a_transfer(talk: Any) -> None:
    t = talk(nodes={"a": {"say": ["一"], "do": [{"transfer": {"group": "顾问"}}], "next": {}}})
    assert t.transfers.group == "顾问"
    t = talk(nodes={"a": {"say": ["一"], "next": {"affirm": {"do": [{"transfer": "顾问"}]}}}})
    t.hears("可以")
    assert t.transfers.group == "顾问"
    t = talk(rules=[{"id": "h", "phrases": ["领导"], "do": [{"transfer": "顾问"}]}])
    t.hears("找领导")
    assert t.transfers.group == "顾问"


def test_a_person_is_fetched_only_once(talk: Any) -> None:
    t = talk(rules=[HUMAN])
    t.hears("转人工")
    assert t.hears("快转人工") == ["请稍等。"]
    assert (t.acts[-1].text, t.state.phase, len(t.state.actions)) == ("请稍等。", "transfer", 1)


# ---------------------------------------------------------------- always on


def freeze_kinds(t: Any) -> list[str]:
    return [action["kind"] for action in t.state.actions if action["kind"] == "freeze"]


@pytest.mark.parametrize(
    "where", ["listening", "transfer", "action", "subflow", "over a prompt", "over an earlier prompt"]
)
def test_an_opt_out_ends_the_call_wherever_it_stands(talk: Any, where: str) -> None:
    nodes = {
        "a": {"say": ["一？"], "barge": {"mode": "none"}, "next": {"affirm": "t", "deny": "x", "refuse": "s"}},
        "t": DESK,
        "x": {"type": "action", "do": [{"webhook": "w"}], "next": {"ok": "b", "error": "b"}},
        "s": {"type": "subflow", "enter": "b", "next": {"ok": "c"}},
    }
    t = talk(nodes=nodes)
    before = {"transfer": "可以", "action": "没空", "subflow": "不需要", "over an earlier prompt": "不需要"}.get(where)
    if before:
        t.hears(before)
    assert t.hears("喂，别再打了", "a" if where.startswith("over") else "") == ["不再打扰。"]
    assert (t.ended, freeze_kinds(t)) == ("optout", ["freeze"])
    t.take(ActionDone(9, True))
    t.take(TransferDone(9, True))
    assert t.state.end == "optout"


def test_an_opt_out_beats_a_rule_that_would_go_on_talking(talk: Any) -> None:
    rules = [{"id": "robot", "priority": 99, "phrases": ["机器人"], "say": ["是的。"], "then": {"resume": "reask"}}]
    t = talk(rules=rules)
    assert t.hears("机器人别再打") == ["不再打扰。"]
    assert t.ended == "optout"


def test_an_opt_out_beside_a_rule_that_ends_the_call_still_freezes(talk: Any) -> None:
    rules = [
        {"id": "rude", "role": "profanity", "priority": 99, "phrases": ["滚"], "say": ["抱歉。"], "end": "profanity"}
    ]
    t = talk(rules=rules)
    assert t.hears("滚，别再打") == ["抱歉。"]
    assert (t.ended, freeze_kinds(t)) == ("profanity", ["freeze"])


def test_an_opt_out_rule_without_freeze_or_end_freezes_and_ends(talk: Any) -> None:
    t = talk(rules=[DND])
    t.hears("退订")
    assert (t.ended, freeze_kinds(t)) == ("optout", ["freeze"])


def test_time_up_does_not_cut_off_a_transfer(talk: Any) -> None:
    t = talk(nodes={"a": DESK})
    assert t.take(TimeUp(300_000)) == []
    assert t.take(TransferDone(310_000, False)) == ["问题三？"]
    t.take(Heard(311_000, "可以"))
    assert t.ended == "too_long"


# ---------------------------------------------------------------- words over a prompt


def test_words_over_a_prompt_count_when_they_mean_something(talk: Any) -> None:
    assert talk().hears("可以", "a") == ["问题二？"]
    t = talk()
    assert t.hears("这个嘛", "a") == []
    assert (t.state.turns, t.state.counters, t.listens.node) == (0, {}, "a")
    assert t.hears("嗯", "a") == []
    assert t.hears("多少钱", "a") == ["免费的。", "问题一？"]


def test_a_backchannel_may_be_an_answer(talk: Any) -> None:
    t = talk(nodes={"a": {"say": ["一？"], "barge": {"backchannel": "answer"}, "next": {"any": "b"}}})
    assert t.hears("嗯", "a", interrupted=True) == ["问题二？"]


def test_a_question_not_heard_yet_is_not_answered(talk: Any) -> None:
    nodes = {
        "a": {"say": ["先说。"], "listen": False, "next": {"any": "b"}},
        "b": {"say": ["二？"], "next": {"affirm": "bye", "refuse": "c"}},
    }
    assert talk(nodes=nodes).hears("可以", "a") == []
    assert talk(nodes=nodes).hears("可以", "a", interrupted=True) == ["二？"]
    assert talk(nodes=nodes).hears("不需要", "a", interrupted=True) == ["问题三？"]


def test_action_arguments_are_filled_in(talk: Any) -> None:
    node = {
        "say": ["一"],
        "do": [{"note": "{name}，{age}"}, {"ticket": {"lines": ["{name}", 1]}}, {"tag": "{name}"}],
        "end": "done",
    }
    t = talk(vars={"name": {}}, slots={"age": {}}, nodes={"a": node}, variables={"name": "王"})
    assert [act.arg for act in t.acts[1:3]] == ["王，{age}", {"lines": ["王", 1]}]
    assert t.state.tags == ("王",)


def test_set_writes_vars_and_slots_and_empties_them(talk: Any) -> None:
    node = {
        "say": ["一"],
        "do": [{"set": {"name": "李", "mood": "好", "age": None}}, {"set": "no mapping"}],
        "next": {},
    }
    t = talk(vars={"name": {}}, slots={"age": {}}, nodes={"a": node}, variables={"name": "王"})
    assert (t.state.variables, t.state.slots["mood"].value) == ({"name": "李"}, "好")
