"""Tasks: see them, make one, change its plan, move it. What is looked at while it runs: watching.py; before it runs: forecasts.py."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field, ValidationError

from callwright import audit
from callwright.accounts.roles import Permission
from callwright.audit.store import Wanted, find
from callwright.campaigns import list_store, service, task_pages
from callwright.campaigns import task_store as rows
from callwright.campaigns.api import forecasts, options, watching
from callwright.campaigns.api.refusals import told
from callwright.campaigns.api.task_views import (
    AskBody,
    MoveView,
    NewTask,
    PlanChange,
    PlanChanged,
    TaskRow,
    TaskView,
    task_row,
    task_view,
)
from callwright.campaigns.model import Plan, TaskState
from callwright.campaigns.plan import TaskFile, check_plan
from callwright.campaigns.states import Action
from callwright.errors import Problem, TaskError
from callwright.http.fields import PathId, Text
from callwright.http.fresh import fresh_of
from callwright.http.here import Here, needs
from callwright.http.paging import Page, Paging
from callwright.http.problems import answers, conflict, detail_of
from callwright.store.scope import Scope

__all__ = ["router"]

router = APIRouter()
router.include_router(options.router)
router.include_router(watching.router)
router.include_router(forecasts.router)

Reads = Annotated[Here, needs(Permission.TASKS_READ)]
Writes = Annotated[Here, needs(Permission.TASKS_WRITE)]
_LAST = 2**63 - 1


class _Asked(Paging):
    q: Annotated[Text, Field(max_length=100, description="a part of the name")] = ""
    state: Annotated[list[TaskState], Field(default_factory=list, max_length=10, description="in one of these states")]


@router.get("/tasks")
async def list_tasks(here: Reads, asked: Annotated[_Asked, Query()]) -> Page[TaskRow]:
    """All tasks, the newest first, with how far they are."""
    before = asked.after(int)
    async with here.reading() as scope:
        found = await scope.all(
            task_pages.TASKS, before=before[0] if before else _LAST, every=int(not asked.state), states=asked.state or ["-"],
            like=list_store.containing(asked.q), most=asked.limit + 1,
        )  # fmt: skip
    shown = found[: asked.limit]

    async def read() -> Any:
        async with here.reading() as scope:
            return await task_pages.far(scope, shown)

    far = await fresh_of(here).value((here.viewer.tenant, "far", tuple(row.id for row in shown)), read)
    return Page.of(found, asked, lambda row: task_row(row, far.get(row.id, {})), key=lambda row: (row.id,))


@router.get("/tasks/{task}", responses=answers(404))
async def read_task(here: Reads, task: PathId) -> TaskView:
    """One task with its plan."""
    async with here.reading() as scope:
        with told():
            return await _view(here, scope, task)


async def _view(here: Here, scope: Scope, task: int) -> TaskView:
    row, plan = await service.plan_of(scope, task)
    leads = (await task_pages.far(scope, [row])).get(task, {})
    warnings = [detail_of(each) for each in check_plan(plan, here.now(), {})]
    return task_view(row, plan, leads, warnings)


@router.post("/tasks", status_code=201, responses=answers(409))
async def create_task(here: Writes, body: NewTask) -> TaskView:
    """Make a task: a draft, with its script versions pinned."""
    now = here.now()
    _sound(here, body.plan)
    async with here.keyed() as (scope, keys):
        file = await _file(scope, body)
        with told():
            task = await service.create(scope, file, _who(here), now)
        await audit.note(scope, keys, here.viewer, "task.create", ("task", task), {"list": body.list}, now=now)
        return await _view(here, scope, task)


def _sound(here: Here, plan: Plan) -> None:
    """A plan that would never call is refused, as the command line does."""
    wrong = [each for each in check_plan(plan, here.now(), {}) if each.severity == "error"]
    if wrong:
        raise TaskError(wrong)


async def _file(scope: Scope, body: NewTask) -> TaskFile:
    """The same task as a file would say it, by names."""
    house = await scope.first(rows.COMPANY, company=body.company)
    people = await list_store.by_id(scope, body.list)
    lines = {row.id: row.name for row in await scope.all(task_pages.LINES)}
    missing = [
        Problem(f"unknown-{what}", f"there is no such {what}")
        for what, known in (("company", house), ("list", people), ("line", lines.get(body.line)))
        if known is None
    ]
    if missing or house is None or people is None:
        raise TaskError(missing)
    head = {
        "format": "task/1",
        "name": body.name,
        "company": house.registration,
        "list": people.name,
        "line": lines[body.line],
    }
    try:
        return TaskFile.model_validate(head | body.plan.model_dump())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise TaskError(Problem("bad-plan", f"{where}: {first['msg']}")) from None


@router.put("/tasks/{task}/plan", responses=answers(404, 409))
async def change_task(here: Writes, task: PathId, body: PlanChange) -> PlanChanged:
    """Give it another plan. What says whom, when and how often to call takes it back to `draft`: it needs a new approval; the rest holds from
    the next call on."""
    now = here.now()
    _sound(here, body.plan)
    async with here.keyed() as (scope, keys):
        with told():
            done = await service.change_plan(scope, keys, task, body.plan, body.version, _who(here), now)
            row, _ = await service.plan_of(scope, task)
        await audit.note(
            scope, keys, here.viewer, "task.change", ("task", task), {"parts": list(done.parts), "state": done.state}, now=now
        )  # fmt: skip
    return PlanChanged(parts=list(done.parts), review=list(done.review), state=done.state, version=row.version)


def _who(here: Here) -> str:
    return here.viewer.name[:100]


# ------------------------------------------------------------ moving it

_MOVES: dict[Action, tuple[Permission, str]] = {
    "submit": (Permission.TASKS_WRITE, "Hand a draft in for review."),
    "approve": (Permission.TASKS_APPROVE, "Approve a plan that somebody else wrote."),
    "reject": (Permission.TASKS_APPROVE, "Send a plan back to its author, and say why."),
    "schedule": (Permission.TASKS_RUN, "Let an approved task begin by itself at its `starts_at`."),
    "unschedule": (Permission.TASKS_RUN, "Take a scheduled task back."),
    "start": (Permission.TASKS_RUN, "Begin: fill the queue from the list, and let workers call."),
    "pause": (Permission.TASKS_RUN, "Pause at once: nobody new is called; calls under way go on to their end."),
    "resume": (Permission.TASKS_RUN, "Go on."),
    "cancel": (Permission.TASKS_RUN, "End it for good."),
}


async def _ask(here: Here, task: int, action: Action, body: AskBody | None) -> MoveView:
    now = here.now()
    asked = body or AskBody()
    async with here.keyed() as (scope, keys):
        with told():
            if action == "approve":
                await _four_eyes(here, scope, task)
            done = await service.ask(
                scope, keys, task, action, _who(here), now, why=asked.why.strip(), version=asked.version
            )
        await audit.note(
            scope, keys, here.viewer, f"task.{action}", ("task", task), {"from": done.before, "to": done.after}, now=now
        )  # fmt: skip
    return MoveView(task=task, before=done.before, after=done.after)


async def _four_eyes(here: Here, scope: Scope, task: int) -> None:
    """The history tells people by name, and names can be changed: here it is the person that counts.

    Raises:
        ApiError: 409, the same person wrote, changed or handed in the plan.
    """
    if here.viewer.user is None:
        return
    mine = await find(scope, Wanted(user=here.viewer.user, kind="task", object=str(task)), 500)
    if any(kept.action in ("task.create", "task.change", "task.submit") for kept in mine):
        hint = "Somebody else has to look at it and approve it."
        raise conflict("own-work", "you wrote, changed or handed in this plan and cannot approve it", hint)


def _move(action: Action, permission: Permission, text: str) -> None:
    async def ask(here: Here, task: PathId, body: AskBody | None = None) -> MoveView:
        return await _ask(here, task, action, body)

    ask.__doc__ = text
    ask.__annotations__["here"] = Annotated[Here, needs(permission)]
    router.add_api_route(
        f"/tasks/{{task}}/{action}", ask, methods=["POST"], name=f"{action}_task", responses=answers(404, 409)
    )


for _action, (_permission, _text) in _MOVES.items():
    _move(_action, _permission, _text)
