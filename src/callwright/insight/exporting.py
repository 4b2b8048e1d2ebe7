"""Results as a file: a table that no spreadsheet runs (CSV, XLSX), or the recordings in a ZIP with such a table beside them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import anyio.to_thread
from sqlalchemy import Row, func, select

from callwright.calls.disposition import disposition_title
from callwright.calls.model import mask
from callwright.campaigns.exporting import write_table
from callwright.campaigns.story import unseal_story
from callwright.campaigns.tables import call_result
from callwright.errors import InputError, Problem, StoreError
from callwright.insight import call_store
from callwright.insight.filters import CallFilter, conditions, wanted_grams
from callwright.insight.findable import slot_text
from callwright.insight.searching import search
from callwright.store.crypto import TenantKeys
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["Form", "Wanted", "count", "export"]

Form = Literal["csv", "xlsx", "zip"]
Progress = Callable[[int], None]

MOST = {"csv": 1_000_000, "xlsx": 200_000, "zip": 5_000}
"""Calls of one file: a sheet that a spreadsheet opens, an archive that somebody downloads."""

_PAGE = 500
_COUNT = select(func.count()).select_from(call_result).where(call_result.c.tenant_id == TENANT)
_SLOTS = select(call_result.c.attempt_id, call_result.c.slots).where(call_result.c.tenant_id == TENANT)
_HEAD = (
    "call", "started_at", "number", "own_number", "task", "script", "version", "outcome", "grade", "reason", "answered", "talk_s", "tags",
    "agent", "slots", "follow_up", "transcript",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is exported, and how. language: of the outcomes; transcripts: what was said, too."""

    filters: CallFilter
    form: Form
    masked: bool = True
    transcripts: bool = False
    language: Literal["zh", "en"] = "en"


class ReadBlob(Protocol):
    """The part of `TenantBlobs` that is needed here."""

    def stream(self, name: str) -> AsyncIterator[bytes]: ...


async def count(scope: Scope, wanted: CallFilter) -> int:
    """How many calls the columns find; 0 = nobody knows, because words decide."""
    if wanted_grams(wanted):
        return 0
    return int(await scope.value(_COUNT.where(*conditions(wanted))) or 0)


async def export(
    database: Database, keys: TenantKeys, blobs: ReadBlob, wanted: Wanted, path: Path, progress: Progress
) -> dict[str, int]:
    """Write the file; how many calls, and recordings, are in it.

    Raises:
        InputError: there are too many.
    """
    table = path if wanted.form != "zip" else path.with_suffix(".csv")
    calls, recordings = 0, 0
    archive = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) if wanted.form == "zip" else None
    try:
        with write_table(table, "xlsx" if wanted.form == "xlsx" else "csv") as write:
            write(_HEAD)
            async for rows in _pages(database, keys, wanted.filters):
                calls += len(rows)
                if calls > MOST[wanted.form]:
                    hint = "Narrow the filters, for example to fewer days."
                    raise InputError(
                        Problem("too-many", f"at most {MOST[wanted.form]:,} calls go into one file", hint=hint)
                    )
                for cells in await _cells(database, keys, wanted, rows):
                    write(cells)
                if archive is not None:
                    recordings += await _add_recordings(archive, blobs, rows)
                progress(calls)
        if archive is not None:
            await anyio.to_thread.run_sync(archive.write, table, "calls.csv")
    finally:
        if archive is not None:
            await anyio.to_thread.run_sync(archive.close)
    return {"calls": calls, "recordings": recordings}


async def _pages(database: Database, keys: TenantKeys, wanted: CallFilter) -> AsyncIterator[Sequence[Row[Any]]]:
    """Each in a transaction of its own: calling goes on beside it."""
    by_words = bool(wanted_grams(wanted))
    after: Any = None
    while True:
        async with database.reading(keys.tenant) as scope:
            if by_words:
                found = await search(scope, keys, wanted, after, _PAGE)
                rows, after = found.rows, found.after
                more = after is not None
            else:
                rows = await call_store.listed(scope, wanted, "newest", after, _PAGE)
                after = call_store.keys_of(rows[-1], "newest") if rows else None
                more = len(rows) == _PAGE
        if rows:
            yield rows
        if not more:
            return


async def _cells(database: Database, keys: TenantKeys, wanted: Wanted, rows: Sequence[Row[Any]]) -> list[list[str]]:
    names = [row.attempt_id for row in rows]
    async with database.reading(keys.tenant) as scope:
        named = await call_store.names_of(scope, keys, rows)
        texts = await call_store.texts_of(scope, names) if wanted.transcripts else {}
        slots = {
            row.attempt_id: row.slots for row in await scope.all(_SLOTS.where(call_result.c.attempt_id.in_(names)))
        }
    return await anyio.to_thread.run_sync(
        lambda: [_line(keys, wanted, row, named, texts.get(row.attempt_id), slots.get(row.attempt_id)) for row in rows]
    )


def _line(
    keys: TenantKeys, wanted: Wanted, row: Row[Any], named: call_store.Named, text: bytes | None, slots: bytes | None
) -> list[str]:
    number = named.numbers.get(row.person_id, "")
    script, digest = named.scripts.get(row.script_version_id, ("", ""))
    values = json.loads(keys.open(bytes(slots), f"slots.{row.attempt_id}")) if slots else {}
    lines = unseal_story(keys, row.attempt_id, text).lines if text else ()
    return [
        row.attempt_id, row.started_at.isoformat(timespec="seconds"), mask(number) if wanted.masked and number else number, row.own_number,
        named.tasks.get(row.task_id, ""), script, digest[:8], disposition_title(row.disposition, wanted.language), row.grade,
        "; ".join(row.grade_reasons), "1" if row.answered else "0", f"{row.talk_ms / 1000:.1f}", ";".join(row.tags),
        named.agents.get(row.agent_id, ""),
        "; ".join(f"{name}={slot_text(value)}" for name, value in values.items()), row.follow_up,
        "\n".join(f"{line.who}: {line.text}" for line in lines),
    ]  # fmt: skip


async def _add_recordings(archive: zipfile.ZipFile, blobs: ReadBlob, rows: Sequence[Row[Any]]) -> int:
    added = 0
    for row in rows:
        if not row.recording:
            continue
        name = f"{row.started_at:%Y-%m-%d}/{row.attempt_id}.{row.recording.rpartition('.')[2]}"
        try:
            with archive.open(name, "w") as out:
                async for piece in blobs.stream(row.recording):
                    await anyio.to_thread.run_sync(out.write, piece)
        except StoreError:
            continue  # it was deleted; the table says that there was one
        added += 1
    return added
