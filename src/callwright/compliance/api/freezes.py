"""The freeze library: `/freezes`. Whoever may write freezes a number; lifting one takes two people; lists come in as
CSV, XLSX or JSON and go out as CSV."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Annotated

import anyio.to_thread
from fastapi import APIRouter, File, Form, Query, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from callwright.accounts.roles import Permission
from callwright.audit.store import note
from callwright.campaigns import events
from callwright.campaigns.freeze_lists import Counts, freeze_list, read_freezes
from callwright.campaigns.uploads import look_through
from callwright.compliance import freeze_desk, freeze_store
from callwright.compliance.api.showing import Showing, showing
from callwright.compliance.facts import FreezeScope
from callwright.compliance.freeze_desk import State, Wanted
from callwright.compliance.freeze_store import Frozen
from callwright.compliance.freeze_wording import Wrong, told
from callwright.compliance.freezes import (
    REASONS,
    NewFreeze,
    Reading,
    active,
    masked,
    period_end,
    write_freezes,
)  # fmt: skip
from callwright.compliance.telling import Language
from callwright.errors import InputError, Place, Problem
from callwright.http.fields import Id, Moment, Number, PathId, Said, Subject, Text
from callwright.http.here import Here, needs
from callwright.http.paging import Page, Paging
from callwright.http.problems import Detail, absent, answers, detail_of
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope

__all__ = ["router"]

router = APIRouter(prefix="/freezes")

_LARGEST = 64 << 20
_TOLD = 200
_EXPORTED = 1000


class Asking(BaseModel):
    """Somebody asks that it be lifted."""

    at: datetime
    by: str
    reason: str
    mine: bool = Field(description="the viewer asked; another person must agree")


class FreezeRow(BaseModel):
    """A freeze. `number` is masked unless the viewer may see numbers; empty once its person was erased."""

    id: int = Field(examples=[17])
    number: str = Field(examples=["+86139****0001"])
    subject: str = Field(
        description="stands for the number in addresses", examples=["5f2b0f6f0e9b4c1d8a7e6d5c4b3a2910"]
    )
    scope: FreezeScope
    scope_id: int | None = Field(description="company or task")
    reason: str = Field(examples=["opt_out"])
    standing: bool = Field(description="forbids calls now")
    note: str
    source: str = Field(description="call, file or command it comes from")
    by: str
    frozen_at: datetime
    until: datetime | None = Field(description="null = for good")
    asked: Asking | None
    lifted_at: datetime | None
    lifted_by: str | None
    lift_reason: str | None


class FreezeFilter(Paging):
    """Which freezes."""

    state: State = "standing"
    subject: Subject | None = Field(None, description="of one number: POST /subjects/find tells it")
    reason: Annotated[str, Field(max_length=32, pattern="^[a-z_]+$")] | None = None
    scope: FreezeScope | None = None
    scope_id: Id | None = None


class NewFreezeBody(BaseModel):
    """A number that nobody shall call."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"number": "+8613900000001", "reason": "opt_out", "note": "by mail"}]}
    )  # fmt: skip

    number: Number
    reason: Annotated[str, Field(max_length=32, examples=["opt_out"])] = "manual"
    scope: FreezeScope = "tenant"
    scope_id: Id | None = None
    until: Moment | None = Field(None, description="null = as long as the reason says")
    note: Annotated[Text, Field(max_length=500)] = ""


class ReasonBody(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "asked to be called again"}]})

    reason: Annotated[Said, Field(max_length=300)]


class NoteBody(BaseModel):
    """A remark, if there is one."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"note": "letter of 26 November"}]})

    note: Annotated[Text, Field(max_length=150)] = ""


class FreezeReason(BaseModel):
    """A reason for freezing."""

    code: str = Field(examples=["opt_out"])
    en: str
    zh: str
    days: int | None = Field(description="how long by itself; null = until it is lifted")


class Imported(BaseModel):
    """What a file brought."""

    frozen: int
    before: int = Field(description="were frozen like this already")
    problems: list[Detail] = Field(description="rows that could not be used; the first 200")
    unusable: int


@router.get("")
async def list_freezes(
    here: Annotated[Here, needs(Permission.COMPLIANCE_READ)], asked: Annotated[FreezeFilter, Query()]
) -> Page[FreezeRow]:
    """Freezes, newest first."""
    before = asked.after(int)
    subject = bytes.fromhex(asked.subject) if asked.subject else None
    wanted = Wanted(asked.state, subject, asked.reason, asked.scope, asked.scope_id)
    async with showing(here) as at:
        last = None if before is None else before[0]
        found = await freeze_desk.page(at.scope, at.keys, wanted, here.now(), last, asked.limit + 1)
        await at.looked("freeze.list", "freeze", [one.id for one in found[: asked.limit]])
    return Page.of(found, asked, lambda one: _row(one, at), lambda one: (one.id,))


@router.get("/reasons")
async def list_freeze_reasons(here: Annotated[Here, needs(Permission.COMPLIANCE_READ)]) -> list[FreezeReason]:
    """Why a number can be frozen, and for how long."""
    return [FreezeReason(code=code, en=en, zh=zh, days=days) for code, (en, zh, days) in REASONS.items()]


@router.get(
    "/export",
    response_class=Response,
    responses={200: {"description": "CSV", "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def export_freezes(here: Annotated[Here, needs(Permission.NUMBERS_UNMASKED)]) -> Response:
    """What stands, as CSV with whole numbers: safe to open in a spreadsheet, read again by the import."""
    here.require(Permission.COMPLIANCE_READ)
    async with here.keyed() as (scope, keys):
        await note(scope, keys, here.viewer, "freeze.export", ("freeze", 0), now=here.now())
    name = f"freezes-{here.now():%Y%m%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(_exported(here), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/{freeze}")
async def read_freeze(freeze: PathId, here: Annotated[Here, needs(Permission.COMPLIANCE_READ)]) -> FreezeRow:
    """One freeze."""
    async with showing(here) as at:
        one = await _known(at, freeze)
        await at.looked("freeze.view", "freeze", [freeze])
    return _row(one, at)


@router.post("", status_code=201)
async def add_freeze(body: NewFreezeBody, here: Annotated[Here, needs(Permission.COMPLIANCE_WRITE)]) -> FreezeRow:
    """Freeze a number. Freezing it twice changes nothing: the freeze that stands is the answer."""
    now, by = here.now(), here.viewer.name[:100]
    if body.until is not None and body.until <= now:
        raise InputError(Problem("over", "this freeze would be over already", Place(field="body.until")))
    new = NewFreeze(body.number, body.reason, body.scope, body.scope_id, body.until, body.note, "desk")
    if new.until is None:
        new = NewFreeze(new.number, new.reason, new.scope, new.scope_id, period_end(new.reason, now), new.note, "desk")
    async with here.keyed() as (scope, keys):
        (wrong,) = await freeze_store.unplaced(scope, [new])
        if wrong is not None:
            raise InputError(replace(wrong, place=Place(field="body.scope_id")))
        made, fresh = await freeze_store.freeze(scope, keys, new, now, by)
        at = Showing(here, scope, keys, here.may(Permission.NUMBERS_UNMASKED))
        one = await _known(at, made)
        if fresh:
            detail = {"reason": new.reason, "scope": new.scope, "scope_id": new.scope_id}
            await note(scope, keys, here.viewer, "freeze.add", ("freeze", made), detail, now=now)
            told = {
                "number": masked(new.number),
                "scope": new.scope,
                "reason": new.reason,
                "rule": "",
                "until": new.until,
            }
            await events.post(scope, keys, "freeze.added", told, now, one.subject)
    return _row(one, at)


@router.post("/{freeze}/ask-lift", responses=answers(409))
async def ask_lift(
    freeze: PathId, body: ReasonBody, here: Annotated[Here, needs(Permission.COMPLIANCE_WRITE)]
) -> FreezeRow:
    """Ask a second person to lift a freeze."""
    async with here.keyed() as (scope, keys):
        at = Showing(here, scope, keys, here.may(Permission.NUMBERS_UNMASKED))
        await _known(at, freeze)
        await freeze_desk.ask_lift(scope, freeze, here.viewer.user, here.viewer.name, body.reason, here.now())
        one = await _known(at, freeze)
        await note(scope, keys, here.viewer, "freeze.ask-lift", ("freeze", freeze), now=here.now())
    return _row(one, at)


@router.post("/{freeze}/lift", responses=answers(409))
async def lift_freeze(
    freeze: PathId, body: NoteBody, here: Annotated[Here, needs(Permission.FREEZES_CONFIRM)]
) -> FreezeRow:
    """Agree, as the second person: from now on the number may be called again."""
    async with here.keyed() as (scope, keys):
        at = Showing(here, scope, keys, here.may(Permission.NUMBERS_UNMASKED))
        await _known(at, freeze)
        await freeze_desk.agree_lift(scope, freeze, here.viewer.user, here.viewer.name, body.note, here.now())
        one = await _known(at, freeze)
        await note(scope, keys, here.viewer, "freeze.lift", ("freeze", freeze), now=here.now())
    return _row(one, at)


@router.post("/{freeze}/keep", responses=answers(409))
async def keep_freeze(freeze: PathId, here: Annotated[Here, needs(Permission.COMPLIANCE_WRITE)]) -> FreezeRow:
    """The freeze stays: by the second person, or by whoever asked and takes it back."""
    async with here.keyed() as (scope, keys):
        at = Showing(here, scope, keys, here.may(Permission.NUMBERS_UNMASKED))
        before = await _known(at, freeze)
        mine = before.asked is not None and before.asked.user == here.viewer.user
        if not mine:
            here.require(Permission.FREEZES_CONFIRM)
        await freeze_desk.keep(scope, freeze)
        one = await _known(at, freeze)
        await note(scope, keys, here.viewer, "freeze.keep", ("freeze", freeze), now=here.now())
    return _row(one, at)


@router.post("/import")
async def import_freezes(
    file: Annotated[
        UploadFile,
        File(description="CSV, XLSX or JSON: a column number; scope, scope_id, reason, until, note if you like"),
    ],
    here: Annotated[Here, needs(Permission.COMPLIANCE_WRITE)],
    lang: Annotated[Language, Form(description="of what is said about rows that cannot be used")] = "en",
) -> Imported:
    """Freeze every number of a list, a few thousand at a time: a file that broke off can be sent again. Numbers without `+` are of the country
    of the tenant's companies, if that is one."""
    now, by = here.now(), here.viewer.name[:100]
    async with here.reading() as scope:
        region = await freeze_store.home(scope)
    name = (file.filename or "list.csv")[:100]
    reading, digest = await anyio.to_thread.run_sync(_read, file.file, name, now, region, lang)

    async def noted(scope: Scope, keys: TenantKeys, counts: Counts) -> None:
        detail: dict[str, str | int] = {"sha256": digest, **counts}
        await note(scope, keys, here.viewer, "freeze.import", ("freeze", 0), detail, now=now)

    done = await freeze_list(here.keyed, reading, now, by, noted, lang)
    problems = done.problems
    return Imported(
        frozen=done.frozen, before=done.rows - done.frozen, problems=[detail_of(each) for each in problems[:_TOLD]], unusable=len(problems),
    )  # fmt: skip


def _read(file: IO[bytes], name: str, now: datetime, region: str | None, lang: Language) -> tuple[Reading, str]:
    """Raises InputError: it is too large, or no list."""
    file.seek(0, 2)
    if file.tell() > _LARGEST:
        raise InputError(told(Wrong("too-large"), lang))
    file.seek(0)
    with NamedTemporaryFile(prefix="callwright-freezes-") as kept:
        shutil.copyfileobj(file, kept)
        kept.flush()
        source = look_through(Path(kept.name), name, lang)
        return read_freezes(source, now, region, lang=lang), source.sha256


async def _exported(here: Here) -> AsyncIterator[str]:
    yield "\ufeff"  # spreadsheets take it for UTF-8 then
    header, last = True, 0
    while True:
        async with here.reading() as scope:
            keys = await here.keys(scope)
            page = await freeze_store.listed(scope, keys, here.now(), after=last, most=_EXPORTED)
        rows = [_again(one) for one in page if one.number]
        lines = list(write_freezes(rows))
        yield "".join(lines if header else lines[1:])
        if len(page) < _EXPORTED:
            return
        header, last = False, page[-1].id


def _again(one: Frozen) -> NewFreeze:
    freeze = one.freeze
    return NewFreeze(one.number, freeze.reason, freeze.scope, freeze.scope_id, freeze.until, one.note, one.source)


async def _known(at: Showing, freeze: int) -> Frozen:
    """Raises ApiError: 404."""
    found = await freeze_desk.find(at.scope, at.keys, freeze)
    if found is None:
        raise absent("freeze")
    return found


def _row(one: Frozen, at: Showing) -> FreezeRow:
    freeze, asked = one.freeze, one.asked
    return FreezeRow(
        id=one.id, number=at.number(one.number), subject=one.subject.hex(), scope=freeze.scope, scope_id=freeze.scope_id,
        reason=freeze.reason, standing=one.lifted_at is None and active(freeze, at.here.now()), note=one.note, source=one.source,
        by=one.by, frozen_at=freeze.frozen_at, until=freeze.until,
        asked=asked and Asking(at=asked.at, by=asked.by, reason=asked.reason, mine=asked.user == at.here.viewer.user),
        lifted_at=one.lifted_at, lifted_by=one.lifted_by, lift_reason=one.lift_reason,
    )  # fmt: skip
