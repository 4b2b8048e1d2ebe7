"""What a decision looks at: values only, gathered by whoever wants to dial. `None` is "nobody knows", and what nobody knows blocks.

Counts, not queries: `campaigns/facts.py` reads them within the transaction of the dial, the demo and tests write them by hand.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from operator import attrgetter
from typing import Any, Literal

from callwright.values import quick

__all__ = [
    "ANSWERED",
    "BASES",
    "DISPOSITIONS",
    "PAST_DAYS",
    "PURPOSES",
    "Abandonment",
    "CallOutcome",
    "CompanyFacts",
    "ConsentFacts",
    "DialFacts",
    "DueFreeze",
    "Freeze",
    "PastCall",
    "RegistryFacts",
    "ScriptFacts",
    "Suspect",
]

PAST_DAYS = 31
"""How far back `DialFacts.past` reaches."""

PURPOSES = frozenset({"marketing", "service", "survey", "notice", "inbound", "screening", "chat", "internal"})
"""What a call can be for (script/1, and `internal`). Any other word is as good as none: it could be marketing."""

BASES = frozenset({"consent", "contract", "legal_obligation", "existing_customer", "staff"})

ANSWERED = frozenset(
    {
        "completed", "opted_out", "declined", "transferred", "callback", "wrong_person", "no_interaction", "hung_up", "abused", "voicemail",
        "screened", "not_understood", "too_long", "interrupted_by_fault",
    }
)  # fmt: skip
"""Dispositions of answered calls (calls/disposition.py CONNECTED, which this room may not know; a test holds them together)."""

DISPOSITIONS = ANSWERED | {
    "busy", "line_busy", "no_answer", "rejected", "switched_off", "suspended", "out_of_service", "unreachable", "empty_number", "barred",
    "carrier_blocked", "network_fault", "unknown", "not_allowed",
}  # fmt: skip
"""All of them."""

FreezeScope = Literal["tenant", "company", "task", "voice"]
Voice = Literal["human", "synthetic", "recorded"]


@quick(frozen=True, slots=True)
class PastCall:
    """One earlier dial to this person. at: when it was dialled; counts: it stands against the caps (`attempt.counts`); disposition: ""
    while nobody knows yet; talk_ms: from answer to end."""

    at: datetime
    counts: bool = True
    disposition: str = ""
    talk_ms: int = 0
    task_id: int | None = None
    company_id: int | None = None

    @property
    def connected(self) -> bool:
        """Whether somebody may have answered: what nobody knows yet counts."""
        return self.disposition in ANSWERED or self.disposition in {"", "unknown"}


@dataclass(frozen=True, slots=True)
class Freeze:
    """A row of the freeze library that was not lifted. until: None = for good; scope_id: the company or task."""

    scope: FreezeScope
    reason: str
    frozen_at: datetime
    until: datetime | None = None
    scope_id: int | None = None


@dataclass(frozen=True, slots=True)
class DueFreeze:
    """A freeze that ought to be written: the rule that says so, and how long."""

    scope: FreezeScope
    reason: str
    until: datetime | None
    rule: str
    scope_id: int | None = None


@quick(frozen=True, slots=True)
class CallOutcome:
    """How a call came out. at: when it was dialled; ended_at: when it was over; said: what the person said, each turn as recognised."""

    at: datetime
    ended_at: datetime
    disposition: str
    talk_ms: int = 0
    said: tuple[str, ...] = ()
    task_id: int | None = None
    company_id: int | None = None


@dataclass(frozen=True, slots=True)
class Suspect:
    """Words that may be a refusal: a person decides. until: how long the freeze would be if they say yes; None = for good."""

    words: tuple[str, ...]
    rule: str
    until: datetime | None = None


@quick(frozen=True, slots=True)
class ConsentFacts:
    """A row of the consent ledger. company_id: None = given to the tenant itself; evidence: sha256 of the proof, "" = there is none."""

    basis: str
    scope: frozenset[str] = frozenset()
    given_at: datetime | None = None
    valid_until: datetime | None = None
    revoked_at: datetime | None = None
    company_id: int | None = None
    wording: str = ""
    evidence: str = ""
    id: int | None = None


@quick(frozen=True, slots=True)
class ScriptFacts:
    """The script version that will speak. reviewed: a person approved this very text; says: what it surely says before anything else
    (`ai`, `company`, `purpose`, `recording`, `opt_out`); voice: whose; records: the call is recorded; label_audible, label_metadata: the
    synthetic voice is marked for the ear and in the file."""

    digest: str = ""
    reviewed: bool | None = None
    says: frozenset[str] | None = None
    voice: Voice | None = None
    records: bool | None = None
    label_audible: bool | None = None
    label_metadata: bool | None = None


@quick(frozen=True, slots=True)
class CompanyFacts:
    """Whom the call is for. country: ISO; vetted_until: None with `vetted` = no end."""

    id: int | None = None
    country: str | None = None
    vetted: bool | None = None
    vetted_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RegistryFacts:
    """A do-not-call registry, as it was looked up. as_of: the date of the copy it was looked up in."""

    name: str
    listed: bool
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Abandonment:
    """Answered calls of this task with nobody to talk to. days: over how many; after_s: from the end of the greeting."""

    abandoned: int
    answered: int
    days: int = 30
    after_s: float = 2.0


@quick(frozen=True, slots=True)
class DialFacts:
    """Everything the decision looks at. Numbers are E.164; times are aware.

    Two ways to say the same: whoever rings one number (demo, transfer desk) gives `local_time`, `frozen`, `calls_today` and one `basis`;
    a campaign gives `zones`, `freezes`, `past` and `consents`, and the rules count for themselves.

    Args:
        purpose: of the script; `internal` = a call to one of our own people.
        local_time: the callee's own clock; not looked at when `zones` are known.
        clock: `real`, or `simulated` when the callee is a simulated person on loopback (then `local_time` is the rehearsal's clock).
        country: ISO country of the number.
        regions: every state or province the number could be in (`FL`); `None` = any of them.
        zones: every IANA zone the number could be in; `()` is as unknown as `None`.
        line_type: `mobile`, `fixed`, `fixed_or_mobile`, `voip`, ...
        callee_type: `consumer` or `business`.
        past: every dial to this person in the last 31 days, of all tasks, in any order; those to be counted as now running too.
        refusals: calls in which this person refused or opted out, older than `past` too (at least those of the last 400 days).
        suspects: how many of the words this person said wait for somebody to judge them.
        freezes: what was not lifted; those that are over may be among them.
        registries: the do-not-call registries the number was looked up in.
        pacing: `robot` (every answer is taken by a robot), `progressive`, `predictive`.
        ring_s: how long it will ring before we give up.
        caller_verified, caller_answers: the number shown was verified to be ours; whoever calls it back is answered.
    """

    callee: str
    caller: str
    owned_callers: frozenset[str]
    purpose: str
    basis: str | None = None
    consent_scope: frozenset[str] = frozenset()
    needed_scope: frozenset[str] = frozenset()
    consent_at: datetime | None = None
    consent_max_age_days: int | None = None
    local_time: datetime | None = None
    script_window: tuple[str, str] | None = None
    frozen: bool | None = None
    calls_today: int | None = None
    max_calls_per_day: int | None = None
    missing_vars: tuple[str, ...] = ()
    clock: str = "real"

    country: str | None = None
    regions: tuple[str, ...] | None = None
    zones: tuple[str, ...] | None = None
    line_type: str | None = None
    callee_type: str | None = None
    task_id: int | None = None
    company: CompanyFacts | None = None
    script: ScriptFacts | None = None
    consents: tuple[ConsentFacts, ...] | None = None
    past: tuple[PastCall, ...] | None = None
    refusals: tuple[PastCall, ...] | None = None
    freezes: tuple[Freeze, ...] | None = None
    suspects: int | None = None
    registries: tuple[RegistryFacts, ...] | None = None
    abandonment: Abandonment | None = None
    pacing: str | None = None
    ring_s: float | None = None
    caller_verified: bool | None = None
    caller_answers: bool | None = None

    @property
    def grounds(self) -> tuple[ConsentFacts, ...]:
        """Every basis on record: the ledger's, or the one that was given by itself."""
        if self.consents is not None:
            return self.consents
        if self.basis is None:
            return ()
        return (ConsentFacts(self.basis, self.consent_scope, self.consent_at),)

    def shared(self) -> str:
        """Canonical JSON of all facts but the callee and the consents: the same of all people of a batch who are alike."""
        return _told_of(self, _SHARED)

    def digest(self, shared: str | None = None) -> str:
        """sha256 over the canonical JSON of all facts, callee and consents last: the decision record names what was looked at without
        telling it. shared: what `shared` tells of these facts, by somebody who knows it already."""
        return hashlib.sha256(
            f"{self.shared() if shared is None else shared}{_told_of(self, _OWN)}".encode()
        ).hexdigest()


def _object(value: Any) -> str:
    """Canonical JSON of a value's fields, without those that nobody knows: what `json` makes of them, in a quarter of its time."""
    return _told_of(value, _fields(type(value)))


def _told_of(value: Any, these: Sequence[_Field]) -> str:
    fields = [f'{name}{_TOLD.get(type(each), _otherwise)(each)}' for name, read in these if (each := read(value)) is not None]  # fmt: skip
    return f"{{{','.join(fields)}}}"


def _fields(kind: Any) -> Sequence[_Field]:
    """In the order of their names."""
    known = _FIELDS.get(kind)
    if known is None:
        known = _FIELDS[kind] = tuple((f"{_quoted(name)}:", attrgetter(name)) for name in sorted(kind.__slots__))
    return known


_Field = tuple[str, Callable[[Any], Any]]
"""Its name as JSON and a colon, and how it is read."""
_FIELDS: dict[type, Sequence[_Field]] = {}
_OF_ITS_OWN = frozenset({'"callee":', '"consents":'})
_OWN = tuple(each for each in _fields(DialFacts) if each[0] in _OF_ITS_OWN)
_SHARED = tuple(each for each in _fields(DialFacts) if each[0] not in _OF_ITS_OWN)


@lru_cache(maxsize=4096)
def _same(value: Any) -> str:
    """Of values that are the same for one dial after the other."""
    return _object(value)


def _list(values: Iterable[Any]) -> str:
    return f"[{','.join([_TOLD.get(type(each), _otherwise)(each) for each in values])}]"


def _otherwise(value: Any) -> str:
    """Of what stands where it should not: the rules refuse it, the record tells of it."""
    return json.dumps(value, default=str, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


_TOLD: dict[type, Callable[[Any], str]] = {
    str: _quoted,
    bool: lambda value: "true" if value else "false",
    int: str,
    float: repr,
    datetime: lambda value: f'"{value.isoformat()}"',
    tuple: _list,
    frozenset: lambda value: _list(sorted(value)),
    ScriptFacts: _same,
    CompanyFacts: _same,
    PastCall: _object,
    Freeze: _object,
    ConsentFacts: _object,
    RegistryFacts: _object,
    Abandonment: _object,
}
