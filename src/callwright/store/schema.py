"""Every table the product has, in one metadata: whoever makes or compares a whole database imports this module."""

from __future__ import annotations

import callwright.accounts.tables
import callwright.campaigns.tables
import callwright.compliance.tables  # noqa: F401 - each of them adds its tables
from callwright.store.database import Database
from callwright.store.metadata import metadata

__all__ = ["create_everything", "metadata"]


async def create_everything(database: Database) -> None:
    """Make every table in an empty database."""
    async with database.system() as connection:
        await connection.run_sync(metadata.create_all)
