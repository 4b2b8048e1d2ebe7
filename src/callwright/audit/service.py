"""Use cases of the audit log: export it, and verify it where it lies."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from callwright.audit.file import checking, header_text
from callwright.audit.store import Kept, ends, pages
from callwright.compliance.record_file import Anchor, ChainCheck, Report, record_text
from callwright.compliance.records import GENESIS, canonical, iso
from callwright.errors import InputError, Problem
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope

__all__ = ["export", "verify_kept"]

_NO_END = 2**62


async def export(scope: Scope, keys: TenantKeys, now: datetime) -> AsyncIterator[str]:
    """The lines of an export of the whole log; read within one transaction.

    Raises:
        InputError: there is no entry.
    """
    found = await ends(scope)
    if found.last.seq <= found.base.seq:
        raise InputError(Problem("audit-empty", "there is no entry in the audit log yet"))
    first = found.base.seq + 1
    yield header_text(scope.tenant, first, found.base.hash, found.last, keys.signing, now)
    async for page in pages(scope, first, found.last.seq):
        for kept in page:
            yield record_text(kept.sealed)


async def verify_kept(scope: Scope, key: Ed25519PublicKey, anchors: Sequence[Anchor] = ()) -> Report:
    """Check the chain where it lies: numbers, hashes, signatures, that its end and its beginning are vouched for, and that the columns by
    which entries are found say what was sealed."""
    found = await ends(scope)
    base = found.base
    check = checking(key, scope.tenant, [one for one in anchors if one.seq >= base.seq or one.tenant != scope.tenant])
    check.begin(base.seq + 1, base.hash if base.seq else GENESIS)
    vouched = base.seq == 0
    async for page in pages(scope, 0, _NO_END):
        for kept in page:
            body = _check(check, kept)
            vouched = vouched or _vouches(body, base.seq, base.hash)
    check.end(found.last)
    if not vouched:
        what = f"it begins after number {base.seq}, and no entry audit.trim says that what was before was deleted at its age"
        check.find("cut-off", what, base.seq + 1)
    return check.report()


def _vouches(body: dict[str, Any], seq: int, hashed: bytes) -> bool:
    detail = body.get("detail")
    if body.get("action") != "audit.trim" or not isinstance(detail, dict):
        return False
    return detail.get("last") == seq and detail.get("hash") == hashed.hex()


def _check(check: ChainCheck, kept: Kept) -> dict[str, Any]:
    seq = kept.sealed.seq
    try:
        body = json.loads(kept.sealed.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or canonical(body) != kept.sealed.body:
        check.find("not-canonical", "it is no canonical JSON", seq)
        body = body if isinstance(body, dict) else {"tenant": check.tenant, "seq": seq}
    check.record(kept.sealed, body)
    columns = {
        "action": kept.action, "at": iso(kept.at), "kind": kept.kind, "object": kept.object, "token": kept.token,
        "user": kept.user, "via": kept.via,
    }  # fmt: skip
    for name, value in columns.items():
        if body.get(name) != value:
            check.find("columns-differ", f"the column of {name} says {value!r}, the entry {body.get(name)!r}", seq)
    return body
