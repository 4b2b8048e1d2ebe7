"""An INVITE that was given up for the next target (RFC 3263 section 4.3): whatever it still brings, nobody is to be rung by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.wire import Request, Response

if TYPE_CHECKING:
    from callwright.telephony.sip.outgoing import OutgoingCall

__all__ = ["Abandoned"]


class Abandoned:
    """Takes the place of the call as the owner of the transaction."""

    def __init__(self, call: OutgoingCall) -> None:
        self._call = call
        self._cancelled = False

    def record(self, now_ms: int, direction: Literal["->", "<-"], data: bytes, hop: Hop) -> None:
        """It stays in the ladder of the call."""
        self._call.record(now_ms, direction, data, hop)

    def on_response(self, request: Request, response: Response, source: Hop, now_ms: int) -> None:
        """A sign of life after all: cancelled as soon as it may be (RFC 3261 section 9.1), an answer is hung up."""
        if request.method != "INVITE":
            return
        if 100 < response.code < 300:
            self._call.rung_elsewhere()
        if response.code < 200 and not self._cancelled:
            self._cancelled = True
            self._call.cancel(request, self, source, now_ms)
        elif 200 <= response.code < 300:
            self._call.hang_up_fork(request, response, source, now_ms)

    def on_failure(self, request: Request, kind: str, now_ms: int) -> None:
        """It stayed silent, as it was taken to be."""
