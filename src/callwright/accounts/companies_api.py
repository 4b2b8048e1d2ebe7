"""Routes of companies that are called for: their papers, and the vetting of these by somebody else."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, File, Path, Query, Response, UploadFile
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Row

from callwright import audit
from callwright.accounts import companies, papers
from callwright.accounts.roles import Permission
from callwright.accounts.users_api import Id, found
from callwright.http.here import Here, needs
from callwright.http.paging import Page, Paging
from callwright.http.problems import ApiError, answers

__all__ = ["router"]

router = APIRouter()

Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


class PaperRow(BaseModel):
    """A paper."""

    name: str
    sha256: str
    type: str | None = None
    size: int | None = None
    by: int | None = Field(None, description="id of the user who brought it; null = a command")
    at: datetime | None = None
    stored: bool = Field(description="whether the file lies here, or was only looked at elsewhere")


class CompanyRow(BaseModel):
    """A company that is called for."""

    id: int
    name: str
    registration: str
    country: str
    papers: list[PaperRow]
    state: str = Field(description="vetted, over or open")
    vetted_at: datetime | None
    vetted_by: str | None
    vetted_until: datetime | None


class CompanyNew(BaseModel):
    """A new company."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200, examples=["Acme Ltd"])
    registration: str = Field(
        min_length=1, max_length=64, pattern=r"^[0-9A-Za-z][0-9A-Za-z ./-]*$", examples=["91110000000000000A"]
    )
    country: str = Field(min_length=2, max_length=2, examples=["CN"])


class Decision(BaseModel):
    """What came of looking at the papers."""

    model_config = ConfigDict(extra="forbid")

    accept: bool
    until: AwareDatetime | None = Field(None, description="the vetting holds until then; needed to accept")


@router.get("/companies")
async def list_companies(
    here: Annotated[Here, needs(Permission.COMPANY_READ)], page: Annotated[Paging, Query()]
) -> Page[CompanyRow]:
    """Companies that are called for."""
    last = page.after(int)
    async with here.reading() as scope:
        rows = await papers.page(scope, last[0] if last else 0, page.limit + 1)
    now = here.now()
    return Page.of(rows, page, lambda row: _row(row, now), key=lambda row: (row.id,))


@router.post("/companies", status_code=201)
async def add_company(body: CompanyNew, here: Annotated[Here, needs(Permission.COMPANY_WRITE)]) -> CompanyRow:
    """Add a company. Nobody is called for it before its papers were looked at."""
    async with here.keyed() as (scope, keys):
        which = await companies.add(scope, body.registration, body.name.strip(), body.country, here.now())
        await audit.note(scope, keys, here.viewer, "company.add", ("company", which), now=here.now())
        return _row(await papers.find(scope, which), here.now())


@router.get("/companies/{company}")
async def read_company(company: Id, here: Annotated[Here, needs(Permission.COMPANY_READ)]) -> CompanyRow:
    """One company."""
    async with here.reading() as scope:
        with found():
            return _row(await papers.find(scope, company), here.now())


@router.post("/companies/{company}/papers", status_code=201, responses=answers(413))
async def add_paper(
    company: Id,
    here: Annotated[Here, needs(Permission.COMPANY_WRITE)],
    file: Annotated[UploadFile, File(description="PDF, PNG or JPEG, at most 10 MB")],
) -> CompanyRow:
    """Add a paper to a company, like its licence."""
    content = await file.read(papers.LARGEST + 1)
    if len(content) > papers.LARGEST:
        raise ApiError(413, "too-large", f"a paper has at most {papers.LARGEST // 1024 // 1024} MB")
    blobs = here.kept.blobs.of(here.viewer.tenant)
    async with here.keyed() as (scope, keys):
        with found():
            await papers.attach(scope, keys, blobs, here.viewer, company, file.filename or "", content, here.now())
        return _row(await papers.find(scope, company), here.now())


@router.get(
    "/companies/{company}/papers/{digest}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "the file"}},
)
async def read_paper(company: Id, digest: Digest, here: Annotated[Here, needs(Permission.COMPANY_READ)]) -> Response:
    """A paper, to be saved."""
    async with here.keyed() as (scope, keys):
        with found():
            known = await papers.paper(scope, company, digest)
        told: audit.Detail = {"sha256": digest}
        await audit.note(scope, keys, here.viewer, "company.paper-read", ("company", company), told, now=here.now())
    content = await here.kept.blobs.of(here.viewer.tenant).get(known["blob"])
    ending = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}[known["type"]]
    headers = {
        "Content-Disposition": f'attachment; filename="{digest[:12]}.{ending}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(content, media_type="application/octet-stream", headers=headers)


@router.post("/companies/{company}/vetting")
async def decide_company(
    company: Id, body: Decision, here: Annotated[Here, needs(Permission.COMPANY_VET)]
) -> CompanyRow:
    """Decide about the papers of a company, which somebody else brought."""
    if body.accept and body.until is None:
        raise ApiError(422, "vetting-until", "say until when the vetting holds")
    until = body.until if body.accept else None
    async with here.keyed() as (scope, keys):
        with found():
            await papers.decide(scope, keys, here.viewer, company, here.now(), until=until)
        return _row(await papers.find(scope, company), here.now())


def _row(row: Row[Any], now: datetime) -> CompanyRow:
    until = row.vetted_until
    state = "open" if until is None else "vetted" if until > now else "over"
    listed = [
        PaperRow(**{key: each.get(key) for key in ("name", "sha256", "type", "size", "by", "at")}, stored=bool(each.get("blob")))
        for each in row.documents
    ]  # fmt: skip
    return CompanyRow(
        id=row.id, name=row.name, registration=row.registration, country=row.country, papers=listed, state=state,
        vetted_at=row.vetted_at, vetted_by=row.vetted_by, vetted_until=until,
    )  # fmt: skip
