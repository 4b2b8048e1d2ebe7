"""The blocks of script/1 that stand around the flow: texts, actions, compliance, vars and slots, phrase classes, turn and limits.

Strict, frozen values; `callwright.script.model` builds the flow and the whole script from them and is where others import from.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = [
    "DEFAULT_ORDER",
    "Action",
    "Actions",
    "Barge",
    "BargeMode",
    "BargeOverride",
    "Category",
    "Channel",
    "Clock",
    "Compliance",
    "Consent",
    "Day",
    "Disclosure",
    "Ident",
    "Intent",
    "Lexicon",
    "Limits",
    "MaxCalls",
    "NodeType",
    "Phrase",
    "Phrases",
    "Pick",
    "Purpose",
    "Resume",
    "Slot",
    "Strict",
    "Text",
    "Turn",
    "Var",
    "Variant",
    "Variants",
    "Window",
    "listify",
]

Purpose = Literal["marketing", "service", "survey", "notice", "inbound", "screening", "chat"]
Channel = Literal["voice", "web", "wechat"]
Pick = Literal["sequence", "rotate", "random", "once"]
Category = Literal["kb", "intent", "affirm", "deny", "refuse", "unrecognised"]
Resume = Literal["reask", "repeat", "goto", "end", "transfer"]
BargeMode = Literal["none", "voice", "words", "sentence", "keywords"]
NodeType = Literal["say", "collect", "branch", "action", "transfer", "subflow", "ab"]


def as_text(value: Any) -> Any:
    """12321 without quotes loads as a number, 1.5 as a float: phrases are words, so they become text. Booleans are refused."""
    if isinstance(value, bool) or value is None:
        raise ValueError("expected text; put it in quotes (YAML reads bare yes/no/on/off/null as something else)")
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(as_text)]
Phrase = Annotated[str, BeforeValidator(as_text), Field(min_length=1, max_length=200)]
Phrases = Annotated[tuple[Phrase, ...], Field(max_length=5000)]
Ident = Annotated[str, BeforeValidator(as_text), Field(min_length=1, max_length=64, pattern=r"^[\w.-]+$")]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Action(Strict):
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


class Variant(Strict):
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


class Consent(Strict):
    required: bool = True
    scope: tuple[Text, ...] = ()
    max_age_days: int | None = Field(default=None, ge=1, le=36500)
    basis: Literal["consent", "contract", "legal_obligation", "vital_interest", "public_task"] | None = None


class Disclosure(Strict):
    node: Ident
    must: tuple[Literal["ai", "company", "purpose", "recording", "opt_out"], ...] = (
        "ai",
        "company",
        "purpose",
        "recording",
    )
    interruptible: bool = False


class Window(Strict):
    from_: Clock = Field(alias="from")
    to: Clock


class MaxCalls(Strict):
    per_day: int | None = Field(default=None, ge=1)
    per_30_days: int | None = Field(default=None, ge=1)


class Compliance(Strict):
    consent: Consent = Consent()
    disclosure: Disclosure | None = None
    honest_ai: bool = True
    opt_out: bool = True
    window: Window | None = None
    max_calls: MaxCalls = MaxCalls()
    forbidden: Phrases = ()
    forbidden_except: Phrases = ()
    sensitive: Phrases = ()


class Var(Strict):
    required: bool = False
    example: Text | None = None
    pii: bool = False


class Slot(Strict):
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


class Lexicon(Strict):
    affirm: Phrases = ()
    deny: Phrases = ()
    refuse: Phrases = ()
    backchannel: Phrases = ()


class Intent(Strict):
    phrases: Phrases = ()
    regex: Annotated[tuple[Text, ...], Field(max_length=200)] = ()
    examples: Phrases = ()

    @model_validator(mode="before")
    @classmethod
    def _one_regex(cls, value: Any) -> Any:
        return listify(value, "regex")


class Barge(Strict):
    mode: BargeMode = "words"
    guard_ms: int = Field(default=500, ge=0, le=10_000)
    min_ms: int | None = Field(default=None, ge=0, le=5_000)  # None: the robot's own, see docs/reference/script-1.md
    min_words: int = Field(default=2, ge=1, le=20)
    keywords: Phrases = ()
    pause_first: bool = True
    backchannel: Literal["ignore", "answer"] = "ignore"
    resume: Literal["continue", "restart", "reask"] = "continue"


class BargeOverride(Strict):
    mode: BargeMode | None = None
    guard_ms: int | None = Field(default=None, ge=0, le=10_000)
    min_ms: int | None = Field(default=None, ge=0, le=5_000)
    min_words: int | None = Field(default=None, ge=1, le=20)
    keywords: Phrases | None = None
    pause_first: bool | None = None
    backchannel: Literal["ignore", "answer"] | None = None
    resume: Literal["continue", "restart", "reask"] | None = None


DEFAULT_ORDER: tuple[Category, ...] = ("kb", "intent", "affirm", "deny", "refuse", "unrecognised")


class Turn(Strict):
    timeout_ms: int = Field(default=4000, ge=500, le=60_000)
    end_silence_ms: int = Field(default=700, ge=100, le=5_000)
    max_speech_ms: int = Field(default=15_000, ge=1_000, le=120_000)
    hotwords: Phrases = ()
    barge: Barge = Barge()
    order: tuple[Category, ...] = DEFAULT_ORDER


class Limits(Strict):
    max_turns: int = Field(default=20, ge=1, le=500)
    max_seconds: int = Field(default=300, ge=5, le=7200)
    silence: int = Field(default=2, ge=1, le=20)
    unrecognised: int = Field(default=3, ge=1, le=20)
    same_kb: int = Field(default=2, ge=1, le=20)
    questions: int = Field(default=20, ge=1, le=500)


def listify(value: Any, key: str) -> Any:
    if (
        isinstance(value, dict)
        and isinstance(value.get(key), str | int | float)
        and not isinstance(value.get(key), bool)
    ):
        return {**value, key: [value[key]]}
    return value
