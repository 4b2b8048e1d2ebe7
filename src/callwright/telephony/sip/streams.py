"""Connections of a line over TCP and TLS: opened when needed, used again, kept alive, opened anew after they broke."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable

from callwright.errors import LineError, WireError
from callwright.telephony.sip.framing import PING, PONG, Framer
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.tls import explain

__all__ = ["Streams"]

log = logging.getLogger(__name__)

CONNECT_S = 5.0
FIRST_MESSAGE_S = 30.0  # who connects to us and says nothing whole for so long is parted from
KEEPALIVE_S = 25.0
MAX_CONNECTIONS = 1_000
MAX_NAMES = 1_000
MAX_UNSENT = 1_000_000


class _Connection(asyncio.Protocol):
    """One connection. What is sent before it stands waits in `unsent`."""

    def __init__(self, streams: Streams, hop: Hop | None) -> None:
        self.hop = hop
        self.unsent: list[bytes] = []
        self.transport: asyncio.Transport | None = None
        self._streams = streams
        self._framer = Framer()
        self._timer: asyncio.TimerHandle | None = None
        self._opened = hop is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if self.hop is None:
            self.hop = self._streams.accepted(self, transport)
        for data in self.unsent:
            transport.write(data)
        self.unsent.clear()
        if self._opened:
            self._keep_alive()
        else:
            self._timer = asyncio.get_running_loop().call_later(FIRST_MESSAGE_S, self.close)

    def data_received(self, data: bytes) -> None:
        assert self.hop is not None
        try:
            messages = self._framer.feed(data)
        except WireError as error:
            log.warning("sip: a connection is closed: %s", error)
            self.close()
            return
        if self._framer.pings and self.transport is not None:
            self._framer.pings = 0
            self.transport.write(PONG)
        if messages and not self._opened and self._timer is not None:
            self._timer.cancel()
        for message in messages:
            self._streams.received(message, self.hop)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.hop is not None:
            self._streams.lost(self, self.hop, exc)

    def send(self, data: bytes) -> None:
        if self.transport is None:
            self.unsent.append(data)
        elif self.transport.get_write_buffer_size() > MAX_UNSENT:
            self.transport.abort()  # the far side takes nothing any more
        else:
            self.transport.write(data)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def _keep_alive(self) -> None:
        self.send(PING)
        self._timer = asyncio.get_running_loop().call_later(KEEPALIVE_S, self._keep_alive)


class Streams:
    """received(message, hop): a whole message came; failed(hop, reason): a connection could not be opened, or broke;
    source: our address that connections leave from, so that whoever knows us by address does ("" = any);
    allow: addresses that may connect to us (None = all)."""

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        received: Callable[[bytes, Hop], None],
        failed: Callable[[Hop, str], None],
        tls: ssl.SSLContext | None,
        server_name: str,
        source: str = "",
        allow: frozenset[str] | None = None,
    ) -> None:
        self.received = received
        self._failed = failed
        self._tasks = tasks
        self._tls = tls
        self._server_name = server_name
        self.welcome: Callable[[str], bool] | None = None if allow is None else allow.__contains__
        self._source = (source, 0) if source else None
        self._names: dict[str, str] = {}
        self._by_flow: dict[int, _Connection] = {}
        self._by_hop: dict[Hop, _Connection] = {}
        self._servers: list[asyncio.Server] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._flows = 0
        self._closed = False

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        """Take connections. Raises LineError: the address cannot be bound."""
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(lambda: _Connection(self, None), host, port, ssl=tls)
        except OSError as error:
            raise LineError(f"cannot listen on {host}:{port}/tcp: {error}") from error
        self._servers.append(server)

    async def connect(self, hop: Hop, name: str = "") -> None:
        """Make sure that there is a connection to `hop`; name: host that was dialled, for the certificate.

        Raises:
            LineError: it cannot be opened; the text says why.
        """
        if name:
            self._name(hop, name)
        if self._find(hop) is None:
            connection = self._by_hop[_plain(hop)] = _Connection(self, hop)
            try:
                await self._open(connection, hop)
            except BaseException as error:
                if connection.unsent:  # another call wanted to go this way meanwhile
                    self._failed(hop, str(error))
                raise

    def known_as(self, hop: Hop, name: str) -> None:
        """The host that was looked up to find `hop`: its certificate must show that name (RFC 5922)."""
        if hop.transport == "TLS":
            self._name(hop, name)

    def _name(self, hop: Hop, name: str) -> None:
        self._names.pop(hop.host, None)
        self._names[hop.host] = name
        if len(self._names) > MAX_NAMES:  # the longest unused goes
            del self._names[next(iter(self._names))]

    def send(self, data: bytes, hop: Hop) -> None:
        """Send over the connection a message belongs to, or one that leads there, or a new one."""
        if self._closed:
            return
        connection = self._find(hop)
        if connection is None:
            connection = self._by_hop[_plain(hop)] = _Connection(self, hop)
            task = self._tasks.create_task(self._open_or_report(connection, hop))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
        connection.send(data)

    def close(self) -> None:
        """Close everything."""
        self._closed = True
        for server in self._servers:
            server.close()
        for task in list(self._opening):
            task.cancel()
        for connection in {*self._by_flow.values(), *self._by_hop.values()}:
            connection.close()

    # ------------------------------------------------------------ from the connections

    def accepted(self, connection: _Connection, transport: asyncio.Transport) -> Hop:
        """Somebody connected to us."""
        self._flows += 1
        address = transport.get_extra_info("peername")
        secure = transport.get_extra_info("ssl_object") is not None
        hop = Hop(address[0], address[1], "TLS" if secure else "TCP", self._flows)
        stranger = self.welcome is not None and not self.welcome(address[0])
        if stranger or len(self._by_flow) >= MAX_CONNECTIONS or self._closed:
            transport.abort()
        self._by_flow[hop.flow] = self._by_hop[_plain(hop)] = connection
        return hop

    def lost(self, connection: _Connection, hop: Hop, error: Exception | None) -> None:
        self._forget(connection, hop)
        if not self._closed:
            self._failed(hop, explain(error) if error else "the far side closed the connection")

    # ------------------------------------------------------------ inside

    def _find(self, hop: Hop) -> _Connection | None:
        return self._by_flow.get(hop.flow) or self._by_hop.get(_plain(hop))

    def _forget(self, connection: _Connection, hop: Hop) -> None:
        if self._by_hop.get(_plain(hop)) is connection:
            del self._by_hop[_plain(hop)]
        self._by_flow.pop(hop.flow, None)

    async def _open_or_report(self, connection: _Connection, hop: Hop) -> None:
        try:
            await self._open(connection, hop)
        except LineError as error:
            log.warning("sip: %s", error)
            self._failed(hop, str(error))

    async def _open(self, connection: _Connection, hop: Hop) -> None:
        secure = hop.transport == "TLS"
        name = self._server_name or self._names.get(hop.host) or hop.host
        try:
            if secure and self._tls is None:
                raise LineError("a connection over TLS needs a line opened with transport='tls'")
            async with asyncio.timeout(CONNECT_S):
                await asyncio.get_running_loop().create_connection(
                    lambda: connection,
                    hop.host,
                    hop.port,
                    ssl=self._tls if secure else None,
                    server_hostname=name if secure else None,
                    local_addr=self._source,
                )
        except (OSError, TimeoutError) as error:
            self._forget(connection, hop)
            raise LineError(f"cannot connect to {hop.host}:{hop.port}: {explain(error)}") from error
        except BaseException:
            self._forget(connection, hop)
            connection.close()
            raise


def _plain(hop: Hop) -> Hop:
    return hop._replace(flow=0, name="")
