"""A job as routes answer it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from callwright.http.fields import Moment
from callwright.http.jobs import Job, JobState
from callwright.http.problems import Detail, detail_of

__all__ = ["JobView", "job_view"]

_SHOWN = 50


class JobView(BaseModel):
    """How far it is, and what came of it."""

    id: str = Field(examples=["Zk3v0xJ2m5bQpW1a"])
    kind: str = Field(examples=["list.import"])
    about: str = Field(examples=["autumn"])
    state: JobState
    part: str = Field("", examples=["importing"])
    done: int = 0
    total: int = Field(0, description="0 = not known")
    result: dict[str, Any] = {}
    problems: list[Detail] = []
    files: list[str] = Field([], description="names for /jobs/{job}/files/{name}")
    created_at: Moment
    ended_at: Moment | None = None


def job_view(job: Job) -> JobView:
    """What is told of it."""
    return JobView(
        id=job.id, kind=job.kind, about=job.about, state=job.state, part=job.part, done=job.done, total=job.total,
        result=dict(job.result), problems=[detail_of(each) for each in job.problems[:_SHOWN]],
        files=sorted(job.files), created_at=job.created_at, ended_at=job.ended_at,
    )  # fmt: skip
