"""Connecting a UDP socket to the one peer it talks with, and undoing that.

On a connected socket the kernel refuses datagrams of everybody else, and needs no address for each packet. Python can connect but not undo
it (RFC 3493 leaves it out; POSIX `connect` with the family AF_UNSPEC does it), hence ctypes. Linux only; elsewhere sockets stay open to all.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys

__all__ = ["POSSIBLE", "connect", "disconnect"]

POSSIBLE = sys.platform.startswith("linux")
_UNSPECIFIED = bytes(16)  # struct sockaddr of family 0


def connect(local: socket.socket, peer: tuple[str, int]) -> bool:
    """Take packets of `peer` only; False where the system cannot (no route)."""
    try:
        local.connect(peer)
    except OSError:
        return False
    return True


def disconnect(local: socket.socket) -> None:
    """Take packets of everybody again; an address and port that were bound explicitly stay. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.connect(local.fileno(), _UNSPECIFIED, len(_UNSPECIFIED)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
