"""A call we place (RFC 3261 sections 9.1, 13.2): INVITE, provisional answers, early media, forks, CANCEL and its race with 200."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from callwright.telephony.port import LegEarlyMedia, LegRejected, LegRinging, LegTrying
from callwright.telephony.sip import answers, sdp
from callwright.telephony.sip.abandoned import Abandoned
from callwright.telephony.sip.accounts import Account
from callwright.telephony.sip.call import By, Call, failure_cause
from callwright.telephony.sip.dialog import Dialog
from callwright.telephony.sip.fields import host_text, parse_uri
from callwright.telephony.sip.forks import MOST, Fork
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.layer import ClientOwner
from callwright.telephony.sip.reasons import ELSEWHERE, q850_cause, reason_headers
from callwright.telephony.sip.redirects import Judge, Lookup, Redirects
from callwright.telephony.sip.reliable import RSeqOrder, reliable_number
from callwright.telephony.sip.replies import ALLOW, SDP_TYPE, SUPPORTED
from callwright.telephony.sip.transactions import GIVE_UP
from callwright.telephony.sip.wire import Headers, Request, Response

if TYPE_CHECKING:
    from callwright.telephony.sip.agent import Agent

__all__ = ["OutgoingCall"]


class OutgoingCall(Call):
    """Made by `Agent.place`. target: SIP URI; caller: our number; destination: where the INVITE goes; judge: says which targets of a
    3xx may be dialled (None = none); proxied: they go to `destination` as well."""

    owns_call_id = True
    _refused: Response  # the answer that a Lookup is to go on from

    def __init__(
        self,
        agent: Agent,
        call_id: str,
        target: str,
        caller: str,
        destination: Hop,
        local: sdp.LocalMedia,
        ring_ms: int,
        max_ms: int,
        extra: Headers = (),
        judge: Judge | None = None,
        proxied: bool = False,
        account: Account | None = None,
        others: Sequence[Hop] = (),
        no_reply_ms: int = 0,
    ) -> None:
        super().__init__(agent, call_id, agent.new_id(), local, max_ms, account)
        self._destination = destination
        self._others = list(others)
        self._no_reply_ms = no_reply_ms
        self.rung = False  # somebody may have been rung: a provisional answer beyond 100, or an answer, came
        self._proxied = proxied
        self._redirects = Redirects(target, judge)
        self._next = ""  # the target whose address is being looked up: nothing is under way meanwhile
        self._ring_ms = ring_ms
        self._forks: dict[str, Fork] = {}
        self._order = RSeqOrder()
        self._provisional = self._tried = self._cancelled = self._rang = self._early = False
        domain = host_text(self.account.domain or agent.identity.host)
        headers: Headers = (
            ("Via", agent.via()),
            ("Max-Forwards", "70"),
            ("From", f"<sip:{caller}@{domain}>;tag={self.local_tag}"),
            ("To", f"<{target}>"),
            ("Call-ID", call_id),
            ("CSeq", "1 INVITE"),
            ("Contact", agent.contact),
            ALLOW,
            SUPPORTED,
            *self.session_timer.ask(),
            *agent.signature,
            *extra,
            ("Content-Type", SDP_TYPE),
        )
        self.invite = Request(headers, self.offers.offer(), "INVITE", target)

    def start(self, now_ms: int) -> None:
        """Send the INVITE."""
        self.set_timer(
            "ring", now_ms + self._ring_ms, lambda now: self.hang_up(now, "no_answer", "us", "ring time is over")
        )
        self._send_invite(now_ms)

    def _send_invite(self, now_ms: int) -> None:
        if self._no_reply_ms:
            self.set_timer("reply", now_ms + self._no_reply_ms, self._silent)
        self.agent.start_client(self.invite, self._destination, self, now_ms)

    # ------------------------------------------------------------ the next target (RFC 3263 section 4.3)

    def _silent(self, now_ms: int) -> None:
        """Nothing came for a while: another target, or the end. What this one may still bring is cancelled, or hung up."""
        if self.state != "calling" or self._provisional:
            return
        self.agent.abandon(self.invite, Abandoned(self))
        if not self._next_target(now_ms):
            self.end(now_ms, "timeout", "network", f"no reply within {self._no_reply_ms / 1000:g} s")

    def _next_target(self, now_ms: int) -> bool:
        """Send the same INVITE, with a new branch, to the next target; only while nobody can have been rung."""
        if not self._others or self.state != "calling" or self.rung:
            return False
        self._destination = self._others.pop(0)
        fresh = {"via": self.agent.via()}
        headers = tuple((name, fresh.get(name.lower(), value)) for name, value in self.invite.headers)
        self._begin_again(replace(self.invite, headers=headers))
        self._send_invite(now_ms)
        return True

    def rung_elsewhere(self) -> None:
        """A target that was given up rang after all: no further one is tried."""
        self._others.clear()
        self.rung = True

    def cancel(self, invite: Request, owner: ClientOwner, hop: Hop, now_ms: int) -> None:
        """Send CANCEL for an INVITE of ours, the way it went; `hop` when that is forgotten."""
        keep = {"via", "from", "to", "call-id", "route", "max-forwards"}
        headers = tuple((name, value) for name, value in invite.headers if name.lower() in keep)
        why = reason_headers(self.ending[0] if self.ending else "cancelled")
        cancel = Request((*headers, ("CSeq", f"{invite.cseq[0]} CANCEL"), *why), b"", "CANCEL", invite.uri)
        self.agent.start_client(cancel, self.agent.hop_of(invite) or hop, owner, now_ms)

    def hang_up_fork(self, request: Request, response: Response, source: Hop, now_ms: int) -> None:
        """Somebody answered whom nobody waits for any more: ACK and BYE (RFC 3261 section 13.2.2.4)."""
        tag = response.to.tag
        if (tag, request.cseq[0]) in self._acks and tag in self.dialogs:
            self.send_ack(request, self.dialogs[tag], now_ms)
            return
        if self._answers(request) >= MOST:
            return
        dialog = self.dialogs[tag] = Dialog.as_client(request, response, source)
        self.send_ack(request, dialog, now_ms)
        self.send_in(dialog, "BYE", now_ms, ELSEWHERE if self.dialog is not None else reason_headers("cancelled"))

    def _answers(self, invite: Request) -> int:
        """How many forks have answered it."""
        return sum(number == invite.cseq[0] for _, number in self._acks)

    # ------------------------------------------------------------ within dialogs

    def hop(self, dialog: Dialog | None) -> Hop:
        return self._destination if dialog is None else dialog.next_hop()

    def on_repeated(self, request: Request, repeated: Request, now_ms: int) -> None:
        super().on_repeated(request, repeated, now_ms)
        if request is self.invite:
            self._begin_again(repeated)
            if self._no_reply_ms:  # who asked for a password is there: silence is counted from now on
                self.set_timer("reply", now_ms + self._no_reply_ms, self._silent)

    def _begin_again(self, invite: Request) -> None:
        """Another INVITE in place of one with a final answer, which ended what that began (RFC 3261 section 12.3)."""
        self.invite = invite
        self._provisional = False
        self._forks.clear()
        self.dialogs.clear()
        self._order = RSeqOrder()

    # ------------------------------------------------------------ ends

    def hang_up(self, now_ms: int, cause: str = "", by: By = "us", detail: str = "") -> None:
        """BYE when answered, CANCEL before (as soon as a provisional answer allows it, RFC 3261 section 9.1).

        While nothing at all has come, the call ends at once for its owner: the INVITE goes on in the background, and whatever it
        brings is cancelled or hung up. The ring time, and a line that closes, wait for what becomes of it.
        """
        if self.state == "answered":
            self.bye(now_ms, cause or "bye", by, detail)
        elif self.state == "calling":
            self.state = "cancelling"
            self.ending = (cause or "cancelled", by, detail)
            self.cancel_timer("ring")
            if self._next:
                self.end(now_ms, *self.ending)
            elif self._provisional:
                self._send_cancel(now_ms)
            elif not self._tried and self.ending[0] not in ("no_answer", "shutdown"):
                self.end(now_ms, *self.ending)

    def _send_cancel(self, now_ms: int) -> None:
        if self._cancelled:
            return
        self._cancelled = True
        self.cancel(self.invite, self, self._destination, now_ms)
        self.set_timer("cancel", now_ms + GIVE_UP, self._given_up)

    def let_go(self) -> None:
        super().let_go()
        self._forks.clear()
        self._redirects.forget()
        self.invite.shed()

    def _given_up(self, now_ms: int) -> None:
        if self.ending:
            self.end(now_ms, *self.ending)

    def on_failure(self, request: Request, kind: str, now_ms: int) -> None:
        """Nobody answered, or nothing can be sent."""
        if request is not self.invite:
            super().on_failure(request, kind, now_ms)
        elif self.state == "cancelling" and self.ending and (self._tried or self.ending[0] != "no_answer"):
            self.end(now_ms, *self.ending)
        elif self._provisional or not self._next_target(now_ms):
            what = "no answer to INVITE" if kind == "timeout" else "INVITE could not be sent"
            self.end(now_ms, failure_cause(kind), "network", what)

    # ------------------------------------------------------------ answers to the INVITE

    def begins(self, request: Request) -> bool:
        return request.method == "INVITE" and not request.has_to_tag

    def on_invite_response(self, request: Request, response: Response, source: Hop, now_ms: int) -> None:
        """1xx, 2xx (also from further forks and repeated), 3xx-6xx."""
        if self.watcher is not None and response.code < 300:
            self.watcher(response.code, response.reason, now_ms)
        if response.code < 200:
            self._on_provisional(request, response, source, now_ms)
        elif response.code < 300:
            self._on_success(request, response, source, now_ms)
        elif self.state == "cancelling" and self.ending:
            self.end(now_ms, *self.ending)
        elif response.code == 422 and self.state == "calling" and self.session_timer.too_small(response):
            answers.repeat(self, request, self.session_timer.ask(), now_ms)
        elif self.state == "calling" and not (response.code == 503 and self._next_target(now_ms)):
            if response.code < 400:
                self._redirects.learn(response)
            self._go_on(response, now_ms)

    # ------------------------------------------------------------ redirects (RFC 3261 section 8.1.3.4)

    def _go_on(self, response: Response, now_ms: int) -> None:
        """Try the next target, or say that the call was rejected. The ring time goes on over all of them."""
        target = self._redirects.next(response.code)
        if target is None:
            self._rejected(response, now_ms)
            return
        uri = parse_uri(target)
        transport = self.agent.identity.transport
        if self._proxied:
            self._redirect(target, self._destination, now_ms)
        elif uri.address is not None:
            port = uri.port or (5061 if transport == "TLS" else 5060)
            self._redirect(target, Hop(uri.host, port, transport), now_ms)
        else:
            self._next, self._refused = target, response
            self.emit(Lookup(now_ms, uri))

    def looked_up(self, hop: Hop | None, now_ms: int) -> None:
        """Where the host of a Lookup is; None = nobody knows, and the next target is tried."""
        target, self._next = self._next, ""
        if self.state != "calling" or not target:
            return
        if hop is not None:
            self._redirect(target, hop, now_ms)
        else:
            self._go_on(self._refused, now_ms)

    def _redirect(self, target: str, hop: Hop, now_ms: int) -> None:
        fresh = {"via": self.agent.via(), "cseq": f"{self.invite.cseq[0] + 1} INVITE"}
        old = (item for item in self.invite.headers if item[0].lower() not in ("authorization", "proxy-authorization"))
        headers = tuple((name, fresh.get(name.lower(), value)) for name, value in old)
        request = Request(headers, self.invite.body, "INVITE", target)
        self._destination = hop
        if not self._proxied:
            self._others = []
        self._begin_again(replace(request, headers=(*headers, *self.digest.proofs(request))))
        self._send_invite(now_ms)

    def _rejected(self, response: Response, now_ms: int) -> None:
        if self.watcher is not None:
            self.watcher(response.code, response.reason, now_ms)
        q850, why = q850_cause(response), self._redirects.refusal
        self.emit(LegRejected(now_ms, response.code, response.reason, q850))
        said = f"{response.code} {response.reason}".strip()
        if why and response.code < 400:
            said = f"{said}: not followed, {why}"
        self.end(now_ms, "rejected", "peer", said, q850)

    # ------------------------------------------------------------ early dialogs and the answer

    def _on_provisional(self, request: Request, response: Response, source: Hop, now_ms: int) -> None:
        self._provisional = True
        if self.state in ("cancelling", "ended"):
            self._send_cancel(now_ms)
            return
        if self.state != "calling":
            return
        if not self._tried:
            self._tried = True
            self.emit(LegTrying(now_ms))
        if response.code == 100:
            return
        self.rung = True
        if response.to.tag not in self._forks and len(self._forks) >= MOST:
            return
        number = reliable_number(response)
        fork = self._fork(request, response, source)
        if number is not None:
            if not self._order.take(response.to.tag, number):
                return
            rack = ("RAck", f"{number} {request.cseq[0]} INVITE")
            self.send_in(fork.dialog, "PRACK", now_ms, (rack,))
        if response.code == 180 and not self._rang:
            self._rang = True
            self.emit(LegRinging(now_ms))
        if response.body and response.content_type == SDP_TYPE:
            self._early_media(fork.settle(response.body, number is not None), now_ms)

    def _fork(self, request: Request, response: Response, source: Hop) -> Fork:
        """The early dialog a response belongs to. `offers` stays as the INVITE left it until one of them is confirmed."""
        tag = response.to.tag
        if tag not in self._forks:
            self.dialogs[tag] = Dialog.as_client(request, response, source)
            self._forks[tag] = Fork(self.dialogs[tag], self.offers.fork())
        return self._forks[tag]

    def _early_media(self, session: sdp.Session | None, now_ms: int) -> None:
        """Audio follows the fork that spoke last; without a usable answer the one that counts comes with the 2xx."""
        if session is None:
            return
        self.set_session(session, now_ms, early=True)
        if not self._early:
            self._early = True
            self.emit(LegEarlyMedia(now_ms))

    def offered_early(self, dialog: Dialog) -> bool:
        fork = self._forks.get(dialog.remote_tag)
        return fork is not None and fork.reliable

    def answer_offer(self, body: bytes, dialog: Dialog, now_ms: int) -> bytes:
        fork = self._forks.get(dialog.remote_tag)
        if self.dialog is not None or fork is None:
            return super().answer_offer(body, dialog, now_ms)
        made = fork.offers.answer(body)
        if made is None:
            return b""
        fork.session = made[1]
        self.set_session(made[1], now_ms, early=True)
        return made[0]

    def _on_success(self, request: Request, response: Response, source: Hop, now_ms: int) -> None:
        tag = response.to.tag
        self.rung = True
        if (tag, request.cseq[0]) in self._acks:
            self.send_ack(request, self.dialogs[tag], now_ms)
            return
        if self._answers(request) >= MOST:
            return
        fork = self._forks.get(tag) or Fork(Dialog.as_client(request, response, source), self.offers.fork())
        dialog = self.dialogs[tag] = Dialog.as_client(request, response, source)
        dialog.remote_cseq = fork.dialog.remote_cseq
        dialog.local_cseq = max(fork.dialog.local_cseq, dialog.local_cseq)
        self.send_ack(request, dialog, now_ms)
        if self.dialog is not None or self.state == "ended":
            why = ELSEWHERE if self.dialog is not None else reason_headers("cancelled")
            self.send_in(dialog, "BYE", now_ms, why)  # a further fork, or too late (RFC 3261 section 13.2.2.4)
            return
        self.dialog = dialog
        if self.state == "cancelling" and self.ending:
            self.bye(now_ms, *self.ending)  # the answer crossed our CANCEL
            return
        self._answered_with(response, fork, now_ms)

    def _answered_with(self, response: Response, fork: Fork, now_ms: int) -> None:
        self.cancel_timer("ring")
        # A 2xx without a session description leaves the early answer standing (RFC 3261 section 13.2.1), that of its own dialog only.
        described = response.body and response.content_type in (SDP_TYPE, "")
        session = fork.settle(response.body, True) if described else fork.session
        self.offers = fork.offers
        self._forks.clear()
        if session is None:
            self.state = "answered"
            self.bye(now_ms, "protocol_error", "us", "the answer has no usable session description")
            return
        self.set_session(session, now_ms)
        self.note_peer(response)
        self.session_timer.agreed(response)
        self.connected(now_ms)
        self.answered(now_ms)
        self.modifier.go(now_ms)
