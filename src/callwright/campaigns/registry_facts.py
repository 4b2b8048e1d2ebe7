"""What do-not-call registries say about one number, out of the copies that are in use. Pure.

Of one registry the latest copy that reaches the number decides: one that was loaded whole, or one in which this very number was looked up. Of
two of the same moment the one that lists it does. No copy reaches it = nobody knows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from callwright.compliance.facts import RegistryFacts
from callwright.compliance.registries import reaches

__all__ = ["LookedUp", "looked_up"]


@dataclass(slots=True)
class _Copy:
    name: str
    country: str
    kind: str
    as_of: datetime
    areas: tuple[str, ...]
    answers: dict[bytes, bool] = field(default_factory=dict)


class LookedUp:
    """The copies of some countries, and what they say about the numbers that were asked for. False = there are none."""

    def __init__(self) -> None:
        self.copies: dict[int, _Copy] = {}

    def __bool__(self) -> bool:
        return bool(self.copies)

    def add(self, row: Row[Any]) -> None:
        """row: `registry` of FACTS; number_index is None when none of the numbers stands in the copy."""
        copy = self.copies.get(row.id)
        if copy is None:
            copy = _Copy(row.registry, row.country, row.kind, row.as_of, tuple(row.areas))
            self.copies[row.id] = copy
        if row.number_index is not None:
            copy.answers[bytes(row.number_index)] = bool(row.listed)


def looked_up(found: LookedUp, number: str, index: bytes, country: str) -> tuple[RegistryFacts, ...]:
    """By registry, in the order of their names. number: "" = erased, about whom nothing is said."""
    latest: dict[str, RegistryFacts] = {}
    for copy in found.copies.values():
        listed = _answer(copy, number, index, country)
        known = latest.get(copy.name)
        if listed is not None and (known is None or (copy.as_of, listed) > (known.as_of, known.listed)):
            latest[copy.name] = RegistryFacts(copy.name, listed, copy.as_of)
    return tuple(latest[name] for name in sorted(latest))


def _answer(copy: _Copy, number: str, index: bytes, country: str) -> bool | None:
    """Whether the number is listed; None = this copy says nothing about it."""
    if not number or copy.country != country:
        return None
    if copy.kind == "checked":
        return copy.answers.get(index)
    return index in copy.answers if reaches(copy.areas, number) else None
