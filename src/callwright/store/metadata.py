"""What all tables have in common: names of constraints, the types of columns, and the tenant that every row belongs to.

Tables stand in `tables.py` of the feature that owns them. A table made by `tenant_table` may only be read and written within a tenant
(`Database.scope`): the store refuses statements that do not say so, and PostgreSQL's row-level security refuses them once more.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    cast,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.schema import SchemaItem
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["TENANT", "TENANT_TABLES", "BigId", "Json", "UtcTime", "metadata", "temporary", "tenant_table", "words"]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

temporary = MetaData()
"""Tables that live within one transaction: rows on their way in (staging.py). They are no part of the database."""

TENANT_TABLES: set[Table] = set()
"""Tables whose rows belong to a tenant."""

TENANT = bindparam("tenant", type_=BigInteger())
"""The tenant of the running scope, in a statement: `.where(lead.c.tenant_id == TENANT)`. The scope fills it in; nobody else does."""

_EPOCH, _MS = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)

BigId = BigInteger().with_variant(Integer(), "sqlite")
"""A generated key: 64 bits on both (SQLite counts by itself only in a column called INTEGER)."""

Json = JSON().with_variant(JSONB(), "postgresql")


class UtcTime(TypeDecorator[datetime]):
    """A moment: aware datetimes in and out, always UTC. `timestamptz` on PostgreSQL; whole milliseconds since 1970 on SQLite, cut as
    `isoformat` cuts them: a sealed text and the column beside it must tell the same moment."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(DateTime(timezone=True) if dialect.name == "postgresql" else BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        value = _aware(value)
        return value if value is None or dialect.name == "postgresql" else (value - _EPOCH) // _MS

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(value / 1000, UTC)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """On PostgreSQL nothing but the check: each row that dispatch writes has a few moments."""
        return _aware if dialect.name == "postgresql" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """None on PostgreSQL: asyncpg tells moments as datetimes in UTC, and there are a dozen in each row that dispatch reads."""
        return None if dialect.name == "postgresql" else super().result_processor(dialect, coltype)


def _aware(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError("a time without a zone is not kept")
    return value


class Words(TypeDecorator[tuple[str, ...]]):
    """A column of JSON that holds a list of strings, read as text and as a tuple: the same few lists come again and again, and the driver
    reads text at a tenth of what JSON costs it. For `words`."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        return _words(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Right what the driver tells."""
        del dialect, coltype
        return _words


def words(column: ColumnElement[Any]) -> ColumnElement[tuple[str, ...]]:
    """A column of `Json` with a list of strings, for a SELECT: as a tuple."""
    return type_coerce(cast(column, Text), Words())


@lru_cache(maxsize=4096)
def _words(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(json.loads(text))


def tenant_table(name: str, *items: SchemaItem, many: bool = False, bare: bool = False, room: int = 0) -> Table:
    """A table whose rows belong to a tenant: `tenant_id` comes first, is never null and goes with its tenant.

    Args:
        many: rows come by the million, so no foreign key is checked row by row (docs/adr/0013).
        bare: a row is hardly more than its key, so SQLite keeps it in the key's own tree, once instead of twice.
        room: percent of each page that PostgreSQL leaves for rows that change; where no index has a column that changes, a row stays in its
            page and its indexes as they are.
    """
    keys = () if many else (ForeignKey("tenant.id", ondelete="CASCADE"),)
    owner: Column[int] = Column("tenant_id", BigInteger, *keys, nullable=False, index=False)
    options: dict[str, Any] = {"sqlite_with_rowid": False} if bare else {}
    if room:
        options["postgresql_with"] = {"fillfactor": 100 - room}
    table = Table(name, metadata, owner, *items, **options)
    TENANT_TABLES.add(table)
    return table
