"""The evidence of a complaint, written, kept as a blob, and noted with its case."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import anyio.to_thread

from callwright.campaigns.evidence import write_evidence
from callwright.compliance import complaint_store
from callwright.store.blobs import TenantBlobs
from callwright.store.crypto import TenantKeys
from callwright.store.database import Database

__all__ = ["Bundled", "bundle_case"]


@dataclass(frozen=True, slots=True)
class Bundled:
    """place: name of the blob; calls: ids of the calls it is about."""

    place: str
    sha256: str
    calls: tuple[str, ...]


async def bundle_case(
    database: Database,
    tenant: int,
    keys: TenantKeys,
    blobs: TenantBlobs,
    reference: str,
    file: Path,
    now: datetime,
    told: Callable[[str], None] = lambda _: None,
) -> Bundled:
    """Write the bundle of a case to `file` (anew), and keep it. told: which part is under way.

    Raises:
        InputError: there is no such case.
        StoreError: its number was erased, or what is kept cannot be reached.
    """
    told("collecting")
    async with database.scope(tenant) as scope:
        case = await complaint_store.find(scope, keys, reference, now)
        with file.open("wb") as opened:
            calls = await write_evidence(scope, keys, blobs, case, opened, now)
        digest = await anyio.to_thread.run_sync(_digest, file)
        place = f"complaints/{case.id}-{digest[:12]}.zip"
        told("keeping")
        await complaint_store.bundled(scope, case, place, digest, calls)
        await blobs.put(place, file)
    return Bundled(place, digest, calls)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
