"""Our own re-INVITE and UPDATE within a call: hold, resume, session refresh. One at a time, with the retry of RFC 3261 section 14.1.

A change waits while the far side's is under way; a 491 is tried again after the time the RFC gives, which differs for both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import ref

from callwright.errors import WireError
from callwright.telephony.sip import sdp
from callwright.telephony.sip.replies import ALLOW, SUPPORTED
from callwright.telephony.sip.wire import Headers, Request, Response

if TYPE_CHECKING:
    from callwright.telephony.sip.call import Call

__all__ = ["Changed", "Modifier"]

RETRY_MS = 10_000
MAX_GLARES = 10


@dataclass(frozen=True, slots=True)
class Changed:
    """Our change of the session was answered. code: 200, or the status it failed with (408 when nobody answered)."""

    at_ms: int
    code: int


class Modifier:
    """running: the request under way. The call says when it is `stable`, and hands every answer over."""

    __slots__ = ("_before", "_changing", "_glares", "_method", "_owner", "_refreshing", "_waits", "running")

    def __init__(self, call: Call) -> None:
        self.running: Request | None = None
        self._owner = ref(call)  # no ring: an ended call goes at once, not when all of memory is looked through
        self._changing = False
        self._refreshing = False
        self._before: sdp.Direction = "sendrecv"
        self._method = "INVITE"
        self._glares = 0
        self._waits = False

    @property
    def _call(self) -> Call:
        call = self._owner()
        assert call is not None, "only a call asks its own parts for anything"
        return call

    def change(self, direction: sdp.Direction, method: str, now_ms: int) -> None:
        """Offer another direction; `Changed` follows."""
        offers = self._call.offers
        self._before, offers.direction = offers.direction, direction
        self._changing, self._method = True, method
        self.go(now_ms)

    def refresh(self, now_ms: int) -> None:
        """Refresh the session: by UPDATE where the far side takes it, else by re-INVITE (RFC 4028 section 7.4)."""
        self._refreshing = True
        self.go(now_ms)

    def blocks(self, request: Request) -> bool:
        """Whether the far side's request must wait for ours (491)."""
        if self.running is None:
            return False
        return (request.method == "INVITE" == self.running.method) or self._call.offers.pending

    def go(self, now_ms: int) -> None:
        """Send what is wanted, if it may be sent now."""
        call = self._call
        if self.running is not None or self._waits or not call.stable or call.dialog is None:
            return
        if self._changing:
            method, body = self._method, call.offers.offer()
        elif self._refreshing and call.peer_takes("UPDATE"):
            method, body = "UPDATE", b""
        elif self._refreshing:
            method, body = "INVITE", call.offers.repeat()
        else:
            return
        extra: Headers = (*call.session_timer.ask(), SUPPORTED, *((ALLOW,) if method == "INVITE" else ()))
        self.running = call.make_in(call.dialog, method, extra, body)
        call.agent.start_client(self.running, call.dialog.next_hop(), call, now_ms)

    # ------------------------------------------------------------ answers

    def on_response(self, request: Request, response: Response, now_ms: int) -> None:
        """A final answer to the request under way."""
        self.running = None
        if response.code < 300:
            self._on_success(request, response, now_ms)
            return
        self._call.offers.withdraw()
        if response.code in (408, 481):  # the dialog is gone (RFC 3261 section 12.2.1.2)
            self._call.bye(now_ms, "timeout", "network", f"{request.method} was answered {response.code}")
        elif response.code == 491 and self._glares < MAX_GLARES:
            self._glares += 1
            self._later(self._call.glare_ms(), now_ms)
        elif response.code == 422 and self._call.session_timer.too_small(response):
            self.go(now_ms)
        elif response.code in (405, 501) and request.method == "UPDATE" and not request.body:
            self._call.peer_refuses("UPDATE")
            self.go(now_ms)
        else:
            self._failed(request, response.code, now_ms)

    def _on_success(self, request: Request, response: Response, now_ms: int) -> None:
        call = self._call
        if request.body:
            try:
                call.set_session(call.offers.settle(response.body), now_ms)
            except WireError as error:
                call.bye(now_ms, "protocol_error", "us", str(error))
                return
            if self._changing:
                self._changing = False
                call.emit(Changed(now_ms, 200))
        self._refreshing = False
        self._glares = 0
        call.session_timer.agreed(response)
        call.restart_session(now_ms)
        self.go(now_ms)

    def on_failure(self, request: Request, kind: str, now_ms: int) -> None:
        """Nobody answered: the far side is gone."""
        self.running = None
        self._call.offers.withdraw()
        cause = "timeout" if kind == "timeout" else "transport_error"
        self._call.bye(now_ms, cause, "network", f"no answer to {request.method}")

    def _failed(self, request: Request, code: int, now_ms: int) -> None:
        """Refused: the session stays as it was (section 14.1); a refresh is tried again until the session expires."""
        self._glares = 0
        if request.body and self._changing:
            self._changing = False
            self._call.offers.direction = self._before
            self._call.emit(Changed(now_ms, code))
        if self._refreshing:
            self._later(RETRY_MS, now_ms)
        else:
            self.go(now_ms)

    def _later(self, delay_ms: int, now_ms: int) -> None:
        self._waits = True
        self._call.set_timer("again", now_ms + delay_ms, self._again)

    def _again(self, now_ms: int) -> None:
        self._waits = False
        self.go(now_ms)
