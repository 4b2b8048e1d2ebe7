"""The script/1 model: strict, frozen values. An unknown key is an error; phrases are always text.

Built by `callwright.script.loader` (which adds file:line:column to every error), never by hand from unchecked data.
Specification: docs/reference/script-1.md.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

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

Purpose = Literal["marketing", "service", "survey", "notice", "inbound", "screening", "chat"]
Channel = Literal["voice", "web", "wechat"]
Pick = Literal["sequence", "rotate", "random", "once"]
Category = Literal["kb", "intent", "affirm", "deny", "refuse", "unrecognised"]
Resume = Literal["reask", "repeat", "goto", "end", "transfer"]
BargeMode = Literal["none", "voice", "words", "sentence", "keywords"]
NodeType = Literal["say", "collect", "branch", "action", "transfer", "subflow", "ab"]


def _as_text(value: Any) -> Any:
    """12321 without quotes loads as a number, 1.5 as a float: phrases are words, so they become text. Booleans are refused."""
    if isinstance(value, bool) or value is None:
        raise ValueError("expected text; put it in quotes (YAML reads bare yes/no/on/off/null as something else)")
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_as_text)]
Phrase = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=200)]
Phrases = Annotated[tuple[Phrase, ...], Field(max_length=5000)]
Ident = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=64, pattern=r"^[\w.-]+$")]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Action(_Strict):
    """One `do` entry: a one-key mapping `{kind: argument}`."""

    kind: Literal[
        "tag", "set", "sms", "wechat", "webhook", "ticket", "alert", "schedule_callback", "freeze", "transfer", "note",
        "report_draft",
    ]  # fmt: skip
    arg: Any = None

    @model_validator(mode="before")
    @classmethod
    def _from_mapping(cls, value: Any) -> Any:
        if isinstance(value, dict) and set(value) != {"kind", "arg"}:
            if len(value) != 1:
                raise ValueError("an action is a mapping with one key, for example {tag: booked}")
            kind, arg = next(iter(value.items()))
            return {"kind": kind, "arg": arg}
        return value


Actions = Annotated[tuple[Action, ...], Field(max_length=50)]


class Variant(_Strict):
    """One wording. `when` is an expression; `weight` counts for `pick: random`; `channel` limits it to one channel."""

    text: Text = Field(min_length=1, max_length=2000)
    audio: str | None = None
    channel: Channel | None = None
    when: Text | None = None
    weight: float = Field(default=1.0, gt=0, le=1000)

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"text": value} if isinstance(value, str | int | float) and not isinstance(value, bool) else value


Variants = Annotated[tuple[Variant, ...], Field(max_length=100)]


class Consent(_Strict):
    required: bool = True
    scope: tuple[Text, ...] = ()
    max_age_days: int | None = Field(default=None, ge=1, le=36500)
    basis: Literal["consent", "contract", "legal_obligation", "vital_interest", "public_task"] | None = None


class Disclosure(_Strict):
    node: Ident
    must: tuple[Literal["ai", "company", "purpose", "recording", "opt_out"], ...] = (
        "ai",
        "company",
        "purpose",
        "recording",
    )
    interruptible: bool = False


class Window(_Strict):
    from_: Clock = Field(alias="from")
    to: Clock


class MaxCalls(_Strict):
    per_day: int | None = Field(default=None, ge=1)
    per_30_days: int | None = Field(default=None, ge=1)


class Compliance(_Strict):
    consent: Consent = Consent()
    disclosure: Disclosure | None = None
    honest_ai: bool = True
    opt_out: bool = True
    window: Window | None = None
    max_calls: MaxCalls = MaxCalls()
    forbidden: Phrases = ()
    forbidden_except: Phrases = ()
    sensitive: Phrases = ()


class Var(_Strict):
    required: bool = False
    example: Text | None = None
    pii: bool = False


class Slot(_Strict):
    """A value collected in the call. Types beyond script-1's five are ours (see docs/reference/slots.md)."""

    type: Literal["text", "int", "number", "time", "date", "duration", "enum", "phone", "money", "age", "name"] = "text"
    ask: Text | None = None
    regex: Text | None = None
    choices: dict[Text, Phrases] | None = None
    dtmf: Text | None = None
    verbatim: bool = False
    retries: int = Field(default=2, ge=0, le=10)
    prefill: bool = False
    pii: bool = False


class Lexicon(_Strict):
    affirm: Phrases = ()
    deny: Phrases = ()
    refuse: Phrases = ()
    backchannel: Phrases = ()


class Intent(_Strict):
    phrases: Phrases = ()
    regex: Annotated[tuple[Text, ...], Field(max_length=200)] = ()
    examples: Phrases = ()

    @model_validator(mode="before")
    @classmethod
    def _one_regex(cls, value: Any) -> Any:
        return _listify(value, "regex")


class Barge(_Strict):
    mode: BargeMode = "words"
    guard_ms: int = Field(default=500, ge=0, le=10_000)
    min_ms: int = Field(default=300, ge=0, le=5_000)
    min_words: int = Field(default=2, ge=1, le=20)
    keywords: Phrases = ()
    pause_first: bool = True
    backchannel: Literal["ignore", "answer"] = "ignore"
    resume: Literal["continue", "restart", "reask"] = "continue"


class BargeOverride(_Strict):
    mode: BargeMode | None = None
    guard_ms: int | None = Field(default=None, ge=0, le=10_000)
    min_ms: int | None = Field(default=None, ge=0, le=5_000)
    min_words: int | None = Field(default=None, ge=1, le=20)
    keywords: Phrases | None = None
    pause_first: bool | None = None
    backchannel: Literal["ignore", "answer"] | None = None
    resume: Literal["continue", "restart", "reask"] | None = None


DEFAULT_ORDER: tuple[Category, ...] = ("kb", "intent", "affirm", "deny", "refuse", "unrecognised")


class Turn(_Strict):
    timeout_ms: int = Field(default=4000, ge=500, le=60_000)
    end_silence_ms: int = Field(default=700, ge=100, le=5_000)
    max_speech_ms: int = Field(default=15_000, ge=1_000, le=120_000)
    hotwords: Phrases = ()
    barge: Barge = Barge()
    order: tuple[Category, ...] = DEFAULT_ORDER


class Limits(_Strict):
    max_turns: int = Field(default=20, ge=1, le=500)
    max_seconds: int = Field(default=300, ge=5, le=7200)
    silence: int = Field(default=2, ge=1, le=20)
    unrecognised: int = Field(default=3, ge=1, le=20)
    same_kb: int = Field(default=2, ge=1, le=20)
    questions: int = Field(default=20, ge=1, le=500)


class NextStep(_Strict):
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


class BranchCase(_Strict):
    when: Text
    goto: Ident


class AbArm(_Strict):
    name: Ident
    weight: float = Field(default=1.0, gt=0, le=1000)
    goto: Ident


class TransferTarget(_Strict):
    group: Text


class Node(_Strict):
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
    next: NextMap = {}
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


class Flow(_Strict):
    start: Ident
    nodes: dict[Ident, Node] = Field(min_length=1, max_length=2000)


class Then(_Strict):
    resume: Resume | None = None
    lead: Variants = ()
    goto: Ident | None = None
    end: Ident | None = None
    transfer: Text | None = None


class Validity(_Strict):
    from_: Day | None = Field(default=None, alias="from")
    until: Day | None = None


class KbEntry(_Strict):
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
        return _listify(value, "regex")


GlobalEvent = Literal["answered_by_machine", "hangup", "dtmf"]


class GlobalRule(_Strict):
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
        return _listify(value, "regex")


class GradingRule(_Strict):
    grade: Annotated[str, Field(pattern=r"^[A-F]$")]
    when: Text


class Grading(_Strict):
    scale: dict[Annotated[str, Field(pattern=r"^[A-F]$")], Text] = {}
    rules: tuple[GradingRule, ...] = ()
    follow_up: dict[Annotated[str, Field(pattern=r"^[A-F]$")], Text] = {}


class PortraitRule(_Strict):
    key: Ident
    from_: Text = Field(alias="from")
    ttl_days: int = Field(ge=1, le=3650)
    consent: Text


class TestTurn(_Strict):
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


class Expect(_Strict):
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
            value = _listify(value, key)
        return value


class ScriptTest(_Strict):
    name: Text
    vars: dict[str, Text] = {}
    turns: tuple[TestTurn, ...] = Field(max_length=200)
    expect: Expect


class Script(_Strict):
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
    vars: dict[Ident, Var] = {}
    slots: dict[Ident, Slot] = {}
    lexicon: Lexicon = Lexicon()
    intents: dict[Ident, Intent] = {}
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


def _listify(value: Any, key: str) -> Any:
    if (
        isinstance(value, dict)
        and isinstance(value.get(key), str | int | float)
        and not isinstance(value.get(key), bool)
    ):
        return {**value, key: [value[key]]}
    return value
