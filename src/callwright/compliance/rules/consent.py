"""consent: why this person may be called at all; evidence: and what proves it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from callwright.compliance.facts import ConsentFacts, DialFacts
from callwright.compliance.house import holds
from callwright.compliance.pack_model import Strict
from callwright.compliance.rules.check import Finding, blocked, good, unknown

__all__ = ["Consent", "ConsentParams", "Evidence", "EvidenceParams", "in_force"]

Basis = Literal["consent", "contract", "legal_obligation", "existing_customer"]


def in_force(facts: DialFacts, now: datetime) -> list[ConsentFacts] | None:
    """Every basis that holds now and was given to this company or to the tenant; None = nobody looked."""
    if facts.consents is None and facts.basis is None:
        return None
    ours = facts.company.id if facts.company is not None else None
    return [each for each in facts.grounds if holds(each, now) and each.company_id in (None, ours)]


class ConsentParams(Strict):
    """basis: any of these; scope: what a consent must cover, all of it; seller: `named` = it was given to this very company; max_age_days: of
    a consent."""

    basis: Annotated[tuple[Basis, ...], Field(min_length=1)]
    scope: tuple[str, ...] = ()
    seller: Literal["any", "named"] = "any"
    max_age_days: int | None = Field(default=None, ge=1, le=36_500)


class Consent:
    def __init__(self, params: ConsentParams) -> None:
        self._basis: frozenset[str] = frozenset(params.basis)
        self._scope = frozenset(params.scope)
        self._named = params.seller == "named"
        self._age = None if params.max_age_days is None else timedelta(days=params.max_age_days)
        self._good: dict[str, Finding] = {name: good(f"{name} on record") for name in params.basis}
        covering = f" that covers {', '.join(params.scope)}" if params.scope else ""
        self._needed = f"needs {' or '.join(params.basis)}{covering}"

    def look(self, facts: DialFacts, now: datetime) -> Finding:
        grounds = in_force(facts, now)
        if grounds is None:
            return unknown("on what basis this person may be called")
        failing = "nothing in force on record"
        for ground in grounds:
            failure = self._failure(ground, now)
            if failure is None:
                return self._good[ground.basis]
            failing = failure
        return blocked(f"{self._needed}: {failing}")

    def _failure(self, ground: ConsentFacts, now: datetime) -> str | None:
        if ground.basis not in self._basis:
            return f"there is {ground.basis}"
        if ground.basis != "consent":
            return None
        if not self._scope <= ground.scope:
            return f"it does not cover {', '.join(sorted(self._scope - ground.scope))}"
        if self._named and ground.company_id is None:
            return "it names no company"
        if self._age is None:
            return None
        if ground.given_at is None:
            return "nobody knows when it was given"
        return "it is too old" if now - ground.given_at > self._age else None


class EvidenceParams(Strict):
    """need: `proof` = the hash of a form, recording or file row; `wording` = the version of what the person agreed to; `date`; max_age_days:
    of the proof. Only of the bases that are named."""

    need: tuple[Literal["proof", "wording", "date"], ...] = ("proof", "date")
    basis: tuple[Basis, ...] = ("consent",)
    max_age_days: int | None = Field(default=None, ge=1, le=36_500)


class Evidence:
    def __init__(self, params: EvidenceParams) -> None:
        self._params = params
        self._good = good(f"{', '.join(params.need)} on record")
        self._not_asked = good(f"no {' or '.join(params.basis)} that would need proof")

    def look(self, facts: DialFacts, now: datetime) -> Finding:
        grounds = in_force(facts, now)
        if grounds is None:
            return unknown("what proves the basis")
        asked = [each for each in grounds if each.basis in self._params.basis]
        if not asked:
            return self._not_asked if grounds else blocked("nothing in force on record")
        missing = [self._missing(each, now) for each in asked]
        return self._good if None in missing else blocked(f"{asked[0].basis}: {missing[0]}")

    def _missing(self, ground: ConsentFacts, now: datetime) -> str | None:
        need, age = self._params.need, self._params.max_age_days
        if "proof" in need and not ground.evidence:
            return "there is no proof"
        if "wording" in need and not ground.wording:
            return "nobody knows the wording"
        if ground.given_at is None:
            return "nobody knows when it was given" if "date" in need or age is not None else None
        return "the proof is too old" if age is not None and now - ground.given_at > timedelta(days=age) else None
