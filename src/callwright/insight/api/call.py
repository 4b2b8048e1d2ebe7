"""One call: what was said and decided, its recording and waveform, its log and ladder, and why it was allowed."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from sqlalchemy import Row

from callwright import audit
from callwright.accounts.roles import Permission
from callwright.calls.ladder import as_text, trace
from callwright.campaigns.story import Story, unseal_story
from callwright.compliance import consent_store, record_store
from callwright.compliance.telling import parsed
from callwright.errors import StoreError
from callwright.http.here import Here, needs
from callwright.http.problems import ApiError, absent, answers
from callwright.http.ranges import Part, part_of
from callwright.insight import call_store, files
from callwright.insight.api.views import CallRow, Said, row_of, said_of
from callwright.insight.findable import slot_text
from callwright.store.blobs import TenantBlobs
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope

__all__ = ["CallId", "router"]

router = APIRouter()

CallId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._@-]{1,40}$", description="its SIP Call-ID")]
_ONCE = timedelta(minutes=10)  # a player asks for a recording in many parts: that is one look at it
_REMEMBERED = 10_000


class Passed(BaseModel):
    """A node that was entered, or a knowledge entry that was told."""

    kind: str = Field(examples=["node"])
    name: str = Field(examples=["opening"])
    at_ms: int


class CallDetail(CallRow):
    """All that is left of a call but its files."""

    slots: dict[str, str]
    portrait: dict[str, str]
    open_questions: list[str]
    lines: list[Said]
    steps: list[Passed]
    recording_ms: int = Field(description="when the recording begins, since the call was placed")
    log: bool = Field(description="its events can be read")
    answered_at: datetime | None
    ended_at: datetime | None
    attempt: int | None = Field(description="the how-manieth attempt in its task")
    origin: str
    variant: str
    sip_code: int | None
    cause: str
    follow_state: str = Field(examples=["open"], description='"" = nobody need follow up')
    follow_by: str


class Waveform(BaseModel):
    """The loudest sample of each stretch, 0 to 1; first the person who was called, then the robot."""

    duration_ms: int
    channels: list[list[float]]


class Events(BaseModel):
    """The log of a call, as docs/reference/event-log.md explains it."""

    events: list[dict[str, Any]]
    ladder: str = Field(description="the SIP messages as text")


class Ground(BaseModel):
    """The consent or contract that the call rests on."""

    id: int
    basis: str
    scope: list[str]
    wording: str
    channel: str
    given_at: datetime
    valid_until: datetime | None
    revoked_at: datetime | None


class DecisionView(BaseModel):
    """Why the call was allowed, and whether that record is whole."""

    seq: int
    id: str
    at: datetime
    body: dict[str, Any]
    hash: str
    verified: bool
    findings: list[str]
    consents: list[Ground]


@router.get("/calls/{call}", responses=answers(404))
async def read_call(here: Annotated[Here, needs(Permission.RESULTS_READ)], call: CallId) -> CallDetail:
    """What was said and registered. Noted in the audit log."""
    async with here.keyed() as (scope, keys):
        row = await _row(scope, call)
        body = await call_store.text_of(scope, call)
        named = await call_store.names_of(scope, keys, [row])
        detail = _detail(row, row_of(row, named, whole_numbers=here.may(Permission.NUMBERS_UNMASKED)), keys, body)
        await audit.note(scope, keys, here.viewer, "call.read", ("call", call), now=here.now())
    return detail


@router.get("/calls/{call}/waveform", responses=answers(404))
async def read_waveform(here: Annotated[Here, needs(Permission.RECORDINGS_PLAY)], call: CallId) -> Waveform | None:
    """Null = of this kind of recording none is made: decode it where it is shown."""
    name = await _recording(here, call)
    try:
        found = await files.waveform(_blobs(here), name)
    except StoreError:
        raise absent("recording", "it was deleted, or the blob store lost it") from None
    return None if found is None else Waveform(**found)


@router.get(
    "/calls/{call}/recording",
    responses={
        200: {"description": "All of it", "content": {"audio/wav": {}, "audio/ogg": {}}},
        206: {"description": "The part that was asked for", "content": {"audio/wav": {}, "audio/ogg": {}}},
        **answers(404, 416),
    },
    response_class=Response,
)
async def play_recording(
    here: Annotated[Here, needs(Permission.RECORDINGS_PLAY)],
    call: CallId,
    range_: Annotated[str | None, Header(alias="Range", max_length=100)] = None,
) -> Response:
    """Both channels; parts by `Range`. Noted in the audit log."""
    name = await _recording(here, call)
    blobs = _blobs(here)
    size = await blobs.size(name)
    if size is None:
        raise absent("recording", "it was deleted, or the blob store lost it")
    part = part_of(range_, size)
    if part is None:
        raise ApiError(416, "range", f"the recording has {size} bytes", headers={"Content-Range": f"bytes */{size}"})
    await _note_played(here, call)
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(part.end - part.first),
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'inline; filename="{call}.{name.rpartition(".")[2]}"',
    }
    if not part.whole:
        headers["Content-Range"] = f"bytes {part.first}-{part.end - 1}/{size}"
    return StreamingResponse(
        _stream(blobs, name, part), 200 if part.whole else 206, headers=headers, media_type=files.media_type(name)
    )


@router.get("/calls/{call}/events", responses=answers(404))
async def read_events(here: Annotated[Here, needs(Permission.RESULTS_READ)], call: CallId) -> Events:
    """Its log: events, decisions with reasons, SIP messages. Noted in the audit log."""
    async with here.reading() as scope:
        row = await _row(scope, call)
    if not row.log:
        raise absent("log of this call", "its worker could not hand it over, or it was deleted")
    try:
        lines = files.log_lines(await _blobs(here).get(row.log))
    except StoreError:
        raise absent("log of this call", "it was deleted, or the blob store lost it") from None
    async with here.keyed() as (scope, keys):
        await audit.note(scope, keys, here.viewer, "call.events", ("call", call), now=here.now())
    return Events(events=lines, ladder=as_text(trace(lines, running=False)) if lines else "")


@router.get("/calls/{call}/decision", responses=answers(404))
async def read_call_decision(here: Annotated[Here, needs(Permission.RESULTS_READ)], call: CallId) -> DecisionView:
    """The signed record that allowed the call, checked now, and the consents that it used."""
    async with here.reading() as scope:
        row = await _row(scope, call)
        keys = await here.keys(scope)
        found = await record_store.find(scope, attempt=call, kind="dial", most=1)
        if not found:
            raise absent("decision record of this call")
        kept = found[0]
        report = await record_store.verify_one(scope, keys.signing.public_key(), kept)
        consents = await consent_store.consents_of(scope, row.person_id) if row.person_id is not None else []
        used = [
            one for one in consents if any(use.attempt_id == call for use in await consent_store.uses_of(scope, one.facts.id or 0, 1000))
        ]  # fmt: skip
    return DecisionView(
        seq=kept.record.seq,
        id=kept.record.id,
        at=kept.at,
        body=parsed(kept.record.body, kept.record.rules),
        hash=kept.record.hash.hex(),
        verified=not report.findings,
        findings=[f"{one.found}: {one.detail}" for one in report.findings],
        consents=[_ground(one) for one in used],
    )


# ---------------------------------------------------------------- parts


async def _row(scope: Scope, call: str) -> Row[Any]:
    row = await call_store.one(scope, call)
    if row is None:
        raise absent("call")
    return row


def _blobs(here: Here) -> TenantBlobs:
    return here.kept.blobs.of(here.viewer.tenant)


async def _recording(here: Here, call: str) -> str:
    async with here.reading() as scope:
        row = await _row(scope, call)
    if not row.recording:
        raise absent("recording of this call", "it was not answered, or its recording was deleted")
    return str(row.recording)


async def _stream(blobs: TenantBlobs, name: str, part: Part) -> AsyncIterator[bytes]:
    if part.end == part.first:
        return
    async with aclosing(blobs.stream(name, part.first, part.end)) as pieces:  # type: ignore[type-var]
        async for piece in pieces:
            yield piece


async def _note_played(here: Here, call: str) -> None:
    viewer, now = here.viewer, here.now()
    state = here.request.app.state
    played: OrderedDict[Any, datetime] = getattr(state, "played", None) or OrderedDict()
    state.played = played
    key = (viewer.tenant, viewer.user, viewer.token, call)
    last = played.get(key)
    if last is not None and timedelta() <= now - last < _ONCE:
        return
    async with here.keyed() as (scope, keys):
        await audit.note(scope, keys, viewer, "recording.play", ("call", call), now=now)
    played[key] = now
    played.move_to_end(key)
    if len(played) > _REMEMBERED:
        played.popitem(last=False)


def _detail(row: Row[Any], shown: CallRow, keys: TenantKeys, body: bytes | None) -> CallDetail:
    story = unseal_story(keys, row.attempt_id, body) if body else Story()
    slots = json.loads(keys.open(row.slots, f"slots.{row.attempt_id}")) if row.slots else {}
    summary = json.loads(keys.open(row.summary, f"summary.{row.attempt_id}")) if row.summary else {}
    return CallDetail(
        **shown.model_dump(),
        slots={name: slot_text(value) for name, value in slots.items()},
        portrait={name: slot_text(value) for name, value in summary.get("portrait", {}).items()},
        open_questions=[str(one) for one in summary.get("learn", ())],
        lines=[said_of(line) for line in story.lines],
        steps=[Passed(kind=step.kind, name=step.name, at_ms=step.at_ms) for step in story.steps],
        recording_ms=story.recording_ms,
        log=bool(row.log),
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        attempt=row.n,
        origin=row.origin or "",
        variant=row.variant or "",
        sip_code=row.sip_code,
        cause=row.cause or "",
        follow_state=row.follow_state or "",
        follow_by=row.follow_by or "",
    )


def _ground(one: consent_store.Consent) -> Ground:
    return Ground(
        id=one.facts.id or 0,
        basis=one.facts.basis,
        scope=sorted(one.facts.scope),
        wording=one.facts.wording or "",
        channel=one.channel,
        given_at=one.facts.given_at,
        valid_until=one.facts.valid_until,
        revoked_at=one.facts.revoked_at,
    )
