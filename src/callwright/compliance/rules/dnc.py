"""dnc: a do-not-call registry was asked, with a copy that is fresh enough, and the number does not stand in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from callwright.compliance.facts import DialFacts
from callwright.compliance.pack_model import Strict
from callwright.compliance.rules.check import Finding, blocked, good, unknown
from callwright.compliance.rules.consent import in_force

__all__ = ["Dnc", "DncParams"]


class DncParams(Strict):
    """registry: its name in `DialFacts.registries`; max_age_days: of the copy; unless: bases on which a listed number may be called."""

    registry: str = Field(min_length=1, max_length=64)
    max_age_days: int = Field(ge=1, le=366)
    unless: tuple[Literal["consent", "contract", "existing_customer"], ...] = ()


class Dnc:
    def __init__(self, params: DncParams) -> None:
        self._name = params.registry
        self._age = timedelta(days=params.max_age_days)
        self._unless = frozenset(params.unless)
        self._free = good(f"not in {params.registry}")
        self._excused = good(f"{params.registry}: does not matter with {' or '.join(params.unless)} on record")

    def look(self, facts: DialFacts, now: datetime) -> Finding:
        if self._unless and any(each.basis in self._unless for each in in_force(facts, now) or ()):
            return self._excused
        found = [each for each in facts.registries or () if each.name == self._name]
        if not found:
            return unknown(f"whether the number stands in {self._name}")
        if any(each.listed for each in found):
            return blocked(f"the number stands in {self._name}")
        if now - max(each.as_of for each in found) > self._age:
            return blocked(f"the copy of {self._name} is older than {self._age.days} days")
        return self._free
