"""Messages out of a byte stream (RFC 3261 section 18.3): cut by Content-Length; keep-alives between them (RFC 5626 section 3.5.1)."""

from __future__ import annotations

import re

from callwright.errors import WireError
from callwright.telephony.sip.wire import MAX_BYTES

__all__ = ["PING", "PONG", "Framer"]

PING = b"\r\n\r\n"
PONG = b"\r\n"

_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*(\d{1,6})[ \t]*(?=\r\n)", re.IGNORECASE)
_ANY_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:", re.IGNORECASE)


class Framer:
    """One direction of one connection. pings: double CRLF between messages that want an answer; whoever answers sets it back to 0."""

    def __init__(self) -> None:
        self.pings = 0
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Whole messages that are complete now. A message without Content-Length has no body.

        Raises:
            WireError: a message larger than 65535 octets or with an unreadable length; the connection cannot be used any more.
        """
        self._buffer += data
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> bytes | None:
        while self._buffer.startswith(PING):
            self.pings += 1
            del self._buffer[:4]
        if self._buffer.startswith(PONG) and len(self._buffer) > 2 and self._buffer[2:3] != b"\r":
            del self._buffer[:2]
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_BYTES:
                raise WireError("header of a message is larger than 65535 octets")
            return None
        total = end + 4 + self._length(bytes(self._buffer[: end + 2]))
        if total > MAX_BYTES:
            raise WireError("message is larger than 65535 octets")
        if len(self._buffer) < total:
            return None
        message = bytes(self._buffer[:total])
        del self._buffer[:total]
        return message

    @staticmethod
    def _length(head: bytes) -> int:
        found = {int(item) for item in _LENGTH.findall(head)}
        if len(found) > 1 or (not found and _ANY_LENGTH.search(head)):
            raise WireError("Content-Length cannot be read: the end of the message is unknown")
        return found.pop() if found else 0
