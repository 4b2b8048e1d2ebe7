"""Does a statement stay within its tenant? Answered from its structure, before it runs.

Every tenant table in every block of a statement (SELECT, subquery, EXISTS, CTE, UPDATE, DELETE), each alias for itself, must be held by

- `t.c.tenant_id == TENANT`, or
- `t.c.tenant_id == other.c.tenant_id`, where `other` is held in the same block or, correlated, in one around it,

as a conjunct of WHERE or of a join's ON. The ON of a left join holds its right side only; that of a full join holds nothing. What cannot be
looked into (text, literal SQL, tables we do not know) is refused; temporary tables belong to the transaction that made them. The table
`tenant` is held by its own `id`. An INSERT is given its tenant by the scope, or takes it from a SELECT that is held; a conflict may only be
with a row of the same tenant.

PostgreSQL refuses the same by row-level security; here is the guard that SQLite has too, and that tells which table of which statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Executable, Select, Table, TableClause, TextClause
from sqlalchemy.sql import operators
from sqlalchemy.sql.dml import Delete, Insert, Update, UpdateBase
from sqlalchemy.sql.elements import (
    BinaryExpression,
    BindParameter,
    BooleanClauseList,
    ClauseElement,
    ColumnClause,
    Grouping,
    Label,
)
from sqlalchemy.sql.selectable import (
    CTE,
    AliasedReturnsRows,
    CompoundSelect,
    FromClause,
    FromGrouping,
    Join,
    Lateral,
    SelectBase,
    SelectStatementGrouping,
    Values,
)

from callwright.errors import ScopeError
from callwright.store.metadata import TENANT, TENANT_TABLES, metadata, temporary

__all__ = ["needed"]

_OWNER = "tenant_id"
_PLAIN = re.compile(r"[\w*]+")
_REMEMBERED = 4096
_ALIKE: dict[object, frozenset[str]] = {}
_LOOKED_INTO: WeakKeyDictionary[Executable, frozenset[str]] = WeakKeyDictionary()

Froms = frozenset[FromClause]
Fact = tuple[FromClause, FromClause | None]
"""The left one is held as soon as the right one is; None = by TENANT itself."""


def needed(statement: Executable) -> frozenset[str]:
    """The parameters that a scope fills in for this statement: `tenant`, `tenant_id` or both. Looks once into each statement object (a
    microsecond from then on), and once into all that are built alike (some ten: their structure is compared, as SQLAlchemy does).

    Raises:
        ScopeError: it could leave its tenant.
    """
    known = _LOOKED_INTO.get(statement)
    if known is None:
        known = _LOOKED_INTO[statement] = _look_or_remember(statement)
    return known


def _look_or_remember(statement: Executable) -> frozenset[str]:
    built = statement._generate_cache_key() if isinstance(statement, SelectBase | UpdateBase) else None
    if built is None:
        return _look_into(statement)
    known = _ALIKE.get(built.key)
    if known is None:
        if len(_ALIKE) >= _REMEMBERED:
            _ALIKE.clear()
        known = _ALIKE[built.key] = _look_into(statement)
    return known


def _look_into(statement: Executable) -> frozenset[str]:
    if not isinstance(statement, SelectBase | UpdateBase):
        raise ScopeError(
            f"{type(statement).__name__} cannot be looked into: write it with select, insert, update or delete"
        )
    _check(statement, frozenset(), frozenset())
    names = {TENANT.key} if any(map(_is_tenant, _everything(statement))) else set()
    if isinstance(statement, Insert) and statement.select is None and statement.table in TENANT_TABLES:
        names.add(_OWNER)
    return frozenset(names)


def _check(block: ClauseElement, nearest: Froms, around: Froms) -> None:
    """One block and those in it. nearest: FROM of the block around it (correlated by itself); around: of all (when told to)."""
    if isinstance(block, SelectStatementGrouping):
        _check(block.element, nearest, around)
        return
    if isinstance(block, Select):
        shown = _hold(block, _shown(block, nearest, around), block.whereclause, around)
    elif isinstance(block, Update | Delete):
        shown = _hold(block, [block.table, *_mentioned(block)], block.whereclause, around)
        if isinstance(block, Update):
            _keeps_owner(block)
    elif isinstance(block, Insert):
        _check_insert(block)
        shown = frozenset()
    elif isinstance(block, CompoundSelect):
        shown = nearest
    else:
        raise _refused(block, f"{type(block).__name__} cannot be looked into")
    for inner, correlated in _inner_blocks(block):
        if isinstance(inner, UpdateBase):
            raise _refused(inner, "a part of a statement must not change data")
        _check(inner, shown if correlated else frozenset(), around | shown if correlated else frozenset())


def _shown(block: Select[Any], nearest: Froms, around: Froms) -> list[FromClause]:
    """What stands in its FROM: as SQLAlchemy decides what is correlated to the blocks around."""
    froms = list(block.get_final_froms())
    if block._auto_correlate:
        return [one for one in froms if one not in nearest] if len(froms) > 1 else froms
    correlated = around & set(block._correlate)
    if block._correlate_except is not None:
        correlated |= around - set(block._correlate_except)
    return [one for one in froms if one not in correlated]


def _hold(block: ClauseElement, froms: Iterable[FromClause], where: ClauseElement | None, around: Froms) -> Froms:
    """Every element of FROM, each tenant table among them held. around: held already by the blocks around.

    Raises:
        ScopeError: one is not.
    """
    facts, elements = list(_facts(where)), set[FromClause]()
    for one in froms:
        _flatten(one, elements, facts)
    held: set[FromClause] = (set(around) - elements) | {one for one in elements if not _has_owner(one)}
    while new := {one for one, source in facts if one not in held and (source is None or _holds(source, held))}:
        held |= new
    for one in elements - held:
        name = getattr(one, "name", "?")
        raise _refused(block, f"{name} is not held: add {name}.c.{_owner_name(one)} == TENANT")
    return frozenset(elements)


def _holds(source: FromClause, held: set[FromClause]) -> bool:
    return source in held and (_has_owner(source) or isinstance(source, AliasedReturnsRows))


def _flatten(one: FromClause, elements: set[FromClause], facts: list[Fact]) -> Froms:
    """Elements of a join or of anything else in FROM, with what ON says about them."""
    if isinstance(one, FromGrouping):
        return _flatten(one.element, elements, facts)
    if isinstance(one, Join):
        left, right = _flatten(one.left, elements, facts), _flatten(one.right, elements, facts)
        if not one.full:
            facts += [fact for fact in _facts(one.onclause) if not one.isouter or fact[0] in right]
        return left | right
    if not isinstance(one, TableClause | AliasedReturnsRows | Values):
        raise ScopeError(f"{type(one).__name__} in FROM cannot be looked into")
    _table(one)
    elements.add(one)
    return frozenset({one})


def _facts(condition: object) -> Iterator[Fact]:
    """What the conjuncts of a condition say about owners."""
    if isinstance(condition, Grouping):
        yield from _facts(condition.element)
    elif isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
        for part in condition.clauses:
            yield from _facts(part)
    elif isinstance(condition, BinaryExpression) and condition.operator is operators.eq:
        left, right = _owned_by(condition.left), _owned_by(condition.right)
        if left is not None and (right is not None or _is_tenant(condition.right)):
            yield left, right
        if right is not None and (left is not None or _is_tenant(condition.left)):
            yield right, left


def _is_tenant(element: object) -> bool:
    return isinstance(element, BindParameter) and element.key == TENANT.key


def _table(one: FromClause) -> Table | None:
    """The table that an element of FROM shows under this or another name; None = what it shows is a block of its own, or values.

    Raises:
        ScopeError: it is no table of ours.
    """
    while isinstance(one, AliasedReturnsRows) and isinstance(one.element, FromClause):
        one = one.element
    if not isinstance(one, TableClause):
        return None
    passing = isinstance(one, Table) and one.metadata is temporary and one.name not in metadata.tables
    if not isinstance(one, Table) or not (passing or metadata.tables.get(one.key) is one):
        raise ScopeError(f"{one.name} is no table of ours: it cannot be told whose rows it holds")
    return one


def _has_owner(one: FromClause) -> bool:
    table = _table(one)
    return table is not None and (table in TENANT_TABLES or table.name == "tenant")


def _owner_name(one: FromClause) -> str:
    table = _table(one)
    return "id" if table is not None and table.name == "tenant" else _OWNER


def _owned_by(column: object) -> FromClause | None:
    """The element of FROM whose owner this column is."""
    if not isinstance(column, ColumnClause) or column.table is None:
        return None
    one = column.table
    if isinstance(one, AliasedReturnsRows) and isinstance(one.element, Select):
        inner = one.element.selected_columns.get(column.key)
        return one if inner is not None and _is_owner(inner) else None
    return one if _has_owner(one) and column.key == _owner_name(one) else None


def _is_owner(column: object) -> bool:
    if isinstance(column, Label):
        column = column.element
    return _is_tenant(column) or _owned_by(column) is not None


def _check_insert(block: Insert) -> None:
    if block.table not in TENANT_TABLES:
        if _table(block.table) is None or _has_owner(block.table) or block.table.name in metadata.tables:
            raise _refused(block, f"{block.table.name} belongs to no tenant")
        return
    if block._multi_values:
        raise _refused(block, "many rows are given when it runs (`scope.run(INSERT, rows)`), not in the statement")
    for conflict in (one for one in _everything(block) if hasattr(one, "inferred_target_elements")):
        _check_conflict(block, conflict)
    if block.select is None:
        _keeps_owner(block)
        return
    names = list(block._select_names or ())
    for part in _parts(block.select):
        if _OWNER not in names or not _is_owner(list(part.selected_columns)[names.index(_OWNER)]):
            raise _refused(block, "from a SELECT: name tenant_id, and select TENANT or the tenant_id of a table for it")


def _parts(select: Any) -> Iterator[Select[Any]]:
    if isinstance(select, SelectStatementGrouping):
        yield from _parts(select.element)
    elif isinstance(select, CompoundSelect):
        for part in select.selects:
            yield from _parts(part)
    else:
        yield select


def _check_conflict(block: Insert, conflict: Any) -> None:
    changes = getattr(conflict, "update_values_to_set", None)
    if changes is None:
        return
    target = [getattr(one, "key", one) for one in conflict.inferred_target_elements or ()]
    if _OWNER not in target:
        raise _refused(block, "ON CONFLICT: index_elements must hold tenant_id")
    if _OWNER in {getattr(key, "key", key) for key in dict(changes)}:
        raise _refused(block, "a row never changes its tenant")


def _keeps_owner(block: Insert | Update) -> None:
    values = [*(block._values or ()), *(key for key, _ in getattr(block, "_ordered_values", None) or ())]
    if _OWNER in {getattr(key, "key", key) for key in values}:
        raise _refused(block, "tenant_id is filled in by the scope, and a row never changes its tenant")


def _mentioned(block: ClauseElement) -> Iterator[FromClause]:
    """Tables of columns that stand in a block itself (not in those within it)."""
    for element in _own(block):
        if isinstance(element, ColumnClause) and element.table is not None:
            yield element.table


def _inner_blocks(block: ClauseElement) -> Iterator[tuple[ClauseElement, bool]]:
    """Blocks right within this one, and whether they are correlated to it (those in FROM are not, but for LATERAL)."""
    for element in _own(block):
        if isinstance(element, AliasedReturnsRows) and not isinstance(element.element, FromClause):
            if isinstance(element, CTE) and element.recursive:
                raise _refused(block, "a recursive CTE cannot be looked into")
            yield element.element, isinstance(element, Lateral)
        elif isinstance(element, SelectBase | UpdateBase):
            yield element, True


def _own(block: ClauseElement) -> Iterator[ClauseElement]:
    """Everything in a block; what opens another block is given, but not looked into.

    Raises:
        ScopeError: something of it is text.
    """
    waiting, seen = list(block.get_children()), set()
    while waiting:
        element = waiting.pop()
        if id(element) in seen:
            continue
        seen.add(id(element))
        if isinstance(element, TextClause) or (
            isinstance(element, ColumnClause) and element.is_literal and not _PLAIN.fullmatch(element.name)
        ):
            raise _refused(block, f"text cannot be looked into: {element}")
        yield element
        if isinstance(element, ColumnClause) and element.table is not None:
            waiting.append(element.table)
        elif isinstance(element, AliasedReturnsRows) and isinstance(element.element, FromClause):
            waiting.append(element.element)
        elif not isinstance(element, SelectBase | UpdateBase | AliasedReturnsRows | Table):
            waiting += element.get_children()


def _everything(block: ClauseElement) -> Iterator[ClauseElement]:
    """Everything in a block and in those within it."""
    for element in _own(block):
        yield element
        if isinstance(element, SelectBase | UpdateBase):
            yield from _everything(element)
        elif isinstance(element, AliasedReturnsRows):
            yield element.element
            yield from _everything(element.element)


def _refused(block: ClauseElement, why: str) -> ScopeError:
    try:
        told = str(block)
    except Exception:  # noqa: BLE001 - only shown: the refusal stands however it is told
        told = repr(block)
    return ScopeError(f"{why}\n{told}")
