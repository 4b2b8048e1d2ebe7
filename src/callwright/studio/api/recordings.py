"""Routes of recorded prompts: how each line of the sheet stands, upload, play, review by recognition, decisions of people."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, Any, Literal

import anyio.to_thread
from fastapi import APIRouter, File, Form, Header, Query, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from callwright import audit
from callwright.accounts.model import Viewer
from callwright.accounts.roles import Permission
from callwright.http.fields import Id, PathId, Text
from callwright.http.here import Here, needs
from callwright.http.job_views import JobView, job_view
from callwright.http.jobs import Job, jobs_of
from callwright.http.problems import ApiError, absent, answers
from callwright.http.ranges import Part, part_of
from callwright.script.loader import loads
from callwright.script.model import Script
from callwright.script.sheet import recording_sheet, unrecordable
from callwright.speech.recordings.reading import KINDS
from callwright.store.blobs import TenantBlobs
from callwright.store.scope import Scope
from callwright.studio import drafts, reviews
from callwright.studio.api.recording_views import RecordingsView, came_view, recordings_view
from callwright.studio.api.views import Body, ScriptId
from callwright.studio.recordings import service, store
from callwright.studio.recordings.model import Decision, Recording, stand
from callwright.studio.recordings.parcels import Parcel, lay
from callwright.studio.workshop import workshop

__all__ = ["router"]

router = APIRouter(prefix="/scripts/{script}/recordings")
Reads = Annotated[Here, needs(Permission.SCRIPTS_READ)]
Writes = Annotated[Here, needs(Permission.SCRIPTS_WRITE)]
Reviews = Annotated[Here, needs(Permission.SCRIPTS_REVIEW)]
MOST_PARCELS = 500
MOST_SENT = 250 * 1024 * 1024
_SOUND = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in sorted(KINDS.values())}
_AUDIO: dict[int | str, dict[str, Any]] = {
    200: {"content": _SOUND},
    206: {"description": "Partial Content", "content": _SOUND},
}


class Which(BaseModel):
    """Of the draft, or of a version: those that it was handed in with."""

    model_config = {"extra": "forbid"}

    version: str = Field("draft", pattern=r"^(draft|[0-9a-f]{64})$", description="`draft`, or the digest of a version")


class ToHear(Body):
    """Which recordings; none named: all that are new since they were heard last, of the draft or of the version."""

    recordings: list[Id] = Field([], max_length=2_000)
    version: str = Field("draft", pattern=r"^(draft|[0-9a-f]{64})$")


class RecordingDecision(Body):
    """What a person says of recordings. `undecided` takes it back; `rejected` needs a note that says what is wrong."""

    recordings: list[Id] = Field(min_length=1, max_length=2_000, examples=[[1]])
    decision: Literal["accepted", "rejected", "undecided"]
    note: Text = Field("", max_length=500, examples=["The price is missing."])


@router.get("", responses=answers(404))
async def list_recordings(here: Reads, script: ScriptId, which: Annotated[Which, Query()]) -> RecordingsView:
    """Every line of the sheet: recorded, missing or stale (its text was changed since), what is wrong with the sound, what a recogniser heard
    beside what is written, and what people decided."""
    async with here.reading() as scope:
        text, there = await _known(scope, script, which.version)
    return await workshop(here).beside(_shown, text, there, here.viewer)


@router.post("/uploads", status_code=202, responses=answers(404, 413, 429))
async def upload_recordings(
    here: Writes,
    script: ScriptId,
    files: Annotated[
        list[UploadFile], File(description="recordings, or ZIP archives of them", max_length=MOST_PARCELS)
    ],
    line: Annotated[
        Text,
        Form(max_length=200, description="the file of the sheet that the only recording is, whatever it is called"),
    ] = "",
) -> JobView:
    """Bring recordings for the draft as it is saved, as a job. Each is found by its name, whatever its ending: WAV, FLAC, MP3, Ogg, M4A or AAC
    of at most 32 MiB and 60 s, alone or in ZIP archives; up to 250 MiB and 2,000 recordings at once. One that is there is replaced; the
    same again changes nothing. `result.items` tells what became of each."""
    async with here.reading() as scope:
        text = (await drafts.read_draft(scope, script)).text
    read = await workshop(here).beside(_script, text)
    folder = Path(await anyio.to_thread.run_sync(partial(mkdtemp, prefix="callwright-recordings-")))
    try:
        parcels = await anyio.to_thread.run_sync(_laid, files, folder)

        async def work(job: Job) -> Mapping[str, Any]:
            inlet = service.Inlet(here.kept, here.viewer, script, read, service.finish_aside, here.now)
            there = [Parcel(one.name, job.folder / "sent" / one.path.name) for one in parcels]
            try:
                came = await service.bring_in(inlet, there, job.folder, line, job.tell)
            finally:
                shutil.rmtree(job.folder / "sent", ignore_errors=True)
            return came_view(came)

        job = jobs_of(here).start(here.viewer, "recordings.import", script, Permission.SCRIPTS_READ, work)
        os.rename(folder, job.folder / "sent")  # noqa: PTH104 - one step, before the job has had its turn: they go when it goes
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return job_view(job)


@router.post("/reviews", status_code=202, responses=answers(404, 429))
async def review_recordings(here: Reads, script: ScriptId, body: ToHear) -> JobView:
    """Let the embedded recogniser listen, as a job, and compare what it heard with the text. For authors and reviewers."""
    if not here.may(Permission.SCRIPTS_WRITE):
        here.require(Permission.SCRIPTS_REVIEW)
    async with here.reading() as scope:
        text, there = await _known(scope, script, body.version)
    asked = frozenset(body.recordings)
    chosen = [one for one in there if (one.id in asked if asked else not one.verdict)]
    if not chosen:
        raise absent("recording that nobody has listened to", "Upload some, or name those to listen to again.")
    read = await workshop(here).beside(_script, text)
    async with here.keyed() as (scope, keys):
        detail: dict[str, str | int] = {"recordings": len(chosen)}
        await audit.note(scope, keys, here.viewer, "recording.review", ("script", script), {**detail}, now=here.now())

    async def work(job: Job) -> Mapping[str, Any]:
        from callwright.speech.recordings.listening import listen  # brings the recogniser: only for those who listen

        hears = partial(listen, language=read.language, models=here.settings.models)
        tenant = here.viewer.tenant
        return await service.hear(here.kept, tenant, read, chosen, job.folder / "heard", hears, job.tell)

    return job_view(jobs_of(here).start(here.viewer, "recordings.review", script, Permission.SCRIPTS_READ, work))


@router.post("/decisions", status_code=204, responses=answers(404, 409))
async def decide_recordings(here: Reviews, script: ScriptId, body: RecordingDecision) -> None:
    """Accept or reject recordings. A version that speaks one which neither a recogniser nor a person heard to say its text is not approved;
    nobody accepts their own, or takes back what a colleague said of it."""
    decision: Decision = "" if body.decision == "undecided" else body.decision
    await service.decide(here.kept, here.viewer, script, body.recordings, decision, body.note, here.now())


@router.delete("/{recording}", status_code=204, responses=answers(404))
async def delete_recording(here: Writes, script: ScriptId, recording: PathId) -> None:
    """Take it away from the draft. A version that was handed in with it keeps it."""
    await service.remove(here.kept, here.viewer, script, recording, here.now())


@router.get("/{recording}/audio", responses={**_AUDIO, **answers(404, 416)}, response_class=Response)
async def play_prompt(
    here: Reads,
    script: ScriptId,
    recording: PathId,
    processed: Annotated[bool, Query(description="as the robot plays it; else as it was uploaded")] = True,
    range_: Annotated[str | None, Header(alias="Range", max_length=100)] = None,
) -> Response:
    """The sound, before or after it was processed; parts by `Range`."""
    async with here.reading() as scope:
        found = next(iter(await store.known_of(scope, script, [recording])), None)
    if found is None:
        raise absent("recording")
    blobs = here.kept.blobs.of(here.viewer.tenant)
    name = found.finished if processed else found.source
    size = await blobs.size(name)
    if size is None:
        raise absent("recording", "The blob store lost it: upload it again.")
    part = part_of(range_, size)
    if part is None:
        raise ApiError(416, "range", f"the recording has {size} bytes", headers={"Content-Range": f"bytes */{size}"})
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(part.end - part.first),
        "Cache-Control": "private, max-age=3600",  # what is heard of a recording never changes
        "Content-Disposition": f'inline; filename="{recording}.{"wav" if processed else found.kind}"',
    }
    if not part.whole:
        headers["Content-Range"] = f"bytes {part.first}-{part.end - 1}/{size}"
    media = KINDS["wav" if processed else found.kind]
    return StreamingResponse(_stream(blobs, name, part), 200 if part.whole else 206, headers=headers, media_type=media)


async def _stream(blobs: TenantBlobs, name: str, part: Part) -> AsyncIterator[bytes]:
    if part.end == part.first:
        return
    async with aclosing(blobs.stream(name, part.first, part.end)) as pieces:  # type: ignore[type-var]
        async for piece in pieces:
            yield piece


async def _known(scope: Scope, script: str, version: str) -> tuple[str, list[Recording]]:
    """Text of a draft or version, and the recordings it has."""
    if version == "draft":
        return (await drafts.read_draft(scope, script)).text, await store.of_draft(scope, script)
    found = await reviews.read_version(scope, script, version)
    return found.text, await store.of_version(scope, found.id)


def _script(text: str) -> Script:
    """Takes some hundred milliseconds.

    Raises:
        InputError: it cannot be read, or its sheet is in disorder.
    """
    read = loads(text, "").script
    recording_sheet(read)
    return read


def _shown(text: str, there: list[Recording], viewer: Viewer) -> RecordingsView:
    read = _script(text)
    standings = stand(recording_sheet(read), there, read.language)
    return recordings_view(standings, there, read.language, unrecordable(read), viewer)


def _laid(files: list[UploadFile], folder: Path) -> list[Parcel]:
    """Out of the request, which ends before the job begins."""
    parcels = []
    for number, file in enumerate(files):
        name = "".join(c for c in file.filename or "recording" if c.isprintable()).replace("\\", "/").rpartition("/")[2]
        parcels.append(Parcel(name[-200:] or "recording", folder / f"{number}"))
        lay(file.file, parcels[-1].path, parcels[-1].name, MOST_SENT)
    return parcels
