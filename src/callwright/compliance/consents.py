"""The consent ledger: which consent covers a call, and how soon a revocation must be honoured. Pure.

We honour a revocation at once: a revoked consent covers nothing from that moment on. `honour_by` is the last moment that the law of the
person's country allows, kept for the proof that it was done in time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from callwright.compliance.facts import BASES, ConsentFacts
from callwright.compliance.workdays import after_days, after_working_days
from callwright.errors import InputError, Problem

__all__ = ["CLOCKS", "MEANS", "SCOPES", "Clock", "Covering", "NewConsent", "covering", "honour_by", "why_not"]

SCOPES = frozenset({"marketing", "service", "survey", "recording", "synthetic_voice", "profiling"})
"""What can be agreed to."""

MEANS = frozenset({"call", "key", "sms", "mail", "letter", "web", "person", "complaint", "registry", "other"})
"""How somebody can take consent back: any way they like."""

_BY_PURPOSE: Mapping[str, frozenset[str]] = MappingProxyType({"marketing": frozenset({"consent"})})
_LEDGER_BASES = BASES - {"staff"}
_ANY_BASIS = frozenset({"consent", "contract", "legal_obligation"})
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Clock:
    """How long a revocation may take. unit: `working` days of that country, or calendar `days`; 0 = at once. source: where it stands."""

    days: int
    unit: Literal["working", "days"]
    source: str
    as_of: str


CLOCKS: Mapping[str, Clock] = MappingProxyType(
    {
        "CN": Clock(0, "days", "个人信息保护法 15, 16; 工信部联信管〔2018〕138号", "2026-11"),
        "US": Clock(10, "working", "47 CFR 64.1200(a)(10)", "2026-11"),
        "CA": Clock(14, "days", "CRTC Unsolicited Telecommunications Rules, internal do-not-call list", "2026-11"),
    }
)
"""Country -> its clock. A country that is not here: at once (GDPR 7(3), PECR 19)."""


@dataclass(frozen=True, slots=True)
class NewConsent:
    """A row to be added.

    Args:
        evidence: sha256 (hex) of what proves it: form, recording, row of a file. Without it `consent` is not believed.
        wording: version of the text that was agreed to.

    Raises:
        InputError: a word is none of the ledger's, or a consent comes without time or proof.
    """

    basis: str
    scope: frozenset[str]
    given_at: datetime | None
    company_id: int | None = None
    wording: str = ""
    channel: str = ""
    source: str = ""
    evidence: str = ""
    valid_until: datetime | None = None

    def __post_init__(self) -> None:
        problems = _wrong(self)
        if problems:
            raise InputError(problems)


@dataclass(frozen=True, slots=True)
class Covering:
    """consent: what the call may rest on, None = nothing; reasons: why each of the others does not do, as `id: why`."""

    consent: ConsentFacts | None
    reasons: tuple[str, ...]


def covering(
    consents: Iterable[ConsentFacts],
    now: datetime,
    *,
    purpose: str,
    scope: frozenset[str] = frozenset(),
    company_id: int | None = None,
) -> Covering:
    """What covers a call for this purpose: the youngest consent, else another basis. scope: what must be agreed to beside it."""
    good: list[ConsentFacts] = []
    reasons: list[str] = []
    for one in consents:
        why = why_not(one, now, purpose=purpose, scope=scope, company_id=company_id)
        good.append(one) if not why else reasons.append(f"{one.id}: {why}")
    best = max(good, key=lambda one: (one.basis == "consent", one.given_at is not None, _age(one, now)), default=None)
    return Covering(best, tuple(reasons))


def why_not(
    one: ConsentFacts,
    now: datetime,
    *,
    purpose: str,
    scope: frozenset[str] = frozenset(),
    company_id: int | None = None,
) -> str:
    """Why this does not cover the call; "" when it does."""
    allowed = _BY_PURPOSE.get(purpose, _ANY_BASIS)
    needed = scope | ({purpose} if purpose in SCOPES else set())
    if one.revoked_at is not None and one.revoked_at <= now:
        return f"revoked on {one.revoked_at:%Y-%m-%d}"
    if one.basis not in allowed:
        return f"{one.basis} is no basis for {purpose}"
    if one.company_id is not None and one.company_id != company_id:
        return "given to another company"
    if one.given_at is not None and one.given_at > now:
        return "not yet given"
    if one.valid_until is not None and one.valid_until <= now:
        return f"ended on {one.valid_until:%Y-%m-%d}"
    if one.basis == "consent":
        if one.given_at is None:
            return "nobody knows when it was given"
        if not one.evidence:
            return "there is no proof of it"
        if needed - one.scope:
            return f"does not cover {', '.join(sorted(needed - one.scope))}"
    return ""


def honour_by(revoked_at: datetime, country: str) -> datetime:
    """The last moment at which that country's law lets a revocation come into force; `revoked_at` itself where it is at once."""
    clock = CLOCKS.get(country)
    if clock is None or not clock.days:
        return revoked_at
    after = after_working_days if clock.unit == "working" else after_days
    return after(revoked_at, clock.days, country)


def _age(one: ConsentFacts, now: datetime) -> float:
    return (one.given_at - now).total_seconds() if one.given_at is not None else 0.0


def _wrong(new: NewConsent) -> list[Problem]:
    problems: list[Problem] = []
    if new.basis not in _LEDGER_BASES:
        hint = f"one of {', '.join(sorted(_LEDGER_BASES))}"
        problems.append(Problem("basis", f"there is no basis {new.basis[:20]!r}", hint=hint))
    unknown = sorted(new.scope - SCOPES)
    if unknown:
        problems.append(
            Problem("scope", f"nobody agrees to {unknown[0][:30]!r}", hint=f"some of {', '.join(sorted(SCOPES))}")
        )
    if new.evidence and not _SHA256.fullmatch(new.evidence):
        problems.append(Problem("evidence", "evidence is no sha256", hint="64 digits: sha256sum FILE"))
    if new.basis == "consent":
        if new.given_at is None:
            problems.append(Problem("given-at", "a consent has a date"))
        if not new.evidence:
            problems.append(
                Problem("evidence", "a consent has a proof", hint="give the form, recording or mail itself")
            )
        if not new.scope:
            problems.append(Problem("scope", "a consent says to what", hint=f"some of {', '.join(sorted(SCOPES))}"))
    return problems
