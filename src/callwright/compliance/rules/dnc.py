"""dnc: a do-not-call registry was asked, with a copy that is fresh enough, and the number does not stand in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from callwright.compliance.facts import DialFacts
from callwright.compliance.pack_model import Strict
from callwright.compliance.rules.check import Finding, blocked, good
from callwright.compliance.rules.consent import in_force

__all__ = ["Dnc", "DncParams"]


class DncParams(Strict):
    """registry: its name in `DialFacts.registries`; max_age_days: of the copy; unless: bases on which a listed number may be called."""

    registry: str = Field(min_length=1, max_length=64)
    max_age_days: int = Field(ge=1, le=366)
    unless: tuple[Literal["consent", "contract", "existing_customer"], ...] = ()


class Dnc:
    """registry, max_age_days: as its parameters say."""

    def __init__(self, params: DncParams) -> None:
        self.registry, self.max_age_days = params.registry, params.max_age_days
        self._age = timedelta(days=params.max_age_days)
        self._unless = frozenset(params.unless)
        self._free = good(f"not in {params.registry}")
        self._excused = good(f"{params.registry}: does not matter with {' or '.join(params.unless)} on record")
        mend = f"`callwright registry import {params.registry} FILE`"
        # Not what was looked up when: whoever is alike shares one finding.
        self._missing = Finding("unknown", f"no copy of {params.registry} that reaches this number is loaded: {mend}")
        self._listed = blocked(f"the number stands in {params.registry}")
        self._old = blocked(f"the copy of {params.registry} is older than {params.max_age_days} days: {mend}")

    def look(self, facts: DialFacts, now: datetime) -> Finding:
        if self._unless and any(each.basis in self._unless for each in in_force(facts, now) or ()):
            return self._excused
        found = [each for each in facts.registries or () if each.name == self.registry]
        if not found:
            return self._missing
        if any(each.listed for each in found):
            return self._listed
        return self._old if now - max(each.as_of for each in found) > self._age else self._free
