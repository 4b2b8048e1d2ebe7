"""The turn algorithm: one test per row of script/1 section 9, and per choice made where the sheet is silent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from callwright.dialogue.engine import Dialogue
from callwright.dialogue.state import State
from callwright.dialogue.values import ActionDone, Answered, Heard, Say, TimeUp, TransferDone
from callwright.errors import InputError, ScriptError

# ---------------------------------------------------------------- nodes


def test_entering_a_node_takes_the_highest_milestone_and_adds_the_score(talk: Any) -> None:
    t = talk(nodes={"a": {"say": ["一"], "milestone": 5, "score": 2, "next": {"affirm": "b"}},
                    "b": {"say": ["二"], "milestone": 3, "score": 4, "next": {"affirm": "a"}}})  # fmt: skip
    t.hears("可以")
    t.hears("可以")
    assert (t.state.milestone, t.state.score) == (5, 8)


def test_a_node_says_then_does_then_ends(talk: Any) -> None:
    t = talk(nodes={"a": {"say": ["一"], "do": [{"tag": "见过"}, {"sms": {"template": "x"}}], "end": "done"}})
    assert [type(act).__name__ for act in t.acts] == ["Say", "Do", "End"]
    assert (t.ended, t.state.tags, t.done) == ("done", ("见过",), ["sms"])


def test_a_branch_takes_the_first_true_case_without_speaking(talk: Any) -> None:
    nodes = {
        "a": {"say": ["一"], "milestone": 2, "next": {"affirm": "x"}},
        "x": {
            "type": "branch",
            "cases": [{"when": "milestone > 5", "goto": "bye"}, {"when": "affirm == 1", "goto": "c"}],
            "else": "b",
        },
    }
    assert talk(nodes=nodes).hears("可以") == ["问题三？"]


def test_a_branch_without_a_true_case_takes_else_or_gives_up(talk: Any) -> None:
    case = {"type": "branch", "cases": [{"when": "False", "goto": "b"}]}
    assert talk(nodes={"a": {**case, "else": "c"}}).steps[-1].acts[0].text == "问题三？"
    assert talk(nodes={"a": case}).ended == "dead_end"


SLOT = {
    "age": {
        "type": "int",
        "ask": "几岁？",
        "regex": "([0-9一二三四五六七八九十]{1,3})岁",
        "retries": 1,
        "prefill": True,
    }
}
ASK = {"b": {"type": "collect", "slot": "age", "next": {"filled": "bye", "refused": "c", "failed": "c"}}}


def test_a_collect_node_asks_and_is_passed_silently_when_filled(talk: Any) -> None:
    t = talk(slots=SLOT, nodes=ASK)
    assert t.hears("可以") == ["几岁？"]
    assert t.listens.slot_type == "int"
    t = talk(slots=SLOT, nodes=ASK)
    assert t.hears("可以，孩子8岁") == ["再见。"]
    assert t.state.slots["age"].value == 8


@pytest.mark.parametrize(("words", "value"), [("八", 8), ("8岁", 8), ("十二岁了", 12), ("12", 12)])
def test_an_int_slot_reads_digits_and_numerals(talk: Any, words: str, value: int) -> None:
    t = talk(slots=SLOT, nodes=ASK)
    t.hears("可以")
    t.hears(words)
    assert t.state.slots["age"].value == value


def test_a_collect_node_without_a_value_asks_again_then_fails(talk: Any) -> None:
    t = talk(slots=SLOT, nodes=ASK)
    t.hears("可以")
    assert t.hears("这个嘛") == ["不好意思，没听清。", "几岁？"]
    assert t.state.counters["unrecognised"] == 1
    assert t.hears("这个嘛") == ["问题三？"]
    assert [item["sentence"] for item in t.state.learn] == ["这个嘛", "这个嘛"]


def test_a_collect_node_follows_unrecognised_while_tries_are_left(talk: Any) -> None:
    node = {"type": "collect", "slot": "age", "next": {"filled": "bye", "failed": "c", "unrecognised": "b"}}
    t = talk(slots=SLOT, nodes={"b": node})
    t.hears("可以")
    assert t.hears("这个嘛") == ["几岁？"]
    assert t.hears("这个嘛") == ["问题三？"]


def test_a_refusal_at_a_collect_node_is_followed(talk: Any) -> None:
    t = talk(slots=SLOT, nodes=ASK)
    t.hears("可以")
    assert t.hears("不需要") == ["问题三？"]


def test_a_verbatim_slot_takes_the_sentence_unless_it_refuses(talk: Any) -> None:
    slots = {"why": {"ask": "为什么？", "verbatim": True}}
    node = {"b": {"type": "collect", "slot": "why", "next": {"filled": "bye", "refused": "c", "failed": "c"}}}
    t = talk(slots=slots, nodes=node)
    t.hears("可以")
    t.hears("师傅迟到了")
    assert t.state.slots["why"].value == "师傅迟到了"
    t = talk(slots=slots, nodes=node)
    t.hears("可以")
    assert t.hears("不需要") == ["问题三？"]
    assert "why" not in t.state.slots


def test_knowledge_goes_before_the_slot(talk: Any) -> None:
    t = talk(slots=SLOT, nodes=ASK)
    t.hears("可以")
    assert t.hears("多少钱") == ["免费的。", "几岁？"]
    assert t.hears("多少钱，8岁") == ["不收费。", "几岁？"]


def test_keys_fill_a_slot_and_beat_an_unnamed_rule(talk: Any) -> None:
    slots = {"score": {"type": "int", "ask": "几分？", "dtmf": "[1-5]"}}
    node = {"b": {"type": "collect", "slot": "score", "next": {"filled": "bye", "failed": "c"}}}
    rules = [{"id": "keys", "event": "dtmf", "say": ["请直接说。"]}]
    t = talk(slots=slots, nodes=node, rules=rules)
    t.hears("可以")
    assert t.presses("9") == ["请直接说。", "几分？"]
    assert t.presses("3") == ["再见。"]
    assert t.state.slots["score"].value == 3


def test_a_denied_read_back_is_asked_again(talk: Any) -> None:
    slots = {"when": {"ask": "哪天？", "choices": {"周六": ["星期六"], "周日": ["礼拜天"]}}}
    nodes = {
        "a": {"type": "collect", "slot": "when", "next": {"filled": "b", "failed": "c"}},
        "b": {"say": ["{when}可以吗？"], "next": {"affirm": "bye", "deny": "a"}},
    }
    t = talk(slots=slots, nodes=nodes)
    assert t.hears("星期六吧") == ["周六可以吗？"]
    assert t.hears("没空") == ["哪天？"]
    assert t.hears("礼拜天") == ["周日可以吗？"]


def test_say_nodes_that_do_not_listen_go_on_by_themselves(talk: Any) -> None:
    t = talk(nodes={"a": {"say": ["先说。"], "listen": False, "next": {"any": "b"}}})
    assert [act.text for act in t.acts if isinstance(act, Say)] == ["先说。", "问题二？"]
    assert talk(nodes={"a": {"say": ["先说。"], "listen": False, "next": {}}}).ended == "dead_end"


def test_a_circle_of_nodes_without_the_caller_ends_the_call(talk: Any) -> None:
    assert talk(nodes={"a": {"say": ["转。"], "listen": False, "next": {"any": "a"}}}).ended == "loop"


def test_an_action_node_awaits_its_result(talk: Any) -> None:
    node = {"type": "action", "say": ["查一下。"], "do": [{"webhook": "crm"}], "next": {"ok": "b", "error": "c"}}
    for ok, text in ((True, "问题二？"), (False, "问题三？")):
        t = talk(nodes={"a": node})
        assert t.done == ["webhook"]
        assert t.state.phase == "action"
        assert t.last.kind == "webhook"
        assert t.take(TransferDone(1, True)) == []
        assert t.take(ActionDone(5, ok)) == [text]
    t = talk(nodes={"a": {**node, "next": {"ok": "b"}}})
    t.take(ActionDone(5, False))
    assert t.ended == "dead_end"


def test_actions_that_only_lead_to_actions_end_the_call(talk: Any) -> None:
    node = {"type": "action", "do": [{"webhook": "crm"}], "next": {"ok": "a", "error": "a"}}
    t = talk(nodes={"a": node})
    results = 0
    while t.state.phase == "action":
        t.take(ActionDone(1, False))
        results += 1
    assert (t.ended, results) == ("loop", 9)
    t = talk(nodes={"a": node}, limits={"max_seconds": 5})
    t.take(ActionDone(5000, True))
    assert t.ended == "too_long"


def test_while_an_action_is_awaited_only_rules_are_followed(talk: Any) -> None:
    node = {"type": "action", "do": [{"webhook": "crm"}], "next": {"ok": "b", "error": "c"}}
    rules = [{"id": "robot", "phrases": ["机器人"], "say": ["是的，我是机器人。"], "then": {"resume": "reask"}},
             {"id": "later", "phrases": ["在开会"], "goto": "c"}]  # fmt: skip
    t = talk(nodes={"a": node}, rules=rules)
    assert t.hears("好的多少钱") == []
    assert t.silence() == []
    assert t.presses("1") == []
    assert t.hears("你是机器人") == ["是的，我是机器人。"]
    assert t.state.phase == "action"
    assert t.hears("在开会") == ["问题三？"]
    assert t.take(ActionDone(9, True)) == []
    assert t.state.node == "c"


def test_a_subflow_comes_back_through_return(talk: Any) -> None:
    nodes = {
        "a": {"type": "subflow", "enter": "s", "next": {"ok": "b"}},
        "s": {"say": ["子问题？"], "next": {"affirm": "return"}},
    }
    t = talk(nodes=nodes)
    assert t.state.stack == ("a",)
    assert t.hears("可以") == ["问题二？"]
    assert t.state.stack == ()
    assert talk(nodes={"a": {"say": ["x"], "listen": False, "next": {"any": "return"}}}).ended == "dead_end"


def test_ab_arms_are_drawn_once_and_by_weight(talk: Any) -> None:
    nodes = {
        "a": {"type": "ab", "arms": [{"name": "x", "weight": 3, "goto": "b"}, {"name": "y", "goto": "c"}]},
        "b": {"say": ["乙"], "next": {"affirm": "a"}},
        "c": {"say": ["丙"], "next": {"affirm": "a"}},
    }
    drawn = [talk(nodes=nodes, seed=seed).state.arms["a"] for seed in range(200)]
    assert 120 < drawn.count("x") < 180
    t = talk(nodes=nodes)
    before = t.state.node
    t.hears("可以")
    assert t.state.node == before
    assert talk(nodes={"a": {"type": "ab"}}).ended == "dead_end"


# ---------------------------------------------------------------- next


def test_a_next_object_says_instead_of_the_text_then_goes_on(talk: Any) -> None:
    step = {
        "say": "没听清，可以吗？",
        "goto": "a",
        "max": 1,
        "then": "c",
        "tag": "模糊",
        "set": {"mood": "x"},
        "do": [{"note": "n"}],
    }
    t = talk(nodes={"a": {"say": ["一？"], "next": {"unrecognised": step, "affirm": "b"}}})
    assert t.hears("这个嘛") == ["没听清，可以吗？"]
    assert (t.state.node, t.state.tags, t.done, t.state.slots["mood"].value) == ("a", ("模糊",), ["note"], "x")
    assert t.hears("那个嘛") == ["问题三？"]


def test_a_next_object_without_say_enters_its_target(talk: Any) -> None:
    t = talk(nodes={"a": {"say": ["一？"], "next": {"affirm": {"goto": "b", "tag": "好"}, "deny": {"tag": "忙"}}}})
    assert t.hears("没空") == ["一？"]
    assert t.hears("可以") == ["问题二？"]
    assert t.state.tags == ("忙", "好")


def test_a_next_object_moves_silently_to_another_node(talk: Any) -> None:
    nodes = {"a": {"say": ["一？"], "next": {"affirm": {"say": "换个说法？", "goto": "bye"}}}}
    t = talk(nodes=nodes)
    assert t.hears("可以") == ["换个说法？"]
    assert t.ended == "done"


def test_an_exhausted_object_without_then_is_no_key(talk: Any) -> None:
    t = talk(nodes={"a": {"say": ["一？"], "next": {"silence": {"say": "喂？", "goto": "a", "max": 1}}}})
    assert t.silence() == ["喂？"]
    t.silence()
    assert t.ended == "silence"


def test_any_and_interrupted_come_after_the_categories(talk: Any) -> None:
    nodes = {"a": {"say": ["一？"], "next": {"affirm": "b", "any": "c", "interrupted": "bye"}}}
    assert talk(nodes=nodes).hears("这个嘛") == ["问题三？"]
    assert talk(nodes=nodes).hears("可以", "a", interrupted=True) == ["问题二？"]
    assert talk(nodes=nodes).hears("这个嘛", "a", interrupted=True) == ["再见。"]
    assert talk(nodes=nodes).presses("1") == ["问题三？"]


def test_keys_are_followed(talk: Any) -> None:
    nodes = {"a": {"say": ["一？"], "next": {"dtmf.1": "b", "affirm": "c"}}}
    t = talk(nodes=nodes)
    assert t.presses("2") == ["一？"]
    assert t.presses("1") == ["问题二？"]
    assert t.state.user_turns == 2


# ---------------------------------------------------------------- wordings


def test_wordings_take_turns_and_reask_is_shorter(talk: Any) -> None:
    t = talk(nodes={"a": {"say": ["长一？", "长二？"], "next": {"affirm": "a"}}})
    assert [t.hears("可以"), t.hears("可以"), t.hears("可以")] == [["长二？"], ["长一？"], ["长二？"]]
    t = talk(nodes={"a": {"say": ["长一？"], "reask": ["短？"], "next": {"affirm": "b"}}})
    assert t.hears("多少钱") == ["免费的。", "短？"]


def test_wordings_are_chosen_by_channel_and_expression(talk: Any) -> None:
    say = [{"text": "网页", "channel": "web"}, {"text": "再来", "when": "affirm > 0"}, "初次"]
    t = talk(nodes={"a": {"say": say, "next": {"affirm": "a"}}})
    assert t.acts[0].text == "初次"
    assert t.hears("可以") == ["再来"]
    assert talk(nodes={"a": {"say": say, "next": {}}}, channel="web").acts[0].text == "网页"


def test_a_wording_with_a_hole_waits_for_its_value(talk: Any) -> None:
    vars_ = {"name": {}, "x": {"required": True}}
    nodes = {"a": {"say": ["{name}您好", "您好"], "next": {}}, "b": {"say": ["只有{name}"], "next": {}}}
    assert talk(vars=vars_, nodes=nodes, variables={"x": "1"}).acts[0].text == "您好"
    assert talk(vars=vars_, nodes=nodes, variables={"x": "1", "name": "王"}).acts[0].text == "王您好"
    t = talk(vars={"name": {}}, nodes={"a": {"say": ["{name}"], "next": {}}})
    assert (t.steps[-1].acts[0], t.entries("unsaid")[0].data["holes"]) == (t.listens, ["name"])
    with pytest.raises(InputError, match="no value for x"):
        talk(vars=vars_, nodes=nodes)


def test_once_is_said_once_then_the_reask(talk: Any) -> None:
    node = {"say": ["只说一次"], "pick": "once", "reask": ["之后"], "next": {"affirm": "a"}}
    t = talk(nodes={"a": node})
    assert [t.acts[0].text, *t.hears("可以")] == ["只说一次", "之后"]
    t = talk(nodes={"a": {**node, "reask": []}})
    assert t.hears("可以") == ["只说一次"]


# ---------------------------------------------------------------- categories


def test_a_class_is_taken_and_counted_only_when_the_node_has_the_key(talk: Any) -> None:
    t = talk()
    t.hears("可以")
    assert t.hears("没空") == ["问题二？"]
    assert "deny" not in t.state.counters
    assert t.state.counters == {"affirm": 1, "unrecognised": 1}


def test_the_order_of_the_node_decides(talk: Any) -> None:
    both = "好的，没空"
    assert talk().hears(both) == ["问题二？"]
    node = {"say": ["一？"], "order": ["deny", "affirm"], "next": {"affirm": "b", "deny": "c"}}
    assert talk(nodes={"a": node}).hears(both) == ["问题三？"]
    left_out = {**node, "order": ["affirm"]}
    assert talk(nodes={"a": left_out}).hears("多少钱，没空") == ["一？"]


def test_intents_lead_where_the_node_says(talk: Any) -> None:
    intents = {"old": {"phrases": ["报过名"]}, "older": {"phrases": ["早就报过名了"]}}
    nodes = {"a": {"say": ["一？"], "next": {"intent.old": "b", "intent.older": "c"}}}
    assert talk(intents=intents, nodes=nodes).hears("我早就报过名了") == ["问题三？"]
    assert talk(intents=intents, nodes=nodes).hears("报过名") == ["问题二？"]


def test_nothing_matched_is_learnt_asked_again_and_limited(talk: Any) -> None:
    t = talk(limits={"unrecognised": 3})
    assert t.hears("这个嘛") == ["问题一？"]
    assert t.hears("那个嘛") == ["问题一？"]
    assert t.hears("哪个嘛") == ["那先不打扰您了，再见。"]
    assert t.ended == "unrecognised"
    assert t.state.learn[0] == {"sentence": "这个嘛", "node": "a", "decision": "reject", "ranking": []}


def test_words_the_recogniser_could_not_read_are_unrecognised_but_not_learnt(talk: Any) -> None:
    t = talk()
    assert t.hears("") == ["问题一？"]
    assert (t.state.learn, t.state.counters) == ((), {"unrecognised": 1})


def test_what_is_understood_in_between_starts_the_count_anew(talk: Any) -> None:
    t = talk(limits={"unrecognised": 2, "silence": 2})
    t.hears("这个嘛")
    t.silence()
    t.hears("可以")
    t.hears("这个嘛")
    assert t.silence() == ["您好，请问您还在吗？"]
    assert t.ended is None


def test_silence_is_answered_then_ends(talk: Any) -> None:
    t = talk(limits={"silence": 2})
    assert t.silence() == ["喂，您好，听得到吗？"]
    t.silence()
    assert (t.ended, t.state.counters["silence"]) == ("silence", 2)


def test_silence_follows_the_node(talk: Any) -> None:
    assert talk(nodes={"a": {"say": ["一？"], "next": {"silence": "b"}}}).silence() == ["问题二？"]


# ---------------------------------------------------------------- limits, line events


def test_one_turn_too_many_says_goodbye(talk: Any) -> None:
    t = talk(limits={"max_turns": 1})
    t.hears("可以")
    t.hears("可以")
    assert t.ended == "too_long"


def test_the_last_turn_still_honours_an_opt_out(talk: Any) -> None:
    t = talk(limits={"max_turns": 1})
    t.hears("可以")
    t.hears("别再打了")
    assert (t.ended, t.done) == ("optout", ["freeze"])


def test_too_late_says_goodbye(talk: Any) -> None:
    t = talk(limits={"max_seconds": 5})
    t.take(Heard(5000, "可以"))
    assert t.ended == "too_long"
    t = talk(limits={"max_seconds": 5})
    t.take(TimeUp(5000))
    assert t.ended == "too_long"


def test_a_machine_follows_its_rule_or_ends_at_once(talk: Any) -> None:
    t = talk(answered=False)
    assert t.answered("machine") == []
    assert t.ended == "voicemail"
    t = talk(
        answered=False, rules=[{"id": "m", "event": "answered_by_machine", "say": ["请回电。"], "end": "left_message"}]
    )
    assert t.answered("machine") == ["请回电。"]
    assert t.ended == "left_message"
    t = talk(answered=False, rules=[{"id": "m", "event": "answered_by_machine", "say": ["请回电。"]}])
    assert t.answered("machine") == ["请回电。"]
    assert t.ended == "voicemail"
    t = talk()
    t.answered("machine")
    assert t.ended == "voicemail"


def test_hanging_up_ends_and_keeps_an_earlier_end(talk: Any) -> None:
    t = talk(rules=[{"id": "h", "event": "hangup", "do": [{"tag": "挂断"}]}])
    t.hangs_up()
    assert (t.ended, t.state.tags) == ("hangup", ("挂断",))
    t = talk(nodes={"a": {"say": ["一"], "end": "done"}})
    t.hangs_up()
    assert (t.state.end, t.acts, t.entries("ignored")[0].data["what"]) == ("done", (), "hangup")


def test_nothing_happens_before_the_answer_or_twice(talk: Any) -> None:
    t = talk(answered=False)
    assert t.hears("可以") == []
    t.answered()
    assert t.answered() == []
    assert [entry.data["why"] for entry in t.entries("ignored")] == ["the call is not answered yet", "answered already"]


def test_listen_tells_what_is_expected(talk: Any) -> None:
    t = talk(nodes={"a": {"say": ["一？"], "timeout_ms": 900, "barge": {"mode": "none"}, "next": {"affirm": "b", "intent.x": "c"}}},
             intents={"x": {"phrases": ["报过名"], "examples": ["早报了"]}})  # fmt: skip
    assert t.listens.timeout_ms == 900
    assert t.listens.phrases == ("可以", "好的", "报过名", "早报了", "别再打", "多少钱")
    assert (t.listens.context.kb, t.listens.context.intents, t.listens.context.classes) == (
        {"price"},
        {"x"},
        {"affirm"},
    )
    assert t.acts[0].barge == "none"
    t.hears("可以")
    assert t.ears.contexts[-1] is t.steps[0].acts[-1].context


def test_a_broken_script_is_refused_with_its_place(script_of: Any, talk: Any) -> None:
    with pytest.raises(ScriptError, match=r"flow\.nodes\.a\.cases"):
        talk(nodes={"a": {"type": "branch", "cases": [{"when": "f()", "goto": "b"}]}})
    with pytest.raises(ScriptError, match="there is no node `nowhere`"):
        talk(nodes={"a": {"say": ["x"], "next": {"affirm": {"goto": "nowhere"}}}})
    with pytest.raises(ScriptError, match="bad-pattern"):
        talk(slots={"s": {"regex": "("}})
    with pytest.raises(ScriptError, match="no slot `s`"):
        talk(nodes={"a": {"type": "collect", "slot": "s", "next": {}}})
    with pytest.raises(InputError, match="is no time"):
        Dialogue(script_of(), talk().ears).start({}, "tomorrow")


def test_states_are_values(talk: Any) -> None:
    t = talk()
    assert hash(t.state) == hash(State.from_json(t.state.to_json()))
    for text in ("{", "[]", '{"x": 1}', json.dumps({**json.loads(t.state.to_json()), "phase": "asleep"})):
        with pytest.raises(InputError, match="not-a-state"):
            State.from_json(text)


def test_a_step_changes_nothing_it_was_given(talk: Any) -> None:
    t = talk()
    before, text = t.state, t.state.to_json()
    t.hears("好的，多少钱")
    assert before.to_json() == text
    assert t.dialogue.step(before, Heard(1000, "好的，多少钱")) == t.steps[-1]
    assert t.dialogue.context(t.dialogue.start({})).kb == {"price"}
    assert Answered() == Answered(0, "unknown")
