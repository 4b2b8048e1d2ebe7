"""How the calls of `callwright bench soak` go: both sides read it off the number that is dialled, so each knows what is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["FATES", "Fate", "fate", "number"]

Deed = Literal["we_hang_up", "they_hang_up", "busy", "we_cancel", "nobody"]


@dataclass(frozen=True, slots=True)
class Fate:
    """deed: who does what; ends: (cause, by) of the caller's LegEnded that is right; ring_s: how long the caller lets it ring."""

    deed: Deed
    ends: tuple[str, str]
    ring_s: float = 30.0

    @property
    def answered(self) -> bool:
        return self.deed in ("we_hang_up", "they_hang_up")


FATES = (
    *[Fate("we_hang_up", ("bye", "us"))] * 6,
    *[Fate("they_hang_up", ("bye", "peer"))] * 3,
    Fate("busy", ("rejected", "peer")),
    Fate("we_cancel", ("cancelled", "us")),
    Fate("nobody", ("no_answer", "us"), ring_s=3.0),
)


def number(call: int) -> str:
    """The number of call 0..9,999,999 (E.164)."""
    return f"+86139{call:08d}"


def fate(called: str) -> Fate:
    """What becomes of a call to that number."""
    return FATES[int(called[-8:]) % len(FATES)]
