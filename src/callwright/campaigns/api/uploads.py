"""How people come onto lists: a file is uploaded, looked at with its columns, and imported as a job; or a program sends rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Form, Path, UploadFile

from callwright import audit
from callwright.accounts.roles import Permission
from callwright.campaigns import task_store
from callwright.campaigns.api.list_views import (
    ImportBody,
    ReadingBody,
    RowsBody,
    RowsTaken,
    UploadView,
    options_of,
    upload_view,
)
from callwright.campaigns.api.refusals import told
from callwright.campaigns.importing import Options, Progress, Report
from callwright.campaigns.json_rows import read_rows
from callwright.campaigns.uploads import glance, import_list, named
from callwright.campaigns.wording import Language
from callwright.errors import LeadsError, Place, Problem
from callwright.http.fields import Text
from callwright.http.here import Here, needs
from callwright.http.job_views import JobView, job_view
from callwright.http.jobs import Job, jobs_of
from callwright.http.problems import answers, detail_of
from callwright.http.shelf import Laid, shelf_of
from callwright.store.scope import Scope

__all__ = ["router"]

router = APIRouter()

Writes = Annotated[Here, needs(Permission.LISTS_WRITE)]
UploadId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$", examples=["Zk3v0xJ2m5bQpW1a"])]
MOST = 250 * 1024 * 1024


@router.post("/lists/uploads", status_code=201, responses=answers(413))
async def upload_list(
    here: Writes,
    file: UploadFile,
    encoding: Annotated[
        Text, Form(max_length=40, description="of a CSV that is neither UTF-8, UTF-16 nor GB18030")
    ] = "",
    sheet: Annotated[Text, Form(max_length=100, description="of a workbook; else the first one")] = "",
    lang: Annotated[Language, Form()] = "en",
) -> UploadView:
    """Send a CSV, XLSX or JSON file. Nothing is imported: the answer says how it would be read."""
    shelf = shelf_of(here)
    name = "".join(c for c in file.filename or "list" if c.isprintable()).replace("\\", "/").rpartition("/")[2][-200:]
    laid = await shelf.lay(here.viewer, name or "list", file.file, MOST)
    try:
        laid.value = await named(laid.path, laid.name, lang, encoding=encoding, sheet=sheet)
    except BaseException:
        shelf.take(laid)
        raise
    return await _seen(here, laid, ReadingBody(lang=lang))


@router.post("/lists/uploads/{upload}/preview", responses=answers(404))
async def preview_upload(here: Writes, upload: UploadId, body: ReadingBody) -> UploadView:
    """How it would be read with these columns."""
    return await _seen(here, shelf_of(here).find(here.viewer, upload), body)


@router.delete("/lists/uploads/{upload}", status_code=204, responses=answers(404))
async def delete_upload(here: Writes, upload: UploadId) -> None:
    """Away with it, not imported."""
    shelf = shelf_of(here)
    shelf.take(shelf.find(here.viewer, upload))


async def _seen(here: Here, laid: Laid, body: ReadingBody) -> UploadView:
    options = Options("-", body.mapping, body.defaults, body.region or None, body.zone, body.lang)
    found = await anyio.to_thread.run_sync(partial(glance, laid.value, options, here.now()))
    return upload_view(laid.id, laid.size, laid.value, found)


@router.post("/lists/uploads/{upload}/import", status_code=202, responses=answers(404, 409, 429))
async def import_upload(here: Writes, upload: UploadId, body: ImportBody) -> JobView:
    """Put its people on a list, as a job. Good rows are taken, the others are told in `errors.csv` of the job; the same file again changes
    nothing. An import that was cut off is finished by importing the file again."""
    shelf = shelf_of(here)
    laid = shelf.find(here.viewer, upload)
    source = laid.value
    options = options_of(body, here.viewer.name[:100])
    async with here.keyed() as (scope, keys):
        await _known(scope, body.company)
        detail: dict[str, str | int] = {"kind": source.kind, "sha256": source.sha256, "bytes": laid.size}
        await audit.note(scope, keys, here.viewer, "list.import", ("upload", laid.id), dict(detail), now=here.now())

    async def work(job: Job) -> Mapping[str, Any]:
        def progress(now: Progress) -> None:
            job.tell(now.part, now.rows, now.about)

        errors = job.folder / "errors.csv"
        try:
            report, complaints = await import_list(
                here.kept.database, keys, source, options, here.now, errors=errors, progress=progress
            )
        finally:
            if errors.is_file():
                job.files["errors.csv"] = errors
        job.problems = list(complaints.first)
        if not complaints.rows:
            job.files.pop("errors.csv", None)
        shelf.take(laid)
        return _report(report)

    return job_view(jobs_of(here).start(here.viewer, "list.import", options.name, Permission.LISTS_READ, work))


@router.post("/lists/rows", responses=answers(409))
async def add_rows(here: Writes, body: RowsBody) -> RowsTaken:
    """Put at most 1,000 rows of a program on a list. The same rows again change nothing."""
    options = options_of(body, here.viewer.name[:100])
    source = read_rows(body.rows, "rows", body.lang)
    async with here.keyed() as (scope, keys):
        await _known(scope, body.company)
    with told():
        report, complaints = await import_list(here.kept.database, keys, source, options, here.now)
    async with here.scope() as scope:
        detail: dict[str, str | int] = {"rows": report.rows, "imported": report.imported, "sha256": source.sha256}
        about = ("list", report.list_id)
        await audit.note(scope, keys, here.viewer, "list.rows", about, dict(detail), now=here.now())
    return RowsTaken(**_report(report), problems=[detail_of(each) for each in complaints.first])


async def _known(scope: Scope, company: int | None) -> None:
    if company is not None and await scope.first(task_store.COMPANY, company=company) is None:
        raise LeadsError(Problem("unknown-company", "there is no such company", Place(field="company")))


def _report(report: Report) -> dict[str, Any]:
    return {**asdict(report), "kept_out": dict(report.kept_out)}
