"""What worker processes make of rows: judged, and sealed as the database takes them, so that nothing is left to do but to write. Pure.

Whoever imports then looks at numbers only (each is taken once). What is made goes between processes as plain tuples, which is quick.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from callwright.campaigns.entries import Entry, Rules, Wrong, judge
from callwright.campaigns.rows import Row, evidence
from callwright.store.sealing import FieldKeys

__all__ = ["VARIABLES", "Judging", "Made", "Sealing", "Work"]

VARIABLES = "lead.variables"
"""The context under which the variables of a lead are sealed: a JSON object of strings."""

Made = tuple[int, int, Any]
"""Of a good row: its E.164 number (digits as a number), its line, and what was made of it."""


@dataclass(frozen=True, slots=True)
class Work(ABC):
    """What is done with every row."""

    rules: Rules

    def __call__(self, rows: Sequence[Row]) -> list[Made | Wrong]:
        """In their order."""
        made: list[Made | Wrong] = []
        for row in rows:
            verdict = judge(self.rules, row)
            if isinstance(verdict, Wrong):
                made.append(verdict)
            else:
                made.append((int(verdict.number), verdict.line, self.make(verdict)))
        return made

    @abstractmethod
    def make(self, entry: Entry) -> Any:
        """Of a good one."""


@dataclass(frozen=True, slots=True)
class Judging(Work):
    """Look only: makes the basis."""

    def make(self, entry: Entry) -> str:
        """See Work."""
        return entry.basis


@dataclass(frozen=True, slots=True)
class Sealing(Work):
    """Makes what `lead_store.STAGED` says. sha256: of the file, which the evidence of a row is named by."""

    keys: FieldKeys = field(repr=False)
    sha256: str

    def make(self, entry: Entry) -> tuple[Any, ...]:
        """See Work."""
        index, number = self.keys.seal_number(entry.number)
        return (
            entry.line, index, number, entry.country, entry.region, entry.line_type, _json(entry.zones), entry.time_zone,
            self.keys.seal(entry.variables, VARIABLES), entry.basis, _json(entry.scope), entry.wording, entry.channel,
            entry.source, evidence(self.sha256, entry.line), entry.given_at, entry.valid_until,
        )  # fmt: skip


@lru_cache(1024)
def _json(words: tuple[str, ...]) -> str:
    return json.dumps(words, ensure_ascii=False)
