"""Commands that work on what is kept: which tenant they work for, and the open database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from callwright.accounts.model import Viewer
from callwright.audit.model import About, Detail
from callwright.audit.store import note
from callwright.settings import Settings
from callwright.storage import Storage, find_tenant, open_storage
from callwright.store.crypto import TenantKeys
from callwright.store.database import Database
from callwright.store.scope import Scope

__all__ = ["TenantOption", "Working", "working"]

TenantOption = Annotated[
    str, typer.Option("--tenant", envvar="CALLWRIGHT_TENANT", help="Whose; not needed while there is one tenant only.")
]


@dataclass(frozen=True, slots=True)
class Working:
    """What a command works with."""

    database: Database
    tenant: int
    keys: TenantKeys
    storage: Storage
    settings: Settings

    async def note(self, scope: Scope, command: str, action: str, about: About, detail: Detail | None = None) -> None:
        """Write into the audit log what `callwright COMMAND` does in this transaction, or shows: call it last."""
        viewer = Viewer.system(self.tenant, f"callwright {command}")
        await note(scope, self.keys, viewer, action, about, detail, now=datetime.now(UTC))


@asynccontextmanager
async def working(tenant: str) -> AsyncIterator[Working]:
    """Open what is kept, for this tenant ("" = the only one).

    Raises:
        InputError: no such tenant, or a setting is wrong.
        StoreError: the database cannot be used.
    """
    settings = Settings.from_environment()
    async with open_storage(settings) as storage:
        number = await find_tenant(storage.database, tenant)
        async with storage.database.reading(number) as scope:
            keys = await storage.keyring.tenant(scope)
        yield Working(storage.database, number, keys, storage, settings)
