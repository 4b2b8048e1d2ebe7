"""Any valid script with any caller: the engine never raises, ends within its limits, and always honours an opt-out."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.dialogue.engine import Dialogue, Step
from callwright.dialogue.events import entry_to_json, event_from_json, event_to_json
from callwright.dialogue.grading import outcome
from callwright.dialogue.replay import lines_of, replay
from callwright.dialogue.state import State
from callwright.dialogue.understanding.nlu import Nlu
from callwright.dialogue.values import (
    ActionDone,
    Answered,
    Do,
    Dtmf,
    End,
    Event,
    Hangup,
    Heard,
    Listen,
    OtherParty,
    Say,
    Silence,
    TimeUp,
    Transfer,
    TransferDone,
)
from callwright.script.builtin import template_path, templates
from callwright.script.loader import load
from callwright.script.model import Script
from callwright.testing.literal import LiteralUnderstander

NODES = ("n0", "n1", "n2", "n3", "n4", "n5")
TARGETS = st.sampled_from((*NODES, "return"))
NAMES = st.sampled_from(NODES)
WHENS = st.sampled_from(["milestone > 1", "slot.age >= 3", "'t' in tags", "kb.k0 == 0", "affirm > refuse", "True"])
KEYS = st.sampled_from([
    "affirm", "deny", "refuse", "any", "silence", "unrecognised", "interrupted", "filled", "refused", "failed", "ok", "error",
    "intent.i0", "dtmf.1",
])  # fmt: skip
TEXTS = st.sampled_from(["您好。", "{v}好。", "记下{age}了。", "请问可以吗？", "再说一次？"])
ACTIONS = st.sampled_from([
    {"tag": "t"}, {"set": {"age": 3}}, {"set": {"age": None}}, {"sms": {"template": "{age}"}}, {"transfer": {"group": "g"}}, {"note": "n"},
])  # fmt: skip
VARIANTS = st.lists(
    st.fixed_dictionaries(
        {"text": TEXTS},
        optional={"when": WHENS, "channel": st.sampled_from(["voice", "web"]), "weight": st.sampled_from([0.5, 2.0])},
    ),
    max_size=3,
)
PICKS = st.sampled_from(["sequence", "rotate", "random", "once"])
STEPS = st.one_of(
    TARGETS,
    st.fixed_dictionaries(
        {}, optional={"say": TEXTS, "goto": TARGETS, "then": TARGETS, "max": st.integers(1, 3), "tag": st.just("t"),
                      "do": st.lists(ACTIONS, max_size=2), "set": st.just({"age": 4})},
    ),
)  # fmt: skip
THENS = st.one_of(
    st.fixed_dictionaries({"resume": st.sampled_from(["reask", "repeat"])}, optional={"lead": VARIANTS}),
    st.just({"resume": "end", "end": "kb_end"}),
    st.builds(lambda n: {"resume": "goto", "goto": n}, NAMES),
    st.just({"resume": "transfer", "transfer": "g"}),
)
COMMON: dict[str, Any] = {
    "say": VARIANTS,
    "reask": VARIANTS,
    "pick": PICKS,
    "next": st.dictionaries(KEYS, STEPS, max_size=6),
    "milestone": st.integers(0, 5),
    "do": st.lists(ACTIONS, max_size=2),
    "barge": st.sampled_from([{"mode": "none"}, {"mode": "words", "backchannel": "answer"}]),
    "order": st.permutations(["kb", "intent", "affirm", "deny", "refuse"]),
}


def _node(type_: str, more: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(type_), **more}, optional=COMMON)


NODE = st.one_of(
    st.fixed_dictionaries({}, optional={**COMMON, "listen": st.booleans(), "end": st.just("done")}),
    _node("collect", {"slot": st.sampled_from(["age", "why", "when"])}),
    _node(
        "branch", {"cases": st.lists(st.fixed_dictionaries({"when": WHENS, "goto": NAMES}), max_size=2), "else": NAMES}
    ),
    _node("action", {}),
    _node("transfer", {"to": st.just({"group": "g"})}),
    _node("subflow", {"enter": NAMES}),
    _node("ab", {"arms": st.lists(st.builds(lambda n: {"name": n, "goto": n}, NAMES), max_size=3)}),
)
PHRASES = ("可以", "没空", "不需要", "价格", "地址", "报过名", "机器人", "重复", "骂人", "别再打", "8岁", "周六", "嗯")
KB = st.tuples(
    *(
        st.fixed_dictionaries(
            {"id": st.just(f"k{i}"), "phrases": st.just([phrase]), "answers": VARIANTS.filter(len), "then": THENS, "pick": PICKS},
            optional={"only_in": st.lists(NAMES, max_size=2), "not_in": st.lists(NAMES, max_size=2), "interest": st.booleans(),
                      "valid": st.just({"from": "2026-01-01", "until": "2026-12-31"})},
        )
        for i, phrase in enumerate(["价格", "地址"])
    )
)  # fmt: skip
FOLLOW = st.one_of(
    st.builds(lambda n: {"goto": n}, NAMES),
    st.just({"end": "rule_end"}),
    st.builds(lambda t: {"then": t}, THENS),
    st.just({}),
)
RULE_KEYS: list[dict[str, Any]] = [
    {"phrases": ["机器人"], "role": "ask_robot"}, {"phrases": ["重复"]}, {"phrases": ["骂人"]}, {"count": {"refuse": 2}},
    {"count": {"questions": 1}},     {"event": "dtmf"}, {"event": "hangup"}, {"event": "answered_by_machine"},
    {"count": {"silence": 2, "unrecognised": 1}},
]  # fmt: skip
DND = {
    "id": "dnd", "role": "do_not_disturb", "phrases": ["别再打"], "say": ["不再打扰。"], "end": "optout", "max": 1,
    "do": [{"freeze": {"scope": "company", "days": 0}}],
}  # fmt: skip


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """A valid script (which the checks may well refuse): all node types, knowledge, rules of every trigger."""
    rules = [
        {"id": f"g{i}", "priority": draw(st.integers(0, 20)), "say": draw(VARIANTS), "max": draw(st.integers(1, 3)),
         "do": draw(st.lists(ACTIONS, max_size=1)), **keys, **draw(FOLLOW)}
        for i, keys in enumerate(RULE_KEYS) if draw(st.booleans())
    ]  # fmt: skip
    return Script.model_validate({
        "format": "script/1", "id": "any", "title": "any", "lang": draw(st.sampled_from(["zh-CN", "en"])), "purpose": "service",
        "vars": {"v": {}},
        "compliance": {"disclosure": draw(st.sampled_from([None, {"node": "n0"}]))},
        "slots": {
            "age": {"type": "int", "ask": "几岁？", "regex": "([0-9]{1,2})岁", "prefill": True, "dtmf": "[0-9]",
                    "retries": draw(st.integers(0, 2))},
            "why": {"verbatim": True, "retries": 1},
            "when": {"type": "time", "ask": "{v}哪天？", "choices": {"周六": ["星期六"]}, "prefill": draw(st.booleans())},
        },
        "lexicon": {"affirm": ["可以"], "deny": ["没空"], "refuse": ["不需要"], "backchannel": ["嗯"]},
        "intents": {"i0": {"phrases": ["报过名"]}},
        "limits": {"max_turns": draw(st.integers(1, 12)), "max_seconds": 60, "same_kb": 2, "questions": draw(st.integers(1, 4))},
        "flow": {"start": "n0", "nodes": {name: draw(NODE) for name in NODES}},
        "kb": list(draw(KB)),
        "globals": [*rules, {**DND, "priority": draw(st.integers(0, 20))}],
        "grading": {"rules": [{"grade": "A", "when": draw(WHENS)}, {"grade": "B", "when": "True"}]},
        "portrait": [{"key": "age", "from": "slot.age", "ttl_days": 9, "consent": "profile"}],
    })  # fmt: skip


WORDS = st.one_of(st.lists(st.sampled_from(PHRASES), min_size=1, max_size=3).map("，".join), st.text(max_size=8))


CUT = st.lists(st.sampled_from(["node:n0/say/0", "node:n1/say/1", "global:g0/say/0"]), max_size=2).map(tuple)


@st.composite
def callers(draw: st.DrawFn) -> list[Event]:
    """What happens in a call, in any order, with a clock that only runs forward."""
    events: list[Event] = [Answered(0, draw(st.sampled_from(["human", "human", "unknown", "machine"])))]
    at_ms = 0
    for _ in range(draw(st.integers(0, 15))):
        at_ms += draw(st.integers(0, 8000))
        words = Heard(at_ms, draw(WORDS), draw(st.sampled_from(["", "", "", *NODES, "x"])), draw(st.booleans()))
        happens: list[Event] = [
            words, words, words, words, Silence(at_ms), Dtmf(at_ms, draw(st.sampled_from(["1", "9", "12", ""]))),
            ActionDone(at_ms, draw(st.booleans())), TransferDone(at_ms, draw(st.booleans())), TransferDone(at_ms, False),
            TimeUp(at_ms), Answered(at_ms, "machine"), Hangup(at_ms), OtherParty(at_ms, draw(CUT)),
        ]  # fmt: skip
        events.append(draw(st.sampled_from(happens)))
    return events


def played(script: Script, events: list[Event], seed: int) -> tuple[Dialogue, list[Step]]:
    dialogue = Dialogue(script, LiteralUnderstander(script), seed=seed)
    state = dialogue.start({"v": "王"}, "2026-11-20T10:00")
    steps = []
    for event in events:
        step = dialogue.step(state, event)
        steps.append(step)
        state = step.state
    return dialogue, steps


def settled(step: Step) -> bool:
    """Says, then actions, then exactly one closing act, or none while a result is awaited."""
    kinds = [0 if isinstance(act, Say) else 1 if isinstance(act, Do) else 2 for act in step.acts]
    if kinds != sorted(kinds):
        return False
    last = step.acts[-1] if step.acts else None
    match step.state.phase:
        case "listening":
            return isinstance(last, Listen) and kinds.count(2) == 1
        case "ended":
            return isinstance(last, End) and kinds.count(2) == 1
        case "transfer":
            return kinds.count(2) <= 1 and (kinds.count(2) == 0 or isinstance(last, Transfer))
        case "action":
            return 2 not in kinds
    return False


SMALL = settings(max_examples=80, deadline=None)


@SMALL
@given(scripts(), callers(), st.integers(0, 5))
def test_every_step_is_well_formed_and_json(script: Script, events: list[Event], seed: int) -> None:
    _, steps = played(script, events, seed)
    for step in steps:
        ignored = any(entry.kind == "ignored" for entry in step.entries)
        late = any(entry.kind == "late_opt_out" for entry in step.entries)
        if late:
            assert {*map(type, step.acts)} == {Do}
        else:
            assert settled(step) or (ignored and not any(isinstance(act, Transfer) for act in step.acts))
        assert State.from_json(step.state.to_json()) == step.state
        for entry in step.entries:
            assert json.loads(json.dumps(entry_to_json(entry))) == entry_to_json(entry)
    came = outcome(script, steps[-1].state, connected=True, result="answered", duration_s=30)
    assert came.grade in ("A", "B")
    assert all(attribute.sentence for attribute in came.portrait)


@SMALL
@given(scripts(), callers(), st.integers(0, 5))
def test_the_same_events_give_the_same_decisions(script: Script, events: list[Event], seed: int) -> None:
    _, steps = played(script, events, seed)
    lines = json.loads(json.dumps(lines_of(steps)))
    assert replay(script, LiteralUnderstander(script), lines) == ()
    again = [event_from_json(json.loads(json.dumps(event_to_json(event)))) for event in events]
    assert again == events
    assert played(script, again, seed)[1] == steps


@SMALL
@given(scripts(), callers(), st.integers(0, 5), st.booleans())
def test_an_opt_out_is_honoured_within_one_turn_wherever_the_call_stands(
    script: Script, events: list[Event], seed: int, over_prompt: bool
) -> None:
    dialogue, steps = played(script, events, seed)
    for step in steps:
        if "dnd" in step.state.rules:
            break
        during = step.state.node if over_prompt else ""
        after = dialogue.step(step.state, Heard(59_000, "喂，别再打了", during))
        assert after.state.end == "optout"
        assert [act.kind for act in after.acts if isinstance(act, Do)].count("freeze") == 1
        assert isinstance(after.acts[-1], End) or (step.state.phase == "ended" and {*map(type, after.acts)} == {Do})


def is_disclosure(say: Say) -> bool:
    return say.source.startswith(("global:g0/say/", "default:robot/"))


@SMALL
@given(scripts(), callers(), st.integers(0, 5), CUT)
def test_whoever_comes_to_the_phone_is_told_first_and_once_and_the_conversation_goes_on(
    script: Script, events: list[Event], seed: int, cut: tuple[str, ...]
) -> None:
    dialogue, steps = played(script, events, seed)
    for before in (step.state for step in steps):
        after = dialogue.step(before, OtherParty(59_000, cut))
        says = [act for act in after.acts if isinstance(act, Say)]
        if before.phase in ("new", "ended"):
            assert after.acts == ()
            continue
        assert is_disclosure(says[0])
        assert says[0].barge == "none"
        assert sum(map(is_disclosure, says)) == 1
        assert after.state.counters["other_party"] == before.counters.get("other_party", 0) + 1
        assert (after.state.turns, after.state.user_turns) == (before.turns, before.user_turns)
        assert after.state.rules == before.rules or after.state.phase == "ended"
        moved = [entry for entry in after.entries if entry.kind in ("next", "end", "entered")]
        if not moved:  # a question whose slot was filled meanwhile is left
            assert (after.state.phase, after.state.node) == (before.phase, before.node)
            assert settled(after) or before.phase in ("action", "transfer")
        assert before.phase == "listening" or not moved
        again = dialogue.step(after.state, OtherParty(59_500, cut))
        if after.state.phase != "ended":
            assert is_disclosure(again.acts[0])  # type: ignore[arg-type]


@SMALL
@given(
    scripts(), st.lists(WORDS, min_size=1, max_size=4), st.integers(0, 5), st.sampled_from(["words", "silence", "keys"])
)
def test_a_conversation_ends_within_its_limits(script: Script, words: list[str], seed: int, manner: str) -> None:
    dialogue = Dialogue(script, LiteralUnderstander(script), seed=seed)
    state = dialogue.step(dialogue.start({}), Answered(0, "human")).state
    for number in range(script.limits.max_turns * 12 + 20):
        if state.phase == "action":
            event: Event = ActionDone(1, number % 2 == 0)
        elif state.phase == "transfer":
            event = TransferDone(1, False)
        elif manner == "words":
            event = Heard(1, words[number % len(words)])
        else:
            event = Silence(1) if manner == "silence" else Dtmf(1, "1")
        state = dialogue.step(state, event).state
        if state.phase == "ended":
            break
        assert state.turns <= script.limits.max_turns
    assert state.phase == "ended" or number < script.limits.max_turns


@SMALL
@given(scripts(), callers(), st.integers(0, 5))
def test_no_wording_comes_twice_in_a_row_when_there_is_another(script: Script, events: list[Event], seed: int) -> None:
    _, steps = played(script, events, seed)
    sizes = {f"kb:{entry.id}/answers": entry.answers for entry in script.kb}
    sizes |= {f"node:{name}/say": node.say for name, node in script.flow.nodes.items()}
    sizes |= {f"global:{rule.id}/say": rule.say for rule in script.globals}
    for source, used in steps[-1].state.wording.items():
        texts = sizes.get(source, ())
        always = [i for i, v in enumerate(texts) if v.when is None and v.channel is None and "{age}" not in v.text]
        if len(always) > 1:
            assert all(first != second for first, second in pairwise(used)), (source, used)


@SMALL
@given(scripts(), callers(), callers(), st.integers(0, 5))
def test_nothing_but_one_opt_out_changes_anything_after_the_end(
    script: Script, events: list[Event], more: list[Event], seed: int
) -> None:
    dialogue, steps = played(script, [*events, Hangup(99_999)], seed)
    state = steps[-1].state
    assert state.phase == "ended"
    opted_out = "dnd" in state.rules
    for event in more:
        step = dialogue.step(state, event)
        if isinstance(event, Heard) and "别再打" in event.text and not opted_out:
            opted_out = True
            assert [act.kind for act in step.acts if isinstance(act, Do)] == ["freeze"]
            assert len(step.acts) == 1
            assert (step.state.phase, step.state.end, step.state.node) == ("ended", "optout", state.node)
            assert [entry.kind for entry in step.entries].count("late_opt_out") == 1
            state = step.state
            continue
        assert (step.acts, [entry.kind for entry in step.entries][-1]) == ((), "ignored")
        assert json.loads(step.state.to_json()) | {"step": 0} == json.loads(state.to_json()) | {"step": 0}
        state = step.state


TEMPLATES = {name: load(template_path(name)).script for name in templates()}
EARS = {name: Nlu.rules_only(script) for name, script in TEMPLATES.items()}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(TEMPLATES)), st.data())
def test_the_templates_honour_an_opt_out_after_any_conversation(name: str, data: st.DataObject) -> None:
    script = TEMPLATES[name]
    opt_out = next(rule for rule in script.globals if rule.role == "do_not_disturb")
    vocabulary = [
        *script.lexicon.affirm, *script.lexicon.deny, *script.lexicon.refuse, *(p for entry in script.kb for p in entry.phrases),
        *(p for rule in script.globals for p in rule.phrases), "8岁", "明天下午三点", "三分", "", "这个嘛",
    ]  # fmt: skip
    dialogue = Dialogue(script, EARS[name])
    state = dialogue.start({name: var.example or name for name, var in script.vars.items()}, "2026-11-20T10:00")
    state = dialogue.step(state, Answered(0, "human")).state
    for words in data.draw(st.lists(st.sampled_from(vocabulary), max_size=10)):
        if state.phase == "ended":
            return
        happens: Event = Heard(1000, words) if words else Silence(1000)
        state = dialogue.step(state, happens).state
    if state.phase != "ended":
        step = dialogue.step(state, Heard(2000, data.draw(st.sampled_from(opt_out.phrases))))
        assert (step.state.phase, step.state.end) == ("ended", opt_out.end)
        assert any(isinstance(act, Do) and act.kind == "freeze" for act in step.acts)
