"""After the end nothing counts any more, but for one wish: never to be called again. It may come over the goodbye."""

from __future__ import annotations

from collections.abc import Iterable

from callwright.dialogue.answering import do_actions, found_by, rank
from callwright.dialogue.turn import Turn
from callwright.dialogue.values import Candidate
from callwright.script.model import GlobalRule

__all__ = ["explicit_opt_out", "opted_out", "take_late_opt_out"]

_OPT_OUT = "do_not_disturb"


def opted_out(turn: Turn) -> bool:
    """Whether an opt-out was honoured already in this conversation."""
    return any(turn.rules.get(rule.id) for rule in turn.plan.globals if rule.role == _OPT_OUT)


def explicit_opt_out(turn: Turn, candidates: Iterable[Candidate]) -> tuple[GlobalRule, Candidate] | None:
    """The first do-not-disturb rule that the script's own words or the curated list found; the ranker's guess is not enough."""
    found: dict[str, Candidate] = {}
    for candidate in sorted(candidates, key=rank):
        if candidate.kind == "global" and candidate.source != "ranker":
            found[candidate.id] = candidate
    rules = (rule for rule in turn.plan.word_rules.values() if rule.role == _OPT_OUT and rule.id in found)
    rule = next(rules, None)
    return (rule, found[rule.id]) if rule is not None else None


def take_late_opt_out(turn: Turn, rule: GlobalRule, why: str, candidate: Candidate | None = None) -> None:
    """Do what the rule does and let the conversation have ended by it. Nothing is said: nobody waits for an answer any more."""
    source = f"global:{rule.id}"
    before = turn.end
    turn.rules[rule.id] = turn.rules.get(rule.id, 0) + 1
    turn.evidence[source] = turn.sentence
    turn.log("late_opt_out", id=rule.id, role=rule.role, ended=before, **found_by(candidate, why))
    do_actions(turn, rule)
    turn.finish(_end_of(turn, rule), f"{source}: an opt-out after the end ({before})")


def _end_of(turn: Turn, rule: GlobalRule) -> str:
    node = turn.plan.nodes.get(rule.goto or "")
    named = (rule.end, node.node.end if node is not None else None, rule.then.end if rule.then is not None else None)
    return next((end for end in named if end), "optout")
