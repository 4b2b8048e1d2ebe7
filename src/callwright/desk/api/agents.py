"""Routes of the agents' desk: who is there, who takes calls, what came of one, and calls by a click."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from callwright import audit
from callwright.accounts.roles import Permission
from callwright.campaigns.model import plan_from
from callwright.desk import service, store
from callwright.desk.api.live import boards_of
from callwright.desk.model import FRESH, Agent
from callwright.http.fields import Id, Number, Text
from callwright.http.here import Here, needs
from callwright.http.problems import ApiError, absent, answers, conflict

__all__ = ["router"]

router = APIRouter()

Code = Literal["interested", "callback", "not_interested", "solved", "wrong_person", "complaint", "no_calls", "other"]
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
    groups: list[Annotated[Text, Field(min_length=1, max_length=64)]] | None = Field(
        None, max_length=20, description="whose calls he takes; null = as before"
    )


class WrapUp(BaseModel):
    """What came of a call."""

    model_config = ConfigDict(extra="forbid")

    call: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$")
    code: Code = Field(examples=["interested"])
    note: Annotated[Text, Field(max_length=2000)] = ""
    follow_up: bool = False


class Click(BaseModel):
    """Whom to call: somebody who is known, in the frame of a task (its script, company, line and numbers)."""

    model_config = ConfigDict(extra="forbid")

    number: Number
    task: Id
    offer: str = Field(min_length=1, max_length=32_768, description="SDP with one audio stream")


class Placed(BaseModel):
    """The call is under way, and the browser is on it once it is answered."""

    call: str
    session: str
    answer: str


@router.post("/desk/presence", responses=answers(409))
async def be_at_desk(here: Work) -> Presence:
    """Say that this browser is there: every ten seconds, else its agent counts as gone. Whose call is over gets to write about it."""
    user, now = _user(here), here.now()
    async with boards_of(here).watching(here.viewer.tenant) as board:
        await board.known()
        talking = {row.get("user") for row in board.rows.values() if row["standing"] == "person"}
    async with here.scope() as scope:
        me = await service.present(scope, user, here.viewer.name[:100], now)
        if me.state == "busy" and user not in talking and now - me.since > FRESH:
            await service.end_call(scope, user, now)
        known = await service.agents(scope)
    mine = next(one for one in known if one.user == user)
    return Presence(me=_view(mine, here), agents=[_view(one, here) for one in known])


@router.put("/desk/state", responses=answers(409))
async def change_desk_state(here: Work, body: Change) -> AgentView:
    """Say what one does: ready for calls, in a break, gone, or done talking."""
    user, now = _user(here), here.now()
    async with here.keyed() as (scope, keys):
        await service.present(scope, user, here.viewer.name[:100], now)
        agent = await service.change(scope, user, body.state, body.groups, now)
        await audit.note(scope, keys, here.viewer, "desk.state", ("user", user), {"state": body.state}, now=now)
    return _view(agent, here)


@router.get("/desk/agents")
async def list_agents(here: Annotated[Here, needs(Permission.DESK_MANAGE)]) -> list[AgentView]:
    """Everybody at the desk, for whoever looks after them."""
    async with here.reading() as scope:
        return [_view(one, here) for one in await service.agents(scope)]


@router.post("/desk/wrap-ups", responses=answers(409))
async def write_up_call(here: Work, body: WrapUp) -> AgentView:
    """Write down what came of a call; the agent is ready again."""
    user, now = _user(here), here.now()
    async with here.keyed() as (scope, keys):
        await service.present(scope, user, here.viewer.name[:100], now)
        await service.write_up(scope, keys, user, body.call, body.code, body.note, body.follow_up, now)
        agent = await service.present(scope, user, here.viewer.name[:100], now)
        detail = {"code": body.code, "follow_up": body.follow_up}
        await audit.note(scope, keys, here.viewer, "desk.wrap-up", ("call", body.call), detail, now=now)
    return _view(agent, here)


@router.post("/desk/calls", responses=answers(404, 409))
async def click_to_dial(here: Work, body: Click) -> Placed:
    """Call somebody now, under the same gate, caps and record as any call. Refused: 409 with the rule that refuses; it stands in the decision
    records."""
    here.require(Permission.LIVE_TAKEOVER)
    user, now = _user(here), here.now()
    async with here.keyed() as (scope, keys):
        row = await scope.first(store.TASK, task=body.task)
        if row is None:
            raise absent("task")
        plan = plan_from(row.plan)
        sealed = await scope.value(store.VARIABLES, number_index=keys.index(body.number))
        variables = json.loads(keys.open(sealed, "lead.variables")) if sealed else {}
    async with boards_of(here).watching(here.viewer.tenant) as board:
        await board.known()
        link = next(iter(board.links.values()), None)
        if link is None:
            raise conflict(
                "no-worker", "no worker is running that could place the call", "Start one: callwright worker."
            )
        click = {
            "number": body.number, "script": plan.scripts[0].digest or "", "company": row.company_id, "line": row.line,
            "pool": plan.numbers, "ring_s": float(plan.ring_s),
            "variables": {str(name): str(value) for name, value in variables.items()},
            "offer": body.offer, "user": user, "name": here.viewer.name[:100],
        }  # fmt: skip
        answer = await link.post("/dial", click)
    if "refused" in answer:
        raise ApiError(409, "refused", f"the rules do not allow this call: {answer['refused']}")
    async with here.keyed() as (scope, keys):
        await service.begin_call(scope, user, answer["call"], now)
        await audit.note(scope, keys, here.viewer, "desk.dial", ("call", answer["call"]), {"task": body.task}, now=now)
    return Placed.model_validate(answer)


def _user(here: Here) -> int:
    if here.viewer.user is None:
        raise conflict("no-agent", "only a user can be an agent")
    return here.viewer.user


def _view(agent: Agent, here: Here) -> AgentView:
    state = agent.state if agent.here(here.now()) else "offline"
    return AgentView(
        user=agent.user, name=agent.name, state=state, since=agent.since, groups=list(agent.groups), call=agent.call
    )
