"""Breadth-first search over every reachable state; each finding carries the shortest path that shows it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from callwright.errors import Place, Problem
from callwright.script.explore.machine import Machine
from callwright.script.explore.state import Edge, Fault, State
from callwright.script.explore.wording import describe
from callwright.script.model import GlobalRule, Script

__all__ = ["MAX_STATES", "Reached", "search"]

MAX_STATES = 200_000


@dataclass(slots=True)
class Reached:
    """What the search saw: every state with the edge it was first reached by, nodes entered, and the problems met on the way."""

    machine: Machine
    parents: dict[State, tuple[State, Edge] | None] = field(default_factory=dict)
    nodes: set[str] = field(default_factory=set)
    listening: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    complete: bool = True
    results: dict[State, list[tuple[Edge, State]]] = field(default_factory=dict)  # from one awaited result to the next
    _told: set[tuple[str, str, str]] = field(default_factory=set)

    def trace(self, state: State, last: Edge | None = None) -> tuple[str, ...]:
        """The shortest path to `state`, then over `last`, as a reader sees it."""
        steps = [last.trace] if last is not None else []
        while (came := self.parents[state]) is not None:
            state, edge = came
            steps.append(edge.trace)
        return tuple(step for part in reversed(steps) for step in part)

    def tell(self, fault: Fault, trace: tuple[str, ...]) -> None:
        """Keep a fault once per code, node and detail: the first one found is the one with the shortest path."""
        problem = describe(self.machine.script, fault, trace)
        once = problem.code.startswith("disclosure")  # everything after it would be told again
        known = (problem.code, "", "") if once else (fault.code, fault.node, fault.detail)
        if known not in self._told:
            self._told.add(known)
            self.problems.append(problem)


def search(script: Script, max_states: int = MAX_STATES) -> Reached:
    """Explore `script`; stops with a `too-large` problem when more than `max_states` states are reachable."""
    machine = Machine(script)
    found = Reached(machine)
    found.parents[machine.initial] = None
    queue = deque([machine.initial])
    while queue:
        state = queue.popleft()
        edges = machine.successors(state)
        if state.phase == "listening":
            found.listening.add(state.node)
            _check_rights(found, state, edges)
        for edge in edges:
            target = _look_at(found, state, edge)
            if (
                target is not None
                and edge.kind in ("action", "transfer")
                and target.phase in ("acting", "transferring")
            ):
                found.results.setdefault(state, []).append((edge, target))
            if target is None or target in found.parents:
                continue
            if len(found.parents) >= max_states:
                found.complete = False
                found.problems.append(_too_large(max_states))
                return found
            found.parents[target] = (state, edge)
            queue.append(target)
    found.nodes |= machine.entrance.passed
    _check_results(found)
    return found


def _look_at(found: Reached, state: State, edge: Edge) -> State | None:
    """Note what the edge shows; the state to go on from."""
    found.nodes.update(edge.arrival.path)
    for fault in edge.arrival.faults:
        found.tell(fault, found.trace(state, edge))
    target = edge.arrival.state
    if target is None or target.phase != "listening" or target.refusals < 2:
        return target
    found.tell(Fault("second-refusal", state.node, target.node), found.trace(state, edge))
    return replace(target, refusals=0, taken=0, pleading=False)  # told: what follows is judged afresh


def _check_rights(found: Reached, state: State, edges: list[Edge]) -> None:
    """Whoever may speak can end the calls for good, or get a person, with one sentence."""
    script = found.machine.script
    for role, code in (("do_not_disturb", "opt-out"), ("transfer", "transfer")):
        rules = {rule.id: rule for rule in script.globals if rule.role == role}
        asked = [edge for edge in edges if edge.kind == "global" and edge.id in rules]
        if not any(rules[edge.id].event is None for edge in asked):
            found.tell(Fault(f"{code}-missing", "", ""), found.trace(state))
        for edge in asked:
            honoured = _opted_out(found, edge) if code == "opt-out" else _transferred(found, edge, rules[edge.id])
            if not honoured:
                found.tell(Fault(f"{code}-ineffective", "", edge.id), found.trace(state, edge))


def _check_results(found: Reached) -> None:
    """Actions and transfers whose results lead to each other, in a circle the caller has no part in."""
    told: set[State] = set()
    for state in found.results:
        if state in told:
            continue
        ways: dict[State, tuple[Edge, ...]] = {state: ()}
        queue = deque([state])
        while queue:
            here = queue.popleft()
            for edge, target in found.results.get(here, ()):
                if target == state:
                    around = tuple(step for part in (*ways[here], edge) for step in part.trace)
                    found.tell(Fault("silent-loop", state.node), (*found.trace(state), *around))
                    told.update(ways)
                    queue.clear()
                    break
                if target not in ways:
                    ways[target] = (*ways[here], edge)
                    queue.append(target)


def _opted_out(found: Reached, edge: Edge) -> bool:
    """The call ends without another turn, and the number is frozen on the way."""
    return all(end is not None and end.phase == "ended" and frozen for end, frozen in _rests(found, edge))


def _transferred(found: Reached, edge: Edge, rule: GlobalRule) -> bool:
    if any(action.kind == "transfer" for action in rule.do):
        return True
    return all(end is not None and end.phase == "transferring" for end, _ in _rests(found, edge))


def _rests(found: Reached, edge: Edge, frozen: bool = False, depth: int = 8) -> Iterator[tuple[State | None, bool]]:
    """Where an edge comes to rest once the actions on its way came back, and whether a freeze was carried out."""
    target, frozen = edge.arrival.state, frozen or edge.arrival.frozen
    if target is None or target.phase != "acting" or depth == 0:
        yield target, frozen
        return
    for further in found.machine.successors(target):
        yield from _rests(found, further, frozen, depth - 1)


def _too_large(max_states: int) -> Problem:
    return Problem(
        "too-large",
        f"the conversation has more than {max_states:,} different states: too large to prove",
        Place(field="flow"),
        "split the script, or use fewer limited `next` objects (`max`) and fewer slots inside loops",
    )
