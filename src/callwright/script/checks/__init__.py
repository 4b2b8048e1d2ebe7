"""`check(loaded, today)`: everything that is wrong with a valid script, and everything an author should look at.

Static checks look at one place at a time; the model checker (`callwright.script.explore`) walks every conversation. It runs only when
every reference is sound, because a path through a node that does not exist proves nothing. Codes: docs/reference/script-checks.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from callwright.errors import Problem
from callwright.script.checks.honesty import check_honesty
from callwright.script.checks.patterns import check_patterns
from callwright.script.checks.recordings import check_recordings
from callwright.script.checks.references import check_references
from callwright.script.checks.structure import check_structure
from callwright.script.checks.wording import check_wording
from callwright.script.explore import explore
from callwright.script.loader import LoadedScript

__all__ = ["check"]

# with one of these errors paths break off, and what the model checker then says only repeats them
_UNSOUND = frozenset({
    "unknown-node", "unknown-slot", "unknown-intent", "unknown-kb", "reserved-name", "duplicate-id", "bad-expression", "bad-regex",
    "slow-regex", "long-regex", "incomplete-node", "misplaced-key", "incomplete-then", "end-and-next", "dead-end",
    "disclosure-interruptible", "disclosure-words",
})  # fmt: skip
_SAME = {"disclosure-missing": "disclosure-missing", "opt-out-missing": "missing-role", "transfer-missing": "missing-role",
         "opt-out-ineffective": "opt-out-without-freeze"}  # fmt: skip


def check(loaded: LoadedScript, today: date, *, explored: bool = True) -> list[Problem]:
    """Every error and warning, in file order. `today` decides what is overdue; explored: with the model checker, which takes longest (while
    somebody writes, it may be left out). Pure but for looking at recordings in `loaded.folder`."""
    problems = list(check_references(loaded))
    problems += check_patterns(loaded)
    problems += check_structure(loaded, today)
    problems += check_honesty(loaded)
    problems += check_wording(loaded)
    problems += check_recordings(loaded)
    if explored and not any(problem.code in _UNSOUND and problem.severity == "error" for problem in problems):
        problems += _explored(loaded, problems)
    unique = {(p.code, p.place, p.message): p for p in problems}
    return sorted(unique.values(), key=lambda p: (p.place.line, p.place.column, p.severity, p.code))


def _explored(loaded: LoadedScript, known: list[Problem]) -> Iterator[Problem]:
    """The model checker's findings with their places in the file, without what a static check has already told."""
    codes = {problem.code for problem in known}
    for problem in explore(loaded.script):
        if _SAME.get(problem.code) not in codes:
            yield replace(problem, place=loaded.place(problem.place.field))
