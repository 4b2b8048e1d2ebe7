"""The transactions of one user agent: which are open, their timers, and to whom each reports (RFC 3261 section 17)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.replies import return_address
from callwright.telephony.sip.timers import Timers
from callwright.telephony.sip.transactions import (
    Deliver,
    Effect,
    Failed,
    InviteClient,
    InviteServer,
    Key,
    NonInviteClient,
    NonInviteServer,
    Send,
    SetTimer,
    client_key,
    server_key,
)
from callwright.telephony.sip.wire import Request, Response, encode

__all__ = ["Client", "ClientOwner", "Server", "ServerOwner", "TransactionLayer"]

MAX_UDP = 1_300


def _machine(request: Request, hop: Hop) -> InviteClient | NonInviteClient:
    kind = InviteClient if request.method == "INVITE" else NonInviteClient
    return kind(request, hop.transport)


def _reaches(hop: Hop, broken: Hop) -> bool:
    """Whether what goes to `hop` goes over the connection that leads to `broken`."""
    return (hop.flow == broken.flow != 0) or hop[:3] == broken[:3]


def _with(timers: str, name: str) -> str:
    return timers if name in timers else timers + name


class ClientOwner(Protocol):
    """Who a request of ours reports to."""

    def record(self, now_ms: int, direction: Literal["->", "<-"], data: bytes, hop: Hop) -> None:
        """A message was sent or received."""

    def on_response(self, request: Request, response: Response, source: Hop, now_ms: int) -> None:
        """A response, as often as the transaction hands it up."""

    def on_failure(self, request: Request, kind: str, now_ms: int) -> None:
        """Nobody answered (`timeout`), or the request could not be sent (`transport`)."""


class ServerOwner(ClientOwner, Protocol):
    """Who a request of the far side belongs to."""

    local_tag: str

    def on_ack(self, request: Request, now_ms: int) -> None:
        """The ACK of a 2xx."""

    def on_undelivered(self, method: str, kind: str, now_ms: int) -> None:
        """An answer of ours to a request of that method was not acknowledged (`timeout`), or could not be sent (`transport`)."""


@dataclass(slots=True, eq=False)
class Client:
    machine: InviteClient | NonInviteClient
    hop: Hop
    owner: ClientOwner
    fallback: Hop | None = None  # where it goes when the connection chosen for its size cannot be opened
    timers: str = ""  # a letter each


@dataclass(slots=True, eq=False)
class Server:
    """hop: where responses go; timers: a letter each."""

    machine: InviteServer | NonInviteServer
    source: Hop
    hop: Hop
    merge: Key
    to_tag: str
    owner: ServerOwner | None = None
    timers: str = ""


class TransactionLayer:
    """`send(data, hop, owner, now_ms)` puts bytes on the way; large_by_tcp: requests above 1300 octets do not go by UDP."""

    def __init__(
        self,
        timers: Timers,
        send: Callable[[bytes, Hop, ClientOwner | None, int], None],
        large_by_tcp: bool = False,
    ) -> None:
        self.clients: dict[Key, Client] = {}
        self.servers: dict[Key, Server] = {}
        self.large_by_tcp = large_by_tcp
        self._unanswered: set[Key] = set()
        self._owned: dict[object, set[Key]] = {}
        self._merges: dict[Key, Key] = {}
        self._timers = timers
        self._send = send

    @property
    def idle(self) -> bool:
        return not (self.clients or self.servers)

    @property
    def waiting(self) -> bool:
        """Whether a request of ours has no final answer yet."""
        return bool(self._unanswered)

    # ------------------------------------------------------------ requests of ours

    def start(self, request: Request, hop: Hop, owner: ClientOwner, now_ms: int) -> None:
        """Send a request in a transaction of its own; `owner` gets what comes of it."""
        large = self.large_by_tcp and hop.transport == "UDP" and len(encode(request)) > MAX_UDP
        chosen = Hop(hop.host, hop.port, "TCP") if large else hop
        self._start(Client(_machine(request, chosen), chosen, owner, hop if large else None), now_ms)

    def _start(self, client: Client, now_ms: int) -> None:
        key = client_key(client.machine.request)
        self.clients[key] = client
        self._unanswered.add(key)
        self._owned.setdefault(client.owner, set()).add(key)
        self.run_client(key, client, client.machine.start(now_ms), now_ms)

    def hop_of(self, request: Request) -> Hop | None:
        """Where a request of ours went; a CANCEL goes the same way."""
        client = self.clients.get(client_key(request))
        return client.hop if client else None

    def abandon(self, request: Request, owner: ClientOwner) -> None:
        """Send it no more; what still comes for it goes to `owner`."""
        key = client_key(request)
        client = self.clients.get(key)
        if client is not None:
            self._disown(key, client)
            self._unanswered.discard(key)
            client.owner = owner
            self._owned.setdefault(owner, set()).add(key)
            self._timers.cancel((key, "client", "A"))

    def respond_to(self, key: Key, client: Client, response: Response, source: Hop, now_ms: int) -> None:
        """A response of one of our transactions came."""
        effects = client.machine.receive(response, now_ms)
        if response.code >= 200:
            self._unanswered.discard(key)
        self.run_client(key, client, effects, now_ms)
        if any(isinstance(effect, Deliver) for effect in effects):
            client.owner.on_response(client.machine.request, response, source, now_ms)
        if response.code >= 200:
            client.machine.request.shed()

    def run_client(self, key: Key, client: Client, effects: list[Effect], now_ms: int) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self._send(effect.data, client.hop, client.owner, now_ms)
            elif isinstance(effect, SetTimer):
                fire = partial(self._fire_client, key, client, effect.name)
                client.timers = _with(client.timers, effect.name)
                self._timers.set((key, "client", effect.name), effect.at_ms, fire)
            elif isinstance(effect, Failed):
                client.owner.on_failure(client.machine.request, effect.kind, now_ms)
            elif not isinstance(effect, Deliver):
                self._drop_client(key)

    def drop_owner(self, owner: object) -> None:
        """Forget what an owner still has open; nobody waits for it any more."""
        for key in list(self._owned.get(owner, ())):
            self._drop_client(key)

    def _drop_client(self, key: Key) -> None:
        client = self.clients.pop(key, None)
        if client is None:
            return
        self._unanswered.discard(key)
        self._disown(key, client)
        for name in client.timers:
            self._timers.cancel((key, "client", name))

    def _disown(self, key: Key, client: Client) -> None:
        keys = self._owned.get(client.owner, set())
        keys.discard(key)
        if not keys:
            self._owned.pop(client.owner, None)

    def _fire_client(self, key: Key, client: Client, timer: str, now_ms: int) -> None:
        self.run_client(key, client, client.machine.fire(timer, now_ms), now_ms)

    # ------------------------------------------------------------ requests of the far side

    def open_server(self, key: Key, request: Request, source: Hop, to_tag: str, owner: ServerOwner | None) -> Server:
        kind = InviteServer if request.method == "INVITE" else NonInviteServer
        machine = kind(request, source.transport)
        merge: Key = (request.call_id, request.from_.tag, request.cseq)
        hop = return_address(request.via[0], source)
        server = self.servers[key] = Server(machine, source, hop, merge, to_tag, owner)
        return server

    def acknowledged(self, key: Key) -> None:
        """The ACK of our 2xx is there."""
        server = self.servers.get(key)
        if server is not None and isinstance(server.machine, InviteServer):
            server.machine.acknowledged()

    def merged(self, key: Key, server: Server) -> bool:
        """Whether the same request came by another way as well (RFC 3261 section 8.2.2.2)."""
        return self._merges.setdefault(server.merge, key) != key and not server.machine.request.has_to_tag

    def run_server(self, key: Key, server: Server, effects: list[Effect], now_ms: int) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self._send(effect.data, server.hop, server.owner, now_ms)
            elif isinstance(effect, SetTimer):
                fire = partial(self._fire_server, key, server, effect.name)
                server.timers = _with(server.timers, effect.name)
                self._timers.set((key, "server", effect.name), effect.at_ms, fire)
            elif isinstance(effect, Failed):
                if server.owner is not None:
                    server.owner.on_undelivered(server.machine.request.method, effect.kind, now_ms)
            elif isinstance(effect, Deliver):
                if server.owner is not None and isinstance(effect.message, Request):
                    server.owner.on_ack(effect.message, now_ms)
            else:
                self._drop_server(key, server)

    def _drop_server(self, key: Key, server: Server) -> None:
        self.servers.pop(key, None)
        if self._merges.get(server.merge) == key:
            del self._merges[server.merge]
        for name in server.timers:
            self._timers.cancel((key, "server", name))

    def _fire_server(self, key: Key, server: Server, timer: str, now_ms: int) -> None:
        self.run_server(key, server, server.machine.fire(timer, now_ms), now_ms)

    # ------------------------------------------------------------ both

    def accepts_again(self, key: Key, server: Server | None, request: Request, now_ms: int) -> bool:
        """Whether a request is a repeated one, or the ACK, of an open transaction; then it has been dealt with."""
        if server is None or request.method not in ("ACK", server.machine.request.method):
            return False
        self.run_server(key, server, server.machine.receive(request, now_ms), now_ms)
        return True

    def transport_failed(self, hop: Hop, now_ms: int) -> None:
        """Nothing can be sent to `hop`: its transactions end (RFC 3261 section 17.1.4)."""
        for key, client in [item for item in self.clients.items() if _reaches(item[1].hop, hop)]:
            self.run_client(key, client, client.machine.transport_error(), now_ms)
        for key, server in [item for item in self.servers.items() if item[1].hop[:3] == hop[:3]]:
            self.run_server(key, server, server.machine.transport_error(), now_ms)

    def connection_failed(self, hop: Hop, now_ms: int) -> None:
        """A connection could not be opened, or broke: requests that nothing has come for are lost (RFC 3261 section 18.4).

        What was answered provisionally goes on: the rest may come over a new connection. A request that went by TCP for its size
        alone goes by UDP after all (section 18.1.1).
        """
        for key, client in [item for item in self.clients.items() if _reaches(item[1].hop, hop)]:
            if client.machine.state not in ("calling", "trying"):
                continue
            if client.fallback is not None:
                self._drop_client(key)
                request = client.machine.request
                self._start(Client(_machine(request, client.fallback), client.fallback, client.owner), now_ms)
            else:
                self.run_client(key, client, client.machine.transport_error(), now_ms)

    def invite_of(self, cancel: Request) -> Server | None:
        """The INVITE transaction a CANCEL is for."""
        return self.servers.get(server_key(cancel, "INVITE"))
