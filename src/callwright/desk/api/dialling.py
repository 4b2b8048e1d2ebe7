"""Calls by a click: an agent calls somebody who is known, under the gate of every call."""

from __future__ import annotations

from typing import Annotated

import anyio
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from callwright import audit
from callwright.accounts.roles import Permission
from callwright.compliance import telling
from callwright.compliance.api.packs_in_use import packs_in_use
from callwright.compliance.telling import Language
from callwright.desk import service
from callwright.desk.api.agents import Work, user_of
from callwright.desk.api.live import boards_of
from callwright.desk.links import first_able
from callwright.desk.model import Agent
from callwright.http.fields import Id, Moment, Number
from callwright.http.here import Here
from callwright.http.problems import absent, answers, conflict

__all__ = ["router"]

router = APIRouter()


class Click(BaseModel):
    """Whom to call, in the frame of a task (its script, company, line and numbers): one of `number`, `lead` and `call`. Somebody who is not
    known (imported, with a basis for the call) is called by nobody."""

    model_config = ConfigDict(extra="forbid")

    number: Number | None = None
    lead: Id | None = None
    call: str | None = Field(
        None, pattern=r"^[A-Za-z0-9._@-]{1,40}$", description="an earlier call: whoever it was with"
    )
    task: Id | None = Field(None, description="null = the task of the earlier call")
    offer: str = Field(min_length=1, max_length=32_768, description="SDP with one audio stream")

    @model_validator(mode="after")
    def _one(self) -> Click:
        if sum(one is not None for one in (self.number, self.lead, self.call)) != 1:
            raise ValueError("name one of number, lead and call")
        return self


class RefusedCall(BaseModel):
    """The rules do not allow the call: nobody was rung."""

    pack: str = Field(examples=["cn"])
    rule: str = Field(description="the first rule that refuses", examples=["hours"])
    title: str = Field(description="what the rule asks", examples=["9:00 to 20:00 where the person is"])
    detail: str = Field(description="what stands against this call", examples=["outside 09:00-20:00"])
    next_allowed_at: Moment | None = Field(
        None, description="the earliest next moment; null = time alone does not change it"
    )
    record: str = Field("", description="number of the decision record; empty = nothing was decided about anybody")


class Placed(BaseModel):
    """Either the call is under way (it rings as soon as the browser is connected, and whoever answers hears the agent), or it is refused."""

    call: str = ""
    session: str = ""
    answer: str = Field("", description="SDP")
    refused: RefusedCall | None = None


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    lang: Language = "en"


@router.post("/desk/calls", responses=answers(404, 409))
async def click_to_dial(here: Work, body: Click, asked: Annotated[_Asked, Query()]) -> Placed:
    """Call somebody now, under the same gate, caps and record as any call. `refused` says which rule does not allow it, and when it would;
    that, too, stands in the decision records. The call is recorded, and its result names the agent."""
    here.require(Permission.LIVE_TAKEOVER)
    user, now = user_of(here), here.now()
    async with here.keyed() as (scope, keys):
        me = await service.present(scope, user, here.viewer.name[:100], now)
        if me.state in ("busy", "wrap_up"):
            raise conflict("agent-state", f"an agent who is {me.state} cannot call anybody")
        who = await service.callee(scope, keys, number=body.number or "", lead=body.lead, call=body.call or "")
        task = body.task or who.task
        if task is None:
            raise absent("task", "A call is placed in the frame of a task: name one.")
        await service.frame(scope, task)
        await service.begin_call(scope, user, "", now)  # a second click finds him busy
    click = {
        "number": who.number, "task": task, "lead": who.lead, "variables": dict(who.variables), "offer": body.offer, "user": user,
        "name": here.viewer.name[:100],
    }  # fmt: skip
    try:
        async with boards_of(here).watching(here.viewer.tenant) as board:
            await board.known()
            answer = await first_able(list(board.links.values()), click)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await _let_go(here, me)
        raise
    refused = answer.pop("refused", None)
    if refused is not None:
        await _let_go(here, me)
        return Placed(refused=await _told(here, refused, asked.lang))
    async with here.keyed() as (scope, keys):
        await service.begin_call(scope, user, answer["call"], now)
        await audit.note(scope, keys, here.viewer, "desk.dial", ("call", answer["call"]), {"task": task}, now=now)
    return Placed.model_validate(answer)


async def _let_go(here: Here, me: Agent) -> None:
    async with here.keyed() as (scope, _):
        await service.let_go(scope, me, here.now())


async def _told(here: Here, refused: dict[str, str | None], language: Language) -> RefusedCall:
    pack, rule = str(refused["pack"]), str(refused["rule"])
    packs = await packs_in_use(here)
    title = telling.title_of(pack, rule, language, telling.newest(packs, pack, rule))
    return RefusedCall.model_validate({**refused, "title": title})
