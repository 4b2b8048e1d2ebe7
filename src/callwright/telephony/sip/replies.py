"""Responses made from requests (RFC 3261 section 8.2.6, RFC 3581), and what we say we can do."""

from __future__ import annotations

from callwright.telephony.sip.fields import Via, host_text
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.wire import Headers, Request, Response

__all__ = [
    "ALLOW",
    "EXTENSIONS",
    "KNOWN_METHODS",
    "METHODS",
    "REASONS",
    "SDP_TYPE",
    "SUPPORTED",
    "reply",
    "return_address",
    "unsupported",
]

METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "PRACK", "REFER", "NOTIFY")
KNOWN_METHODS = frozenset((*METHODS, "REGISTER", "SUBSCRIBE", "PUBLISH", "MESSAGE"))
ALLOW = ("Allow", ", ".join(METHODS))
EXTENSIONS = ("timer", "100rel", "replaces")
SUPPORTED = ("Supported", ", ".join(EXTENSIONS))
SDP_TYPE = "application/sdp"

REASONS = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    422: "Session Interval Too Small",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    603: "Decline",
}


def reply(
    request: Request,
    code: int,
    source: Hop,
    *,
    reason: str = "",
    to_tag: str = "",
    extra: Headers = (),
    body: bytes = b"",
) -> Response:
    """A response to `request`, which came from `source`. Works on malformed requests too: what is there is echoed as it came."""
    vias = request.items("via")
    if vias:
        vias[0] = _stamp(vias[0], source)
    to = request.get("to")
    if to and to_tag and not request.has_to_tag and code > 100:
        to = f"{to};tag={to_tag}"
    echoed = [
        ("From", request.get("from")),
        ("To", to),
        ("Call-ID", request.get("call-id")),
        ("CSeq", request.get("cseq")),
    ]
    headers: list[tuple[str, str]] = [("Via", via) for via in vias]
    if 100 < code < 300:
        headers += [("Record-Route", value) for value in request.all("record-route")]
    headers += [(name, value) for name, value in echoed if value]
    if code == 100 and request.get("timestamp"):
        headers.append(("Timestamp", request.get("timestamp")))
    headers += extra
    if body:
        headers.append(("Content-Type", SDP_TYPE))
    return Response(tuple(headers), body, code, reason or REASONS.get(code, "Unknown"))


def _stamp(via: str, source: Hop) -> str:
    kept = [part for part in via.split(";") if part.strip().lower() != "rport"]
    asked = len(kept) < via.count(";") + 1
    stamped = ";".join(kept) + f";received={host_text(source[0]) if ':' in source[0] else source[0]}"
    return f"{stamped};rport={source[1]}" if asked else stamped


def return_address(via: Via, source: Hop) -> Hop:
    """Where a response goes: back to the source address; over UDP its port when `rport` was asked, else the port of the Via.

    Over a connection it goes back the same way, or, when that is closed, to the port of the Via (RFC 3261 section 18.2.2).
    """
    return source if via.rport and source.transport == "UDP" else source._replace(port=via.port or 5060)


def unsupported(request: Request) -> tuple[str, ...]:
    """Option tags of Require that we do not support."""
    return tuple(item for item in request.items("require") if item.lower() not in EXTENSIONS)
