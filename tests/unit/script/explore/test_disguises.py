"""Faults in disguise: a refusal that another part takes, a sentence spoken in place of another, a right bound to a key press."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from callwright.errors import Problem
from callwright.script.explore import explore
from callwright.script.model import Script

GOOD = Path(__file__).resolve().parents[3] / "fixtures" / "scripts" / "seeded" / "good.yaml"


@pytest.fixture
def data() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(GOOD.read_text("utf-8"))
    return loaded


def found(data: dict[str, Any]) -> list[Problem]:
    return explore(Script.model_validate(data))


def codes(data: dict[str, Any]) -> list[str]:
    return [problem.code for problem in found(data)]


def test_a_knowledge_entry_that_takes_the_words_of_a_refusal_answers_a_refusal(data: dict[str, Any]) -> None:
    entry = {"id": "why_not", "phrases": ["没兴趣"], "answers": ["很多人来了才有兴趣。"], "then": {"resume": "reask"}}
    data["kb"].append({**entry, "phrases": ["没兴趣是什么书"]})
    assert codes(data) == []
    data["kb"][-1] = entry
    first = found(data)[0]
    assert first.code == "second-refusal"
    assert first.trace == ("opening", "caller: kb.why_not", "caller: kb.why_not")


def test_a_refusal_hidden_in_a_global_rule_or_an_intent_counts_too(data: dict[str, Any]) -> None:
    rule = {"id": "objection", "priority": 1, "regex": ["不?需要"], "say": ["再想想？"], "then": {"resume": "reask"}}
    hidden = {**data, "globals": [*data["globals"], rule]}
    assert ("opening", "caller: global.objection", "caller: global.objection") in {p.trace for p in found(hidden)}
    data["intents"]["member"] = {"phrases": ["不需要"]}
    data["flow"]["nodes"]["offer"]["next"] |= {"intent.member": "plead", "refuse": "bye"}
    trace = ("opening", "caller: intent.member", "offer", "caller: intent.member", "plead")
    assert trace in {p.trace for p in found(data)}


def silent_start(data: dict[str, Any], **keys: Any) -> dict[str, Any]:
    data["flow"]["nodes"] = {"wait": {"next": {"any": "opening", **keys}}, **data["flow"]["nodes"]}
    data["flow"]["start"] = "wait"
    data["kb"] = []
    data["lexicon"]["refuse"] = ["不需要"]
    for node in data["flow"]["nodes"].values():
        if "refuse" in node.get("next", {}):
            node["next"]["refuse"] = "bye"
    data["flow"]["nodes"]["wait"]["next"]["refuse"] = "bye"
    del data["flow"]["nodes"]["plead"]
    return data


def test_waiting_silently_before_the_disclosure_is_fine(data: dict[str, Any]) -> None:
    assert codes(silent_start(data)) == []


@pytest.mark.parametrize("goto", ["opening", "wait", None])
def test_a_sentence_said_in_place_of_the_disclosure_is_early(data: dict[str, Any], goto: str | None) -> None:
    step = {"say": "周末有免费读书会，来吗？"} | ({"goto": goto} if goto else {})
    first = found(silent_start(data, affirm=step))[0]
    assert (first.code, first.place.field) == ("disclosure-late", "flow.nodes.wait")
    assert "its `next.affirm.say`" in first.message
    assert first.trace[:2] == ("wait", "caller: affirm")


def test_a_farewell_may_be_said_before_the_disclosure(data: dict[str, Any]) -> None:
    assert codes(silent_start(data, deny={"say": "打扰了，再见。", "goto": "bye"})) == []


def test_a_node_that_does_not_listen_cannot_say_it_early_either(data: dict[str, Any]) -> None:
    data["flow"]["nodes"]["first"] = {"listen": False, "next": {"any": {"say": "免费读书会！", "goto": "opening"}}}
    data["flow"]["start"] = "first"
    assert ("disclosure-late", ("first",)) in {(p.code, p.trace) for p in found(data)}


def test_a_rule_of_no_role_waits_for_the_disclosure(data: dict[str, Any]) -> None:
    pitch = {"id": "hello", "phrases": ["喂"], "say": ["周末有免费读书会。"], "then": {"resume": "reask"}}
    early = silent_start(data)
    early["globals"].append(pitch)
    assert [(p.code, p.trace) for p in found(early)] == [("disclosure-late", ("wait", "caller: global.hello"))]
    early["globals"][-1] = {**pitch, "role": "ask_robot"}
    assert codes(early) == []


@pytest.mark.parametrize(("rule", "code"), [("dnd", "opt-out-missing"), ("human", "transfer-missing")])
def test_a_right_that_only_a_key_press_gives_is_missing(data: dict[str, Any], rule: str, code: str) -> None:
    for item in data["globals"]:
        if item["id"] == rule:
            item |= {"event": "dtmf", "phrases": ["9"]}
    assert [(p.code, p.trace) for p in found(data)] == [(code, ("opening",))]


def test_a_no_to_another_matter_is_no_second_refusal(data: dict[str, Any]) -> None:
    data["globals"].append({"id": "busy", "role": "callback", "phrases": ["在忙"], "goto": "tomorrow"})
    nodes = data["flow"]["nodes"]
    nodes["tomorrow"] = {"say": ["明天再打，可以吗？"], "next": {"affirm": "bye", "deny": "later", "refuse": "bye"}}
    nodes["later"] = {"say": ["后天呢，可以吗？"], "next": {"affirm": "bye", "deny": "bye", "refuse": "bye"}}
    assert codes(data) == []
    del data["globals"][-1]["role"]  # any other rule may lead to a further plea
    assert codes(data) == ["second-refusal"]


@pytest.mark.parametrize("purpose", ["inbound", "screening", "chat"])
def test_who_called_us_may_be_asked_again(data: dict[str, Any], purpose: str) -> None:
    data["flow"]["nodes"]["plead"]["next"]["refuse"] = "offer"
    assert [p.severity for p in found(data)] == ["error"] * len(found(data))
    assert found(data)
    problems = found({**data, "purpose": purpose})
    assert {(p.code, p.severity) for p in problems} == {("second-refusal", "warning")}


def test_a_key_too_many_is_advice(data: dict[str, Any]) -> None:
    nodes = data["flow"]["nodes"]
    nodes["offer"]["next"]["affirm"] = "around"
    nodes["around"] = {"type": "subflow", "enter": "ask_day", "next": {"ok": "bye"}}
    problem = next(p for p in found(data) if p.code == "dead-next")
    assert (problem.place.field, problem.severity) == ("flow.nodes.around.next.ok", "warning")
    assert "no conversation comes to it" in problem.message


def test_of_two_arms_to_one_place_neither_is_dead(data: dict[str, Any]) -> None:
    nodes = data["flow"]["nodes"]
    ends = next(name for name, node in nodes.items() if node.get("end"))
    after = {"say": ["稍等。"], "listen": False, "next": {"any": ends}}
    nodes["draw"] = {
        "type": "ab",
        "arms": [{"name": n, "weight": 1, "goto": g} for n, g in (("a", ends), ("b", "after"))],
    }
    nodes["after"] = after
    start = data["flow"]["start"]
    nodes[start]["next"]["affirm"] = "draw"
    assert "after" not in {problem.place.field.rpartition(".")[2] for problem in found(data)}


def test_results_that_lead_to_each_other_are_a_silent_loop(data: dict[str, Any]) -> None:
    nodes = data["flow"]["nodes"]
    nodes["desk"] = {"type": "transfer", "to": {"group": "店员"}, "next": {"failed": "call"}}
    nodes["call"] = {"type": "action", "do": [{"webhook": "desk.ring"}], "next": {"ok": "desk", "error": "bye"}}
    nodes["ask_day"]["next"]["failed"] = "desk"
    problem = found(data)[0]
    assert (problem.code, problem.place.field) == ("silent-loop", "flow.nodes.call")
    assert problem.trace[-5:] == ("call", "action: ok", "desk", "transfer: failed", "call")
    nodes["desk"]["next"]["failed"] = {"goto": "call", "max": 2, "then": "bye"}
    assert codes(data) == []


def test_unrecognised_is_of_use_when_any_can_be_used_up(data: dict[str, Any]) -> None:
    keys = data["flow"]["nodes"]["offer"]["next"]
    keys |= {"any": "bye", "unrecognised": "plead"}
    assert codes(data) == ["dead-next"]
    keys["any"] = {"say": "您愿意来吗？", "max": 1}
    assert codes(data) == []
