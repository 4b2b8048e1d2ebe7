"""The drivers beneath SQLAlchemy: begin, run a text, commit, each one message to PostgreSQL, or one errand of SQLite's thread.

A `Wire` belongs to one connection of the pool. Errors come as those of SQLAlchemy, without the values of the statement.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from sqlalchemy import Dialect, exc
from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["Change", "Wire", "confused", "wire_of", "without_values"]

_MOST_PREPARED = 512
_INFO = "callwright_wire"
_Result = TypeVar("_Result")

# Rows that are found by their keys are found by index, whatever the planner believes about tables that are being filled, and planned for once.
_KEYED = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
}
_AS_KEYED = "; ".join(f"SET {name} = {value}" for name, value in _KEYED.items())
_COMMIT = {True: "COMMIT", False: "SET LOCAL synchronous_commit = off; COMMIT"}
_AS_ELSE = "; ".join(f"RESET {name}" for name in _KEYED)


class Change(NamedTuple):
    """A statement that changes something, once for each of the values."""

    text: str
    values: Sequence[Sequence[Any]]


class Wire(Protocol):
    """A connection to a database, past SQLAlchemy."""

    dialect: Dialect

    @property
    def unfit(self) -> bool:
        """Between transactions: whether nobody may get this connection any more, as it is closed, or a transaction on it could not be undone."""

    async def begin(self, tenant: int, *, reads: bool, keyed: bool) -> None:
        """Begin a transaction of this tenant. keyed: it finds rows by their keys only."""

    async def commit(self, *, lasting: bool) -> None:
        """Make it so, and last: it is on the disk when this is over, unless it need not be. An error: nothing of it is so."""

    async def undo(self) -> None:
        """Nothing of it was."""

    async def rows(self, text: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """What a statement returns."""

    async def change(self, changes: Sequence[Change]) -> int:
        """Change something, in this order; how many rows were."""


def without_values(error: BaseException) -> None:
    """Take out of an error of PostgreSQL what it quotes from rows (`DETAIL: Key (number_index)=(..) already exists`): it goes to logs, with all
    that it came from."""
    seen: BaseException | None = error
    while seen is not None:
        if getattr(seen, "detail", None):
            seen.detail = None  # type: ignore[attr-defined]
        seen = getattr(seen, "orig", None) or seen.__cause__


def confused(error: BaseException) -> bool:
    """Whether asyncpg met what it does not understand: the server has said goodbye, but the end of the connection is still to be read."""
    asyncpg: Any = sys.modules.get("asyncpg")
    return asyncpg is not None and isinstance(error, asyncpg.InternalClientError)


def wire_of(connection: AsyncConnection) -> Wire:
    """The wire of a connection; kept with it in the pool."""
    pooled = connection.sync_connection
    assert pooled is not None
    info = pooled.info
    wire: Wire | None = info.get(_INFO)
    if wire is None:
        raw: Any = pooled.connection.driver_connection
        dialect = connection.dialect
        wire = info[_INFO] = _Sqlite(raw, dialect) if dialect.name == "sqlite" else _Postgres(raw, dialect)
    return wire


class _Postgres:
    def __init__(self, raw: Any, dialect: Dialect) -> None:
        import asyncpg  # type: ignore[import-untyped]  # SQLAlchemy has imported it by now; others need not wait for it

        self._raw, self.dialect = raw, dialect
        self._integrity = asyncpg.IntegrityConstraintViolationError
        self._errors = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, asyncpg.InternalClientError)
        self._prepared: dict[str, Any] = {}
        self._keyed = False

    @property
    def unfit(self) -> bool:
        return bool(self._raw.is_closed() or self._raw.is_in_transaction())

    async def begin(self, tenant: int, *, reads: bool, keyed: bool) -> None:
        del reads
        if keyed != self._keyed:  # for the connection, before the transaction: what is set within one is undone with it
            await self._told(_AS_KEYED if keyed else _AS_ELSE)
            self._keyed = keyed
        await self._told(f"BEGIN; SET LOCAL app.tenant = '{tenant:d}'")

    async def commit(self, *, lasting: bool) -> None:
        # Of a transaction that has failed PostgreSQL says ROLLBACK, and that is no error to it.
        if await self._told(_COMMIT[lasting]) != "COMMIT":
            raise exc.InternalError("COMMIT", None, RuntimeError("an error before had undone the transaction"))

    async def undo(self) -> None:
        if not self._raw.is_closed():
            await self._told("ROLLBACK")

    async def rows(self, text: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        try:
            prepared = self._prepared.get(text) or await self._prepare(text)
            found: Sequence[Sequence[Any]] = await prepared.fetch(*values)
        except Exception as error:
            self._failed(text, error)
            raise  # not reached
        return found

    async def change(self, changes: Sequence[Change]) -> int:
        count = 0
        for text, each in changes:
            try:
                prepared = self._prepared.get(text) or await self._prepare(text)
                if len(each) == 1:
                    await prepared.fetch(*each[0])
                    count += int(prepared.get_statusmsg().rpartition(" ")[2])
                else:
                    await prepared.executemany(each)
                    count += len(each)
            except Exception as error:
                self._failed(text, error)
                raise  # not reached
        return count

    async def _prepare(self, text: str) -> Any:
        if len(self._prepared) >= _MOST_PREPARED:
            self._prepared.clear()
        self._prepared[text] = prepared = await self._raw.prepare(text)
        return prepared

    async def _told(self, text: str) -> str:
        try:
            told: str = await self._raw.execute(text)
        except Exception as error:
            self._failed(text, error)
            raise  # not reached
        return told

    def _failed(self, text: str, error: Exception) -> None:
        self._prepared.pop(text, None)  # a plan that a change of the tables made invalid
        without_values(error)
        if confused(error):
            self._raw.terminate()
        if isinstance(error, self._integrity):
            kind: type[exc.DBAPIError] = exc.IntegrityError
        elif isinstance(error, self._errors):
            kind = exc.DBAPIError
        else:
            raise error
        raise kind(text, None, error, hide_parameters=True, connection_invalidated=self._raw.is_closed()) from error


class _Sqlite:
    def __init__(self, raw: Any, dialect: Dialect) -> None:
        self._raw, self.dialect = raw, dialect

    @property
    def unfit(self) -> bool:
        return False  # what was told to the thread is done in its order, whoever waits for it

    async def begin(self, tenant: int, *, reads: bool, keyed: bool) -> None:
        del tenant, keyed
        text = "BEGIN" if reads else "BEGIN IMMEDIATE"
        await self._errand(text, lambda raw: raw.execute(text))

    async def commit(self, *, lasting: bool) -> None:
        del lasting  # all do
        await self._errand("COMMIT", lambda raw: raw.commit())

    async def undo(self) -> None:
        if not self._raw._running or self._raw._connection is None:
            return  # it was closed when its task was cancelled: what was open is undone by that
        await self._errand("ROLLBACK", lambda raw: raw.rollback())

    async def rows(self, text: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        return await self._errand(text, lambda raw: raw.execute(text, values).fetchall())

    async def change(self, changes: Sequence[Change]) -> int:
        def work(raw: sqlite3.Connection) -> int:
            count = 0
            for text, each in changes:
                count += (raw.execute(text, each[0]) if len(each) == 1 else raw.executemany(text, each)).rowcount
            return count

        return await self._errand(changes[0].text if changes else "", work)

    async def _errand(self, text: str, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """One errand of the thread that the file belongs to, instead of one for each step of a cursor."""
        raw = self._raw
        try:
            done: _Result = await raw._execute(lambda: work(raw._conn))  # as its own methods do
        except sqlite3.Error as error:
            kind = next((_SQLITE[each] for each in type(error).__mro__ if each in _SQLITE), exc.DBAPIError)
            raise kind(text, None, error, hide_parameters=True) from error
        return done


_SQLITE: dict[type, type[exc.DBAPIError]] = {
    sqlite3.IntegrityError: exc.IntegrityError,
    sqlite3.OperationalError: exc.OperationalError,
    sqlite3.InterfaceError: exc.InterfaceError,
    sqlite3.DatabaseError: exc.DatabaseError,
}
