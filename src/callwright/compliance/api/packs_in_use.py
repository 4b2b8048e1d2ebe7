"""The rule packs that calls are judged by, as this process was set (CALLWRIGHT_PACKS). Read once: a changed pack takes a restart, as it does
for workers."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import anyio.to_thread

from callwright.compliance.pack_file import load_packs
from callwright.compliance.packs import Packs
from callwright.http.here import Here

__all__ = ["packs_in_use"]


async def packs_in_use(here: Here) -> Packs:
    """The built-in packs and those of one's own.

    Raises:
        PackError: one of one's own is wrong.
    """
    return await anyio.to_thread.run_sync(_loaded, here.settings.packs)


@lru_cache(maxsize=4)
def _loaded(folder: Path | None) -> Packs:
    return load_packs(folder)
