"""An entry of the audit log: what it says, and how it is sealed. Pure.

Entries are chained and signed as decision records are (compliance/records.py): canonical JSON, sha256(hash before || body), Ed25519 over
`callwright-audit-1:` and that hash; one chain for each tenant. They name people by ids only: what is erased elsewhere names nobody here.
docs/reference/audit-log.md lists the fields and actions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from callwright.accounts.model import Viewer
from callwright.compliance.records import Head, Sealed, canonical, iso, link

__all__ = ["About", "Detail", "Entry", "entry_of", "seal", "signed_bytes"]

About = tuple[str, str | int]
"""What it was done to: kind and id, like ("task", 17). Never a number or a name of a person."""

Scalar = str | int | float | bool | None
Detail = Mapping[str, Scalar | list[str] | list[int]]
"""A little more, flat: counts, states, names of settings. At most 2,000 bytes as JSON, and no personal data."""

_ACTION = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+")
_KIND = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_PHONE = re.compile(r"(?<![0-9A-Za-z])\+[1-9][0-9]{6,14}(?![0-9A-Za-z])|(?<![0-9A-Za-z])1[3-9][0-9]{9}(?![0-9A-Za-z])")
_MAIL = re.compile(r"[^\s@\"]@[^\s@\"]+\.[^\s@\"]")
_LONGEST = 2000
_LONGEST_ID = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody did something. by: name of a command or job, "" for users and tokens, whose ids say it."""

    at: datetime
    user: int | None
    token: int | None
    via: str
    by: str
    action: str
    kind: str
    object: str
    detail: Detail = field(default_factory=dict)


def entry_of(viewer: Viewer, action: str, about: About, detail: Detail | None, now: datetime) -> Entry:
    """What is to be written down. action: `room.verb` of what was done, like `task.start`, or seen, like `recording.play`.

    Raises:
        ValueError: the action or kind is none, the detail too long, or something looks like a phone number or a mail address.
    """
    kind, which = about
    entry = Entry(
        now, viewer.user, viewer.token, viewer.via, viewer.name if viewer.via == "system" else "", action, kind,
        str(which), dict(detail or {}),
    )  # fmt: skip
    if not _ACTION.fullmatch(action):
        raise ValueError(f"{action!r} is no action: write room.verb, like task.start")
    if not _KIND.fullmatch(kind) or len(entry.object) > _LONGEST_ID:
        raise ValueError(f"{kind!r} is no kind of object, or its id is longer than {_LONGEST_ID}")
    told = canonical(entry.detail)
    if len(told.encode()) > _LONGEST:
        raise ValueError(f"the detail of {action} is longer than {_LONGEST} bytes: give a digest of it")
    for text in (told, entry.object, entry.by):
        if _PHONE.search(text) or _MAIL.search(text):
            raise ValueError(f"the audit log may not hold a phone number or mail address: {action} names one")
    return entry


def seal(tenant: int, head: Head, entry: Entry, sign: Callable[[bytes], bytes]) -> Sealed:
    """The entry as the next one of the chain."""
    seq = head.seq + 1
    body = canonical(
        {
            "action": entry.action, "at": iso(entry.at), "by": entry.by, "detail": entry.detail, "kind": entry.kind,
            "object": entry.object, "seq": seq, "tenant": tenant, "token": entry.token, "user": entry.user, "via": entry.via,
        }
    )  # fmt: skip
    hashed = link(head.hash, body)
    return Sealed(seq, body, hashed, sign(signed_bytes(hashed)))


def signed_bytes(hashed: bytes) -> bytes:
    """What the signature of an entry is over: never what that of a decision record is."""
    return b"callwright-audit-1:" + hashed
