"""The SIP line over UDP, TCP or TLS: its sockets, one timer, one agent. Implements `LineDriver`; no thread, every task owned by the line.

async with SipLine.open("192.0.2.10", engine=engine) as line:
    leg = await line.place(order)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Literal

import anyio

from callwright.errors import LineError, UnreachableError
from callwright.telephony.port import DialOrder, LegEnded, WireCodec
from callwright.telephony.sip import sdp
from callwright.telephony.sip.accounts import Account, Admission, Way
from callwright.telephony.sip.agent import Agent, Peer
from callwright.telephony.sip.alarm import Alarm
from callwright.telephony.sip.binding import bind_both
from callwright.telephony.sip.call import Call
from callwright.telephony.sip.call_events import CallOffered, Replaced
from callwright.telephony.sip.caller import IdentityCheck, user_to_user_header
from callwright.telephony.sip.challenge import Gate
from callwright.telephony.sip.datagrams import Datagrams
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.fields import host_text
from callwright.telephony.sip.hops import Hop, Transport
from callwright.telephony.sip.identity import Identity
from callwright.telephony.sip.incoming import IncomingCall
from callwright.telephony.sip.keepalive import Health, Keepalive
from callwright.telephony.sip.leg import MediaEngine, MediaStream, SipIncomingLeg, SipLeg, close_media
from callwright.telephony.sip.locate import Place, place_of
from callwright.telephony.sip.orders import check_order, redirect_refusal
from callwright.telephony.sip.outgoing import OutgoingCall
from callwright.telephony.sip.reach import Reach
from callwright.telephony.sip.redirects import Lookup
from callwright.telephony.sip.refer import Referred
from callwright.telephony.sip.referrals import ReferPlacer, ReferPolicy, decide
from callwright.telephony.sip.registration import Registration, RegistrationStatus
from callwright.telephony.sip.resolver import Resolver
from callwright.telephony.sip.session_timer import LEAST_S
from callwright.telephony.sip.spoken import spoken
from callwright.telephony.sip.standing import Standing
from callwright.telephony.sip.streams import Streams
from callwright.telephony.sip.tls import TlsSettings, client_context, server_context
from callwright.telephony.sip.wire import Headers
from callwright.telephony.wire_audio import SrtpPolicy

__all__ = ["SipLine"]

log = logging.getLogger(__name__)

NO_REPLY_MS = 6_000
CODECS: tuple[WireCodec, ...] = ("PCMA", "PCMU")


class SipLine:
    """Made by `SipLine.open`. `address`: the (ip, port) we listen on."""

    def __init__(self, engine: MediaEngine, media_timeout_s: float, grace_s: float, proxy: Hop | None) -> None:
        self.media_timeout_ms = int(media_timeout_s * 1000)
        self.address = ("", 0)
        self._engine = engine
        self._grace_s = grace_s
        self._proxy = proxy
        self._loop = asyncio.get_running_loop()
        self._tasks = asyncio.TaskGroup()
        self._incoming: asyncio.Queue[SipIncomingLeg | None] = asyncio.Queue()
        self._legs: dict[Call, SipLeg] = {}
        self._alarm = Alarm(self._loop, self._fire)
        self._closed = False
        self._quiet = asyncio.Event()
        self.refer_over: ReferPlacer | None = None  # places the call of a transfer we were asked for; None = we do

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        host: str,
        port: int = 0,
        *,
        engine: MediaEngine,
        advertise: str = "",
        proxy: tuple[str, int] | None = None,
        credentials: Credentials | None = None,
        domain: str = "",
        allow: frozenset[str] | None = None,
        trusted: frozenset[str] = frozenset(),
        check: IdentityCheck | None = None,
        max_calls: int = 1_000,
        media_timeout_s: float = 30.0,
        grace_s: float = 4.0,
        transport: Literal["udp", "tcp", "tls"] = "udp",
        tcp: bool = False,
        tls: TlsSettings | None = None,
        refer: ReferPolicy | None = None,
        register: str = "",
        expires_s: int = 3_600,
        keepalive_s: float = 0.0,
        session_expires_s: int = 1_800,
        min_se_s: int = LEAST_S,
        codecs: tuple[WireCodec, ...] = CODECS,
        srtp: SrtpPolicy = "off",
        resolver: Resolver | None = None,
    ) -> AsyncGenerator[SipLine, None]:
        """A line bound to `host`:`port` (a local IP address; port 0 = a free one). Leaving ends every call and frees everything.

        advertise: IP address the far side reaches us at, when it is not `host`; proxy: (ip, port) every new call goes through;
        domain: host of our From; allow: source addresses that may call us (None = all, others get silence); trusted: those
        of them whose P-Asserted-Identity is believed (a trunk's, RFC 3325); check: judges the
        signature over a caller's number (`stir.checker`; None = nobody does); media_timeout_s: end
        a call after that much RTP silence (0 = never); grace_s: how long closing waits for answers to BYE and CANCEL;
        transport: how calls go out; tcp: beside UDP, take connections too and send large requests (> 1300 octets) that way;
        tls: whom we believe and who we are; connections are only taken when we have a certificate.
        refer: decides on transfers the far side asks for (None = all are refused with 603);
        register: `user@registrar` to register as, with the proxy or the registrar's host (expires_s: for how long at a time; see
        `registration`); keepalive_s: ask the proxy by OPTIONS that often (0 = never; see `health`);
        session_expires_s, min_se_s: session timer asked for and the least agreed to (RFC 4028; below 90 for tests only);
        codecs: what calls that come in may speak, best first (calls we place: `DialOrder.codecs`);
        srtp: whether audio is encrypted: `off`, `optional` or `required`; the keys travel in the signalling, so use `tls` with it;
        resolver: looks up host names (None = one of its own, with the name servers of the system).

        Raises:
            LineError: the address cannot be bound; the registrar's host does not resolve; a file of
                `tls` cannot be used; the proxy cannot be connected to (over TLS: its certificate is not accepted).
        """
        if keepalive_s and proxy is None:
            raise LineError("a keep-alive asks the proxy: the line needs one")
        if not advertise and host in ("0.0.0.0", "::"):  # noqa: S104 -- refused, not bound
            raise LineError("a line on every address needs `advertise`: the IP address the far side reaches us at")
        way: Transport = "TLS" if transport == "tls" else "TCP" if transport == "tcp" else "UDP"
        if srtp == "required" and way != "TLS":
            log.warning("sip: srtp is required but signalling is not over TLS: who reads it has the keys of the audio")
        believed = client_context(tls or TlsSettings()) if way == "TLS" else None
        shown = server_context(tls or TlsSettings()) if way == "TLS" else None
        line = cls(engine, media_timeout_s, grace_s, proxy and Hop(*proxy, way))
        name = tls.server_name if tls else ""
        line._streams = Streams(line._tasks, line._received, line._connection_failed, believed, name, host, allow)
        listens = tcp or way == "TCP" or shown is not None
        bound = await bind_both(host, port, line._streams if listens else None, shown)
        identity = Identity(
            advertise or host,
            bound.getsockname()[1],
            domain=domain,
            credentials=credentials,
            allow=allow,
            max_calls=max_calls,
            session_expires_s=session_expires_s,
            min_se_s=min_se_s,
            transport=way,
            tcp=tcp,
            takes_refer=refer is not None,
            trusted=trusted,
            check=check,
            codecs=spoken(engine, codecs),
            srtp=srtp,
        )
        line._refer = refer
        line._reach = Reach(host, way, resolver or Resolver(), line._streams)
        line.address = (host, identity.port)
        line._agent = Agent(identity)
        line._standing = Standing(line._agent)
        line._datagrams = Datagrams(line._tasks, line._datagram, line._datagram_failed, line.find, line.pump)
        await line._loop.create_datagram_endpoint(lambda: line._datagrams, sock=bound)
        failure: BaseException | None = None
        try:
            async with line._tasks:
                try:
                    await line._begin(register, expires_s, keepalive_s)
                    yield line
                except BaseException as error:  # noqa: BLE001 -- kept, so that the task group does not wrap it; raised below
                    failure = error
                finally:
                    await line.aclose()
        finally:
            line._streams.close()
            line._datagrams.close()
        if failure is not None:
            raise failure

    async def _begin(self, register: str, expires_s: int, keepalive_s: float) -> None:
        if self._proxy and self._proxy.transport != "UDP":
            await self._streams.connect(self._proxy)
        if keepalive_s and self._proxy:
            self._standing.watch(self._proxy, int(keepalive_s * 1000), self.now_ms())
        if register:
            await self._standing.register(register, self._proxy, self._reach, expires_s, self.now_ms)
        self.pump()

    @property
    def registration(self) -> RegistrationStatus | None:
        """How our registration stands; None when the line was opened without."""
        return self._standing.registration

    @property
    def health(self) -> Health | None:
        """What the last OPTIONS to the proxy found; None when the line was opened without keep-alive."""
        return self._standing.health

    @property
    def idle(self) -> bool:
        """Nothing is left: no call, no transaction, no timer (a call is remembered for 32 to 64 s after its end)."""
        return self._agent.idle

    async def changed(self) -> None:
        """Wait until `registration` or `health` may have changed."""
        await self._standing.changed()

    # ------------------------------------------------------------ LineDriver

    async def place(self, order: DialOrder, way: Way | None = None, referred: Headers = ()) -> SipLeg:
        """Place a call; the Call-ID is `order.call_id@host`. way: the trunk it goes over, None = as the line was opened;
        referred: headers that a transfer we were asked for brings along; those of the order go before.

        Raises:
            RefusedError: the permit does not cover the order.
            UnreachableError: the host does not resolve or cannot be connected to.
            LineError: the order cannot be used, no audio port is free, the line is closed.
        """
        account = way.account if way else self._agent.account
        transport, plan = self._agent.identity.transport, account.plan
        target = check_order(order, transport, plan)
        own = (*order.headers, *user_to_user_header(order.user_to_user))
        named = {name.lower() for name, _ in own}
        extra = (*own, *(item for item in referred if item[0].lower() not in named))
        if self._closed:
            raise LineError("the line is closed")
        place = way.place if way else place_of(target)
        try:
            found = [self._proxy] if self._proxy and way is None else list(await self.find(place))
            hops = await self._reach.connected(found, place.host)
        except LineError as error:
            raise UnreachableError(str(error)) from error
        stream = await self.open_media()
        try:
            if self._closed:
                raise LineError("the line is closed")
            call = self._agent.place(
                f"{order.call_id}@{host_text(self._agent.identity.host)}",
                order.target,
                plan.caller(order.permit.caller) if plan else order.permit.caller,
                hops[0],
                self.local_media(stream, order.codecs, account.srtp),
                self.now_ms(),
                ring_ms=int(order.ring_timeout_s * 1000),
                max_ms=int(order.max_duration_s * 1000),
                extra=extra,
                judge=lambda uri: redirect_refusal(uri, order.permit, transport, plan),
                proxied=self._proxy is not None or way is not None,
                account=account,
                others=hops[1:],
                no_reply_ms=int(way.no_reply_s * 1000) if way else NO_REPLY_MS if len(hops) > 1 else 0,
            )
        except BaseException:
            await close_media(stream)
            raise
        leg = self._legs[call] = SipLeg(self, call, stream)
        self.pump()
        return leg

    async def find(self, place: Place) -> tuple[Hop, ...]:
        """Where to try, best first (RFC 3263). Raises LineError: nowhere."""
        return await self._reach.find(place)

    def admit(self, admission: Admission, gate: Gate | None, accounts: Mapping[str, Account]) -> None:
        """Who may open something with us from now on: by address, or by password with the account of their user name."""
        self._agent.admit, self._agent.gate, self._agent.gate_accounts = admission, gate, accounts
        self._streams.welcome = None if gate is not None else lambda host: admission(Hop(host, 0)) is not None

    def live_of(self, account: str) -> int:
        """How many calls of a trunk, by the name of its account, have not ended."""
        return self._agent.live_of(account)

    @property
    def live(self) -> int:
        """How many calls have not ended."""
        return self._agent.live

    def drain(self) -> None:
        """Take no new calls: INVITE and OPTIONS are answered 503; calls that are up go on."""
        self._agent.accepting = False

    def rest(self, resting: bool) -> None:
        """For a while: INVITE and OPTIONS are answered 503 as long as it rests."""
        self._agent.resting = resting

    def watch(
        self, way: Way, hop: Hop, interval_s: float, patience_s: float, on_change: Callable[[], None]
    ) -> Keepalive:
        """Ask a server of a trunk by OPTIONS, see `Keepalive`, until it is closed."""
        made = self._agent.watch(
            hop, int(interval_s * 1000), self.now_ms(), on_change, way.account, int(patience_s * 1000)
        )
        self.pump()
        return made

    def register(
        self, way: Way, user: str, registrar: str, hop: Hop, expires_s: int, on_change: Callable[[], None]
    ) -> Registration:
        """Keep `sip:user@registrar` registered over a server of a trunk, until it is closed."""
        made = self._agent.register(user, registrar, hop, expires_s, self.now_ms(), on_change, way.account)
        self.pump()
        return made

    async def incoming(self) -> AsyncIterator[SipIncomingLeg]:
        """Calls that come in, until the line is closed."""
        while (leg := await self._incoming.get()) is not None:
            yield leg
        self._incoming.put_nowait(None)

    async def aclose(self) -> None:
        """End every leg (BYE, CANCEL, 603), wait `grace_s` for the answers, end what is left with `shutdown`. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._agent.accepting = False
        self._quiet.clear()
        self._standing.close(self.now_ms())
        legs = list(self._legs.items())
        for call, _ in legs:
            call.hang_up(self.now_ms(), "shutdown", "us", "the line was closed")
        self.pump()
        with anyio.move_on_after(self._grace_s, shield=True):
            for _, leg in legs:
                await leg.ended()
            await self._quiet.wait()  # calls given up before anything came still have an INVITE under way
        for call in list(self._legs):
            call.end(self.now_ms(), "shutdown", "us", "the far side did not answer while the line was closing")
        self.pump()
        self._alarm.cancel()
        self._incoming.put_nowait(None)
        self._streams.close()
        self._datagrams.close()

    # ------------------------------------------------------------ for legs

    def now_ms(self) -> int:
        return int(self._loop.time() * 1000)

    async def open_media(self) -> MediaStream:
        return await self._engine.open(self.address[0])

    def local_media(self, stream: MediaStream, codecs: tuple[WireCodec, ...], srtp: SrtpPolicy) -> sdp.LocalMedia:
        return sdp.LocalMedia(
            self._agent.identity.host, stream.local_port, spoken(self._engine, codecs), srtp, rtcp_mux=True
        )

    def closing_media(self, stream: MediaStream) -> None:
        """Close a stream in a task of the line."""
        self._tasks.create_task(close_media(stream))

    def pump(self) -> None:
        """Carry out what the agent wants: send, tell the legs, set the timer."""
        while (datagrams := self._agent.datagrams()) or self._agent.has_events:
            for datagram in datagrams:
                if datagram.name:
                    self._datagrams.send_to_name(datagram)
                elif datagram.transport == "UDP":
                    self._datagrams.send(datagram.data, datagram.to)
                else:
                    self._streams.send(datagram.data, Hop(*datagram.to, datagram.transport, datagram.flow))
            for call, event in self._agent.events():
                if isinstance(event, CallOffered) and isinstance(call, IncomingCall):
                    offered = self._legs[call] = SipIncomingLeg(self, call)
                    self._incoming.put_nowait(offered)
                elif leg := self._legs.get(call):
                    leg.take(event)
                    if isinstance(event, Referred) and self._refer is not None:
                        self._tasks.create_task(decide(self, call, leg, event, self._refer, self._place_referred))
                    if isinstance(event, Lookup) and isinstance(call, OutgoingCall):
                        self._tasks.create_task(self._look_up(call, event))
                    if isinstance(event, Replaced):
                        self._legs[event.by] = self._legs.pop(call)
                    if isinstance(event, LegEnded):
                        del self._legs[call]
        if not self._agent.waiting:
            self._quiet.set()
        self._arm()

    async def _look_up(self, call: OutgoingCall, event: Lookup) -> None:
        """A redirected call waits for the address of its new target."""
        hop: Hop | None = None
        try:
            hop = (await self._reach.connected(list(await self.find(place_of(event.uri))), event.uri.host))[0]
        except LineError as error:
            log.warning("sip: a redirect is not followed: %s", error)
            hop = None
        call.looked_up(hop, self.now_ms())
        self.pump()

    async def _place_referred(self, leg: SipLeg, order: DialOrder, headers: Headers) -> SipLeg:
        """The call of a transfer the far side asked for."""
        if self.refer_over is not None:
            return await self.refer_over(leg, order, headers)
        return await self.place(order, referred=headers)

    # ------------------------------------------------------------ from the sockets

    def _datagram(self, data: bytes, source: Hop) -> None:
        if self._agent.identity.transport != "TLS":  # a line over TLS takes none
            self._received(data, source)

    def _datagram_failed(self, peer: Peer) -> None:
        self._agent.transport_failed(peer, self.now_ms())

    def _received(self, data: bytes, source: Hop) -> None:
        self._agent.receive(data, source, self.now_ms())
        self.pump()

    def _connection_failed(self, hop: Hop, reason: str) -> None:
        log.warning("sip: the connection to %s:%d is lost: %s", hop.host, hop.port, reason)
        self._agent.connection_failed(hop, self.now_ms())
        self.pump()

    # ------------------------------------------------------------ inside

    _agent: Agent
    _datagrams: Datagrams
    _streams: Streams
    _refer: ReferPolicy | None
    _reach: Reach
    _standing: Standing

    def _arm(self) -> None:
        """Wake up for the next deadline."""
        due = self._agent.next_timer()
        if due is not None and not self._datagrams.closing:
            self._alarm.set(due)

    def _fire(self) -> None:
        self._agent.handle_timer(self.now_ms())
        self.pump()
