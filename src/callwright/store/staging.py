"""Many rows at once: put into a table of the transaction's own first, from which ordinary statements take them.

COPY would be the fast way into PostgreSQL, but not into tables with row-level security; into a temporary table it is. So what is checked, joined
and written is the same on both databases, within the tenant, and only the filling differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table
from sqlalchemy.schema import CreateTable

from callwright.store.metadata import UtcTime, temporary
from callwright.store.scope import Scope

__all__ = ["analyze", "stage"]

# A batch is small beside the tables it is compared with: by index, one row after the other. The planner would rather read a table of a million
# whole for each batch, and while that is being filled it takes it for empty: then it would compare each row with all there are, kept in memory.
_WAYS_THAT_READ_ALL = ("enable_hashjoin", "enable_mergejoin", "enable_seqscan", "enable_bitmapscan", "enable_material")
_CACHE_KIB = 64 * 1024  # SQLite: the indexes of keyed hashes are hit everywhere at once


async def stage(scope: Scope, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Make this table of `temporary` anew within the transaction, and fill it.

    Args:
        columns: the names that the values of a row stand for, in order. JSON is given as text, moments as aware datetimes.
    """
    if table.metadata is not temporary:
        raise ValueError(f"{table.name} is no temporary table")
    connection = scope.connection
    if scope.dialect == "postgresql":
        await connection.execute(CreateTable(table))
        raw = (await connection.get_raw_connection()).driver_connection
        await raw.copy_records_to_table(table.name, records=rows, columns=columns)  # type: ignore[union-attr]
        await connection.exec_driver_sql(f"ANALYZE {table.name} ({columns[0]})")  # how many rows there are
        for way in _WAYS_THAT_READ_ALL:
            await connection.exec_driver_sql(f"SET LOCAL {way} = off")
        return
    await connection.exec_driver_sql(f"PRAGMA cache_size = -{_CACHE_KIB}")
    await connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table.name}")
    await connection.execute(CreateTable(table))
    marks = ", ".join("?" for _ in columns)
    moments = [at for at, name in enumerate(columns) if isinstance(table.c[name].type, UtcTime)]
    records = [_with_milliseconds(row, moments) for row in rows]
    insert = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names from our own table
    if records:
        await connection.exec_driver_sql(insert, records)


async def analyze(scope: Scope, table: Table, *columns: str) -> None:
    """Tell PostgreSQL how many rows there are now, and what stands in these columns; until then it would read all of them for a few."""
    if scope.dialect == "postgresql":
        await scope.connection.exec_driver_sql(f"ANALYZE {table.name} ({', '.join(columns)})")


def _with_milliseconds(row: tuple[Any, ...], moments: Sequence[int]) -> tuple[Any, ...]:
    if not moments:
        return row
    values = list(row)
    for at in moments:
        moment: datetime | None = values[at]
        values[at] = None if moment is None else round(moment.timestamp() * 1000)
    return tuple(values)
