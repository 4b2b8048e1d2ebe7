"""The database: one engine, and transactions that belong to one tenant.

    async with database.scope(tenant_id) as scope:          # one transaction: committed on leaving, undone by an error
        row = await scope.first(FIND, number=...)
        await scope.run(insert(lead), rows)                 # tenant_id is filled in

SQLite: WAL, `BEGIN IMMEDIATE` (a writer waits for its turn instead of failing at the end), synchronous=FULL: what is committed survives a
power cut. PostgreSQL: `app.tenant` is set for the transaction, so that row-level security lets nothing else be seen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Executable, Row, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql.dml import Insert

from callwright.errors import Problem, ScopeError, SettingsError
from callwright.store.scoping import needed

__all__ = ["Database", "Scope"]

Record = Mapping[str, Any]

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_BUSY_S = 30.0


class Scope:
    """One transaction within one tenant. Statements name their tenant by `TENANT`; the scope fills it in."""

    def __init__(self, connection: AsyncConnection, tenant: int) -> None:
        self.connection, self.tenant = connection, tenant

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.connection.dialect.name

    async def all(self, statement: Executable, /, **parameters: Any) -> Sequence[Row[Any]]:
        """Every row."""
        return (await self.connection.execute(statement, self._filled(statement, parameters))).all()

    async def first(self, statement: Executable, /, **parameters: Any) -> Row[Any] | None:
        """The first row, None = there is none."""
        return (await self.connection.execute(statement, self._filled(statement, parameters))).first()

    async def value(self, statement: Executable, /, **parameters: Any) -> Any:
        """The first column of the first row, None = there is no row."""
        return (await self.connection.execute(statement, self._filled(statement, parameters))).scalar()

    async def run(self, statement: Executable, rows: Iterable[Record] | None = None, /, **parameters: Any) -> int:
        """Change something; how many rows were. rows: the statement once for each of them."""
        if rows is None:
            return (await self.connection.execute(statement, self._filled(statement, parameters))).rowcount
        each = [self._filled(statement, {**row, **parameters}) for row in rows]
        return (await self.connection.execute(statement, each)).rowcount if each else 0

    async def add(self, statement: Insert, rows: Iterable[Record]) -> Sequence[Row[Any]]:
        """Insert many; what the statement returns of each. In the order of the rows when it says
        `.returning(..., sort_by_parameter_order=True)`."""
        each = [self._filled(statement, row) for row in rows]
        return (await self.connection.execute(statement, each)).all() if each else ()

    def _filled(self, statement: Executable, parameters: Record) -> dict[str, Any]:
        names = needed(statement)
        if "tenant_id" in parameters and "tenant_id" not in names:
            raise ScopeError(f"a row never changes its tenant\n{statement}")
        filled = dict(parameters)
        for name in names:
            filled[name] = self.tenant
        return filled


class Database:
    """An open database. Made by `open`, which closes it again."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, connections: int = 8) -> AsyncIterator[Database]:
        """url: `sqlite:///FILE` or `postgresql://USER@HOST/NAME`; connections: at most so many at once.

        Raises:
            SettingsError: the address is none of a database we know.
        """
        try:
            address = make_url(url)
            driver = _DRIVERS[address.get_backend_name()]
        except (ArgumentError, KeyError):
            hint = "write sqlite:///callwright.db or postgresql://user@host/name"
            raise SettingsError(Problem("database", "CALLWRIGHT_DATABASE_URL names no database", hint=hint)) from None
        options: dict[str, Any] = {"pool_size": connections, "max_overflow": 0}
        engine = create_async_engine(address.set(drivername=driver), **options)
        if driver.startswith("sqlite"):
            _as_we_use_sqlite(engine)
        try:
            yield cls(engine)
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def scope(self, tenant: int) -> AsyncIterator[Scope]:
        """One transaction within this tenant."""
        async with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(_SET_TENANT, {"tenant": str(tenant)})
            yield Scope(connection, tenant)

    @asynccontextmanager
    async def system(self) -> AsyncIterator[AsyncConnection]:
        """A transaction outside of all tenants: for the list of tenants and for migrations only."""
        async with self.engine.begin() as connection:
            yield connection


_SET_TENANT = text("SELECT set_config('app.tenant', :tenant, true)")


def _as_we_use_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we begin transactions ourselves
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_S * 1000:.0f}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
