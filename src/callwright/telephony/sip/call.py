"""What calls of both directions share: dialogs, requests of the far side within them, 2xx that are repeated until the ACK, BYE.

A call is sans-IO: it acts through its agent (send, set a timer, emit an event) and gets `now_ms` with everything that happens.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from callwright.errors import WireError
from callwright.telephony.port import LegAnswered, LegDtmf, LegEnded, LegEvent
from callwright.telephony.sip import sdp
from callwright.telephony.sip.dialog import Dialog
from callwright.telephony.sip.digest import DigestClient
from callwright.telephony.sip.fields import mask
from callwright.telephony.sip.replies import ALLOW, KNOWN_METHODS, SDP_TYPE, unsupported
from callwright.telephony.sip.transactions import GIVE_UP, T1, T2, Key
from callwright.telephony.sip.wire import Headers, Request, Response

if TYPE_CHECKING:
    from callwright.telephony.sip.agent import Agent

__all__ = ["Call", "CallEvent", "CallOffered", "Rung", "SessionSet"]

By = Literal["us", "peer", "network"]

_DTMF = re.compile(r"(?im)^\s*(?:signal\s*=\s*)?([0-9A-D*#])\s*$")


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of the ladder: when, `->` sent or `<-` received, the first line with numbers hidden."""

    at_ms: int
    direction: Literal["->", "<-"]
    line: str


@dataclass(frozen=True, slots=True)
class SessionSet:
    """Audio goes this way from now on; early = before the answer."""

    at_ms: int
    session: sdp.Session
    early: bool = False


@dataclass(frozen=True, slots=True)
class CallOffered:
    """Somebody calls us."""

    at_ms: int


CallEvent = LegEvent | SessionSet | CallOffered


class Call:
    """One call. state: `calling`, `cancelling`, `offered`, `answered`, `terminating`, `ended`."""

    def __init__(self, agent: Agent, call_id: str, local_tag: str, local: sdp.LocalMedia | None, max_ms: int) -> None:
        self.agent = agent
        self.call_id = call_id
        self.local_tag = local_tag
        self.local = local
        self.state = "calling"
        self.ladder: list[Rung] = []
        self.session: sdp.Session | None = None
        self.dialog: Dialog | None = None
        self.dialogs: dict[str, Dialog] = {}
        self.ending: tuple[str, By, str] | None = None
        self._max_ms = max_ms
        self._digest = DigestClient(agent.identity.credentials, agent.new_id)
        self._sdp_id = int(agent.new_id()[:8], 16)
        self._sdp_version = 1
        self._ours: sdp.Description | None = None
        self._unacked: tuple[int, bool] | None = None  # (CSeq of the INVITE, our 2xx carried an offer)
        self._bye_wanted = False
        self._confirmed = True  # False: our 2xx to the first INVITE still waits for its ACK

    # ------------------------------------------------------------ to the agent

    def record(self, now_ms: int, direction: Literal["->", "<-"], data: bytes) -> None:
        """Note a message that was sent or received."""
        line = data.split(b"\r\n", 1)[0].decode("utf-8", "replace")
        self.ladder.append(Rung(now_ms, direction, mask(line)[:200]))

    def emit(self, event: CallEvent) -> None:
        self.agent.emit(self, event)

    def set_timer(self, name: str, at_ms: int, action: Callable[[int], None]) -> None:
        self.agent.timers.set((self, name), at_ms, action)

    def cancel_timer(self, name: str) -> None:
        self.agent.timers.cancel((self, name))

    def send_in(self, dialog: Dialog, method: str, now_ms: int, extra: Headers = ()) -> None:
        """Send a new request within a dialog."""
        request = dialog.request(method, self.agent.via(), self.agent.contact, (*extra, self.agent.signature))
        self.agent.start_client(request, dialog.next_hop(), self, now_ms)

    # ------------------------------------------------------------ ends

    def hang_up(self, now_ms: int, cause: str = "", by: By = "us", detail: str = "") -> None:
        """End the call the way its state allows; LegEnded follows. Safe to call at any time, more than once."""
        raise AssertionError("every direction has its own way")

    def end(self, now_ms: int, cause: str, by: By, detail: str = "") -> None:
        """The call is over: LegEnded, once. What still comes in for it is answered for a while (retransmissions)."""
        if self.state == "ended":
            return
        self.state = "ended"
        for name in ("ring", "max", "cancel", "ok", "ok-end"):
            self.cancel_timer(name)
        self.emit(LegEnded(now_ms, cause, by, detail))
        self.agent.retire(self, now_ms)

    def bye(self, now_ms: int, cause: str, by: By, detail: str = "") -> None:
        """Send BYE; the call ends with `cause` when it is answered, with `timeout` when it is not."""
        if self.dialog is None or self.state in ("terminating", "ended"):
            return
        self.state = "terminating"
        self.ending = (cause, by, detail)
        for name in ("ring", "max", "cancel"):
            self.cancel_timer(name)
        if not self._confirmed:
            self._bye_wanted = True  # not before the ACK (RFC 3261 section 15)
            return
        self.send_in(self.dialog, "BYE", now_ms)

    def _is_main(self, request: Request) -> bool:
        return self.dialog is not None and request.to.tag == self.dialog.remote_tag

    def answered(self, now_ms: int) -> None:
        """The call is up."""
        self.state = "answered"
        self.emit(LegAnswered(now_ms))
        self.set_timer("max", now_ms + self._max_ms, lambda now: self.hang_up(now, "bye", "us", "max_duration"))

    # ------------------------------------------------------------ answers to our requests

    def on_response(self, request: Request, response: Response, source: tuple[str, int], now_ms: int) -> None:
        """A response to a request of ours."""
        if response.code in (401, 407) and request.method != "CANCEL" and self._again(request, response, now_ms):
            return
        if request.method == "INVITE":
            self.on_invite_response(request, response, source, now_ms)
        elif request.method == "BYE" and response.code >= 200 and self._is_main(request) and self.ending:
            self.end(now_ms, *self.ending)

    def on_invite_response(self, request: Request, response: Response, source: tuple[str, int], now_ms: int) -> None:
        raise AssertionError("only outgoing calls send INVITE")

    def on_failure(self, request: Request, kind: str, now_ms: int) -> None:
        """Nobody answered a request of ours (`timeout`), or it could not be sent (`transport`)."""
        if request.method == "BYE" and self._is_main(request):
            self.end(
                now_ms, _cause(kind), "network", "no answer to BYE" if kind == "timeout" else "BYE could not be sent"
            )

    def _again(self, request: Request, response: Response, now_ms: int) -> bool:
        """Send a challenged request again with credentials (RFC 3261 section 22); False when that makes no sense."""
        try:
            header = self._digest.answer(request, response)
        except WireError:
            return False
        if header is None or self.state == "cancelling":
            return False
        dialog = self.dialogs.get(request.to.tag) if request.has_to_tag else None
        number = request.cseq[0] + 1
        if dialog is not None:
            dialog.local_cseq = number = max(number, dialog.local_cseq + 1)
        repeated = _with(request, self.agent.via(), number, header)
        self.on_repeated(repeated)
        self.agent.start_client(repeated, self.hop(dialog), self, now_ms)
        return True

    def on_repeated(self, request: Request) -> None:
        """A request goes out again with credentials."""

    def hop(self, dialog: Dialog | None) -> tuple[str, int]:
        """Where a request goes that belongs to this dialog, or to none yet."""
        if dialog is None:
            raise AssertionError("only outgoing calls send requests outside a dialog")
        return dialog.next_hop()

    # ------------------------------------------------------------ requests of the far side

    def on_request(self, key: Key, request: Request, source: tuple[str, int], now_ms: int) -> None:
        """A request within one of our dialogs (ACK and CANCEL come elsewhere)."""
        dialog = self.dialogs.get(request.from_.tag)
        if dialog is None or self.state == "ended":
            self.agent.respond(key, 481, now_ms)
            return
        if not dialog.in_order(request):
            self.agent.respond(key, 500, now_ms, reason="CSeq Out Of Order")
            return
        dialog.peer = source
        if request.method == "BYE":
            self._on_bye(key, request, dialog, now_ms)
        elif dialog is not self.dialog and self.dialog is not None:
            self.agent.respond(key, 481, now_ms)
        elif tags := unsupported(request):
            self.agent.respond(key, 420, now_ms, extra=(("Unsupported", ", ".join(tags)),))
        elif request.method in ("INVITE", "UPDATE"):
            self._on_offer(key, request, dialog, now_ms)
        elif request.method == "INFO":
            self._on_info(key, request, now_ms)
        elif request.method == "OPTIONS":
            self.agent.respond(key, 200, now_ms, extra=self.agent.abilities)
        elif request.method in ("NOTIFY", "PRACK"):
            self.agent.respond(key, 481, now_ms)  # no subscription, no reliable provisional of ours
        else:
            self.agent.respond(key, 405 if request.method in KNOWN_METHODS else 501, now_ms, extra=(ALLOW,))

    def _on_bye(self, key: Key, request: Request, dialog: Dialog, now_ms: int) -> None:
        self.agent.respond(key, 200, now_ms)
        if self.dialog is not None and dialog is not self.dialog:
            return
        if self.state == "terminating" and self.ending:
            self.end(now_ms, *self.ending)
            return
        self.on_bye_early(now_ms)
        self.end(now_ms, "bye", "peer", request.get("reason")[:100])

    def on_bye_early(self, now_ms: int) -> None:
        """A BYE may come before the answer (RFC 3261 section 15.1.2)."""

    def _on_info(self, key: Key, request: Request, now_ms: int) -> None:
        kind = request.content_type
        if kind in ("application/dtmf-relay", "application/dtmf"):
            match = _DTMF.search(request.body.decode("ascii", "replace"))
            self.agent.respond(key, 200 if match else 400, now_ms)
            if match:
                self.emit(LegDtmf(now_ms, match[1].upper()))
        elif request.body:
            self.agent.respond(key, 415, now_ms, extra=(("Accept", "application/dtmf-relay"),))
        else:
            self.agent.respond(key, 200, now_ms)

    def _on_offer(self, key: Key, request: Request, dialog: Dialog, now_ms: int) -> None:
        """re-INVITE (RFC 3261 section 14.2) and UPDATE (RFC 3311), with an offer or without."""
        invite = request.method == "INVITE"
        waiting = self._unacked is not None and self._unacked[1]
        if (self.state != "answered" and (invite or request.body)) or waiting:
            self.agent.respond(key, 491, now_ms)
            return
        if request.body and request.content_type != SDP_TYPE:
            self.agent.respond(key, 415, now_ms, extra=(("Accept", SDP_TYPE),))
            return
        body = b""
        if request.body:
            body = self._answer_to(request.body, now_ms)
            if not body:
                self.agent.respond(key, 488, now_ms)
                return
        elif invite and self._ours is not None:
            self._ours = self._offer_again(self._ours)
            body = self._ours.encode()
        dialog.refresh_target(request)
        if invite:
            self.send_ok(key, request, body, not request.body, now_ms)
        else:
            self.agent.respond(key, 200, now_ms, body=body, extra=self.agent.abilities)

    def _answer_to(self, body: bytes, now_ms: int) -> bytes:
        """Our answer to an offer, after the session was switched to it; empty when there is nothing in common."""
        try:
            offered = sdp.parse(body)
        except WireError:
            return b""
        agreed = sdp.answer(offered, self.local, self._sdp_id, self._sdp_version) if self.local else None
        if agreed is None:
            return b""
        ours, session = agreed
        if self._ours is not None and replace(ours, version=self._ours.version) != self._ours:
            self._sdp_version += 1
            ours = replace(ours, version=self._sdp_version)
        self._ours = ours
        self.set_session(session, now_ms)
        return ours.encode()

    def _offer_again(self, ours: sdp.Description) -> sdp.Description:
        """A full offer of what we can do, under the same session (RFC 3264 section 8)."""
        if self.local is None:
            return ours
        again = sdp.offer(self.local, self._sdp_id, self._sdp_version)
        if replace(again, version=ours.version) != ours:
            self._sdp_version += 1
        return replace(again, version=self._sdp_version)

    def set_session(self, session: sdp.Session, now_ms: int, early: bool = False) -> None:
        """Take over what was agreed; SessionSet only when it changed."""
        if session != self.session:
            self.session = session
            self.emit(SessionSet(now_ms, session, early))

    # ------------------------------------------------------------ our 2xx to INVITE, repeated until the ACK

    def send_ok(self, key: Key, request: Request, body: bytes, offered: bool, now_ms: int) -> None:
        """Answer an INVITE with 200; `offered`: the body is our offer, the ACK must bring the answer."""
        self._unacked = (request.cseq[0], offered)
        self.agent.respond(key, 200, now_ms, body=body, extra=self.agent.abilities)
        self._repeat_ok(key, body, T1, now_ms)
        self.set_timer("ok-end", now_ms + GIVE_UP, self._no_ack)

    def _repeat_ok(self, key: Key, body: bytes, interval: int, now_ms: int) -> None:
        def again(now: int) -> None:
            self.agent.respond(key, 200, now, body=body, extra=self.agent.abilities)
            self._repeat_ok(key, body, min(2 * interval, T2), now)

        self.set_timer("ok", now_ms + interval, again)

    def _no_ack(self, now_ms: int) -> None:
        self.cancel_timer("ok")
        self._unacked = None
        self._confirmed = True
        if self._bye_wanted and self.dialog is not None:
            self.send_in(self.dialog, "BYE", now_ms)
        else:
            self.bye(now_ms, "timeout", "network", "no ACK")

    def on_ack(self, request: Request, now_ms: int) -> None:
        """The ACK of a 2xx of ours."""
        if self._unacked is None or request.cseq[0] != self._unacked[0] or self.state == "ended":
            return
        offered = self._unacked[1]
        self._unacked = None
        self._confirmed = True
        self.cancel_timer("ok")
        self.cancel_timer("ok-end")
        if self._bye_wanted and self.dialog is not None:
            self.send_in(self.dialog, "BYE", now_ms)
        elif offered and self._ours is not None:
            try:
                self.set_session(sdp.settle(self._ours, sdp.parse(request.body)), now_ms)
            except WireError as error:
                self.bye(now_ms, "protocol_error", "us", str(error))


def _cause(kind: str) -> str:
    return "timeout" if kind == "timeout" else "transport_error"


def _with(request: Request, via: str, number: int, header: tuple[str, str]) -> Request:
    """The request once more: new branch, CSeq, credentials in place of older ones of the same kind."""
    fresh = {"via": via, "cseq": f"{number} {request.method}"}
    kept = [(name, fresh.get(name.lower(), value)) for name, value in request.headers if name != header[0]]
    return replace(request, headers=(*kept, header))
