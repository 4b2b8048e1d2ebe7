"""Versions of scripts: what was reviewed is what is spoken. A version is its text; it is handed in by one person and reviewed by another."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row

from callwright.campaigns import task_store as rows
from callwright.errors import Problem, ScriptError, TaskError
from callwright.script.checks import check
from callwright.script.loader import loads
from callwright.store.scope import Scope

__all__ = ["Version", "find", "review", "submit", "versions", "withdraw"]


_BEGINNING = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class Version:
    """A script as it was at one moment. digest: sha256 of its text."""

    id: int
    script: str
    digest: str
    purpose: str
    submitted_by: str
    submitted_at: datetime
    reviewed_by: str | None
    withdrawn: bool

    @property
    def usable(self) -> bool:
        """It was reviewed and nobody withdrew it."""
        return self.reviewed_by is not None and not self.withdrawn


async def submit(scope: Scope, text: str, file: str, by: str, now: datetime) -> Version:
    """Hand in the text of a script for review; the same text again is the same version.

    Raises:
        ScriptError: the script has errors.
        TaskError: nobody is named, or this text was withdrawn.
    """
    _somebody(by)
    loaded = loads(text, file)
    errors = [problem for problem in check(loaded, _day(now)) if problem.severity == "error"]
    if errors:
        raise ScriptError(errors)
    digest = hashlib.sha256(text.encode()).hexdigest()
    row = await scope.first(rows.FIND_SCRIPT, digest=digest)
    if row is None:
        new = {
            "script_id": loaded.script.id, "digest": digest, "text": text, "purpose": loaded.script.purpose, "language": loaded.script.lang,
            "submitted_by": by, "submitted_at": now,
        }  # fmt: skip
        await scope.run(rows.ADD_SCRIPT, **new)
        row = await scope.first(rows.FIND_SCRIPT, digest=digest)
        assert row is not None
    elif row.withdrawn_at is not None:
        message = "this very text was withdrawn"
        raise TaskError(Problem("withdrawn", message, hint="Change it, and hand it in again."))
    return _version(row)


async def review(scope: Scope, digest: str, by: str, now: datetime) -> Version:
    """Say that this text may be spoken.

    Raises:
        TaskError: no such version, withdrawn, or its author asks.
    """
    _somebody(by)
    version = await find(scope, digest)
    if version.withdrawn:
        raise TaskError(Problem("withdrawn", f"{_named(version)} was withdrawn", hint="Hand in a new version."))
    if version.submitted_by == by:
        hint = "Somebody else has to read and review it."
        raise TaskError(Problem("own-work", f"{by} handed in {_named(version)} and cannot review it", hint=hint))
    await scope.run(rows.REVIEW_SCRIPT, whole=version.digest, reviewer=by, now=now)
    return await find(scope, version.digest)


async def withdraw(scope: Scope, digest: str, by: str, now: datetime) -> Version:
    """From the next dial on nobody speaks this version; tasks that use it call nobody until their plan names another one.

    Raises:
        TaskError: no such version.
    """
    _somebody(by)
    version = await find(scope, digest)
    await scope.run(rows.WITHDRAW_SCRIPT, whole=version.digest, withdrawer=by, now=now)
    return await find(scope, version.digest)


async def find(scope: Scope, digest: str) -> Version:
    """The version whose digest begins so.

    Raises:
        TaskError: none, or several.
    """
    found = [] if not _BEGINNING.fullmatch(digest) else await scope.all(rows.FIND_SCRIPT, digest=digest)
    if len(found) != 1:
        many = "several versions begin" if found else "no version begins"
        hint = "See them: callwright script versions. At least 8 digits are needed."
        raise TaskError(Problem("unknown-version", f"{many} with {digest}", hint=hint))
    return _version(found[0])


async def versions(scope: Scope) -> Sequence[Version]:
    """Every version, by script and time."""
    return [_version(row) for row in await scope.all(rows.SCRIPTS)]


def _version(row: Row[Any]) -> Version:
    return Version(
        row.id, row.script_id, row.digest, row.purpose, row.submitted_by, row.submitted_at,
        row.reviewed_by if row.reviewed_at is not None else None, row.withdrawn_at is not None,
    )  # fmt: skip


def _named(version: Version) -> str:
    return f"{version.script} {version.digest[:8]}"


def _somebody(by: str) -> None:
    if not by.strip():
        raise TaskError(Problem("nobody", "it is not said who asks for it", hint="Say who you are: --by NAME."))


def _day(now: datetime) -> date:
    return now.date()
