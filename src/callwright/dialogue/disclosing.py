"""Somebody else is on the line: the robot says that it is one before it says anything else. Told once for every hand-over."""

from __future__ import annotations

from collections.abc import Sequence

from callwright.dialogue.flow import enter_again, reask
from callwright.dialogue.turn import Turn

__all__ = ["disclose"]

_WHY = "the call was handed over: whoever is on the line now has not heard that a robot speaks"


def disclose(turn: Turn, cut: Sequence[str]) -> None:
    """Say the script's answer to "are you a robot", which is no question asked: no rule is used up and no action done. Then back to where
    the conversation stands.

    cut: sources of the texts that were stopped for it. Was the disclosure of the script among them, it was told to nobody: it is said again.
    """
    turn.count("other_party")
    for run in ("silence", "unrecognised"):  # in a row, but not of the same person
        turn.runs.pop(run, None)
    opening = _cut_opening(turn, cut)
    rule = _say_so(turn)
    turn.log("disclosed", id=rule, times=turn.counters["other_party"], again=opening, why=_WHY)
    if opening:
        node, phase = turn.node, turn.phase
        turn.node = opening  # the text is that node's, whatever is said over it
        enter_again(turn)
        turn.node, turn.phase = node, phase
    if turn.phase in ("action", "transfer"):
        return
    if not opening:
        reask(turn)
    elif opening != turn.node:
        enter_again(turn)


def _say_so(turn: Turn) -> str:
    """The first wording of an `ask_robot` rule that can be said, highest priority first; its rule, "" = none could and a sentence of ours
    was said."""
    for rule in turn.plan.globals:
        if rule.role == "ask_robot":
            turn.say_variant(rule.say, f"global:{rule.id}/say", pick="rotate", barge="none")
            if turn.says:
                return rule.id
    turn.say_default("robot", barge="none")
    return ""


def _cut_opening(turn: Turn, cut: Sequence[str]) -> str:
    """The node of the script's disclosure when its text was cut off, else ""."""
    told = turn.plan.script.compliance.disclosure
    if told is None or told.node not in turn.plan.nodes:
        return ""
    return told.node if any(source.startswith(f"node:{told.node}/") for source in cut) else ""
