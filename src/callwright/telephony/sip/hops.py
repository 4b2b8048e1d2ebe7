"""Where a message goes or came from: address, transport, and the connection it belongs to."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["Hop", "Transport"]

Transport = Literal["UDP", "TCP", "TLS"]


class Hop(NamedTuple):
    """host is an IP address. flow: number of the connection a message came by (0 = none, or whichever leads there).

    name: `host` or `host:port` that is to be looked up first; when it leads nowhere, the address here is used.
    """

    host: str
    port: int
    transport: Transport = "UDP"
    flow: int = 0
    name: str = ""
