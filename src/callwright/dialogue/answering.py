"""Knowledge and global rules: which one applies, what it says, and how the conversation goes on afterwards."""

from __future__ import annotations

from collections.abc import Iterable

from callwright.dialogue.flow import can_follow, enter, follow, hand_over, reask
from callwright.dialogue.turn import Turn
from callwright.dialogue.values import Candidate
from callwright.script.model import Action, GlobalRule, KbEntry, Then

__all__ = [
    "answer",
    "answerable",
    "apply_rule",
    "count_rule",
    "do_actions",
    "found_by",
    "opt_out_rule",
    "rank",
    "rule_for",
]

_OPT_OUT = "do_not_disturb"
# The check refuses a do-not-disturb rule without a freeze; should one get here all the same, the number is frozen anyway.
_FREEZE = Action(kind="freeze", arg={"scope": "company", "days": 0, "reason": _OPT_OUT})


def rank(candidate: Candidate) -> tuple[bool, int, float]:
    """Sort key, best last: an author's rule before the ranker's guess, then the longest span, then the score."""
    return candidate.source != "ranker", candidate.span[1] - candidate.span[0], candidate.score


def answerable(turn: Turn, candidates: Iterable[Candidate]) -> Candidate | None:
    """The best knowledge entry that may be told here and now. The ones passed over are logged with the reason."""
    order = turn.plan.kb_order
    hits = [c for c in candidates if c.kind == "kb" and c.id in turn.plan.kb]
    for candidate in sorted(hits, key=lambda c: (rank(c), -order[c.id]), reverse=True):
        why = _barred(turn, turn.plan.kb[candidate.id])
        if why is None:
            return candidate
        turn.log("passed_over", what=f"kb:{candidate.id}", why=why)
    return None


def _barred(turn: Turn, entry: KbEntry) -> str | None:
    limits = turn.plan.script.limits
    if entry.id not in turn.here.kb:
        return f"not told at node {turn.node}"
    if not turn.plan.valid(entry, turn.now):
        return "not valid today" if turn.now else "valid for some days only, and today is unknown"
    if turn.kb.get(entry.id, 0) >= limits.same_kb:
        return f"told {limits.same_kb} times already (limits.same_kb)"
    if turn.counters.get("questions", 0) >= limits.questions:
        return f"{limits.questions} questions answered already (limits.questions)"
    if turn.variant(entry.answers, f"kb:{entry.id}/answers", entry.pick) is None:
        return "no wording is admitted"
    return None


def answer(turn: Turn, candidate: Candidate, candidates: Iterable[Candidate]) -> None:
    """Tell a knowledge entry, count it, then resume. A simultaneous affirm is carried to the node."""
    entry = turn.plan.kb[candidate.id]
    turn.kb[entry.id] = turn.kb.get(entry.id, 0) + 1
    turn.score += entry.score
    turn.evidence[f"kb.{entry.id}"] = turn.sentence
    turn.log("kb", id=entry.id, times=turn.kb[entry.id], node=turn.node, **found_by(candidate))
    turn.say_variant(entry.answers, f"kb:{entry.id}/answers", pick=entry.pick)
    turn.count("questions")
    rule = count_rule(turn, "questions")
    if rule is not None:
        apply_rule(turn, rule)
        return
    kinds = {c.kind for c in candidates}
    carried = (
        "affirm" in kinds and not kinds & {"deny", "refuse"} and _returns(entry.then) and can_follow(turn, "affirm")
    )
    if not carried:
        resume(turn, entry.then, f"kb:{entry.id}")
        return
    turn.log("carried", what="affirm", over=f"kb:{entry.id}")
    turn.count("affirm")
    rule = count_rule(turn, "affirm")
    if rule is not None:
        apply_rule(turn, rule)
    else:
        follow(turn, "affirm")


def _returns(then: Then) -> bool:
    if then.resume is None:
        return not (then.end or then.goto or then.transfer)
    return then.resume in ("reask", "repeat")


def resume(turn: Turn, then: Then, source: str) -> None:
    """What follows an answer: `resume`, else the first present of end, goto and transfer, else asking again."""
    if turn.phase == "transfer" and turn.final is None and not (then.end or then.goto):
        return  # a person is being fetched already: the answer was said, the waiting goes on
    if turn.phase == "action" and _returns(then):
        return
    turn.say_variant(then.lead, f"{source}/then/lead")
    wanted = then.resume or next((what for what in ("end", "goto", "transfer") if getattr(then, what)), "reask")
    if wanted == "end":
        turn.finish(then.end or "done", source)
    elif wanted == "goto" and then.goto is not None:
        enter(turn, then.goto)
    elif wanted == "transfer" and then.transfer is not None:
        hand_over(turn, then.transfer)
    elif wanted == "repeat" and turn.last_said:
        for said in turn.last_said:
            turn.say_again(said)
    else:
        reask(turn)


def rule_for(turn: Turn, candidates: Iterable[Candidate]) -> tuple[GlobalRule, Candidate] | None:
    """The word rule with the highest priority that is not over its `max`. Whoever asks not to be called is heard before a rule that
    would go on talking, however often and whatever the priorities say."""
    found: dict[str, Candidate] = {}
    for candidate in candidates:
        if candidate.kind == "global" and (candidate.id not in found or rank(candidate) > rank(found[candidate.id])):
            found[candidate.id] = candidate
    if not found:
        return None
    opt_out = opt_out_rule(turn, found)
    for rule in turn.plan.globals:
        if rule.id not in found or rule.id not in turn.plan.word_rules:
            continue
        if rule.role != _OPT_OUT and turn.rules.get(rule.id, 0) >= rule.max:
            turn.log("passed_over", what=f"global:{rule.id}", why=f"used {rule.max} times already (max)")
            continue
        chosen = opt_out if opt_out is not None and rule.role != _OPT_OUT and rule.end is None else rule
        return chosen, found[chosen.id]
    return None


def opt_out_rule(turn: Turn, found: Iterable[str]) -> GlobalRule | None:
    """The first do-not-disturb rule among rule ids."""
    ids = set(found)
    return next((r for r in turn.plan.globals if r.id in ids and r.role == _OPT_OUT and r.event is None), None)


def count_rule(turn: Turn, changed: str) -> GlobalRule | None:
    """The rule that a counter which just grew sets off, highest priority first."""
    for rule in turn.plan.count_rules:
        needed = rule.count or {}
        if changed not in needed or turn.rules.get(rule.id, 0) >= rule.max:
            continue
        if all(turn.counters.get(what, 0) >= least for what, least in needed.items()):
            return rule
    return None


def apply_rule(
    turn: Turn, rule: GlobalRule, candidate: Candidate | None = None, also: GlobalRule | None = None
) -> None:
    """Say, do, then the first present of end, goto and then. also: an opt-out in the same sentence, whose actions are done as well."""
    turn.rules[rule.id] = turn.rules.get(rule.id, 0) + 1
    source = f"global:{rule.id}"
    turn.evidence[source] = turn.sentence
    turn.log(
        "global", id=rule.id, role=rule.role, priority=rule.priority, times=turn.rules[rule.id], **found_by(candidate)
    )
    turn.say_variant(rule.say, f"{source}/say", pick="rotate")
    group = do_actions(turn, rule)
    if also is not None and also.id != rule.id:
        turn.rules[also.id] = turn.rules.get(also.id, 0) + 1
        turn.log("global", id=also.id, role=also.role, why="asked in the same sentence: its actions are done as well")
        do_actions(turn, also)
    if rule.end is not None:
        turn.finish(rule.end, source)
    elif rule.goto is not None:
        enter(turn, rule.goto)
    elif rule.role == _OPT_OUT:
        turn.finish((rule.then.end if rule.then else None) or "optout", f"{source}: an opt-out ends the call")
    elif group is not None:
        hand_over(turn, group)
    else:
        resume(turn, rule.then or Then(resume="reask"), source)


def do_actions(turn: Turn, rule: GlobalRule) -> str | None:
    """Carry out a rule's actions, an opt-out's freeze in any case; the group of a `transfer` among them, else None.

    After a hand-over it may be somebody else who opts out. Whose number that is nobody can know; the one that was called is frozen, and the
    log says whose wish it was: one call too few is the smaller wrong.
    """
    if rule.role == _OPT_OUT and turn.counters.get("other_party"):
        why = "the call was handed over before: somebody else may have said it; the number of the call is frozen all the same"
        turn.log("by_other_party", id=rule.id, hand_overs=turn.counters["other_party"], why=why)
    group = turn.do(rule.do, f"global:{rule.id}")
    if rule.role == _OPT_OUT and not any(action.kind == "freeze" for action in rule.do):
        turn.do([_FREEZE], f"global:{rule.id}")
    return group


def found_by(candidate: Candidate | None, why: str = "") -> dict[str, object]:
    """What a log entry tells of the words that led to it; without words only `why`, if there is one."""
    if candidate is None:
        return {"why": why} if why else {}
    return {"span": list(candidate.span), "source": candidate.source, "score": candidate.score, "why": candidate.why}
