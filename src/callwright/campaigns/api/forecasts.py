"""What a task would come to, and who on its list would not be called: before anybody is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from callwright import audit
from callwright.accounts.roles import Permission
from callwright.calls.model import mask
from callwright.campaigns import list_store, service
from callwright.campaigns.api.refusals import told
from callwright.campaigns.assumptions import CASES, Assumptions
from callwright.campaigns.crowd import subject
from callwright.campaigns.forecast import Forecast
from callwright.campaigns.foreseeing import Asked, foresee
from callwright.campaigns.preview import Group, Preview
from callwright.campaigns.schedule import opening
from callwright.campaigns.simulation import Run
from callwright.http.fields import Moment, PathId
from callwright.http.here import Here, needs
from callwright.http.job_views import JobView, job_view
from callwright.http.jobs import Job, jobs_of
from callwright.http.problems import answers
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope

__all__ = ["router"]

router = APIRouter()

_MOST_HOURS = 24 * 31
_PARTS = ("reading", "preview", *CASES)


class ForecastBody(BaseModel):
    """assumptions: what is supposed about people, as ranges (docs/reference/task-plan.md); begins: null = the next time the task may call."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"assumptions": {"answered": [0.2, 0.3, 0.4]}}]}
    )

    assumptions: Assumptions = Assumptions()
    begins: Moment | None = None
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 1


@router.post("/tasks/{task}/forecasts", status_code=202, responses=answers(404, 429))
async def forecast_task(
    here: Annotated[Here, needs(Permission.TASKS_READ)], task: PathId, body: ForecastBody | None = None
) -> JobView:
    """Reckon it as a job. `result.preview`: who would not be called, and why, by rule; `result.cases`: low, likely and high, with dials by
    hour, the last dial, robots and cost. Ranges, no promises; nobody is called."""
    asked = body or ForecastBody()
    now = here.now()
    async with here.keyed() as (scope, keys):
        with told():
            row, plan = await service.plan_of(scope, task)
        await audit.note(scope, keys, here.viewer, "task.forecast", ("task", task), {"people": True}, now=now)
    found = opening(plan, asked.begins or now)
    begins = max(asked.begins or now, found.opens_at) if found is not None else asked.begins or now
    unmasked = here.may(Permission.NUMBERS_UNMASKED)

    async def work(job: Job) -> Mapping[str, Any]:
        def part(name: str) -> None:
            job.tell(name, _PARTS.index(name), len(_PARTS))

        job.tell("reading", 0, 0)
        async with here.reading() as scope:
            about = await subject(scope, keys, task, now, progress=lambda done: job.tell("reading", done, 0))
        foreseen = await foresee(Asked(about, asked.assumptions, begins, asked.seed), part)
        async with here.reading() as scope:
            seen = await _preview(scope, keys, foreseen.preview, unmasked=unmasked)
        return {
            "begins": begins.isoformat(),
            **_forecast(foreseen.forecast, begins, about.plan.budget),
            "preview": seen,
        }

    return job_view(jobs_of(here).start(here.viewer, "task.forecast", row.name, Permission.TASKS_READ, work))


def _forecast(runs: Forecast, begins: datetime, budget: Any) -> dict[str, Any]:
    likely = runs.runs["likely"]
    return {
        "people": sum(likely.leads.values()),
        "currency": budget.currency if budget is not None else None,
        "cases": {case: _case(runs.runs[case]) for case in CASES},
        "hours": _hours(likely, begins),
    }


def _case(run: Run) -> dict[str, Any]:
    return {
        "dials": run.dials, "dials_per_hour": round(run.dials_per_hour, 1), "robots_busy": round(run.robots_needed, 2), "robots": run.robots,
        "cost": run.spent / 1000, "first_at": _iso(run.first_at), "last_at": _iso(run.last_at), "talk_s": run.talk_s,
        "leads": dict(run.leads), "outcomes": dict(run.outcomes), "blocked": dict(run.blocked), "excluded": dict(run.excluded),
        "stopped": run.stopped,
    }  # fmt: skip


def _hours(run: Run, begins: datetime) -> list[dict[str, Any]]:
    known = sorted(run.hours.items())[:_MOST_HOURS]
    return [{"at": _iso(begins + timedelta(hours=hour)), "dials": dials} for hour, dials in known]


async def _preview(scope: Scope, keys: TenantKeys, seen: Preview, *, unmasked: bool) -> dict[str, Any]:
    wanted = [lead for group in seen.groups for lead in group.leads]
    shown: dict[int, tuple[int, str]] = {}
    for row in await scope.all(list_store.PEOPLE_BY_ID, leads=wanted) if wanted else ():
        number = keys.open_number(row.number, row.number_index) if row.number else ""
        shown[row.id] = (row.row, number if unmasked or not number else mask(number))
    return {
        "at": _iso(seen.at),
        "people": seen.people,
        "allowed": seen.allowed,
        "groups": [_group(group, shown) for group in seen.groups],
    }


def _group(group: Group, shown: Mapping[int, tuple[int, str]]) -> dict[str, Any]:
    examples: Sequence[dict[str, Any]] = [
        {"lead": lead, "row": shown[lead][0], "number": shown[lead][1]} for lead in group.leads if lead in shown
    ]
    return {
        "rule": group.rule, "pack": group.pack, "title": group.title, "source": group.source, "detail": group.detail,
        "passes": group.passes, "count": group.count, "next_at": _iso(group.next_at), "examples": examples,
    }  # fmt: skip


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
