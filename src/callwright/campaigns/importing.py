"""Import people with the proof of why they may be called: read, judge, compare with what is known, write; good rows are taken, others told.

    source = open_list(path)
    report = await import_people(database, keys, source, Options("autumn", region="CN"), now)

Written in batches, each a transaction of its own, so that dialling goes on beside it; until the last one the list is `importing` and nobody
may call from it. Killed in between, the same command finishes it: who is on the list already is left alone.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Row

from callwright.campaigns import lead_store
from callwright.campaigns.entries import Rules, Wrong
from callwright.campaigns.errors_file import Complaints
from callwright.campaigns.mapping import VARIABLE, targets
from callwright.campaigns.rows import Fault, Source
from callwright.campaigns.staged import Judging, Sealing, Work
from callwright.campaigns.validators import judged, workers_for
from callwright.campaigns.wording import Language, problem
from callwright.errors import DamagedError, LeadsError, Place
from callwright.store.crypto import TenantKeys
from callwright.store.database import Database
from callwright.store.scope import Scope

__all__ = ["Checked", "Options", "Progress", "Report", "check_people", "import_people"]

T = TypeVar("T")

_BATCH = 5_000
_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Options:
    """How a list is taken.

    name: of the list; mapping, defaults: see mapping.targets; region: country of numbers without +; zone: of times without one; lang: of
    messages; all_or_nothing: one bad row, and nothing is written; not_elsewhere: leave out who is on another list of the tenant;
    not_in_task: leave out who is in this task; company: whom the consent was given to (None = the tenant itself); workers: processes,
    None = as many as are worth it; by: who imports.
    """

    name: str
    mapping: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None
    zone: str = "UTC"
    lang: Language = "en"
    all_or_nothing: bool = False
    not_elsewhere: bool = False
    not_in_task: int | None = None
    company: int | None = None
    workers: int | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """rows: how many were worked off; about: how many there are, nearly (0 = unknown); part: `checking` or `importing`."""

    part: str
    rows: int
    about: int


@dataclass(frozen=True, slots=True)
class Checked:
    """A list that was only looked at. people: who could be taken, by basis; bad: rows that could not; duplicates: rows whose number stands
    above already."""

    rows: int
    people: Mapping[str, int]
    bad: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class Report:
    """What became of every row: `rows` is the sum of the others. kept_out: by fate (suppressed, frozen, elsewhere, in-task); people: on the
    list now."""

    list_id: int
    rows: int
    imported: int
    already: int
    duplicates: int
    bad: int
    kept_out: Mapping[str, int]
    people: int


async def check_people(
    source: Source,
    rules: Rules,
    complaints: Complaints,
    *,
    workers: int | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Checked:
    """Judge every row, write nothing.

    Raises:
        LeadsError: the file cannot be read to its end, or has no rows.
    """
    people: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    async with aclosing(_unlike(source, Judging(rules), complaints, counts, workers)) as good:
        async for bases in good:
            people.update(bases)
            progress(Progress("checking", counts["rows"], source.about))
    return Checked(counts["rows"], people, counts["bad"], counts["duplicates"])


async def import_people(
    database: Database,
    keys: TenantKeys,
    source: Source,
    options: Options,
    now: datetime,
    *,
    complaints: Complaints | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Report:
    """Put the people of a file on a list of the tenant. The same file again changes nothing.

    Args:
        now: aware. complaints: where rows that are not taken are told.

    Raises:
        LeadsError: nothing was written: the columns are wrong, with `all_or_nothing` a row is, another file is half imported, there is no
            such company or task, or no row. Or the list was taken away meanwhile. Or the file cannot be read to its end: what stood before
            is written, and the list stays `importing` until this file, mended, or another one is imported.
        DamagedError: the list holds leads whose person or consent is not there. It stays `importing`.
    """
    told = complaints or Complaints(source.name, options.lang)
    _check_name(options)
    found = targets(source.columns, options.mapping, options.defaults, file=source.name, lang=options.lang)
    rules = Rules(found, now, dict(options.defaults), options.region, options.zone)
    if options.all_or_nothing:
        await check_people(source, rules, told, workers=options.workers, progress=progress)
        if told.rows:
            raise told.error()
    async with database.scope(keys.tenant) as scope:
        known = await lead_store.create_list(scope, options.name, now, options.by)
        if known.state == "importing" and known.sha256 and known.sha256 != source.sha256:
            place = Place(source.name)
            raise LeadsError(problem("unfinished", options.lang, place, name=options.name, file=known.source))
        await _hold(scope, known.id, options)
        if options.not_in_task is not None and not await lead_store.is_task(scope, options.not_in_task):
            raise LeadsError(problem("no-task", options.lang, Place(), task=options.not_in_task))
        await lead_store.set_state(scope, known.id, "importing", source.name, source.sha256)
    counts: Counter[str] = Counter()
    begun = False

    async def write(rows: list[Any]) -> tuple[int, int, Sequence[tuple[int, str]]]:
        nonlocal begun
        begun = True
        async with database.scope(keys.tenant) as scope:
            await _hold(scope, known.id, options)
            taken, fates = await lead_store.take(
                scope, rows, known.id, now,
                company=options.company, not_elsewhere=options.not_elsewhere, not_in_task=options.not_in_task,
            )  # fmt: skip
            return len(rows), taken, fates

    try:
        async with (
            aclosing(
                _unlike(source, Sealing(rules, keys.fields, source.sha256), told, counts, options.workers)
            ) as good,
            aclosing(_batches(good)) as batches,
            aclosing(_overlapping(batches, write, database.writers_at_once(_AT_ONCE))) as results,
        ):
            async for rows, taken, fates in results:
                counts["imported"] += taken
                counts["already"] += rows - taken - len(fates)  # somebody else wrote them meanwhile
                for line, fate in fates:
                    counts[fate] += 1
                    if fate != "already":
                        told.add(line, Fault("number", fate, {"task": options.not_in_task}))
                progress(Progress("importing", counts["rows"], source.about))
    except LeadsError:
        await _broken_off(database, keys, known, source, begun)
        raise
    return await _finished(database, keys, known.id, source, found, counts, options)


def _check_name(options: Options) -> None:
    name = options.name
    if not name.strip() or len(name) > 200 or not name.isprintable():
        raise LeadsError(problem("bad-name", options.lang, Place(), name=name[:50]))


async def _hold(scope: Scope, list_id: int, options: Options) -> None:
    missing = await lead_store.hold(scope, list_id, options.company)
    if missing == "list":
        raise LeadsError(problem("gone", options.lang, Place(), name=options.name))
    if missing:
        raise LeadsError(problem("no-company", options.lang, Place(), company=options.company))


async def _unlike(
    source: Source,
    work: Work,
    complaints: Complaints,
    counts: Counter[str],
    workers: int | None,
) -> AsyncGenerator[list[Any], None]:
    """What is made of the good rows, chunk by chunk, each number once; the others are told."""
    lines: dict[int, int] = {}
    if workers is None:
        workers = workers_for(source.about)
    async with aclosing(judged(work, source.rows, workers)) as chunks:
        async for chunk in chunks:
            good: list[Any] = []
            counts["rows"] += len(chunk)
            for verdict in chunk:
                if isinstance(verdict, Wrong):
                    counts["bad"] += 1
                    complaints.add(verdict.line, *verdict.faults)
                    continue
                number, line, made = verdict
                first = lines.setdefault(number, line)  # E.164 as a number: half the memory
                if first == line:
                    good.append(made)
                else:
                    counts["duplicates"] += 1
                    complaints.add(line, Fault("number", "duplicate", {"line": first}))
            yield good
    if not counts["rows"]:
        raise LeadsError(problem("empty", complaints.lang, Place(source.name)))


async def _batches(chunks: AsyncIterator[list[Any]]) -> AsyncGenerator[list[Any], None]:
    """Larger ones."""
    batch: list[Any] = []
    async for chunk in chunks:
        batch += chunk
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


async def _overlapping(
    batches: AsyncIterator[list[Any]], write: Callable[[list[Any]], Coroutine[Any, Any, T]], at_once: int
) -> AsyncGenerator[T, None]:
    """What `write` makes of the batches, in their order. With two at once the database works on one while the next is made ready and sent."""
    under_way: deque[asyncio.Task[T]] = deque()
    try:
        async for batch in batches:
            under_way.append(asyncio.create_task(write(batch)))
            if len(under_way) >= at_once:
                yield await under_way.popleft()
        while under_way:
            yield await under_way.popleft()
    except (asyncio.CancelledError, GeneratorExit):
        for task in under_way:
            task.cancel()
        raise
    finally:  # where the file breaks off, what stood before is written to its end
        await asyncio.gather(*under_way, return_exceptions=True)


async def _broken_off(database: Database, keys: TenantKeys, known: Row[Any], source: Source, begun: bool) -> None:
    """This file will never be read to its end: another one may be imported. Where nothing was written, a list that was ready still is."""
    as_before = known.state == "ready" and not begun
    state = ("ready", known.source, known.sha256) if as_before else ("importing", source.name, "")
    async with database.scope(keys.tenant) as scope:
        await lead_store.set_state(scope, known.id, *state)


async def _finished(
    database: Database,
    keys: TenantKeys,
    list_id: int,
    source: Source,
    found: tuple[str, ...],
    counts: Counter[str],
    options: Options,
) -> Report:
    """Remember for each file what became of it, so that the same one again is not counted twice."""
    kept_out = {fate: counts[fate] for fate in ("suppressed", "frozen", "elsewhere", "in-task") if counts[fate]}
    own = {
        "name": source.name, "rows": counts["rows"], "duplicates": counts["duplicates"],
        "refused": counts["bad"] + sum(kept_out.values()),
        "columns": dict(zip(source.columns, found, strict=True)),
    }  # fmt: skip
    async with database.scope(keys.tenant) as scope:
        await _hold(scope, list_id, options)
        known = await lead_store.find_list(scope, options.name)
        before: Mapping[str, Any] = {} if known is None else known.mapping
        files: dict[str, Any] = {**before.get("files", {}), source.sha256: own}
        variables = [*before.get("variables", ()), *_variables(found)]
        told = {"files": files, "variables": list(dict.fromkeys(variables))}
        whole = await lead_store.written(scope, list_id)
        if whole.alone:
            raise DamagedError(
                f"{whole.alone} leads of list {list_id} have no person, or not the consent of their person"
            )
        rows, duplicates, refused = (
            sum(file[name] for file in files.values()) for name in ("rows", "duplicates", "refused")
        )
        await lead_store.finish_list(
            scope, list_id, told, rows=rows, imported=whole.people, duplicates=duplicates, refused=refused
        )
    return Report(
        list_id,
        counts["rows"],
        counts["imported"],
        counts["already"],
        counts["duplicates"],
        counts["bad"],
        kept_out,
        whole.people,
    )


def _variables(found: tuple[str, ...]) -> Iterator[str]:
    return (target.removeprefix(VARIABLE) for target in found if target.startswith(VARIABLE))
