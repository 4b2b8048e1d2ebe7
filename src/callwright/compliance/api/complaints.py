"""Complaints as cases with due dates: `/complaints`. Opening one freezes the number and takes its consents back in the same moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from callwright.accounts.roles import Permission
from callwright.audit.store import note
from callwright.campaigns import events
from callwright.campaigns.bundling import bundle_case
from callwright.compliance import complaint_desk, complaint_store
from callwright.compliance.api.showing import Showing, showing
from callwright.compliance.complaint_desk import Which
from callwright.compliance.complaint_store import Case, NewComplaint
from callwright.compliance.complaints import CHANNELS, with_answer_days
from callwright.compliance.freezes import masked
from callwright.http.fields import Moment, Number, PathId, Said, Subject, Text
from callwright.http.here import Here, needs
from callwright.http.job_views import JobView, job_view
from callwright.http.jobs import Job, jobs_of
from callwright.http.paging import Page, Paging
from callwright.http.problems import absent, answers, conflict

__all__ = ["router"]

router = APIRouter(prefix="/complaints")

_ZIP: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}
}


class ComplaintRow(BaseModel):
    """A case in short. due: what is next, and by when."""

    id: int = Field(examples=[3])
    reference: str = Field(examples=["12321-2026-000123"])
    channel: str = Field(examples=["12321"])
    number: str = Field(examples=["+86139****0001"])
    subject: str
    state: Literal["open", "answered", "closed"]
    received_at: datetime
    due: Literal["answer", "tell"] | None
    due_at: datetime | None
    late: str = Field(description="which step is overdue; empty = none")
    has_bundle: bool


class ComplaintTold(ComplaintRow):
    """A case in full."""

    text: str
    answer: str
    answered_at: datetime | None
    forward_by: datetime | None
    answer_by: datetime
    tell_by: datetime | None
    calls: list[str] = Field(description="that the bundle is about")
    bundle_sha256: str
    by: str
    clock: str = Field(description="where the due dates stand")
    clock_status: str = Field(description="law, draft, contract, house")


class ComplaintFilter(Paging):
    """Which cases."""

    which: Which = "open"
    subject: Subject | None = None


class Channel(BaseModel):
    """Where complaints come from, and its clock in days."""

    code: str
    answer: int
    tell: int | None
    forward: int | None
    unit: str
    country: str
    status: str
    source: str


class NewComplaintBody(BaseModel):
    """What came in."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"number": "+8613900000001", "channel": "12321", "reference": "12321-2026-000123"}]},
    )  # fmt: skip

    number: Number
    channel: Annotated[str, Field(max_length=32)] = "own"
    reference: Annotated[Text, Field(max_length=64, description="of the ticket; empty = one of ours is made")] = ""
    text: Annotated[Text, Field(max_length=20_000)] = ""
    received_at: Moment | None = None
    answer_days: Annotated[int, Field(ge=1, le=365)] | None = Field(None, description="null = the channel's")
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = Field(None, description="whose working days")


class AnswerBody(BaseModel):
    """What was answered."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": "We apologised by letter."}]})

    text: Annotated[Said, Field(max_length=20_000)]


@router.get("")
async def list_complaints(
    here: Annotated[Here, needs(Permission.COMPLIANCE_READ)], asked: Annotated[ComplaintFilter, Query()]
) -> Page[ComplaintRow]:
    """Cases, most urgent first."""
    after = asked.after(datetime, int)
    subject = bytes.fromhex(asked.subject) if asked.subject else None
    async with showing(here) as at:
        last = None if after is None else (after[0], after[1])
        found = await complaint_desk.page(at.scope, at.keys, asked.which, here.now(), last, asked.limit + 1, subject)
        await at.looked("complaint.list", "complaint", [one.id for one in found[: asked.limit]])
    return Page.of(found, asked, lambda one: ComplaintRow(**_row(one, at)), lambda one: (one.answer_by, one.id))


@router.get("/channels")
async def list_complaint_channels(here: Annotated[Here, needs(Permission.COMPLIANCE_READ)]) -> list[Channel]:
    """Where complaints come from, and by when they must be answered."""
    return [
        Channel(
            code=code, answer=clock.answer, tell=clock.tell, forward=clock.forward, unit=clock.unit, country=clock.country,
            status=clock.status, source=clock.source,
        )
        for code, clock in CHANNELS.items()
    ]  # fmt: skip


@router.get("/{complaint}")
async def read_complaint(
    complaint: PathId, here: Annotated[Here, needs(Permission.COMPLAINTS_HANDLE)]
) -> ComplaintTold:
    """One case, with what was said."""
    async with here.keyed() as (scope, keys):
        at = Showing(here, scope, keys, here.may(Permission.NUMBERS_UNMASKED))
        case = await _known(at, complaint)
        await note(scope, keys, here.viewer, "complaint.view", ("complaint", complaint), now=here.now())
    return _told(case, at)


@router.post("", status_code=201)
async def open_complaint(
    body: NewComplaintBody, here: Annotated[Here, needs(Permission.COMPLAINTS_HANDLE)]
) -> ComplaintTold:
    """Open a case. The number is frozen and its consents are taken back; the same reference again changes nothing."""
    now, by = here.now(), here.viewer.name[:100]
    clock = CHANNELS.get(body.channel)
    if clock is not None:
        clock = with_answer_days(clock, body.answer_days, body.country)
    new = NewComplaint(body.number, body.channel, body.reference, body.text, body.received_at, clock)
    async with here.keyed() as (scope, keys):
        case = await complaint_store.open_case(scope, keys, new, now, by)
        told = {"complaint": case.reference, "channel": case.channel, "answer_by": case.answer_by.isoformat()}
        await events.post(scope, keys, "complaint.opened", told | {"number": masked(case.number)}, now, case.subject)
        at = Showing(here, scope, keys, here.may(Permission.NUMBERS_UNMASKED))
        await note(
            scope, keys, here.viewer, "complaint.open", ("complaint", case.id), {"channel": case.channel}, now=now
        )
    return _told(case, at)


@router.post("/{complaint}/answer", responses=answers(409))
async def answer_complaint(
    complaint: PathId, body: AnswerBody, here: Annotated[Here, needs(Permission.COMPLAINTS_HANDLE)]
) -> ComplaintTold:
    """Write down the answer; from now on the person must be told in time."""
    async with here.keyed() as (scope, keys):
        at = Showing(here, scope, keys, here.may(Permission.NUMBERS_UNMASKED))
        case = await _known(at, complaint)
        if case.state != "open":
            raise conflict("complaint", f"complaint {case.reference} is {case.state}")
        await complaint_store.answer(scope, keys, case.reference, body.text, here.now())
        case = await _known(at, complaint)
        await note(scope, keys, here.viewer, "complaint.answer", ("complaint", complaint), now=here.now())
    return _told(case, at)


@router.post("/{complaint}/close", responses=answers(409))
async def close_complaint(
    complaint: PathId, here: Annotated[Here, needs(Permission.COMPLAINTS_HANDLE)]
) -> ComplaintTold:
    """The person was told. The number stays frozen until somebody lifts it."""
    async with here.keyed() as (scope, keys):
        at = Showing(here, scope, keys, here.may(Permission.NUMBERS_UNMASKED))
        case = await _known(at, complaint)
        if case.state != "answered":
            raise conflict("complaint", f"complaint {case.reference} is {case.state}", "It is answered before.")
        await complaint_store.close(scope, case.reference)
        case = await _known(at, complaint)
        await note(scope, keys, here.viewer, "complaint.close", ("complaint", complaint), now=here.now())
    return _told(case, at)


@router.post("/{complaint}/bundle", status_code=202, responses=answers(409))
async def bundle_complaint(complaint: PathId, here: Annotated[Here, needs(Permission.COMPLAINTS_HANDLE)]) -> JobView:
    """Put the evidence into one signed file: calls, recordings, records, consents, freezes. A job; the file is kept with the case."""
    async with here.keyed() as (scope, keys):
        case = await _known(Showing(here, scope, keys, True), complaint)
        if not case.number:
            raise conflict("erased", "the person was erased: there is nothing to find calls by")
        await note(scope, keys, here.viewer, "complaint.bundle", ("complaint", complaint), now=here.now())
    blobs = here.kept.blobs.of(here.viewer.tenant)

    async def work(job: Job) -> Mapping[str, Any]:
        path = job.folder / "bundle.zip"
        made = await bundle_case(
            here.kept.database, here.viewer.tenant, keys, blobs, case.reference, path, here.now(), job.tell
        )
        return {"calls": len(made.calls), "sha256": made.sha256}

    needed = Permission.COMPLAINTS_HANDLE
    return job_view(jobs_of(here).start(here.viewer, "complaint.bundle", case.reference, needed, work))


@router.get("/{complaint}/bundle", response_class=StreamingResponse, responses=_ZIP | answers(404))
async def read_complaint_bundle(
    complaint: PathId, here: Annotated[Here, needs(Permission.COMPLAINTS_HANDLE)]
) -> StreamingResponse:
    """The evidence as it was last put together."""
    blobs = here.kept.blobs.of(here.viewer.tenant)
    async with here.keyed() as (scope, keys):
        case = await _known(Showing(here, scope, keys, True), complaint)
        if not case.bundle or await blobs.size(case.bundle) is None:
            raise absent("bundle", "Make it first.")
        await note(scope, keys, here.viewer, "complaint.read-bundle", ("complaint", complaint), now=here.now())
    headers = {
        "Content-Disposition": f'attachment; filename="complaint-{complaint}.zip"', "Cache-Control": "no-store"
    }  # fmt: skip
    return StreamingResponse(blobs.stream(case.bundle), media_type="application/zip", headers=headers)


async def _known(at: Showing, complaint: int) -> Case:
    """Raises ApiError: 404."""
    found = await complaint_desk.find(at.scope, at.keys, complaint, at.here.now())
    if found is None:
        raise absent("complaint")
    return found


def _row(case: Case, at: Showing) -> dict[str, Any]:
    due: dict[str, tuple[str | None, datetime | None]] = {
        "open": ("answer", case.answer_by), "answered": ("tell", case.tell_by)
    }  # fmt: skip
    step, moment = due.get(case.state, (None, None))
    return {
        "id": case.id, "reference": case.reference, "channel": case.channel, "number": at.number(case.number),
        "subject": case.subject.hex(), "state": case.state, "received_at": case.received_at,
        "due": step if moment is not None else None, "due_at": moment, "late": case.late, "has_bundle": bool(case.bundle),
    }  # fmt: skip


def _told(case: Case, at: Showing) -> ComplaintTold:
    clock = CHANNELS.get(case.channel)
    return ComplaintTold(
        **_row(case, at), text=case.text, answer=case.answer, answered_at=case.answered_at, forward_by=case.forward_by,
        answer_by=case.answer_by, tell_by=case.tell_by, calls=list(case.calls), bundle_sha256=case.bundle_sha256, by=case.by,
        clock=clock.source if clock else "", clock_status=clock.status if clock else "",
    )  # fmt: skip
