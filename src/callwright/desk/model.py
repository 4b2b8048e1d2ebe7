"""An agent: somebody of ours whom scripts may ask for. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

__all__ = ["FRESH", "STATES", "Agent", "AgentState", "may_change", "takes"]

AgentState = Literal["offline", "ready", "busy", "wrap_up", "break"]
STATES: tuple[AgentState, ...] = get_args(AgentState)

FRESH = timedelta(seconds=25)
"""Whose browser was silent for longer is not there."""

# What an agent may say himself; busy comes with a call and ends with it.
_OWN: dict[AgentState, frozenset[AgentState]] = {
    "offline": frozenset({"ready", "break"}),
    "ready": frozenset({"offline", "break"}),
    "busy": frozenset({"wrap_up"}),
    "wrap_up": frozenset({"ready", "break", "offline"}),
    "break": frozenset({"ready", "offline"}),
}


@dataclass(frozen=True, slots=True)
class Agent:
    """groups: whose calls they take, () = all; call: that they have, or write about."""

    user: int
    name: str
    state: AgentState
    since: datetime
    seen_at: datetime
    groups: tuple[str, ...] = ()
    call: str = ""

    def here(self, now: datetime) -> bool:
        """Their browser is there."""
        return self.state != "offline" and now - self.seen_at <= FRESH


def may_change(now: AgentState, to: AgentState) -> bool:
    """Whether an agent may say so. Staying as one is always allowed."""
    return now == to or to in _OWN[now]


def takes(agents: Sequence[Agent], group: str, now: datetime) -> tuple[int, int]:
    """(agents of the group who are ready, those who are there at all): nobody there means that nobody will come."""
    there = [one for one in agents if one.here(now) and (not one.groups or group in one.groups)]
    return sum(one.state == "ready" for one in there), sum(one.state in ("ready", "busy", "wrap_up") for one in there)
