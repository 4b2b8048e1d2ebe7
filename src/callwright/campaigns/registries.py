"""Load do-not-call registries: look through the file first, then write it batch by batch beside the calls that go on, put it in use at once.

    told = await import_registry(database, keys, asking, order, upload, viewer, clock)

A file with a line that cannot be read is not taken, unless it is said that such lines are left out: somebody who does not want to be called may
stand there. Killed in between, nothing of a new copy is in use, and a change is simply sent again. Whoever waits in a task because this registry
was not there, or too old, is due again.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import IO, Protocol

import anyio.to_thread
from sqlalchemy import bindparam, select, update

from callwright.accounts.model import Viewer
from callwright.audit.store import note
from callwright.campaigns.tables import task, task_lead
from callwright.compliance import registry_store as store
from callwright.compliance.registries import Copy, Entry, Kind, area_in, area_of, country_of, entries, reaches
from callwright.compliance.registry_rules import Asking
from callwright.errors import InputError, Place, Problem, RefusedError
from callwright.store.crypto import TenantKeys
from callwright.store.database import Database
from callwright.store.metadata import TENANT, UtcTime
from callwright.store.scope import Scope

__all__ = [
    "MOST_PROBLEMS",
    "Opened",
    "Order",
    "Report",
    "Survey",
    "forget",
    "import_registry",
    "look_through",
    "of_file",
    "of_path",
]

MOST_PROBLEMS = 200
"""Lines that cannot be read, told one by one; the reading of a file ends there unless they are to be left out."""

_BATCH = 20_000  # numbers in one transaction: nobody who dials waits for longer
_LONGEST = 2000  # characters of a line
_STALE = timedelta(days=1)  # an import that takes longer than this was killed
_AHEAD = timedelta(hours=14)  # a date may have begun elsewhere already
_GONE = "somebody took this copy away while it was loaded: import it again"
_LIVE = ("approved", "scheduled", "running", "pausing", "paused")

_AGAIN = (
    update(task_lead)
    .where(
        task_lead.c.tenant_id == TENANT,
        task_lead.c.state == "excluded",
        task_lead.c.reason.in_(bindparam("rules", expanding=True)),
        task_lead.c.task_id.in_(select(task.c.id).where(task.c.tenant_id == TENANT, task.c.state.in_(_LIVE))),
    )
    .values(state="ready", reason="", due_at=bindparam("at", type_=UtcTime()))
)


class Opened(Protocol):
    """A file that can be read again from its beginning."""

    @property
    def name(self) -> str:
        """As people know it."""

    def lines(self) -> Iterator[str]:
        """Its lines in UTF-8.

        Raises:
            UnicodeDecodeError: it is none.
        """

    def sha256(self) -> str:
        """Of its bytes."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be loaded.

    Args:
        areas: area codes that a full copy reaches, () = see `registries.area_in`; of a change, which copy it is for.
        since: of a change, the day from which on it holds everything.
        skip_unusable: leave out lines that cannot be read.
    """

    name: str
    kind: Kind
    as_of: datetime
    version: str = ""
    account: str = ""
    areas: tuple[str, ...] = ()
    since: datetime | None = None
    skip_unusable: bool = False


@dataclass(slots=True)
class Survey:
    """What a file holds. areas: the area codes of its numbers; problems: the first of those lines that cannot be used."""

    listed: int = 0
    others: int = 0
    unusable: int = 0
    areas: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it. added, deleted: numbers of the copy; held: how many it holds now; again: people who are due again; replaced: copies."""

    copy: int
    name: str
    kind: Kind
    as_of: datetime
    areas: tuple[str, ...]
    added: int
    deleted: int
    held: int
    unusable: int
    problems: tuple[Problem, ...]
    replaced: int
    again: int


def look_through(file: Opened, order: Order) -> Survey:
    """Read the whole file and change nothing.

    Raises:
        InputError: it holds no number, or lines that cannot be used and are not to be left out.
    """
    found = Survey()
    with closing(_told(file, order)) as told:
        for one in told:
            if isinstance(one, Entry):
                found.listed += one.listed
                found.others += not one.listed
                found.areas.add(area_in(one.number))
                continue
            found.unusable += 1
            if len(found.problems) < MOST_PROBLEMS:
                found.problems.append(one)
            elif not order.skip_unusable:
                break
    if found.problems and not order.skip_unusable:
        more = f"these lines of {file.name} cannot be read, and somebody may stand there: nothing was changed"
        hint = "mend them, or leave them out with --skip-unusable (skip_unusable)"
        raise InputError([Problem("unusable", more, Place(file.name), hint), *found.problems])
    if not found.listed and not (found.others and order.kind != "full"):
        hint = "a registry is never empty: look whether this is the right file"
        raise InputError(Problem("empty", "there is no number in this file", Place(file.name), hint))
    return found


def _told(file: Opened, order: Order) -> Generator[Entry | Problem, None, None]:
    return entries(file.lines(), file.name, country_of(order.name), order.kind, order.areas)


async def import_registry(
    database: Database,
    keys: TenantKeys,
    asking: Sequence[Asking],
    order: Order,
    file: Opened,
    viewer: Viewer,
    clock: Callable[[], datetime],
    progress: Callable[[int], None] = lambda done: None,
) -> Report:
    """Load a registry. asking: the rules that ask for it (`registry_rules.asking_for`); progress: is told how many numbers are written.

    Raises:
        InputError: the file or the order is wrong; nothing was changed.
        RefusedError: the copy was taken away meanwhile.
    """
    order = _sound(order, clock())
    base = await _base(database, keys.tenant, order)
    survey = await anyio.to_thread.run_sync(look_through, file, order)
    digest = await anyio.to_thread.run_sync(file.sha256)
    if order.kind == "full" and not order.areas:
        order = replace(order, areas=tuple(sorted(survey.areas - {""})))
        await _base(database, keys.tenant, order)
    if base is not None:
        copy = base.id
    else:
        async with database.scope(keys.tenant) as scope:
            copy = await store.begin(scope, _columns(order, file.name, digest, viewer.name, clock()))
    added, deleted = await _write(database, keys, order, file, copy, survey, progress)
    async with database.scope(keys.tenant) as scope:
        report = await _finish(scope, order, copy, file.name, digest, survey, (added, deleted), asking, viewer, clock())
        detail: dict[str, str | int] = {
            "registry": order.name, "kind": order.kind, "as_of": order.as_of.isoformat(), "version": order.version, "sha256": digest,
            "areas": len(order.areas), "added": added, "deleted": deleted, "held": report.held, "unusable": survey.unusable,
            "again": report.again,
        }  # fmt: skip
        await note(scope, keys, viewer, "registry.import", ("registry", copy), detail, now=clock())
    await _clear(database, keys.tenant, clock())
    return report


def _sound(order: Order, now: datetime) -> Order:
    """The order with its areas as beginnings of numbers.

    Raises:
        InputError: its parts do not agree.
    """
    country = country_of(order.name)
    if order.as_of - now > _AHEAD:
        raise InputError(Problem("as-of", "the copy would be of a day that is still to come", Place(field="as_of")))
    if order.kind == "checked" and order.areas:
        raise InputError(
            Problem("areas", "numbers that were looked up have no areas", Place(field="areas"), "leave --area out")
        )
    if (order.kind == "change") != (order.since is not None):
        hint = "--since DAY: the change file holds everything since then; only a change has it"
        raise InputError(Problem("since", "a change says since when", Place(field="since"), hint))
    areas = tuple(sorted({area_of(area, country) for area in order.areas}))
    return replace(
        order, as_of=min(order.as_of, now), version=order.version[:64], account=order.account[:64], areas=areas
    )


async def _base(database: Database, tenant: int, order: Order) -> Copy | None:
    """The copy that a change is for; None of anything else.

    Raises:
        InputError: there is none, or several; there is a gap between it and the change; or a full copy would be older than the one in use.
    """
    async with database.reading(tenant) as scope:
        there = [one for one in await store.copies(scope) if one.name == order.name and one.kind == "full"]
    if order.kind == "full":
        for one in there:
            if _within(one.areas, order.areas) and one.as_of > order.as_of:
                hint = f"`callwright registry forget {one.id}` first, if that one is wrong"
                problem = f"a newer copy is in use already, of {one.as_of:%Y-%m-%d}"
                raise InputError(Problem("older", problem, Place(field="as_of"), hint))
        return None
    if order.kind == "checked" or order.since is None:
        return None
    fitting = [one for one in there if not order.areas or one.areas == order.areas]
    if len(fitting) != 1:
        what = "there is no full copy to change" if not fitting else "several copies could be meant"
        hint = "load a full copy first" if not fitting else "name its area codes with --area"
        raise InputError(Problem("base", f"{what} of {order.name}", Place(field="registry"), hint))
    (base,) = fitting
    if order.since > base.as_of:
        problem = (
            f"the copy is of {base.as_of:%Y-%m-%d}, and the change begins later: what happened between them is missing"
        )
        raise InputError(Problem("gap", problem, Place(field="since"), "fetch a change since that day, or a full copy"))
    if order.as_of < base.as_of:
        raise InputError(Problem("older", f"the copy is newer already: of {base.as_of:%Y-%m-%d}", Place(field="as_of")))
    return base


def _within(inner: Sequence[str], outer: Sequence[str]) -> bool:
    """Whether a copy that reaches `outer` makes one that reaches `inner` needless."""
    return not outer or (bool(inner) and all(reaches(outer, area) for area in inner))


def _columns(order: Order, name: str, digest: str, by: str, now: datetime) -> dict[str, object]:
    return {
        "name": order.name, "country": country_of(order.name), "kind": order.kind, "as_of": order.as_of, "areas": list(order.areas),
        "version": order.version, "account": order.account, "source": name[-100:], "sha256": digest, "by": by[:100], "loaded_at": now,
    }  # fmt: skip


async def _write(
    database: Database,
    keys: TenantKeys,
    order: Order,
    file: Opened,
    copy: int,
    survey: Survey,
    progress: Callable[[int], None],
) -> tuple[int, int]:
    """Every number, a batch a transaction; how many were added and deleted."""
    added = deleted = done = 0
    with closing(_told(file, order)) as told:
        while True:
            read, batch = await anyio.to_thread.run_sync(_batch, told, keys, order.kind)
            if not read:
                break
            async with database.scope(keys.tenant) as scope:
                if await store.hold(scope, copy) is None:
                    raise RefusedError(_GONE)
                if order.kind == "change":
                    more, fewer = await store.take(scope, copy, batch)
                    added, deleted = added + more, deleted + fewer
                else:
                    added += await store.add(scope, copy, batch)
            done += read
            progress(done)
    if done != survey.listed + survey.others:
        raise InputError(Problem("changed", "the file changed while it was read: import it again", Place(file.name)))
    return added, deleted


def _batch(told: Iterator[Entry | Problem], keys: TenantKeys, kind: Kind) -> tuple[int, dict[bytes, bool]]:
    """The next numbers as blind index, and how many lines they were. Of a change the last word counts, else that somebody is listed."""
    found: dict[bytes, bool] = {}
    read = 0
    for one in islice((one for one in told if isinstance(one, Entry)), _BATCH):
        read += 1
        index = keys.index(one.number)
        found[index] = one.listed if kind == "change" else one.listed or found.get(index, False)
    return read, found


async def _finish(
    scope: Scope,
    order: Order,
    copy: int,
    name: str,
    digest: str,
    survey: Survey,
    counts: tuple[int, int],
    asking: Sequence[Asking],
    viewer: Viewer,
    now: datetime,
) -> Report:
    """Put it in use, in one transaction with what it replaces."""
    kept = await store.hold(scope, copy)
    if kept is None:
        raise RefusedError(_GONE)
    replaced: list[int] = []
    if order.kind == "change":
        values = {"new_as_of": order.as_of, "new_version": order.version, "file": name[-100:], "digest": digest}
        await store.renew(scope, copy, values | {"who": viewer.name[:100], "at": now})
    else:
        replaced = [one.id for one in await store.copies(scope) if _replaced(one, order, asking, now)]
        await store.leave(scope, replaced)
        await store.put_in_use(scope, copy)
    again = await scope.run(_AGAIN, rules=sorted({one.rule for one in asking}), at=now)
    return Report(
        copy, order.name, order.kind, order.as_of, tuple(kept.areas), *counts, kept.numbers, survey.unusable, tuple(survey.problems),
        len(replaced), again,
    )  # fmt: skip


def _replaced(one: Copy, order: Order, asking: Sequence[Asking], now: datetime) -> bool:
    """Whether a copy in use is not needed any more: a full one that reaches no farther; look-ups that are too old for every rule."""
    if one.name != order.name or one.kind != order.kind or one.as_of > order.as_of:
        return False
    if order.kind == "full":
        return _within(one.areas, order.areas)
    return now - one.as_of > timedelta(days=max((rule.days for rule in asking), default=0))


async def forget(
    database: Database, keys: TenantKeys, copy_id: int, viewer: Viewer, clock: Callable[[], datetime]
) -> Copy:
    """Take a copy out of use and its numbers away. Whom only it would allow to be called is not called any more.

    Raises:
        InputError: there is no such copy in use.
    """
    async with database.scope(keys.tenant) as scope:
        found = next((one for one in await store.copies(scope) if one.id == copy_id), None)
        if found is None or await store.hold(scope, copy_id) is None:
            hint = "`callwright registry list` shows those that are loaded"
            raise InputError(Problem("copy", f"there is no copy {copy_id}", Place(field="copy"), hint))
        await store.leave(scope, [copy_id])
        what = {
            "registry": found.name,
            "kind": found.kind,
            "as_of": found.as_of.isoformat(),
            "held": f"{found.numbers}",
        }
        await note(scope, keys, viewer, "registry.forget", ("registry", copy_id), what, now=clock())
    await _clear(database, keys.tenant, clock())
    return found


async def _clear(database: Database, tenant: int, now: datetime) -> None:
    """Take away the rows of copies that nobody looks at, a batch a transaction."""
    async with database.reading(tenant) as scope:
        left = await store.abandoned(scope, now - _STALE)
    for copy in left:
        after: bytes | None = b""
        while after is not None:
            async with database.scope(tenant, keyed=True) as scope:
                after = await store.erase(scope, copy, after, _BATCH)


@dataclass(frozen=True, slots=True)
class _File:
    """name: as people know it; open: at its beginning, each time."""

    name: str
    open: Callable[[], IO[bytes]]
    keep: bool = False

    def lines(self) -> Iterator[str]:
        file = self.open()
        text = io.TextIOWrapper(file, encoding="utf-8-sig")
        try:
            while line := text.readline(_LONGEST):  # a longer one comes in pieces, which are told as unusable
                yield line
        finally:
            text.detach() if self.keep else text.close()

    def sha256(self) -> str:
        file, digest = self.open(), hashlib.sha256()
        try:
            while piece := file.read(1 << 20):
                digest.update(piece)
        finally:
            if not self.keep:
                file.close()
        return digest.hexdigest()


def of_path(path: Path, name: str = "") -> Opened:
    """A file on disk. name: as people know it, "" = as it is called there."""
    return _File(name or path.name, lambda: path.open("rb"))


def of_file(name: str, file: IO[bytes]) -> Opened:
    """One that is open, can be read again, and stays open."""

    def begin() -> IO[bytes]:
        file.seek(0)
        return file

    return _File(name, begin, keep=True)
