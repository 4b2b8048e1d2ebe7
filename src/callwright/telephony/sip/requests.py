"""Requests of the far side within a call: offers by re-INVITE and UPDATE, keys by INFO, OPTIONS; and what is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from callwright.errors import WireError
from callwright.telephony.port import LegDtmf
from callwright.telephony.sip.dialog import Dialog
from callwright.telephony.sip.refer import Referral, read_refer
from callwright.telephony.sip.replies import ALLOW, KNOWN_METHODS, SDP_TYPE, unsupported
from callwright.telephony.sip.transactions import Key
from callwright.telephony.sip.wire import Request

if TYPE_CHECKING:
    from callwright.telephony.sip.call import Call

__all__ = ["serve"]

_DTMF = re.compile(r"(?im)^\s*(?:signal\s*=\s*)?([0-9A-D*#])\s*$")


def serve(call: Call, key: Key, request: Request, dialog: Dialog, now_ms: int) -> None:
    """Answer a request (not BYE) whose CSeq is in order."""
    agent = call.agent
    if dialog is not call.dialog and call.dialog is not None:
        agent.respond(key, 481, now_ms)
    elif tags := unsupported(request):
        agent.respond(key, 420, now_ms, extra=(("Unsupported", ", ".join(tags)),))
    elif request.method in ("INVITE", "UPDATE"):
        _on_offer(call, key, request, dialog, now_ms)
    elif request.method == "INFO":
        _on_info(call, key, request, now_ms)
    elif request.method == "OPTIONS":
        agent.respond(key, 200, now_ms, extra=agent.abilities)
    elif request.method == "PRACK":
        agent.respond(key, call.on_prack(request), now_ms)
    elif request.method == "NOTIFY":
        _on_notify(call, key, request, now_ms)
    elif request.method == "REFER":
        _on_refer(call, key, request, now_ms)
    else:
        agent.respond(key, 405 if request.method in KNOWN_METHODS else 501, now_ms, extra=(ALLOW,))


def _on_notify(call: Call, key: Key, request: Request, now_ms: int) -> None:
    """Progress of a transfer of ours; there is no other subscription."""
    package = request.get("event").partition(";")[0].strip().lower()
    if package != "refer":
        call.agent.respond(key, 489, now_ms, extra=(("Allow-Events", "refer"),))
    elif call.transfer is None:
        call.agent.respond(key, 481, now_ms)
    else:
        call.agent.respond(key, call.transfer.on_notify(request, now_ms), now_ms)


def _on_refer(call: Call, key: Key, request: Request, now_ms: int) -> None:
    """The far side wants us to call somebody (RFC 3515 section 2.4): only where somebody is there to decide."""
    try:
        referred = read_refer(request, now_ms)
    except WireError as error:
        call.agent.respond(key, 400, now_ms, reason=f"Malformed Refer-To: {error}")
        return
    if call.state != "answered" or not call.agent.identity.takes_refer:
        call.agent.respond(key, 603, now_ms)
    elif call.referral is not None and call.referral.open:
        call.agent.respond(key, 491, now_ms)
    else:
        call.referral = Referral(call, key, request)
        call.emit(referred)


def _on_info(call: Call, key: Key, request: Request, now_ms: int) -> None:
    kind = request.content_type
    if kind in ("application/dtmf-relay", "application/dtmf"):
        match = _DTMF.search(request.body.decode("ascii", "replace"))
        call.agent.respond(key, 200 if match else 400, now_ms)
        if match:
            call.emit(LegDtmf(now_ms, match[1].upper()))
    elif request.body:
        call.agent.respond(key, 415, now_ms, extra=(("Accept", "application/dtmf-relay"),))
    else:
        call.agent.respond(key, 200, now_ms)


def _on_offer(call: Call, key: Key, request: Request, dialog: Dialog, now_ms: int) -> None:
    """re-INVITE (RFC 3261 section 14.2) and UPDATE (RFC 3311), with an offer or without."""
    agent, invite = call.agent, request.method == "INVITE"
    if _must_wait(call, request, dialog):
        agent.respond(key, 491, now_ms)
        return
    if request.body and request.content_type != SDP_TYPE:
        agent.respond(key, 415, now_ms, extra=(("Accept", SDP_TYPE),))
        return
    if call.session_timer.refuses(request):
        agent.respond(key, 422, now_ms, extra=call.session_timer.least())
        return
    body = b""
    if request.body:
        body = call.answer_offer(request.body, dialog, now_ms)
        if not body:
            agent.respond(key, 488, now_ms)
            return
    elif invite:
        body = call.offers.offer()
    dialog.refresh_target(request)
    if invite:
        call.accept(key, request, body, now_ms)
    else:
        extra = (*agent.abilities, *call.session_timer.answer(request))
        agent.respond(key, 200, now_ms, body=body, extra=extra)
    if call.state == "answered":
        call.restart_session(now_ms)


def _must_wait(call: Call, request: Request, dialog: Dialog) -> bool:
    """Two changes at once (RFC 3261 section 14.2, RFC 3311 section 5.2)."""
    changes = request.method == "INVITE" or bool(request.body)
    if changes and call.state != "answered":
        return request.method == "INVITE" or not call.offered_early(dialog)
    waiting = call.acceptance is not None and call.acceptance.offering
    return changes and (waiting or call.modifier.blocks(request))
