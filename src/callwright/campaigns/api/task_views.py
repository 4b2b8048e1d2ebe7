"""Tasks, as routes take and answer them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row

from callwright.calls.model import mask
from callwright.campaigns.model import Plan, TaskState
from callwright.campaigns.states import ACTIONS, Action, possible
from callwright.campaigns.task_pages import Hour
from callwright.campaigns.why import Cause
from callwright.http.fields import Id, Moment, Text
from callwright.http.problems import Detail
from callwright.store.crypto import TenantKeys

__all__ = [
    "AskBody", "CauseView", "Counters", "EventRow", "HourRow", "MoveView", "NewTask", "PlanChange", "PlanChanged", "QueueRow", "TaskRow",
    "TaskView", "cause_view", "counters_view", "event_row", "hour_row", "queue_row", "task_row", "task_view",
]  # fmt: skip

_PLAN: dict[str, Any] = {
    "scripts": [{"name": "a", "script": "appointment"}],
    "calling": {
        "zone": "Asia/Shanghai",
        "windows": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:30", "to": "18:00"}],
        "breaks": [{"from": "12:00", "to": "13:30"}],
        "holidays": ["CN"],
    },
    "robots": {"max": 10},
}
TaskName = Annotated[Text, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")]
Why = Annotated[Text, Field(max_length=300, examples=["the offer has changed"])]


class NewTask(BaseModel):
    """What a task belongs to, and its plan (docs/reference/task-plan.md). A script without `digest` is pinned to its newest reviewed version."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"name": "autumn reminders", "company": 1, "list": 7, "line": 1, "plan": _PLAN}
    ]})  # fmt: skip

    name: TaskName
    company: Id
    list: Id
    line: Id
    plan: Plan


class PlanChange(BaseModel):
    """version: of the task that was looked at; when somebody changed it meanwhile, nothing is done."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"version": 3, "plan": _PLAN}]})

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    plan: Plan


class AskBody(BaseModel):
    """why: stands in the history (to reject needs one); version: that was looked at, null = whatever it is now."""

    model_config = ConfigDict(extra="forbid")

    why: Why = ""
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class Counters(BaseModel):
    """leads: of the queue, by state; active: calls under way; finished, total: how far it is."""

    leads: dict[str, int] = Field(examples=[{"ready": 80, "finished": 20}])
    active: int
    dialled: int
    finished: int
    total: int


def counters_view(row: Row[Any], leads: Mapping[str, int]) -> Counters:
    """row: with active and dialled."""
    over = sum(leads.get(state, 0) for state in ("finished", "excluded"))
    return Counters(leads=dict(leads), active=row.active, dialled=row.dialled, finished=over, total=sum(leads.values()))


class TaskRow(BaseModel):
    """A task in short. people: on its list; opens_at, closes_at: its window as of now."""

    id: int = Field(examples=[17])
    name: str
    state: TaskState
    state_reason: str
    priority: int
    robots: int
    list_name: str
    people: int
    line_name: str
    version: int
    opens_at: Moment | None
    closes_at: Moment | None
    starts_at: Moment | None
    not_after: Moment | None
    created_at: Moment
    created_by: str
    counters: Counters
    possible: list[Action] = Field(description="what may be asked of it now, permissions aside")


def task_row(row: Row[Any], leads: Mapping[str, int]) -> TaskRow:
    """row: of `task_pages.TASKS`."""
    return TaskRow(
        id=row.id, name=row.name, state=row.state, state_reason=row.state_reason, priority=row.priority, robots=row.max_robots,
        list_name=row.list_name, people=row.people, line_name=row.line_name, version=row.version, opens_at=row.opens_at,
        closes_at=row.closes_at, starts_at=row.starts_at, not_after=row.not_after, created_at=row.created_at, created_by=row.created_by,
        counters=counters_view(row, leads), possible=_asked(row.state),
    )  # fmt: skip


def _asked(state: TaskState) -> list[Action]:
    """What people may ask; the rest happens by itself."""
    return [action for action in possible(state) if action not in ("drained", "finish", "revise", "fail")]


class TaskView(BaseModel):
    """A task with its plan. spent: thousandths of the plan's currency; warnings: what its plan probably does not mean."""

    id: int
    name: str
    state: TaskState
    state_reason: str
    version: int
    company: int
    company_name: str
    list: int
    list_name: str
    line: int
    line_name: str
    plan: Plan
    counters: Counters
    spent: int
    opens_at: Moment | None
    closes_at: Moment | None
    created_at: Moment
    created_by: str
    approved_by: str | None
    approved_at: Moment | None
    possible: list[Action]  # type: ignore[valid-type]  # the field `list` hides the type
    warnings: list[Detail]  # type: ignore[valid-type]


def task_view(row: Row[Any], plan: Plan, leads: Mapping[str, int], warnings: Sequence[Detail]) -> TaskView:
    """row: of `task_store.LOOK`."""
    return TaskView.model_validate(
        {
            "id": row.id, "name": row.name, "state": row.state, "state_reason": row.state_reason, "version": row.version,
            "company": row.company_id, "company_name": row.company_name, "list": row.list_id, "list_name": row.list_name,
            "line": row.line_id, "line_name": row.line_name, "plan": plan, "counters": counters_view(row, leads), "spent": row.spent,
            "opens_at": row.opens_at, "closes_at": row.closes_at, "created_at": row.created_at, "created_by": row.created_by,
            "approved_by": row.approved_by, "approved_at": row.approved_at, "possible": _asked(row.state), "warnings": warnings,
        }
    )  # fmt: skip


class MoveView(BaseModel):
    """A task was moved from one state to another."""

    task: int
    before: TaskState
    after: TaskState


class PlanChanged(BaseModel):
    """parts: what is different now; review: those of them that need a new approval; state, version: of the task now."""

    parts: list[str]
    review: list[str]
    state: TaskState
    version: int


class EventRow(BaseModel):
    """Something that was done with a task."""

    at: Moment
    by: str
    change: str = Field(examples=list(ACTIONS[:3]))
    detail: dict[str, Any]


def event_row(row: Row[Any]) -> EventRow:
    """row: of `service.history`."""
    return EventRow(at=row.at, by=row.by, change=row.change, detail=dict(row.detail))


class CauseView(BaseModel):
    """Why it is not dialling (as much as it could). stops: nothing at all is dialled because of it."""

    code: str = Field(examples=["closed_outside_window"])
    stops: bool
    text: str
    at: Moment | None = Field(None, description="when it passes, where that is known")


def cause_view(cause: Cause, language: str) -> CauseView:
    """In `en` or `zh`."""
    at = cause.numbers.get("at")
    known = at if isinstance(at, datetime) and at.tzinfo is not None else None
    return CauseView(code=cause.code, stops=cause.stops, text=cause.text(language), at=known)


class QueueRow(BaseModel):
    """A lead within a task. row: line of its file; reason: why it is excluded, finished, or not due yet."""

    lead: int
    row: int
    number: str = Field(examples=["+86139***0001"])
    state: Literal["ready", "claimed", "dialling", "finished", "parked", "excluded"]
    reason: str
    due_at: Moment
    attempts: int
    variant: str
    last_disposition: str
    callback_at: Moment | None


def queue_row(keys: TenantKeys, row: Row[Any], *, unmasked: bool) -> QueueRow:
    """row: of `task_pages.QUEUE`."""
    number = keys.open_number(row.number, row.number_index) if row.number else ""
    return QueueRow(
        lead=row.lead_id, row=row.row, number=number if unmasked or not number else mask(number), state=row.state, reason=row.reason,
        due_at=row.due_at, attempts=row.attempts, variant=row.variant, last_disposition=row.last_disposition, callback_at=row.callback_at,
    )  # fmt: skip


class HourRow(BaseModel):
    """An hour that begins at `at`."""

    at: Moment
    dials: int
    answered: int


def hour_row(hour: Hour) -> HourRow:
    """As it is."""
    return HourRow(at=hour.at, dials=hour.dials, answered=hour.answered)
