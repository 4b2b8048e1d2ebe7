"""All SQL of the studio. The same statements on SQLite and PostgreSQL; versions themselves belong to campaigns, which speak them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Integer,
    Row,
    String,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    union,
    update,
)

from callwright.campaigns.tables import script_version
from callwright.store.metadata import TENANT, UtcTime
from callwright.store.scope import Scope
from callwright.studio.model import Draft, Person, Save, Submission, Verdict, Version
from callwright.studio.tables import script_draft, script_draft_save, script_submission

__all__ = [
    "add_draft",
    "add_save",
    "add_submission",
    "authors_since",
    "decide",
    "draft",
    "drafts_of",
    "drop_draft",
    "find_save",
    "last_save",
    "names",
    "open_submissions",
    "replace_open",
    "saves",
    "submissions_of",
    "update_draft",
    "version",
    "versions_of",
]

_SCRIPT = bindparam("script", type_=String())
_SCRIPTS: BindParameter[str] = bindparam("scripts", expanding=True)

_NAMES = union(
    select(script_draft.c.script_id, script_draft.c.title).where(script_draft.c.tenant_id == TENANT),
    select(script_version.c.script_id, literal("")).where(script_version.c.tenant_id == TENANT),
).subquery()  # fmt: skip
_LIST = (
    select(_NAMES.c.script_id)
    .where(
        _NAMES.c.script_id > bindparam("after", type_=String()),
        or_(
            func.lower(_NAMES.c.script_id).like(bindparam("like", type_=String()), escape="!"),
            func.lower(_NAMES.c.title).like(bindparam("like", type_=String()), escape="!"),
        ),
    )
    .group_by(_NAMES.c.script_id)
    .order_by(_NAMES.c.script_id)
    .limit(bindparam("most", type_=Integer()))
)

_DRAFT = select(script_draft).where(script_draft.c.tenant_id == TENANT, script_draft.c.script_id == _SCRIPT)
_LOCK_DRAFT = _DRAFT.with_for_update()
_DRAFTS = select(
    script_draft.c.script_id,
    script_draft.c.version,
    script_draft.c.title,
    script_draft.c.language,
    script_draft.c.purpose,
    script_draft.c.updated_by,
    script_draft.c.updated_by_user,
    script_draft.c.updated_at,
    literal("").label("text"),
).where(script_draft.c.tenant_id == TENANT, script_draft.c.script_id.in_(_SCRIPTS))
_ADD_DRAFT = insert(script_draft)
_UPDATE_DRAFT = (
    update(script_draft)
    .where(
        script_draft.c.tenant_id == TENANT,
        script_draft.c.script_id == _SCRIPT,
        script_draft.c.version == bindparam("seen", type_=Integer()),
    )
    .values(
        text=bindparam("new_text", type_=String()),
        version=script_draft.c.version + 1,
        title=bindparam("new_title", type_=String()),
        language=bindparam("new_language", type_=String()),
        purpose=bindparam("new_purpose", type_=String()),
        updated_by=bindparam("new_by", type_=String()),
        updated_by_user=bindparam("new_user", type_=BigInteger()),
        updated_at=bindparam("new_at", type_=UtcTime()),
    )
)
_DROP_DRAFT = delete(script_draft).where(
    script_draft.c.tenant_id == TENANT,
    script_draft.c.script_id == _SCRIPT,
    script_draft.c.version == bindparam("seen", type_=Integer()),
)

_ADD_SAVE = insert(script_draft_save)
_FORGET_SAVES = delete(script_draft_save).where(
    script_draft_save.c.tenant_id == TENANT,
    script_draft_save.c.script_id == _SCRIPT,
    script_draft_save.c.version <= bindparam("upto", type_=Integer()),
)
_SAVES = (
    select(
        script_draft_save.c.version,
        script_draft_save.c.by,
        script_draft_save.c.by_user,
        script_draft_save.c.at,
        script_draft_save.c.note,
        literal("").label("text"),
    )
    .where(
        script_draft_save.c.tenant_id == TENANT,
        script_draft_save.c.script_id == _SCRIPT,
        script_draft_save.c.version < bindparam("before", type_=Integer()),
    )
    .order_by(script_draft_save.c.version.desc())
    .limit(bindparam("most", type_=Integer()))
)
_SAVE = select(script_draft_save).where(
    script_draft_save.c.tenant_id == TENANT,
    script_draft_save.c.script_id == _SCRIPT,
    script_draft_save.c.version == bindparam("which", type_=Integer()),
)
_LAST_SAVE = select(func.max(script_draft_save.c.version)).where(
    script_draft_save.c.tenant_id == TENANT, script_draft_save.c.script_id == _SCRIPT
)
_AUTHORS = (
    select(script_draft_save.c.by_user)
    .where(
        script_draft_save.c.tenant_id == TENANT,
        script_draft_save.c.script_id == _SCRIPT,
        script_draft_save.c.version > bindparam("since", type_=Integer()),
        script_draft_save.c.by_user.is_not(None),
    )
    .distinct()
)

_APPROVED = (
    select(script_submission.c.decided_by)
    .where(
        script_submission.c.tenant_id == TENANT,
        script_submission.c.version_id == script_version.c.id,
        script_submission.c.verdict == "approved",
    )
    .order_by(script_submission.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
_VERSION_COLUMNS = (
    script_version.c.id,
    script_version.c.script_id,
    script_version.c.digest,
    script_version.c.submitted_by,
    script_version.c.submitted_at,
    script_version.c.reviewed_by,
    script_version.c.reviewed_at,
    script_version.c.withdrawn_at,
    script_version.c.withdrawn_by,
    _APPROVED.label("approved_by"),
)
_VERSIONS = (
    select(*_VERSION_COLUMNS, literal("").label("text"))
    .where(script_version.c.tenant_id == TENANT, script_version.c.script_id.in_(_SCRIPTS))
    .order_by(script_version.c.id.desc())
)
_VERSION = select(*_VERSION_COLUMNS, script_version.c.text).where(
    script_version.c.tenant_id == TENANT,
    script_version.c.script_id == _SCRIPT,
    script_version.c.digest == bindparam("digest", type_=String()),
)

_SUBMISSION = (
    select(script_submission, script_version.c.digest)
    .join(
        script_version,
        (script_version.c.tenant_id == script_submission.c.tenant_id)
        & (script_version.c.id == script_submission.c.version_id),
    )
    .where(script_submission.c.tenant_id == TENANT)
    .order_by(script_submission.c.id.desc())
)
_SUBMISSIONS = _SUBMISSION.where(script_submission.c.script_id.in_(_SCRIPTS))
_OPEN = _SUBMISSION.where(script_submission.c.verdict == "open").limit(200)
_ADD_SUBMISSION = insert(script_submission)
_REPLACE_OPEN = (
    update(script_submission)
    .where(
        script_submission.c.tenant_id == TENANT,
        script_submission.c.script_id == _SCRIPT,
        script_submission.c.verdict == "open",
    )
    .values(verdict="replaced")
)
_DECIDE = (
    update(script_submission)
    .where(
        script_submission.c.tenant_id == TENANT,
        script_submission.c.id == bindparam("which", type_=BigInteger()),
        script_submission.c.verdict == "open",
    )
    .values(
        verdict=bindparam("new_verdict", type_=String()),
        reason=bindparam("new_reason", type_=String()),
        decided_by=bindparam("new_by", type_=String()),
        decided_by_user=bindparam("new_user", type_=BigInteger()),
        decided_at=bindparam("new_at", type_=UtcTime()),
    )
)

KEPT_SAVES = 200  # of one script


async def names(scope: Scope, like: str, after: str, most: int) -> list[str]:
    """Ids of scripts that have a draft or a version, in order; like: a part of the id or title."""
    pattern = "".join(f"!{char}" if char in "!%_" else char for char in like.lower())
    return [row.script_id for row in await scope.all(_LIST, like=f"%{pattern}%", after=after, most=most)]


async def draft(scope: Scope, script: str, *, lock: bool = False) -> Draft | None:
    """The draft with its text. lock: nobody else changes it in this transaction."""
    row = await scope.first(_LOCK_DRAFT if lock else _DRAFT, script=script)
    return None if row is None else _draft(row)


async def drafts_of(scope: Scope, scripts: Sequence[str]) -> dict[str, Draft]:
    """Drafts without their texts."""
    return {row.script_id: _draft(row) for row in await scope.all(_DRAFTS, scripts=list(scripts))}


async def add_draft(scope: Scope, new: Draft) -> None:
    """A draft that is not there yet."""
    await scope.run(
        _ADD_DRAFT, script_id=new.script, text=new.text, version=new.version, title=new.title, language=new.language, purpose=new.purpose,
        updated_by=new.updated_by.name, updated_by_user=new.updated_by.user, updated_at=new.updated_at, created_at=new.updated_at,
    )  # fmt: skip


async def update_draft(scope: Scope, new: Draft, seen: int) -> bool:
    """Write the text over the version that was seen; False = somebody else was faster, or there is no draft."""
    return bool(
        await scope.run(
            _UPDATE_DRAFT, script=new.script, seen=seen, new_text=new.text, new_title=new.title, new_language=new.language,
            new_purpose=new.purpose, new_by=new.updated_by.name, new_user=new.updated_by.user, new_at=new.updated_at,
        )
    )  # fmt: skip


async def drop_draft(scope: Scope, script: str, seen: int) -> bool:
    """Delete the draft; what was saved of it stays. False = it is another version by now."""
    return bool(await scope.run(_DROP_DRAFT, script=script, seen=seen))


async def add_save(scope: Scope, script: str, save: Save) -> None:
    """Keep what was saved; the oldest go."""
    await scope.run(
        _ADD_SAVE, script_id=script, version=save.version, text=save.text, note=save.note, by=save.by.name, by_user=save.by.user, at=save.at
    )  # fmt: skip
    await scope.run(_FORGET_SAVES, script=script, upto=save.version - KEPT_SAVES)


async def saves(scope: Scope, script: str, before: int, most: int) -> list[Save]:
    """Saves below this number, newest first, without their texts."""
    return [_save(row) for row in await scope.all(_SAVES, script=script, before=before, most=most)]


async def find_save(scope: Scope, script: str, which: int) -> Save | None:
    """One with its text."""
    row = await scope.first(_SAVE, script=script, which=which)
    return None if row is None else _save(row)


async def last_save(scope: Scope, script: str) -> int:
    """Number of the last save, 0 = there is none: a draft that begins anew counts on from it."""
    return int(await scope.value(_LAST_SAVE, script=script) or 0)


async def authors_since(scope: Scope, script: str, since: int) -> tuple[int, ...]:
    """Ids of users who saved the draft after this save."""
    return tuple(sorted(row.by_user for row in await scope.all(_AUTHORS, script=script, since=since)))


async def versions_of(scope: Scope, scripts: Sequence[str]) -> list[Version]:
    """Versions of these scripts, newest first, without their texts."""
    return [_version(row) for row in await scope.all(_VERSIONS, scripts=list(scripts))]


async def version(scope: Scope, script: str, digest: str) -> Version | None:
    """One with its text; digest: all of it."""
    row = await scope.first(_VERSION, script=script, digest=digest)
    return None if row is None else _version(row)


async def submissions_of(scope: Scope, scripts: Sequence[str]) -> list[Submission]:
    """All rounds of review of these scripts, newest first."""
    return [_submission(row) for row in await scope.all(_SUBMISSIONS, scripts=list(scripts))]


async def open_submissions(scope: Scope) -> list[Submission]:
    """What waits for a reviewer, newest first; at most 200."""
    return [_submission(row) for row in await scope.all(_OPEN)]


async def add_submission(scope: Scope, new: Submission, version: int) -> None:
    """A new round."""
    await scope.run(
        _ADD_SUBMISSION, script_id=new.script, version_id=version, draft_version=new.draft_version, note=new.note, by=new.by.name,
        by_user=new.by.user, authors=list(new.authors), at=new.at, verdict="open",
    )  # fmt: skip


async def replace_open(scope: Scope, script: str) -> None:
    """What waits is no longer asked about: something newer is."""
    await scope.run(_REPLACE_OPEN, script=script)


async def decide(scope: Scope, which: int, verdict: Verdict, reason: str, by: Person, at: datetime) -> bool:
    """What the reviewer said; False = it is not open any more."""
    changed = await scope.run(
        _DECIDE, which=which, new_verdict=verdict, new_reason=reason, new_by=by.name, new_user=by.user, new_at=at
    )
    return bool(changed)


def _draft(row: Row[Any]) -> Draft:
    by = Person(row.updated_by, row.updated_by_user)
    return Draft(row.script_id, row.text, row.version, row.title, row.language, row.purpose, by, row.updated_at)


def _save(row: Row[Any]) -> Save:
    return Save(row.version, Person(row.by, row.by_user), row.at, row.note, row.text)


def _version(row: Row[Any]) -> Version:
    approved = row.approved_by or row.reviewed_by
    return Version(
        row.id, row.script_id, row.digest, row.submitted_by, row.submitted_at, row.reviewed_at, row.withdrawn_at, row.withdrawn_by,
        approved, row.text,
    )  # fmt: skip


def _submission(row: Row[Any]) -> Submission:
    return Submission(
        row.id, row.script_id, row.digest, row.draft_version, row.note, Person(row.by, row.by_user), tuple(row.authors), row.at,
        cast(Verdict, row.verdict), row.reason, row.decided_by, row.decided_at,
    )  # fmt: skip
