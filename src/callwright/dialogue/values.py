"""The values the dialogue takes and returns. Everything is frozen; times are ms since the call was answered (or since chat began).

in:  Event    what happened (Answered, Heard, Silence, Dtmf, ActionDone, TransferDone, OtherParty, Hangup,
              TimeUp)
out: Act      what the shell shall do (Say, Do, Transfer, End), in order
     Entry    what was decided and why, for the event log
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "Act",
    "ActionDone",
    "Answered",
    "Candidate",
    "Context",
    "Do",
    "Dtmf",
    "End",
    "Entry",
    "Event",
    "Hangup",
    "Heard",
    "Listen",
    "OtherParty",
    "Say",
    "Signals",
    "Silence",
    "SlotValue",
    "TimeUp",
    "Transfer",
    "TransferDone",
    "Understood",
]

# ---------------------------------------------------------------- what was understood


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reading of (part of) a sentence, before categories are applied.

    kind: `global` | `kb` | `intent` | `affirm` | `deny` | `refuse`; id: rule/entry/intent id ("" for the lexicon classes).
    span: [begin, end) in the normalised text; source: how it was found; score: 1.0 for author rules, calibrated 0..1 for the ranker.
    why: the phrase, pattern, or the strongest n-grams.
    """

    kind: Literal["global", "kb", "intent", "affirm", "deny", "refuse"]
    id: str
    span: tuple[int, int]
    source: Literal["phrase", "combination", "regex", "pinyin", "derived", "ranker"]
    score: float = 1.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class SlotValue:
    """A value read from a sentence. value: JSON scalar or mapping (ISO date/time, number, E.164 where possible);
    raw: the words; span in the normalised text; ambiguous: other values it could be (empty = none)."""

    type: str
    value: Any
    raw: str
    span: tuple[int, int]
    ambiguous: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Signals:
    """How it was said. Booleans come from curated lists; emotion is `neutral` | `negative` | `positive`."""

    refusal: bool = False
    profanity: bool = False
    busy: bool = False
    wants_human: bool = False
    emotion: Literal["neutral", "negative", "positive"] = "neutral"


@dataclass(frozen=True, slots=True)
class Understood:
    """What a sentence may mean. `candidates` have the longest-span rule and derived negation already applied.

    decision: `accept` (candidates stand), `clarify` (the ranker's best two are close: `ranking`), `reject` (nothing).
    ranking: the ranker's best three (kind:id, calibrated score), whatever the decision.
    """

    text: str
    normalised: str
    candidates: tuple[Candidate, ...] = ()
    decision: Literal["accept", "clarify", "reject"] = "reject"
    ranking: tuple[tuple[str, float], ...] = ()
    signals: Signals = Signals()
    only_backchannel: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What the node expects; masks the ranker. Ids, in file order. `now` is an ISO minute for relative dates ("" = unknown)."""

    kb: frozenset[str] | None = None  # None = all entries
    intents: frozenset[str] | None = None
    classes: frozenset[str] = frozenset({"affirm", "deny", "refuse"})
    now: str = ""
    window: tuple[str, str] | None = None  # calling window "09:00".."20:00": a bare "七点" inherits it


# ---------------------------------------------------------------- events in


@dataclass(frozen=True, slots=True)
class Answered:
    """The callee answered. by: `human`, `machine` (voicemail, menu), `screening` (a screener or assistant, told in one sentence who
    calls by the rule with role `call_screening`; without one, as a machine) or `unknown` (treated as human)."""

    at_ms: int = 0
    by: Literal["human", "machine", "screening", "unknown"] = "unknown"


@dataclass(frozen=True, slots=True)
class Heard:
    """A final utterance. during: the node whose prompt was being spoken ("" = robot was silent);
    interrupted: the prompt was cut off by it."""

    at_ms: int
    text: str
    during: str = ""
    interrupted: bool = False
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Silence:
    """The caller said nothing for the node's `timeout_ms`."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Dtmf:
    at_ms: int
    digits: str


@dataclass(frozen=True, slots=True)
class ActionDone:
    """The actions of an `action` node came back."""

    at_ms: int
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TransferDone:
    """A person took over (`ok`), or nobody did within `wait_s`; back: a person did, and gave the call back."""

    at_ms: int
    ok: bool
    detail: str = ""
    back: bool = False


@dataclass(frozen=True, slots=True)
class OtherParty:
    """Somebody else has come to the far end, in the place of whoever was there (a call handed over), and has not heard that a robot speaks.
    cut: sources of the texts that were stopped for it, or not begun, in order; what was said of them counts as said to nobody."""

    at_ms: int
    cut: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hangup:
    at_ms: int
    by: Literal["caller", "network", "operator"] = "caller"


@dataclass(frozen=True, slots=True)
class TimeUp:
    """`limits.max_seconds` is over; the shell sends it once."""

    at_ms: int


Event = Answered | Heard | Silence | Dtmf | ActionDone | TransferDone | OtherParty | Hangup | TimeUp

# ---------------------------------------------------------------- acts out


@dataclass(frozen=True, slots=True)
class Say:
    """Speak. text is rendered (vars and slots filled in); audio is the recording's name or None; source tells where the wording
    stands (`node:opening/say/0`, `kb:price/answers/1`, `global:robot/say/0`, `default:no_input`); template is the unrendered text."""

    text: str
    source: str
    node: str
    audio: str | None = None
    template: str = ""
    barge: str = "words"  # effective barge mode of this prompt


@dataclass(frozen=True, slots=True)
class Do:
    kind: str
    arg: Any = None


@dataclass(frozen=True, slots=True)
class Transfer:
    group: str
    brief: Mapping[str, Any] = field(default_factory=dict)
    wait_s: int = 30


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait for the caller: always the last act unless the call ends, transfers or awaits an action."""

    node: str
    timeout_ms: int
    end_silence_ms: int
    max_speech_ms: int
    context: Context = Context()
    slot_type: str | None = None  # a `collect` node waits for this type
    phrases: tuple[str, ...] = ()  # what the node expects, for the recogniser
    hotwords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class End:
    """The dialogue is over with this value; the shell lets the last prompt finish, then hangs up."""

    value: str


Act = Say | Do | Transfer | Listen | End


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the event log. kind: `answered`, `heard`, `understood`, `said`, `entered`, `counted`, `slot`, `did`, `kb`, `global`,
    `learn`, `ab`, `transfer`, `end`, `graded`, ... ; data is JSON-ready and says why."""

    kind: str
    at_ms: int
    data: Mapping[str, Any] = field(default_factory=dict)
