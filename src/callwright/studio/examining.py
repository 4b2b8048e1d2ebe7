"""What is looked at in a text that somebody is writing: its problems, the results of its own tests. Run in a process beside (`checking.py`), so
nothing here imports more than it needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from callwright.dialogue.rehearsal import TestResult, rehearse
from callwright.dialogue.understanding.nlu import Nlu
from callwright.errors import InputError, Problem, ScriptError
from callwright.script.checks import check
from callwright.script.loader import loads

__all__ = ["Checked", "Tested", "find_problems", "run_tests"]


@dataclass(frozen=True, slots=True)
class Checked:
    """Problems in file order. explored: whether the model checker went through every conversation (`no` = it was not asked, or the script
    has errors that come first; `stopped` = the time was over)."""

    problems: tuple[Problem, ...]
    explored: Literal["yes", "no", "stopped"]


@dataclass(frozen=True, slots=True)
class Tested:
    """Results in file order. problems: errors, because of which no test could be run."""

    tests: tuple[TestResult, ...]
    problems: tuple[Problem, ...] = ()


def find_problems(text: str, today: date, explored: bool) -> Checked:
    """Everything that is wrong with a text."""
    try:
        loaded = loads(text, "")
        found = tuple(check(loaded, today, explored=explored))
    except ScriptError as error:
        return Checked(tuple(error.problems), "no")
    unsound = any(problem.severity == "error" for problem in found)
    return Checked(found, "yes" if explored and not unsound else "no")


def run_tests(text: str, today: date, now: str) -> Tested:
    """The dialogues under `tests`, without audio. now: ISO minute, for relative dates."""
    try:
        loaded = loads(text, "")
        errors = [problem for problem in check(loaded, today, explored=False) if problem.severity == "error"]
        if errors:
            return Tested((), tuple(errors))
        return Tested(rehearse(loaded.script, Nlu.train(loaded.script), now=now))
    except InputError as error:
        return Tested((), tuple(error.problems))
