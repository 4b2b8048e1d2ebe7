"""Which kind of list a file is: found out from its first bytes, not from its name."""

from __future__ import annotations

from pathlib import Path

from callwright.campaigns.delimited import read_csv
from callwright.campaigns.json_rows import read_json
from callwright.campaigns.rows import MAX_BYTES, Source
from callwright.campaigns.spreadsheet import read_xlsx
from callwright.campaigns.wording import Language, problem
from callwright.errors import LeadsError, Place

__all__ = ["open_list"]

_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # also what a password makes of an XLSX


def open_list(path: Path, lang: Language = "en", *, encoding: str = "", sheet: str = "") -> Source:
    """Look through a file: CSV, XLSX or JSON. Blocks while it reads all of it once.

    Args:
        encoding: of a CSV, "" = find out; sheet: of a workbook, "" = the first that is not hidden.

    Raises:
        LeadsError: it cannot be read, is too large, or is no list.
    """
    place = Place(str(path))
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise LeadsError(problem("too-large", lang, place, size=size, most=MAX_BYTES))
        with path.open("rb") as file:
            beginning = file.read(512)
        if beginning.startswith(b"PK"):
            return read_xlsx(path, lang, sheet)
        if beginning.startswith(_OLD_EXCEL):
            raise LeadsError(problem("unknown-kind", lang, place, why="XLS, password"))
        if beginning.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{"):
            return read_json(path, lang)
        return read_csv(path, lang, encoding)
    except FileNotFoundError:
        raise LeadsError(problem("no-file", lang, place)) from None
    except OSError as error:
        raise LeadsError(problem("unreadable", lang, place, why=error.strerror or type(error).__name__)) from None
