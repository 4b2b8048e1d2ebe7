"""Whatever the turn engine does with any script and any caller, the model checker's abstract relation allows it.

A simulation check: a set of abstract states is carried along; after every event at least one of them must have an edge to where the engine
now rests. Scripts and callers are those of test_dialogue.py.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from callwright.dialogue.engine import Dialogue
from callwright.dialogue.state import State as Concrete
from callwright.dialogue.values import Event, Hangup, OtherParty, TimeUp
from callwright.script.explore import Machine, State
from callwright.script.model import Script
from callwright.testing.literal import LiteralUnderstander

_SPEC = importlib.util.spec_from_file_location("random_dialogues", Path(__file__).with_name("test_dialogue.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
random_dialogues: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(random_dialogues)

PHASES = {"new": "ringing", "listening": "listening", "action": "acting", "transfer": "transferring", "ended": "ended"}
LINE_ENDS = {"too_long"}  # limits that can strike at any moment


def where(state: Concrete) -> tuple[Any, ...]:
    """What the abstract state must share with the engine's."""
    if state.phase == "ended":
        return ("ended", state.end)
    return (PHASES[state.phase], "" if state.phase == "new" else state.node, state.stack)


def place(state: State) -> tuple[Any, ...]:
    """The same of an abstract state."""
    return ("ended", state.end) if state.phase == "ended" else (state.phase, state.node, state.stack)


def follow(machine: Machine, allowed: set[State], now: Concrete) -> tuple[set[State], bool]:
    """The abstract states after the step, and whether the abstract way broke off (nesting that the checker refuses)."""
    after: set[State] = set()
    broken = False
    for state in allowed:
        for edge in machine.successors(state):
            target = edge.arrival.state
            broken = broken or target is None
            if target is not None and place(target) == where(now):
                after.add(target)
    return after, broken


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(random_dialogues.scripts(), random_dialogues.callers(), st.integers(0, 5))
def test_every_step_of_the_engine_is_an_edge_of_the_abstract_relation(
    script: Script, events: list[Event], seed: int
) -> None:
    machine = Machine(script)
    dialogue = Dialogue(script, LiteralUnderstander(script), seed=seed)
    state = dialogue.start({"v": "王"}, "2026-11-20T10:00")
    allowed = {machine.initial}
    for happens in events:
        if isinstance(happens, Hangup | TimeUp):
            continue  # the line's own ends lie outside the script's relation
        before, step = state, dialogue.step(state, happens)
        state = step.state
        if any(entry.kind == "ignored" for entry in step.entries) and where(state) == where(before):
            continue  # the event was no turn
        if isinstance(happens, OtherParty) and where(state) == where(before):
            continue  # told that a robot speaks, and asked again
        if before.phase == "ended":
            assert [entry.kind for entry in step.entries][-1] == "end", "only an opt-out counts after the end"
            continue  # and no script can change what it does
        after, broken = follow(machine, allowed, state)
        if broken and not after:
            event("broke off where the checker reports a fault")
            return
        if state.end in LINE_ENDS:
            return
        assert after, f"{where(before)} -> {where(state)} on {happens}, allowed {sorted(map(place, allowed))}"
        allowed = after
    event(f"ended: {state.phase == 'ended'}")
