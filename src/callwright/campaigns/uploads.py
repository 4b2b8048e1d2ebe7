"""A list that was uploaded: what is in it, as an import would take it; and the import itself as work that goes on beside dialling."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from sqlalchemy import Row as DbRow

from callwright.campaigns import lead_store, list_store
from callwright.campaigns.entries import Entry, Rules, judge
from callwright.campaigns.errors_file import Complaints
from callwright.campaigns.importing import Options, Progress, Report, import_people
from callwright.campaigns.mapping import guess, targets
from callwright.campaigns.rows import Source
from callwright.campaigns.sources import open_list
from callwright.campaigns.wording import Language, problem
from callwright.errors import CallwrightError, LeadsError, Place, Problem, StoreError
from callwright.store.crypto import TenantKeys
from callwright.store.database import Database

__all__ = [
    "BEAT",
    "Column",
    "Glance",
    "SeenRow",
    "glance",
    "import_list",
    "look_through",
    "named",
    "state_of",
    "unlisted",
    "variables_of",
]

log = logging.getLogger(__name__)

BEAT = timedelta(seconds=15)
"""How often an import says that it is alive; one that was silent for four of these was cut off."""

_GOODBYE_S = 10.0  # an import that is ended at shutdown does not hold the process for longer
_SEEN = 20


@dataclass(frozen=True, slots=True)
class Column:
    """target: a field, `var:NAME`, or "" (left out); samples: the first values that are not empty."""

    name: str
    target: str
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeenRow:
    """One of the first rows: the number as it would be dialled ("" = it cannot be), or what is wrong."""

    line: int
    number: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Glance:
    """The beginning of a list. problems: of its columns; then no row can be read."""

    columns: tuple[Column, ...]
    rows: tuple[SeenRow, ...]
    problems: tuple[Problem, ...]


async def named(path: Path, name: str, lang: Language, *, encoding: str = "", sheet: str = "") -> Source:
    """The list in an uploaded file, by the name its owner gave it.

    Raises:
        LeadsError: it is no list.
    """

    return await anyio.to_thread.run_sync(partial(look_through, path, name, lang, encoding=encoding, sheet=sheet))


def look_through(path: Path, name: str, lang: Language, *, encoding: str = "", sheet: str = "") -> Source:
    """The same, in a thread.

    Raises:
        LeadsError: it is no list.
    """
    try:
        found = open_list(path, lang, encoding=encoding, sheet=sheet)
    except LeadsError as error:
        raise LeadsError([_renamed(each, name) for each in error.problems]) from None
    return replace(found, name=name)


def _renamed(one: Problem, name: str) -> Problem:
    """Nobody needs to know where an uploaded file lies."""
    return replace(one, place=replace(one.place, file=name))


def glance(source: Source, options: Options, now: datetime) -> Glance:
    """What the first rows would become. Reads a little of the file."""
    beginning = list(islice(source.rows(), _SEEN))
    cells = [row.cells for row in beginning if isinstance(row.cells, Sequence) and not isinstance(row.cells, str)]
    problems: tuple[Problem, ...] = ()
    try:
        found = targets(source.columns, options.mapping, options.defaults, file=source.name, lang=options.lang)
    except LeadsError as error:
        problems = tuple(error.problems)
        found = tuple(_proposed(column, options.mapping) for column in source.columns)
    columns = tuple(
        Column(name, target, tuple(islice(_samples(cells, at), 3)))
        for at, (name, target) in enumerate(zip(source.columns, found, strict=True))
    )
    if problems:
        return Glance(columns, (), problems)
    rules = Rules(found, now, dict(options.defaults), options.region, options.zone)
    return Glance(columns, tuple(_seen(judge(rules, row), source.name, options.lang) for row in beginning), ())


def _proposed(column: str, given: Mapping[str, str]) -> str:
    said = given.get(column)
    return guess(column) if said is None else "" if said == "-" else said


def _samples(cells: Sequence[Any], at: int) -> Iterator[str]:
    for row in cells:
        if at < len(row) and str(row[at]).strip():
            yield str(row[at]).strip()[:80]


def _seen(verdict: Any, file: str, lang: Language) -> SeenRow:
    if isinstance(verdict, Entry):
        return SeenRow(verdict.line, verdict.number, ())
    told = tuple(
        problem(code, lang, Place(file, verdict.line, field=field), **values) for field, code, values in verdict.faults
    )
    return SeenRow(verdict.line, "", told)


# ------------------------------------------------------------ the import


async def import_list(
    database: Database,
    keys: TenantKeys,
    source: Source,
    options: Options,
    now: Callable[[], datetime],
    errors: Path | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> tuple[Report, Complaints]:
    """`importing.import_people` that is seen to live: if this process dies, the list shows that its import was cut off; if the file turns out
    to be unreadable, or somebody ends it, that it failed.

    Args:
        errors: where rows that are not taken are told.

    Raises:
        LeadsError: the columns, a row (with `all_or_nothing`) or the file are wrong.
    """
    targets(source.columns, options.mapping, options.defaults, file=source.name, lang=options.lang)
    async with _alive(database, keys.tenant, options.name, source.sha256, now):
        with Complaints.to(errors, source.name, options.lang) as complaints:
            report = await import_people(
                database, keys, source, options, now(), complaints=complaints, progress=progress
            )
    return report, complaints


@asynccontextmanager
async def _alive(
    database: Database, tenant: int, name: str, sha256: str, now: Callable[[], datetime]
) -> AsyncIterator[None]:
    """name, sha256: of the list, and the file: the import of another file to the same list is none of ours."""
    done = False
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_beat, database, tenant, name, sha256, now)
            yield
            done = True
            tasks.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        first = _first(group)
        if isinstance(first, CallwrightError):
            raise first from None
        raise
    finally:
        if not done:
            with anyio.CancelScope(shield=True, deadline=anyio.current_time() + _GOODBYE_S):
                await _failed(database, tenant, name, sha256)


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _beat(database: Database, tenant: int, name: str, sha256: str, now: Callable[[], datetime]) -> None:
    while True:
        async with database.scope(tenant) as scope:
            row = await lead_store.find_list(scope, name)
            if row is not None and (row.state, row.sha256) == ("importing", sha256):
                await list_store.mark(scope, row, "importing", {"beat": now().isoformat()})
        await anyio.sleep(BEAT.total_seconds() if row is not None else 0.2)


async def _failed(database: Database, tenant: int, name: str, sha256: str) -> None:
    """Say so; the transaction that was cut off may hold its locks for a moment longer."""
    for wait in (0.2, 1.0, 3.0, None):
        try:
            async with database.scope(tenant) as scope:
                row = await lead_store.find_list(scope, name)
                if row is not None and row.state == "importing" and row.sha256 in (sha256, ""):  # "": it broke off
                    await list_store.mark(scope, row, "failed", None)
            return
        except StoreError as error:
            if wait is None:  # nobody hears from it any more: that shows as failed too (`state_of`)
                log.warning("the list %s cannot be marked as failed: %s", name, error)
                return
            await anyio.sleep(wait)


def state_of(row: DbRow[Any], now: datetime) -> str:
    """`ready`, `importing`, or `failed`: also an import that says nothing any more."""
    about = row.mapping.get("import")
    if row.state == "importing" and isinstance(about, dict):
        heard = datetime.fromisoformat(str(about["beat"]))
        return "failed" if now - heard > 4 * BEAT else "importing"
    return str(row.state)


async def unlisted(database: Database, tenant: int, list_id: int, now: datetime) -> int:
    """Take everybody off a list and then the list away; how many people were on it. What the ledger of consents knows of them stays.

    Raises:
        InputError: a task uses it.
    """
    count = 0
    while True:
        async with database.scope(tenant) as scope:
            row = await list_store.by_id(scope, list_id)
            if row is None:
                return count
            if row.tasks:
                await list_store.drop(scope, list_id, now)  # says why not
            if row.state == "ready":
                await list_store.mark(scope, row, "failed", None)  # from now on no task may begin with it
            gone = await list_store.forget_some(scope, list_id)
            count += gone
            if not gone:
                await list_store.drop(scope, list_id, now)
                return count


def variables_of(keys: TenantKeys, sealed: bytes) -> dict[str, str]:
    """What a script may say about somebody."""
    said = json.loads(keys.open(sealed, "lead.variables")) if sealed else {}
    return {str(name): str(value) for name, value in said.items()}
