"""A call that comes in (RFC 3261 section 13.3): ring, answer, reject, the caller's CANCEL."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from callwright.errors import LineError, WireError
from callwright.telephony.sip import sdp
from callwright.telephony.sip.accounts import Account
from callwright.telephony.sip.call import By, Call
from callwright.telephony.sip.caller import read_caller
from callwright.telephony.sip.dialog import Dialog
from callwright.telephony.sip.fields import parse_uri
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.reasons import q850_cause, reason_text
from callwright.telephony.sip.reliable import ReliableRinging
from callwright.telephony.sip.transactions import Key, answered
from callwright.telephony.sip.wire import Request
from callwright.telephony.wire_audio import inner_law

if TYPE_CHECKING:
    from callwright.telephony.sip.agent import Agent

__all__ = ["IncomingCall"]


class IncomingCall(Call):
    """Made by the agent for an INVITE that was found answerable. offered: the caller's offer, None when it left that to us."""

    def __init__(
        self,
        agent: Agent,
        key: Key,
        request: Request,
        source: Hop,
        offered: sdp.Description | None,
        local_tag: str,
        max_ms: int,
        account: Account | None = None,
    ) -> None:
        super().__init__(agent, request.call_id, local_tag, None, max_ms, account)
        self.state = "offered"
        self.confirmed = False
        self.key = key
        self.offered = offered
        self.caller = _user(request.from_.uri)
        self.origin = read_caller(request, self._trusts(source), agent.identity.check)
        self.called = _user(request.uri)
        self.to = _user(request.to.uri)
        self._invite = request
        self._ringing: ReliableRinging | None = None
        self._reliably = any(item.lower() == "100rel" for item in request.items("require"))
        self.dialog = Dialog.as_server(request, local_tag, source)
        self.dialogs[self.dialog.remote_tag] = self.dialog
        self.note_peer(request)

    def _trusts(self, source: Hop) -> bool:
        """Whether what the source asserts is believed: an address of a trusted trunk, not somebody with a password of it."""
        if self.account.trusted and self.agent.admit(source) is self.account:
            return True
        return source.host in self.agent.identity.trusted

    def start(self, now_ms: int, ring_ms: int) -> None:
        """Begin to wait for `answer` or `reject`; after `ring_ms` the call is rejected with 480."""
        self.set_timer("ring", now_ms + ring_ms, self._unanswered)

    def _unanswered(self, now_ms: int) -> None:
        self._refuse(now_ms, 480, "", "no_answer", "us")

    def ring(self, now_ms: int) -> None:
        """180 Ringing; nothing when the call is answered or over.

        A caller that requires 100rel gets it reliably, once; not at all when it made no offer, since ours would have to be in it
        (RFC 3262 section 5) before there is any audio to offer.
        """
        if self.state != "offered":
            return
        if self._reliably:
            if self._ringing is None and self.offered is not None:
                self._ringing = ReliableRinging(self, now_ms)
        else:
            self.agent.respond(self.key, 180, now_ms, extra=(("Contact", self.agent.contact),))

    def answer(self, now_ms: int, local: sdp.LocalMedia) -> None:
        """200 with our answer (or our offer, when the caller made none); audio may go at once, LegAnswered comes with the ACK.

        Only the ACK proves that the caller is there: a call is never counted as answered because of a 200 that may be lost.

        Raises:
            LineError: the call is over or already answered; or no codec in common with `local` (the caller got 488).
        """
        if self.state != "offered":
            raise LineError(f"the call cannot be answered any more: it is {self.state}")
        self.offers.local = local
        self.cancel_timer("ring", "rel", "rel-end")
        assert self.dialog is not None
        offer = self._invite.body
        body = self.offers.offer() if self.offered is None else self.answer_offer(offer, self.dialog, now_ms)
        if not body:
            self._refuse(now_ms, 488, "", "protocol_error", "us")
            raise LineError("the call was rejected: no codec in common")
        self.accept(self.key, self._invite, body, now_ms)
        self.connected(now_ms)

    def replace(self, old: Call, now_ms: int) -> None:
        """Take the place of `old` (RFC 3891 section 3): its audio and its owner go on with this call, its own dialog is ended.

        488 and nothing changed when there is no codec in common.
        """
        self.offers.direction = old.offers.direction
        local = self._media_like(old)
        if local is None:
            self._refuse(now_ms, 488, "", "protocol_error", "us")
            return
        old.hand_over(now_ms, self)
        self.answer(now_ms, local)
        self.offers.local = old.offers.local
        old.hang_up(now_ms, "replaced")

    def _media_like(self, old: Call) -> sdp.LocalMedia | None:
        """The media of `old` for our answer, with the codec it speaks, or one of the same law, if the new far side takes that:
        what is being played is encoded already. None = nothing in common."""
        local, held = old.offers.local, old.session
        if local is None:
            return None
        same = tuple(item for item in local.codecs if held is not None and inner_law(item) == held.codec)
        if self.offered is None:
            return replace(local, codecs=(*same, *(item for item in local.codecs if item not in same)))
        spoken = tuple(item for item in same if held is not None and item == held.wire_codec)
        for codecs in (spoken, same, local.codecs):
            trial = self.offers.fork()
            trial.local = replace(local, codecs=codecs)
            if codecs and trial.answer(self._invite.body) is not None:
                return trial.local
        return None

    def let_go(self) -> None:
        super().let_go()
        self.offered = self._ringing = None
        self._invite = answered("INVITE")

    def on_acknowledged(self, now_ms: int) -> None:
        self.answered(now_ms)

    def on_prack(self, request: Request) -> int:
        if self._ringing is None or not self._ringing.on_prack(request, self._invite):
            return 481
        return 488 if request.body else 200  # our 180 has no answer in it: nothing may be offered yet

    def on_no_prack(self, now_ms: int) -> None:
        """Nobody acknowledged our ringing (RFC 3262 section 3)."""
        if self.state == "offered":
            self._refuse(now_ms, 504, "", "timeout", "network", "no PRACK")

    def reject(self, now_ms: int, code: int, reason: str = "") -> None:
        """Say no; nothing when the call is answered or over."""
        if self.state == "offered":
            self._refuse(now_ms, code, reason, "rejected", "us")

    def hang_up(self, now_ms: int, cause: str = "", by: By = "us", detail: str = "") -> None:
        """BYE when answered (after the ACK), 603 before."""
        if self.state == "answered":
            self.bye(now_ms, cause or "bye", by, detail)
        elif self.state == "offered":
            self._refuse(now_ms, 603, "", cause or "rejected", by, detail)

    def on_cancel(self, now_ms: int, cancel: Request) -> None:
        """The caller gave up, or somebody else took the call; too late when answered."""
        if self.state == "offered":
            self._refuse(now_ms, 487, "", "cancelled", "peer", reason_text(cancel), q850_cause(cancel))

    def on_bye_early(self, now_ms: int) -> None:
        if self.state == "offered":
            self.agent.respond(self.key, 487, now_ms)

    def on_undelivered(self, method: str, kind: str, now_ms: int) -> None:
        if method == "INVITE" and kind == "transport":
            self.end(now_ms, "transport_error", "network", "the answer could not be sent")

    def _refuse(
        self, now_ms: int, code: int, reason: str, cause: str, by: By, detail: str = "", q850: int | None = None
    ) -> None:
        self.agent.respond(self.key, code, now_ms, reason=reason)
        self.end(now_ms, cause, by, detail or str(code), q850)


def _user(uri: str) -> str:
    try:
        return parse_uri(uri).user
    except WireError:
        return ""
