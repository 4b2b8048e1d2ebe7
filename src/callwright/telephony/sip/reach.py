"""Where requests of a line go: host names are looked up (RFC 3263), connections opened before anything is sent over them."""

from __future__ import annotations

import socket

from callwright.errors import LineError
from callwright.telephony.sip.hops import Hop, Transport
from callwright.telephony.sip.locate import Place
from callwright.telephony.sip.resolver import Resolver
from callwright.telephony.sip.streams import Streams

__all__ = ["Reach"]


class Reach:
    """own: our IP address, targets are of its family; transport: how calls go out."""

    def __init__(self, own: str, transport: Transport, resolver: Resolver, streams: Streams) -> None:
        self._family = socket.AF_INET6 if ":" in own else socket.AF_INET
        self._transport = transport
        self._resolver = resolver
        self._streams = streams

    async def find(self, place: Place) -> tuple[Hop, ...]:
        """Where to try, best first. Raises LineError: nowhere."""
        hops = await self._resolver.hops(place, (self._transport,), self._family)
        for hop in hops:
            self._streams.known_as(hop, place.host)
        return hops

    async def connected(self, hops: list[Hop], name: str) -> list[Hop]:
        """Those from the first one on that a connection can be opened to. Raises LineError: to none."""
        for at, hop in enumerate(hops):
            if hop.transport == "UDP":
                return hops[at:]
            try:
                await self._streams.connect(hop, name)
            except LineError:
                if at == len(hops) - 1:
                    raise
            else:
                return hops[at:]
        raise LineError("the target's host does not resolve")
