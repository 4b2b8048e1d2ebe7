"""One transaction within one tenant: what statements are run by. Made by `Database.scope` and `Database.reading`.

Statements go through SQLAlchemy, those of `constant` past it (a tenth of the cost).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Executable, Row
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Insert, UpdateBase
from sqlalchemy.sql.selectable import SelectBase

from callwright.errors import ScopeError
from callwright.store.constant import Constant, constant_of
from callwright.store.scoping import needed
from callwright.store.together import joined, part
from callwright.store.wire import Change, Wire, wire_of

__all__ = ["Changes", "Scope"]

Record = Mapping[str, Any]
Changes = tuple[Executable, Sequence[Record]] | tuple[Executable, Sequence[Record], Record]
"""A statement, the rows it is for, and what all of them share."""


class Scope:
    """One transaction within one tenant. Statements name their tenant by `TENANT`; the scope fills it in.

    lasting: False = it need not be on the disk when it is committed (`Database.scope`); may be set within the transaction.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        tenant: int,
        *,
        reads: bool = False,
        wire: Wire | None = None,
        lasting: bool = True,
    ) -> None:
        self.connection, self.tenant, self.lasting = connection, tenant, lasting
        self._reads = reads
        self._wire = wire_of(connection) if wire is None else wire
        self._dialect = self._wire.dialect

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._dialect.name

    async def all(self, statement: Executable, /, **parameters: Any) -> Sequence[Row[Any]]:
        """Every row."""
        known = constant_of(statement)
        if known is None:
            return (await self.connection.execute(statement, self._filled(statement, parameters))).all()
        filled = self._filled(statement, parameters, known.needs)
        form = known.ready(self._dialect, filled)
        return form.rows(await self._wire.rows(form.text, form.values(filled)))

    async def told(self, statement: Executable, /, **parameters: Any) -> Sequence[Sequence[Any]]:
        """Every row of a statement of `constant` as the driver tells it, for a million of them: moments are datetimes of PostgreSQL and
        milliseconds of SQLite, JSON is text where the statement says so (`cast`)."""
        known = _constant(statement)
        filled = self._filled(statement, parameters, known.needs)
        form = known.ready(self._dialect, filled)
        return await self._wire.rows(form.text, form.values(filled))

    async def first(self, statement: Executable, /, **parameters: Any) -> Row[Any] | None:
        """The first row, None = there is none."""
        if constant_of(statement) is not None:
            found = await self.all(statement, **parameters)
            return found[0] if found else None
        return (await self.connection.execute(statement, self._filled(statement, parameters))).first()

    async def value(self, statement: Executable, /, **parameters: Any) -> Any:
        """The first column of the first row, None = there is no row."""
        if constant_of(statement) is not None:
            row = await self.first(statement, **parameters)
            return None if row is None else row[0]
        return (await self.connection.execute(statement, self._filled(statement, parameters))).scalar()

    async def run(self, statement: Executable, rows: Iterable[Record] | None = None, /, **parameters: Any) -> int:
        """Change something; how many rows were. rows: the statement once for each of them."""
        known = constant_of(statement)
        if known is not None:
            each = [parameters] if rows is None else [{**row, **parameters} for row in rows]
            return await self._wire.change(self._changes(known, each))
        if rows is None:
            return (await self.connection.execute(statement, self._filled(statement, parameters))).rowcount
        filled = [self._filled(statement, {**row, **parameters}) for row in rows]
        return (await self.connection.execute(statement, filled)).rowcount if filled else 0

    async def together(self, *changes: Changes) -> None:
        """Change several tables, each once and no row twice: one message to PostgreSQL. Statements of `constant`, with the rows each is for
        (none: it is left out), which all have the same parameters.

        Raises:
            ScopeError: two of them change the same table, or a statement is none that can be given rows.
        """
        wanted = [
            (_constant(change[0]), change[1], change[2] if len(change) == 3 else {}) for change in changes if change[1]
        ]
        tables = [known.statement.table for known, _, _ in wanted if isinstance(known.statement, UpdateBase)]
        if len(set(tables)) < len(wanted):
            raise ScopeError(
                "what is changed together is of different tables: " + ", ".join(str(table) for table in tables)
            )
        if self.dialect == "sqlite":
            await self._wire.change(
                [
                    each
                    for known, rows, same in wanted
                    for each in self._changes(known, [{**row, **same} for row in rows])
                ]
            )
        elif wanted:
            parts = [
                part(known, self._dialect, rows, self._shared(known, rows[0], same)) for known, rows, same in wanted
            ]
            text, values = joined(parts)
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

    def _changes(self, known: Constant, rows: Sequence[Record]) -> list[Change]:
        """A statement once for each of the rows; those of the same parameters together."""
        changes: list[tuple[str, list[Sequence[Any]]]] = []
        for row in rows:
            filled = self._filled(known.statement, row, known.needs)
            form = known.ready(self._dialect, filled)
            if not changes or changes[-1][0] != form.text:
                changes.append((form.text, []))
            changes[-1][1].append(form.values(filled))
        return [Change(text, values) for text, values in changes]

    def _shared(self, known: Constant, row: Record, same: Record) -> dict[str, Any]:
        """What all rows share, with the tenant. row: one of them."""
        if "tenant_id" in row and "tenant_id" not in known.needs:
            raise _no_move(known.statement)
        return self._filled(known.statement, same, known.needs)

    def _filled(self, statement: Executable, parameters: Record, needs: frozenset[str] | None = None) -> dict[str, Any]:
        """With the tenant. needs: of this statement, where that is known."""
        names = needed(statement) if needs is None else needs
        if self._reads and not isinstance(statement, SelectBase):
            raise ScopeError(f"this transaction only reads: take `scope`, not `reading`\n{statement}")
        if "tenant_id" in parameters and "tenant_id" not in names:
            raise _no_move(statement)
        filled = dict(parameters)
        for name in names:
            filled[name] = self.tenant
        return filled


def _no_move(statement: Executable) -> ScopeError:
    return ScopeError(f"a row never changes its tenant\n{statement}")


def _constant(statement: Executable) -> Constant:
    return constant_of(statement) or Constant(statement)
