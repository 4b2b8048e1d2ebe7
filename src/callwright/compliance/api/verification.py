"""The chain of records, verified while somebody watches: a line of progress now and then, the findings at the end.

It belongs to the request that asked for it, and ends with it. The database is read a few thousand records at a time, each in a transaction of
its own, so that nobody waits for it; signatures are checked in a thread. What is verified is the chain as it ended when it began.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal

import anyio.to_thread
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from sqlalchemy import func, select

from callwright.audit.store import note
from callwright.campaigns.recorded import unrecorded
from callwright.compliance import record_store
from callwright.compliance.record_file import ChainCheck, Report
from callwright.compliance.record_store import Kept, check_row
from callwright.compliance.records import GENESIS, Head
from callwright.compliance.tables import decision_record
from callwright.http.here import Here
from callwright.http.problems import absent, conflict
from callwright.store.metadata import TENANT

__all__ = ["LINES", "Progress", "answer"]

LINES = "application/x-ndjson"
_PART = 2000

_LAST = select(func.max(decision_record.c.seq)).where(decision_record.c.tenant_id == TENANT)

_running: set[int] = set()  # tenants: one verification at a time for each, in this process


class FindingTold(BaseModel):
    """One thing that is wrong. seq: of the record, 0 = of the whole."""

    found: str = Field(examples=["edited"])
    detail: str
    seq: int


class Progress(BaseModel):
    """How far it is; with `done` it is the last line."""

    state: Literal["running", "done", "failed"]
    checked: int = Field(description="records looked at so far")
    total: int
    last: int | None = Field(None, description="number of the last record, when it is done")
    last_hash: str | None = None
    problems: int = 0
    findings: list[FindingTold] = []


async def answer(here: Here, first: int) -> StreamingResponse:
    """Begin; the answer tells how it goes on.

    Raises:
        ApiError: 404 there is no record to begin with, 409 one is running already.
    """
    async with here.reading() as scope:
        keys = await here.keys(scope)
        end = await record_store.head(scope)
        before = await record_store.show(scope, str(first - 1)) if first > 1 else None
    if first > max(end.seq, 1) or (first > 1 and before is None):
        raise absent("record", "Begin with one that is there, or with 1.")
    if scope.tenant in _running:
        raise conflict("running", "a verification is running already", "Wait for it.")
    check = ChainCheck(keys.signing.public_key(), scope.tenant, ())
    check.begin(first, before.record.hash if before else GENESIS)
    return StreamingResponse(_told(here, check, first, end), media_type=LINES, headers={"Cache-Control": "no-store"})


async def _told(here: Here, check: ChainCheck, first: int, end: Head) -> AsyncIterator[str]:
    tenant = here.viewer.tenant
    total = max(end.seq - first + 1, 0)
    if tenant in _running:  # a second request that was let in at the same moment
        yield _line(Progress(state="failed", checked=0, total=total))
        return
    _running.add(tenant)
    try:
        for begin in range(first, end.seq + 1, _PART):
            part = await _part(here, begin, min(begin + _PART - 1, end.seq))
            await anyio.to_thread.run_sync(_check, check, part)
            yield _line(Progress(state="running", checked=check.records, total=total, problems=check.count))
        report = await _end(here, check, end)
        yield _line(_report(report, total))
    finally:
        _running.discard(tenant)


async def _part(here: Here, first: int, last: int) -> list[Kept]:
    async with here.reading() as scope:
        return [kept async for page in record_store.pages(scope, first, last) for kept in page]


def _check(check: ChainCheck, part: list[Kept]) -> None:
    for kept in part:
        check_row(check, kept)


async def _end(here: Here, check: ChainCheck, end: Head) -> Report:
    """What is found once everything was read, noted in the audit log."""
    check.end(end)
    async with here.keyed() as (scope, keys):
        now_last, head = await scope.value(_LAST), await record_store.head(scope)
        if (now_last or 0) > head.seq:
            check.find("added", f"there are records after number {head.seq}, which should be the last", head.seq + 1)
        for one in await unrecorded(scope):
            check.find("unrecorded", one.detail, one.seq)
        report = check.report()
        detail = {"first": report.first, "last": report.last, "records": report.records, "problems": report.count}
        await note(scope, keys, here.viewer, "records.verify", ("record", report.last), detail, now=here.now())
    return report


def _report(report: Report, total: int) -> Progress:
    findings = [FindingTold(found=one.found, detail=one.detail, seq=one.seq) for one in report.findings]
    return Progress(
        state="done", checked=report.records, total=total, last=report.last, last_hash=report.last_hash, problems=report.count,
        findings=findings,
    )  # fmt: skip


def _line(progress: Progress) -> str:
    return progress.model_dump_json() + "\n"
