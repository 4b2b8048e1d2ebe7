"""Routes of versions: read one, what changed, approve, reject, publish, withdraw."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from callwright import audit
from callwright.accounts.roles import Permission
from callwright.http.fields import Said, Text
from callwright.http.here import Here, needs
from callwright.http.problems import ApiError, answers
from callwright.store.scope import Scope
from callwright.studio import drafts, reviews, store
from callwright.studio.api.views import (
    Body,
    Digest,
    ScriptId,
    ScriptVersionView,
    person,
    version_view,
)
from callwright.studio.checking import TOO_LONG
from callwright.studio.diffing import compare
from callwright.studio.model import published_of
from callwright.studio.workshop import workshop

__all__ = ["router"]

router = APIRouter(prefix="/scripts/{script}")
Reads = Annotated[Here, needs(Permission.SCRIPTS_READ)]
Reviews = Annotated[Here, needs(Permission.SCRIPTS_REVIEW)]
_WHICH = r"^(draft|empty|save:[0-9]{1,9}|[0-9a-f]{64})$"


class ScriptApproval(Body):
    reason: Text = Field("", max_length=1000)
    publish: bool = Field(False, description="publish it at once")


class ScriptRejection(Body):
    reason: Annotated[Said, Field(max_length=1000, examples=["The opening does not say who calls."])]


class DiffLine(BaseModel):
    kind: Literal["same", "added", "removed", "gap"]
    text: str
    old: int
    new: int


class DiffPart(BaseModel):
    part: str = Field(examples=["flow.nodes.opening"])
    kind: Literal["added", "removed", "changed"]
    fields: list[str] = Field(description="what in it changed", examples=[["say", "next"]])


class DiffView(BaseModel):
    """lines: as in a unified diff, at most 4,000 (`whole` says whether these are all); parts: null = one text cannot be read as YAML."""

    lines: list[DiffLine]
    added: int
    removed: int
    parts: list[DiffPart] | None
    whole: bool


class Compared(BaseModel):
    model_config = {"extra": "forbid"}

    before: str = Field(
        "empty", pattern=_WHICH, description="`draft`, `empty`, `save:NUMBER`, or the digest of a version"
    )
    after: str = Field("draft", pattern=_WHICH)


@router.get("/diff", responses=answers(404))
async def compare_script(here: Reads, script: ScriptId, which: Annotated[Compared, Query()]) -> DiffView:
    """What changed between two texts of a script: line by line, and by node, entry and rule."""
    written = any(each.startswith(("draft", "save:")) for each in (which.before, which.after))  # knows of no recordings
    async with here.reading() as scope:
        before = await drafts.text_of(scope, script, which.before, whole=not written)
        after = await drafts.text_of(scope, script, which.after, whole=not written)
    found = await workshop(here).beside(compare, before, after)
    parts = (
        None
        if found.parts is None
        else [DiffPart(part=p.part, kind=p.kind, fields=list(p.fields)) for p in found.parts]
    )
    lines = [DiffLine(kind=one.kind, text=one.text, old=one.old, new=one.new) for one in found.lines]
    return DiffView(lines=lines, added=found.added, removed=found.removed, parts=parts, whole=found.whole)


@router.get("/versions/{digest}", responses=answers(404))
async def read_script_version(here: Reads, script: ScriptId, digest: Digest) -> ScriptVersionView:
    """A version with its text."""
    async with here.reading() as scope:
        found = await reviews.read_version(scope, script, digest)
        current = published_of(await store.versions_of(scope, [script]))
    return version_view(found, current.digest if current else None)


@router.post("/versions/{digest}/approve", responses=answers(404, 409))
async def approve_script_version(
    here: Reviews, script: ScriptId, digest: Digest, body: ScriptApproval
) -> ScriptVersionView:
    """Let a version through that somebody else wrote. Its own tests must pass."""
    now = here.now()
    async with here.reading() as scope:
        text = await reviews.reviewable(scope, script, digest, person(here.viewer))
    tested = await workshop(here).checking.tests(text, now.date(), now.strftime("%Y-%m-%dT%H:%M"))
    if any(each.code == TOO_LONG for each in tested.problems):
        raise ApiError(503, "busy", tested.problems[0].message, headers={"Retry-After": "10"})
    failed = [one.name for one in tested.tests if not one.ok]
    if tested.problems or failed:
        told = ", ".join(failed[:5]) or tested.problems[0].message
        raise ApiError(409, "tests-fail", f"its tests do not pass: {told}", hint="Reject it with a reason.")
    async with here.keyed() as (scope, keys):
        found = await reviews.approve(scope, script, digest, person(here.viewer), body.reason, now)
        detail: dict[str, str | int] = {"digest": digest, "submission": found.id, "tests": len(tested.tests)}
        await audit.note(scope, keys, here.viewer, "script.approve", ("script", script), {**detail}, now=now)
        if body.publish:
            await reviews.publish(scope, script, digest, now)
            await audit.note(
                scope, keys, here.viewer, "script.publish", ("script", script), {"digest": digest}, now=now
            )
        return await _shown(scope, script, digest)


@router.post("/versions/{digest}/reject", responses=answers(404, 409))
async def reject_script_version(
    here: Reviews, script: ScriptId, digest: Digest, body: ScriptRejection
) -> ScriptVersionView:
    """Send a version back, and say why."""
    now = here.now()
    async with here.keyed() as (scope, keys):
        found = await reviews.reject(scope, script, digest, person(here.viewer), body.reason, now)
        detail: dict[str, str | int] = {"digest": digest, "submission": found.id}
        await audit.note(scope, keys, here.viewer, "script.reject", ("script", script), {**detail}, now=now)
        return await _shown(scope, script, digest)


@router.post("/versions/{digest}/publish", responses=answers(404, 409))
async def publish_script_version(here: Reviews, script: ScriptId, digest: Digest) -> ScriptVersionView:
    """Let an approved version be spoken; an older one again = roll back. Tasks that were planned with another version keep it."""
    now = here.now()
    async with here.keyed() as (scope, keys):
        await reviews.publish(scope, script, digest, now)
        await audit.note(scope, keys, here.viewer, "script.publish", ("script", script), {"digest": digest}, now=now)
        return await _shown(scope, script, digest)


@router.post("/versions/{digest}/withdraw", responses=answers(404, 409))
async def withdraw_script_version(here: Reviews, script: ScriptId, digest: Digest) -> ScriptVersionView:
    """From the next dial on nobody speaks it, and it cannot come back. Tasks that use it call nobody until their plan names another one."""
    now = here.now()
    async with here.keyed() as (scope, keys):
        await reviews.withdraw(scope, script, digest, person(here.viewer), now)
        await audit.note(scope, keys, here.viewer, "script.withdraw", ("script", script), {"digest": digest}, now=now)
        return await _shown(scope, script, digest)


async def _shown(scope: Scope, script: str, digest: str) -> ScriptVersionView:
    current = published_of(await store.versions_of(scope, [script]))
    return version_view(await reviews.read_version(scope, script, digest), current.digest if current else None)
