"""Dialog state (RFC 3261 section 12): tags, route set, remote target, CSeq numbers both ways; makes in-dialog requests."""

from __future__ import annotations

from callwright.errors import WireError
from callwright.telephony.sip.fields import Uri, parse_uri
from callwright.telephony.sip.hops import Hop, Transport
from callwright.telephony.sip.wire import Headers, Request, Response

__all__ = ["Dialog"]

_TRANSPORTS: dict[str, Transport] = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}


class Dialog:
    """One dialog, early or confirmed. `peer` is where the far side's last message came from."""

    __slots__ = ("call_id", "local", "local_cseq", "peer", "remote", "remote_cseq", "remote_tag", "routes", "target")

    def __init__(self, call_id: str, local: str, remote: str, remote_tag: str, target: str, peer: Hop) -> None:
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.remote_tag = remote_tag
        self.target = target
        self.peer = peer
        self.routes: tuple[str, ...] = ()
        self.local_cseq = 0
        self.remote_cseq: int | None = None

    @classmethod
    def as_client(cls, request: Request, response: Response, peer: Hop) -> Dialog:
        """The dialog a response with a To tag makes (section 12.1.2): routes are the Record-Route backwards.

        A response without a usable Contact leaves the Request-URI as the target, so that an ACK and a BYE can be tried.
        """
        dialog = cls(request.call_id, request.get("from"), response.get("to"), response.to.tag, request.uri, peer)
        dialog.refresh_target(response)
        dialog.routes = tuple(route.text for route in reversed(response.record_route))
        dialog.local_cseq = request.cseq[0]
        return dialog

    @classmethod
    def as_server(cls, request: Request, local_tag: str, peer: Hop) -> Dialog:
        """The dialog our answer to a request makes (section 12.1.1).

        Raises:
            WireError: the remote target is no SIP URI.
        """
        target = request.contact[0].uri if request.contact else request.from_.uri
        parse_uri(target)
        local = f"{request.get('to')};tag={local_tag}"
        dialog = cls(request.call_id, local, request.get("from"), request.from_.tag, target, peer)
        dialog.routes = tuple(route.text for route in request.record_route)
        dialog.remote_cseq = request.cseq[0]
        return dialog

    def in_order(self, request: Request) -> bool:
        """Whether the CSeq is higher than what came before (section 12.2.2); remembers it."""
        number = request.cseq[0]
        if self.remote_cseq is not None and number <= self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def refresh_target(self, message: Request | Response) -> None:
        """Follow the Contact of a re-INVITE, an UPDATE or a 2xx to INVITE; an unusable one is ignored."""
        for contact in message.contact[:1]:
            try:
                parse_uri(contact.uri)
            except WireError:
                return
            self.target = contact.uri

    def request(
        self, method: str, via: str, contact: str, extra: Headers = (), body: bytes = b"", cseq: int = 0
    ) -> Request:
        """The next request in this dialog; `cseq` > 0 is for the ACK, which repeats the INVITE's number."""
        if not cseq:
            self.local_cseq += 1
            cseq = self.local_cseq
        uri, routes = self.way()
        headers: Headers = (
            ("Via", via),
            *(("Route", route) for route in routes),
            ("Max-Forwards", "70"),
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
            ("Contact", contact),
            *extra,
        )
        return Request(headers, body, method, uri)

    def way(self) -> tuple[str, tuple[str, ...]]:
        """(Request-URI, Route values): loose routing, or strict when the first route has no `lr` (section 12.2.1.1)."""
        if not self.routes:
            return self.target, ()
        first = _route_uri(self.routes[0])
        if first is None or first.has("lr"):
            return self.target, self.routes
        return _inner(self.routes[0]), (*self.routes[1:], f"<{self.target}>")

    def next_hop(self) -> Hop:
        """Where a request goes: the first route or the target. A host name is to be looked up (RFC 3263); until that is done, and when
        it leads nowhere, it goes where the far side sent from. A connection that is open is used again.

        A URI that names no transport means the one the dialog uses already.
        """
        uri = _route_uri(self.routes[0]) if self.routes else parse_uri(self.target)
        if uri is None or not uri.host:
            return self.peer
        transport = _TRANSPORTS.get((dict(uri.parameters).get("transport") or "").lower(), self.peer.transport)
        if uri.address is None:
            if transport != "UDP" or self.peer.transport != "UDP":
                return self.peer
            return self.peer._replace(name=uri.host if uri.port is None else f"{uri.host}:{uri.port}")
        same = (uri.host, transport) == (self.peer.host, self.peer.transport)
        return Hop(*uri.address, transport, self.peer.flow if same else 0)


def _inner(route: str) -> str:
    return route.partition("<")[2].partition(">")[0] or route


def _route_uri(route: str) -> Uri | None:
    try:
        return parse_uri(_inner(route))
    except WireError:
        return None
