"""The UDP socket of a line: datagrams come in, and go to an address, or to a host that has to be looked up first."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import cast

from callwright.errors import LineError
from callwright.telephony.sip.agent import Datagram, Peer
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.locate import Place

__all__ = ["Datagrams"]

log = logging.getLogger(__name__)


class Datagrams(asyncio.DatagramProtocol):
    """received(data, source): a datagram came; failed(peer): nothing can be sent there; find: see `Reach.find`; sent: what waited for
    a name is on its way."""

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        received: Callable[[bytes, Hop], None],
        failed: Callable[[Peer], None],
        find: Callable[[Place], Awaitable[tuple[Hop, ...]]],
        sent: Callable[[], None],
    ) -> None:
        self._tasks = tasks
        self._received = received
        self._failed = failed
        self._find = find
        self._sent = sent
        self._send_failed = False
        self._to_names: dict[str, list[Datagram]] = {}  # being looked up, with what waits for it

    @property
    def closing(self) -> bool:
        """Nothing is sent any more."""
        return self._transport.is_closing()

    def send(self, data: bytes, peer: Peer) -> None:
        """Send now; nothing when the socket is closed."""
        if self.closing:
            return
        self._send_failed = False
        try:
            self._transport.sendto(data, peer)
        except (OSError, ValueError, OverflowError) as error:
            self.error_received(error)
        if self._send_failed:
            self._failed(peer)

    def send_to_name(self, datagram: Datagram) -> None:
        """Look the name up and send; what is for the same name meanwhile waits behind it."""
        waiting = self._to_names.get(datagram.name)
        if waiting is not None:
            waiting.append(datagram)
            return
        self._to_names[datagram.name] = [datagram]
        self._tasks.create_task(self._look_up_and_send(datagram.name))

    async def _look_up_and_send(self, name: str) -> None:
        host, colon, port = name.rpartition(":")
        place = Place(host, int(port), "UDP") if colon and port.isdigit() else Place(name, None, "UDP")
        try:
            to = (await self._find(place))[0]
        except LineError:
            to = None  # it goes where the far side sent from
        finally:
            waiting = self._to_names.pop(name)
        for datagram in waiting:
            self.send(datagram.data, (to.host, to.port) if to else datagram.to)
        self._sent()

    # ------------------------------------------------------------ asyncio.DatagramProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is ours."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A datagram came in."""
        self._received(data, Hop(addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        """A datagram could not be sent."""
        log.warning("sip: a datagram could not be sent: %s", type(exc).__name__)
        self._send_failed = True

    def close(self) -> None:
        """Free the port. Safe to call twice."""
        self._transport.close()
