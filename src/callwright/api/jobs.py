"""Long work: how far it is, its end, its files."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse
from pydantic import BaseModel

from callwright.http.here import Here, any_viewer
from callwright.http.job_views import JobView, job_view
from callwright.http.jobs import jobs_of
from callwright.http.problems import absent, answers

__all__ = ["router"]

router = APIRouter()

JobId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$", examples=["Zk3v0xJ2m5bQpW1a"])]
FileName = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,80}$", examples=["errors.csv"])]


class JobList(BaseModel):
    """Newest first."""

    items: list[JobView]


@router.get("/jobs")
async def list_jobs(here: Annotated[Here, any_viewer]) -> JobList:
    """What is under way or was over within the last hour, as far as the viewer may look at it."""
    mine = [job for job in jobs_of(here).of(here.viewer.tenant) if here.may(job.needs)]
    return JobList(items=[job_view(job) for job in mine])


@router.get("/jobs/{job}", responses=answers(404))
async def read_job(here: Annotated[Here, any_viewer], job: JobId) -> JobView:
    """How far it is. Ask again every second or so, until `state` is done, failed or cancelled."""
    return job_view(jobs_of(here).find(here.viewer, job))


@router.post("/jobs/{job}/cancel", responses=answers(404))
async def cancel_job(here: Annotated[Here, any_viewer], job: JobId) -> JobView:
    """End it. What it has done so far stays done."""
    found = jobs_of(here).find(here.viewer, job)
    jobs_of(here).cancel(found)
    return job_view(found)


_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/jobs/{job}/files/{name}", response_class=FileResponse, responses=_FILE | answers(404))
async def read_job_file(here: Annotated[Here, any_viewer], job: JobId, name: FileName) -> FileResponse:
    """A file that it made."""
    found = jobs_of(here).find(here.viewer, job)
    path = found.files.get(name)
    if path is None or not path.is_file():
        raise absent("file of this job")
    return FileResponse(path, media_type="application/octet-stream", filename=name)
