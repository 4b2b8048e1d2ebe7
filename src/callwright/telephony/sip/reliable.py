"""Reliable provisional responses (RFC 3262): their order as a caller, and sending them until the PRACK as the one called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from callwright.telephony.sip.transactions import GIVE_UP, T1
from callwright.telephony.sip.wire import Request, Response

if TYPE_CHECKING:
    from callwright.telephony.sip.incoming import IncomingCall

__all__ = ["RSeqOrder", "ReliableRinging", "reliable_number"]

_RSEQ = re.compile(r"[0-9]{1,10}")
_RACK = re.compile(r"(\d{1,10})\s+(\d{1,10})\s+(\S+)")


def reliable_number(response: Response) -> int | None:
    """The RSeq of a provisional response that must be acknowledged by PRACK; None = an ordinary one."""
    required = any(item.lower() == "100rel" for item in response.items("require"))
    value = response.get("rseq")
    return int(value) if required and response.code > 100 and _RSEQ.fullmatch(value) else None


class RSeqOrder:
    """What one early dialog has sent so far: only the next in order counts, the rest is dropped (section 4)."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def take(self, tag: str, number: int) -> bool:
        """Whether this one is next in the dialog with this To tag; repeated ones and those behind a gap are not."""
        last = self._last.get(tag)
        if last is not None and number != last + 1:
            return False
        self._last[tag] = number
        return True


class ReliableRinging:
    """Our 180, sent again until its PRACK (section 3). When none comes the call is refused with 504."""

    def __init__(self, call: IncomingCall, now_ms: int) -> None:
        self.number = 1 + int(call.agent.new_id()[:7], 16)
        self.acknowledged = False
        self._call = call
        self._interval = T1
        self._send(now_ms)
        call.set_timer("rel-end", now_ms + GIVE_UP, call.on_no_prack)

    def _send(self, now_ms: int) -> None:
        call = self._call
        extra = (("Contact", call.agent.contact), ("Require", "100rel"), ("RSeq", str(self.number)))
        call.agent.respond(call.key, 180, now_ms, extra=extra)
        call.set_timer("rel", now_ms + self._interval, self._send)
        self._interval *= 2

    def stop(self) -> None:
        """A final answer was sent, or the PRACK is there."""
        self._call.cancel_timer("rel", "rel-end")

    def on_prack(self, request: Request, invite: Request) -> bool:
        """Whether a PRACK is for this one; then it is not sent again."""
        match = _RACK.fullmatch(request.get("rack"))
        expected = (self.number, *invite.cseq)
        if self.acknowledged or match is None or (int(match[1]), int(match[2]), match[3]) != expected:
            return False
        self.acknowledged = True
        self.stop()
        return True
