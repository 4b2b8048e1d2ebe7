"""Papers of companies: brought by one person, looked at by another. The files lie in blobs under their digest; the company's row names them.

What a file is, its first bytes say, never its name or what a browser claims. Nobody decides about papers that they brought themselves.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Row, bindparam, select, update

from callwright import audit
from callwright.accounts.model import Viewer
from callwright.accounts.tables import company
from callwright.errors import InputError, Place, Problem
from callwright.store.blobs import TenantBlobs
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT, Json, UtcTime
from callwright.store.scope import Scope

__all__ = ["LARGEST", "MOST", "attach", "decide", "find", "kind_of", "page", "paper"]

LARGEST = 10 * 1024 * 1024
"""Bytes of one paper."""
MOST = 20
"""Papers of one company."""

_ALL = select(company).where(company.c.tenant_id == TENANT)
_BY_ID = _ALL.where(company.c.id == bindparam("which", type_=BigInteger()))
_LOCKED = _BY_ID.with_for_update()
_CHANGE = update(company).where(company.c.tenant_id == TENANT, company.c.id == bindparam("which", type_=BigInteger()))
_PAPERS = _CHANGE.values(documents=bindparam("papers", type_=Json))
_DECIDE = _CHANGE.values(
    vetted_at=bindparam("at", type_=UtcTime()),
    vetted_by=bindparam("who"),
    vetted_until=bindparam("end", type_=UtcTime()),
)

_MAGIC: Mapping[str, re.Pattern[bytes]] = {
    "application/pdf": re.compile(rb"%PDF-[12]\.[0-9]"),
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
}


async def page(scope: Scope, after: int, most: int) -> list[Row[Any]]:
    """Companies with ids above `after`."""
    return list(await scope.all(_ALL.where(company.c.id > after).order_by(company.c.id).limit(most)))


async def find(scope: Scope, which: int) -> Row[Any]:
    """The company with this id.

    Raises:
        InputError: there is none.
    """
    return _there(await scope.first(_BY_ID, which=which))


def kind_of(content: bytes) -> str:
    """The media type of a paper.

    Raises:
        InputError: it is empty, too large, or neither PDF nor PNG nor JPEG.
    """
    place = Place(field="file")
    if len(content) > LARGEST:
        raise InputError(Problem("paper-large", f"a paper has at most {LARGEST // 1024 // 1024} MB", place))
    for kind, begins in _MAGIC.items():
        if begins.match(content):
            return kind
    raise InputError(Problem("paper-kind", "this is no PDF, PNG or JPEG", place, "Scan it, or save it as PDF."))


async def attach(
    scope: Scope,
    keys: TenantKeys,
    blobs: TenantBlobs,
    viewer: Viewer,
    which: int,
    name: str,
    content: bytes,
    now: datetime,
) -> dict[str, Any]:
    """Add a paper to a company. The blob is written before the row: at worst one lies there that nobody names.

    Raises:
        InputError: no such company, no such kind of file, or there are too many already.
    """
    row = _there(await scope.first(_LOCKED, which=which))
    kind = kind_of(content)
    digest = hashlib.sha256(content).hexdigest()
    papers = [dict(each) for each in row.documents]
    if len(papers) >= MOST:
        raise InputError(Problem("papers-many", f"a company has at most {MOST} papers", Place(field="file")))
    if any(each["sha256"] == digest for each in papers):
        raise InputError(Problem("paper-known", "this very paper is there already", Place(field="file")))
    blob = f"companies/{which}/{digest}"
    await blobs.put(blob, content)
    added = {
        "name": _tidy(name), "sha256": digest, "blob": blob, "type": kind, "size": len(content), "by": viewer.user,
        "at": now.isoformat(),
    }  # fmt: skip
    await scope.run(_PAPERS, which=which, papers=[*papers, added])
    told: audit.Detail = {"sha256": digest, "type": kind, "size": len(content)}
    await audit.note(scope, keys, viewer, "company.paper", ("company", which), told, now=now)
    return added


async def paper(scope: Scope, which: int, digest: str) -> dict[str, Any]:
    """A paper of a company.

    Raises:
        InputError: there is none with this digest.
    """
    row = await find(scope, which)
    for each in row.documents:
        if each["sha256"] == digest and each.get("blob"):
            return dict(each)
    raise InputError(Problem("unknown-paper", "there is no such paper"))


async def decide(
    scope: Scope, keys: TenantKeys, viewer: Viewer, which: int, now: datetime, *, until: datetime | None
) -> None:
    """Say that the papers are in order until then, or (None) that they are not.

    Raises:
        InputError: no such company, no paper, the end is over, or the viewer brought a paper themselves.
    """
    row = _there(await scope.first(_LOCKED, which=which))
    if not row.documents:
        raise InputError(Problem("no-papers", "there is no paper to look at", hint="Add the licence first."))
    if any(each.get("by") == viewer.user for each in row.documents):
        hint = "Somebody else with the permission company.vet decides."
        raise InputError(Problem("own-papers", "you brought one of these papers yourself", hint=hint))
    if until is not None and until <= now:
        raise InputError(Problem("vetting-over", "the end of the vetting is over already", Place(field="until")))
    digests = [each["sha256"][:16] for each in row.documents]
    ok = until is not None
    await scope.run(_DECIDE, which=which, at=now if ok else None, who=viewer.name[:100] if ok else None, end=until)
    told: audit.Detail = {"papers": digests, "until": until.date().isoformat() if until else None}
    await audit.note(scope, keys, viewer, "company.vet" if ok else "company.refuse", ("company", which), told, now=now)


def _there(row: Row[Any] | None) -> Row[Any]:
    if row is None:
        raise InputError(Problem("unknown-company", "there is no such company"))
    return row


def _tidy(name: str) -> str:
    """A file's name to be shown: no path, nothing that cannot be printed."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[:120] or "paper"
