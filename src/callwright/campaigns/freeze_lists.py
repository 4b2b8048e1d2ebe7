"""Lists for the freeze library (冻结库), as they come: CSV in any usual encoding, XLSX or JSON, with English or Chinese columns and words.

A column or a word that nobody knows is an error: whoever wrote it wanted something that would not happen.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from callwright.campaigns.entries import UNSHOWN, moment
from callwright.campaigns.mapping import guess
from callwright.campaigns.numbers import identify
from callwright.campaigns.rows import Fault, Row, Source
from callwright.campaigns.spreadsheet import OTHER_SHEETS
from callwright.campaigns.wording import problem as worded
from callwright.compliance import freeze_store
from callwright.compliance.freeze_wording import Wrong, told
from callwright.compliance.freezes import COLUMNS, REASONS, NewFreeze, Reading, row_of
from callwright.compliance.telling import Language
from callwright.errors import LeadsError, Place, Problem
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope

__all__ = ["Brought", "freeze_list", "read_freezes"]

_BATCH = 2000  # rows in one transaction: nobody who dials waits for longer
_MOST_ROWS = 1_000_000
_MOST_PROBLEMS = 1000
_NOISE = re.compile(r"[\s_\-.·*]|[(（].*?[)）]")
_ZONED = re.compile(r":.*(?:Z|[+-]\d\d:?\d\d)$")
_MIDNIGHT = re.compile(r"\b0?0:00(?::00)?$|T00:00(?::00)?$")
_LAST = datetime(9999, 12, 30, tzinfo=UTC)
_NAMES = {
    "scope": "scope 范围 冻结范围",
    "scope_id": "scopeid 范围编号 公司编号 任务编号",
    "reason": "reason 原因 冻结原因 理由",
    "until": "until expires 到期 到期日 到期日期 到期时间 截止 截止日期 有效期至 冻结至 冻结到期 解冻时间 解冻日期",
    "note": "note notes remark remarks comment 备注 说明 附注",
}
_BY_NAME = {name: column for column, names in _NAMES.items() for name in names.split()}
_SCOPES = {"全部": "tenant", "所有": "tenant", "公司": "company", "任务": "task", "机器人": "voice"}
_REASONS = {title.casefold(): reason for reason, (*titles, _) in REASONS.items() for title in (reason, *titles)}


def read_freezes(
    source: Source, now: datetime, region: str | None = None, sheet: str = "", lang: Language = "en"
) -> Reading:
    """What a list (`sources.open_list`) says. A freeze until a day lasts until that day is over everywhere; a time without a zone is that of
    the last place on earth.

    Args:
        region: ISO country of numbers without `+`; None = such numbers cannot be used.
        sheet: the one that was asked for; "" = nobody did, and what stands on others is told as not read.
        lang: of problems.

    Never raises for what the file holds.
    """
    columns = [_column(name) for name in source.columns]
    wrong = _wrong_columns(source, columns)
    if wrong is not None:
        return Reading((), (told(wrong, lang, Place(source.name, 1)),))
    good: list[NewFreeze] = []
    problems: list[Problem] = []
    others = source.how.get(OTHER_SHEETS)
    if others and not sheet:
        problems.append(told(Wrong("other-sheets", others[:100]), lang, Place(source.name)))
    try:
        for row in source.rows():
            if len(good) >= _MOST_ROWS or len(problems) >= _MOST_PROBLEMS:
                problems.append(told(Wrong("too-long"), lang, Place(source.name, row.line)))
                break
            made = _freeze(row, columns, source.name, now, region, lang)
            if made is not None:
                problems.append(made) if isinstance(made, Problem) else good.append(made)
    except LeadsError as error:  # a workbook that breaks off
        problems += [replace(each, place=replace(each.place, file=source.name)) for each in error.problems]
    return Reading(tuple(good), tuple(problems))


Counts = Mapping[str, int]
"""What an entry of the audit log tells."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a list. frozen: those that were not before; rows: that could be used; problems: of the others."""

    frozen: int
    rows: int
    problems: list[Problem]


async def freeze_list(
    keyed: Callable[[], AbstractAsyncContextManager[tuple[Scope, TenantKeys]]],
    reading: Reading,
    now: datetime,
    by: str,
    note: Callable[[Scope, TenantKeys, Counts], Awaitable[None]],
    lang: Language = "en",
) -> Brought:
    """Freeze every number that was read, a few thousand in a transaction: what broke off can be done again.

    Args:
        keyed: begins one; note: writes into the audit log, within it, what was done; lang: of problems.
    """
    frozen = rows = 0
    problems = list(reading.problems)
    for begin in range(0, len(reading.freezes), _BATCH):
        batch = reading.freezes[begin : begin + _BATCH]
        async with keyed() as (scope, keys):
            wrong = await freeze_store.unplaced(scope, batch, lang)
            good = [one for one, problem in zip(batch, wrong, strict=True) if problem is None]
            made = await freeze_store.freeze_all(scope, keys, good, now, by)
            fresh, bad = sum(fresh for _, fresh in made), [problem for problem in wrong if problem is not None]
            unread = len(reading.problems) if not begin else 0
            await note(scope, keys, {"rows": len(good), "frozen": fresh, "problems": len(bad) + unread})
        frozen += fresh
        rows += len(good)
        problems += bad
    return Brought(frozen, rows, problems)


def _column(name: str) -> str:
    """The column of ours, "" = none."""
    plain = name.removeprefix("\ufeff").strip().casefold()
    if plain in COLUMNS:
        return plain
    return _BY_NAME.get(_NOISE.sub("", plain)) or ("number" if guess(name.strip()) == "number" else "")


def _wrong_columns(source: Source, columns: Sequence[str]) -> Wrong | None:
    for name, column in zip(source.columns, columns, strict=True):
        if not column and "number" in columns:
            return Wrong("unknown-column", name[:40], COLUMNS)
        if column and columns.count(column) > 1:
            return Wrong("twice", column)
    return None if "number" in columns else Wrong("no-number", known=COLUMNS)


def _freeze(
    row: Row, columns: Sequence[str], file: str, now: datetime, region: str | None, lang: Language
) -> NewFreeze | Problem | None:
    """None: there is nothing in this line."""
    place = Place(file, row.line)
    if isinstance(row.cells, Fault):
        return worded(row.cells.code, lang, place, **row.cells.values)
    if not any(cell.strip() for cell in row.cells):
        return None
    if any(UNSHOWN.search(cell) for cell in row.cells):
        return worded("bad-character", lang, place)
    line = {name: cell.strip().removeprefix("'") for name, cell in zip(columns, row.cells, strict=False)}
    return row_of(_in_our_words(line, region), place, now, lang)


def _in_our_words(line: Mapping[str, str], region: str | None) -> dict[str, str]:
    """Numbers as E.164, times as ISO, words as ours; what cannot be understood stays, to be told as wrong."""
    said = dict(line)
    number = identify(said.get("number", ""), region)
    if number is not None:
        said["number"] = number.number
    if said.get("scope"):
        said["scope"] = _SCOPES.get(said["scope"], said["scope"].casefold())
    if said.get("reason"):
        said["reason"] = _REASONS.get(said["reason"].casefold(), said["reason"])
    if said.get("until"):
        until = _until(said["until"])
        said["until"] = until.isoformat() if until is not None else "?"
    return said


def _until(text: str) -> datetime | None:
    """The end of a freeze: never sooner than whoever wrote it meant. A workbook has days as midnights."""
    found = moment(text, "Etc/GMT+12")
    if found is None or _ZONED.search(text):
        return found
    whole_day = ":" not in text or _MIDNIGHT.search(text)
    return found + timedelta(days=1) if whole_day and found < _LAST else found  # many write 9999-12-31 for ever
