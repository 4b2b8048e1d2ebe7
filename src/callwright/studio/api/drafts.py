"""Routes of a draft: read it, save it, its saves, hand it in, throw it away."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from callwright import audit
from callwright.accounts.roles import Permission
from callwright.http.fields import Text
from callwright.http.here import Here, needs
from callwright.http.paging import Page, Paging
from callwright.http.problems import absent, answers
from callwright.studio import drafts, reviews, store
from callwright.studio.api.views import (
    Body,
    IfMatch,
    SaveView,
    ScriptDraftView,
    ScriptId,
    ScriptText,
    ScriptVersionView,
    draft_view,
    etag,
    person,
    save_view,
    seen_of,
    version_view,
)

__all__ = ["router"]

router = APIRouter(prefix="/scripts/{script}/draft")
Reads = Annotated[Here, needs(Permission.SCRIPTS_READ)]
Writes = Annotated[Here, needs(Permission.SCRIPTS_WRITE)]
_NO_SAVE = 2**31 - 1


class DraftText(Body):
    text: ScriptText
    note: Text = Field("", max_length=200, description="what was changed; shown among the saves")


class Restored(Body):
    """Which text: `save:12`, or the digest of a version."""

    source: str = Field(pattern=r"^(save:[0-9]{1,9}|[0-9a-f]{64})$", examples=["save:12"])


class HandedIn(Body):
    note: Text = Field("", max_length=1000, description="what the reviewer should know")


@router.get("", responses=answers(404))
async def read_draft(here: Reads, script: ScriptId, response: Response) -> ScriptDraftView:
    """The draft with its text. The header ETag is what a save has to name."""
    async with here.reading() as scope:
        found = await drafts.read_draft(scope, script)
    response.headers["ETag"] = etag(found.version)
    return draft_view(found)


@router.put("", responses=answers(404, 409))
async def save_draft(
    here: Writes, script: ScriptId, body: DraftText, if_match: IfMatch, response: Response
) -> ScriptDraftView:
    """Save the draft, unless somebody saved it since it was read: 409 then says who. The same text again is no new version."""
    now, seen = here.now(), seen_of(if_match)
    async with here.keyed() as (scope, keys):
        saved = await drafts.save(scope, script, body.text, seen, person(here.viewer), body.note, now)
        if saved.version != seen:
            await audit.note(
                scope, keys, here.viewer, "script.save", ("script", script), {"version": saved.version}, now=now
            )
    response.headers["ETag"] = etag(saved.version)
    return draft_view(saved)


@router.delete("", status_code=204, responses=answers(404, 409))
async def discard_draft(here: Writes, script: ScriptId, if_match: IfMatch) -> None:
    """Throw the draft away. Its saves and the versions stay."""
    now = here.now()
    async with here.keyed() as (scope, keys):
        await drafts.discard(scope, script, seen_of(if_match))
        await audit.note(scope, keys, here.viewer, "script.discard", ("script", script), now=now)


@router.get("/saves", responses=answers(404))
async def list_draft_saves(here: Reads, script: ScriptId, page: Annotated[Paging, Query()]) -> Page[SaveView]:
    """What was saved, newest first. The last 200 saves are kept."""
    after = page.after(int)
    async with here.reading() as scope:
        found = await store.saves(scope, script, after[0] if after else _NO_SAVE, page.limit + 1)
    return Page.of(found, page, save_view, key=lambda one: (one.version,))


@router.get("/saves/{number}", responses=answers(404))
async def read_draft_save(here: Reads, script: ScriptId, number: Annotated[int, Path(ge=1, le=_NO_SAVE)]) -> SaveView:
    """One of them with its text."""
    async with here.reading() as scope:
        found = await store.find_save(scope, script, number)
    if found is None:
        raise absent("save", f"The last {store.KEPT_SAVES} are kept.")
    return save_view(found)


@router.post("/restore", responses=answers(404, 409))
async def restore_draft(
    here: Writes, script: ScriptId, body: Restored, if_match: IfMatch, response: Response
) -> ScriptDraftView:
    """Go back to an earlier save or to a version. What was written since stays among the saves."""
    now = here.now()
    async with here.keyed() as (scope, keys):
        text = await drafts.text_of(scope, script, body.source)
        saved = await drafts.restore(
            scope, script, text, seen_of(if_match), person(here.viewer), f"= {body.source[:40]}", now
        )
        await audit.note(
            scope, keys, here.viewer, "script.restore", ("script", script), {"version": saved.version}, now=now
        )
    response.headers["ETag"] = etag(saved.version)
    return draft_view(saved)


@router.post("/submit", status_code=201, responses=answers(404, 409))
async def submit_draft(here: Writes, script: ScriptId, body: HandedIn, if_match: IfMatch) -> ScriptVersionView:
    """Hand the draft in for review: its text becomes a version, named by its sha256. 422 when the script has errors."""
    now = here.now()
    async with here.keyed() as (scope, keys):
        found = await reviews.hand_in(scope, script, seen_of(if_match), person(here.viewer), body.note, now)
        await audit.note(
            scope, keys, here.viewer, "script.submit", ("script", script), {"digest": found.digest}, now=now
        )
    return version_view(found, None)
