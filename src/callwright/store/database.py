"""The database: one engine, and transactions that belong to one tenant.

    async with database.scope(tenant_id) as scope:          # one transaction: committed on leaving, undone by an error
        row = await scope.first(FIND, number=...)
        await scope.run(insert(lead), rows)                 # tenant_id is filled in
    async with database.reading(tenant_id) as scope: ...    # of one moment; waits for nobody

Statements go through SQLAlchemy, those of `constant` past it (a tenth of the cost).

SQLite: WAL; `BEGIN IMMEDIATE` (a writer waits for its turn instead of failing at the end); synchronous=FULL (what is committed survives a
power cut); a reader sees the moment it began and holds up no writer. PostgreSQL: `app.tenant` is set for the transaction, so that row-level
security lets nothing else be seen; who falls asleep within a transaction loses it after a minute, with the locks it holds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import Executable, Row, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFreeError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql.dml import Insert, UpdateBase
from sqlalchemy.sql.selectable import SelectBase

from callwright.errors import InputError, LostError, Problem, ScopeError, SettingsError, StoreError
from callwright.store.constant import is_constant, ready
from callwright.store.scoping import needed
from callwright.store.together import joined, part
from callwright.store.wire import Change, confused, wire_of, without_values

__all__ = ["Changes", "Database", "Scope"]

Record = Mapping[str, Any]
Changes = tuple[Executable, Sequence[Record]] | tuple[Executable, Sequence[Record], Record]
"""A statement, the rows it is for, and what all of them share."""

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_BUSY_S = 30.0
_READS = "callwright_reads"
_SERVER = {"application_name": "callwright", "jit": "off", "idle_in_transaction_session_timeout": "60000"}
_PREPARED = 512  # statements each connection keeps prepared: all we have
_HINT = "write sqlite:///callwright.db or postgresql://user@host/name"


class Scope:
    """One transaction within one tenant. Statements name their tenant by `TENANT`; the scope fills it in."""

    def __init__(self, connection: AsyncConnection, tenant: int, *, reads: bool = False) -> None:
        self.connection, self.tenant = connection, tenant
        self._reads = reads
        self._wire = wire_of(connection)
        self._dialect = connection.dialect

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.connection.dialect.name

    async def all(self, statement: Executable, /, **parameters: Any) -> Sequence[Row[Any]]:
        """Every row."""
        filled = self._filled(statement, parameters)
        if is_constant(statement):
            form = ready(statement, self._dialect, filled)
            return form.rows(await self._wire.rows(form.text, form.values(filled)))
        return (await self.connection.execute(statement, filled)).all()

    async def told(self, statement: Executable, /, **parameters: Any) -> Sequence[Sequence[Any]]:
        """Every row of a statement of `constant` as the driver tells it, for a million of them: moments are datetimes of PostgreSQL and
        milliseconds of SQLite, JSON is text where the statement says so (`cast`)."""
        filled = self._filled(statement, parameters)
        form = ready(statement, self._dialect, filled)
        return await self._wire.rows(form.text, form.values(filled))

    async def first(self, statement: Executable, /, **parameters: Any) -> Row[Any] | None:
        """The first row, None = there is none."""
        if is_constant(statement):
            found = await self.all(statement, **parameters)
            return found[0] if found else None
        return (await self.connection.execute(statement, self._filled(statement, parameters))).first()

    async def value(self, statement: Executable, /, **parameters: Any) -> Any:
        """The first column of the first row, None = there is no row."""
        if is_constant(statement):
            row = await self.first(statement, **parameters)
            return None if row is None else row[0]
        return (await self.connection.execute(statement, self._filled(statement, parameters))).scalar()

    async def run(self, statement: Executable, rows: Iterable[Record] | None = None, /, **parameters: Any) -> int:
        """Change something; how many rows were. rows: the statement once for each of them."""
        if is_constant(statement):
            return await self._wire.change(
                self._changes(statement, [parameters] if rows is None else [{**row, **parameters} for row in rows])
            )
        if rows is None:
            return (await self.connection.execute(statement, self._filled(statement, parameters))).rowcount
        each = [self._filled(statement, {**row, **parameters}) for row in rows]
        return (await self.connection.execute(statement, each)).rowcount if each else 0

    async def together(self, *changes: Changes) -> None:
        """Change several tables, each once and no row twice: one message to PostgreSQL. Statements of `constant`, with the rows each is for
        (none: it is left out), which all have the same parameters.

        Raises:
            ScopeError: two of them change the same table, or a statement is none that can be given rows.
        """
        wanted = [
            (change[0], change[1], self._shared(change[0], change[1][0], change[2] if len(change) == 3 else {}))
            for change in changes
            if change[1]
        ]
        tables = [statement.table for statement, _, _ in wanted if isinstance(statement, UpdateBase)]
        if len(set(tables)) < len(wanted):
            raise ScopeError(
                "what is changed together is of different tables: " + ", ".join(str(table) for table in tables)
            )
        if self.dialect == "sqlite":
            await self._wire.change(
                [
                    each
                    for statement, rows, same in wanted
                    for each in self._forms(statement, [{**row, **same} for row in rows])
                ]
            )
        elif wanted:
            text, values = joined([part(statement, self._dialect, rows, same) for statement, rows, same in wanted])
            await self._wire.change([Change(text, [values])])

    async def add(self, statement: Insert, rows: Iterable[Record]) -> Sequence[Row[Any]]:
        """Insert many; what the statement returns of each. In the order of the rows when it says
        `.returning(..., sort_by_parameter_order=True)`."""
        each = [self._filled(statement, row) for row in rows]
        return (await self.connection.execute(statement, each)).all() if each else ()

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part that is undone by itself when it fails; the transaction goes on."""
        async with self.connection.begin_nested():
            yield

    def _changes(self, statement: Executable, rows: Sequence[Record]) -> list[Change]:
        """Rows of the same parameters together."""
        return self._forms(statement, [self._filled(statement, row) for row in rows])

    def _forms(self, statement: Executable, rows: Sequence[dict[str, Any]]) -> list[Change]:
        changes: list[tuple[str, list[Sequence[Any]]]] = []
        for filled in rows:
            form = ready(statement, self._dialect, filled)
            if not changes or changes[-1][0] != form.text:
                changes.append((form.text, []))
            changes[-1][1].append(form.values(filled))
        return [Change(text, values) for text, values in changes]

    def _shared(self, statement: Executable, row: Record, same: Record) -> dict[str, Any]:
        """What all rows share, with the tenant. row: one of them."""
        ours = needed(statement)
        filled = self._filled(statement, {**row, **same})
        return {name: value for name, value in filled.items() if name not in row or name in same or name in ours}

    def _filled(self, statement: Executable, parameters: Record) -> dict[str, Any]:
        names = needed(statement)
        if self._reads and not isinstance(statement, SelectBase):
            raise ScopeError(f"this transaction only reads: take `scope`, not `reading`\n{statement}")
        if "tenant_id" in parameters and "tenant_id" not in names:
            raise ScopeError(f"a row never changes its tenant\n{statement}")
        filled = dict(parameters)
        for name in names:
            filled[name] = self.tenant
        return filled


class Database:
    """An open database. Made by `open`, which closes it again."""

    def __init__(self, engine: AsyncEngine, connections: int) -> None:
        self.engine = engine
        self._connections = connections
        # Transactions of a tenant are begun and ended by `Wire`; to SQLAlchemy each of their statements stands alone.
        self._plain = engine.execution_options(isolation_level="AUTOCOMMIT") if self.dialect == "postgresql" else engine
        # Connections that nobody uses: to give one back to SQLAlchemy and to take it again costs more than a message to PostgreSQL.
        self._kept: list[AsyncConnection] = []
        self._waiting = 0

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    def writers_at_once(self, most: int) -> int:
        """How many transactions that write are worth having at once, up to `most`: SQLite has one writer."""
        return 1 if self.dialect == "sqlite" else max(1, min(most, self._connections - 1))

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, connections: int = 8) -> AsyncIterator[Database]:
        """url: `sqlite:///FILE` or `postgresql://USER@HOST/NAME`; connections: at most so many at once. Connects when it is first used.

        Raises:
            SettingsError: the address is none of a database we know.
        """
        address = _address(url)
        options: dict[str, Any] = {
            "pool_size": connections,
            "max_overflow": 0,
            "pool_timeout": _BUSY_S,
            "hide_parameters": True,  # an error goes to the log: what was written about people does not
        }
        if address.get_backend_name() == "postgresql":
            options["connect_args"] = {
                "server_settings": _SERVER,
                "prepared_statement_cache_size": _PREPARED,
                "timeout": 10,
            }
        engine = create_async_engine(address, **options)
        if engine.dialect.name == "sqlite":
            _as_we_use_sqlite(engine)
        else:
            event.listen(engine.sync_engine, "handle_error", lambda context: without_values(context.original_exception))
        database = cls(engine, connections)
        try:
            yield database
        finally:
            while database._kept:
                await database._kept.pop().close()
            await engine.dispose()

    @asynccontextmanager
    async def scope(self, tenant: int, *, keyed: bool = False, lasting: bool = True) -> AsyncIterator[Scope]:
        """One transaction within this tenant.

        Args:
            keyed: its rows are found by keys only, so PostgreSQL goes by index, whatever its statistics say.
            lasting: False = a power cut may undo it, with all that was committed after it and does not last either; nothing is waited for then
                on PostgreSQL. For what costs nobody anything when it never was.

        Raises:
            StoreError: the database cannot be reached, or is busy for too long.
            LostError: the connection broke.
        """
        async with self._connected() as connection, _transaction(connection, tenant, keyed=keyed, lasting=lasting):
            yield Scope(connection, tenant)

    @asynccontextmanager
    async def reading(self, tenant: int) -> AsyncIterator[Scope]:
        """The same for what only reads: on SQLite no writer waits for it and it waits for none.

        Raises:
            StoreError, LostError: as for `scope`.
            ScopeError: something would be changed.
        """
        async with self._connected() as connection, _transaction(connection, tenant, reads=True):
            yield Scope(connection, tenant, reads=True)

    async def enter(self, connection: AsyncConnection, tenant: int, *, reads: bool = False) -> Scope:
        """Go on within a tenant in a transaction of `system`: with the tenant that it has just made."""
        if connection.dialect.name == "postgresql":
            await connection.execute(_SET_TENANT, {"tenant": str(tenant)})
        return Scope(connection, tenant, reads=reads)

    async def answers(self) -> None:
        """Ask it something.

        Raises:
            StoreError: it does not answer.
        """
        async with self._connected() as connection:
            await wire_of(connection).rows("SELECT 1", ())

    @asynccontextmanager
    async def system(self, *, reads: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction outside of all tenants: for the list of tenants and for migrations only. reads: it changes nothing, so on SQLite it
        waits for no writer.

        Raises:
            StoreError, LostError: as for `scope`.
        """
        if self._kept:
            await self._kept.pop().close()
        connection = await self._fresh(self.engine)
        with _told(self.engine):
            async with AsyncExitStack() as stack:
                stack.push_async_exit(connection)
                await connection.execution_options(**{_READS: reads})
                try:
                    async with connection.begin():
                        yield connection
                except Exception as error:
                    if not confused(error):
                        raise
                    await connection.invalidate()
                    raise LostError(f"the connection to {_shown(self.engine)} broke within a transaction") from error

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        connection = await self._take()
        with _told(self._plain):
            async with AsyncExitStack() as stack:
                stack.push_async_exit(connection)  # given back to the pool even when this task is cancelled
                yield connection
                if not (self._waiting or connection.in_transaction() or connection.invalidated):
                    stack.pop_all()
                    self._kept.append(connection)

    async def _take(self) -> AsyncConnection:
        while self._kept:
            connection = self._kept.pop()
            if not wire_of(connection).unfit:
                return connection
            await connection.invalidate()  # the server went away meanwhile
            await connection.close()
        return await self._fresh(self._plain)

    async def _fresh(self, engine: AsyncEngine) -> AsyncConnection:
        """From the pool. As long as somebody waits for it, every connection goes back there."""
        self._waiting += 1
        try:
            return await _connect(engine)
        finally:
            self._waiting -= 1


_SET_TENANT = text("SELECT set_config('app.tenant', :tenant, true)")


def _address(url: str) -> URL:
    try:
        address = make_url(url)
        driver = _DRIVERS[address.get_backend_name()]
    except (ArgumentError, KeyError, ValueError):  # ValueError: a port that is no number
        raise SettingsError(Problem("database", "CALLWRIGHT_DATABASE_URL names no database", hint=_HINT)) from None
    if driver.startswith("sqlite") and address.database in (None, "", ":memory:"):
        raise SettingsError(Problem("database", "CALLWRIGHT_DATABASE_URL names no file", hint=_HINT))
    return address.set(drivername=driver)


@asynccontextmanager
async def _transaction(
    connection: AsyncConnection, tenant: int, *, reads: bool = False, keyed: bool = False, lasting: bool = True
) -> AsyncIterator[None]:
    wire = wire_of(connection)
    try:
        await wire.begin(tenant, reads=reads, keyed=keyed, lasting=lasting)
        try:
            yield
        except BaseException:
            await wire.undo()
            raise
        await wire.commit()
    finally:
        if wire.unfit:
            await connection.invalidate()


async def _connect(engine: AsyncEngine) -> AsyncConnection:
    try:
        connection = await engine.connect()
        if wire_of(connection).unfit:  # the server went away meanwhile
            await connection.invalidate()
            await connection.close()
            connection = await engine.connect()
    except NoneFreeError:
        raise StoreError(f"all connections to {_shown(engine)} were in use for {_BUSY_S:.0f} s") from None
    except Exception as error:  # whatever a driver raises while it connects
        without_values(error)
        why = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
        raise StoreError(f"cannot connect to {_shown(engine)}: {why}") from error
    return connection


@contextmanager
def _told(engine: AsyncEngine) -> Iterator[None]:
    """Errors of the driver as ours."""
    try:
        yield
    except OverflowError as error:
        if "SQLite" in str(error):
            raise _too_large() from None
        raise
    except DBAPIError as error:
        if "out of int" in str(error.orig):
            raise _too_large() from None
        if error.connection_invalidated:
            raise LostError(f"the connection to {_shown(engine)} broke within a transaction: {error.orig}") from error
        if isinstance(error, OperationalError) and "database is locked" in str(error.orig):
            raise StoreError(f"{_shown(engine)} was locked by another program for {_BUSY_S:.0f} s") from error
        raise


def _too_large() -> InputError:
    """What both drivers say of a number that no column holds; it came from outside, since none of ours grows so far."""
    hint = "check the ids and figures that were given"
    return InputError(Problem("too-large", "a number is larger than anything here", hint=hint))


def _shown(engine: AsyncEngine) -> str:
    """Which database, without its password."""
    url = engine.url
    return (
        f"{url.database}"
        if engine.dialect.name == "sqlite"
        else f"{url.host or url.query.get('host', 'localhost')}:{url.port or url.query.get('port', 5432)}/{url.database}"
    )


def _as_we_use_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we begin transactions ourselves
        cursor = connection.cursor()
        # busy_timeout comes first: to turn a new file to WAL needs the lock too
        for pragma in (f"busy_timeout={_BUSY_S * 1000:.0f}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "invalidate")
    def undo(connection: Any, *_: Any) -> None:
        # Of a task that was cancelled within a statement. Closed with a statement that somebody still knows of (a traceback does), SQLite keeps
        # its transaction, and with it the lock that every writer waits for. Nothing can be awaited here: it is told to the file's thread.
        raw = connection.driver_connection
        raw._tx.put_nowait((None, lambda: raw._connection and raw._connection.rollback()))

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        if not connection.connection.driver_connection.in_transaction:  # else by `Wire`
            reads = connection.get_execution_options().get(_READS)
            connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
