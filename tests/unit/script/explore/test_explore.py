"""The seeded faults, each found with its code and the exact shortest conversation; the good scripts, found good."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from callwright.script.explore import Machine, explore
from callwright.script.explore.state import State
from callwright.script.model import Script

SEEDED = Path(__file__).resolve().parents[3] / "fixtures" / "scripts" / "seeded"
TO_DAY = ("opening", "caller: affirm", "offer", "caller: affirm", "ask_day", "caller: fills day")
AROUND = ("ask_again", "caller: affirm", "survey") * 8

FAULTS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    # file: (code, field, shortest path)
    "disclosure-late": ("disclosure-late", "flow.nodes.hello", ("hello",)),
    "disclosure-interruptible": ("disclosure-interruptible", "flow.nodes.opening", ("opening", "caller: kb.price")),
    "second-refusal-persuaded": (
        "second-refusal",
        "flow.nodes.plead",
        ("opening", "caller: refuse", "plead", "caller: refuse", "plead_more"),
    ),
    "second-refusal-ignored": (
        "second-refusal",
        "flow.nodes.remind",
        ("opening", "caller: refuse", "plead", "caller: affirm", "remind", "caller: refuse", "ask_day"),
    ),
    "second-refusal-said-no": (
        "second-refusal",
        "flow.nodes.plead",
        ("opening", "caller: refuse", "plead", "caller: deny", "offer"),
    ),
    "silent-loop": ("silent-loop", "flow.nodes.size", (*TO_DAY, "size", "book_late", "size")),
    "dead-end": ("dead-end", "flow.nodes.book", (*TO_DAY, "size", "book", "action: error")),
    "unbalanced-return": ("unbalanced-return", "flow", (*TO_DAY, "size", "return")),
    "subflow-depth": ("subflow-depth", "flow.nodes.survey", (*TO_DAY, "survey", *AROUND)),
    "opt-out-ineffective": ("opt-out-ineffective", "globals[1]", ("opening", "caller: global.dnd")),
    "opt-out-shadowed": ("opt-out-shadowed", "globals", ()),
    "transfer-ineffective": ("transfer-ineffective", "globals[3]", ("opening", "caller: global.human")),
    "dead-node": ("dead-node", "flow.nodes.gift", ()),
    "dead-kb": ("dead-kb", "kb[0]", ()),
    "dead-global": ("dead-global", "globals[4]", ()),
    "dead-next": ("dead-next", "flow.nodes.opening.next.intent.member", ()),
}


def script_of(name: str) -> Script:
    return Script.model_validate(yaml.safe_load((SEEDED / f"{name}.yaml").read_text("utf-8")))


def changed(**parts: Any) -> Script:
    """The good script with top-level parts replaced."""
    data = yaml.safe_load((SEEDED / "good.yaml").read_text("utf-8"))
    return Script.model_validate({**data, **parts})


def test_every_seeded_file_is_expected() -> None:
    assert {path.stem for path in SEEDED.glob("*.yaml")} == {*FAULTS, "good"}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_seeded_fault_is_found_with_its_shortest_path(name: str) -> None:
    problems = explore(script_of(name))
    code, field, trace = FAULTS[name]
    assert [(p.code, p.place.field, p.trace) for p in problems] == [(code, field, trace)]
    assert problems[0].severity == ("warning" if code == "dead-next" else "error")
    assert problems[0].hint
    assert "{" not in problems[0].message


def test_the_good_script_is_proven() -> None:
    assert explore(script_of("good")) == []


@pytest.mark.parametrize("name", ["trial_lesson", "appointment", "csat"])
def test_the_shared_examples_are_proven(shared: Path, name: str) -> None:
    text = (shared / "formats" / "examples" / f"{name}.yaml").read_text("utf-8")
    assert explore(Script.model_validate(yaml.safe_load(text))) == []


def test_too_many_states_are_never_passed() -> None:
    problems = explore(script_of("good"), max_states=20)
    assert [p.code for p in problems] == ["too-large"]
    assert "too large to prove" in problems[0].message


def test_a_marketing_script_without_disclosure_is_refused() -> None:
    data = yaml.safe_load((SEEDED / "good.yaml").read_text("utf-8"))
    del data["compliance"]["disclosure"]
    assert [p.code for p in explore(Script.model_validate(data))] == ["disclosure-missing"]
    assert explore(Script.model_validate({**data, "purpose": "service"})) == []


def test_rights_without_a_rule_are_missing() -> None:
    rules = [rule for rule in script_of("good").globals if rule.id not in ("dnd", "human")]
    problems = explore(changed(globals=rules))
    assert [(p.code, p.trace) for p in problems] == [
        ("opt-out-missing", ("opening",)),
        ("transfer-missing", ("opening",)),
    ]


def test_a_rule_that_counts_refusals_honours_the_second() -> None:
    good = yaml.safe_load((SEEDED / "second-refusal-persuaded.yaml").read_text("utf-8"))
    counting = {"id": "enough", "priority": 900, "count": {"refuse": 2}, "say": ["好的，再见。"], "end": "refused"}
    script = Script.model_validate({**good, "globals": [*good["globals"], counting]})
    assert [p.code for p in explore(script)] == ["dead-next", "dead-node"]  # plead_more is never said any more


def test_a_limited_object_honours_the_second_refusal() -> None:
    data = yaml.safe_load((SEEDED / "good.yaml").read_text("utf-8"))
    once = {"say": "就一个小时，来坐坐也好？", "goto": "offer", "max": 1, "then": "bye"}
    data["flow"]["nodes"]["offer"]["next"]["refuse"] = once
    assert explore(Script.model_validate(data)) == []
    data["flow"]["nodes"]["offer"]["next"]["refuse"] = {**once, "max": 2}
    problems = explore(Script.model_validate(data))
    assert {p.code for p in problems} == {"second-refusal"}
    assert problems[0].trace.count("caller: refuse") == 2


def test_a_confirming_question_may_be_denied_in_a_service_call() -> None:
    data = yaml.safe_load((SEEDED / "second-refusal-said-no.yaml").read_text("utf-8"))
    problems = explore(Script.model_validate({**data, "purpose": "service"}))
    assert [p.trace for p in problems] == [
        ("opening", "caller: refuse", "plead", "caller: deny", "offer", "caller: refuse", "plead")
    ]


def test_an_ended_state_has_no_successors() -> None:
    machine = Machine(script_of("good"))
    assert machine.successors(State(node="bye", phase="ended", end="done")) == []
    assert next(edge.trace for edge in machine.successors(machine.initial)) == ("opening",)


def test_a_large_script_is_proven_in_two_seconds() -> None:
    data = yaml.safe_load((SEEDED / "good.yaml").read_text("utf-8"))
    nodes: dict[str, Any] = data["flow"]["nodes"]
    nodes["opening"]["next"]["affirm"] = "step_0"
    for n in range(60):
        on = f"step_{n + 1}" if n < 59 else "offer"
        again = {"say": f"第{n}步没听清，可以吗？", "goto": f"step_{n}", "max": 1, "then": on}
        nodes[f"step_{n}"] = {
            "say": [f"第{n}步，可以吗？"],
            "next": {
                "affirm": on,
                "deny": f"step_{n // 2}",
                "refuse": "plead" if n % 3 else "bye",
                "unrecognised": again,
                "silence": {**again, "say": f"第{n}步，听得到吗？"},
            },
        }
    data["kb"] += [{"id": f"k{n}", "phrases": [f"问题{n}号"], "answers": [f"答{n}"]} for n in range(40)]
    script = Script.model_validate(data)
    begin = time.perf_counter()
    assert explore(script) == []
    assert time.perf_counter() - begin < 2 * 5, "2 s on a quiet machine; five times that on a busy one"
