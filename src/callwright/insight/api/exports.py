"""Results as files: written beside the requests, with progress, and gone an hour later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from callwright import audit
from callwright.accounts.roles import Permission
from callwright.http.here import Here, needs
from callwright.http.job_views import JobView, job_view
from callwright.http.jobs import Job, jobs_of
from callwright.insight import exporting
from callwright.insight.filters import CallFilter, wanted_grams
from callwright.insight.gathering import catch_up

__all__ = ["router"]

router = APIRouter()

_ROUNDS = 1000


class ExportCalls(BaseModel):
    """Which calls, and in what form. `zip`: the recordings, with a table of the calls."""

    model_config = ConfigDict(extra="forbid")

    filters: CallFilter = CallFilter()
    form: exporting.Form = "csv"
    whole_numbers: bool = False
    transcripts: bool = False
    language: Literal["zh", "en"] = "en"


@router.post("/calls/exports", status_code=202)
async def export_calls(here: Annotated[Here, needs(Permission.RESULTS_EXPORT)], body: ExportCalls) -> JobView:
    """Begin to write `calls.csv`, `calls.xlsx` or `calls.zip` of the job. Noted in the audit log."""
    if body.whole_numbers:
        here.require(Permission.NUMBERS_UNMASKED)
    if body.form == "zip":
        here.require(Permission.RECORDINGS_PLAY)
    wanted = exporting.Wanted(
        body.filters, body.form, masked=not body.whole_numbers, transcripts=body.transcripts, language=body.language
    )
    async with here.keyed() as (scope, keys):
        total = await exporting.count(scope, body.filters)
        detail = {
            "calls": total,
            "form": body.form,
            "masked": not body.whole_numbers,
            "transcripts": body.transcripts,
        }
        await audit.note(scope, keys, here.viewer, "calls.export", ("call_list", ""), detail, now=here.now())
    name = f"calls.{body.form}"
    blobs = here.kept.blobs.of(here.viewer.tenant)

    async def work(job: Job) -> Mapping[str, Any]:
        path = job.folder / name
        if wanted_grams(body.filters):
            await catch_up(here.kept.database, here.viewer.tenant, here.kept.keyring, rounds=_ROUNDS)
        told = await exporting.export(
            here.kept.database, keys, blobs, wanted, path, lambda done: job.tell("writing", done, max(total, done))
        )
        job.files[name] = path
        return told

    needed = Permission.RESULTS_EXPORT
    if body.form == "zip":
        needed = Permission.RECORDINGS_PLAY
    if body.whole_numbers:
        needed = Permission.NUMBERS_UNMASKED
    return job_view(jobs_of(here).start(here.viewer, "calls.export", name, needed, work))
