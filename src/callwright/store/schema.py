"""Every table the product has, in one metadata: whoever makes or compares a whole database imports this module."""

from __future__ import annotations

from sqlalchemy import Connection

import callwright.accounts.tables
import callwright.accounts.user_tables
import callwright.audit.tables
import callwright.campaigns.result_tables
import callwright.campaigns.tables
import callwright.compliance.tables
import callwright.desk.tables
import callwright.http.tables
import callwright.studio.recordings.tables
import callwright.studio.tables  # noqa: F401 - each of them adds its tables
from callwright.store.database import Database
from callwright.store.metadata import TENANT_TABLES, metadata
from callwright.store.rows import protecting

__all__ = ["create_everything", "metadata"]


async def create_everything(database: Database) -> None:
    """Make every table in an empty database, without migrations: for tests, which hold both ways together."""
    async with database.system() as connection:
        await connection.run_sync(_create)


def _create(connection: Connection) -> None:
    metadata.create_all(connection)
    if connection.dialect.name == "postgresql":
        for statement in protecting(sorted(table.name for table in TENANT_TABLES)):
            connection.exec_driver_sql(statement)
