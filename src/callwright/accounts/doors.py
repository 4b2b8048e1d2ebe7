"""Whatever opens a door: tokens of sessions, links and programs. 256 random bits, and the tenant they belong to. Pure, but for the dice.

    cw_7_8Jx...     API token of tenant 7        cws_7_...   session        cwl_7_...   one-time link        cwu_0_...   first start

Only the SHA-256 of the whole text is kept. A found hash proves the text, so nothing is compared letter by letter.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Door", "Kind", "hashed", "mint", "read", "same"]


class Kind(StrEnum):
    """What it opens: the beginning of its text, by which scanners of leaked secrets know it too."""

    TOKEN = "cw"  # noqa: S105 - a prefix, no secret
    SESSION = "cws"
    LINK = "cwl"
    SETUP = "cwu"


_TEXT = re.compile(r"(cw[slu]?)_(0|[1-9][0-9]{0,18})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Door:
    """One of them. text: shown once, never kept; hash: what is kept."""

    kind: Kind
    tenant: int
    text: str
    hash: bytes

    def __repr__(self) -> str:
        return f"Door({self.kind.value}_{self.tenant}_...)"


def mint(kind: Kind, tenant: int) -> Door:
    """A new one."""
    text = f"{kind.value}_{tenant}_{secrets.token_urlsafe(32)}"
    return Door(kind, tenant, text, hashed(text))


def read(text: str, kind: Kind) -> Door | None:
    """What somebody brought; None = it has not the form of one of this kind."""
    found = _TEXT.fullmatch(text) if len(text) < 100 else None
    if found is None or found[1] != kind.value:
        return None
    return Door(kind, int(found[2]), text, hashed(text))


def hashed(text: str) -> bytes:
    """What is kept of it."""
    return hashlib.sha256(text.encode()).digest()


def same(one: str, other: str) -> bool:
    """Whether two texts are, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())
