"""How long things are kept, applied: recordings, words of calls and the audit log go when their days are over (GDPR 5(1)(e), PIPL 19).

A call of somebody with an open complaint is kept whatever its age: it is evidence. Files go before the row that names them forgets them, so a
run that was cut off is finished by the next one. What was decided (decision records) and counted stays; it names nobody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, delete, exists, select, update

from callwright import audit
from callwright.accounts import sessions, tenant_settings
from callwright.accounts.model import Viewer
from callwright.audit.store import trim
from callwright.campaigns.result_tables import call_text, follow_up, unanswered
from callwright.campaigns.tables import call_result
from callwright.compliance.tables import complaint, person
from callwright.desk.tables import wrap_up
from callwright.insight.files import waveform_blob
from callwright.insight.gathering import forget
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT, UtcTime
from callwright.store.scope import Scope

__all__ = ["Applied", "apply"]

_BATCH = 200

_HELD = exists().where(
    person.c.tenant_id == TENANT,
    person.c.id == call_result.c.person_id,
    complaint.c.tenant_id == TENANT,
    complaint.c.number_index == person.c.number_index,
    complaint.c.state != "closed",
)
_OLD = (
    select(call_result.c.attempt_id, call_result.c.recording, call_result.c.record, call_result.c.log)
    .where(call_result.c.tenant_id == TENANT, call_result.c.started_at < bindparam("before", type_=UtcTime()), ~_HELD)
    .order_by(call_result.c.started_at, call_result.c.attempt_id)
    .limit(_BATCH)
)
_OLD_RECORDINGS = _OLD.where(call_result.c.recording != "")
_WORDS_THERE = exists().where(call_text.c.tenant_id == TENANT, call_text.c.attempt_id == call_result.c.attempt_id)
_OLD_WORDS = _OLD.where((call_result.c.record != "") | (call_result.c.log != "") | _WORDS_THERE)
_CHANGE = update(call_result).where(call_result.c.tenant_id == TENANT, call_result.c.attempt_id == bindparam("attempt"))
_NO_RECORDING = _CHANGE.values(recording="")
_NO_WORDS = _CHANGE.values(
    record="", log="", grade_reasons=[], slots=bindparam("no_slots"), summary=bindparam("no_summary")
)
_GONE = [
    delete(table).where(table.c.tenant_id == TENANT, table.c.attempt_id == bindparam("attempt"))
    for table in (call_text, unanswered)
]
_NO_NOTES = [
    update(table).where(table.c.tenant_id == TENANT, table.c.attempt_id == bindparam("attempt")).values(note=b"")
    for table in (follow_up, wrap_up)
]


@dataclass(frozen=True, slots=True)
class Applied:
    """How many went: calls whose recording, calls whose words, entries of the audit log, sessions that were over."""

    recordings: int = 0
    transcripts: int = 0
    audit: int = 0
    sessions: int = 0


async def apply(
    database: Database, keyring: Keyring, drop: Callable[[str], Awaitable[None]], tenant: int, now: datetime
) -> Applied:
    """Delete what is older than the tenant decided. drop: deletes one of the tenant's blobs, whether it is there or not."""
    async with database.scope(tenant) as scope:
        chosen = await tenant_settings.retention(scope)
        over = await sessions.tidy(scope, now)
    recordings = await _all(database, keyring, drop, tenant, now, chosen.recordings, _OLD_RECORDINGS, _drop_recordings)
    words = await _all(database, keyring, drop, tenant, now, chosen.transcripts, _OLD_WORDS, _drop_words)
    async with database.scope(tenant) as scope:
        keys, viewer = await keyring.tenant(scope), Viewer.system(tenant, "retention")
        trimmed = 0
        if recordings or words:
            told: audit.Detail = {"recordings": recordings, "transcripts": words}
            await audit.note(scope, keys, viewer, "retention.apply", ("tenant", tenant), told, now=now)
        if chosen.audit is not None:
            trimmed = await trim(scope, keys, viewer, now - timedelta(days=chosen.audit), now)
    return Applied(recordings, words, trimmed, over)


_Step = Callable[[Scope, Keyring, list[Row[Any]]], Awaitable[None]]


async def _all(
    database: Database,
    keyring: Keyring,
    drop: Callable[[str], Awaitable[None]],
    tenant: int,
    now: datetime,
    days: int | None,
    old: Any,
    step: _Step,
) -> int:
    """In batches, each a transaction of its own: nobody waits long."""
    if days is None:
        return 0
    done, before = 0, now - timedelta(days=days)
    while True:
        async with database.reading(tenant) as scope:
            rows = list(await scope.all(old, before=before))
        if not rows:
            return done
        for name in _files(rows, whole=step is _drop_words):
            await drop(name)
        async with database.scope(tenant) as scope:
            await step(scope, keyring, rows)
        done += len(rows)


def _files(rows: list[Row[Any]], *, whole: bool) -> list[str]:
    if whole:
        return [name for row in rows for name in (row.record, row.log) if name]
    return [name for row in rows for name in (row.recording, waveform_blob(row.recording))]


async def _drop_recordings(scope: Scope, _: Keyring, rows: list[Row[Any]]) -> None:
    for row in rows:
        await scope.run(_NO_RECORDING, attempt=row.attempt_id)


async def _drop_words(scope: Scope, keyring: Keyring, rows: list[Row[Any]]) -> None:
    keys = await keyring.tenant(scope)
    for row in rows:
        name = row.attempt_id
        empty = {"no_slots": keys.seal("{}", f"slots.{name}"), "no_summary": keys.seal("{}", f"summary.{name}")}
        await scope.run(_NO_WORDS, attempt=name, **empty)
        for statement in (*_GONE, *_NO_NOTES):
            await scope.run(statement, attempt=name)
    await forget(scope, keys, [row.attempt_id for row in rows])
