"""XLSX: read row by row by openpyxl (XML through defusedxml), after the archive was looked through for what only an attack has.

An XLSX is a ZIP archive. Before anything is parsed, every entry is unpacked once and counted, so that no figure in the archive is believed:
entries, unpacked bytes in all and for each entry, how much they were packed, entries that lie over each other, archives within it.
Source of the attacks: D. Fifield, "A better zip bomb", WOOT 2019.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from callwright.campaigns.rows import MAX_BYTES, MAX_COLUMNS, MAX_ROWS, Fault, Row, Source, blank, plain_cell
from callwright.campaigns.wording import Language, problem
from callwright.errors import LeadsError, Place

__all__ = ["OTHER_SHEETS", "check_archive", "read_xlsx"]

OTHER_SHEETS = "other sheets"
"""Key of `Source.how`: the names of those that are not read."""

MAX_ENTRIES = 2_000
MAX_RATIO = 200
_SMALL = 1 << 20  # entries below this may be packed as tightly as they like
MAX_STRINGS = 256 << 20
"""Bytes of the table of shared strings: it is held in memory."""
_PIECE = 1 << 20


def check_archive(path: Path, lang: Language = "en", *, most: int = MAX_BYTES) -> None:
    """Look through an archive without parsing anything in it.

    Args:
        most: bytes that it may unpack to in all.

    Raises:
        LeadsError: it is no ZIP archive, damaged, or a zip bomb.
    """

    def refuse(why: str, code: str = "zip-bomb") -> LeadsError:
        return LeadsError(problem(code, lang, Place(str(path)), why=why))

    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise refuse(f"{len(entries)} entries")
            if sum(entry.file_size for entry in entries) > most:
                raise refuse(f"declares more than {most} bytes")
            if sum(entry.compress_size for entry in entries) > path.stat().st_size:
                raise refuse("entries lie over each other")
            left = most
            for entry in entries:
                if entry.flag_bits & 1:
                    raise refuse("it has a password", "not-xlsx")
                left -= _unpacked(archive, entry, left, refuse)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError, RuntimeError) as error:
        raise refuse(f"{type(error).__name__}: {error}", "not-xlsx") from None


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int, refuse: Any) -> int:
    """How many bytes an entry has. The checksum at its end fails when there are more than it declares."""
    if entry.filename.endswith("sharedStrings.xml"):
        left = min(left, MAX_STRINGS)
    total = 0
    with archive.open(entry) as stream:
        while piece := stream.read(_PIECE):
            if not total and piece[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
                raise refuse(f"an archive within: {entry.filename}")
            total += len(piece)
            if total > left:
                raise refuse(f"{entry.filename} has too many bytes")
            if total > _SMALL and total > MAX_RATIO * max(1, entry.compress_size):
                raise refuse(f"{entry.filename} is packed more than {MAX_RATIO} times")
    return total


def read_xlsx(path: Path, lang: Language = "en", sheet: str = "") -> Source:
    """The first sheet that is not hidden, or the one of this name.

    Raises:
        LeadsError: it is no XLSX, a zip bomb, or has no such sheet.
    """
    import openpyxl  # brings numpy: only who reads a workbook waits for it

    if not openpyxl.DEFUSEDXML:
        raise LeadsError(problem("not-xlsx", lang, Place(str(path)), why="defusedxml is not installed"))
    check_archive(path, lang)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    with _Book(path, lang) as book:
        visible = [name for name in book.sheets() if not sheet or name == sheet]
        if not visible:
            names = ", ".join(book.sheets(hidden=True)) or "none"
            raise LeadsError(problem("no-sheet", lang, Place(str(path)), sheet=sheet or "", sheets=names))
        first = next((row for row in book.rows(visible[0]) if not isinstance(row.cells, Fault)), None)
        others = [name for name in book.sheets() if name != visible[0]]
    if first is None or isinstance(first.cells, Fault):
        raise LeadsError(problem("no-column", lang, Place(str(path), 1), field="number"))
    columns = _trimmed(tuple(cell.strip() for cell in first.cells))
    if len(columns) > MAX_COLUMNS:
        raise LeadsError(problem("too-many-columns", lang, Place(str(path)), most=MAX_COLUMNS))

    def rows() -> Iterator[Row]:
        with _Book(path, lang) as book:
            for row in book.rows(visible[0]):
                if row.line <= first.line:
                    continue
                yield row if isinstance(row.cells, Fault) else Row(row.line, _trimmed(row.cells))

    how = {"sheet": visible[0]} | ({OTHER_SHEETS: ", ".join(others)} if others else {})
    return Source(str(path), "xlsx", sha256, columns, rows, 0, how)


def _trimmed(cells: Any) -> Any:
    """Without the empty cells at the end, which a sheet has by the thousand."""
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


class _Book:
    """An open workbook. Whatever openpyxl stumbles over is a LeadsError: it raises all kinds of errors for what is no workbook."""

    def __init__(self, path: Path, lang: Language) -> None:
        self._path, self._lang = path, lang
        self._book: Any = None

    def __enter__(self) -> _Book:
        try:
            import openpyxl

            self._book = openpyxl.load_workbook(self._path, read_only=True, data_only=True, keep_links=False)
        except Exception as error:  # noqa: BLE001 - see above
            raise self._no_book(error) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._book.close()

    def sheets(self, *, hidden: bool = False) -> list[str]:
        """Names in their order."""
        return [sheet.title for sheet in self._book.worksheets if hidden or sheet.sheet_state == "visible"]

    def rows(self, name: str) -> Iterator[Row]:
        """Every row that is not blank; a sheet may say that it has billions of empty ones, so those count too."""
        sheet = self._book[name]
        try:
            sheet.reset_dimensions()
            for line, values in enumerate(sheet.iter_rows(values_only=True), 1):
                if line > MAX_ROWS:
                    raise LeadsError(problem("too-many", self._lang, Place(str(self._path), line), most=MAX_ROWS))
                cells = [plain_cell(value) for value in values]
                texts = [cell or "" for cell in cells]
                if None in cells:
                    yield Row(line, Fault("", "bad-character"))
                elif not blank(texts):
                    yield Row(line, texts)
        except LeadsError:
            raise
        except Exception as error:  # noqa: BLE001 - see above
            raise self._no_book(error) from None

    def _no_book(self, error: Exception) -> LeadsError:
        return LeadsError(
            problem("not-xlsx", self._lang, Place(str(self._path)), why=f"{type(error).__name__}: {error}"[:200])
        )
