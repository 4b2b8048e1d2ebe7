"""The values of the abstract conversation: where it can rest, and how it gets from one resting place to the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["Arrival", "Edge", "Fault", "Phase", "State", "ended"]

Phase = Literal["ringing", "listening", "acting", "transferring", "ended"]


@dataclass(frozen=True, slots=True)
class State:
    """A resting place: the robot listens at `node`, awaits an action or a transfer, or the call is over.

    stack: subflow nodes to come back to, innermost last; disclosed: the disclosure was heard to its end;
    refusals: 0, 1, 2 (= two or more); pleading: `node` answers a refusal and nothing else was agreed since;
    taken: refusals that a `next` key took, counted like refusals; fallback: the transfer node whose `next.failed` follows ("" = none);
    filled: slots that surely hold a value; tries: unanswered questions of a `collect` node;
    used: (node, key, times) of `next` objects with a limit; blurred: counters not in `used` may hold any value; end: the end value.
    """

    node: str
    phase: Phase
    stack: tuple[str, ...] = ()
    disclosed: bool = False
    refusals: int = 0
    taken: int = 0
    pleading: bool = False
    filled: frozenset[str] = frozenset()
    tries: int = 0
    used: tuple[tuple[str, str, int], ...] = ()
    blurred: bool = False
    fallback: str = ""
    end: str = ""

    def count(self, node: str, key: str) -> int:
        """How often the limited `next` object was used."""
        return next((times for name, entry, times in self.used if name == node and entry == key), 0)

    def counted(self, node: str, key: str) -> State:
        """This state with that object used once more."""
        rest = tuple(use for use in self.used if use[:2] != (node, key))
        return replace(self, used=tuple(sorted((*rest, (node, key, self.count(node, key) + 1)))))


@dataclass(frozen=True, slots=True)
class Fault:
    """A property broken on the way: its code and the node it concerns, with what the message needs."""

    code: str
    node: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where entering a node leads before the robot waits again. `state` is None when the way breaks off (see `faults`).

    path: node ids passed, in order; frozen: a `freeze` was carried out on the way.
    """

    path: tuple[str, ...]
    state: State | None
    faults: tuple[Fault, ...] = ()
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """One step: what happened outside (`caller: refuse`), the `next` key it used (node, key; "" = none), and where it leads.

    kind: `global`, `kb`, `words`, `silence`, `dtmf`, `slot`, `action`, `transfer` or `answer`; id: rule, entry or class.
    """

    label: str
    kind: str
    id: str
    arrival: Arrival
    key: tuple[str, str] = ("", "")

    @property
    def trace(self) -> tuple[str, ...]:
        """The step as a reader sees it: what happened, then the nodes passed."""
        return ((self.label,) if self.label else ()) + self.arrival.path


def ended(node: str, value: str) -> State:
    """The state after the call; everything else is forgotten."""
    return State(node=node, phase="ended", end=value)


def states(edges: list[Edge]) -> Iterator[State]:
    """The states the edges lead to."""
    return (edge.arrival.state for edge in edges if edge.arrival.state is not None)
