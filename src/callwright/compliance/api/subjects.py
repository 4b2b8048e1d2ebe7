"""One person: `/subjects`. Every call to them, every refusal to call, why; consents, freezes, complaints; all of it for them to take along; and
their erasure, in two steps. A number stands in no address: `find` tells what stands for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from callwright.accounts.roles import Permission
from callwright.audit.store import note
from callwright.campaigns import erasure, subject
from callwright.campaigns.evidence import write_subject
from callwright.campaigns.subject import Counts, Event, Kind
from callwright.compliance import telling
from callwright.compliance.api.packs_in_use import packs_in_use
from callwright.compliance.api.showing import Showing
from callwright.compliance.packs import Packs
from callwright.compliance.telling import Language
from callwright.http.fields import Number, PathSubject
from callwright.http.here import Here, needs
from callwright.http.job_views import JobView, job_view
from callwright.http.jobs import Job, jobs_of
from callwright.http.paging import Page, Paging
from callwright.http.problems import absent, answers, conflict

__all__ = ["router"]

router = APIRouter(prefix="/subjects")


class FindBody(BaseModel):
    """Whose number."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"number": "+8613900000001"}]})

    number: Number


class FoundSubject(BaseModel):
    """What stands for a number in addresses."""

    subject: str = Field(examples=["5f2b0f6f0e9b4c1d8a7e6d5c4b3a2910"])
    known: bool = Field(description="something is kept about it")
    erased_at: datetime | None = Field(description="erased, and never called again")


class SubjectCounts(BaseModel):
    """What is kept."""

    calls: int
    answered: int
    refusals: int = Field(description="times we did not call, with a record of why")
    recordings: int
    lists: int
    consents: int


class SubjectTold(BaseModel):
    """A person as they are known here."""

    subject: str
    number: str = Field(examples=["+86139****0001"])
    person: int | None = Field(description="under which id records name them; null = never on a list")
    country: str
    region: str
    zones: list[str]
    line_type: str
    known_since: datetime | None
    last_call_at: datetime | None
    counts: SubjectCounts
    against: list[str] = Field(
        description="what stands against erasing them: a call going on, a case that is not closed"
    )


class SubjectEvent(BaseModel):
    """One thing that happened. detail: by kind; of a refusal `against` names the rules in the reader's language."""

    at: datetime
    kind: Kind
    key: str
    detail: dict[str, Any]


class TimelineFilter(Paging):
    """Which part of the line."""

    language: Language = "en"


class ErasurePreview(BaseModel):
    """What would be gone. The second step names the digest: it erases what was seen, or nothing."""

    counts: SubjectCounts
    against: list[str]
    digest: str


class EraseBody(BaseModel):
    """The second step."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"digest": "0" * 64}]})

    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class ErasedTold(BaseModel):
    """What is left is a keyed hash, so that the number is never called again."""

    person: int
    files: int


@router.post("/find")
async def find_subject(body: FindBody, here: Annotated[Here, needs(Permission.COMPLIANCE_READ)]) -> FoundSubject:
    """What stands for this number, and whether anything is kept about it."""
    async with here.keyed() as (scope, keys):
        index = keys.index(body.number)
        one = await subject.find(scope, keys, index)
        erased_at = await subject.suppressed(scope, index)
        who = one.person if one is not None and one.person is not None else 0
        await note(
            scope, keys, here.viewer, "subject.find", ("person", who), {"known": one is not None}, now=here.now()
        )
    return FoundSubject(subject=index.hex(), known=one is not None, erased_at=erased_at)


@router.get("/{subject_key}")
async def read_subject(
    subject_key: PathSubject, here: Annotated[Here, needs(Permission.COMPLIANCE_READ)]
) -> SubjectTold:
    """Who it is, as far as it is known here."""
    async with here.keyed() as (scope, keys):
        at = Showing(here, scope, keys, here.may(Permission.NUMBERS_UNMASKED))
        one = await _known(at, subject_key)
        counts = await subject.counts_of(scope, one)
        await note(scope, keys, here.viewer, "subject.view", ("person", one.person or 0), now=here.now())
    return SubjectTold(
        subject=subject_key, number=at.number(one.number), person=one.person, country=one.country, region=one.region,
        zones=list(one.zones), line_type=one.line_type, known_since=one.known_since, last_call_at=counts.last_call_at,
        counts=_counts(counts), against=_against(counts),
    )  # fmt: skip


@router.get("/{subject_key}/timeline")
async def list_subject_events(
    subject_key: PathSubject,
    here: Annotated[Here, needs(Permission.COMPLIANCE_READ)],
    asked: Annotated[TimelineFilter, Query()],
) -> Page[SubjectEvent]:
    """Everything that happened, newest first."""
    after = asked.after(datetime, str)
    packs = await packs_in_use(here)
    async with here.keyed() as (scope, keys):
        at = Showing(here, scope, keys, here.may(Permission.NUMBERS_UNMASKED))
        one = await _known(at, subject_key)
        before = None if after is None else (after[0], after[1])
        found = await subject.timeline(scope, one, before, here.now(), asked.limit + 1)
        if before is None:  # the pages after the first are the same look
            await note(scope, keys, here.viewer, "subject.timeline", ("person", one.person or 0), now=here.now())
    return Page.of(
        found, asked, lambda event: _event(event, packs, asked.language), lambda event: (event.at, event.key)
    )


@router.post("/{subject_key}/export", status_code=202, responses=answers(404))
async def export_subject(subject_key: PathSubject, here: Annotated[Here, needs(Permission.SUBJECTS_EXPORT)]) -> JobView:
    """Everything about a person in one signed file: JSON, recordings, records. A job; its file is `subject.zip`."""
    async with here.keyed() as (scope, keys):
        one = await _known(Showing(here, scope, keys, True), subject_key)
        if not one.number:
            raise absent("person")
        await note(scope, keys, here.viewer, "subject.export", ("person", one.person or 0), now=here.now())
    blobs = here.kept.blobs.of(here.viewer.tenant)

    async def work(job: Job) -> Mapping[str, Any]:
        path = job.folder / "subject.zip"
        with path.open("xb") as out:
            async with here.reading() as scope:
                calls = await write_subject(
                    scope, keys, blobs, one.number, out, here.now(), lambda done, of: job.tell("writing", done, of)
                )
        job.files[path.name] = path
        return {"calls": len(calls)}

    needed = Permission.SUBJECTS_EXPORT
    return job_view(jobs_of(here).start(here.viewer, "subject.export", f"person {one.person or ''}", needed, work))


@router.get("/{subject_key}/erasure")
async def preview_subject_erasure(
    subject_key: PathSubject, here: Annotated[Here, needs(Permission.SUBJECTS_ERASE)]
) -> ErasurePreview:
    """The first step: what would be gone, and what stands against it."""
    async with here.keyed() as (scope, keys):
        one = await _known(Showing(here, scope, keys, False), subject_key)
        counts = await subject.counts_of(scope, one)
        await note(scope, keys, here.viewer, "subject.preview-erasure", ("person", one.person or 0), now=here.now())
    return ErasurePreview(counts=_counts(counts), against=_against(counts), digest=_digest(subject_key, counts))


@router.post("/{subject_key}/erase", responses=answers(409))
async def erase_subject(
    subject_key: PathSubject, body: EraseBody, here: Annotated[Here, needs(Permission.SUBJECTS_ERASE)]
) -> ErasedTold:
    """The second step. There is no way back: what is left is a keyed hash that keeps the number from ever being called again."""
    async with here.keyed() as (scope, keys):
        one = await _known(Showing(here, scope, keys, True), subject_key)
        counts = await subject.counts_of(scope, one)
        if one.person is None or not one.number:
            raise conflict("nothing", "this number was never on a list: lift or keep its freeze instead")
        if _against(counts):
            raise conflict("against", "a call is going on, or a complaint is not closed", "End that first.")
        if body.digest != _digest(subject_key, counts):
            raise conflict("changed", "something was added meanwhile", "Look again at what would be gone.")
        gone = await erasure.erase(scope, keys, one.number, here.now())
        detail = {"calls": counts.calls, "files": len(gone.blobs)}
        await note(scope, keys, here.viewer, "subject.erase", ("person", gone.person_id), detail, now=here.now())
    await erasure.delete_blobs(gone, here.kept.blobs.of(here.viewer.tenant).delete)
    return ErasedTold(person=gone.person_id, files=len(gone.blobs))


async def _known(at: Showing, key: str) -> subject.Subject:
    """Raises ApiError: 404."""
    found = await subject.find(at.scope, at.keys, bytes.fromhex(key))
    if found is None:
        raise absent("person", "Nothing is kept about this number.")
    return found


def _counts(counts: Counts) -> SubjectCounts:
    return SubjectCounts(
        calls=counts.calls, answered=counts.answered, refusals=counts.refusals, recordings=counts.recordings, lists=counts.lists,
        consents=counts.consents,
    )  # fmt: skip


def _against(counts: Counts) -> list[str]:
    return [name for name, count in (("call", counts.ringing), ("complaint", counts.open_cases)) if count]


def _digest(key: str, counts: Counts) -> str:
    last = counts.last_call_at.isoformat() if counts.last_call_at else ""
    said = [key, counts.calls, counts.refusals, counts.recordings, counts.lists, counts.consents, last]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _event(event: Event, packs: Packs, language: Language) -> SubjectEvent:
    detail = dict(event.detail)
    if event.kind == "refusal":
        body = telling.parsed(detail.pop("body"), detail.pop("rules"))
        detail["against"] = [
            telling.title_of(pack, rule, language, telling.newest(packs, pack, rule))
            for pack, rule in telling.refusing_rules(body)
        ]
        detail["because"] = str(body.get("because") or "")
        detail["next_allowed_at"] = body.get("next_allowed_at")
    return SubjectEvent(at=event.at, kind=event.kind, key=event.key, detail=detail)
