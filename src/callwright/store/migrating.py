"""Bring a database to what this version of the code needs, and tell whether it is.

A database knows its revision (`alembic_version`). `upgrade` goes from any earlier one, or from nothing, to `HEAD` in one transaction: a
database is wholly upgraded or not at all. There is no way back: restore the backup.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from callwright.errors import StoreError
from callwright.store.database import Database
from callwright.store.metadata import TENANT_TABLES
from callwright.store.revision import HEAD, not_head, read
from callwright.store.rows import POLICY
from callwright.store.schema import metadata

__all__ = ["config", "differences", "upgrade"]

_LOCK = 0x63616C6C  # "call": one upgrade at a time

_PROTECTED = text(
    "SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid "
    "WHERE c.relrowsecurity AND c.relforcerowsecurity AND p.polname = :policy"
)

logging.getLogger("alembic").setLevel(logging.WARNING)


def config(connection: Connection | None = None) -> Config:
    """Alembic, with our revisions."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


async def upgrade(database: Database) -> tuple[str | None, str]:
    """From which revision (None = an empty database) to which.

    Raises:
        StoreError: the database belongs to a newer version, or holds tables that are not ours.
    """
    async with database.system() as connection:
        return await connection.run_sync(_upgrade)


async def differences(database: Database) -> list[str]:
    """What in the database is not as the code says, in words; nothing = all is well."""
    async with database.system() as connection:
        return await connection.run_sync(_differences)


def _upgrade(connection: Connection) -> tuple[str | None, str]:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    found = read(connection)
    if found is not None and found > HEAD:
        raise StoreError(not_head(found))
    if found is None and (strange := set(inspect(connection).get_table_names()) & set(metadata.tables)):
        raise StoreError(
            f"the database has tables ({', '.join(sorted(strange)[:3])}, ...) but no revision: is it another program's?"
        )
    command.upgrade(config(connection), "head")
    return found, HEAD


def _differences(connection: Connection) -> list[str]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": metadata})
    found = [_told(change) for change in compare_metadata(context, metadata)]
    return found + (_unprotected(connection) if connection.dialect.name == "postgresql" else [])


def _told(change: Any) -> str:
    if isinstance(change, list):
        return "; ".join(map(_told, change))
    kind, *what = change
    return f"{kind}: {', '.join(str(getattr(one, 'name', one)) for one in what if one is not None)}"


def _unprotected(connection: Connection) -> list[str]:
    """Tenant tables without row-level security, and what makes it void."""
    protected = connection.execute(_PROTECTED, {"policy": POLICY}).scalars()
    missing = {table.name for table in TENANT_TABLES} - set(protected)
    told = [f"row-level security is off: {name}" for name in sorted(missing)]
    role = connection.exec_driver_sql(
        "SELECT rolname FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)"
    ).scalar()
    return [*told, f"role {role} is a superuser or bypasses row-level security: use another"] if role else told
