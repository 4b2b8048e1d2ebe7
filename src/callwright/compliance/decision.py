"""May this call be placed? A pure decision over facts; the only way to get a `Permit`, and a line only dials with a `Permit`.

The rule packs of docs/reference/compliance come with the campaigns; the house rules that no script may relax are here.
A fact that is unknown blocks (fail closed).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, time

from callwright.errors import RefusedError

__all__ = ["Decision", "DialFacts", "Permit", "Reason", "decide"]

HOUSE_WINDOW = (time(9, 0), time(20, 0))
MARKETING_BASES = frozenset({"consent"})
SERVICE_BASES = frozenset({"consent", "contract", "legal_obligation"})
INTERNAL_BASES = frozenset({"staff"})  # a call handed over to one of our own people


@dataclass(frozen=True, slots=True)
class DialFacts:
    """Everything the decision looks at. Numbers are E.164; `local_time` is the callee's own clock (None = unknown).

    clock: `real`, or `simulated` when the callee is a simulated person on loopback (then `local_time` is the rehearsal's clock).
    """

    callee: str
    caller: str
    owned_callers: frozenset[str]
    purpose: str
    basis: str | None
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


@dataclass(frozen=True, slots=True)
class Reason:
    rule: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Every rule that was looked at, with its outcome. `allow` only when all of them held."""

    callee: str
    caller: str
    decided_at: str
    reasons: tuple[Reason, ...]
    clock: str = "real"

    @property
    def allow(self) -> bool:
        return bool(self.reasons) and all(reason.ok for reason in self.reasons)

    @property
    def refusals(self) -> tuple[Reason, ...]:
        return tuple(reason for reason in self.reasons if not reason.ok)

    def digest(self) -> str:
        """sha256 over the canonical JSON of the decision: names it in the attempt and in the event log."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, ensure_ascii=False).encode()).hexdigest()

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


def decide(facts: DialFacts, now: datetime) -> Decision:
    """Evaluate every house rule over the facts at `now` (aware). Nothing short-circuits: the record shows all reasons."""
    reasons = (
        _basis(facts),
        _scope(facts),
        _age(facts, now),
        _window(facts),
        Reason(
            "frozen",
            facts.frozen is False,
            "not frozen" if facts.frozen is False else "frozen, or the frozen list is unknown",
        ),
        Reason(
            "caller-owned",
            facts.caller in facts.owned_callers,
            f"caller number {'is' if facts.caller in facts.owned_callers else 'is not'} ours",
        ),
        _caps(facts),
        Reason(
            "variables",
            not facts.missing_vars,
            "all there" if not facts.missing_vars else f"missing: {', '.join(facts.missing_vars)}",
        ),
    )
    return Decision(facts.callee, facts.caller, now.isoformat(timespec="seconds"), reasons, facts.clock)


def _basis(facts: DialFacts) -> Reason:
    allowed = {"marketing": MARKETING_BASES, "internal": INTERNAL_BASES}.get(facts.purpose, SERVICE_BASES)
    ok = facts.basis in allowed
    return Reason(
        "basis",
        ok,
        f"{facts.basis}"
        if ok
        else f"{facts.basis or 'no basis'} on record; {facts.purpose} needs one of {sorted(allowed)}",
    )


def _scope(facts: DialFacts) -> Reason:
    missing = facts.needed_scope - facts.consent_scope if facts.basis == "consent" else frozenset()
    return Reason("scope", not missing, "covered" if not missing else f"consent does not cover {sorted(missing)}")


def _age(facts: DialFacts, now: datetime) -> Reason:
    if facts.consent_max_age_days is None or facts.basis != "consent":
        return Reason("consent-age", True, "no limit")
    if facts.consent_at is None:
        return Reason("consent-age", False, "the date of the consent is unknown")
    days = (now - facts.consent_at).days
    ok = 0 <= days <= facts.consent_max_age_days
    return Reason("consent-age", ok, f"{days} days of at most {facts.consent_max_age_days}")


def _window(facts: DialFacts) -> Reason:
    """When people may be called. Our own staff take calls when they are at work: whoever calls us at night may be connected."""
    if facts.purpose == "internal" and facts.basis in INTERNAL_BASES:
        return Reason("window", True, "our own staff")
    if facts.local_time is None:
        return Reason("window", False, "the callee's local time is unknown")
    begin, end = HOUSE_WINDOW
    if facts.script_window is not None:
        begin = max(begin, time.fromisoformat(facts.script_window[0]))
        end = min(end, time.fromisoformat(facts.script_window[1]))
    ok = begin <= facts.local_time.time() < end
    return Reason("window", ok, f"{facts.local_time:%H:%M} {'within' if ok else 'outside'} {begin:%H:%M}-{end:%H:%M}")


def _caps(facts: DialFacts) -> Reason:
    if facts.calls_today is None:
        return Reason("calls-per-day", False, "the number of calls today is unknown")
    cap = facts.max_calls_per_day
    ok = cap is None or facts.calls_today < cap
    return Reason("calls-per-day", ok, f"{facts.calls_today} today, at most {cap if cap is not None else 'unlimited'}")
