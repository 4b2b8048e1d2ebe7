"""Routes of the audit log: the newest entries, and whether it is whole."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from callwright.accounts.roles import Permission
from callwright.audit.service import verify_kept
from callwright.audit.store import Kept, Wanted, find
from callwright.http.here import Here, needs
from callwright.http.paging import Page, Paging

__all__ = ["router"]

router = APIRouter()


class EntryRow(BaseModel):
    """Somebody did something."""

    seq: int
    at: AwareDatetime
    user: int | None
    token: int | None
    via: str
    by: str = Field(description="name of the command or job, where nobody did it")
    action: str = Field(examples=["task.start"])
    kind: str
    object: str
    detail: dict[str, Any]
    hash: str


class Asked(Paging):
    """Which entries; all of what is given must hold."""

    user: int | None = Field(None, ge=1, lt=2**63)
    action: str = Field("", max_length=64, description="whole (`task.start`), or a room (`task.`)")
    kind: str = Field("", max_length=32)
    object: str = Field("", max_length=64)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class FindingRow(BaseModel):
    """One thing that is wrong."""

    found: str
    detail: str
    seq: int


class Verification(BaseModel):
    """What a look at the whole chain came to."""

    whole: bool
    entries: int
    first: int
    last: int
    last_hash: str
    findings: list[FindingRow]
    count: int


@router.get("/audit")
async def list_audit(
    here: Annotated[Here, needs(Permission.AUDIT_READ)], asked: Annotated[Asked, Query()]
) -> Page[EntryRow]:
    """Who changed what, and who looked at personal data; the newest first."""
    last = asked.after(int)
    wanted = Wanted(
        asked.user, asked.action, asked.kind, asked.object, asked.since, asked.until, last[0] if last else None
    )
    async with here.reading() as scope:
        rows = await find(scope, wanted, asked.limit + 1)
    return Page.of(rows, asked, _row, key=lambda kept: (kept.sealed.seq,))


@router.post("/audit/verify")
async def verify_audit(here: Annotated[Here, needs(Permission.AUDIT_READ)]) -> Verification:
    """Walk along the whole chain: every hash, every signature."""
    async with here.reading() as scope:
        keys = await here.keys(scope)
        report = await verify_kept(scope, keys.signing.public_key())
    return Verification(
        whole=report.ok, entries=report.records, first=report.first, last=report.last, last_hash=report.last_hash,
        findings=[FindingRow(found=each.found, detail=each.detail, seq=each.seq) for each in report.findings],
        count=report.count,
    )  # fmt: skip


def _row(kept: Kept) -> EntryRow:
    body = kept.body
    return EntryRow(
        seq=kept.sealed.seq, at=kept.at, user=kept.user, token=kept.token, via=kept.via, by=body["by"], action=kept.action,
        kind=kept.kind, object=kept.object, detail=body["detail"], hash=kept.sealed.hash.hex(),
    )  # fmt: skip
