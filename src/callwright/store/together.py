"""Changes that do not look at each other, in one message: on PostgreSQL one statement, `WITH first AS (UPDATE ...), ... INSERT ...`.

Many rows go as one array for each column (`unnest`), so PostgreSQL plans, checks and answers once for all of them; what all rows share goes
once. Arrays of all but moments go as text (`{1,2}`): asyncpg asks of each element of an array whether it is an array itself, which costs more
than to write it (moments cost PostgreSQL more to read). Each change is of a table of its own, and no row is changed twice: PostgreSQL carries
them out in no certain order, all of them seeing what was there before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Executable
from sqlalchemy.sql.dml import Insert, Update

from callwright.errors import ScopeError
from callwright.store.constant import Constant, Convert, compiled

__all__ = ["Part", "joined", "part", "sharing"]

_VALUE = re.compile(r"\$(\d+)")
_TYPED = re.compile(r"\$(\d+)::(TIMESTAMP WITH TIME ZONE|[A-Z]+)")
_MOST_TEXTS = 512


class Part(NamedTuple):
    """One of the changes: its text, with values numbered from 1, and the values."""

    text: str
    values: Sequence[Any]


class _Column(NamedTuple):
    """name: of the parameter, the same in each row; convert: into what the driver takes; told: all of it as the text of an array, None = as it
    is."""

    name: str
    convert: Convert | None
    told: Callable[[Sequence[Any]], str] | None


class _Own(NamedTuple):
    """A value that is the same in all rows: of the parameter of this name, or, without one, always `fixed`."""

    name: str | None
    convert: Convert | None
    fixed: Any = None


class _Many:
    """A statement for many rows at once. names: parameters of each row; same: those that all rows share."""

    def __init__(self, statement: Executable, dialect: Dialect, names: tuple[str, ...], same: tuple[str, ...]) -> None:
        made, defaults = compiled(statement, dialect, (*names, *same))
        self._own: list[_Own] = []
        self._columns: list[_Column] = []
        order, converts = list(made.positiontup or ()), made._bind_processors
        kinds: dict[int, str] = {int(number): kind for number, kind in _TYPED.findall(made.string)}
        shared: dict[int, int] = {}
        for number, name in enumerate(order, start=1):
            if name in names:
                continue
            convert: Any = converts.get(name)
            if name in same:
                self._own.append(_Own(name, convert))
            else:
                fixed = defaults.get(name)
                self._own.append(_Own(None, None, fixed if convert is None else convert(fixed)))
            shared[number] = len(self._own)
        columns = [number for number in range(1, len(order) + 1) if number not in shared]
        for number in columns:
            one: Any = converts.get(order[number - 1])
            self._columns.append(_Column(order[number - 1], one, _AS_TEXT.get(kinds[number])))
        arrays = ", ".join(
            f"${len(self._own) + at}::{'TEXT::' if kinds[number] in _AS_TEXT else ''}{kinds[number]}[]"
            for at, number in enumerate(columns, start=1)
        )

        def placed(found: re.Match[str]) -> str:
            number = int(found[1])
            return f"${shared[number]}::{found[2]}" if number in shared else f"given.c{number}"

        text = _TYPED.sub(placed, made.string)
        given = f"unnest({arrays}) AS given({', '.join(f'c{number}' for number in columns)})"
        self.text = _with_rows(statement, text, given)

    def values(self, rows: Sequence[Mapping[str, Any]], same: Mapping[str, Any]) -> list[Any]:
        """What is the same in all rows, then an array for each column."""
        found = []
        for name, convert, fixed in self._own:
            value = fixed if name is None else same[name]
            found.append(value if name is None or convert is None else convert(value))
        for name, convert, told in self._columns:
            column = [row[name] for row in rows]
            if convert is not None:
                column = [convert(value) for value in column]
            found.append(column if told is None else told(column))
        return found


# ------------------------------------------------------------ arrays as text (PostgreSQL 8.15.6)


def _numbers(column: Sequence[Any]) -> str:
    if set(map(type, column)) == _INT:
        return f"{{{str(column)[1:-1]}}}"
    return f"{{{','.join(['NULL' if value is None else format(value, 'd') for value in column])}}}"


def _words(column: Sequence[Any]) -> str:
    if set(map(type, column)) == _STR:
        text = '","'.join(column)
        if "\\" not in text and text.count('"') == 2 * (len(column) - 1):  # none but ours
            return f'{{"{text}"}}'
    return f"{{{','.join(['NULL' if value is None else _in_quotes(value) for value in column])}}}"


def _in_quotes(word: str) -> str:
    if not isinstance(word, str):
        raise TypeError(f"a word is text, not {type(word).__name__}")
    if "\\" in word or '"' in word:
        word = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{word}"'


def _bytes(column: Sequence[Any]) -> str:
    if set(map(type, column)) == _BYTES:
        return _HEXES % '","\\\\x'.join(map(bytes.hex, column))
    return f"{{{','.join(['NULL' if value is None else _HEX % value.hex() for value in column])}}}"


def _truths(column: Sequence[Any]) -> str:
    return f"{{{','.join(['NULL' if value is None else 't' if value else 'f' for value in column])}}}"


# Most columns have neither a NULL nor a quote: they are written by loops of the interpreter.
_INT, _STR, _BYTES = frozenset({int}), frozenset({str}), frozenset({bytes})
_HEXES = '{"\\\\x%s"}'
_HEX = '"\\\\x%s"'
_AS_TEXT: dict[str, Callable[[Sequence[Any]], str]] = {
    "BIGINT": _numbers,
    "INTEGER": _numbers,
    "SMALLINT": _numbers,
    "VARCHAR": _words,
    "TEXT": _words,
    "BYTEA": _bytes,
    "BOOLEAN": _truths,
}


def _with_rows(statement: Executable, text: str, given: str) -> str:
    """The text of a statement for one row, for the rows of `given`."""
    head, values, rest = text.partition(" VALUES (")
    inner, conflict, otherwise = rest.partition(") ON CONFLICT ")
    if isinstance(statement, Insert) and values and otherwise.endswith(" DO NOTHING"):
        return f"{head} SELECT {inner} FROM {given} ON CONFLICT {otherwise}"  # noqa: S608 - made of our own statements
    if isinstance(statement, Insert) and values and not conflict and rest.endswith(")"):
        return f"{head} SELECT {rest[:-1]} FROM {given}"  # noqa: S608 - made of our own statements
    head, where, rest = text.partition(" WHERE ")
    if isinstance(statement, Update) and where and " WHERE " not in rest:
        return f"{head} FROM {given} WHERE {rest}"
    raise ScopeError(f"this statement cannot be given many rows at once\n{statement}")


_JOINED: dict[tuple[str, ...], str] = {}


def part(constant: Constant, dialect: Dialect, rows: Sequence[Mapping[str, Any]], same: Mapping[str, Any]) -> Part:
    """A change of PostgreSQL for these rows, which are not none, have the same parameters, and change no row twice. same: what all share."""
    if len(rows) == 1:
        whole = {**rows[0], **same}
        form = constant.ready(dialect, whole)
        return Part(form.text, form.values(whole))
    which = (tuple(rows[0]), tuple(same))
    many: _Many | None = constant.many.get(which)
    if many is None:
        own = tuple(name for name in rows[0] if name not in same)
        many = constant.many[which] = _Many(constant.statement, dialect, own, which[1])
    return Part(many.text, many.values(rows, same))


def sharing(rows: Sequence[Mapping[str, Any]], *names: str) -> tuple[Sequence[Mapping[str, Any]], Mapping[str, Any]]:
    """The rows without these parameters, and what they are, when they are the same in all rows; else the rows as they are."""
    if not rows or any(row[name] != rows[0][name] for row in rows for name in names):
        return rows, {}
    return [{key: value for key, value in row.items() if key not in names} for row in rows], {
        name: rows[0][name] for name in names
    }


def joined(parts: Sequence[Part]) -> tuple[str, list[Any]]:
    """All of them as one statement, with its values."""
    texts = tuple(each.text for each in parts)
    known = _JOINED.get(texts)
    if known is None:
        if len(_JOINED) >= _MOST_TEXTS:
            _JOINED.clear()
        known = _JOINED[texts] = _join(parts)
    return known, [value for each in parts for value in each.values]


def _join(parts: Sequence[Part]) -> str:
    before, texts = 0, []
    for each in parts:
        texts.append(_VALUE.sub(lambda found, before=before: f"${int(found[1]) + before}", each.text))  # type: ignore[misc]
        before += len(each.values)
    *first, last = texts
    return last if not first else f"WITH {', '.join(f'w{at} AS ({text})' for at, text in enumerate(first))} {last}"
