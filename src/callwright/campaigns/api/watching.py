"""A task while it runs: its counters, its queue, its hours, its history, and why it is not dialling."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Literal

import anyio
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from callwright import audit
from callwright.accounts.roles import Permission
from callwright.campaigns import service, task_pages, why
from callwright.campaigns import task_store as rows
from callwright.campaigns.api.refusals import told
from callwright.campaigns.api.task_views import (
    CauseView,
    Counters,
    EventRow,
    HourRow,
    QueueRow,
    cause_view,
    counters_view,
    event_row,
    hour_row,
    queue_row,
)
from callwright.campaigns.model import TaskState
from callwright.campaigns.states import ENDS
from callwright.campaigns.wording import Language
from callwright.compliance.api.packs_in_use import packs_in_use
from callwright.errors import CallwrightError
from callwright.http.events import EventStream, events
from callwright.http.fields import Id, Moment, PathId, Text
from callwright.http.fresh import fresh_of
from callwright.http.here import Here, needs
from callwright.http.paging import Page, Paging
from callwright.http.problems import answers

__all__ = ["router"]

router = APIRouter()

Reads = Annotated[Here, needs(Permission.TASKS_READ)]
ReadsPeople = Annotated[Here, needs(Permission.LISTS_READ)]
_POLL_S = 1.0
_POLLS = 600


class EventList(BaseModel):
    """Oldest first."""

    items: list[EventRow]


@router.get("/tasks/{task}/history", responses=answers(404))
async def list_task_history(here: Reads, task: PathId) -> EventList:
    """Everything that was done with it."""
    async with here.reading() as scope:
        with told():
            await service.plan_of(scope, task)
        return EventList(items=[event_row(row) for row in await service.history(scope, task)])


class CauseList(BaseModel):
    """The first cause first; empty = it dials."""

    items: list[CauseView]


class _WhyAsked(BaseModel):
    model_config = {"extra": "forbid"}

    lead: Id | None = Field(None, description="why this lead is not called")
    lang: Language = "en"


@router.get("/tasks/{task}/why", responses=answers(404))
async def explain_task(here: Reads, task: PathId, asked: Annotated[_WhyAsked, Query()]) -> CauseList:
    """Why is it not dialling? The first cause, and all others."""

    async def read() -> list[why.Cause]:
        packs = await packs_in_use(here)
        async with here.reading() as scope:
            with told():
                if asked.lead is not None:
                    return await why.of_lead(scope, task, asked.lead, here.now(), packs)
                return await why.of_task(scope, task, here.now(), packs)

    found = await fresh_of(here).value((here.viewer.tenant, "why", task, asked.lead), read)
    return CauseList(items=[cause_view(cause, asked.lang) for cause in found])


class Group(BaseModel):
    """Leads of a queue that are in one state for one reason."""

    state: str = Field(examples=["excluded"])
    reason: str = Field(examples=["no_consent"])
    count: int


class QueueView(BaseModel):
    """due: of those that are ready; next_due: when the first of the others is."""

    groups: list[Group]
    due: int
    later: int
    next_due: Moment | None


@router.get("/tasks/{task}/queue", responses=answers(404))
async def read_queue(here: Reads, task: PathId) -> QueueView:
    """How many leads are in which state, and why."""

    async def read() -> QueueView:
        async with here.reading() as scope:
            with told():
                await service.plan_of(scope, task)
            due = await scope.first(rows.DUE, task=task, now=here.now())
            groups = await scope.all(rows.COUNTS, task=task)
        assert due is not None
        return QueueView(
            groups=[Group(state=row.state, reason=row.reason, count=row.n) for row in groups],
            due=due.due,
            later=due.later,
            next_due=due.next_due,
        )

    return await fresh_of(here).value((here.viewer.tenant, "queue", task), read)


class _QueueAsked(Paging):
    state: Literal["", "ready", "claimed", "dialling", "finished", "parked", "excluded"] = ""
    reason: Annotated[Text, Field(max_length=64)] = ""


@router.get("/tasks/{task}/leads", responses=answers(404))
async def list_task_leads(here: ReadsPeople, task: PathId, asked: Annotated[_QueueAsked, Query()]) -> Page[QueueRow]:
    """The leads of its queue. A look at personal data: it is written down."""
    here.require(Permission.TASKS_READ)
    after = asked.after(int)
    unmasked = here.may(Permission.NUMBERS_UNMASKED)
    async with here.keyed() as (scope, keys):
        with told():
            await service.plan_of(scope, task)
        found = await scope.all(
            task_pages.QUEUE, task=task, after=after[0] if after else 0, state=asked.state, reason=asked.reason, most=asked.limit + 1
        )  # fmt: skip
        page = Page.of(
            found, asked, lambda row: queue_row(keys, row, unmasked=unmasked), key=lambda row: (row.lead_id,)
        )
        detail = {"people": len(page.items), "masked": not unmasked}
        await audit.note(scope, keys, here.viewer, "task.look", ("task", task), detail, now=here.now())
    return page


class HourList(BaseModel):
    """Oldest first; hours without dials are left out."""

    items: list[HourRow]


class _HoursAsked(BaseModel):
    model_config = {"extra": "forbid"}

    days: int = Field(2, ge=1, le=31)


@router.get("/tasks/{task}/hours", responses=answers(404))
async def list_task_hours(here: Reads, task: PathId, asked: Annotated[_HoursAsked, Query()]) -> HourList:
    """Its dials and answers hour by hour."""

    async def read() -> HourList:
        async with here.reading() as scope:
            with told():
                await service.plan_of(scope, task)
            return HourList(
                items=[hour_row(hour) for hour in await task_pages.hours(scope, task, here.now(), asked.days)]
            )

    return await fresh_of(here).value((here.viewer.tenant, "hours", task, asked.days), read, least_s=5)


class LiveTask(BaseModel):
    """A task as it stands. outcomes: attempts by disposition ("" = under way)."""

    state: TaskState
    state_reason: str
    version: int
    spent: int
    counters: Counters
    outcomes: dict[str, int]
    talk_s: float


def _live(here: Here, task: int) -> Callable[[], Awaitable[LiveTask]]:
    async def read() -> LiveTask:
        async with here.reading() as scope:
            with told():
                row, _ = await service.plan_of(scope, task)
            leads = (await task_pages.far(scope, [row])).get(task, {})
            came = await scope.all(rows.OUTCOMES, task=task)
        return LiveTask(
            state=row.state, state_reason=row.state_reason, version=row.version, spent=row.spent, counters=counters_view(row, leads),
            outcomes={one.disposition or "": one.n for one in came}, talk_s=sum(int(one.talk_ms or 0) for one in came) / 1000,
        )  # fmt: skip

    return read


async def _first(here: Reads, task: PathId) -> LiveTask:
    """Read before the stream begins, so that an error still has its status."""
    found: LiveTask = await fresh_of(here).value((here.viewer.tenant, "live", task), _live(here, task))
    return found


@router.get("/tasks/{task}/live", response_class=EventStream, responses=answers(404))
async def watch_task(here: Reads, task: PathId, first: Annotated[LiveTask, Depends(_first)]) -> EventStream:
    """Events `counters` (as JSON: LiveTask) whenever something changed, until the task is over. All viewers share one reading a second. The
    stream ends after ten minutes: who asks again must still be allowed to."""

    async def counted() -> AsyncIterator[tuple[str, str]]:
        last: LiveTask | None = None
        found = first
        for _ in range(_POLLS):
            if found != last:
                last = found
                yield "counters", found.model_dump_json()
            if found.state in ENDS and not found.counters.active:
                return
            await anyio.sleep(_POLL_S)
            try:
                found = await fresh_of(here).value((here.viewer.tenant, "live", task), _live(here, task))
            except CallwrightError:  # the database is away, or the task: the browser asks again by itself
                return

    return events(here, counted())
