"""The decision record: what was decided about one dial, sealed so that nobody can change it unseen. Pure.

Each record is canonical JSON (`body`). Its hash is sha256(hash of the record before it || body). One chain for each tenant, numbered from 1
without gaps, begun by 32 zero bytes. Records that are written together are signed once, at the last of them (`signed`): Ed25519 (RFC 8032)
over `callwright-record-1:` and its hash, which all before it are part of. What its rules said is canonical JSON as well, kept once however many
records say the same; a body names it by its sha256. A body names people, leads and tasks by their ids, and what was looked at by a keyed
digest: a phone number stands in neither.
docs/reference/decision-records.md draws every field.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from typing import Literal, Protocol

from callwright import __version__
from callwright.values import quick

__all__ = [
    "GENESIS",
    "Decided",
    "Head",
    "Kind",
    "NewRecord",
    "RuleOutcome",
    "Sealed",
    "canonical",
    "chain",
    "digest_of",
    "iso",
    "link",
    "signed_bytes",
]

GENESIS = bytes(32)
"""What stands for the hash of the record before the first."""

Kind = Literal["dial", "refusal"]

_SOFTWARE = _quoted(f"callwright {__version__}")
_ENCODE = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class RuleOutcome(Protocol):
    """One rule that was looked at. `compliance.reasons.Reason` is one."""

    @property
    def rule(self) -> str: ...
    @property
    def ok(self) -> bool: ...
    @property
    def detail(self) -> str: ...
    @property
    def pack(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def outcome(self) -> str: ...


class Decided(Protocol):
    """What a record needs of a decision. `compliance.decision.Decision` is one."""

    @property
    def callee(self) -> str: ...
    @property
    def allow(self) -> bool: ...
    @property
    def reasons(self) -> Sequence[RuleOutcome]: ...
    @property
    def next_allowed_at(self) -> datetime | None: ...
    @property
    def packs(self) -> Sequence[str]: ...
    @property
    def calendar(self) -> str: ...
    @property
    def clock(self) -> str: ...


@quick(frozen=True, slots=True)
class NewRecord:
    """What is to be written down.

    Args:
        facts_digest: `DialFacts.digest()`; the record holds it keyed, because eleven digits could be tried out.
        evidence: what the decision rests on, by name: ids of rows and sha256 of proofs (`{"consent": 17, "proof": "9f..."}`).
        because: why an allowed call was not dialled after all (`pre_dial`: the customer's webhook said no); only of a refusal.
    """

    kind: Kind
    at: datetime
    decision: Decided
    facts_digest: str
    person_id: int | None = None
    task_id: int | None = None
    lead_id: int | None = None
    attempt_id: str | None = None
    company_id: int | None = None
    script_version_id: int | None = None
    own_number_id: int | None = None
    evidence: Mapping[str, str | int] = field(default_factory=dict)
    because: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: number and hash of its last record; 0 and GENESIS of an empty one."""

    seq: int = 0
    hash: bytes = GENESIS


@quick(frozen=True, slots=True)
class Sealed:
    """A record as it is kept. signature: b"" = the next one that has a signature
    vouches for this one too; rules: what each rule said, the text that `body` names by its digest ("" of what has no rules)."""

    seq: int
    body: str
    hash: bytes
    signature: bytes
    rules: str = ""

    @property
    def id(self) -> str:
        """The first half of the hash, in hex: by this anybody tells whether two records are the same."""
        return self.hash[:16].hex()


def canonical(value: object) -> str:
    """Canonical JSON: sorted keys, no blanks, letters as they are, no fractions of doubtful length (NaN is refused).

    Raises:
        ValueError: a number that JSON has no word for.
    """
    return _ENCODE(value)


def link(before: bytes, body: str) -> bytes:
    """sha256(before || body): the hash of a record."""
    return hashlib.sha256(before + body.encode()).digest()


def digest_of(rules: str) -> bytes:
    """sha256 of what the rules said: by this a body names it."""
    return hashlib.sha256(rules.encode()).digest()


def signed_bytes(hashed: bytes) -> bytes:
    """What the signature of a record is over."""
    return b"callwright-record-1:" + hashed


def chain(
    tenant: int,
    head: Head,
    entries: Sequence[NewRecord],
    sign: Callable[[bytes], bytes],
    keyed: Callable[[str], bytes],
) -> list[Sealed]:
    """The entries as the next records of the chain, in their order; the last one signed. keyed: the tenant's blind index.

    Raises:
        ValueError: an entry contradicts its decision, or would tell a phone number: it must not be written, so nobody is dialled.
    """
    sealed: list[Sealed] = []
    seq, before = head.seq, head.hash
    last: Sequence[RuleOutcome] | None = None
    rules = named = ""
    for at, entry in enumerate(entries, start=1):
        seq += 1
        signs = at == len(entries)
        reasons = entry.decision.reasons
        if last is not reasons:  # people who are alike share them
            last, rules = reasons, f"[{','.join(map(_rule, reasons))}]"
            named = digest_of(rules).hex()
        _check(entry, rules)
        body = _body(tenant, seq, entry, keyed(entry.facts_digest).hex(), named, signs)
        before = link(before, body)
        signature = sign(signed_bytes(before)) if signs else b""
        sealed.append(Sealed(seq, body, before, signature, rules))
    return sealed


def _body(tenant: int, seq: int, entry: NewRecord, inputs: str, rules: str, signs: bool) -> str:
    """Written by hand, in the order of its keys: what `canonical` makes of the same mapping, at a third of its cost."""
    decision = entry.decision
    later = "null" if decision.next_allowed_at is None else _quoted(iso(decision.next_allowed_at))
    body = (
        f'{{"at":{_quoted(iso(entry.at))},"attempt":{_or_null(entry.attempt_id)},"because":{_quoted(entry.because)}'
        f',"calendar":{_quoted(decision.calendar)},"clock":{_quoted(decision.clock)},"company":{_or_null(entry.company_id)}'
        f',"evidence":{canonical(dict(entry.evidence))},"inputs":"{inputs}","kind":"{entry.kind}"'
        f',"lead":{_or_null(entry.lead_id)},"next_allowed_at":{later},"own_number":{_or_null(entry.own_number_id)}'
        f',"packs":[{",".join(map(_quoted, decision.packs))}],"person":{_or_null(entry.person_id)}'
        f',"rules":"{rules}","script_version":{_or_null(entry.script_version_id)}'
        f',"seq":{seq},"signed":{"true" if signs else "false"},"software":{_SOFTWARE},"task":{_or_null(entry.task_id)},"tenant":{tenant}'
        f',"verdict":"{"allowed" if decision.allow else "refused"}"}}'
    )
    if decision.callee and decision.callee in body:
        raise ValueError("a decision record may not hold the number that was called")
    return body


def _check(entry: NewRecord, rules: str) -> None:
    callee, allow = entry.decision.callee, entry.decision.allow
    if callee and callee in rules:
        raise ValueError("a decision record may not hold the number that was called: a rule wrote it into its detail")
    if not entry.decision.reasons:
        raise ValueError("a decision that looked at no rule is none")
    if entry.kind == "dial" and (not allow or entry.because or not entry.attempt_id):
        raise ValueError("a dial is recorded with the decision that allows it and with its attempt")
    if entry.kind == "refusal" and allow and not entry.because:
        raise ValueError("a refusal is recorded with the decision that refuses, or with what else stood against it")
    if not all(isinstance(value, str | int) for value in entry.evidence.values()):
        raise ValueError("evidence is named by ids and digests")


_MOST_RULES = 8192
_RULES: dict[
    int, tuple[RuleOutcome, str]
] = {}  # by identity: most rules say the same, as the same object, of one dial after the other


def _rule(reason: RuleOutcome) -> str:
    known = _RULES.get(id(reason))
    if known is not None and known[0] is reason:
        return known[1]
    told = (
        f'{{"detail":{_quoted(reason.detail)},"ok":{"true" if reason.ok else "false"},"outcome":{_quoted(reason.outcome)}'
        f',"pack":{_quoted(reason.pack)},"rule":{_quoted(reason.rule)},"severity":{_quoted(reason.severity)}'
        f',"version":{_quoted(reason.version)}}}'
    )
    if len(_RULES) >= _MOST_RULES:
        _RULES.clear()
    _RULES[id(reason)] = (reason, told)
    return told


def _or_null(value: str | int | None) -> str:
    return "null" if value is None else _quoted(value) if isinstance(value, str) else str(value)


def iso(moment: datetime) -> str:
    """A moment as records write it: UTC, to the millisecond."""
    return _iso(moment.astimezone(UTC))


@lru_cache(maxsize=64)  # what is decided together is decided at one moment
def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
