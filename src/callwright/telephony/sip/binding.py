"""The addresses of a line: a UDP socket, and connections taken on the same port."""

from __future__ import annotations

import ipaddress
import socket
import ssl

from callwright.errors import LineError
from callwright.telephony.sip.streams import Streams

__all__ = ["bind_both"]

FREE_PORT_TRIES = 8
RECEIVE_BUFFER = 4_194_304  # a burst of calls while we are busy must not be lost


async def bind_both(host: str, port: int, streams: Streams | None, tls: ssl.SSLContext | None) -> socket.socket:
    """A UDP socket, and connections taken on the same port; a free port must be free for both."""
    for left in reversed(range(1 if port else FREE_PORT_TRIES)):
        bound = _bind(host, port)
        try:
            if streams is not None:
                await streams.listen(host, bound.getsockname()[1], tls)
        except LineError:
            bound.close()
            if not left:
                raise
        else:
            return bound
    raise AssertionError("the last try returns or raises")


def _bind(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    except ValueError as error:
        raise LineError(f"a line binds to a local IP address, not to {host!r}") from error
    bound = socket.socket(family, socket.SOCK_DGRAM)
    try:
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)  # the system gives what it allows
        bound.bind((host, port))
    except (OSError, OverflowError) as error:
        bound.close()
        raise LineError(f"cannot listen on {host}:{port}: {error}") from error
    return bound
