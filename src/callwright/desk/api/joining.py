"""Routes of what is done to a running call: listen, whisper, take over, give back, hang up. Audio goes between browser and worker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from callwright import audit
from callwright.accounts.roles import Permission
from callwright.desk import service
from callwright.desk.api.live import CallId, boards_of
from callwright.desk.links import Link
from callwright.desk.looks import note_look
from callwright.http.here import Here, needs
from callwright.http.problems import absent, answers

__all__ = ["Done", "link_of", "router"]

router = APIRouter()

SessionId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{8,64}$")]

_OFFER = "v=0\r\no=- 46117327 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 8\r\n"


class Join(BaseModel):
    """A browser wants to be on a call."""

    model_config = ConfigDict(extra="forbid")

    offer: str = Field(min_length=1, max_length=32_768, description="SDP with one audio stream", examples=[_OFFER])
    mode: Literal["listen", "takeover"] = Field(
        description="`listen`: hear everything, be heard by nobody; `takeover`: talk in the robot's place"
    )


class Joined(BaseModel):
    """How the browser goes on."""

    session: str
    answer: str = Field(description="SDP")


class Act(BaseModel):
    """What somebody on a call wants."""

    model_config = ConfigDict(extra="forbid")

    do: Literal["mode", "keys", "give_back", "hang_up", "leave"] = Field(
        description="`mode`: listen, whisper or join in; `keys`: press them; `give_back`: the robot goes on; `hang_up`: end the call;"
        " `leave`: go (a call one has is given back)",
        examples=["give_back"],
    )
    mode: Literal["listen", "whisper", "barge"] | None = None
    keys: str = Field("", pattern=r"^[0-9*#A-D]{0,32}$")


class Done(BaseModel):
    """It was done."""

    done: bool = True


@router.post("/live/calls/{call}/sessions", responses=answers(404, 409))
async def join_live_call(here: Annotated[Here, needs(Permission.LIVE_LISTEN)], call: CallId, body: Join) -> Joined:
    """Bring this browser onto a running call. It is in the audit log who listened, and who took a call over."""
    if body.mode == "takeover":
        here.require(Permission.LIVE_TAKEOVER)
    async with link_of(here, call) as link:
        wish = {"offer": body.offer, "mode": body.mode, "user": here.viewer.user or 0, "name": here.viewer.name[:100]}
        answer = await link.post(f"/calls/{call}/join", wish)
        if body.mode == "takeover" and here.viewer.user is not None:
            async with here.scope() as scope:
                await service.begin_call(scope, here.viewer.user, call, here.now())
        if body.mode == "listen":
            await note_look(here, "live.listen", call)
        else:
            await _note(here, "live.takeover", call)
    return Joined.model_validate(answer)


@router.post("/live/calls/{call}/sessions/{session}", responses=answers(404, 409))
async def act_in_live_call(
    here: Annotated[Here, needs(Permission.LIVE_LISTEN)], call: CallId, session: SessionId, body: Act
) -> Done:
    """Change what a browser on a call does: its own session only."""
    if body.do in ("keys", "give_back", "hang_up") or body.mode in ("whisper", "barge"):
        here.require(Permission.LIVE_TAKEOVER)
    async with link_of(here, call) as link:
        order = {"do": body.do, "mode": body.mode, "keys": body.keys, "user": here.viewer.user or 0}
        await link.post(f"/sessions/{session}", order)
        if body.do in ("give_back", "hang_up"):
            if here.viewer.user is not None:
                async with here.scope() as scope:
                    await service.end_call(scope, here.viewer.user, here.now())
            await _note(here, f"live.{body.do.replace('_', '-')}", call)
        elif body.mode in ("whisper", "barge"):
            await _note(here, f"live.{body.mode}", call)
    return Done()


@router.post("/live/calls/{call}/hang-up", responses=answers(404, 409))
async def hang_up_live_call(here: Annotated[Here, needs(Permission.LIVE_TAKEOVER)], call: CallId) -> Done:
    """End a running call at once."""
    async with link_of(here, call) as link:
        await link.post(f"/calls/{call}/hang-up", {"user": here.viewer.user or 0})
        await _note(here, "live.hang-up", call)
    return Done()


@asynccontextmanager
async def link_of(here: Here, call: str) -> AsyncIterator[Link]:
    """To the worker of a live call of the viewer's tenant.

    Raises:
        ApiError: 404, there is none.
    """
    async with boards_of(here).watching(here.viewer.tenant) as board:
        await board.known()
        link = board.link(call)
        if link is None:
            raise absent("live call")
        yield link


async def _note(here: Here, action: str, call: str, detail: Mapping[str, Any] | None = None) -> None:
    async with here.keyed() as (scope, keys):
        await audit.note(scope, keys, here.viewer, action, ("call", call), dict(detail or {}), now=here.now())
