"""Routes of the list of scripts, of one script's history, and of what one can start from."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from callwright import audit
from callwright.accounts.roles import Permission
from callwright.http.fields import Text
from callwright.http.here import Here, needs
from callwright.http.paging import Page, Paging
from callwright.http.problems import absent, answers
from callwright.script.builtin import template_path, templates
from callwright.script.loader import load
from callwright.script.schema import json_schema
from callwright.studio import drafts, reviews, store
from callwright.studio.api.views import (
    Body,
    ScriptDraftView,
    ScriptId,
    ScriptStandingView,
    ScriptText,
    ScriptVersionView,
    SubmissionView,
    draft_view,
    etag,
    person,
    standing_view,
    submission_view,
    version_view,
)
from callwright.studio.model import published_of

__all__ = ["router"]

router = APIRouter()
Reads = Annotated[Here, needs(Permission.SCRIPTS_READ)]
Writes = Annotated[Here, needs(Permission.SCRIPTS_WRITE)]


class Wanted(Paging):
    q: Text = Field("", max_length=100, description="part of the id or title")


class NewScript(Body):
    """A new draft: from a template, from a text, or from a version of this script (`version`). Exactly one of them."""

    script: str = Field(pattern=r"^[\w.-]{1,64}$", examples=["spring-visit"])
    template: Text | None = Field(None, max_length=64, examples=["appointment_en"])
    text: ScriptText | None = None
    version: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")


class HistoryView(BaseModel):
    standing: ScriptStandingView
    versions: list[ScriptVersionView]
    submissions: list[SubmissionView]


class TemplateView(BaseModel):
    name: str = Field(examples=["appointment_en"])
    title: str
    language: str
    purpose: str


class WaitingView(BaseModel):
    script: str
    submission: SubmissionView


@router.get("/scripts")
async def list_scripts(here: Reads, page: Annotated[Wanted, Query()]) -> Page[ScriptStandingView]:
    """Scripts of the tenant by id: their state, who changed them last, and which version is spoken."""
    after = page.after(str)
    async with here.reading() as scope:
        ids = await store.names(scope, page.q, after[0] if after else "", page.limit + 1)
        found = await reviews.standings(scope, ids)
    return Page.of(found, page, standing_view, key=lambda one: (one.script,))


@router.post("/scripts", status_code=201, responses=answers(404, 409))
async def create_script(here: Writes, body: NewScript, response: Response) -> ScriptDraftView:
    """Begin a draft. Its `id:` becomes the name given."""
    now, by = here.now(), person(here.viewer)
    async with here.keyed() as (scope, keys):
        if body.version is not None:
            text = await drafts.text_of(scope, body.script, body.version)
        else:
            text = body.text if body.text is not None else drafts.template(body.template or "appointment_en")
        made = await drafts.begin(scope, body.script, text, by, now)
        await audit.note(
            scope, keys, here.viewer, "script.create", ("script", body.script), {"version": made.version}, now=now
        )
    response.headers["ETag"] = etag(made.version)
    return draft_view(made)


@router.get("/scripts/{script}", responses=answers(404))
async def read_script(here: Reads, script: ScriptId) -> HistoryView:
    """How a script stands, its versions and rounds of review, newest first."""
    async with here.reading() as scope:
        versions = await store.versions_of(scope, [script])
        rounds = await store.submissions_of(scope, [script])
        if not versions and not await store.drafts_of(scope, [script]):
            raise absent("script")
        [standing] = await reviews.standings(scope, [script])
    current = published_of(versions)
    return HistoryView(
        standing=standing_view(standing),
        versions=[version_view(one, current.digest if current else None) for one in versions[:200]],
        submissions=[submission_view(one) for one in rounds[:200]],
    )


@router.get("/script-reviews")
async def list_script_reviews(here: Reads) -> list[WaitingView]:
    """What waits for a reviewer, newest first; at most 200."""
    async with here.reading() as scope:
        found = await store.open_submissions(scope)
    return [WaitingView(script=one.script, submission=submission_view(one)) for one in found]


@router.get("/script-templates")
async def list_script_templates(here: Reads) -> list[TemplateView]:
    """Scripts that come with callwright: starting points that pass every check."""
    found = [(name, load(template_path(name)).script) for name in templates()]
    return [TemplateView(name=name, title=one.title, language=one.lang, purpose=one.purpose) for name, one in found]


@router.get("/script-schema")
async def read_script_schema(here: Reads) -> dict[str, Any]:
    """The JSON Schema of script/1 (draft 2020-12), for editors. It knows nothing of references between parts: checks do."""
    return json_schema()
