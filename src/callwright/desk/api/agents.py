"""Routes of the agents' desk: who is there, who takes which calls, and what came of one."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from callwright import audit
from callwright.accounts.roles import Permission
from callwright.calls.standing import Row
from callwright.desk import service
from callwright.desk.api.live import CallId, boards_of
from callwright.desk.model import Agent
from callwright.http.fields import Moment, PathId, Text
from callwright.http.here import Here, needs
from callwright.http.problems import answers, conflict

__all__ = ["AgentView", "CodeName", "Work", "agent_view", "router", "user_of"]

router = APIRouter()

CodeName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,23}$", examples=["interested"])]
State = Literal["offline", "ready", "busy", "wrap_up", "break"]
Work = Annotated[Here, needs(Permission.DESK_WORK)]


class AgentView(BaseModel):
    """An agent. state: `offline` also when his browser is silent."""

    user: int
    name: str
    state: State
    since: AwareDatetime
    groups: list[str] = Field(description="whose calls he takes; empty = all")
    call: str = Field("", description="the call he has, or writes about")


class Presence(BaseModel):
    """The viewer at the desk, and everybody else who is there."""

    me: AgentView
    agents: list[AgentView]


class Change(BaseModel):
    """What an agent says he does."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["offline", "ready", "break", "wrap_up"] = Field(examples=["ready"])


class Groups(BaseModel):
    """Whose calls an agent takes."""

    model_config = ConfigDict(extra="forbid")

    groups: list[Annotated[Text, Field(min_length=1, max_length=64)]] = Field(
        max_length=50, description="names of groups; empty = the calls of all", examples=[["sales"]]
    )


class WrapUp(BaseModel):
    """What came of a call."""

    model_config = ConfigDict(extra="forbid")

    call: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$")
    code: CodeName
    note: Annotated[Text, Field(max_length=2000)] = ""
    follow_up: bool = False


class WrittenUp(BaseModel):
    """What an agent wrote after a call."""

    user: int = Field(examples=[3])
    name: str = Field(examples=["Anna Berg"])
    code: CodeName
    note: str = Field(examples=["calls back on Monday"])
    follow_up: bool
    at: Moment


@router.post("/desk/presence", responses=answers(409))
async def be_at_desk(here: Work) -> Presence:
    """Say that this browser is there: every ten seconds, else its agent counts as gone. Whose call is over gets to write about it; whose time
    after a call is over is ready again."""
    user, now = user_of(here), here.now()
    async with boards_of(here).watching(here.viewer.tenant) as board:
        await board.known()
        living = {call for call, row in board.rows.items() if row["stage"] != "over" and _has(row, user)}
    async with here.scope() as scope:
        me = await service.present(scope, user, here.viewer.name[:100], now)
        await service.look_after(scope, me, living, now)
        known = await service.agents(scope)
    mine = next(one for one in known if one.user == user)
    return Presence(me=agent_view(mine, here), agents=[agent_view(one, here) for one in known])


@router.put("/desk/state", responses=answers(409))
async def change_desk_state(here: Work, body: Change) -> AgentView:
    """Say what one does: ready for calls, in a break, gone, or done talking."""
    user, now = user_of(here), here.now()
    async with here.keyed() as (scope, keys):
        await service.present(scope, user, here.viewer.name[:100], now)
        agent = await service.change(scope, user, body.state, now)
        await audit.note(scope, keys, here.viewer, "desk.state", ("user", user), {"state": body.state}, now=now)
    return agent_view(agent, here)


@router.get("/desk/agents")
async def list_agents(here: Annotated[Here, needs(Permission.DESK_MANAGE)]) -> list[AgentView]:
    """Everybody who is or may be at the desk, for whoever looks after them."""
    async with here.reading() as scope:
        return [agent_view(one, here) for one in await service.team(scope)]


@router.put("/desk/agents/{user}/groups", responses=answers(404))
async def assign_agent(here: Annotated[Here, needs(Permission.DESK_MANAGE)], user: PathId, body: Groups) -> AgentView:
    """Decide whose calls an agent takes, from the next one on."""
    now = here.now()
    async with here.keyed() as (scope, keys):
        agent = await service.assign(scope, user, body.groups, now)
        await audit.note(
            scope, keys, here.viewer, "desk.assign", ("user", user), {"groups": len(agent.groups)}, now=now
        )
    return agent_view(agent, here)


@router.post("/desk/wrap-ups", responses=answers(409))
async def write_up_call(here: Work, body: WrapUp) -> AgentView:
    """Write down what came of a call; the agent is ready again. The code is one of `GET /desk/settings`."""
    user, now = user_of(here), here.now()
    async with here.keyed() as (scope, keys):
        await service.present(scope, user, here.viewer.name[:100], now)
        await service.write_up(scope, keys, user, body.call, body.code, body.note, body.follow_up, now)
        agent = await service.present(scope, user, here.viewer.name[:100], now)
        detail: audit.Detail = {"code": body.code, "follow_up": body.follow_up}
        await audit.note(scope, keys, here.viewer, "desk.wrap-up", ("call", body.call), detail, now=now)
    return agent_view(agent, here)


@router.get("/desk/calls/{call}/wrap-ups")
async def list_wrap_ups(here: Annotated[Here, needs(Permission.RESULTS_READ)], call: CallId) -> list[WrittenUp]:
    """What agents wrote about a call, the oldest first. Noted in the audit log when there is something."""
    async with here.keyed() as (scope, keys):
        found = await service.notes_of(scope, keys, call)
        if found:
            await audit.note(scope, keys, here.viewer, "desk.notes", ("call", call), now=here.now())
    return [
        WrittenUp(user=one.user, name=one.name, code=one.code, note=one.note, follow_up=one.follow_up, at=one.at)
        for one in found
    ]


def user_of(here: Here) -> int:
    """Who the agent is. Raises ApiError: 409, a token is none."""
    if here.viewer.user is None:
        raise conflict("no-agent", "only a user can be an agent")
    return here.viewer.user


def agent_view(agent: Agent, here: Here) -> AgentView:
    """An agent as everybody sees them."""
    state = agent.state if agent.here(here.now()) else "offline"
    return AgentView(
        user=agent.user, name=agent.name, state=state, since=agent.since, groups=list(agent.groups), call=agent.call
    )


def _has(row: Row, user: int) -> bool:
    """The call is with this agent, or nobody talks in it yet (it may ring for him)."""
    return row.get("user") == user or row["answered_ms"] is None
