"""The user agent core over UDP (RFC 3261 section 8): datagrams and time go in, datagrams and call events come out. Sans-IO.

agent.receive(data, source, now_ms)   a datagram came
agent.handle_timer(now_ms)            `agent.next_timer()` is due
agent.datagrams(), agent.events()     what is to be sent, what happened; both are emptied by reading
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from callwright.errors import LineError, WireError
from callwright.telephony.port import WireCodec
from callwright.telephony.sip import sdp
from callwright.telephony.sip.accounts import Account, Admission
from callwright.telephony.sip.call import Call, CallEvent, CallOffered
from callwright.telephony.sip.caller import IdentityCheck
from callwright.telephony.sip.challenge import Admitted, Asked, Gate
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.fields import host_text, parse_uri
from callwright.telephony.sip.hops import Hop, Transport
from callwright.telephony.sip.incoming import IncomingCall
from callwright.telephony.sip.keepalive import Keepalive
from callwright.telephony.sip.layer import ClientOwner, Server, TransactionLayer
from callwright.telephony.sip.outgoing import OutgoingCall
from callwright.telephony.sip.redirects import Judge
from callwright.telephony.sip.registration import Registration
from callwright.telephony.sip.replaces import replaces_of
from callwright.telephony.sip.replies import ALLOW, KNOWN_METHODS, SDP_TYPE, SUPPORTED, reply, unsupported
from callwright.telephony.sip.session_timer import LEAST_S, SessionTimer
from callwright.telephony.sip.takeover import refusal
from callwright.telephony.sip.timers import Timers
from callwright.telephony.sip.transactions import GIVE_UP, Key, client_key, server_key
from callwright.telephony.sip.wire import Headers, Request, Response, encode, parse
from callwright.telephony.wire_audio import SrtpPolicy

__all__ = ["Agent", "Datagram", "Identity"]

Peer = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are on the line.

    host, port: the address we are reached at (Via, Contact); domain: host of our From ("" = host); allow: source addresses that may
    open something new with us, None = all; everybody else gets silence; max_calls: more than these are answered 503;
    session_expires_s: how long a session lives without a refresh (RFC 4028; 0 = only when the far side asks); min_se_s: the least
    we agree to (below 90 for tests only); transport: what our Contact asks for; tcp: large requests may go by TCP;
    trusted: source addresses whose P-Asserted-Identity is believed (RFC 3325: those within our trust domain);
    check: judges the signature over a caller's number (STIR), None = nobody does;
    product: named in User-Agent and Server; "" = neither, so that a scanner learns nothing;
    takes_refer: somebody decides on a REFER of the far side; without, the answer is 603; codecs, srtp: what a call that comes in
    may speak, best first, and whether encrypted.
    """

    host: str
    port: int
    user: str = "line"
    domain: str = ""
    credentials: Credentials | None = None
    product: str = ""
    allow: frozenset[str] | None = None
    max_calls: int = 1_000
    incoming_ring_ms: int = 120_000
    incoming_max_ms: int = 3_600_000
    session_expires_s: int = 1_800
    min_se_s: int = LEAST_S
    transport: Transport = "UDP"
    tcp: bool = False
    takes_refer: bool = False
    trusted: frozenset[str] = frozenset()
    check: IdentityCheck | None = None
    codecs: tuple[WireCodec, ...] = ("PCMA", "PCMU")
    srtp: SrtpPolicy = "off"


@dataclass(frozen=True, slots=True)
class Datagram:
    """flow: the connection it belongs to, 0 = any that leads there; name: see `Hop`."""

    data: bytes
    to: Peer
    transport: Transport = "UDP"
    flow: int = 0
    name: str = ""


def _unguessable() -> Callable[[], str]:
    """Ids of 16 hexadecimal digits. The system is asked for many at once: asking costs more than all the rest of a message."""
    pool: list[str] = []

    def new_id() -> str:
        if not pool:
            digits = secrets.token_hex(2_048)
            pool.extend(digits[at : at + 16] for at in range(0, len(digits), 16))
        return pool.pop()

    return new_id


class Agent:
    """One user agent. `new_id` gives unguessable hexadecimal ids of at least 8 digits, `entropy` so many unguessable bytes (tests
    seed them)."""

    def __init__(
        self,
        identity: Identity,
        new_id: Callable[[], str] | None = None,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.identity = identity
        self.new_id = new_id or _unguessable()
        self.entropy = entropy
        self.timers = Timers()
        self.garbage = 0
        self.accepting = True
        self.account = Account("", identity.domain, identity.credentials, identity.codecs, identity.srtp)
        self.admit: Admission = self._admit_allowed
        self.gate: Gate | None = None  # asks everybody else for a password; None = they get silence
        self.gate_accounts: Mapping[str, Account] = {}
        way = "" if identity.transport == "UDP" else f";transport={identity.transport.lower()}"
        self.contact = f"<sip:{identity.user}@{host_text(identity.host)}:{identity.port}{way}>"
        self.signature: Headers = (("User-Agent", identity.product),) if identity.product else ()
        self.abilities: Headers = (
            ("Contact", self.contact),
            ALLOW,
            ("Accept", SDP_TYPE),
            SUPPORTED,
            *((("Server", identity.product),) if identity.product else ()),
        )
        self._out: list[Datagram] = []
        self._events: list[tuple[Call, CallEvent]] = []
        self._layer = TransactionLayer(self.timers, self.send, identity.tcp)
        self._calls: dict[tuple[str, str], Call] = {}
        self._call_ids: Counter[str] = Counter()
        self._live = 0
        self._live_of: Counter[str] = Counter()  # by name of the account

    # ------------------------------------------------------------ rim

    def datagrams(self) -> list[Datagram]:
        """What is to be sent, in order."""
        out, self._out = self._out, []
        return out

    def events(self) -> list[tuple[Call, CallEvent]]:
        """What happened, in order."""
        events, self._events = self._events, []
        return events

    @property
    def has_events(self) -> bool:
        """Whether `events()` would give any."""
        return bool(self._events)

    def next_timer(self) -> int | None:
        """When `handle_timer` is due, ms; None = nothing waits."""
        return self.timers.next()

    def handle_timer(self, now_ms: int) -> None:
        self.timers.run(now_ms)

    @property
    def live(self) -> int:
        """How many calls have not ended."""
        return self._live

    def live_of(self, account: str) -> int:
        """How many calls of an account, by its name, have not ended."""
        return self._live_of[account]

    @property
    def waiting(self) -> bool:
        """Whether a request of ours has no final answer yet, also of calls that have ended."""
        return self._layer.waiting

    @property
    def idle(self) -> bool:
        """Nothing is left: no call, no transaction, no timer."""
        return self._layer.idle and not (self._calls or len(self.timers))

    def place(
        self,
        call_id: str,
        target: str,
        caller: str,
        destination: Peer | Hop,
        local: sdp.LocalMedia,
        now_ms: int,
        *,
        ring_ms: int = 30_000,
        max_ms: int = 600_000,
        extra: Headers = (),
        judge: Judge | None = None,
        proxied: bool = False,
        account: Account | None = None,
        others: Sequence[Hop] = (),
        no_reply_ms: int = 0,
    ) -> OutgoingCall:
        """Call `target` (SIP URI) as `caller`; the INVITE leaves with the next `datagrams()`.

        judge: says of each target a 3xx names why it may not be dialled ("" = it may); None = no 3xx is followed. proxied: targets
        of a 3xx go to `destination` too, else to the address they name; account: who we are (None = as the line is); others: where the
        INVITE goes next when nothing rang and the one before says 503, cannot be reached or is silent for no_reply_ms (RFC 3263
        section 4.3); after the last one of them the call ends with `timeout` (0 = after 32 s).

        Raises:
            WireError: the target is no URI, or a value holds a line break.
            LineError: a call with this Call-ID is still there.
        """
        parse_uri(target)
        if call_id in self._call_ids:
            raise LineError("a call with this Call-ID is still there")
        call = OutgoingCall(
            self,
            call_id,
            target,
            caller,
            Hop(*destination),
            local,
            ring_ms,
            max_ms,
            extra,
            judge,
            proxied,
            account,
            others,
            no_reply_ms,
        )
        encode(call.invite)
        self._adopt(call)
        call.start(now_ms)
        return call

    def register(
        self,
        user: str,
        registrar: str,
        destination: Peer | Hop,
        expires_s: int,
        now_ms: int,
        on_change: Callable[[], None],
        account: Account | None = None,
    ) -> Registration:
        """Keep `sip:user@registrar` registered with our address, from now until `close`. Raises WireError: that is no address."""
        registration = Registration(
            self, user, registrar, Hop(*destination), expires_s, on_change, account or self.account
        )
        registration.start(now_ms)
        return registration

    def watch(
        self,
        destination: Peer | Hop,
        interval_ms: int,
        now_ms: int,
        on_change: Callable[[], None],
        account: Account | None = None,
        patience_ms: int = 0,
    ) -> Keepalive:
        """Ask a peer by OPTIONS whether it is there, from now until `close`; patience_ms: how long it may take (0 = 32 s)."""
        keepalive = Keepalive(self, Hop(*destination), interval_ms, on_change, account or self.account, patience_ms)
        keepalive.start(now_ms)
        return keepalive

    def transport_failed(self, peer: Peer, now_ms: int) -> None:
        """A datagram to `peer` could not be sent: its transactions end (RFC 3261 section 17.1.4)."""
        self._layer.transport_failed(Hop(*peer), now_ms)

    def connection_failed(self, hop: Hop, now_ms: int) -> None:
        """A connection could not be opened, or broke."""
        self._layer.connection_failed(hop, now_ms)

    # ------------------------------------------------------------ for calls

    def via(self) -> str:
        """A Via with a new branch, asking for `rport`."""
        where = f"{host_text(self.identity.host)}:{self.identity.port}"
        return f"SIP/2.0/UDP {where};branch=z9hG4bK{self.new_id()};rport"

    def emit(self, call: Call, event: CallEvent) -> None:
        self._events.append((call, event))

    def send(self, data: bytes, hop: Hop, owner: ClientOwner | None, now_ms: int) -> None:
        if owner is not None:
            owner.record(now_ms, "->", data, hop)
        self._out.append(Datagram(data, (hop.host, hop.port), hop.transport, hop.flow, hop.name))

    def abandon(self, request: Request, owner: ClientOwner) -> None:
        """Send a request of ours no more; what still comes for it goes to `owner`."""
        self._layer.abandon(request, owner)

    def hop_of(self, request: Request) -> Hop | None:
        """Where a request of ours went."""
        return self._layer.hop_of(request)

    def start_client(self, request: Request, hop: Hop, owner: ClientOwner, now_ms: int) -> None:
        """Send a request in a transaction of its own; `owner` gets what comes of it."""
        self._layer.start(request, hop, owner, now_ms)

    def respond(
        self, key: Key, code: int, now_ms: int, *, reason: str = "", extra: Headers = (), body: bytes = b""
    ) -> None:
        """Answer the request of a server transaction; nothing when that is long over."""
        server = self._layer.servers.get(key)
        if server is None:
            return
        request = server.machine.request
        tag = server.owner.local_tag if server.owner else server.to_tag
        response = reply(request, code, server.source, reason=reason, to_tag=tag, extra=extra, body=body)
        self._layer.run_server(key, server, server.machine.send(response, now_ms), now_ms)

    def retire(self, call: Call, now_ms: int) -> None:
        """The call has ended; keep it for what may still come in (a late 2xx, a repeated BYE), then forget it."""
        self._live -= 1
        self._live_of[call.account.name] -= 1
        self.timers.set((call, "retired"), now_ms + 2 * GIVE_UP, lambda _now: self._forget(call))

    def _adopt(self, call: Call) -> None:
        self._calls[call.call_id, call.local_tag] = call
        self._call_ids[call.call_id] += 1
        self._live += 1
        self._live_of[call.account.name] += 1

    def _forget(self, call: Call) -> None:
        if self._calls.pop((call.call_id, call.local_tag), None) is not None:
            self._call_ids[call.call_id] -= 1
            if not self._call_ids[call.call_id]:
                del self._call_ids[call.call_id]
        self._layer.drop_owner(call)

    # ------------------------------------------------------------ what comes in

    def receive(self, data: bytes, source: Peer | Hop, now_ms: int) -> None:
        """A message came from `source`. What is no SIP is counted and dropped."""
        if not data.strip(b"\r\n\0 "):
            return  # keep-alive (RFC 5626 section 3.5.1)
        try:
            message = parse(data)
        except WireError:
            self.garbage += 1
            return
        hop = Hop(*source)
        if isinstance(message, Response):
            self._on_response(message, data, hop, now_ms)
        elif message.fault is not None:
            if self.admit(hop) is not None and message.method != "ACK":
                self._refuse(message, hop, message.fault.code, now_ms, reason=message.fault.reason)
        else:
            self._on_request(message, data, hop, now_ms)

    def _admit_allowed(self, source: Hop) -> Account | None:
        return self.account if self.identity.allow is None or source.host in self.identity.allow else None

    def _on_response(self, response: Response, data: bytes, source: Hop, now_ms: int) -> None:
        via = response.via[0]
        if len(response.via) != 1 or (via.host, via.port or 5060) != (self.identity.host, self.identity.port):
            return  # not for us (RFC 3261 section 18.1.2)
        key = client_key(response)
        client = self._layer.clients.get(key)
        if client is None:
            self._on_late_answer(response, data, source, now_ms)
            return
        client.owner.record(now_ms, "<-", data, source)
        self._layer.respond_to(key, client, response, source, now_ms)

    def _on_late_answer(self, response: Response, data: bytes, source: Hop, now_ms: int) -> None:
        """A 2xx to an INVITE whose transaction is gone must still be acknowledged, and hung up if nobody wants it."""
        call = self._calls.get((response.call_id, response.from_.tag))
        if isinstance(call, OutgoingCall) and response.cseq == call.invite.cseq and 200 <= response.code < 300:
            call.record(now_ms, "<-", data, source)
            call.on_invite_response(call.invite, response, source, now_ms)

    def _on_request(self, request: Request, data: bytes, source: Hop, now_ms: int) -> None:
        key = server_key(request)
        server = self._layer.servers.get(key)
        call = self._calls.get((request.call_id, request.to.tag)) if request.has_to_tag else None
        owner = call or (server.owner if server else None)
        if owner is not None:
            owner.record(now_ms, "<-", data, source)
        if self._layer.accepts_again(key, server, request, now_ms):
            return
        if request.method == "ACK":
            if call is not None:
                call.on_ack(request, now_ms)
        elif call is not None:
            self._layer.open_server(key, request, source, call.local_tag, call)
            call.on_request(key, request, source, now_ms)
        elif (account := self.admit(source)) is not None:
            self._on_new(key, request, data, source, account, now_ms)
        elif self._layer.invite_of(request) is not None:
            self._on_new(key, request, data, source, self.account, now_ms)  # a CANCEL
        elif request.method == "INVITE" and self.gate is not None:
            self._on_stranger(key, request, data, source, self.gate, now_ms)

    def _on_stranger(self, key: Key, request: Request, data: bytes, source: Hop, gate: Gate, now_ms: int) -> None:
        """Somebody calls from an address that is nobody's: with a password of ours it is a caller, else it is asked or ignored."""
        verdict = gate.judge(request, source.host, now_ms)
        if isinstance(verdict, Asked):
            self._refuse(
                request, source, 401, now_ms, extra=verdict.headers
            )  # nothing is kept (RFC 3261 section 8.2.7)
        elif isinstance(verdict, Admitted) and verdict.username in self.gate_accounts:
            self._on_new(key, request, data, source, self.gate_accounts[verdict.username], now_ms)

    def _refuse(
        self, request: Request, source: Hop, code: int, now_ms: int, *, reason: str = "", extra: Headers = ()
    ) -> None:
        """Answer a malformed request once, without state: its fields cannot be trusted to match anything."""
        response = reply(request, code, source, reason=reason, to_tag=self.new_id(), extra=extra)
        try:
            self.send(encode(response), source, None, now_ms)
        except WireError:
            self.garbage += 1

    # ------------------------------------------------------------ outside of dialogs

    def _on_new(self, key: Key, request: Request, data: bytes, source: Hop, account: Account, now_ms: int) -> None:
        server = self._layer.open_server(key, request, source, self.new_id(), None)
        merged = self._layer.merged(key, server)
        method = request.method
        if method == "CANCEL":
            self._on_cancel(key, request, now_ms)
        elif merged or self._looped(request):
            self.respond(key, 482, now_ms)
        elif method not in KNOWN_METHODS:
            self.respond(key, 501, now_ms, extra=(ALLOW,))
        elif request.has_to_tag or method in ("BYE", "INFO", "UPDATE", "PRACK", "NOTIFY"):
            self.respond(key, 481, now_ms)
        elif tags := unsupported(request):
            self.respond(key, 420, now_ms, extra=(("Unsupported", ", ".join(tags)),))
        elif method == "INVITE":
            self._on_invite(key, server, data, source, account, now_ms)
        elif method == "REFER":
            self.respond(key, 603, now_ms)  # whoever is not in a call with us hands nobody over
        elif method == "OPTIONS":
            code = 200 if self._room(account) else 503
            self.respond(key, code, now_ms, extra=self.abilities)
        else:
            self.respond(key, 405, now_ms, extra=(ALLOW,))

    def _room(self, account: Account) -> bool:
        return self.accepting and self._live < self.identity.max_calls and account.room()

    def _looped(self, request: Request) -> bool:
        """Our own request came back (RFC 3261 section 8.2.2.2 for user agents)."""
        return any((via.host, via.port or 5060) == (self.identity.host, self.identity.port) for via in request.via)

    def _on_cancel(self, key: Key, request: Request, now_ms: int) -> None:
        server = self._layer.invite_of(request)
        if server is None:
            self.respond(key, 481, now_ms)
            return
        # the To tag of what it cancels (RFC 3261 section 9.2)
        self._layer.servers[key].to_tag = server.owner.local_tag if server.owner else server.to_tag
        self.respond(key, 200, now_ms)
        if isinstance(server.owner, IncomingCall):
            server.owner.on_cancel(now_ms, request)

    def _to_replace(self, request: Request) -> Call | int | None:
        """The call an INVITE is to take the place of, or the code it is refused with; None = it is a new call (RFC 3891)."""
        try:
            wanted = replaces_of(request)
        except WireError:
            return 400
        if wanted is None:
            return None
        old = self._calls.get((wanted.call_id, wanted.to_tag))
        return 481 if old is None else refusal(old, wanted) or old

    def _on_invite(self, key: Key, server: Server, data: bytes, source: Hop, account: Account, now_ms: int) -> None:
        request = server.machine.request
        old = self._to_replace(request)
        if isinstance(old, int):
            self.respond(key, old, now_ms)
            return
        if old is None and not self._room(account):
            self.respond(key, 503, now_ms, extra=(("Retry-After", "5"),))
            return
        probe = SessionTimer(self.identity.session_expires_s, self.identity.min_se_s)
        if probe.refuses(request):
            self.respond(key, 422, now_ms, extra=probe.least())
            return
        offered = None
        if request.body:
            if request.content_type != SDP_TYPE or request.get("content-encoding", "identity") != "identity":
                self.respond(key, 415, now_ms, extra=(("Accept", SDP_TYPE), ("Accept-Encoding", "identity")))
                return
            try:
                offered = sdp.parse(request.body)
            except WireError as error:
                host = host_text(self.identity.host)
                self.respond(key, 488, now_ms, extra=(("Warning", f'399 {host} "{error}"'),))
                return
            local = sdp.LocalMedia(self.identity.host, 9, account.codecs, account.srtp)
            if reason := sdp.refusal(offered, local):
                host = host_text(self.identity.host)
                self.respond(key, 488, now_ms, extra=(("Warning", f'399 {host} "{reason}"'),))
                return
        try:
            max_ms = self.identity.incoming_max_ms
            call = IncomingCall(self, key, request, source, offered, self.new_id(), max_ms, account)
        except WireError:
            self.respond(key, 400, now_ms, reason="Malformed Contact")
            return
        server.owner = call
        self._adopt(call)
        call.record(now_ms, "<-", data, source)
        self.respond(key, 100, now_ms)
        if old is not None:
            call.replace(old, now_ms)
            return
        call.start(now_ms, self.identity.incoming_ring_ms)
        self.emit(call, CallOffered(now_ms))
