"""A fake bad network over real sockets: a UDP relay between one line and its peers that loses, repeats and reorders datagrams.

By itself it changes nothing in a message. Instead each side knows the other by an address of the relay ("face"):

    line HOST:P, advertises LINE_FACE      relay LINE_FACE:P     relay PEER_FACE:Q      peer HOST:S, calls itself PEER_FACE:Q
         |<----------------------------------------------------------- PEER_FACE:Q <----------- LINE_FACE:P <---------|
         |------------------------------------------------------------> PEER_FACE:Q ----------> LINE_FACE:P --------->|

The line binds port P of HOST and advertises LINE_FACE, so its Via and Contact lead to the relay; the peer writes PEER_FACE:Q into its own.
Requests of both sides, within a dialog too, thus pass through, and each sees the other's face as the source.

A peer that cannot be told to call itself by its face (a telephone writes the address it is bound to into its Contact, Kamailio into
Record-Route) needs `rename`: then the relay puts the face's host:port in place of the peer's (of every peer it knows) in heads towards
the line, and back again. Without that the line's requests within the dialog would go past the relay.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

__all__ = ["HOST", "LINE_FACE", "PEER_FACE", "Fate", "LossyProxy", "Passage"]

HOST, LINE_FACE, PEER_FACE = "127.0.0.1", "127.0.0.2", "127.0.0.3"

WAYS = ("outward", "inward")

Peer = tuple[str, int]


@dataclass(slots=True)
class Passage:
    """Counts of one direction, in datagrams. carried: all that came, lost ones too; each of the others is part of it."""

    carried: int = 0
    lost: int = 0
    repeated: int = 0
    reordered: int = 0


class Fate:
    """What becomes of the datagrams of one direction. As many numbers are drawn for each, whatever becomes of it."""

    def __init__(self, seed: str, loss: float, repetition: float, reordering: float, late_ms: tuple[int, int]) -> None:
        self.passage = Passage()
        self._rng = random.Random(seed)
        self._loss, self._repetition, self._reordering, self._late_ms = loss, repetition, reordering, late_ms

    def delays_ms(self) -> list[float]:
        """How late each copy of the next datagram is delivered; empty = lost."""
        lost, again, late = (self._rng.random() for _ in range(3))
        held, behind = (self._rng.uniform(*self._late_ms) for _ in range(2))
        self.passage.carried += 1
        if lost < self._loss:
            self.passage.lost += 1
            return []
        first = 0.0
        if late < self._reordering:
            self.passage.reordered += 1
            first = held
        if again >= self._repetition:
            return [first]
        self.passage.repeated += 1
        return [first, behind]


class _Face(asyncio.DatagramProtocol):
    """One socket of the relay; what comes in goes to `proxy.arrived`."""

    def __init__(self, proxy: LossyProxy, peer: Peer | None) -> None:
        self.peer = peer  # whose face it is; None = the line's
        self.transport: asyncio.DatagramTransport | None = None
        self._proxy = proxy

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # CPython's own datagram transport is no asyncio.DatagramTransport: nothing to check by isinstance
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Peer) -> None:
        self._proxy.arrived(self, data, addr)

    def send(self, data: bytes, to: Peer) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.sendto(data, to)


class LossyProxy:
    """Made by `LossyProxy.open`. line_port: the port of HOST the line must bind; outward (from the line), inward: counts."""

    def __init__(self, outward: Fate, inward: Fate, host: str, faces: tuple[str, str], rename: bool) -> None:
        self.line_port = 0
        self._outward, self._inward = outward, inward
        self._host, self._rename = host, rename
        self._line_host, self._peer_host = faces
        self._line_face = _Face(self, None)
        self._faces: dict[Peer, _Face] = {}
        self._making: dict[Peer, asyncio.Task[_Face]] = {}

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        seed: str,
        *,
        loss: float = 0.1,
        repetition: float = 0.1,
        reordering: float = 0.1,
        late_ms: tuple[int, int] = (5, 80),
        host: str = HOST,
        faces: tuple[str, str] = (LINE_FACE, PEER_FACE),
        rename: bool = False,
    ) -> AsyncGenerator[LossyProxy, None]:
        """A relay for one line. Shares of lost, repeated and reordered datagrams; late_ms: how late a copy or a reordered one comes;
        host: where the line is bound; faces: addresses for the line's face and the peers'; rename: peers name their own address."""
        outward, inward = (Fate(f"{seed} {way}", loss, repetition, reordering, late_ms) for way in WAYS)
        proxy = cls(outward, inward, host, faces, rename)
        bound, proxy.line_port = _line_face(host, faces[0])
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: proxy._line_face, sock=bound)
        try:
            yield proxy
        finally:
            for task in proxy._making.values():
                task.cancel()
            for face in (proxy._line_face, *proxy._faces.values()):
                if face.transport is not None:
                    face.transport.close()

    @property
    def outward(self) -> Passage:
        return self._outward.passage

    @property
    def inward(self) -> Passage:
        return self._inward.passage

    @property
    def line(self) -> Peer:
        """The line as its peers know it."""
        return self._line_host, self.line_port

    async def face(self, peer: Peer) -> Peer:
        """The peer as the line knows it; it must write this into its Via and Contact."""
        face = self._faces.get(peer) or await self._make(peer)
        assert face.transport is not None
        address: Peer = face.transport.get_extra_info("sockname")
        return address

    async def _make(self, peer: Peer) -> _Face:
        _, face = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Face(self, peer), local_addr=(self._peer_host, 0)
        )
        return self._faces.setdefault(peer, face)

    def arrived(self, face: _Face, data: bytes, source: Peer) -> None:
        """A datagram at a face: from the line for that peer, or from a peer for the line."""
        if face.peer is None:
            self._to_line(data, source)
        elif source == (self._host, self.line_port):
            self._pass(self._outward, self._line_face, self._named(data, inward=False), face.peer)

    def _to_line(self, data: bytes, source: Peer) -> None:
        known = self._faces.get(source)
        if known is not None:
            self._pass(self._inward, known, self._named(data, inward=True), (self._host, self.line_port))
        elif source not in self._making:  # its first datagram waits for a face; more that come meanwhile are lost
            task = self._making[source] = asyncio.create_task(self._make(source))
            task.add_done_callback(lambda _done: self._made(source, data))

    def _made(self, source: Peer, data: bytes) -> None:
        self._making.pop(source, None)
        if source in self._faces:
            self._to_line(data, source)

    def _named(self, data: bytes, *, inward: bool) -> bytes:
        """The message with the peers' addresses in its head as the receiving side knows them."""
        if not self._rename:
            return data
        head, blank, body = data.partition(b"\r\n\r\n")
        for peer, face in self._faces.items():
            assert face.transport is not None
            names = (peer, face.transport.get_extra_info("sockname"))
            old, new = (f"{host}:{port}".encode() for host, port in (names if inward else reversed(names)))
            head = re.sub(rb"(?<![\d.])" + re.escape(old) + rb"(?!\d)", new, head)
        return head + blank + body

    def _pass(self, fate: Fate, face: _Face, data: bytes, to: Peer) -> None:
        for delay_ms in fate.delays_ms():
            if delay_ms:
                asyncio.get_running_loop().call_later(delay_ms / 1000, face.send, data, to)
            else:
                face.send(data, to)


def _line_face(host: str, face: str) -> tuple[socket.socket, int]:
    """A socket on the line's face whose port is free on its host as well."""
    for _ in range(32):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))
            port: int = probe.getsockname()[1]
            bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                bound.bind((face, port))
            except OSError:
                bound.close()
                continue
            bound.setblocking(False)
            return bound, port
    raise OSError("no UDP port is free on both addresses")
