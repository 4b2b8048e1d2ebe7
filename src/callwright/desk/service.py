"""Use cases of the desk: who is there, who takes calls, what was written after one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from callwright.desk import store
from callwright.desk.model import Agent, AgentState, may_change
from callwright.http.problems import conflict
from callwright.store.crypto import TenantKeys
from callwright.store.database import Scope

__all__ = ["agents", "begin_call", "change", "end_call", "present", "write_up"]


async def agents(scope: Scope) -> list[Agent]:
    """Everybody who ever was one, in the order in which they came to their state: who waits longest is first."""
    return [_agent(row) for row in await scope.all(store.AGENTS)]


async def present(scope: Scope, user: int, name: str, now: datetime) -> Agent:
    """The agent's browser is there."""
    await scope.run(
        store.ADD_AGENT, [{"user_id": user, "name": name, "state": "offline", "since": now, "seen_at": now}]
    )
    await scope.run(store.SEEN, of_user=user, at=now)
    return await _of(scope, user)


async def change(scope: Scope, user: int, to: AgentState, groups: Sequence[str] | None, now: datetime) -> Agent:
    """The agent says what he does. groups: whose calls he takes, None = as before.

    Raises:
        ApiError: 409, one state does not follow the other: a call is had or it is not.
    """
    now_is = await _of(scope, user)
    if not may_change(now_is.state, to):
        raise conflict("agent-state", f"an agent who is {now_is.state} cannot say {to}")
    call = now_is.call if to in ("busy", "wrap_up") else ""
    return await _set(scope, now_is, to, tuple(groups) if groups is not None else now_is.groups, call, now)


async def begin_call(scope: Scope, user: int, call: str, now: datetime) -> None:
    """An agent has a call now; whoever is none (an inspector who takes over) stays none."""
    row = await scope.first(store.AGENT, of_user=user)
    if row is not None:
        one = _agent(row)
        await _set(scope, one, "busy", one.groups, call, now)


async def end_call(scope: Scope, user: int, now: datetime) -> None:
    """The call of an agent is over for him: he writes down what came of it."""
    row = await scope.first(store.AGENT, of_user=user)
    if row is not None and row.state == "busy":
        one = _agent(row)
        await _set(scope, one, "wrap_up", one.groups, one.call, now)


async def write_up(
    scope: Scope, keys: TenantKeys, user: int, call: str, code: str, note: str, follow_up: bool, now: datetime
) -> None:
    """What came of a call; the agent is ready again."""
    row = {
        "attempt_id": call, "user_id": user, "code": code, "note": keys.seal(note, "wrap_up.note") if note else b"",
        "follow_up": follow_up, "created_at": now,
    }  # fmt: skip
    await scope.run(store.ADD_WRAP_UP, [row])
    found = await scope.first(store.AGENT, of_user=user)
    if found is not None and found.state == "wrap_up":
        one = _agent(found)
        await _set(scope, one, "ready", one.groups, "", now)


async def _of(scope: Scope, user: int) -> Agent:
    row = await scope.first(store.AGENT, of_user=user)
    if row is None:
        raise conflict("no-agent", "this user was never at the desk")
    return _agent(row)


async def _set(scope: Scope, one: Agent, to: AgentState, groups: tuple[str, ...], call: str, now: datetime) -> Agent:
    since = one.since if one.state == to else now
    await scope.run(
        store.SET_AGENT,
        of_user=one.user,
        new_state=to,
        new_since=since,
        at=now,
        new_groups=list(groups),
        new_call=call,
    )
    return Agent(one.user, one.name, to, since, now, groups, call)


def _agent(row: Any) -> Agent:
    return Agent(row.user_id, row.name, row.state, row.since, row.seen_at, tuple(row.groups), row.call)
