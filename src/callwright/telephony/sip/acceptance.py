"""A 200 of ours to an INVITE, sent again until the ACK is there (RFC 3261 section 13.3.1.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callwright.telephony.sip.transactions import GIVE_UP, T1, T2, Key
from callwright.telephony.sip.wire import Headers, Request

if TYPE_CHECKING:
    from callwright.telephony.sip.call import Call

__all__ = ["Acceptance"]


class Acceptance:
    """offering: the 200 brought our offer, so that the ACK must bring the answer."""

    def __init__(self, call: Call, key: Key, request: Request, body: bytes, extra: Headers, now_ms: int) -> None:
        self.offering = not request.body
        self.number = request.cseq[0]
        self._call = call
        self._key = key
        self._body = body
        self._extra = (*call.agent.abilities, *extra)
        self._interval = T1
        self._send(now_ms)
        call.set_timer("ok-end", now_ms + GIVE_UP, self._given_up)

    def _send(self, now_ms: int) -> None:
        self._call.agent.respond(self._key, 200, now_ms, body=self._body, extra=self._extra)
        self._call.set_timer("ok", now_ms + self._interval, self._send)
        self._interval = min(2 * self._interval, T2)

    def over(self) -> None:
        """The ACK is there, or nobody waits for it any more."""
        self._call.cancel_timer("ok", "ok-end")
        self._call.agent.layer.acknowledged(self._key)

    def _given_up(self, now_ms: int) -> None:
        self.over()
        self._call.on_no_ack(now_ms)
