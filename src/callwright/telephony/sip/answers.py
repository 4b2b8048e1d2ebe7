"""Answers to our requests within a call: credentials where they are asked for, the ACK of a change, and whom each answer is for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from callwright.errors import WireError
from callwright.telephony.sip.digest import other_realms
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.wire import Headers, Request, Response

if TYPE_CHECKING:
    from callwright.telephony.sip.call import Call

__all__ = ["repeat", "take"]


def take(call: Call, request: Request, response: Response, source: Hop, now_ms: int) -> None:
    """A response to a request of ours: to whatever sent it."""
    if response.code >= 200 and response.code not in (401, 407):
        call.digest.accepted()
    if response.code in (401, 407) and request.method != "CANCEL" and _prove(call, request, response, now_ms):
        return
    if request.method == "INVITE" and not call.begins(request) and 200 <= response.code < 300:
        _acknowledge_change(call, request, now_ms)
    if request is call.modifier.running:
        if response.code >= 200:
            _on_changed(call, request, response, now_ms)
    elif call.transfer is not None and request is call.transfer.request:
        call.transfer.on_response(response, now_ms)
    elif request is call.keys.running:
        call.keys.on_response(response, now_ms)
    elif call.begins(request):
        call.on_invite_response(request, response, source, now_ms)
    elif request.method == "BYE" and response.code >= 200 and call.is_main(request) and call.ending:
        call.end(now_ms, *call.ending)


def _on_changed(call: Call, request: Request, response: Response, now_ms: int) -> None:
    call.note_peer(response)
    if response.code < 300 and call.dialog is not None:
        call.dialog.refresh_target(response)
    if call.state == "answered":
        call.modifier.on_response(request, response, now_ms)


def _acknowledge_change(call: Call, request: Request, now_ms: int) -> None:
    """Every 2xx to a re-INVITE gets its ACK, the same one each time (RFC 3261 section 13.2.2.4)."""
    dialog = call.dialogs.get(request.to.tag)
    if dialog is not None:
        call.send_ack(request, dialog, now_ms)


def _prove(call: Call, request: Request, response: Response, now_ms: int) -> bool:
    """Send a challenged request again with credentials (RFC 3261 section 22); False when that makes no sense."""
    try:
        header = call.digest.answer(request, response)
    except WireError:
        return False
    if header is None or call.state == "cancelling" or (call.state == "ended" and request.method == "INVITE"):
        return False
    if not call.begins(request) and request.to.tag not in call.dialogs:
        return False  # the fork it belonged to is given up
    repeat(call, request, (header, *other_realms(request, header)), now_ms)
    return True


def repeat(call: Call, request: Request, headers: Headers, now_ms: int) -> None:
    """Send a refused request once more: new branch, next CSeq, these headers in place of older ones."""
    dialog = None if call.begins(request) else call.dialogs.get(request.to.tag)
    number = request.cseq[0] + 1
    if dialog is not None:
        dialog.local_cseq = number = max(number, dialog.local_cseq + 1)
    repeated = _with(request, call.agent.via(), number, headers)
    call.on_repeated(request, repeated, now_ms)
    call.agent.start_client(repeated, call.hop(dialog), call, now_ms)


def _with(request: Request, via: str, number: int, headers: Headers) -> Request:
    fresh = {"via": via, "cseq": f"{number} {request.method}"}
    replaced = {name.lower() for name, _ in headers}
    kept = [(name, fresh.get(name.lower(), value)) for name, value in request.headers if name.lower() not in replaced]
    return replace(request, headers=(*kept, *headers))
