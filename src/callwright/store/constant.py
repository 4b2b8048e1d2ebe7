"""Statements that never change: compiled once into the text that the driver takes, and run without SQLAlchemy in between.

    FIND = constant(select(lead.c.id).where(lead.c.tenant_id == TENANT, lead.c.id == bindparam("lead")))
    row = await scope.first(FIND, lead=17)

SQLAlchemy needs about a quarter of a millisecond of processor time to run a statement, more than PostgreSQL needs for it. Here the text, the
order of its values and what turns a column into what we work with are kept with each statement object. So the object must live as long as the
program (a constant of a module), and must mean the same for ever. Rows are named tuples with what we use of a `Row` of SQLAlchemy, whose columns
cost five times as much to ask for.

A list in `IN` is filled up to the next of a few lengths by its last element, so that there are few texts of one statement.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import CompoundSelect, Dialect, Executable, Float, Row, Select, String, cast, literal, null, union_all
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import Insert
from sqlalchemy.types import TypeEngine

from callwright.errors import ScopeError
from callwright.store.scoping import needed

__all__ = ["Constant", "Ready", "alternatives", "compiled", "constant", "constant_of"]

_MARK = "callwright_constant"
_KEPT = "_callwright_constant"
_LENGTHS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 32, 40, 50, 64, 80, 100, 128, 160, 200, 256, 320, 400, 500)
_MOST_TEXTS = 256
_FLOAT8 = 701  # the type's number in PostgreSQL, which SQLAlchemy asks for

_Statement = TypeVar("_Statement", bound=Executable)
Convert = Callable[[Any], Any]
Late = tuple[Any, ...]
"""What the text depends on: the lengths of lists, and values that are written into it."""


def constant(statement: _Statement) -> _Statement:
    """This statement, to be compiled once. It must not be made anew for each use."""
    return statement.execution_options(**{_MARK: True})


class Constant:
    """What is known of one statement of `constant`. needs: the parameters that a scope fills in (`needed`); many: for `together`."""

    __slots__ = ("_forms", "many", "needs", "statement")

    def __init__(self, statement: Executable) -> None:
        self.statement = statement
        self.needs = needed(statement)
        self.many: dict[Any, Any] = {}
        self._forms: dict[tuple[str, tuple[str, ...]], _Compiled] = {}

    def ready(self, dialect: Dialect, given: Mapping[str, Any]) -> Ready:
        """Its text for these parameters, all of which it takes.

        Raises:
            ScopeError: a column is left out whose default is made anew for each row.
        """
        which = (dialect.name, tuple(given))
        known = self._forms.get(which)
        if known is None:
            known = self._forms[which] = _Compiled(self.statement, dialect, which[1])
        return known.ready(given)


def constant_of(statement: Executable) -> Constant | None:
    """What is known of a statement; None = it was not made by `constant`.

    Raises:
        ScopeError: it could leave its tenant.
    """
    known: Constant | None = statement.__dict__.get(_KEPT)
    if (
        known is not None and known.statement is statement
    ):  # SQLAlchemy hands on what it finds in one to all that are made from it
        return known
    if _MARK not in statement.get_execution_options():
        return None
    known = statement.__dict__[_KEPT] = Constant(statement)
    return known


def alternatives(**selects: Select[Any]) -> CompoundSelect[Any]:
    """Rows of several SELECTs in one answer (UNION ALL). Each row says in `what` which one it is of, and has the columns of all of them by
    their names (NULL where it has no such one); columns of one name are of one type."""
    columns: dict[str, TypeEngine[Any]] = {}
    for one in selects.values():
        columns |= {name: column.type for name, column in one.selected_columns.items()}
    parts = []
    for what, one in selects.items():
        own = dict(one.selected_columns.items())
        filled = [
            own[name].label(name) if name in own else cast(null(), kind).label(name) for name, kind in columns.items()
        ]
        parts.append(one.with_only_columns(literal(what, String()).label("what"), *filled))
    return union_all(*parts)


class _Value(NamedTuple):
    """Where a value comes from: the parameter of this name, or its element at `at`; without a name it is always `fixed`."""

    name: str | None
    at: int | None
    convert: Convert | None
    fixed: Any = None


class _Told:
    """Of rows: what a `Row` of SQLAlchemy has besides its columns."""

    __slots__ = ()
    _names: tuple[str, ...] = ()

    @property
    def _mapping(self) -> dict[str, Any]:
        return dict(zip(self._names, self, strict=True))  # type: ignore[call-overload]


def _row_of(names: Sequence[str]) -> Callable[[Iterable[Any]], Row[Any]]:
    """What makes a row of values in this order. A name that is none in Python has no attribute."""
    kind = namedtuple("Told", names, rename=True)  # type: ignore[misc]
    return partial(tuple.__new__, type("Told", (_Told, kind), {"__slots__": (), "_names": tuple(names)}))


class Ready:
    """A text, and how values go in and rows come out."""

    def __init__(
        self, text: str, values: Sequence[_Value], names: Sequence[str], into: Sequence[tuple[int, Convert]]
    ) -> None:
        self.text = text
        self._values = tuple(values)
        self._into = tuple(into)
        self._row = _row_of(names) if names else None

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """The values of one run, as the driver wants them in order."""
        found = []
        for name, at, convert, fixed in self._values:
            if name is None:
                found.append(fixed)
                continue
            value = given[name]
            if at is not None:
                value = value[at] if at < len(value) else value[-1]
            found.append(value if convert is None else convert(value))
        return found

    def rows(self, told: Sequence[Sequence[Any]]) -> list[Row[Any]]:
        """Rows as the driver tells them, as ours."""
        if self._row is None:
            return []
        row, into = self._row, self._into
        if not into:
            return list(map(row, told))
        made = []
        for each in told:
            values = list(each)
            for at, convert in into:
                if values[at] is not None:
                    values[at] = convert(values[at])
            made.append(row(values))
        return made


class _Compiled:
    """A statement for one dialect, with parameters of certain names."""

    def __init__(self, statement: Executable, dialect: Dialect, names: tuple[str, ...]) -> None:
        self.compiled, self._fixed = compiled(statement, dialect, names)
        self._lists = tuple(sorted(each.key for each in self.compiled.post_compile_params if each.key in names))
        self._written = tuple(sorted(each.key for each in self.compiled.literal_execute_params if each.key in names))
        self._columns = [(each.keyname, each.type) for each in self.compiled._result_columns]
        self._dialect = dialect
        self._texts: dict[Late, Ready] = {}

    def ready(self, given: Mapping[str, Any]) -> Ready:
        late: Late = ()
        if self._lists or self._written:
            late = (*(_length(len(given[name])) for name in self._lists), *(given[name] for name in self._written))
        known = self._texts.get(late)
        if known is None:
            if len(self._texts) >= _MOST_TEXTS:
                self._texts.clear()
            known = self._texts[late] = self._make(given)
        return known

    def _make(self, given: Mapping[str, Any]) -> Ready:
        filled = dict(given)
        for name in self._lists:
            each = list(given[name])
            filled[name] = each + each[-1:] * (_length(len(each)) - len(each))
        state = self.compiled.construct_expanded_state(filled)
        parts = {part: (name, at) for name, parts in state.parameter_expansion.items() for at, part in enumerate(parts)}
        own, dialect = self.compiled._bind_processors, self._dialect
        values = []
        for name in state.positiontup or ():
            convert: Any = own.get(name) or state.processors.get(name)
            source, at = parts.get(name, (name, None))
            if source in given:
                values.append(_Value(source, at, convert))
            else:
                fixed = self._fixed[name] if at is None else state.parameters[name]
                values.append(_Value(None, None, None, fixed if convert is None else convert(fixed)))
        into = [
            (at, convert)
            for at, (_, kind) in enumerate(self._columns)
            if (convert := kind._cached_result_processor(dialect, _FLOAT8 if isinstance(kind, Float) else None))
            is not None
        ]
        return Ready(state.statement, values, [name for name, _ in self._columns], into)


def compiled(statement: Executable, dialect: Dialect, names: Sequence[str]) -> tuple[SQLCompiler, dict[str, Any]]:
    """Compiled for these parameters, and the values of those that are not among them: written into the statement, or defaults of columns.

    Raises:
        ScopeError: as for `Constant.ready`.
    """
    options = {"for_executemany": True} if isinstance(statement, Insert) else {}  # it returns no key by itself
    made = statement.compile(dialect=dialect, column_keys=list(names), **options)  # type: ignore[attr-defined]
    if not isinstance(made, SQLCompiler):
        raise ScopeError(f"this statement cannot be constant\n{statement}")
    fixed = dict(made.params)
    for column in made.prefetch:
        default: Any = column.default
        if default is None or not default.is_scalar:
            raise ScopeError(f"this statement cannot be constant: name the value of {column}\n{statement}")
        fixed[column.key] = default.arg
    return made, fixed


def _length(count: int) -> int:
    """The length that a list of so many is filled up to."""
    at = bisect_left(_LENGTHS, count)
    return _LENGTHS[at] if at < len(_LENGTHS) else count
