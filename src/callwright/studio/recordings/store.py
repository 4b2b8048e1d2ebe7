"""All SQL of recorded prompts. The same statements on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, BindParameter, Float, Row, String, bindparam, delete, exists, insert, select, update

from callwright.campaigns.tables import script_version
from callwright.speech.recordings.judging import Measured
from callwright.store.metadata import TENANT, UtcTime
from callwright.store.scope import Scope
from callwright.studio.model import Person
from callwright.studio.recordings.model import Decision, Heard, Recording
from callwright.studio.recordings.tables import script_recording, script_version_recording

__all__ = [
    "add",
    "drop",
    "find",
    "in_version",
    "is_pinned",
    "known_of",
    "of_draft",
    "of_version",
    "pin",
    "remove",
    "write_decision",
    "write_heard",
]

_SCRIPT = bindparam("script", type_=String())
_WHICH = bindparam("which", type_=BigInteger())
_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_MINE = (script_recording.c.tenant_id == TENANT, script_recording.c.script_id == _SCRIPT)

_OF_DRAFT = (
    select(script_recording).where(*_MINE, script_recording.c.removed_at.is_(None)).order_by(script_recording.c.id)
)
_LOCK_OF_DRAFT = _OF_DRAFT.with_for_update()
_KNOWN = select(script_recording).where(*_MINE, script_recording.c.id.in_(_IDS)).order_by(script_recording.c.id)
_LOCK = select(script_recording).where(*_MINE, script_recording.c.id == _WHICH).with_for_update()
_PINNED = (
    select(script_recording)
    .join(
        script_version_recording,
        (script_version_recording.c.tenant_id == script_recording.c.tenant_id)
        & (script_version_recording.c.recording_id == script_recording.c.id),
    )
    .where(
        script_recording.c.tenant_id == TENANT,
        script_version_recording.c.version_id == bindparam("version", type_=BigInteger()),
    )
    .order_by(script_recording.c.file)
)
_VERSION_OF = select(script_version.c.id).where(
    script_version.c.tenant_id == TENANT, script_version.c.digest == bindparam("digest", type_=String())
)
_IS_PINNED = select(
    exists().where(script_version_recording.c.tenant_id == TENANT, script_version_recording.c.recording_id == _WHICH)
)
_ADD = insert(script_recording)
_PIN = insert(script_version_recording)
_REMOVE = (
    update(script_recording)
    .where(script_recording.c.tenant_id == TENANT, script_recording.c.id == _WHICH)
    .values(removed_at=bindparam("new_at", type_=UtcTime()))
)
_DROP = delete(script_recording).where(script_recording.c.tenant_id == TENANT, script_recording.c.id == _WHICH)
_HEARD = (
    update(script_recording)
    .where(script_recording.c.tenant_id == TENANT, script_recording.c.id == _WHICH)
    .values(
        verdict=bindparam("new_verdict", type_=String()),
        heard=bindparam("new_heard", type_=String()),
        similarity=bindparam("new_similarity", type_=Float()),
        sounds_like=bindparam("new_like", type_=String()),
    )
)
_DECIDE = (
    update(script_recording)
    .where(*_MINE, script_recording.c.id.in_(_IDS))
    .values(
        decision=bindparam("new_decision", type_=String()),
        note=bindparam("new_note", type_=String()),
        decided_by=bindparam("new_by", type_=String()),
        decided_at=bindparam("new_at", type_=UtcTime()),
    )
)


async def of_draft(scope: Scope, script: str, *, lock: bool = False) -> list[Recording]:
    """The newest of each file that nobody removed. lock: they stay so in this transaction."""
    rows = await scope.all(_LOCK_OF_DRAFT if lock else _OF_DRAFT, script=script)
    return list({row.file: _recording(row) for row in rows}.values())


async def of_version(scope: Scope, version: int) -> list[Recording]:
    """Those that a version speaks, by file."""
    return [_recording(row) for row in await scope.all(_PINNED, version=version)]


async def in_version(scope: Scope, digest: str) -> list[Recording]:
    """The same, for the whole digest of a version; none where there is no such version."""
    version = await scope.value(_VERSION_OF, digest=digest)
    return [] if version is None else await of_version(scope, int(version))


async def known_of(scope: Scope, script: str, ids: Sequence[int]) -> list[Recording]:
    """Those of this script among them, whether a draft or a version has them."""
    return [_recording(row) for row in await scope.all(_KNOWN, script=script, ids=list(ids))]


async def find(scope: Scope, script: str, which: int) -> Recording | None:
    """One, which nobody else changes in this transaction."""
    row = await scope.first(_LOCK, script=script, which=which)
    return None if row is None else _recording(row)


async def is_pinned(scope: Scope, which: int) -> bool:
    """Whether a version speaks it."""
    return bool(await scope.value(_IS_PINNED, which=which))


async def add(scope: Scope, new: Recording) -> None:
    """A new one; its id is given here."""
    await scope.run(
        _ADD, script_id=new.script, file=new.file, text=new.text, name=new.name, kind=new.kind, blob=new.blob,
        source_sha256=new.source_sha256, source_bytes=new.source_bytes, sha256=new.sha256, seconds=new.seconds,
        measured=asdict(new.measured), by=new.by.name, by_user=new.by.user, at=new.at,
    )  # fmt: skip


async def pin(scope: Scope, version: int, recordings: Sequence[Recording]) -> None:
    """Let a version speak them."""
    for one in recordings:
        await scope.run(_PIN, version_id=version, file=one.file, recording_id=one.id)


async def remove(scope: Scope, which: int, now: datetime) -> None:
    """The draft has it no more; a version has."""
    await scope.run(_REMOVE, which=which, new_at=now)


async def drop(scope: Scope, which: int) -> None:
    """Nobody has it any more."""
    await scope.run(_DROP, which=which)


async def write_heard(scope: Scope, which: int, verdict: Heard, heard: str, similarity: float, like: str) -> None:
    """What the recogniser heard."""
    await scope.run(_HEARD, which=which, new_verdict=verdict, new_heard=heard, new_similarity=similarity, new_like=like)


async def write_decision(
    scope: Scope, script: str, ids: Sequence[int], decision: Decision, note: str, by: str, now: datetime
) -> None:
    """What a person said of them."""
    await scope.run(_DECIDE, script=script, ids=list(ids), new_decision=decision, new_note=note, new_by=by, new_at=now)


def _recording(row: Row[Any]) -> Recording:
    return Recording(
        row.id, row.script_id, row.file, row.text, row.name, row.kind, row.blob, row.source_sha256, row.source_bytes, row.sha256, row.seconds,
        Measured(**row.measured), Person(row.by, row.by_user), row.at, row.verdict, row.heard, row.similarity, row.sounds_like, row.decision,
        row.note, row.decided_by, row.decided_at,
    )  # fmt: skip
