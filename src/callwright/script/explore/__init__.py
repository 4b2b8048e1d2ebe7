"""The model checker: walks through every conversation a script allows and proves what must hold in all of them.

`explore(script)` returns what does not hold, each with the shortest conversation that shows it. Nothing found means proven, within
the abstraction that docs/explanation/model-checker.md describes.
"""

from __future__ import annotations

from callwright.errors import Problem
from callwright.script.explore.dead import dead_parts
from callwright.script.explore.machine import Machine, initial, successors
from callwright.script.explore.search import MAX_STATES, search
from callwright.script.explore.state import Arrival, Edge, Fault, State
from callwright.script.explore.triggers import swallowed
from callwright.script.explore.wording import describe
from callwright.script.model import Script

__all__ = ["MAX_STATES", "Arrival", "Edge", "Machine", "State", "explore", "initial", "successors"]


def explore(script: Script, *, max_states: int = MAX_STATES) -> list[Problem]:
    """Every property of the script that does not hold, shortest paths first. Empty = proven.

    A conversation with more than `max_states` abstract states is reported as `too-large`, never passed.
    """
    found = search(script, max_states)
    problems = list(found.problems)
    if script.purpose == "marketing" and script.compliance.disclosure is None:
        problems.insert(0, describe(script, Fault("disclosure-missing", "")))
    problems += [describe(script, fault) for fault in _lost_words(script)]
    if found.complete:
        problems += [describe(script, fault) for fault in dead_parts(script, found)]
    return problems


def _lost_words(script: Script) -> list[Fault]:
    """Words for the two rights that another reading would take."""
    faults: list[Fault] = []
    for role, code in (("do_not_disturb", "opt-out"), ("transfer", "transfer")):
        rules = [rule for rule in script.globals if rule.role == role and rule.event is None]
        same = {rule.id for rule in rules}
        if role == "transfer":  # stopping the calls for good outranks being put through
            same |= {rule.id for rule in script.globals if rule.role == "do_not_disturb"}
        for rule in rules:
            for shadow in swallowed(script, rule, same):
                detail = f"`{shadow.longer}` of {shadow.other} takes the words `{shadow.phrase}` of `{rule.id}`"
                faults.append(Fault(f"{code}-shadowed", rule.id, detail))
    return faults
