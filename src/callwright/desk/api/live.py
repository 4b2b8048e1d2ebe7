"""Routes of the live board: the running calls, and one of them as it is spoken."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from callwright.accounts.roles import Permission
from callwright.calls.standing import Row
from callwright.desk.board import Boards
from callwright.desk.lines import shown
from callwright.desk.links import LOST
from callwright.desk.looks import note_board, note_look
from callwright.http.events import EventStream, events
from callwright.http.here import Here, needs
from callwright.http.problems import ApiError, absent, answers

__all__ = ["CallId", "boards_of", "router"]

router = APIRouter()

CallId = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$", examples=["5f0c1d0b7c6f4a0e9a1b2c3d4e5f6071"])
]


def boards_of(here: Here) -> Boards:
    """The boards of this application: made when somebody first asks."""
    state = here.request.app.state
    if not hasattr(state, "boards"):
        state.boards = Boards(here.kept, here.reach.now)
    found: Boards = state.boards
    return found


class Said(BaseModel):
    """The last words."""

    who: str = Field(description="`caller` or `robot`")
    text: str
    final: bool = Field(description="false: they may still change")


class LiveCall(BaseModel):
    """A running call. Its number is masked, whoever looks."""

    model_config = ConfigDict(extra="ignore")

    call: str
    task: int | None = None
    lead: int | None = None
    script: str
    number: str = Field(examples=["+86139****0001"])
    direction: str
    trunk: str = ""
    began_at: AwareDatetime
    stage: str = Field(description="`dialling`, `ringing`, `talking`, `over`")
    standing: str = Field(description="`robot`, `paused`, `queued`, `person`, `returned`, `ended`")
    answered_ms: int | None = None
    node: str = ""
    said: Said | None = Field(None, description="only for whoever may listen")
    turns: int = 0
    grade: str = Field("", description="the grade it would get now")
    tags: list[str] = []
    risks: list[str] = []
    group: str = ""
    wait_s: float | None = None
    asked_ms: int | None = None
    person: str | None = None
    user: int | None = Field(None, description="id of the user who talks")
    listeners: int = 0
    disposition: str = ""


class LiveBoard(BaseModel):
    """All running calls, as they are now."""

    items: list[LiveCall]
    workers: int = Field(description="how many workers tell about their calls")


def _row(row: Row, words: bool) -> LiveCall:
    call = LiveCall.model_validate(row)
    return call if words else call.model_copy(update={"said": None})


@router.get("/live/calls")
async def list_live_calls(here: Annotated[Here, needs(Permission.LIVE_WATCH)]) -> LiveBoard:
    """Every running call. For a view that follows them read `/live/events`."""
    words = here.may(Permission.LIVE_LISTEN)
    async with boards_of(here).watching(here.viewer.tenant) as board:
        await board.known()
        if words and board.rows:
            await note_board(here)
        return LiveBoard(items=[_row(row, words) for row in board.rows.values()], workers=len(board.links))


@router.get("/live/events", response_class=EventStream)
async def watch_live_calls(here: Annotated[Here, needs(Permission.LIVE_WATCH)]) -> EventStream:
    """Events `board`: first every running call, then what changes, at most four times a second: `{"set": {call: {field: value}}, "gone": [call],
    "workers": n, "whole": true}`. What is said is told only to whoever may listen; that they look stands in the audit log, once in an hour."""
    if here.may(Permission.LIVE_LISTEN):
        await note_board(here)

    async def told() -> AsyncIterator[tuple[str, str]]:
        async with boards_of(here).watching(here.viewer.tenant) as board:
            async for text in board.messages(words=here.may(Permission.LIVE_LISTEN)):
                yield "board", text

    return events(here, told())


@router.get("/live/calls/{call}/events", response_class=EventStream, responses=answers(404))
async def watch_live_call(here: Annotated[Here, needs(Permission.LIVE_LISTEN)], call: CallId) -> EventStream:
    """Events `line` of one call, from its beginning: what is said as it is spoken, where it stands, and why the robot does what it does. `end`:
    the call is over. That this viewer looks stands in the audit log, once."""
    async with boards_of(here).watching(here.viewer.tenant) as board:
        await board.known()
        if board.link(call) is None:
            raise absent("live call")
    await note_look(here, "live.read", call)

    async def told() -> AsyncIterator[tuple[str, str]]:
        async with boards_of(here).watching(here.viewer.tenant) as board:
            await board.known()
            link = board.link(call)
            lines = link.lines(f"/calls/{call}/log") if link is not None else None
            try:
                while lines is not None:
                    view = shown(await anext(lines))
                    if view is not None:
                        yield "line", json.dumps(view, ensure_ascii=False)
            except (StopAsyncIteration, ApiError, *LOST):
                pass  # over, or the worker is gone: whoever watches is told that nothing more will come
        yield "end", "{}"

    return events(here, told())
