"""Lists: see them, look into one, export one, take one away. How they come in: uploads.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from callwright import audit
from callwright.accounts.roles import Permission
from callwright.campaigns import lead_store, list_store
from callwright.campaigns.api import uploads
from callwright.campaigns.api.list_views import ListRow, PersonRow, list_row, person_row
from callwright.campaigns.api.refusals import told
from callwright.campaigns.exporting import export_people
from callwright.campaigns.uploads import unlisted
from callwright.campaigns.wording import Language
from callwright.http.fields import PathId, Text
from callwright.http.here import Here, needs
from callwright.http.job_views import JobView, job_view
from callwright.http.jobs import Job, jobs_of
from callwright.http.paging import Page, Paging
from callwright.http.problems import absent, answers

__all__ = ["router"]

router = APIRouter()
router.include_router(uploads.router)

Reads = Annotated[Here, needs(Permission.LISTS_READ)]
Writes = Annotated[Here, needs(Permission.LISTS_WRITE)]
_LAST = 2**63 - 1


class _Asked(Paging):
    q: Annotated[Text, Field(max_length=100, description="a part of the name")] = ""


@router.get("/lists")
async def list_lists(here: Reads, asked: Annotated[_Asked, Query()]) -> Page[ListRow]:
    """All lists, the newest first."""
    before = asked.after(int)
    async with here.reading() as scope:
        rows = await scope.all(
            list_store.LISTS,
            before=before[0] if before else _LAST,
            like=list_store.containing(asked.q),
            most=asked.limit + 1,
        )
    now = here.now()
    return Page.of(rows, asked, lambda row: list_row(row, now), key=lambda row: (row.id,))


@router.get("/lists/{list_id}", responses=answers(404))
async def read_list(here: Reads, list_id: PathId) -> ListRow:
    """One list."""
    async with here.reading() as scope:
        row = await list_store.by_id(scope, list_id)
    if row is None:
        raise absent("list")
    return list_row(row, here.now())


@router.get("/lists/{list_id}/people", responses=answers(404))
async def list_people(here: Reads, list_id: PathId, page: Annotated[Paging, Query()]) -> Page[PersonRow]:
    """Who is on it, in the order they came. A look at personal data: it is written down."""
    after = page.after(int)
    unmasked = here.may(Permission.NUMBERS_UNMASKED)
    async with here.keyed() as (scope, keys):
        row = await list_store.by_id(scope, list_id)
        if row is None:
            raise absent("list")
        rows = await lead_store.people(scope, list_id, after[0] if after else 0, page.limit + 1)
        shown = Page.of(
            rows,
            page,
            lambda one: person_row(keys, one, unmasked=unmasked),
            key=lambda one: (one.id,),
            total=row.imported,
        )
        detail = {"people": len(shown.items), "masked": not unmasked}
        await audit.note(scope, keys, here.viewer, "list.look", ("list", list_id), detail, now=here.now())
    return shown


class ExportBody(BaseModel):
    """form: of the file; whole_numbers: else they are masked (and the file cannot be imported again); lang: of messages."""

    model_config = ConfigDict(extra="forbid")

    form: Literal["csv", "xlsx"] = "csv"
    whole_numbers: bool = False
    lang: Language = "en"


@router.post("/lists/{list_id}/exports", status_code=202, responses=answers(404, 429))
async def export_list(
    here: Annotated[Here, needs(Permission.RESULTS_EXPORT)], list_id: PathId, body: ExportBody
) -> JobView:
    """Write everybody on it to a file that no spreadsheet runs: `people.csv` or `people.xlsx` of the job."""
    here.require(Permission.LISTS_READ)
    if body.whole_numbers:
        here.require(Permission.NUMBERS_UNMASKED)
    async with here.keyed() as (scope, keys):
        row = await list_store.by_id(scope, list_id)
        if row is None:
            raise absent("list")
        detail = {"people": row.imported, "form": body.form, "masked": not body.whole_numbers}
        await audit.note(scope, keys, here.viewer, "list.export", ("list", list_id), detail, now=here.now())
    name = f"people.{body.form}"

    async def work(job: Job) -> Mapping[str, Any]:
        path = job.folder / name
        count = await export_people(
            here.kept.database, keys, row.name, path, form=body.form, masked=not body.whole_numbers, lang=body.lang,
            progress=lambda done: job.tell("writing", done, row.imported),
        )  # fmt: skip
        job.files[name] = path
        return {"people": count}

    needed = Permission.NUMBERS_UNMASKED if body.whole_numbers else Permission.RESULTS_EXPORT
    return job_view(jobs_of(here).start(here.viewer, "list.export", row.name, needed, work))


@router.delete("/lists/{list_id}", responses=answers(404, 409))
async def delete_list(here: Writes, list_id: PathId) -> dict[str, int]:
    """Take everybody off it and the list away, unless a task uses it. What the consent ledger knows of them stays."""
    async with here.reading() as scope:
        if await list_store.by_id(scope, list_id) is None:
            raise absent("list")
    with told():
        people = await unlisted(here.kept.database, here.viewer.tenant, list_id, here.now())
    async with here.keyed() as (scope, keys):
        detail = {"people": people}
        await audit.note(scope, keys, here.viewer, "list.delete", ("list", list_id), detail, now=here.now())
    return {"people": people}
