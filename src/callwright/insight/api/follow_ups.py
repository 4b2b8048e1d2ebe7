"""The list of people to be followed up, A first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row

from callwright.accounts.roles import Permission
from callwright.http.fields import Id, Text
from callwright.http.here import Here, needs
from callwright.http.paging import Page, Paging
from callwright.http.problems import answers
from callwright.insight import call_store, following
from callwright.insight.api.call import CallId
from callwright.insight.api.calls import note_numbers
from callwright.insight.api.views import CallRow, row_of

__all__ = ["router"]

router = APIRouter()

Works = Annotated[Here, needs(Permission.DESK_WORK)]


class FollowQuery(Paging):
    """Which of them."""

    state: following.FollowState = "open"
    task: Id | None = None
    mine: bool = Field(False, description="only those that the viewer took")


class FollowRow(CallRow):
    """A call that somebody should follow up."""

    state: str = Field(examples=["open"])
    claimed_by: str
    claimed_at: datetime | None
    mine: bool
    done_at: datetime | None
    outcome: str
    note: str


class FollowCounts(BaseModel):
    """How many are in each state."""

    open: int = 0
    claimed: int = 0
    done: int = 0


class DoneBody(BaseModel):
    """What came of it."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["won", "appointment", "later", "no_interest", "not_reached", "other"]
    note: Annotated[Text, Field(max_length=1000)] = ""


@router.get("/follow-ups")
async def list_follow_ups(
    here: Annotated[Here, needs(Permission.RESULTS_READ)], asked: Annotated[FollowQuery, Query()]
) -> Page[FollowRow]:
    """A first, then B, then C; within a grade the oldest first."""
    after = asked.after(int, datetime, str)
    user = here.viewer.user if asked.mine else None
    async with here.reading() as scope:
        keys = await here.keys(scope)
        rows = await following.listed(scope, asked.state, after, asked.limit + 1, task=asked.task, user=user)
        named = await call_store.names_of(scope, keys, rows[: asked.limit])
    await note_numbers(here, rows[: asked.limit])
    whole = here.may(Permission.NUMBERS_UNMASKED)

    def view(row: Row[Any]) -> FollowRow:
        mine = row.state == "claimed" and row.claimed_by == here.viewer.user
        return FollowRow(
            **row_of(row, named, whole_numbers=whole).model_dump(),
            state=row.state,
            claimed_by=row.claimed_name,
            claimed_at=row.claimed_at,
            mine=mine,
            done_at=row.done_at,
            outcome=row.outcome,
            note=following.note_of(keys, row),
        )

    return Page.of(rows, asked, view, lambda row: (row.rank, row.wanted_at, row.attempt_id))


@router.get("/follow-ups/counts")
async def count_follow_ups(here: Annotated[Here, needs(Permission.RESULTS_READ)]) -> FollowCounts:
    """How many wait, are taken, and are done."""
    async with here.reading() as scope:
        return FollowCounts(**await following.counts(scope))


@router.post("/follow-ups/{call}/claim", status_code=204, responses=answers(404, 409))
async def claim_follow_up(here: Works, call: CallId) -> None:
    """Take it, so that nobody else calls this person too."""
    async with here.keyed() as (scope, keys):
        await following.claim(scope, keys, here.viewer, call, here.now())


@router.post("/follow-ups/{call}/release", status_code=204, responses=answers(404, 409))
async def release_follow_up(here: Works, call: CallId) -> None:
    """Give it back to the others."""
    async with here.keyed() as (scope, keys):
        await following.release(scope, keys, here.viewer, call, here.now())


@router.post("/follow-ups/{call}/done", status_code=204, responses=answers(404, 409))
async def finish_follow_up(here: Works, call: CallId, body: DoneBody) -> None:
    """It is done; the note is sealed."""
    async with here.keyed() as (scope, keys):
        await following.done(scope, keys, here.viewer, call, body.outcome, body.note, here.now())
