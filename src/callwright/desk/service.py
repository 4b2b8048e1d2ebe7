"""Use cases of the desk: who is there, who takes which calls, whom a click dials, what was written after a call."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from callwright.accounts.roles import Permission, Role, permissions_of
from callwright.campaigns.states import APPROVED
from callwright.desk import store
from callwright.desk.model import FRESH, Agent, AgentState, may_change
from callwright.desk.settings import chosen
from callwright.errors import InputError, Place, Problem
from callwright.http.problems import absent, conflict
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope

__all__ = [
    "Callee",
    "Note",
    "agents",
    "assign",
    "begin_call",
    "callee",
    "change",
    "end_call",
    "frame",
    "let_go",
    "look_after",
    "notes_of",
    "present",
    "staffed",
    "team",
    "write_up",
]


@dataclass(frozen=True, slots=True)
class Callee:
    """Whom a click dials: number in E.164, the lead that names them and what the script may say; task: of the call before, if it had one."""

    number: str
    lead: int | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    task: int | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """What an agent wrote after a call."""

    user: int
    name: str
    code: str
    note: str
    follow_up: bool
    at: datetime


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


async def team(scope: Scope) -> list[Agent]:
    """`agents`, and after them whoever may be one but was never there."""
    known = await agents(scope)
    there = {one.user for one in known}
    rest = [row for row in await scope.all(store.USERS) if row.id not in there and _may_work(row.roles)]
    never = datetime.fromtimestamp(0, UTC)
    return [*known, *(Agent(row.id, row.name, "offline", never, never) for row in rest)]


async def staffed(scope: Scope) -> frozenset[str]:
    """The groups that have agents."""
    return frozenset(group for one in await agents(scope) for group in one.groups)


async def assign(scope: Scope, user: int, groups: Sequence[str], now: datetime) -> Agent:
    """Decide whose calls an agent takes: () = all.

    Raises:
        ApiError: 404, there is no such agent.
        InputError: a group is not among the tenant's.
    """
    known = {one.name for one in (await chosen(scope)).groups}
    strange = [
        Problem("no-group", f"there is no group {name}", Place(field=f"groups.{at}"))
        for at, name in enumerate(groups)
        if name not in known
    ]
    if strange:
        raise InputError(strange)
    row = next((one for one in await scope.all(store.USERS) if one.id == user), None)
    if row is None or not _may_work(row.roles):
        raise absent("agent")
    never = datetime.fromtimestamp(0, UTC)
    await scope.run(
        store.ADD_AGENT, [{"user_id": user, "name": row.name, "state": "offline", "since": now, "seen_at": never}]
    )
    await scope.run(store.SET_GROUPS, of_user=user, new_groups=list(dict.fromkeys(groups)), new_name=row.name)
    return await _of(scope, user)


async def change(scope: Scope, user: int, to: AgentState, now: datetime) -> Agent:
    """The agent says what he does.

    Raises:
        ApiError: 409, one state does not follow the other: a call is had or it is not, or it is to be written up first.
    """
    now_is = await _of(scope, user)
    if not may_change(now_is.state, to):
        raise conflict("agent-state", f"an agent who is {now_is.state} cannot say {to}")
    if now_is.state == "wrap_up" and to != "wrap_up" and (await chosen(scope)).required:
        raise conflict("wrap-up-first", "what came of the last call is to be written down first")
    call = now_is.call if to in ("busy", "wrap_up") else ""
    return await _set(scope, now_is, to, call, now)


async def look_after(scope: Scope, me: Agent, living: Collection[str], now: datetime) -> Agent:
    """What time does to an agent: whose call is over writes about it, and who has had the time after a call is ready again.

    living: calls in which he talks, or that ring for him.
    """
    if me.state == "busy" and me.call not in living and now - me.since > FRESH:
        return await _set(scope, me, "wrap_up", me.call, now)
    if me.state == "wrap_up":
        rules = await chosen(scope)
        if rules.work_s and not rules.required and now - me.since >= timedelta(seconds=rules.work_s):
            return await _set(scope, me, "ready", "", now)
    return me


async def let_go(scope: Scope, me: Agent, now: datetime) -> None:
    """Nothing came of the call that an agent was kept free for (`begin_call` without a call): he is what he was."""
    row = await scope.first(store.AGENT, of_user=me.user)
    if row is not None and (row.state, row.call) == ("busy", ""):
        await _set(scope, _agent(row), me.state, me.call, now)


async def begin_call(scope: Scope, user: int, call: str, now: datetime) -> None:
    """An agent has a call now (call "" = one that is being placed); whoever is none (an inspector who takes over) stays none."""
    row = await scope.first(store.AGENT, of_user=user)
    if row is not None:
        one = _agent(row)
        await _set(scope, one, "busy", call, now)


async def end_call(scope: Scope, user: int, now: datetime) -> None:
    """The call of an agent is over for him: he writes down what came of it."""
    row = await scope.first(store.AGENT, of_user=user)
    if row is not None and row.state == "busy":
        one = _agent(row)
        await _set(scope, one, "wrap_up", one.call, now)


async def write_up(
    scope: Scope, keys: TenantKeys, user: int, call: str, code: str, note: str, follow_up: bool, now: datetime
) -> None:
    """What came of a call; the agent is ready again.

    Raises:
        InputError: there is no such code, or it is archived.
    """
    known = (await chosen(scope)).code(code)
    if known is None or known.archived:
        hint = "The codes that can be chosen stand in the settings of the desk."
        raise InputError(Problem("code-gone", f"there is no code {code} to choose", Place(field="code"), hint))
    row = {
        "attempt_id": call, "user_id": user, "code": code, "note": keys.seal(note, "wrap_up.note") if note else b"",
        "follow_up": follow_up, "created_at": now,
    }  # fmt: skip
    await scope.run(store.ADD_WRAP_UP, [row])
    found = await scope.first(store.AGENT, of_user=user)
    if found is not None and found.state == "wrap_up" and found.call in ("", call):
        one = _agent(found)
        await _set(scope, one, "ready", "", now)


async def notes_of(scope: Scope, keys: TenantKeys, call: str) -> list[Note]:
    """What agents wrote about a call, the oldest first."""
    return [
        Note(
            row.user_id, row.name or "", row.code, keys.open(bytes(row.note), "wrap_up.note").decode() if row.note else "",
            row.follow_up, row.created_at,
        )
        for row in await scope.all(store.WRAP_UPS, attempt=call)
    ]  # fmt: skip


async def frame(scope: Scope, task: int) -> Row[Any]:
    """The task in whose frame somebody is called by hand (see `store.TASK`).

    Raises:
        ApiError: 404, there is no such task; 409, nobody approved its plan.
    """
    row = await scope.first(store.TASK, task=task)
    if row is None:
        raise absent("task")
    if row.state not in APPROVED:
        raise conflict("task-state", f"the task is {row.state}: its plan was not approved", "Have it approved first.")
    return row


async def callee(
    scope: Scope, keys: TenantKeys, *, number: str = "", lead: int | None = None, call: str = ""
) -> Callee:
    """Whom a click dials, named by one of these.

    Raises:
        ApiError: 404, there is no such lead or call, or its person was erased.
        DamagedError: a number or what the script may say cannot be opened.
    """
    task = None
    if lead is not None:
        row = await scope.first(store.LEAD, lead=lead)
    else:
        index = keys.index(number) if number else b""
        if call:
            before = await scope.first(store.OF_CALL, attempt=call)
            if before is None or not before.number:
                raise absent("call")
            number, index, task = (
                keys.open_number(before.number, before.number_index),
                bytes(before.number_index),
                before.task_id,
            )
        row = await scope.first(store.LEAD_OF_NUMBER, number_index=index)
        if row is None:
            return Callee(number, task=task)
    if row is None or not row.number:
        raise absent("lead")
    said = json.loads(keys.open(row.variables, "lead.variables")) if row.variables else {}
    whole = keys.open_number(row.number, row.number_index)
    return Callee(whole, row.id, {str(name): str(value) for name, value in said.items()}, task)


async def _of(scope: Scope, user: int) -> Agent:
    row = await scope.first(store.AGENT, of_user=user)
    if row is None:
        raise conflict("no-agent", "this user was never at the desk")
    return _agent(row)


def _may_work(roles: Sequence[str]) -> bool:
    return Permission.DESK_WORK in permissions_of(Role(name) for name in roles)


async def _set(scope: Scope, one: Agent, to: AgentState, call: str, now: datetime) -> Agent:
    since = one.since if one.state == to else now
    await scope.run(store.SET_AGENT, of_user=one.user, new_state=to, new_since=since, at=now, new_call=call)
    return Agent(one.user, one.name, to, since, now, one.groups, call)


def _agent(row: Any) -> Agent:
    return Agent(row.user_id, row.name, row.state, row.since, row.seen_at, tuple(row.groups), row.call)
