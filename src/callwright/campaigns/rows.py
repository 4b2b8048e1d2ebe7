"""Rows as they come out of a file, whatever its kind, and the limits of all kinds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = [
    "MAX_BYTES", "MAX_CELL", "MAX_COLUMNS", "MAX_ROWS", "Fault", "Row", "RowReader", "Source", "evidence", "plain_cell",
]  # fmt: skip

MAX_BYTES = 1 << 30
"""Of a file, and of what a packed one unpacks to."""
MAX_ROWS = 5_000_000
MAX_COLUMNS = 200
MAX_CELL = 2000


class Fault(NamedTuple):
    """What is wrong with a row: field ("" = the row), code and values as in wording.py."""

    field: str
    code: str
    values: Mapping[str, Any] = {}


class Row(NamedTuple):
    """line: 1-based, of the file (JSON array: number of the item). cells: one for each column, or fewer; or what is wrong."""

    line: int
    cells: Sequence[str] | Fault


RowReader = Callable[[], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class Source:
    """A list that was looked through once: it can be read to its end.

    name: as people know it; kind: csv, xlsx, json or rows; how: what was found out about it (encoding, delimiter, sheet), for people;
    sha256: of the bytes; columns: names, in order; about: how many rows there are, nearly; rows: reads it from the beginning.
    """

    name: str
    kind: str
    sha256: str
    columns: tuple[str, ...]
    rows: RowReader = field(repr=False)
    about: int = 0
    how: Mapping[str, str] = field(default_factory=dict)

    def evidence(self, line: int) -> str:
        """sha256 that names one row of this very file."""
        return evidence(self.sha256, line)


def evidence(sha256: str, line: int) -> str:
    """sha256 that names one row of the file of this sha256."""
    return hashlib.sha256(f"{sha256}:{line}".encode()).hexdigest()


def plain_cell(value: object) -> str | None:
    """A value of a spreadsheet or of JSON as the text a CSV would have; None = it is no plain value."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**40 else None
    moment = getattr(value, "isoformat", None)
    return str(moment()) if moment is not None else None


def blank(cells: Iterable[str]) -> bool:
    """Whether a row has nothing in it."""
    return not any(cell.strip() for cell in cells)
