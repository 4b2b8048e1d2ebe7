"""What happens between two waits: entering a node, and everything the robot then does by itself.

Non-listening nodes, branches, subflows, arms and already filled questions are passed without the caller; the way ends where the robot
waits (for words, an action, a transfer), where the call ends, or where it breaks off with a fault.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from callwright.script.explore.state import Arrival, Fault, State, ended
from callwright.script.expression import compile_expression
from callwright.script.model import Action, Node, Script
from callwright.script.text import placeholders

__all__ = ["CONTINUE_KEYS", "MAX_SUBFLOW_DEPTH", "Entrance", "continue_key"]

MAX_SUBFLOW_DEPTH = 8
CONTINUE_KEYS = ("any", "ok")
RETURN = "return"
_GIVES_UP = {"dead-end": "dead_end", "unbalanced-return": "dead_end"}  # how the engine ends such a call


def continue_key(node: Node) -> str | None:
    """The `next` key a node that does not wait goes on with: `any`, else `ok`."""
    return next((key for key in CONTINUE_KEYS if key in node.next), None)


@dataclass(frozen=True, slots=True)
class Option:
    """One outcome of a `next` value. target: None = stay and ask again; muted: something is said in place of the target's text;
    group: its `do` hands over to a person instead."""

    target: str | None
    state: State
    muted: bool = False
    group: str | None = None

    def stays(self, name: str) -> bool:
        """It leaves the robot at `name`, where something else is said or the question comes again."""
        return self.group is None and (self.target is None or (self.muted and self.target == name))


@dataclass(frozen=True, slots=True)
class _Transit:
    """A node about to be entered; `muted`: its own text was replaced by a `next` object's `say`."""

    node: str
    state: State
    muted: bool = False
    frozen: bool = False


class Entrance:
    """Follows a script from a target node to every place where it can come to rest. Pure; results are cached."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.nodes = script.flow.nodes
        self.maybe_filled = _maybe_filled(script)
        self.clearable = _clearable(script)
        self.exact = _few_limits(script)
        self.taken: set[tuple[str, str]] = set()  # (node, key) of every `next` value that was ever followed
        self.passed: set[str] = set()  # every node ever entered; paths hold the shortest way only
        self._cache: dict[_Transit, tuple[Arrival, ...]] = {}

    def enter(self, target: str, state: State, *, muted: bool = False) -> tuple[Arrival, ...]:
        """Every arrival from entering `target` in `state` (whose own node and phase no longer matter), shortest path first."""
        start = _Transit(target, replace(state, node="", tries=0, fallback=""), muted)
        if start not in self._cache:
            self._cache[start] = tuple(self._walk(start))
        return self._cache[start]

    def _walk(self, start: _Transit) -> Iterator[Arrival]:
        paths: dict[_Transit, tuple[str, ...]] = {start: (start.node,)}
        edges: dict[_Transit, list[_Transit]] = {}
        again: list[tuple[_Transit, _Transit]] = []
        queue = deque([start])
        while queue:
            here = queue.popleft()
            self.passed.add(here.node)
            edges[here] = []
            for found in self._pass(here):
                if isinstance(found, _Transit):
                    edges[here].append(found)
                    if found in paths:
                        again.append((here, found))
                    else:
                        paths[found] = (*paths[here], found.node)
                        queue.append(found)
                elif isinstance(found, Fault):
                    value = _GIVES_UP.get(found.code)
                    yield Arrival(paths[here], ended(here.node, value) if value else None, (found,))
                else:
                    yield Arrival(paths[here], found, frozen=_freezes(self.nodes.get(here.node), here))
        for source, goal in again:
            if _reaches(goal, source, edges):
                path, fault = (*paths[source], goal.node), Fault("silent-loop", goal.node)
                yield Arrival(path, ended(goal.node, "loop"), (fault,))

    def _pass(self, here: _Transit) -> Iterator[_Transit | State | Fault]:
        """The steps out of one node without the caller: further nodes, a rest, or a fault."""
        if here.node == RETURN and RETURN not in self.nodes:
            yield from self._come_back(here)
            return
        node = self.nodes.get(here.node)
        if node is None:
            yield Fault("unknown-node", here.node)
            return
        state = here.state
        if not here.muted and speaks(self.script, node):
            if self._too_early(here.node, node, state):
                yield Fault("disclosure-late", here.node)
            if self.discloses(here.node, node):
                state = replace(state, disclosed=True)
        group = transfer_group(node.do)
        if node.end is not None:
            yield ended(here.node, node.end)
        elif group is not None:
            yield self.hand_over(group, replace(state, node=here.node))
        else:
            yield from self._by_type(replace(here, state=state, frozen=_freezes(node, here)), node)

    def _by_type(self, here: _Transit, node: Node) -> Iterator[_Transit | State | Fault]:
        state, frozen = replace(here.state, node=here.node), here.frozen
        if node.type == "branch":
            targets, certain = _branch_targets(node)
            yield from (_Transit(target, here.state, frozen=frozen) for target in targets)
            if not certain and node.case_else is None:
                yield Fault("dead-end", here.node, "no case needs to be true and there is no `else`")
        elif node.type == "ab":
            yield from (_Transit(arm.goto, here.state, frozen=frozen) for arm in node.arms)
            if not node.arms:
                yield Fault("dead-end", here.node, "it has no arms")
        elif node.type == "subflow":
            yield from self._go_down(here, node)
        elif node.type == "action":
            yield replace(state, phase="acting")
        elif node.type == "transfer":
            yield self.hand_over(node.to.group if node.to else "", state, here.node)
        elif node.type == "collect":
            yield from self._question(here, node)
        elif not node.listen:
            yield from self._go_on(here, node, "it does not listen and has no `next.any`")
        elif not node.next:
            yield Fault("dead-end", here.node, "it listens but has neither `next` nor `end`")
            yield replace(state, phase="listening")
        else:
            yield replace(state, phase="listening")

    def _question(self, here: _Transit, node: Node) -> Iterator[_Transit | State | Fault]:
        slot = node.slot or ""
        sure = slot in here.state.filled
        if sure or slot in self.maybe_filled:
            yield from self._go_on(here, node, "its slot is filled and it has no `next.filled`", ("filled",))
        if not sure or slot in self.clearable:
            yield replace(here.state, node=here.node, phase="listening", tries=0)

    def _go_down(self, here: _Transit, node: Node) -> Iterator[_Transit | State | Fault]:
        if node.enter is None:
            yield Fault("dead-end", here.node, "it is a subflow without `enter`")
        elif len(here.state.stack) >= MAX_SUBFLOW_DEPTH:
            yield Fault("subflow-depth", here.node)
        else:
            deeper = replace(here.state, stack=(*here.state.stack, here.node))
            yield _Transit(node.enter, deeper, frozen=here.frozen)

    def _come_back(self, here: _Transit) -> Iterator[_Transit | State | Fault]:
        if not here.state.stack:
            yield Fault("unbalanced-return", RETURN)
            return
        caller = here.state.stack[-1]
        above = replace(here, node=caller, state=replace(here.state, stack=here.state.stack[:-1]))
        yield from self._go_on(above, self.nodes[caller], "its subflow comes back and it has no `next.ok`")

    def _go_on(
        self, here: _Transit, node: Node, why: str, keys: tuple[str, ...] = CONTINUE_KEYS
    ) -> Iterator[_Transit | State | Fault]:
        key = next((entry for entry in keys if entry in node.next), None)
        if key is None:
            yield Fault("dead-end", here.node, why)
            return
        options = list(self.options(here.node, key, here.state))
        if not options or any(option.stays(here.node) for option in options):
            yield Fault("dead-end", here.node, f"`next.{key}` leads nowhere")
        for option in options:
            yield from self.early(here.node, key, option, here.state)
            if option.group is not None:
                yield self.hand_over(option.group, replace(option.state, node=here.node))
            elif option.stays(here.node):
                yield replace(option.state, node=here.node, phase="listening")
                if key == "filled":  # asked again, the slot is still filled: the key is followed once more
                    yield _Transit(here.node, option.state, frozen=here.frozen)
            elif option.target is not None:
                yield _Transit(option.target, option.state, option.muted, here.frozen)

    def hand_over(self, group: str, state: State, node: str = "") -> State:
        """Awaiting a person; without a transfer node of its own, the first one to the same group lends its `next.failed`."""
        fits = (n for n, d in self.nodes.items() if d.type == "transfer" and d.to is not None and d.to.group == group)
        name = node or next(fits, "")
        fallback = name if name and "failed" in self.nodes[name].next else ""
        return replace(state, phase="transferring", fallback=fallback)

    def options(self, name: str, key: str, state: State) -> Iterator[Option]:
        """What following a `next` value may do; nothing when its `max` is used up and it has no `then`."""
        step = self.nodes[name].next[key]
        self.taken.add((name, key))
        if isinstance(step, str):
            yield Option(step, state)
            return
        limited = step.max < min(99, self.script.limits.max_turns)
        used = state.count(name, key)
        if not limited or used < step.max:
            after = state.counted(name, key) if limited else state
            yield Option(step.goto, after, step.say is not None, transfer_group(step.do))
        if limited and step.then is not None and (used >= step.max or (state.blurred and key not in KEPT)):
            yield Option(step.then, state)

    def early(self, name: str, key: str, option: Option, state: State) -> tuple[Fault, ...]:
        """The fault of a `next` object that speaks before the disclosure was heard; a farewell may."""
        if not option.muted or state.disclosed or self.script.compliance.disclosure is None:
            return ()
        target = self.nodes.get(option.target or "")
        farewell = target is not None and target.end is not None
        return () if farewell else (Fault("disclosure-late", name, f"next.{key}"),)

    def may_be_used_up(self, name: str, key: str, state: State) -> bool:
        """A `next` object without `then` that may be over its `max`: the turn goes on as if the key were not there."""
        step = self.nodes[name].next[key]
        if isinstance(step, str) or step.then is not None or step.max >= min(99, self.script.limits.max_turns):
            return False
        return state.count(name, key) >= step.max or (state.blurred and key not in KEPT)

    def discloses(self, name: str, node: Node) -> bool:
        """The node is the disclosure, is certainly spoken, and nobody can cut it off."""
        disclosure = self.script.compliance.disclosure
        if disclosure is None or disclosure.node != name:
            return False
        voice = "voice" in self.script.channels
        certain = any(text.when is None and text.channel is None for text in node.say)
        mode = node.barge.mode or self.script.turn.barge.mode
        return certain and node.type != "collect" and (not voice or (mode == "none" and not disclosure.interruptible))

    def _too_early(self, name: str, node: Node, state: State) -> bool:
        disclosure = self.script.compliance.disclosure
        return disclosure is not None and not state.disclosed and name != disclosure.node and node.end is None


KEPT = ("refuse", "refused")  # their use counts are never forgotten: at most two refusals are followed


def speaks(script: Script, node: Node) -> bool:
    """Entering the node lets the caller hear something."""
    if node.type == "collect":
        return bool(node.say) or (node.slot in script.slots and script.slots[node.slot].ask is not None)
    return bool(node.say)


def transfer_group(actions: tuple[Action, ...]) -> str | None:
    """The group of a `transfer` among actions."""
    for action in reversed(actions):
        if action.kind == "transfer":
            return str(action.arg.get("group", "")) if isinstance(action.arg, dict) else str(action.arg or "")
    return None


def _freezes(node: Node | None, here: _Transit) -> bool:
    return here.frozen or (node is not None and any(action.kind == "freeze" for action in node.do))


def _reaches(start: _Transit, goal: _Transit, edges: dict[_Transit, list[_Transit]]) -> bool:
    seen, todo = {start}, [start]
    while todo:
        here = todo.pop()
        if here == goal:
            return True
        fresh = [step for step in edges.get(here, ()) if step not in seen]
        seen.update(fresh)
        todo.extend(fresh)
    return False


def _branch_targets(node: Node) -> tuple[list[str], bool]:
    """Targets of a branch that may be taken, and whether one of its cases is always true."""
    targets: list[str] = []
    for case in node.cases:
        try:
            when = compile_expression(case.when)
        except ValueError:
            targets.append(case.goto)  # the static checks report it; here every outcome counts
            continue
        if when.names:
            targets.append(case.goto)
        elif when.evaluate({}):
            return [*targets, case.goto], True
    return [*targets, *([node.case_else] if node.case_else else [])], False


def _maybe_filled(script: Script) -> frozenset[str]:
    """Slots that can get a value outside their own `collect` node: by prefill or by a `set`."""
    names = {name for name, slot in script.slots.items() if slot.prefill}
    for node in script.flow.nodes.values():
        for step in node.next.values():
            if not isinstance(step, str):
                names.update(step.set or ())
                names.update(_set_by(step.do))
        names.update(_set_by(node.do))
    for rule in script.globals:
        names.update(_set_by(rule.do))
    return frozenset(names)


def _clearable(script: Script) -> frozenset[str]:
    """Slots that can lose their value: those a text reads back (a `no` may ask again) and those a `set` names."""
    texts = (text.text for node in script.flow.nodes.values() for text in (*node.say, *node.reask))
    read_back = {name for text in texts for name in placeholders(text)}
    return (frozenset(script.slots) & read_back) | _maybe_filled(script)


def _set_by(actions: tuple[Action, ...]) -> Iterator[str]:
    for action in actions:
        if action.kind == "set" and isinstance(action.arg, dict):
            yield from (str(name) for name in action.arg)


def _few_limits(script: Script) -> bool:
    """Few enough limited `next` objects to follow every counter exactly instead of only those of the current node."""
    product = 1
    for node in script.flow.nodes.values():
        for key, step in node.next.items():
            if not isinstance(step, str) and key not in KEPT and step.max < min(99, script.limits.max_turns):
                product *= step.max + 1
    return product <= 64
