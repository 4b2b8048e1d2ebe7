"""Tasks: what to call whom with, and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from callwright.campaigns.api.forecasts import ForecastBody
from callwright.campaigns.api.options import TaskOptions
from callwright.campaigns.api.task_views import (
    AskBody,
    CauseView,
    EventRow,
    HourRow,
    MoveView,
    NewTask,
    PlanChange,
    PlanChanged,
    QueueRow,
    TaskRow,
    TaskView,
)
from callwright.campaigns.api.watching import CauseList, EventList, HourList, LiveTask, QueueView
from callwright.campaigns.model import Plan, TaskState
from callwright.campaigns.states import ENDS, Action
from callwright.campaigns.wording import Language
from callwright.client.asking import Progress
from callwright.client.flow import Flow, Many
from callwright.client.operations import Awaiting, Blocking, Listing, Operation, Room, made_of
from callwright.http.job_views import JobView
from callwright.http.paging import Page

__all__ = ["AsyncTasks", "TaskRoom", "Tasks"]


class TaskRoom(Room):
    """A task is a draft, is approved by somebody else, and is started."""

    create = made_of(
        "/tasks", NewTask, TaskView, "Make a task: a draft, with its script versions pinned. Calls nobody."
    )

    @Operation
    def options(self) -> Flow[TaskOptions]:
        """Companies, reviewed scripts, lists and lines that a task can be made of, and a plan to begin with."""
        return self._at.ask("GET", "/task-options", TaskOptions)

    @Listing
    def all(self, q: str = "", state: Sequence[TaskState] = ()) -> Many[TaskRow]:
        """The newest first, with how far they are. q: a part of the name; state: in one of these."""
        query: dict[str, Any] = {"q": q} if q else {}
        return self._at.many("/tasks", Page[TaskRow], query=query | ({"state": list(state)} if state else {}))

    @Operation
    def read(self, task: int) -> Flow[TaskView]:
        """One task with its plan."""
        return self._at.ask("GET", "/tasks/{task}", TaskView, {"task": task})

    @Operation
    def change(self, task: int, version: int, plan: Plan) -> Flow[PlanChanged]:
        """Give it another plan, unless somebody changed it since this version was read (ConflictError)."""
        body = PlanChange(version=version, plan=plan)
        return self._at.ask("PUT", "/tasks/{task}/plan", PlanChanged, {"task": task}, body=body)

    # one method for each move: a reader of a program sees what it does

    @Operation
    def submit(self, task: int, why: str = "") -> Flow[MoveView]:
        """Hand a draft in for review."""
        return self._move(task, "submit", why)

    @Operation
    def approve(self, task: int, why: str = "") -> Flow[MoveView]:
        """Approve a plan that somebody else wrote."""
        return self._move(task, "approve", why)

    @Operation
    def reject(self, task: int, why: str) -> Flow[MoveView]:
        """Send a plan back to its author, and say why."""
        return self._move(task, "reject", why)

    @Operation
    def schedule(self, task: int, why: str = "") -> Flow[MoveView]:
        """Let an approved task begin by itself at its `starts_at`."""
        return self._move(task, "schedule", why)

    @Operation
    def unschedule(self, task: int, why: str = "") -> Flow[MoveView]:
        """Take a scheduled task back."""
        return self._move(task, "unschedule", why)

    @Operation
    def start(self, task: int, why: str = "") -> Flow[MoveView]:
        """Begin: fill the queue from the list, and let workers call."""
        return self._move(task, "start", why)

    @Operation
    def pause(self, task: int, why: str = "") -> Flow[MoveView]:
        """Call nobody new; calls under way go on to their end."""
        return self._move(task, "pause", why)

    @Operation
    def resume(self, task: int, why: str = "") -> Flow[MoveView]:
        """Go on."""
        return self._move(task, "resume", why)

    @Operation
    def stop(self, task: int, why: str = "") -> Flow[MoveView]:
        """End it for good (the API calls it `cancel`)."""
        return self._move(task, "cancel", why)

    def _move(self, task: int, action: Action, why: str) -> Flow[MoveView]:
        body = AskBody(why=why) if why else AskBody()
        return self._at.ask("POST", f"/tasks/{{task}}/{action}", MoveView, {"task": task}, body=body)

    @Listing
    def watch(self, task: int) -> Many[LiveTask]:
        """Its counters, first as they are and then whenever they change, until it is over. Reconnects by itself."""
        return self._at.watched(
            "/tasks/{task}/live",
            {"task": task},
            {"counters": LiveTask},
            lambda live: live.state in ENDS and not live.counters.active,
        )

    @Operation
    def why(self, task: int, lead: int | None = None, lang: Language = "en") -> Flow[list[CauseView]]:
        """Why it is not dialling, the first cause first; lead: why this one is not called."""
        query: dict[str, Any] = {"lang": lang} | ({} if lead is None else {"lead": lead})
        return (yield from self._at.ask("GET", "/tasks/{task}/why", CauseList, {"task": task}, query=query)).items

    @Operation
    def queue(self, task: int) -> Flow[QueueView]:
        """How many leads are in which state, and why."""
        return self._at.ask("GET", "/tasks/{task}/queue", QueueView, {"task": task})

    @Listing
    def leads(self, task: int, state: str = "", reason: str = "") -> Many[QueueRow]:
        """The leads of its queue. A look at personal data: it is written down."""
        query = {name: value for name, value in (("state", state), ("reason", reason)) if value}
        return self._at.many("/tasks/{task}/leads", Page[QueueRow], {"task": task}, query=query)

    @Operation
    def hours(self, task: int, days: int = 2) -> Flow[list[HourRow]]:
        """Its dials and answers hour by hour."""
        found = yield from self._at.ask("GET", "/tasks/{task}/hours", HourList, {"task": task}, query={"days": days})
        return found.items

    @Operation
    def history(self, task: int) -> Flow[list[EventRow]]:
        """Everything that was done with it, oldest first."""
        return (yield from self._at.ask("GET", "/tasks/{task}/history", EventList, {"task": task})).items

    @Operation
    def forecast(
        self, task: int, body: ForecastBody | None = None, progress: Progress | None = None
    ) -> Flow[dict[str, Any]]:
        """What it would come to, and who would not be called: `preview`, `cases`, `hours` (docs/reference/task-plan.md). Calls nobody."""
        begun = yield from self._at.ask(
            "POST", "/tasks/{task}/forecasts", JobView, {"task": task}, body=body or ForecastBody()
        )
        return (yield from self._at.finished(begun, progress)).result


class Tasks(TaskRoom, Blocking):
    """See TaskRoom."""


class AsyncTasks(TaskRoom, Awaiting):
    """See TaskRoom."""
