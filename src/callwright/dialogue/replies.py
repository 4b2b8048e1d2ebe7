"""Steps 4 to 6: what the current node makes of the caller's words or keys."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from callwright.dialogue.answering import answer, answerable, apply_rule, count_rule, rank
from callwright.dialogue.filling import Found, SlotPlan
from callwright.dialogue.flow import can_follow, enter_again, follow, follow_or_stop, reask
from callwright.dialogue.plan import CLASSES
from callwright.dialogue.state import Filled, plain
from callwright.dialogue.turn import Turn
from callwright.dialogue.values import Candidate, Understood

__all__ = ["Reply", "reply_keys", "reply_words", "unmatched", "without_guesses"]


@dataclass(frozen=True, slots=True)
class Reply:
    """A sentence, and how it came. over_prompt: the robot was speaking; elsewhere: it spoke an earlier node's text, so the caller has not
    heard the current question yet; interrupted: the prompt was cut off."""

    heard: Understood
    over_prompt: bool = False
    elsewhere: bool = False
    interrupted: bool = False


def without_guesses(turn: Turn, heard: Understood) -> Understood:
    """At a question that the sentence answers, the ranker's guesses give way to the answer; only its guess of an opt-out stays."""
    here = turn.here
    slot = turn.plan.slots.get(here.node.slot or "") if here.node.type == "collect" else None
    guesses = [c for c in heard.candidates if c.source == "ranker" and not _opts_out(turn, c)]
    if slot is None or not guesses or turn.phase != "listening":
        return heard
    if slot.read(heard, turn.plan.context(turn.node, turn.now), verbatim=False) is None:
        return heard
    for guess in guesses:
        what = f"{guess.kind}:{guess.id}" if guess.id else guess.kind
        turn.log("passed_over", what=what, why="only a guess, and the sentence answers the question")
    return replace(heard, candidates=tuple(c for c in heard.candidates if c not in guesses))


def _opts_out(turn: Turn, candidate: Candidate) -> bool:
    rule = turn.plan.word_rules.get(candidate.id) if candidate.kind == "global" else None
    return rule is not None and rule.role == "do_not_disturb"


def reply_words(turn: Turn, reply: Reply) -> None:
    """The current node, the knowledge base and the slots, for a sentence that no global rule took."""
    told = answerable(turn, reply.heard.candidates)
    here = turn.here
    slot = turn.plan.slots.get(here.node.slot or "") if here.node.type == "collect" else None
    if slot is not None and told is None and not reply.elsewhere:
        refused = any(c.kind == "refuse" for c in reply.heard.candidates)
        verbatim = not refused and not (reply.over_prompt and not reply.interrupted)
        found = slot.read(reply.heard, turn.plan.context(turn.node, turn.now), verbatim=verbatim)
        if found is not None:
            fill(turn, slot.name, found)
            _understood(turn)
            follow_or_stop(turn, "filled")
            return
    _prefill(turn, reply, current=here.node.slot)
    for category in here.order:
        if category == "kb":
            if told is not None:
                _understood(turn)
                answer(turn, told, reply.heard.candidates)
                return
        elif _taken(turn, category, reply):
            return
    refuses = any(c.kind == "refuse" for c in reply.heard.candidates)
    if slot is not None and refuses and not reply.elsewhere and can_follow(turn, "refused"):
        _understood(turn)
        _count_and_follow(turn, "refuse", "refused")
        return
    unmatched(turn, reply)


def reply_keys(turn: Turn, keys: str) -> bool:
    """Pressed keys: `next.dtmf.<d>`, the slot's `dtmf`, then `next.any`. False when none takes them."""
    here = turn.here
    if can_follow(turn, f"dtmf.{keys}"):
        _understood(turn)
        follow(turn, f"dtmf.{keys}")
        return True
    slot = turn.plan.slots.get(here.node.slot or "") if here.node.type == "collect" else None
    found = slot.keys(keys) if slot is not None else None
    if slot is not None and found is not None:
        fill(turn, slot.name, found)
        _understood(turn)
        follow_or_stop(turn, "filled")
        return True
    if can_follow(turn, "any"):
        _understood(turn)
        follow(turn, "any")
        return True
    return False


def fill(turn: Turn, name: str, found: Found, *, early: bool = False) -> None:
    """Keep a value with the sentence it came from."""
    value = plain(found.value)
    turn.slots[name] = Filled(value, found.spoken, found.how, turn.sentence, turn.turns, plain(found.meaning))
    turn.evidence[f"slot.{name}"] = turn.sentence
    more = {"ambiguous": plain(found.ambiguous)} if found.ambiguous else {}
    turn.log("slot", slot=name, value=value, how=found.how, sentence=turn.sentence, early=early, **more)


def _prefill(turn: Turn, reply: Reply, current: str | None) -> None:
    context = turn.plan.context(turn.node, turn.now)
    for plan in turn.plan.prefilled:
        if plan.name != current and plan.name not in turn.slots:
            found = plan.prefill(reply.heard, context)
            if found is not None:
                fill(turn, plan.name, found, early=True)


def _taken(turn: Turn, category: str, reply: Reply) -> bool:
    """Does this category lead anywhere from here? Over an earlier node's text only a refusal does."""
    if reply.elsewhere and category != "refuse":
        return False
    if category in CLASSES:
        candidate = next((c for c in reply.heard.candidates if c.kind == category), None)
        if candidate is None or not can_follow(turn, category):
            return False
        _understood(turn)
        turn.log("taken", what=category, **_why(candidate, turn))
        _count_and_follow(turn, category, category)
        return True
    hits = [c for c in reply.heard.candidates if c.kind == "intent" and can_follow(turn, f"intent.{c.id}")]
    if not hits:
        return False
    best = max(hits, key=rank)
    _understood(turn)
    turn.log("taken", what=f"intent.{best.id}", **_why(best, turn))
    turn.evidence[f"intent.{best.id}"] = turn.sentence
    follow(turn, f"intent.{best.id}")
    return True


def _why(candidate: Candidate, turn: Turn) -> dict[str, Any]:
    order = [*turn.here.order, "unrecognised"]
    return {
        "span": list(candidate.span),
        "source": candidate.source,
        "score": candidate.score,
        "why": candidate.why,
        "order": order,
    }


def _count_and_follow(turn: Turn, what: str, key: str) -> None:
    turn.count(what)
    rule = count_rule(turn, what)
    if rule is not None:
        apply_rule(turn, rule)
    else:
        follow(turn, key)


def _understood(turn: Turn) -> None:
    turn.runs.pop("unrecognised", None)


def unmatched(turn: Turn, reply: Reply) -> None:
    """Step 6: nothing matched."""
    if reply.elsewhere and reply.interrupted:
        turn.log("ignored", what="heard", why="it cut off an earlier text; the current question was not heard yet")
        enter_again(turn)
        return
    if reply.over_prompt and not reply.interrupted:
        turn.log("ignored", what="heard", why="said while the robot spoke on, and nothing in it matched")
        turn.turns -= 1
        turn.user_turns -= 1
        return
    for key in ("interrupted", "any"):
        if can_follow(turn, key) and (key != "interrupted" or reply.interrupted):
            _understood(turn)
            turn.log("taken", what=key)
            follow(turn, key)
            return
    if reply.heard.text:
        _learn(turn, reply.heard)
    turn.count("unrecognised")
    rule = count_rule(turn, "unrecognised")
    if rule is not None:
        apply_rule(turn, rule)
    elif turn.here.node.type == "collect":
        _ask_again(turn)
    elif can_follow(turn, "unrecognised"):
        follow(turn, "unrecognised")
    elif turn.runs["unrecognised"] >= turn.plan.script.limits.unrecognised:
        limit = turn.plan.script.limits.unrecognised
        turn.log("limit", limit="unrecognised", value=turn.runs["unrecognised"], max=limit)
        turn.give_up("unrecognised", "limits.unrecognised")
    else:
        reask(turn)


def _learn(turn: Turn, heard: Understood) -> None:
    item = {
        "sentence": heard.text,
        "node": turn.node,
        "decision": heard.decision,
        "ranking": [list(pair) for pair in heard.ranking],
    }
    turn.learn = (*turn.learn, item)
    turn.log("learn", **item)


def _ask_again(turn: Turn) -> None:
    """A collect node got no value: again up to `retries` times, then `next.failed`."""
    name = turn.node
    slot: SlotPlan = turn.plan.slots[turn.here.node.slot or ""]
    turn.tries[name] = turn.tries.get(name, 0) + 1
    if turn.tries[name] > slot.slot.retries:
        turn.log("limit", limit="retries", value=turn.tries[name], max=slot.slot.retries, slot=slot.name)
        follow_or_stop(turn, "failed", "unrecognised", "refused")
    elif can_follow(turn, "unrecognised"):
        tries = turn.tries[name]
        follow(turn, "unrecognised")
        if turn.node == name and turn.phase == "listening":
            turn.tries[name] = tries
    else:
        turn.say_default("not_heard")
        reask(turn)
