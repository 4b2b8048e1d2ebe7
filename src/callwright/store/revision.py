"""The revision of a database: which one it has, and which one this version of the code works with. Without Alembic, which is slow to import."""

from __future__ import annotations

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select

from callwright.errors import StoreError
from callwright.store.database import Database

__all__ = ["HEAD", "current", "not_head", "read", "require_head"]

HEAD = "0001"
"""The revision this version of the code works with."""

_KEPT = Table("alembic_version", MetaData(), Column("version_num", String(32)))


async def current(database: Database) -> str | None:
    """The revision of a database, None = it was never set up."""
    async with database.system(reads=True) as connection:
        return await connection.run_sync(read)


async def require_head(database: Database) -> None:
    """Refuse to work with a database of another version.

    Raises:
        StoreError: it is not at `HEAD`; the message says what to do.
    """
    found = await current(database)
    if found != HEAD:
        raise StoreError(not_head(found))


def read(connection: Connection) -> str | None:
    """The same on a connection that is open."""
    if not inspect(connection).has_table(_KEPT.name):
        return None
    found: str | None = connection.execute(select(_KEPT.c.version_num)).scalar()
    return found


def not_head(found: str | None) -> str:
    """What to do about a database that is not at `HEAD`."""
    if found is None:
        return "the database is empty: run `callwright db upgrade`"
    if found > HEAD:
        return f"the database is at revision {found}, newer than this version of callwright ({HEAD}): install the newer one"
    return f"the database is at revision {found}, this version of callwright needs {HEAD}: back it up, run `callwright db upgrade`"
