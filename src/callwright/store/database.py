"""The database: one engine, and transactions that belong to one tenant.

    async with database.scope(tenant_id) as scope:          # one transaction: committed on leaving, undone by an error
        row = await scope.first(FIND, number=...)
        await scope.run(insert(lead), rows)                 # tenant_id is filled in
    async with database.reading(tenant_id) as scope: ...    # of one moment; waits for nobody

What a scope can do: `scope.py`.

SQLite: WAL; `BEGIN IMMEDIATE` (a writer waits for its turn instead of failing at the end); synchronous=FULL (what is committed survives a
power cut); a reader sees the moment it began and holds up no writer. PostgreSQL: `app.tenant` is set for the transaction, so that row-level
security lets nothing else be seen; who falls asleep within a transaction loses it after a minute, with the locks it holds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFreeError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from callwright.errors import InputError, LostError, Problem, SettingsError, StoreError
from callwright.store.scope import Scope
from callwright.store.wire import confused, wire_of, without_values

__all__ = ["Database"]

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_BUSY_S = 30.0
_READS = "callwright_reads"
_SERVER = {"application_name": "callwright", "jit": "off", "idle_in_transaction_session_timeout": "60000"}
_PREPARED = 512  # statements each connection keeps prepared: all we have
_HINT = "write sqlite:///callwright.db or postgresql://user@host/name"


class Database:
    """An open database. Made by `open`, which closes it again."""

    def __init__(self, engine: AsyncEngine, connections: int) -> None:
        self.engine = engine
        self._connections = connections
        # Transactions of a tenant are begun and ended by `Wire`; to SQLAlchemy each of their statements stands alone.
        self.plain = engine.execution_options(isolation_level="AUTOCOMMIT") if self.dialect == "postgresql" else engine
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

    def scope(
        self, tenant: int, *, keyed: bool = False, lasting: bool = True
    ) -> AbstractAsyncContextManager[Scope, None]:
        """One transaction within this tenant.

        Args:
            keyed: its rows are found by keys only, so PostgreSQL goes by index, whatever its statistics say.
            lasting: False = a power cut may undo it, with all that was committed after it and does not last either; nothing is waited for then
                on PostgreSQL. For what costs nobody anything when it never was.

        Raises:
            StoreError: the database cannot be reached, or is busy for too long.
            LostError: the connection broke.
        """
        return _Transaction(self, tenant, keyed=keyed, lasting=lasting)

    def reading(self, tenant: int) -> AbstractAsyncContextManager[Scope, None]:
        """The same for what only reads: on SQLite no writer waits for it and it waits for none.

        Raises:
            StoreError, LostError: as for `scope`.
            ScopeError: something would be changed.
        """
        return _Transaction(self, tenant, reads=True)

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
        connection = await self.take()
        with _told(self.plain):
            try:
                await wire_of(connection).rows("SELECT 1", ())
            except BaseException as error:
                await connection.__aexit__(type(error), error, error.__traceback__)
                raise
            await self.give_back(connection)

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

    async def give_back(self, connection: AsyncConnection) -> None:
        """To be taken again, or to the pool where somebody waits for it."""
        if self._waiting or connection.invalidated or connection.in_transaction():
            await connection.__aexit__(None, None, None)
        else:
            self._kept.append(connection)

    async def take(self) -> AsyncConnection:
        """A connection that works, ours until it is given back.

        Raises:
            StoreError: there is none.
        """
        while self._kept:
            connection = self._kept.pop()
            if not wire_of(connection).unfit:
                return connection
            await connection.invalidate()  # the server went away meanwhile
            await connection.close()
        return await self._fresh(self.plain)

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


class _Transaction:
    """One transaction of one tenant, on a connection of its own. Written out instead of with generators: dispatch begins three for each batch,
    and what `asynccontextmanager` costs is more than what is done here."""

    __slots__ = ("_connection", "_database", "_keyed", "_lasting", "_reads", "_scope", "_tenant", "_wire")

    def __init__(
        self, database: Database, tenant: int, *, reads: bool = False, keyed: bool = False, lasting: bool = True
    ) -> None:
        self._database, self._tenant = database, tenant
        self._reads, self._keyed, self._lasting = reads, keyed, lasting

    async def __aenter__(self) -> Scope:
        self._connection = connection = await self._database.take()
        self._wire = wire = wire_of(connection)
        try:
            await wire.begin(self._tenant, reads=self._reads, keyed=self._keyed)
        except BaseException as error:
            await self._lose(error)
            raise
        self._scope = scope = Scope(connection, self._tenant, reads=self._reads, wire=wire, lasting=self._lasting)
        return scope

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wire = self._wire
        try:
            if error is not None:
                await wire.undo()
            else:
                await wire.commit(lasting=self._scope.lasting)
        except BaseException as failed:
            await self._lose(failed)
            raise
        if error is not None:
            await self._lose(error)
            return
        with _told(self._database.plain):
            if wire.unfit:
                try:
                    await self._connection.invalidate()
                finally:
                    await self._connection.__aexit__(None, None, None)
            else:
                await self._database.give_back(self._connection)

    async def _lose(self, error: BaseException) -> None:
        """After an error the connection goes back to the pool, which looks at it, or is closed; even when this task is cancelled.

        Raises:
            InputError, LostError, StoreError: what our callers know the error as.
        """
        connection = self._connection
        with _told(self._database.plain):
            try:
                if self._wire.unfit:
                    await connection.invalidate()
            finally:
                await connection.__aexit__(type(error), error, error.__traceback__)
            raise error


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
