"""May this call be placed? A pure decision over facts; the only way to get a `Permit`, and a line only dials with a `Permit`.

House rules (house.py) that nothing can relax, then the rules of every pack that could apply (packs.py). A fact that is unknown blocks, a rule
that fails blocks (fail closed).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from json.encoder import encode_basestring as _quoted
from typing import Protocol

from callwright.compliance.facts import DialFacts, DueFreeze
from callwright.compliance.house import house_next, house_reasons, is_internal
from callwright.compliance.reasons import Reason
from callwright.errors import RefusedError

__all__ = ["Decision", "DialFacts", "Permit", "Reason", "RuleSet", "Verdict", "decide"]

_MOST_ROUNDS = 64


@dataclass(frozen=True, slots=True)
class Verdict:
    """What packs say. packs: `cn@2026.11`, those that were looked at; calendar: which public holidays; due: freezes that ought to be there."""

    reasons: tuple[Reason, ...]
    packs: tuple[str, ...] = ()
    calendar: str = ""
    due: tuple[DueFreeze, ...] = ()


class RuleSet(Protocol):
    """Rules beside the house's; `packs.Packs` is one."""

    def judge(self, facts: DialFacts, now: datetime) -> Verdict:
        """Every rule that could apply. Does not raise: a rule that fails refuses."""

    def next_at(self, facts: DialFacts, after: datetime) -> datetime | None:
        """The earliest moment from `after` on at which every rule about time holds, if nobody calls meanwhile. None = never or unknown."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Every rule that was looked at, with its outcome. `allow` only when none of them refuses.

    next_allowed_at: of a refusal, the earliest moment at which all rules about time would hold; None when something else refuses as well (time
    alone does not heal it), or when nobody knows.
    """

    callee: str
    caller: str
    decided_at: str
    reasons: tuple[Reason, ...]
    clock: str = "real"
    next_allowed_at: datetime | None = None
    packs: tuple[str, ...] = ()
    calendar: str = ""
    due: tuple[DueFreeze, ...] = ()
    allow: bool = field(init=False)
    _shared: str = field(
        default="", init=False, repr=False, compare=False
    )  # what the digest is over, but for whom it is about

    def __post_init__(self) -> None:
        allow = bool(self.reasons) and not [reason for reason in self.reasons if not reason.ok and reason.refuses]
        object.__setattr__(self, "allow", allow)  # looked at ten times for each dial

    @property
    def refusals(self) -> tuple[Reason, ...]:
        return tuple(reason for reason in self.reasons if reason.refuses)

    @property
    def warnings(self) -> tuple[Reason, ...]:
        """What does not hold, but does not refuse either."""
        return tuple(reason for reason in self.reasons if not reason.ok and not reason.refuses)

    def about(self, callee: str) -> Decision:
        """The same about somebody else, of whom all that rules look at is the same."""
        self._rest()
        other = object.__new__(Decision)
        for name in _SLOTS:
            object.__setattr__(other, name, getattr(self, name))
        object.__setattr__(other, "callee", callee)
        return other

    def canonical(self) -> str:
        """Canonical JSON (sorted keys, no blanks, UTF-8) of the whole decision."""
        return self._with(f"[{_told(self.reasons)}]", f',"callee":{_quoted(self.callee)}')

    def digest(self) -> str:
        """sha256 over `canonical` without the callee, in which the reasons stand as the sha256 of theirs, and then the callee: what comes
        first is the same for all people of a batch who are alike. Names the decision in the event log."""
        return hashlib.sha256(f"{self._rest()}{_quoted(self.callee)}".encode()).hexdigest()

    def _rest(self) -> str:
        if not self._shared:
            object.__setattr__(self, "_shared", self._with(f'"{_digest(self.reasons)}"', ""))
        return self._shared

    def _with(self, reasons: str, callee: str) -> str:
        due = [[due.rule, due.reason, due.scope, due.scope_id, _iso(due.until)] for due in self.due]
        head = (
            f'{{"allow":{"true" if self.allow else "false"},"calendar":{_quoted(self.calendar)}{callee}'
            f',"caller":{_quoted(self.caller)},"clock":{_quoted(self.clock)},"decided_at":{_quoted(self.decided_at)}'
            f',"due":{_json(due) if due else "[]"},"next_allowed_at":{_json(_iso(self.next_allowed_at))}'
            f',"packs":[{",".join(map(_quoted, self.packs))}]'
        )
        return f'{head},"reasons":{reasons}}}'

    def permit(self) -> Permit:
        """The permit to dial, once allowed.

        Raises:
            RefusedError: when any rule did not hold.
        """
        if not self.allow:
            raise RefusedError(
                "; ".join(f"{reason.rule}: {reason.detail}" for reason in self.refusals) or "no rule was evaluated"
            )
        return Permit(callee=self.callee, caller=self.caller, decision=self.digest(), _key=_MINT)


_SLOTS = tuple(each.name for each in fields(Decision))
_MINT = object()


@dataclass(frozen=True, slots=True)
class Permit:
    """Proof that one dial was allowed. Only `Decision.permit` can make one; `LineDriver.place` takes nothing else."""

    callee: str
    caller: str
    decision: str
    _key: object = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self._key is not _MINT:
            raise RefusedError("a permit comes from an allowing decision only")


def decide(facts: DialFacts, now: datetime, packs: RuleSet | None = None) -> Decision:
    """Evaluate the house rules and, if given, the packs over the facts at `now` (aware). Nothing short-circuits: the record shows all reasons.

    A call to our own staff is judged by the house alone.
    """
    decided_at = now.isoformat(timespec="seconds")
    now = now.astimezone(UTC)  # Python adds to a local time by its clock on the wall
    reasons = house_reasons(facts, now)
    rules = None if packs is None or is_internal(facts) else packs
    verdict = rules.judge(facts, now) if rules is not None else _NOTHING
    reasons += verdict.reasons
    refusing = [reason for reason in reasons if not reason.ok and reason.refuses]
    following = _next(facts, now, rules, refusing) if refusing else None
    return Decision(
        facts.callee,
        facts.caller,
        decided_at,
        reasons,
        facts.clock,
        following,
        verdict.packs,
        verdict.calendar,
        verdict.due,
    )


_NOTHING = Verdict(())


def _next(facts: DialFacts, now: datetime, rules: RuleSet | None, refusing: list[Reason]) -> datetime | None:
    """The least moment at which house and packs agree: each is asked for its next one in turn until neither moves it."""
    if any(reason.next_at is None for reason in refusing):
        return None
    moment = now
    for _ in range(_MOST_ROUNDS):
        later = house_next(facts, moment)
        if later is not None and rules is not None:
            later = rules.next_at(facts, later)
        if later is None or later == moment:
            return later
        moment = later
    return None


_MOST_DIGESTS = 256
_DIGESTS: dict[int, tuple[Sequence[Reason], str]] = {}  # by identity: people who are alike share their reasons


def _digest(reasons: Sequence[Reason]) -> str:
    known = _DIGESTS.get(id(reasons))
    if known is not None and known[0] is reasons:
        return known[1]
    digest = hashlib.sha256(_told(reasons).encode()).hexdigest()
    if len(_DIGESTS) >= _MOST_DIGESTS:
        _DIGESTS.clear()
    _DIGESTS[id(reasons)] = reasons, digest
    return digest


def _told(reasons: Sequence[Reason]) -> str:
    return ",".join([reason.canonical() for reason in reasons])


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
