"""Requests of the far side that belong to no call: the INVITE that begins one, its CANCEL, OPTIONS; and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callwright.errors import WireError
from callwright.telephony.sip import sdp
from callwright.telephony.sip.accounts import Account
from callwright.telephony.sip.call import Call
from callwright.telephony.sip.call_events import CallOffered
from callwright.telephony.sip.challenge import Admitted, Asked, Gate
from callwright.telephony.sip.fields import host_text
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.incoming import IncomingCall
from callwright.telephony.sip.layer import Server
from callwright.telephony.sip.replaces import replaces_of
from callwright.telephony.sip.replies import ALLOW, KNOWN_METHODS, SDP_TYPE, unsupported
from callwright.telephony.sip.session_timer import SessionTimer
from callwright.telephony.sip.takeover import refusal
from callwright.telephony.sip.transactions import Key
from callwright.telephony.sip.wire import Request

if TYPE_CHECKING:
    from callwright.telephony.sip.agent import Agent

__all__ = ["serve", "serve_stranger"]


def serve_stranger(agent: Agent, key: Key, request: Request, data: bytes, source: Hop, gate: Gate, now_ms: int) -> None:
    """Somebody calls from an address that is nobody's: with a password of ours it is a caller, else it is asked or ignored."""
    verdict = gate.judge(request, source.host, now_ms)
    if isinstance(verdict, Asked):
        agent.refuse(request, source, 401, now_ms, extra=verdict.headers)  # nothing is kept (RFC 3261 section 8.2.7)
    elif isinstance(verdict, Admitted) and verdict.username in agent.gate_accounts:
        serve(agent, key, request, data, source, agent.gate_accounts[verdict.username], now_ms)


def serve(agent: Agent, key: Key, request: Request, data: bytes, source: Hop, account: Account, now_ms: int) -> None:
    """Answer a request of somebody who may open something with us; `account`: the trunk it comes from."""
    server = agent.layer.open_server(key, request, source, agent.new_id(), None)
    merged = agent.layer.merged(key, server)
    method = request.method
    if method == "CANCEL":
        _on_cancel(agent, key, request, now_ms)
    elif merged or _looped(agent, request):
        agent.respond(key, 482, now_ms)
    elif method not in KNOWN_METHODS:
        agent.respond(key, 501, now_ms, extra=(ALLOW,))
    elif request.has_to_tag or method in ("BYE", "INFO", "UPDATE", "PRACK", "NOTIFY"):
        agent.respond(key, 481, now_ms)
    elif tags := unsupported(request):
        agent.respond(key, 420, now_ms, extra=(("Unsupported", ", ".join(tags)),))
    elif method == "INVITE":
        _on_invite(agent, key, server, data, source, account, now_ms)
    elif method == "REFER":
        agent.respond(key, 603, now_ms)  # whoever is not in a call with us hands nobody over
    elif method == "OPTIONS":
        code = 200 if agent.room(account) else 503
        agent.respond(key, code, now_ms, extra=agent.abilities)
    else:
        agent.respond(key, 405, now_ms, extra=(ALLOW,))


def _looped(agent: Agent, request: Request) -> bool:
    """Our own request came back (RFC 3261 section 8.2.2.2 for user agents)."""
    return any((via.host, via.port or 5060) == (agent.identity.host, agent.identity.port) for via in request.via)


def _on_cancel(agent: Agent, key: Key, request: Request, now_ms: int) -> None:
    server = agent.layer.invite_of(request)
    if server is None:
        agent.respond(key, 481, now_ms)
        return
    # the To tag of what it cancels (RFC 3261 section 9.2)
    agent.layer.servers[key].to_tag = server.owner.local_tag if server.owner else server.to_tag
    agent.respond(key, 200, now_ms)
    if isinstance(server.owner, IncomingCall):
        server.owner.on_cancel(now_ms, request)


def _to_replace(agent: Agent, request: Request) -> Call | int | None:
    """The call an INVITE is to take the place of, or the code it is refused with; None = it is a new call (RFC 3891)."""
    try:
        wanted = replaces_of(request)
    except WireError:
        return 400
    if wanted is None:
        return None
    old = agent.call_of(wanted.call_id, wanted.to_tag)
    return 481 if old is None else refusal(old, wanted) or old


def _on_invite(agent: Agent, key: Key, server: Server, data: bytes, source: Hop, account: Account, now_ms: int) -> None:
    request = server.machine.request
    old = _to_replace(agent, request)
    if isinstance(old, int):
        agent.respond(key, old, now_ms)
        return
    if old is None and not agent.room(account):
        agent.respond(key, 503, now_ms, extra=(("Retry-After", "5"),))
        return
    probe = SessionTimer(agent.identity.session_expires_s, agent.identity.min_se_s)
    if probe.refuses(request):
        agent.respond(key, 422, now_ms, extra=probe.least())
        return
    offered = None
    if request.body:
        if request.content_type != SDP_TYPE or request.get("content-encoding", "identity") != "identity":
            agent.respond(key, 415, now_ms, extra=(("Accept", SDP_TYPE), ("Accept-Encoding", "identity")))
            return
        try:
            offered = sdp.parse(request.body)
        except WireError as error:
            host = host_text(agent.identity.host)
            agent.respond(key, 488, now_ms, extra=(("Warning", f'399 {host} "{error}"'),))
            return
        local = sdp.LocalMedia(agent.identity.host, 9, account.codecs, account.srtp)
        if reason := sdp.refusal(offered, local):
            host = host_text(agent.identity.host)
            agent.respond(key, 488, now_ms, extra=(("Warning", f'399 {host} "{reason}"'),))
            return
    try:
        max_ms = agent.identity.incoming_max_ms
        call = IncomingCall(agent, key, request, source, offered, agent.new_id(), max_ms, account)
    except WireError:
        agent.respond(key, 400, now_ms, reason="Malformed Contact")
        return
    server.owner = call
    agent.adopt(call)
    call.record(now_ms, "<-", data, source)
    agent.respond(key, 100, now_ms)
    if old is not None:
        call.replace(old, now_ms)
        return
    call.start(now_ms, agent.identity.incoming_ring_ms)
    agent.emit(call, CallOffered(now_ms))
