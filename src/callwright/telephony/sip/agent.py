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
from callwright.telephony.sip import arrivals, sdp
from callwright.telephony.sip.accounts import Account, Admission
from callwright.telephony.sip.call import Call
from callwright.telephony.sip.call_events import CallEvent
from callwright.telephony.sip.challenge import Gate
from callwright.telephony.sip.fields import host_text, parse_uri
from callwright.telephony.sip.hops import Hop, Transport
from callwright.telephony.sip.identity import Identity
from callwright.telephony.sip.keepalive import Keepalive
from callwright.telephony.sip.layer import ClientOwner, TransactionLayer
from callwright.telephony.sip.outgoing import OutgoingCall
from callwright.telephony.sip.redirects import Judge
from callwright.telephony.sip.registration import Registration
from callwright.telephony.sip.replies import ALLOW, SDP_TYPE, SUPPORTED, reply
from callwright.telephony.sip.timers import Timers
from callwright.telephony.sip.transactions import GIVE_UP, Key, client_key, server_key
from callwright.telephony.sip.wire import Headers, Request, Response, encode, parse

__all__ = ["Agent", "Datagram", "Peer"]

Peer = tuple[str, int]


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
        self.resting = False
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
        self.layer = TransactionLayer(self.timers, self.send, identity.tcp)
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
        return self.layer.waiting

    @property
    def idle(self) -> bool:
        """Nothing is left: no call, no transaction, no timer."""
        return self.layer.idle and not (self._calls or len(self.timers))

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
        self.adopt(call)
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
        self.layer.transport_failed(Hop(*peer), now_ms)

    def connection_failed(self, hop: Hop, now_ms: int) -> None:
        """A connection could not be opened, or broke."""
        self.layer.connection_failed(hop, now_ms)

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
        self.layer.abandon(request, owner)

    def hop_of(self, request: Request) -> Hop | None:
        """Where a request of ours went."""
        return self.layer.hop_of(request)

    def start_client(self, request: Request, hop: Hop, owner: ClientOwner, now_ms: int) -> None:
        """Send a request in a transaction of its own; `owner` gets what comes of it."""
        self.layer.start(request, hop, owner, now_ms)

    def respond(
        self, key: Key, code: int, now_ms: int, *, reason: str = "", extra: Headers = (), body: bytes = b""
    ) -> None:
        """Answer the request of a server transaction; nothing when that is long over."""
        server = self.layer.servers.get(key)
        if server is None:
            return
        request = server.machine.request
        tag = server.owner.local_tag if server.owner else server.to_tag
        response = reply(request, code, server.source, reason=reason, to_tag=tag, extra=extra, body=body)
        self.layer.run_server(key, server, server.machine.send(response, now_ms), now_ms)

    def retire(self, call: Call, now_ms: int) -> None:
        """The call has ended; keep it for what may still come in, then forget it: a repeated BYE or a further 2xx come within 32 s;
        an INVITE that nobody has answered may go on for as long before its first 2xx comes."""
        self._live -= 1
        self._live_of[call.account.name] -= 1
        linger = GIVE_UP if call.dialog is not None else 2 * GIVE_UP
        self.timers.set((call, "retired"), now_ms + linger, lambda _now: self._forget(call))

    def call_of(self, call_id: str, local_tag: str) -> Call | None:
        """The call a dialog belongs to, also one that has ended; None = nobody knows it."""
        return self._calls.get((call_id, local_tag))

    def room(self, account: Account) -> bool:
        """Whether one more call of this account may begin."""
        return self.accepting and not self.resting and self._live < self.identity.max_calls and account.room()

    def adopt(self, call: Call) -> None:
        """Keep a new call until `retire`."""
        self._calls[call.call_id, call.local_tag] = call
        self._call_ids[call.call_id] += 1
        self._live += 1
        self._live_of[call.account.name] += 1

    def _forget(self, call: Call) -> None:
        if self._calls.pop((call.call_id, call.local_tag), None) is not None:
            self._call_ids[call.call_id] -= 1
            if not self._call_ids[call.call_id]:
                del self._call_ids[call.call_id]
        self.layer.drop_owner(call)

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
                self.refuse(message, hop, message.fault.code, now_ms, reason=message.fault.reason)
        else:
            self._on_request(message, data, hop, now_ms)

    def _admit_allowed(self, source: Hop) -> Account | None:
        return self.account if self.identity.allow is None or source.host in self.identity.allow else None

    def _on_response(self, response: Response, data: bytes, source: Hop, now_ms: int) -> None:
        via = response.via[0]
        if len(response.via) != 1 or (via.host, via.port or 5060) != (self.identity.host, self.identity.port):
            return  # not for us (RFC 3261 section 18.1.2)
        key = client_key(response)
        client = self.layer.clients.get(key)
        if client is None:
            self._on_late_answer(response, data, source, now_ms)
            return
        client.owner.record(now_ms, "<-", data, source)
        self.layer.respond_to(key, client, response, source, now_ms)

    def _on_late_answer(self, response: Response, data: bytes, source: Hop, now_ms: int) -> None:
        """A 2xx to an INVITE whose transaction is gone must still be acknowledged, and hung up if nobody wants it."""
        call = self.call_of(response.call_id, response.from_.tag)
        if isinstance(call, OutgoingCall) and response.cseq == call.invite.cseq and 200 <= response.code < 300:
            call.record(now_ms, "<-", data, source)
            call.on_invite_response(call.invite, response, source, now_ms)

    def _on_request(self, request: Request, data: bytes, source: Hop, now_ms: int) -> None:
        key = server_key(request)
        server = self.layer.servers.get(key)
        call = self.call_of(request.call_id, request.to.tag) if request.has_to_tag else None
        owner = call or (server.owner if server else None)
        if owner is not None:
            owner.record(now_ms, "<-", data, source)
        if self.layer.accepts_again(key, server, request, now_ms):
            return
        if request.method == "ACK":
            if call is not None:
                call.on_ack(request, now_ms)
        elif call is not None:
            self.layer.open_server(key, request, source, call.local_tag, call)
            call.on_request(key, request, source, now_ms)
        elif (account := self.admit(source)) is not None:
            arrivals.serve(self, key, request, data, source, account, now_ms)
        elif self.layer.invite_of(request) is not None:
            arrivals.serve(self, key, request, data, source, self.account, now_ms)  # a CANCEL
        elif request.method == "INVITE" and self.gate is not None:
            arrivals.serve_stranger(self, key, request, data, source, self.gate, now_ms)

    def refuse(
        self, request: Request, source: Hop, code: int, now_ms: int, *, reason: str = "", extra: Headers = ()
    ) -> None:
        """Answer a malformed request once, without state: its fields cannot be trusted to match anything."""
        response = reply(request, code, source, reason=reason, to_tag=self.new_id(), extra=extra)
        try:
            self.send(encode(response), source, None, now_ms)
        except WireError:
            self.garbage += 1
