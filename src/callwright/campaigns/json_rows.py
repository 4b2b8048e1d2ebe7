"""JSON: an array of objects, or one object on each line; and rows that a program hands over."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from callwright.campaigns.rows import MAX_CELL, MAX_COLUMNS, MAX_ROWS, Fault, Row, Source, plain_cell
from callwright.campaigns.wording import Language, problem
from callwright.errors import LeadsError, Place

__all__ = ["read_json", "read_rows"]

_PIECE = 1 << 20
_MAX_OBJECT = MAX_COLUMNS * (MAX_CELL + 100)
_SPACE = " \t\r\n"
_Item = tuple[int, Any]


def read_json(path: Path, lang: Language = "en") -> Source:
    """Look through the file once, for its columns and its end.

    Raises:
        LeadsError: it is neither an array of objects nor one object on each line.
    """
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        array = file.read(_PIECE).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"["
    items = _array_items if array else _line_items
    place = Place(str(path))

    def read() -> Iterator[_Item]:
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                yield from items(file)
        except UnicodeDecodeError as error:
            raise LeadsError(problem("bad-encoding", lang, place, byte=error.start, encoding="UTF-8")) from None
        except (json.JSONDecodeError, RecursionError) as error:
            raise LeadsError(problem("not-json", lang, place, why=str(error)[:200])) from None

    how = {"form": "array" if array else "lines"}
    return _source(str(path), "json", sha256, read, how, lang)


def read_rows(rows: Sequence[Mapping[str, object]], name: str = "<rows>", lang: Language = "en") -> Source:
    """Rows of a program: mappings with plain values. Equal rows have an equal sha256.

    Raises:
        LeadsError: too many rows or columns, or none.
    """
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row, sort_keys=True, ensure_ascii=True, default=str).encode() + b"\n")
    return _source(name, "rows", digest.hexdigest(), lambda: enumerate(rows, 1), {}, lang)


def _source(name: str, kind: str, sha256: str, read: Any, how: Mapping[str, str], lang: Language) -> Source:
    columns: dict[str, int] = {}
    count = 0
    for line, item in read():
        count += 1
        if count > MAX_ROWS:
            raise LeadsError(problem("too-many", lang, Place(name, line), most=MAX_ROWS))
        if isinstance(item, Mapping):
            for key in item:
                columns.setdefault(str(key).strip(), len(columns))
        if len(columns) > MAX_COLUMNS:
            raise LeadsError(problem("too-many-columns", lang, Place(name, line), most=MAX_COLUMNS))
    if not count:
        raise LeadsError(problem("empty", lang, Place(name)))

    def rows() -> Iterator[Row]:
        for line, item in read():
            yield Row(line, _cells(item, columns))

    return Source(name, kind, sha256, tuple(columns), rows, count, how)


def _cells(item: Any, columns: Mapping[str, int]) -> Sequence[str] | Fault:
    if not isinstance(item, Mapping):
        return Fault("", "not-an-object")
    cells = [""] * len(columns)
    for key, value in item.items():
        cell = plain_cell(value)
        if cell is None:
            return Fault(str(key).strip(), "not-an-object")
        cells[columns[str(key).strip()]] = cell
    return cells


def _line_items(file: Any) -> Iterator[_Item]:
    for line, text in enumerate(iter(lambda: file.readline(_MAX_OBJECT + 2), ""), 1):
        if len(text) > _MAX_OBJECT:
            raise json.JSONDecodeError("the line is too long", "", 0)
        if text.strip():
            yield line, _object(text)


def _object(text: str) -> Any:
    """The value of a line; a line that is no JSON is no object, and the others are read all the same."""
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None


def _array_items(file: Any) -> Iterator[_Item]:
    """The items of an array, one after the other, without holding all of it."""
    decoder = json.JSONDecoder()
    text, at, line = file.read(_PIECE), 0, 0
    at = _skip(text, 0, _SPACE) + 1  # the bracket
    while True:
        at = _skip(text, at, _SPACE + ("," if line else ""))
        if at >= len(text):
            text, at = file.read(_PIECE), 0
            if not text:
                raise json.JSONDecodeError("the array does not end", "", 0)
            continue
        if text[at] == "]":
            break
        while True:
            try:
                value, end = decoder.raw_decode(text, at)
                if end < len(text) or not isinstance(value, int | float):
                    break
            except json.JSONDecodeError:
                if len(text) - at > _MAX_OBJECT:
                    raise
            more = file.read(_PIECE)
            text, at = text[at:] + more, 0
            if not more:
                value, end = decoder.raw_decode(text, at)
                break
        at, line = end, line + 1
        yield line, value
    if (text[at + 1 :] + file.read(_PIECE)).strip():
        raise json.JSONDecodeError("something stands behind the array", "", 0)


def _skip(text: str, at: int, over: str) -> int:
    while at < len(text) and text[at] in over:
        at += 1
    return at
