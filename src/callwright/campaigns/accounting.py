"""The accounting of a Kamailio that every call of a line passes, read from its log: the witness for attempts whose worker died.

`deploy/kamailio/kamailio.cfg` writes a line before an INVITE of a worker leaves (code 100), one with the final answer, one for the BYE,
one for a call that was up, and every few seconds one that it is alive. The last kind makes the account complete: what left before it
stands before it.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import anyio
import anyio.to_thread

from callwright.campaigns import accounting_store as rows
from callwright.campaigns.faults import DATABASE_FAULTS
from callwright.campaigns.reconcile import Account, Witnessed, attempt_of, keep
from callwright.errors import InputError, Problem
from callwright.store.database import Database
from callwright.store.scope import Scope

__all__ = ["Alive", "Log", "Witness", "told", "witnessed"]

log = logging.getLogger(__name__)

_FIELD = re.compile(r"([a-z_]+)=([^;]*)")
_MOST = 1 << 20  # bytes read at once
_LONGEST_LINE = 1 << 16
_POLL_S = 0.5
_GAP = timedelta(seconds=30)  # between two signs of life: more, and something of the log may be missing


@dataclass(frozen=True, slots=True)
class Alive:
    """The proxy lives, and everything before `at` is told."""

    at: datetime


def told(line: str) -> Account | Alive | None:
    """What a line of the log says; None = nothing to us."""
    _, alive, text = line.partition("WITNESS: alive ")
    if alive:
        at = _moment(dict(_FIELD.findall(text)).get("timestamp", ""))
        return Alive(at) if at is not None else None
    _, transaction, text = line.partition("ACC: ")
    if transaction:
        return _transaction(dict(_FIELD.findall(text)))
    _, record, text = line.partition("log_write_cdr(): ")
    return _call(dict(_FIELD.findall(text))) if record else None


def _transaction(fields: Mapping[str, str]) -> Account | None:
    at, code = _moment(fields.get("timestamp", "")), fields.get("code", "")
    if at is None or fields.get("method") not in ("INVITE", "BYE") or not code.isdecimal():
        return None
    return Account(fields.get("call_id", ""), fields["method"], int(code), at, "kamailio")


def _call(fields: Mapping[str, str]) -> Account | None:
    """A call that was up and is over, whoever ended it."""
    at = _moment(fields.get("end_time", ""))
    try:
        up = float(fields.get("duration", "0")) > 0
    except ValueError:
        up = False
    return Account(fields.get("call_id", ""), "BYE", 200, at, "kamailio") if at is not None and up else None


def _moment(text: str) -> datetime | None:
    """POSIX seconds."""
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None


class Log:
    """A file that somebody else appends to. Blocking.

    Goes on with the next file of the name when the log was rotated: not before something stands in it, since until then the old one is
    written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None
        self._rest = b""

    def read(self) -> list[str]:
        """The next whole lines, [] = none yet.

        Raises:
            InputError: the file cannot be read.
        """
        try:
            if self._file is None:
                self._file = self.path.open("rb")
            data = self._file.read(_MOST)
            if not data and self._rotated(self._file):
                data = self._file.read(_MOST)  # what came to the old one until now
                if not data:
                    self.close()
                    return []
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(Problem("no-log", f"{self.path}: {error.strerror}")) from None
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            self._rest = b""
        return [line.decode("utf-8", "replace") for line in lines]

    def _rotated(self, file: BinaryIO) -> bool:
        mine = os.fstat(file.fileno())
        if mine.st_size < file.tell():  # cut off where it stood (copytruncate)
            file.seek(0)
            return False
        now = self.path.stat()
        return (now.st_ino, now.st_dev) != (mine.st_ino, mine.st_dev) and now.st_size > 0

    def close(self) -> None:
        """The next read begins at the begin of the file."""
        if self._file is not None:
            self._file.close()
        self._file, self._rest = None, b""


class Witness:
    """Carries what a log says into the database, for these lines of a tenant (() = all of them)."""

    def __init__(self, database: Database, tenant: int, path: Path, lines: Sequence[str] = ()) -> None:
        self._database, self._tenant, self._lines = database, tenant, tuple(lines)
        self._log = Log(path)
        self._since: datetime | None = None
        self._until: datetime | None = None
        self._untold: tuple[list[Account], int] | None = None

    async def round(self) -> int:
        """One look; how many lines there were. What could not be written is written the next time.

        Raises:
            InputError: the log cannot be read.
        """
        if self._untold is None:
            lines = await anyio.to_thread.run_sync(self._log.read)
            if not lines:
                return 0
            found = [one for one in map(told, lines) if one is not None]
            self._seen(one.at for one in found if isinstance(one, Alive))
            self._untold = [one for one in found if isinstance(one, Account)], len(lines)
        accounts, count = self._untold
        async with self._database.scope(self._tenant) as scope:
            await _add(scope, accounts)
            await self._stamp(scope)
        self._untold = None
        return count

    async def follow(self) -> None:
        """For ever; a database or a log that is not there is waited for."""
        while True:
            try:
                if await self.round():
                    continue
            except DATABASE_FAULTS as error:
                log.warning("accounting: the database cannot be reached: %s", type(error).__name__)
            except InputError as error:
                log.warning("accounting: %s", error)
            await anyio.sleep(_POLL_S)

    def _seen(self, alive: Iterable[datetime]) -> None:
        for at in alive:
            if self._until is None or not timedelta() <= at - self._until <= _GAP:
                if self._until is not None:
                    log.warning("accounting: nothing was told for %.0f s", (at - self._until).total_seconds())
                self._since = at
            self._until = at

    async def _stamp(self, scope: Scope) -> None:
        """Longer than before where the two spans touch; else this one alone."""
        if self._since is None or self._until is None:
            return
        stamps = []
        for line in await scope.all(rows.LINES):
            if self._lines and line.name not in self._lines:
                continue
            since, before = self._since, line.witnessed_until
            if before is not None and line.witnessed_since is not None and since - _GAP <= before <= self._until:
                since = min(since, line.witnessed_since)
            stamps.append({"of_line": line.id, "since": since, "until": self._until})
        await scope.run(rows.WITNESS, stamps)


async def _add(scope: Scope, accounts: Sequence[Account]) -> None:
    """Write what is new about attempts of this tenant."""
    named = {one: name for one in accounts if (name := attempt_of(one.call_id)) is not None}
    calls = sorted(set(named.values()))
    for at in range(0, len(calls), 500):
        some = calls[at : at + 500]
        ours = {row.id for row in await scope.all(rows.OURS, calls=some)}
        known = {(row.call_id, row.method, row.code, row.at) for row in await scope.all(rows.TOLD, calls=some)}
        await keep(
            scope,
            [one for one, name in named.items() if name in ours and (name, one.method, one.code, one.at) not in known],
        )


async def witnessed(scope: Scope) -> dict[int, Witnessed]:
    """Which span is told completely, by line."""
    return {
        row.id: Witnessed(row.witnessed_since, row.witnessed_until)
        for row in await scope.all(rows.LINES)
        if row.witnessed_since is not None and row.witnessed_until is not None
    }
