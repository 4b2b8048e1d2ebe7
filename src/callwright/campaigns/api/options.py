"""What a new task can be made of, and a plan to begin with: so that the first task needs a script and a list, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from callwright.accounts.roles import Permission
from callwright.campaigns import endpoints, task_pages
from callwright.campaigns.events import EVENTS
from callwright.http.fields import Moment
from callwright.http.here import Here, needs

__all__ = ["router"]

router = APIRouter()

_SHOWN = 200
_ROBOTS = 5
_OF_TASKS = ("call.started", "call.ended", "lead.filtered", "task.state", "freeze.added", "suspect.found")


class CompanyOption(BaseModel):
    """vetted: its papers were looked at and are still good; without that nobody is called."""

    id: int
    name: str
    vetted: bool


class ScriptOption(BaseModel):
    """A reviewed version, the newest first."""

    script: str = Field(examples=["appointment"])
    digest: str
    purpose: str
    language: str
    reviewed_at: Moment
    reviewed_by: str


class ListOption(BaseModel):
    """A list that is ready."""

    id: int
    name: str
    people: int


class PoolOption(BaseModel):
    """Own numbers of a line. able: of them, those that may be shown."""

    pool: str
    numbers: int
    able: int


class LineOption(BaseModel):
    """A line and its pools; one without numbers that may be shown calls nobody."""

    id: int
    name: str
    max_calls: int
    pools: list[PoolOption]


class NewsOption(BaseModel):
    """Something that happens in a task, and to how many endpoints of each kind it is told. Endpoints are of the house, not of a task."""

    event: str = Field(examples=["call.ended"])
    en: str = Field(examples=["call ended"])
    zh: str = Field(examples=["通话结束"])
    told: dict[str, int] = Field(examples=[{"webhook": 1, "wecom": 1}])


class TaskOptions(BaseModel):
    """At most 200 of each. news: what is told while a task runs, and to whom; pre_dial: webhooks that are asked before each dial; plan: a
    sensible one, but for its scripts; company, line: the ones to begin with (null = there is none that can)."""

    companies: list[CompanyOption]
    scripts: list[ScriptOption]
    lists: list[ListOption]
    lines: list[LineOption]
    news: list[NewsOption]
    pre_dial: int
    company: int | None
    line: int | None
    plan: dict[str, Any]


@router.get("/task-options")
async def read_task_options(here: Annotated[Here, needs(Permission.TASKS_READ)]) -> TaskOptions:
    """Companies, reviewed scripts, lists and lines, and a plan to begin with."""
    now = here.now()
    async with here.reading() as scope:
        companies = await scope.all(task_pages.COMPANIES)
        scripts = await scope.all(task_pages.SCRIPTS, most=_SHOWN)
        lists = await scope.all(task_pages.READY_LISTS, most=_SHOWN)
        lines = await scope.all(task_pages.LINES)
        pools = await scope.all(task_pages.POOLS)
        known_ends = [one for one in await endpoints.listed(scope) if one.active]
    known = [
        LineOption(
            id=row.id, name=row.name, max_calls=row.max_calls,
            pools=[PoolOption(pool=one.pool, numbers=one.numbers, able=one.able) for one in pools if one.trunk == row.name],
        )
        for row in lines
    ]  # fmt: skip
    houses = [CompanyOption(id=row.id, name=row.name, vetted=_vetted(row, now)) for row in companies[:_SHOWN]]
    line = next((one for one in known if any(pool.able for pool in one.pools)), known[0] if known else None)
    house = next((one for one in houses if one.vetted), houses[0] if houses else None)
    return TaskOptions(
        companies=houses,
        scripts=[
            ScriptOption(
                script=row.script_id, digest=row.digest, purpose=row.purpose, language=row.language, reviewed_at=row.reviewed_at,
                reviewed_by=row.reviewed_by or "",
            )
            for row in scripts
        ],
        lists=[ListOption(id=row.id, name=row.name, people=row.imported) for row in lists],
        lines=known,
        news=[_news(event, titles, known_ends) for event, titles in EVENTS.items() if event in _OF_TASKS],
        pre_dial=sum(one.kind == "pre_dial" for one in known_ends),
        company=house.id if house else None,
        line=line.id if line else None,
        plan=_plan(line, scripts[0].language if scripts else "zh"),
    )  # fmt: skip


def _news(event: str, titles: tuple[str, str], known: Sequence[endpoints.Endpoint]) -> NewsOption:
    wanted = [one.kind for one in known if one.kind != "pre_dial" and (not one.events or event in one.events)]
    return NewsOption(event=event, en=titles[0], zh=titles[1], told=dict(Counter(wanted)))


def _vetted(row: Any, now: datetime) -> bool:
    return row.vetted_at is not None and row.vetted_until is not None and row.vetted_until > now


def _plan(line: LineOption | None, language: str) -> dict[str, Any]:
    """Working days, a break at noon, no holidays, a call and two more at other times, and never more than a line carries."""
    pool = next((one.pool for one in line.pools if one.able), "default") if line else "default"
    robots = max(1, min(_ROBOTS, line.max_calls)) if line else _ROBOTS
    chinese = language.startswith("zh")
    return {
        "calling": {
            "zone": "Asia/Shanghai" if chinese else "America/New_York",
            "windows": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:30", "to": "18:30"}],
            "breaks": [{"from": "12:00", "to": "13:30"}] if chinese else [],
            "holidays": ["CN" if chinese else "US"],
        },
        "robots": {"max": robots},
        "numbers": pool,
        "retry": {"attempts": 3},
        "caps": {"per_day": 1},
    }
