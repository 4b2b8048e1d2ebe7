"""The chain of records, verified as a job: numbers, hashes, signatures, and that no call was dialled without a record.

The database is read a few thousand records at a time, each in a transaction of its own, so that nobody waits for it; signatures are checked in
a thread. What is verified is the chain as it ended when it began.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio.to_thread
from sqlalchemy import func, select

from callwright.audit.store import note
from callwright.campaigns.recorded import unrecorded
from callwright.compliance import record_store
from callwright.compliance.record_file import RecordCheck, Report
from callwright.compliance.record_store import Kept, check_row
from callwright.compliance.records import GENESIS, Head
from callwright.compliance.tables import decision_record
from callwright.http.here import Here
from callwright.http.jobs import Job
from callwright.http.problems import absent
from callwright.store.metadata import TENANT

__all__ = ["Verification", "begin"]

_PART = 2000

_LAST = select(func.max(decision_record.c.seq)).where(decision_record.c.tenant_id == TENANT)


class Verification:
    """From a record on to where the chain ends now."""

    def __init__(self, here: Here, check: RecordCheck, first: int, end: Head) -> None:
        self._here, self._check, self._first, self._end = here, check, first, end

    async def run(self, job: Job) -> Mapping[str, Any]:
        """Tells how far it is; what was found."""
        total = max(self._end.seq - self._first + 1, 0)
        for begin in range(self._first, self._end.seq + 1, _PART):
            part = await self._read(begin, min(begin + _PART - 1, self._end.seq))
            await anyio.to_thread.run_sync(self._look, part)
            job.tell("verifying", self._check.records, total)
        return _result(await self._close())

    async def _read(self, first: int, last: int) -> list[Kept]:
        async with self._here.reading() as scope:
            return [kept async for page in record_store.pages(scope, first, last) for kept in page]

    def _look(self, part: list[Kept]) -> None:
        for kept in part:
            check_row(self._check, kept)

    async def _close(self) -> Report:
        """What is found once everything was read, noted in the audit log."""
        here, check = self._here, self._check
        check.end(self._end)
        async with here.keyed() as (scope, keys):
            last, head = await scope.value(_LAST), await record_store.head(scope)
            if (last or 0) > head.seq:
                what = f"there are records after number {head.seq}, which should be the last"
                check.find("added", what, head.seq + 1)
            for one in await unrecorded(scope):
                check.find("unrecorded", one.detail, one.seq)
            report = check.report()
            detail = {"first": report.first, "last": report.last, "records": report.records, "problems": report.count}
            await note(scope, keys, here.viewer, "records.verify", ("record", report.last), detail, now=here.now())
        return report


async def begin(here: Here, first: int) -> Verification:
    """Ready to run.

    Raises:
        ApiError: 404 there is no record to begin with.
    """
    async with here.reading() as scope:
        keys = await here.keys(scope)
        end = await record_store.head(scope)
        before = await record_store.show(scope, first - 1) if first > 1 else None
    if first > max(end.seq, 1) or (first > 1 and before is None):
        raise absent("record", "Begin with one that is there, or with 1.")
    check = RecordCheck(keys.signing.public_key(), scope.tenant, ())
    check.begin(first, before.record.hash if before else GENESIS)
    return Verification(here, check, first, end)


def _result(report: Report) -> dict[str, Any]:
    findings = [{"found": one.found, "detail": one.detail, "seq": one.seq} for one in report.findings]
    return {
        "checked": report.records, "first": report.first, "last": report.last, "last_hash": report.last_hash, "problems": report.count,
        "findings": findings,
    }  # fmt: skip
