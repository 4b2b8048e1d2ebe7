"""What calls of both directions share: dialogs, requests of the far side within them, changes of the session, BYE.

A call is sans-IO: it acts through its agent (send, set a timer, emit an event) and gets `now_ms` with everything that happens.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from callwright.errors import LineError, WireError
from callwright.telephony.port import LegAnswered, LegEnded
from callwright.telephony.sip import answers, sdp
from callwright.telephony.sip.acceptance import Acceptance
from callwright.telephony.sip.accounts import Account
from callwright.telephony.sip.call_events import CallEvent, Replaced, SessionSet
from callwright.telephony.sip.dialog import Dialog
from callwright.telephony.sip.digest import DigestClient
from callwright.telephony.sip.fields import parse_address, parse_uri
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.keys import KeyPresses
from callwright.telephony.sip.ladder import Ladder
from callwright.telephony.sip.modifier import Modifier
from callwright.telephony.sip.offers import Offers
from callwright.telephony.sip.reasons import q850_cause, reason_headers, reason_text
from callwright.telephony.sip.refer import Referral, Transfer
from callwright.telephony.sip.requests import serve
from callwright.telephony.sip.session_timer import SessionTimer
from callwright.telephony.sip.transactions import Key, carried
from callwright.telephony.sip.wire import Headers, Message, Request, Response, encode

if TYPE_CHECKING:
    from callwright.telephony.sip.agent import Agent

__all__ = ["By", "Call", "Watcher", "failure_cause"]

By = Literal["us", "peer", "network"]

_TIMERS = (
    "ring",
    "reply",
    "max",
    "cancel",
    "ok",
    "ok-end",
    "refresh",
    "expire",
    "again",
    "rel",
    "rel-end",
    "refer",
    "keys",
)


_NOTHING: frozenset[str] = frozenset()
Watcher = Callable[[int, str, int], None]  # (code, reason, now_ms) of every answer to an INVITE of ours


class Call:
    """One call. state: `calling`, `cancelling`, `offered`, `answered`, `terminating`, `ended`."""

    owns_call_id = False

    def __init__(
        self,
        agent: Agent,
        call_id: str,
        local_tag: str,
        local: sdp.LocalMedia | None,
        max_ms: int,
        account: Account | None = None,
    ) -> None:
        identity = agent.identity
        self.agent = agent
        self.account = account or agent.account
        self.call_id = call_id
        self.local_tag = local_tag
        self.state = "calling"
        self._ladder: Ladder | None = Ladder()
        self._noted = weakref.ref(self._ladder)
        self.session: sdp.Session | None = None
        self.dialog: Dialog | None = None
        self.dialogs: dict[str, Dialog] = {}
        self.ending: tuple[str, By, str] | None = None
        self.offers = Offers(int(agent.new_id()[:8], 16), local, agent.entropy)
        self.session_timer = SessionTimer(identity.session_expires_s, identity.min_se_s)
        self.modifier = Modifier(self)
        self.keys = KeyPresses(self)
        self.acceptance: Acceptance | None = None
        self.transfer: Transfer | None = None
        self.referral: Referral | None = None
        self.watcher: Watcher | None = None
        self.told_answered = False
        self.max_at: int | None = None
        self._max_ms = max_ms
        self._handed_over = False
        self.digest = DigestClient(self.account.credentials, agent.new_id)
        self._acks: dict[tuple[str, int], tuple[bytes, Hop]] = {}
        self._peer_allow = _NOTHING
        self._peer_supported = _NOTHING
        self._bye_wanted = False
        self.confirmed = True  # False: our 2xx to the first INVITE still waits for its ACK

    # ------------------------------------------------------------ to the agent

    def record(self, now_ms: int, direction: Literal["->", "<-"], data: bytes, hop: Hop) -> None:
        """Note a message that was sent or received."""
        ladder = self._noted()
        if ladder is not None:
            ladder.add(now_ms, direction, data, hop)

    @property
    def ladder(self) -> Ladder:
        """Every message so far. After the end it is there only as long as somebody holds it."""
        return self._noted() or Ladder()

    def emit(self, event: CallEvent) -> None:
        if not self._handed_over:
            self.agent.emit(self, event)

    def set_timer(self, name: str, at_ms: int, action: Callable[[int], None]) -> None:
        self.agent.timers.set((self, name), at_ms, action)

    def cancel_timer(self, *names: str) -> None:
        for name in names:
            self.agent.timers.cancel((self, name))

    def make_in(self, dialog: Dialog, method: str, extra: Headers = (), body: bytes = b"") -> Request:
        """A new request within a dialog."""
        if body:
            extra = (*extra, ("Content-Type", "application/sdp"))
        extra = (*extra, *self.agent.signature)
        request = dialog.request(method, self.agent.via(), self.agent.contact, extra, body)
        return replace(request, headers=(*request.headers, *self.digest.proofs(request)))

    def send_in(self, dialog: Dialog, method: str, now_ms: int, extra: Headers = ()) -> Request:
        """Send a new request without body within a dialog."""
        request = self.make_in(dialog, method, extra)
        self.agent.start_client(request, dialog.next_hop(), self, now_ms)
        return request

    # ------------------------------------------------------------ ends

    def hang_up(self, now_ms: int, cause: str = "", by: By = "us", detail: str = "") -> None:
        """End the call the way its state allows; LegEnded follows. Safe to call at any time, more than once."""
        raise AssertionError("every direction has its own way")

    def end(self, now_ms: int, cause: str, by: By, detail: str = "", q850: int | None = None) -> None:
        """The call is over: LegEnded, once. What still comes in for it is answered for a while (retransmissions)."""
        if self.state == "ended":
            return
        if self.watcher is not None:
            watcher, self.watcher = self.watcher, None
            watcher(408 if cause == "timeout" else 487, "", now_ms)  # nothing new when a final answer was told already
        self.state = "ended"
        self.cancel_timer(*_TIMERS)
        if self.transfer is not None:
            self.transfer.fail("the call ended", now_ms)
        if self.referral is not None:
            self.referral.decline(now_ms, 481)
        self.emit(LegEnded(now_ms, cause, by, detail, q850))
        self.let_go()
        self.agent.retire(self, now_ms)

    def let_go(self) -> None:
        """What may still come in is answered without these: an ended call is remembered for up to 64 s, a thousand of them by a busy line."""
        if self.acceptance is not None:
            self.acceptance.over()
        self.acceptance = self.session = self._ladder = None
        self._peer_allow = self._peer_supported = _NOTHING
        self.offers.forget()

    def bye(self, now_ms: int, cause: str, by: By, detail: str = "") -> None:
        """Send BYE; the call ends with `cause` when it is answered, with `timeout` when it is not."""
        if self.dialog is None or self.state in ("terminating", "ended"):
            return
        self.state = "terminating"
        self.ending = (cause, by, detail)
        self.cancel_timer("ring", "max", "cancel", "refresh", "expire", "again", "rel", "rel-end", "refer", "keys")
        if not self.confirmed:
            self._bye_wanted = True  # not before the ACK (RFC 3261 section 15)
            return
        self._send_bye(self.dialog, now_ms)

    def _send_bye(self, dialog: Dialog, now_ms: int) -> None:
        self.send_in(dialog, "BYE", now_ms, reason_headers(self.ending[0] if self.ending else "bye"))

    @property
    def remote_user(self) -> str:
        """The user part of the far side's address, "" when it has none."""
        try:
            return parse_uri(parse_address(self.dialog.remote).uri).user if self.dialog else ""
        except WireError:
            return ""

    @property
    def stable(self) -> bool:
        """Whether the session may be changed: answered, and no change of the far side under way."""
        return self.state == "answered" and self.acceptance is None

    def is_main(self, request: Request) -> bool:
        """Whether a request of ours belongs to the dialog that counts."""
        return self.dialog is not None and request.to.tag == self.dialog.remote_tag

    def connected(self, now_ms: int) -> None:
        """The call is up: its longest duration runs, its session is kept alive."""
        self.state = "answered"
        self.max_at = now_ms + self._max_ms
        self.set_timer("max", self.max_at, lambda now: self.hang_up(now, "bye", "us", "max_duration"))
        self.restart_session(now_ms)

    def answered(self, now_ms: int) -> None:
        if not self.told_answered:
            self.told_answered = True
            self.emit(LegAnswered(now_ms))

    # ------------------------------------------------------------ the session: changes, refreshes

    def change(self, now_ms: int, direction: sdp.Direction, method: str = "INVITE") -> None:
        """Offer another direction (`sendonly` = hold, `sendrecv` = resume) by re-INVITE or UPDATE; `Changed` follows.

        Nothing is sent before the call is answered; what was wanted meanwhile goes out then.
        """
        self.modifier.change(direction, method, now_ms)

    def refer(self, now_ms: int, target: str, headers: Headers = ()) -> None:
        """Ask the far side to call `target` instead (blind transfer); TransferProgress follows. The call itself stays up.

        headers: what its INVITE is to carry, as headers of the Refer-To.

        Raises:
            LineError: the call is not up, `target` is no URI, or another transfer is under way.
        """
        if self.transfer is not None and not self.transfer.over:
            raise LineError("another transfer is under way")
        self.transfer = Transfer(self, target, now_ms, headers)

    # ------------------------------------------------------------ being replaced (RFC 3891)

    def hand_over(self, now_ms: int, new: Call) -> None:
        """`new` goes on in our place: our events end with Replaced, then BYE or CANCEL. What the owner set up goes along."""
        if self.transfer is not None:
            self.transfer.fail("the call was replaced", now_ms)
        watcher, self.watcher = self.watcher, None
        if watcher is not None:
            watcher(200, "", now_ms)
        new.take_on(self.told_answered, self._max_ms if self.max_at is None else max(0, self.max_at - now_ms))
        self.emit(Replaced(now_ms, new))
        self._handed_over = True

    def take_on(self, told_answered: bool, max_ms: int) -> None:
        """Go on for another call: whether its owner knows it as answered, and how long it may still last."""
        self.told_answered = told_answered
        self._max_ms = max_ms

    def restart_session(self, now_ms: int) -> None:
        """The session was agreed anew: begin to count (RFC 4028 section 10)."""
        self.cancel_timer("refresh", "expire")
        timer = self.session_timer
        if timer.refresh_ms is not None:
            self.set_timer("refresh", now_ms + timer.refresh_ms, self.modifier.refresh)
        if timer.expiry_ms is not None:
            self.set_timer(
                "expire", now_ms + timer.expiry_ms, lambda now: self.bye(now, "timeout", "network", "session expired")
            )

    def glare_ms(self) -> int:
        """How long to wait after a 491 (RFC 3261 section 14.1)."""
        chance = int(self.agent.new_id()[:6], 16)
        return 2_100 + 10 * (chance % 191) if self.owns_call_id else 10 * (chance % 201)

    def set_session(self, session: sdp.Session, now_ms: int, early: bool = False) -> None:
        """Take over what was agreed; SessionSet only when it changed."""
        if session != self.session:
            self.session = session
            self.emit(SessionSet(now_ms, session, early))

    def note_peer(self, message: Message) -> None:
        """Remember which methods the far side takes, and which extensions it knows."""
        if message.get("allow"):
            self._peer_allow = frozenset(message.items("allow"))
        if message.get("supported"):
            self._peer_supported = frozenset(item.lower() for item in message.items("supported"))

    def peer_takes(self, method: str) -> bool:
        return method in self._peer_allow

    def may_take(self, method: str) -> bool:
        """Whether the far side takes it, or has not said what it takes."""
        return not self._peer_allow or method in self._peer_allow

    def peer_supports(self, extension: str) -> bool:
        return extension in self._peer_supported

    def peer_refuses(self, method: str) -> None:
        self._peer_allow -= {method}

    # ------------------------------------------------------------ answers to our requests

    def begins(self, request: Request) -> bool:
        """Whether it is the INVITE that began the call. No To tag does not tell: a caller of RFC 2543 has none, in no request of ours."""
        return False

    def on_response(self, request: Request, response: Response, source: Hop, now_ms: int) -> None:
        """A response to a request of ours."""
        answers.take(self, request, response, source, now_ms)

    def send_ack(self, request: Request, dialog: Dialog, now_ms: int) -> None:
        key = (dialog.remote_tag, request.cseq[0])
        if key not in self._acks:
            proof = tuple(item for item in request.headers if item[0] in ("Authorization", "Proxy-Authorization"))
            ack = dialog.request("ACK", self.agent.via(), self.agent.contact, proof, cseq=request.cseq[0])
            hop = dialog.next_hop()
            self._acks[key] = (encode(carried(ack, hop.transport)), hop)
        self.agent.send(*self._acks[key], self, now_ms)

    def on_invite_response(self, request: Request, response: Response, source: Hop, now_ms: int) -> None:
        raise AssertionError("only outgoing calls begin with INVITE")

    def on_failure(self, request: Request, kind: str, now_ms: int) -> None:
        """Nobody answered a request of ours (`timeout`), or it could not be sent (`transport`)."""
        if request is self.modifier.running:
            self.modifier.on_failure(request, kind, now_ms)
        elif self.transfer is not None and request is self.transfer.request:
            self.transfer.fail("no answer to REFER", now_ms)
        elif request is self.keys.running:
            self.keys.on_failure()
        elif request.method == "BYE" and self.is_main(request):
            what = "no answer to BYE" if kind == "timeout" else "BYE could not be sent"
            self.end(now_ms, failure_cause(kind), "network", what)

    def on_undelivered(self, method: str, kind: str, now_ms: int) -> None:
        """An answer of ours was not acknowledged, or could not be sent."""

    def on_repeated(self, request: Request, repeated: Request, now_ms: int) -> None:
        """A request goes out again."""
        if request is self.modifier.running:
            self.modifier.running = repeated
        elif self.transfer is not None and request is self.transfer.request:
            self.transfer.request = repeated
        elif request is self.keys.running:
            self.keys.running = repeated

    def hop(self, dialog: Dialog | None) -> Hop:
        """Where a request goes that belongs to this dialog, or to none yet."""
        if dialog is None:
            raise AssertionError("only outgoing calls send requests outside a dialog")
        return dialog.next_hop()

    # ------------------------------------------------------------ requests of the far side

    def on_request(self, key: Key, request: Request, source: Hop, now_ms: int) -> None:
        """A request within one of our dialogs (ACK and CANCEL come elsewhere)."""
        dialog = self.dialogs.get(request.from_.tag)
        if dialog is None or self.state == "ended":
            self.agent.respond(key, 481, now_ms)
            return
        if not dialog.in_order(request):
            self.agent.respond(key, 500, now_ms, reason="Request Out Of Order")
            return
        dialog.peer = source
        self.note_peer(request)
        if request.method == "BYE":
            self._on_bye(key, request, dialog, now_ms)
        else:
            serve(self, key, request, dialog, now_ms)

    def _on_bye(self, key: Key, request: Request, dialog: Dialog, now_ms: int) -> None:
        self.agent.respond(key, 200, now_ms)
        if self.dialog is not None and dialog is not self.dialog:
            return
        if self.state == "terminating" and self.ending:
            self.end(now_ms, *self.ending)
            return
        self.on_bye_early(now_ms)
        self.end(now_ms, "bye", "peer", reason_text(request), q850_cause(request))

    def on_bye_early(self, now_ms: int) -> None:
        """A BYE may come before the answer (RFC 3261 section 15.1.2)."""

    def offered_early(self, dialog: Dialog) -> bool:
        """Whether the far side may offer anew in this early dialog (RFC 3311 section 5.1)."""
        return False

    def answer_offer(self, body: bytes, dialog: Dialog, now_ms: int) -> bytes:
        """Our answer to an offer, after the session was switched to it; empty when there is nothing in common."""
        made = self.offers.answer(body)
        if made is None:
            return b""
        self.set_session(made[1], now_ms)
        return made[0]

    def on_prack(self, request: Request) -> int:
        """A PRACK came; the code it is answered with."""
        return 481

    # ------------------------------------------------------------ our 2xx to INVITE

    def accept(self, key: Key, request: Request, body: bytes, now_ms: int) -> None:
        """Answer an INVITE with 200, again and again until the ACK; without an offer in it, `body` is our offer."""
        self.acceptance = Acceptance(self, key, request, body, self.session_timer.answer(request), now_ms)

    def on_no_ack(self, now_ms: int) -> None:
        """Nobody acknowledged our 200: the call is given up (RFC 3261 section 13.3.1.4)."""
        self.acceptance, self.confirmed = None, True
        if self._bye_wanted and self.dialog is not None:
            self._send_bye(self.dialog, now_ms)
        else:
            self.bye(now_ms, "timeout", "network", "no ACK")

    def on_ack(self, request: Request, now_ms: int) -> None:
        """The ACK of a 2xx of ours."""
        accepted = self.acceptance
        if accepted is None or request.cseq[0] != accepted.number or self.state == "ended":
            return
        self.acceptance, self.confirmed = None, True
        accepted.over()
        if self._bye_wanted and self.dialog is not None:
            self._send_bye(self.dialog, now_ms)
            return
        if accepted.offering:
            try:
                self.set_session(self.offers.settle(request.body), now_ms)
            except WireError as error:
                self.bye(now_ms, "protocol_error", "us", str(error))
                return
        self.on_acknowledged(now_ms)
        self.modifier.go(now_ms)

    def on_acknowledged(self, now_ms: int) -> None:
        """The ACK of our 2xx came, and the session stands."""


def failure_cause(kind: str) -> str:
    """The cause of a LegEnded, from what a transaction reports."""
    return "timeout" if kind == "timeout" else "transport_error"
