"""The main flow: entering nodes, following `next`, asking again, handing over. Every function works on the step in the making."""

from __future__ import annotations

from callwright.dialogue.plan import NodePlan
from callwright.dialogue.state import plain
from callwright.dialogue.turn import Turn
from callwright.dialogue.values import Transfer
from callwright.dialogue.wording import fraction, weighted
from callwright.script.model import NextStep

__all__ = ["MAX_HOPS", "can_follow", "enter", "enter_again", "follow", "follow_or_stop", "hand_over", "reask"]

MAX_HOPS = 64  # nodes passed in one step before the script is taken to run in a circle
MAX_STACK = 16
_BRIEF = ("slots", "last_turns", "tags")
_AFTER_SPEECH = ("any", "ok")


def enter(turn: Turn, target: str, *, silent: bool = False, denied: frozenset[str] = frozenset()) -> None:
    """Make `target` the current node: milestone, score, say, do, end; then whatever its type does.

    silent: its own text is not spoken (something was said in its place); denied: slots that were read back and denied.
    """
    turn.hops += 1
    if turn.hops > MAX_HOPS:
        turn.give_up("loop", f"more than {MAX_HOPS} nodes in one step")
        return
    if target == "return" and target not in turn.plan.nodes:
        _leave_subflow(turn)
        return
    turn.node = target
    here = turn.here
    node = here.node
    turn.visits[target] = turn.visits.get(target, 0) + 1
    turn.milestone = max(turn.milestone, node.milestone or 0)
    turn.score += node.score
    turn.tries.pop(target, None)
    turn.log("entered", node=target, type=node.type, milestone=turn.milestone, score=turn.score)
    if node.type == "collect":
        _unfill_denied(turn, node.slot or "", denied)
        if node.slot in turn.slots:
            turn.log("skipped", node=target, slot=node.slot, why="the slot is filled already")
            follow_or_stop(turn, "filled")
            return
    if not silent and node.type not in ("branch", "ab"):
        _say(turn, here)
        if node.type == "collect":
            _ask(turn, here)
    group = turn.do(node.do, f"node:{target}")
    if node.end is not None:
        turn.finish(node.end, f"node {target}")
    elif group is not None:
        hand_over(turn, group)
    else:
        _arrive(turn, here)


def _arrive(turn: Turn, here: NodePlan) -> None:
    node = here.node
    match node.type:
        case "branch":
            _branch(turn, here)
        case "ab":
            _ab(turn, here)
        case "action":
            turn.phase = "action"
            turn.log("awaiting", what="action", node=here.id)
        case "transfer":
            hand_over(turn, node.to.group if node.to else "", here)
        case "subflow":
            turn.stack = (*turn.stack, here.id)[-MAX_STACK:]
            enter(turn, node.enter or "return")
        case _:
            turn.phase = "listening"
            if node.type == "say" and not node.listen:
                follow_or_stop(turn, *_AFTER_SPEECH)


def _say(turn: Turn, here: NodePlan) -> None:
    """The next wording of `say`; used up (`once`) or not admitted, a `reask`, else any admitted wording again."""
    node = here.node
    if turn.say_variant(node.say, f"node:{here.id}/say", pick=node.pick, barge=here.barge) or not node.say:
        return
    if not turn.say_variant(node.reask, f"node:{here.id}/reask", barge=here.barge):
        turn.say_variant(node.say, f"node:{here.id}/say", barge=here.barge)


def _branch(turn: Turn, here: NodePlan) -> None:
    for index, case in enumerate(here.node.cases):
        if turn.true(case.when):
            turn.log("branch", node=here.id, case=index, when=case.when, to=case.goto)
            enter(turn, case.goto)
            return
    target = here.node.case_else
    turn.log("branch", node=here.id, case="else", to=target)
    if target is None:
        turn.give_up("dead_end", f"no case of branch {here.id} holds and there is no else")
    else:
        enter(turn, target)


def _ab(turn: Turn, here: NodePlan) -> None:
    arms = here.node.arms
    if not arms:
        turn.give_up("dead_end", f"ab node {here.id} has no arms")
        return
    chosen = next((arm for arm in arms if arm.name == turn.arms.get(here.id)), None)
    if chosen is None:
        chosen = arms[weighted([arm.weight for arm in arms], fraction(turn.seed, f"ab:{here.id}", 0))]
        turn.arms[here.id] = chosen.name
    turn.log("ab", node=here.id, arm=chosen.name, to=chosen.goto)
    enter(turn, chosen.goto)


def _leave_subflow(turn: Turn) -> None:
    if not turn.stack:
        turn.give_up("dead_end", "`return` outside a subflow")
        return
    *rest, turn.node = turn.stack
    turn.stack = tuple(rest)
    turn.log("returned", node=turn.node)
    follow_or_stop(turn, "ok", "any")


def _unfill_denied(turn: Turn, slot: str, denied: frozenset[str]) -> None:
    filled = turn.slots.get(slot)
    if slot in denied and filled is not None and filled.turn < turn.turns:
        del turn.slots[slot]
        turn.log("slot", slot=slot, value=None, how="denied", why="it was read back and denied")


def can_follow(turn: Turn, key: str, node: str = "") -> bool:
    """Does the node have this key, and if it is an object over its `max`, a `then`?"""
    name = node or turn.node
    step = turn.plan.nodes[name].node.next.get(key)
    if not isinstance(step, NextStep):
        return step is not None
    return turn.next_used.get(f"{name}/{key}", 0) < step.max or step.then is not None


def follow_or_stop(turn: Turn, *keys: str) -> None:
    """Follow the first of the keys that the current node has; a node without any is a dead end."""
    key = next((key for key in keys if can_follow(turn, key)), None)
    if key is None:
        turn.give_up("dead_end", f"node {turn.node} has none of next.{', next.'.join(keys)}")
    else:
        follow(turn, key)


def follow(turn: Turn, key: str, node: str = "") -> None:
    """Follow `next.<key>` of the current node (or of `node`); `can_follow` must hold."""
    name = node or turn.node
    plan = turn.plan.nodes[name]
    step = plan.node.next[key]
    denied = plan.reads_back if key == "deny" else frozenset()
    if isinstance(step, str):
        turn.log("next", node=name, key=key, to=step)
        enter(turn, step, denied=denied)
        return
    used = f"{name}/{key}"
    times = turn.next_used.get(used, 0) + 1
    if times > step.max and step.then is not None:
        turn.log("next", node=name, key=key, to=step.then, times=times, max=step.max)
        enter(turn, step.then, denied=denied)
        return
    turn.next_used[used] = times
    turn.log("next", node=name, key=key, to=step.goto or name, times=times, max=step.max)
    _carry_out(turn, name, key, step, denied)


def _carry_out(turn: Turn, name: str, key: str, step: NextStep, denied: frozenset[str]) -> None:
    by = f"node:{name}/next/{key}"
    if step.set:
        turn.assign(step.set, by)
    if step.tag is not None:
        turn.log("did", action="tag", arg=step.tag, by=by)
        turn.tag(step.tag)
        turn.actions = (*turn.actions, {"kind": "tag", "arg": step.tag})
    target = step.goto or name
    if step.say is not None:
        turn.say_text(step.say, f"{by}/say", barge=turn.plan.nodes[target].barge if target in turn.plan.nodes else None)
    group = turn.do(step.do, by)
    if group is not None:
        hand_over(turn, group)
    elif step.say is None and step.goto is not None:
        enter(turn, step.goto, denied=denied)
    elif step.goto is not None and step.goto != turn.node:
        enter(turn, step.goto, silent=True, denied=denied)
    elif step.say is None:
        reask(turn)
    else:
        turn.phase = "listening"
        _pass_filled(turn)


def _pass_filled(turn: Turn) -> bool:
    """A collect node whose slot got its value meanwhile is left through `filled`."""
    if turn.here.node.type != "collect" or turn.here.node.slot not in turn.slots:
        return False
    follow_or_stop(turn, "filled")
    return True


def reask(turn: Turn) -> None:
    """Ask the current node's question again: a `reask` text, the slot's question, or the next wording of `say`."""
    turn.phase = "listening"
    if _pass_filled(turn):
        return
    here = turn.here
    if turn.say_variant(here.node.reask, f"node:{here.id}/reask", barge=here.barge):
        return
    if not _ask(turn, here):
        _say(turn, here)


def enter_again(turn: Turn) -> None:
    """Speak the current node's own text from its beginning: the caller cut it off before it was heard."""
    turn.phase = "listening"
    here = turn.here
    _say(turn, here)
    _ask(turn, here)


def _ask(turn: Turn, here: NodePlan) -> bool:
    plan = turn.plan.slots.get(here.node.slot or "") if here.node.type == "collect" else None
    if plan is None or plan.slot.ask is None:
        return False
    turn.say_text(plan.slot.ask, f"slot:{plan.name}/ask", barge=here.barge)
    return True


def hand_over(turn: Turn, group: str, at: NodePlan | None = None) -> None:
    """Ask for a person. Without a transfer node of its own, the first one to the same group lends brief, waiting time and `next.failed`."""
    plan = at or turn.plan.transfers.get(group)
    wanted = plan.node.brief if plan is not None and plan.node.brief else _BRIEF
    parts = {
        "slots": {name: plain(filled.value) for name, filled in turn.slots.items()},
        "last_turns": [list(line) for line in turn.lines],
        "tags": list(turn.tags),
    }
    wait_s = plan.node.wait_s if plan else 30
    turn.phase = "transfer"
    turn.transfer_node = plan.id if plan and "failed" in plan.node.next else ""
    turn.actions = (*turn.actions, {"kind": "transfer", "arg": {"group": group}})
    turn.final = Transfer(group, {name: parts[name] for name in wanted}, wait_s)
    turn.log("transfer", group=group, wait_s=wait_s, node=turn.node, failed_node=turn.transfer_node)
