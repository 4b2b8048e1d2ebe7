"""Who we are with one trunk, on a line that several trunks may share: name, password, codecs, how numbers are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from callwright.telephony.port import WireCodec
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.locate import Place
from callwright.telephony.wire_audio import SrtpPolicy

__all__ = ["Account", "Admission", "NumberPlan", "Way"]


class NumberPlan(Protocol):
    """How a trunk writes numbers. All raise LineError when there is no such way, or the text is no number."""

    def callee(self, e164: str) -> str:
        """What is dialled for a number."""

    def dialled(self, user: str) -> str:
        """The number that dialling `user` rings."""

    def caller(self, e164: str) -> str:
        """How a number of ours is shown."""


def _room() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Account:
    """name: of the trunk, "" = the line has only one; domain: host of our From ("" = our address); credentials: what we answer challenges
    with; codecs, srtp: what a call that comes in may speak; plan: how numbers are written (None = E.164, digits or prefixed digits);
    room: whether it takes a further call that comes in (else 503); trusted: what it asserts about callers is believed (RFC 3325)."""

    name: str = ""
    domain: str = ""
    credentials: Credentials | None = None
    codecs: tuple[WireCodec, ...] = ("PCMA", "PCMU")
    srtp: SrtpPolicy = "off"
    plan: NumberPlan | None = None
    room: Callable[[], bool] = _room
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A trunk as calls take it. place: its proxy; no_reply_s: silence until the next server is tried, and after the last the call ends."""

    account: Account
    place: Place
    no_reply_s: float = 6.0


Admission = Callable[
    [Hop], Account | None
]  # whose call a new request from this source is; None = nobody's, it gets silence
