"""Take a list out again, as CSV or XLSX that no spreadsheet runs and that an import reads back; with whole numbers, or masked ones."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

import anyio.to_thread

from callwright.calls.model import mask
from callwright.campaigns import lead_store
from callwright.campaigns.cells import as_text, risky
from callwright.campaigns.mapping import FIELDS
from callwright.campaigns.staged import VARIABLES
from callwright.campaigns.wording import Language, problem
from callwright.errors import LeadsError, Place
from callwright.private_files import private
from callwright.store.crypto import TenantKeys
from callwright.store.database import Database

__all__ = ["Form", "export_people", "write_table"]

Form = Literal["csv", "xlsx"]
Write = Callable[[Sequence[str]], None]

_PAGE = 2_000
_XLSX_ROWS = 1_048_576


async def export_people(
    database: Database,
    keys: TenantKeys,
    name: str,
    path: Path,
    *,
    form: Form = "csv",
    masked: bool = True,
    lang: Language = "en",
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Write everybody on a list; how many there are. A masked file cannot be imported again. progress: told how many were written so far.

    Raises:
        LeadsError: there is no such list, or it is too long for a sheet.
        InputError: the file cannot be written; what was there is untouched.
        DamagedError: what is kept was changed, or belongs to another key.
    """
    async with database.scope(keys.tenant) as scope:
        found = await lead_store.find_list(scope, name)
    if found is None:
        raise LeadsError(problem("no-list", lang, Place(), name=name))
    if form == "xlsx" and found.imported >= _XLSX_ROWS:
        raise LeadsError(problem("too-many", lang, Place(str(path)), most=_XLSX_ROWS - 1))
    names = tuple(found.mapping.get("variables", ()))
    count = 0
    with write_table(path, form) as write:
        write((*FIELDS, *names))
        async for page in _pages(database, keys, found.id):
            await anyio.to_thread.run_sync(partial(_write, write, page, keys, names, masked=masked))
            count += len(page)
            progress(count)
    return count


async def _pages(database: Database, keys: TenantKeys, list_id: int) -> AsyncIterator[Sequence[Any]]:
    """Each in a transaction of its own: dialling goes on beside it."""
    after = 0
    while True:
        async with database.scope(keys.tenant) as scope:
            page = await lead_store.people(scope, list_id, after, _PAGE)
        if not page:
            return
        yield page
        after = page[-1].id


def _write(write: Write, page: Sequence[Any], keys: TenantKeys, names: Sequence[str], *, masked: bool) -> None:
    for row in page:
        write(_cells(row, keys, names, masked))


def _cells(row: Any, keys: TenantKeys, names: Sequence[str], masked: bool) -> list[str]:
    """In the order of FIELDS, then the variables. Somebody who was erased has no number any more."""
    number = keys.open_number(row.number, row.number_index) if row.number else ""
    variables = json.loads(keys.open(row.variables, VARIABLES)) if row.variables else {}
    own = {
        "number": mask(number) if masked and number else number,
        "basis": row.basis,
        "consent_at": _time(row.given_at),
        "valid_until": _time(row.valid_until),
        "scope": ";".join(row.scope or ()),
        "wording": row.wording,
        "channel": row.channel,
        "source": row.source,
        "time_zone": row.time_zone,
    }
    return [*(own[field] or "" for field in FIELDS), *(str(variables.get(name, "")) for name in names)]


def _time(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


@contextmanager
def write_table(path: Path, form: Form) -> Iterator[Write]:
    """A file to write rows of text to, only for its owner. CSV: UTF-8 with a mark. XLSX: every cell is text.

    Raises:
        InputError: it cannot be written.
    """
    with private(path) as part, _csv(part) if form == "csv" else _xlsx(part) as write:
        yield write


@contextmanager
def _csv(path: Path) -> Iterator[Write]:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        yield lambda cells: writer.writerow([as_text(cell) for cell in cells])


@contextmanager
def _xlsx(path: Path) -> Iterator[Write]:
    import openpyxl  # brings numpy: only who writes a workbook waits for it
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("people")

    def cell(text: str) -> Any:
        shown = as_text(text) if text[:1] == "'" else text  # else reading would take it for one of ours
        made = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", shown))
        made.data_type = "s"  # openpyxl takes a text that begins with = for a formula
        made.number_format = "@"
        if risky(text):
            made.quotePrefix = True
        return made

    yield lambda cells: sheet.append([cell(text) for text in cells])
    book.save(path)
