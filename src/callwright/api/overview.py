"""The first page: what is there, what waits, how today goes."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from callwright.accounts.roles import Permission
from callwright.http.here import Here, any_viewer
from callwright.insight import overview

__all__ = ["router"]

router = APIRouter()


class TodayView(BaseModel):
    """Of the calls dialled since the day began."""

    dialled: int
    answered: int
    talk_ms: int
    live: int
    grades: dict[str, int] = Field(examples=[{"A": 3, "C": 10}])


class OverviewView(BaseModel):
    """Counts are null where the viewer may not look."""

    companies: int
    companies_vetted: int
    scripts: int
    scripts_reviewed: int
    lists: int
    lines: int
    own_numbers: int
    tasks: int
    tasks_running: int
    workers: int
    reviews: int = Field(description="script versions that wait for a review")
    approvals: int = Field(description="tasks that wait for an approval")
    suspects: int | None = Field(description="numbers that wait for a decision whether they are frozen")
    complaints: int | None = Field(description="open complaints")
    complaints_overdue: int | None
    today: TodayView | None


@router.get("/overview")
async def read_overview(
    here: Annotated[Here, any_viewer],
    since: Annotated[AwareDatetime | None, Query(description="when the viewer's day began; default: a day ago")] = None,
) -> OverviewView:
    """What is there, what waits, how today goes."""
    now = here.now()
    begun = min(max(since or now - timedelta(days=1), now - timedelta(days=2)), now)
    async with here.reading() as scope:
        seen = await overview.look(scope, now, begun)
    counts = dict(seen.counts)
    if not here.may(Permission.COMPLIANCE_READ):
        counts |= dict.fromkeys(("suspects", "complaints", "complaints_overdue"))  # type: ignore[arg-type]
    today = seen.today
    shown = TodayView(
        dialled=today.dialled,
        answered=today.answered,
        talk_ms=today.talk_ms,
        live=today.live,
        grades=dict(today.grades),
    )
    return OverviewView(today=shown if here.may(Permission.TASKS_READ) else None, **counts)
