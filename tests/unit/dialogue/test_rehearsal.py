"""A script's own tests: what passes, what fails, and how a failure reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from callwright.dialogue.rehearsal import rehearse
from callwright.dialogue.understanding.nlu import Nlu
from callwright.script.loader import load
from callwright.testing.literal import LiteralUnderstander


def failures(script_of: Any, turns: list[Any], expect: dict[str, Any], **patch: Any) -> tuple[str, ...]:
    script = script_of(tests=[{"name": "t", "turns": turns, "expect": expect, **patch.pop("test", {})}], **patch)
    (result,) = rehearse(script, LiteralUnderstander(script))
    assert result.ok is (not result.failures)
    return result.failures


@pytest.mark.parametrize(("name", "count"), [("trial_lesson", 8), ("appointment", 4), ("csat", 3)])
def test_the_examples_pass(shared: Path, name: str, count: int) -> None:
    script = load(shared / "formats" / "examples" / f"{name}.yaml").script
    results = rehearse(script, Nlu.rules_only(script))
    assert len(results) == count
    assert [(result.name, result.failures) for result in results if not result.ok] == []


def test_what_was_expected_and_what_came(script_of: Any) -> None:
    expect = {
        "end": "x",
        "grade": "A",
        "tags": "t",
        "kb": "fee",
        "said": "没说",
        "not_said": ["再见"],
        "slots": {"s": 1},
        "actions": "sms",
    }
    assert failures(script_of, ["好的，多少钱", "可以"], expect) == (
        "end: expected x, got done",
        "grade: expected A, got None (脚本没有评级规则)",
        "tags: expected t, got none",
        "kb: expected fee, got price",
        "actions: expected sms, got none",
        "said: no robot sentence contains '没说'",
        "not_said: '再见' was said: '再见。'",
        "slots.s: expected 1, got None",
    )


def test_what_holds_is_no_failure(script_of: Any) -> None:
    patch = {
        "slots": {"age": {"type": "int", "regex": "([0-9]+)岁", "prefill": True}},
        "vars": {"who": {"required": True}, "co": {"example": "青禾"}},
        "nodes": {"bye": {"say": ["{who}，{co}再见。"], "do": [{"sms": {"template": "x"}}], "end": "done"}},
        "test": {"vars": {"who": "王"}},
    }
    expect = {
        "end": "done",
        "kb": "price",
        "said": ["王，{co}再见"],
        "not_said": "您好",
        "slots": {"age": "8"},
        "actions": ["sms"],
    }
    assert failures(script_of, ["好的，多少钱，8岁", "可以"], expect, **patch) == ()


def test_turns_left_over_and_calls_left_open(script_of: Any) -> None:
    assert failures(script_of, ["不需要", "可以"], {}) == ("the call was over (done) before turn 2: say: '可以'",)
    assert failures(script_of, [], {"end": "hangup"}) == ()


def test_awaited_results_come_back_ok_unless_the_test_says_otherwise(script_of: Any) -> None:
    nodes = {
        "a": {"type": "action", "do": [{"webhook": "w"}], "next": {"ok": "b", "error": "c"}},
        "b": {"type": "transfer", "to": {"group": "g"}, "next": {"failed": "bye"}},
    }
    assert failures(script_of, [], {"end": "transfer", "actions": ["webhook", "transfer"]}, nodes=nodes) == ()
    assert failures(script_of, [{"action": "error"}, "可以"], {"end": "done", "said": "问题三"}, nodes=nodes) == ()
    assert failures(script_of, [{"transfer": "failed"}], {"end": "done"}, nodes=nodes) == ()
    assert failures(script_of, [{"transfer": "ok"}], {"end": "transfer"}, nodes=nodes) == ()
    assert failures(script_of, ["别再打"], {"end": "optout"}, nodes=nodes) == ()
    assert (
        failures(script_of, [{"during": "a", "say": "别再打"}], {"end": "optout", "actions": "freeze"}, nodes=nodes)
        == ()
    )


def test_every_kind_of_turn(script_of: Any) -> None:
    nodes = {"a": {"say": ["一"], "next": {"dtmf.1": "b", "interrupted": "c", "silence": "bye", "affirm": "b"}}}
    assert failures(script_of, [{"dtmf": "1"}, {"event": "dtmf"}], {"said": "问题二"}, nodes=nodes) == ()
    assert failures(script_of, [{"during": "a", "say": "这个"}], {"said": "问题三"}, nodes=nodes) == ()
    assert failures(script_of, [""], {"end": "done"}, nodes=nodes) == ()
    assert (
        failures(script_of, [{"event": "answered_by_machine"}], {"end": "voicemail", "not_said": "一"}, nodes=nodes)
        == ()
    )
    assert failures(script_of, ["可以", {"event": "answered_by_machine"}], {"end": "voicemail"}, nodes=nodes) == ()
    assert failures(script_of, [{"event": "hangup"}], {"end": "hangup"}, nodes=nodes) == ()


def test_the_conversation_can_be_read(script_of: Any) -> None:
    script = script_of(
        tests=[{"name": "t", "turns": ["", {"dtmf": "1"}, {"during": "a", "say": "好的"}], "expect": {}}]
    )
    (result,) = rehearse(script, LiteralUnderstander(script))
    assert result.lines == (
        ("event", "answered by human"), ("robot", "问题一？"), ("caller", ""), ("robot", "喂，您好，听得到吗？"),
        ("caller", "[1]"), ("robot", "问题一？"), ("caller", "好的 [during a]"), ("robot", "问题二？"), ("event", "hung up by the caller"),
    )  # fmt: skip
