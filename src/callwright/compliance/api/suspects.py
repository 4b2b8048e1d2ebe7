"""Words that may be a refusal, and wait for somebody to judge them: `/freeze-suspects`. Until then their numbers are not called.

To confirm freezes the number, which any who may write may do. To dismiss makes it callable again: that is for the second person.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select

from callwright.accounts.roles import Permission
from callwright.audit.store import note
from callwright.compliance import freeze_desk, freeze_store
from callwright.compliance.api.showing import Showing, showing
from callwright.compliance.freeze_store import Suspect
from callwright.compliance.tables import freeze_suspect
from callwright.http.fields import PathId, Said, Subject, Text
from callwright.http.here import Here, needs
from callwright.http.paging import Page, Paging
from callwright.http.problems import absent, answers, conflict
from callwright.store.metadata import TENANT

__all__ = ["router"]

router = APIRouter(prefix="/freeze-suspects")

_WAITING = select(func.count()).where(freeze_suspect.c.tenant_id == TENANT, freeze_suspect.c.state == "waiting")

SuspectState = Literal["waiting", "confirmed", "dismissed"]


class SuspectRow(BaseModel):
    """Words that may be a refusal. `words` and `number` are empty once the person was erased."""

    id: int = Field(examples=[4])
    number: str = Field(examples=["+86139****0001"])
    subject: str
    call: str = Field(description="id of the call")
    task: int | None
    words: str = Field(examples=["没兴趣,别再打了"])
    state: SuspectState
    found_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    decision: str
    freeze: int | None = Field(description="made by confirming it")


class SuspectFilter(Paging):
    """Which of the queue."""

    state: SuspectState = "waiting"
    subject: Subject | None = None


class ConfirmBody(BaseModel):
    """It was a refusal."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"days": 90, "note": ""}]})

    days: Annotated[int, Field(ge=1, le=3650)] | None = Field(None, description="null = 90")
    note: Annotated[Text, Field(max_length=500)] = ""


class DismissBody(BaseModel):
    """It was none, and why."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "asked for the price"}]})

    reason: Annotated[Said, Field(max_length=500)]


@router.get("")
async def list_freeze_suspects(
    here: Annotated[Here, needs(Permission.COMPLIANCE_READ)], asked: Annotated[SuspectFilter, Query()]
) -> Page[SuspectRow]:
    """The queue, oldest first; decided ones newest first. `total`: how many wait."""
    last = asked.after(int)
    subject = bytes.fromhex(asked.subject) if asked.subject else None
    async with showing(here) as at:
        found = await freeze_desk.suspect_page(
            at.scope, at.keys, asked.state, None if last is None else last[0], asked.limit + 1, subject
        )
        total = int(await at.scope.value(_WAITING)) if asked.state == "waiting" and subject is None else None
        await at.looked("suspect.list", "suspect", [one.id for one in found[: asked.limit]])
    return Page.of(found, asked, lambda one: _row(one, at), lambda one: (one.id,), total)


@router.post("/{suspect}/confirm", responses=answers(409))
async def confirm_freeze_suspect(
    suspect: PathId, body: ConfirmBody, here: Annotated[Here, needs(Permission.COMPLIANCE_WRITE)]
) -> SuspectRow:
    """It was a refusal: freeze the number."""
    now = here.now()
    until = None if body.days is None else now + timedelta(days=body.days)
    async with here.keyed() as (scope, keys):
        at = Showing(here, scope, keys, here.may(Permission.NUMBERS_UNMASKED))
        await _waiting(at, suspect)
        made = await freeze_store.confirm(scope, keys, suspect, here.viewer.name[:100], now, until, body.note)
        one = await _known(at, suspect)
        await note(scope, keys, here.viewer, "suspect.confirm", ("suspect", suspect), {"freeze": made}, now=now)
    return _row(one, at)


@router.post("/{suspect}/dismiss", responses=answers(409))
async def dismiss_freeze_suspect(
    suspect: PathId, body: DismissBody, here: Annotated[Here, needs(Permission.FREEZES_CONFIRM)]
) -> SuspectRow:
    """It was none: the number may be called again."""
    now = here.now()
    async with here.keyed() as (scope, keys):
        at = Showing(here, scope, keys, here.may(Permission.NUMBERS_UNMASKED))
        await _waiting(at, suspect)
        await freeze_store.dismiss(scope, suspect, here.viewer.name[:100], body.reason, now)
        one = await _known(at, suspect)
        await note(scope, keys, here.viewer, "suspect.dismiss", ("suspect", suspect), now=now)
    return _row(one, at)


async def _known(at: Showing, suspect: int) -> Suspect:
    """Raises ApiError: 404."""
    found = await freeze_desk.find_suspect(at.scope, at.keys, suspect)
    if found is None:
        raise absent("suspect")
    return found


async def _waiting(at: Showing, suspect: int) -> None:
    """Raises ApiError: 404, or 409 when it was decided, or its person erased, meanwhile."""
    found = await _known(at, suspect)
    if found.state != "waiting" or not found.number:
        by = f" by {found.decided_by}" if found.decided_by else ""
        raise conflict(
            "decided", f"suspect {suspect} was {found.state}{by}" if found.number else "the person was erased"
        )


def _row(one: Suspect, at: Showing) -> SuspectRow:
    return SuspectRow(
        id=one.id, number=at.number(one.number), subject=one.subject.hex(), call=one.call_id, task=one.task_id, words=one.words,
        state=one.state, found_at=one.found_at, decided_at=one.decided_at, decided_by=one.decided_by, decision=one.decision,
        freeze=one.freeze_id,
    )  # fmt: skip
