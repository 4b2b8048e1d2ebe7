"""Files of a call that is over go where every process reads them: from the worker's folder into blobs, and out of that folder."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import anyio
import anyio.to_thread

from callwright.calls.model import CallFiles, CallRecord
from callwright.errors import StoreError

__all__ = ["BlobPut", "blob_names", "keep_files"]

log = logging.getLogger(__name__)

_WAITS = (0.5, 2.0)  # between tries


class BlobPut(Protocol):
    """The part of `TenantBlobs` that is needed here."""

    async def put(self, name: str, content: bytes | Path) -> str:
        """Keep it; raises StoreError."""


def blob_names(day: str, attempt: str, audio: str = "wav") -> dict[str, str]:
    """Under which names the files of a call lie. day: `YYYY-MM-DD`."""
    base = f"calls/{day}/{attempt}"
    return {"record": f"{base}.json", "log": f"{base}.jsonl", "recording": f"{base}.{audio}"}


async def keep_files(
    blobs: BlobPut,
    files: CallFiles,
    record: CallRecord,
    day: str,
    attempt: str,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> dict[str, str]:
    """Put record, log and recording into blobs and take them out of the folder; the names of those that are there.

    A store that fails is tried three times. What it would not take stays in the folder, and the log says so: the call counts all the same.
    """
    names = blob_names(day, attempt, files.audio)
    told = {key: value for key, value in record.to_json().items() if key not in ("recording", "transcript", "log")}
    wanted: dict[str, bytes | Path] = {"record": json.dumps(told, ensure_ascii=False, default=str).encode()}
    there = {"log": files.log, "recording": files.recording}
    wanted |= {kind: path for kind, path in there.items() if await anyio.Path(path).exists()}
    kept = {}
    for kind, content in wanted.items():
        if not await _put(blobs, names[kind], content, sleep):
            continue
        kept[kind] = names[kind]
        if isinstance(content, Path):
            await anyio.to_thread.run_sync(content.unlink)
    if kept.keys() == wanted.keys():
        await anyio.Path(files.transcript).unlink(missing_ok=True)  # it is in the database
    return kept


async def _put(blobs: BlobPut, name: str, content: bytes | Path, sleep: Callable[[float], Awaitable[None]]) -> bool:
    for wait in (*_WAITS, None):
        try:
            await blobs.put(name, content)
        except StoreError as error:
            if wait is None:
                log.error("%s stays in the worker's folder: %s", name, error)
                return False
            await sleep(wait)
        else:
            return True
    return False
