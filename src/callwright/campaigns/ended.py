"""How one attempt ended: what a worker, or a witness, says of it."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from typing import Literal

from callwright.calls.disposition import FACTS, Disposition
from callwright.values import quick

__all__ = ["Ended", "How", "disposition_of"]

How = Literal["", "late", "line", "kamailio", "absent", "reported"]


@quick(frozen=True, slots=True)
class Ended:
    """What became of one attempt.

    owner, fence: of its Dial; said: by the person, each turn; callback_at: a time that was agreed; counts: None = as the disposition says.
    how: "" by the worker itself, else the witness that says it (then owner and fence are not looked at).
    """

    attempt: str
    owner: str
    fence: int
    disposition: Disposition
    ended_at: datetime
    answered_at: datetime | None = None
    talk_ms: int = 0
    sip_code: int | None = None
    cause: str = ""
    tags: frozenset[str] = field(default_factory=frozenset)
    said: tuple[str, ...] = field(default=(), repr=False)
    callback_at: datetime | None = None
    how: How = ""
    counts: bool | None = None


def disposition_of(value: str) -> Disposition:
    """A disposition as a record says it; what this version does not know is `unknown`."""
    return next((known for known in FACTS if known == value), "unknown")
