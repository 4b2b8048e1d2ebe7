"""People to call as a script sees them: a number, the basis on which they may be called, and the variables that are spoken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from callwright.campaigns.entries import Entry, Rules, judge
from callwright.campaigns.errors_file import Complaints
from callwright.campaigns.mapping import VARIABLE, guess, targets
from callwright.campaigns.rows import Fault
from callwright.campaigns.sources import open_list
from callwright.campaigns.wording import Language, problem
from callwright.errors import LeadsError, Place
from callwright.script.model import Script

__all__ = ["Lead", "Use", "read_whole", "usable"]


@dataclass(frozen=True, slots=True)
class Lead:
    """One person to call. number: E.164; consent_at: aware; row: 1-based line in the file."""

    number: str
    basis: str
    row: int
    consent_at: datetime | None = None
    scope: frozenset[str] = frozenset()
    time_zone: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


class Use(NamedTuple):
    """Whether a script can be spoken to somebody. missing: required variables they have no value for; reason: for `task_lead.reason`."""

    ok: bool
    missing: tuple[str, ...] = ()
    reason: str = ""


def usable(variables: Mapping[str, str], script: Script) -> Use:
    """Whether a lead with these variables has all that the script must say."""
    missing = tuple(name for name, var in script.vars.items() if var.required and not variables.get(name, "").strip())
    return Use(not missing, missing, f"missing: {', '.join(missing)}"[:64] if missing else "")


_DESCRIBING = ("channel", "source")


def read_whole(path: Path, now: datetime, region: str | None = None, lang: Language = "en") -> tuple[Lead, ...]:
    """Everybody on a small list, or nobody: without a database, for rehearsals.

    Args:
        region: ISO country of numbers without `+` (None = such numbers are an error); now: aware; a consent is not given in the future.

    Raises:
        LeadsError: with the bad rows, their places and their cures.
    """
    source = open_list(path, lang)
    # A rehearsal keeps no ledger: what would describe a consent there is a variable of the script here.
    spoken = {column: VARIABLE + column for column in source.columns if guess(column) in _DESCRIBING}
    found = targets(source.columns, spoken, {}, file=source.name, lang=lang)
    rules = Rules(found, now, region=region)
    complaints = Complaints(source.name, lang)
    leads: dict[str, Lead] = {}
    for row in source.rows():
        verdict = judge(rules, row)
        if not isinstance(verdict, Entry):
            complaints.add(verdict.line, *verdict.faults)
        elif verdict.number in leads:
            complaints.add(verdict.line, Fault("number", "duplicate", {"line": leads[verdict.number].row}))
        else:
            leads[verdict.number] = _lead(verdict)
    if complaints.rows:
        raise complaints.error()
    if not leads:
        raise LeadsError(problem("empty", lang, Place(source.name)))
    return tuple(leads.values())


def _lead(entry: Entry) -> Lead:
    return Lead(
        entry.number, entry.basis, entry.line, entry.given_at, frozenset(entry.scope), entry.time_zone,
        json.loads(entry.variables),
    )  # fmt: skip
