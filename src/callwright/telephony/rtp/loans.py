"""Numbers of a stream on loan to the arrays of many steady streams: what is lent, and what is asked of whoever has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from callwright.telephony.rtp.jitter import LentBuffer

if TYPE_CHECKING:
    from callwright.telephony.rtp.stream import RtpStream

__all__ = ["LentIn", "LentOut", "Loans"]


class LentIn(NamedTuple):
    """first: the first 32-bit word of the packet that should come next; arrival_ms, jitter_ms: of RFC 3550 appendix A.8."""

    first: int
    ssrc: int
    buffer: LentBuffer
    arrival_ms: float
    jitter_ms: float


class LentOut(NamedTuple):
    """The header words of the next packet, and a frame of silence."""

    first: int
    timestamp: int
    ssrc: int
    silence: bytes


class Loans(Protocol):
    """Who has the numbers of steady streams. The engine's lock is held when these are called.

    sent_at: when the packets of the last tick left, s of the monotonic clock."""

    sent_at: float

    def recall(self, stream: RtpStream, *, inbound: bool = True, outbound: bool = True) -> None: ...

    def refresh(self, stream: RtpStream) -> None: ...

    def advance(self, stream: RtpStream) -> None: ...

    def waiting(self, stream: RtpStream) -> int: ...

    def requeue(self, stream: RtpStream) -> None: ...

    def extend(self, stream: RtpStream) -> None: ...

    def recorded(self) -> None: ...

    def skip(self, stream: RtpStream, ticks: int) -> None: ...
