"""What callers of `callwright bench soak --robot` do: both sides read it off the caller's number, so each knows what is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["DEEDS", "TEXTS", "Deed", "deed", "number"]

TEXTS = (
    "yes monday in the morning suits me very well",
    "stop calling me",
)
"""What the stub recogniser makes of the first and the second thing a caller says."""


@dataclass(frozen=True, slots=True)
class Deed:
    """answers: how often the caller answers a question; keys: pressed over the first prompt; early_s: hangs up so long after the answer;
    over: speaks over the disclosure instead of after it; ends: of the robot's record that are right; only after `hangup` it is the
    caller who hung up."""

    name: Literal["opts_out", "hangs_up", "goes_early", "presses", "talks_over"]
    ends: frozenset[str]
    answers: int = 0
    keys: str = ""
    early_s: float = 0.0
    over: bool = False

    def hung_up_rightly(self, by: str) -> bool:
        """Whether the BYE came from the right side, as the caller's leg tells: `us` or `peer`."""
        return by in {"us" if end == "hangup" else "peer" for end in self.ends}


_GONE = frozenset({"hangup"})
DEEDS = (
    Deed("opts_out", frozenset({"optout"}), answers=2),
    Deed("hangs_up", _GONE, answers=1),
    Deed("goes_early", _GONE, early_s=0.6),
    Deed("presses", _GONE, keys="12#", early_s=2.5),
    # A pause in it makes two utterances of it, of which the stub takes the second for an opt-out.
    Deed("talks_over", frozenset({"hangup", "optout"}), answers=1, over=True),
)


def number(call: int) -> str:
    """The number that call 0..9,999,999 comes from (E.164)."""
    return f"+1202{call:07d}"


def deed(caller: str) -> Deed:
    """What whoever calls from that number does."""
    return DEEDS[int(caller[-7:]) % len(DEEDS)]
