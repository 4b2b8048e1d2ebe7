"""The script/1 model: strict, frozen values. An unknown key is an error; phrases are always text.

Built by `callwright.script.loader` (which adds file:line:column to every error), never by hand from unchecked data.
Specification: docs/reference/script-1.md.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from callwright.script.blocks import (
    Action,
    Actions,
    Barge,
    BargeOverride,
    Category,
    Channel,
    Compliance,
    Consent,
    Day,
    Disclosure,
    Ident,
    Intent,
    Lexicon,
    Limits,
    MaxCalls,
    NodeType,
    Phrases,
    Pick,
    Purpose,
    Resume,
    Slot,
    Strict,
    Text,
    Turn,
    Var,
    Variant,
    Variants,
    Window,
    listify,
)

__all__ = [
    "SCRIPT_FORMAT",
    "AbArm",
    "Action",
    "Barge",
    "BargeOverride",
    "BranchCase",
    "Compliance",
    "Consent",
    "Disclosure",
    "Expect",
    "Flow",
    "GlobalRule",
    "Grading",
    "GradingRule",
    "Intent",
    "KbEntry",
    "Lexicon",
    "Limits",
    "MaxCalls",
    "NextStep",
    "Node",
    "PortraitRule",
    "Script",
    "ScriptTest",
    "Slot",
    "TestTurn",
    "Then",
    "TransferTarget",
    "Turn",
    "Validity",
    "Var",
    "Variant",
    "Window",
]

SCRIPT_FORMAT = "script/1"


class NextStep(Strict):
    """`{say, goto, set, tag, do, max, then}`: up to `max` times say and go to `goto`, after that go to `then`."""

    say: Text | None = None
    goto: Ident | None = None
    set: dict[str, Any] | None = None
    tag: Text | None = None
    do: Actions = ()
    max: int = Field(default=99, ge=1, le=99)
    then: Ident | None = None


NextKey = Annotated[
    str,
    Field(
        pattern=r"^(affirm|deny|refuse|any|silence|unrecognised|interrupted|filled|refused|failed|ok|error"
        r"|intent\.[\w.-]+|dtmf\.[0-9*#A-D])$"
    ),
]
NextMap = dict[NextKey, Ident | NextStep]


class BranchCase(Strict):
    when: Text
    goto: Ident


class AbArm(Strict):
    name: Ident
    weight: float = Field(default=1.0, gt=0, le=1000)
    goto: Ident


class TransferTarget(Strict):
    group: Text


class Node(Strict):
    """One node of the flow. `case_else` is the key `else` of a branch; `enter` (subflow) is the node the subflow starts at,
    it comes back through the reserved target `return`; `arms` belong to `ab`."""

    type: NodeType = "say"
    milestone: int | None = Field(default=None, ge=0, le=1000)
    score: float = 0.0
    say: Variants = ()
    pick: Pick = "sequence"
    reask: Variants = ()
    listen: bool = True
    barge: BargeOverride = BargeOverride()
    order: tuple[Category, ...] | None = None
    timeout_ms: int | None = Field(default=None, ge=500, le=60_000)
    next: NextMap = Field(default_factory=dict)
    do: Actions = ()
    end: Ident | None = None
    slot: Ident | None = None
    cases: tuple[BranchCase, ...] = ()
    case_else: Ident | None = Field(default=None, alias="else")
    to: TransferTarget | None = None
    brief: tuple[Literal["slots", "last_turns", "tags"], ...] = ()
    wait_s: int = Field(default=30, ge=1, le=600)
    enter: Ident | None = None
    arms: tuple[AbArm, ...] = ()


class Flow(Strict):
    start: Ident
    nodes: dict[Ident, Node] = Field(min_length=1, max_length=2000)


class Then(Strict):
    resume: Resume | None = None
    lead: Variants = ()
    goto: Ident | None = None
    end: Ident | None = None
    transfer: Text | None = None


class Validity(Strict):
    from_: Day | None = Field(default=None, alias="from")
    until: Day | None = None


class KbEntry(Strict):
    id: Ident
    title: Text | None = None
    owner: Text | None = None
    source: Text | None = None
    phrases: Phrases = ()
    regex: Annotated[tuple[Text, ...], Field(max_length=200)] = ()
    examples: Phrases = ()
    answers: Variants = Field(min_length=1)
    pick: Pick = "rotate"
    then: Then = Then(resume="reask")
    score: float = 0.0
    interest: bool = False
    only_in: tuple[Ident, ...] = ()
    not_in: tuple[Ident, ...] = ()
    valid: Validity = Validity()
    review_by: Day | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_regex(cls, value: Any) -> Any:
        return listify(value, "regex")


GlobalEvent = Literal["answered_by_machine", "hangup", "dtmf"]


class GlobalRule(Strict):
    """Tried before knowledge and node. Triggered by words (`phrases`, `regex`, `examples`), an `event`, or `count` (`{refuse: 2}`)."""

    id: Ident
    role: Ident | None = None
    priority: int = 0
    phrases: Phrases = ()
    regex: Annotated[tuple[Text, ...], Field(max_length=200)] = ()
    examples: Phrases = ()
    event: GlobalEvent | None = None
    count: dict[Literal["affirm", "deny", "refuse", "silence", "unrecognised", "questions"], int] | None = None
    say: Variants = ()
    do: Actions = ()
    max: int = Field(default=99, ge=1, le=99)
    then: Then | None = None
    goto: Ident | None = None
    end: Ident | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_regex(cls, value: Any) -> Any:
        return listify(value, "regex")


class GradingRule(Strict):
    grade: Annotated[str, Field(pattern=r"^[A-F]$")]
    when: Text


class Grading(Strict):
    scale: dict[Annotated[str, Field(pattern=r"^[A-F]$")], Text] = Field(default_factory=dict)
    rules: tuple[GradingRule, ...] = ()
    follow_up: dict[Annotated[str, Field(pattern=r"^[A-F]$")], Text] = Field(default_factory=dict)


class PortraitRule(Strict):
    key: Ident
    from_: Text = Field(alias="from")
    ttl_days: int = Field(ge=1, le=3650)
    consent: Text


class TestTurn(Strict):
    """What the caller does: words (`""` = silence), a key press, words during a node, an event, or how an action came back."""

    say: Text | None = None
    dtmf: Text | None = None
    during: Ident | None = None
    event: GlobalEvent | None = None
    action: Literal["ok", "error"] | None = None
    transfer: Literal["ok", "failed"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"say": value} if isinstance(value, str | int | float) and not isinstance(value, bool) else value


class Expect(Strict):
    end: Text | None = None
    grade: Text | None = None
    tags: tuple[Text, ...] | None = None
    kb: tuple[Text, ...] | None = None
    said: tuple[Text, ...] | None = None
    not_said: tuple[Text, ...] | None = None
    slots: dict[str, Any] | None = None
    actions: tuple[Text, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_text(cls, value: Any) -> Any:
        for key in ("tags", "kb", "said", "not_said", "actions"):
            value = listify(value, key)
        return value


class ScriptTest(Strict):
    name: Text
    vars: dict[str, Text] = Field(default_factory=dict)
    turns: tuple[TestTurn, ...] = Field(max_length=200)
    expect: Expect


class Script(Strict):
    """A whole script. Order of nodes, entries and rules is file order."""

    format: Literal["script/1"]
    id: Ident
    title: Text
    lang: Literal["zh-CN", "zh", "en", "en-US", "en-GB"]
    purpose: Purpose
    owner: Text | None = None
    version: Text | None = None
    reviewed_by: Text | None = None
    reviewed_at: Text | None = None
    channels: tuple[Channel, ...] = ("voice",)
    compliance: Compliance = Compliance()
    vars: dict[Ident, Var] = Field(default_factory=dict)
    slots: dict[Ident, Slot] = Field(default_factory=dict)
    lexicon: Lexicon = Lexicon()
    intents: dict[Ident, Intent] = Field(default_factory=dict)
    turn: Turn = Turn()
    limits: Limits = Limits()
    flow: Flow
    kb: Annotated[tuple[KbEntry, ...], Field(max_length=2000)] = ()
    globals: Annotated[tuple[GlobalRule, ...], Field(max_length=200)] = ()
    grading: Grading = Grading()
    portrait: tuple[PortraitRule, ...] = ()
    tests: Annotated[tuple[ScriptTest, ...], Field(max_length=1000)] = ()

    @property
    def language(self) -> Literal["zh", "en"]:
        """`zh` or `en`: which grammar, tokeniser and default sentences apply."""
        return "zh" if self.lang.startswith("zh") else "en"
