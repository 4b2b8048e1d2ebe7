"""A small script to patch, and a conversation that reads like one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from callwright.dialogue.engine import Dialogue, Step
from callwright.dialogue.state import State
from callwright.dialogue.values import (
    Answered,
    Do,
    Dtmf,
    End,
    Entry,
    Event,
    Hangup,
    Heard,
    Listen,
    Say,
    Silence,
    Transfer,
)
from callwright.script.model import Script
from callwright.testing.literal import LiteralUnderstander


class Talk:
    """One conversation: every method takes one event and returns what the robot said to it."""

    def __init__(
        self, script: Script, *, seed: int = 0, channel: str = "voice", now: str = "", **variables: str
    ) -> None:
        self.ears = LiteralUnderstander(script)
        self.dialogue = Dialogue(script, self.ears, seed=seed, channel=channel)
        self.state: State = self.dialogue.start(variables, now)
        self.steps: list[Step] = []
        self.at_ms = 0

    def take(self, event: Event) -> list[str]:
        step = self.dialogue.step(self.state, event)
        self.steps.append(step)
        self.state = step.state
        assert State.from_json(self.state.to_json()) == self.state
        return [act.text for act in step.acts if isinstance(act, Say)]

    def answered(self, by: Any = "human") -> list[str]:
        return self.take(Answered(0, by))

    def hears(self, text: str, during: str = "", *, interrupted: bool = False) -> list[str]:
        self.at_ms += 1000
        return self.take(Heard(self.at_ms, text, during, interrupted))

    def silence(self) -> list[str]:
        self.at_ms += 1000
        return self.take(Silence(self.at_ms))

    def presses(self, digits: str) -> list[str]:
        self.at_ms += 1000
        return self.take(Dtmf(self.at_ms, digits))

    def hangs_up(self) -> list[str]:
        return self.take(Hangup(self.at_ms))

    @property
    def acts(self) -> tuple[Any, ...]:
        return self.steps[-1].acts

    @property
    def last(self) -> Any:
        return self.acts[-1] if self.acts else None

    @property
    def listens(self) -> Listen:
        assert isinstance(self.last, Listen), self.last
        return self.last

    @property
    def transfers(self) -> Transfer:
        assert isinstance(self.last, Transfer), self.last
        return self.last

    @property
    def ended(self) -> str | None:
        return self.last.value if isinstance(self.last, End) else None

    @property
    def done(self) -> list[str]:
        return [act.kind for act in self.acts if isinstance(act, Do)]

    def entries(self, kind: str) -> list[Entry]:
        return [entry for step in self.steps for entry in step.entries if entry.kind == kind]


BASE: dict[str, Any] = {
    "format": "script/1",
    "id": "small",
    "title": "small",
    "lang": "zh-CN",
    "purpose": "service",
    "lexicon": {"affirm": ["可以", "好的"], "deny": ["没空"], "refuse": ["不需要"], "backchannel": ["嗯"]},
    "flow": {
        "start": "a",
        "nodes": {
            "a": {"say": ["问题一？"], "next": {"affirm": "b", "deny": "c", "refuse": "bye"}},
            "b": {"say": ["问题二？"], "next": {"affirm": "bye"}},
            "c": {"say": ["问题三？"], "next": {"affirm": "bye"}},
            "bye": {"say": ["再见。"], "end": "done"},
        },
    },
    "kb": [{"id": "price", "phrases": ["多少钱"], "answers": ["免费的。", "不收费。"]}],
    "globals": [
        {"id": "dnd", "role": "do_not_disturb", "priority": 9, "phrases": ["别再打"], "say": ["不再打扰。"],
         "do": [{"freeze": {"scope": "company", "days": 0, "reason": "dnd"}}], "end": "optout"},
    ],
}  # fmt: skip


def merged(base: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """`base` with `patch` laid over it; mappings are merged, everything else is replaced."""
    result = dict(base)
    for key, value in patch.items():
        known = result.get(key)
        result[key] = merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return result


@pytest.fixture
def script_of() -> Callable[..., Script]:
    """A script: the small one with keyword patches; `nodes` patches flow.nodes, `rules` adds globals."""

    def make(*, nodes: dict[str, Any] | None = None, rules: list[dict[str, Any]] | None = None, **patch: Any) -> Script:
        raw = merged(BASE, patch)
        if nodes is not None:
            raw["flow"] = {**raw["flow"], "nodes": {**raw["flow"]["nodes"], **nodes}}
        raw["globals"] = [*(rules or ()), *raw["globals"]]
        return Script.model_validate(raw)

    return make


@pytest.fixture
def talk(script_of: Callable[..., Script]) -> Callable[..., Talk]:
    """A conversation over the patched small script, already answered unless `answered=False`."""

    def begin(
        *,
        answered: bool = True,
        seed: int = 0,
        channel: str = "voice",
        now: str = "",
        variables: Any = None,
        **patch: Any,
    ) -> Talk:
        conversation = Talk(script_of(**patch), seed=seed, channel=channel, now=now, **(variables or {}))
        if answered:
            conversation.answered()
        return conversation

    return begin
