"""People who answer the telephone, as one process with a socket: each ring is written down before it is answered.

`python -m callwright.testing.ringing FILE [SECONDS]` says its port, then answers INVITEs by UDP: busy, unanswered, or answered, by
the last digit of the number. One line of JSON in FILE for each INVITE that is no retransmission: `{"call": Call-ID, "number": ..., "at": ...}`.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import cast

from callwright.telephony.sip.wire import Request, Response, encode, parse

__all__ = ["Ringing", "main"]

_SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
_USER = re.compile(r"sips?:([^@;>]+)@")


class Ringing(asyncio.DatagramProtocol):
    """Counts and answers. file: opened for appending; seconds: how long it rings."""

    def __init__(self, file: int, seconds: float = 0.1) -> None:
        self._file, self._seconds = file, seconds
        self._seen: set[tuple[str, str]] = set()
        self._answers: dict[str, bytes] = {}
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self._port = int(transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        message = parse(data)
        if not isinstance(message, Request):
            return
        call = message.get("Call-ID") or ""
        if message.method == "INVITE":
            self._rung(message, call, source)
        elif message.method == "CANCEL" or message.method != "ACK":
            self._send(_reply(message, self._port, 200, "OK"), source)

    def _rung(self, invite: Request, call: str, source: tuple[str, int]) -> None:
        key = (call, invite.get("Via") or "")
        if key in self._seen:
            if call in self._answers:
                self._transport.sendto(self._answers[call], source)
            return
        self._seen.add(key)
        user = _USER.match(invite.uri)
        number = user[1] if user is not None else ""
        line = json.dumps({"call": call, "number": number, "at": time.time()}) + "\n"
        os.write(
            self._file, line.encode()
        )  # one write to a file opened for appending: whole, and there whatever becomes of us
        self._send(_reply(invite, self._port, 180, "Ringing"), source)
        asyncio.get_running_loop().call_later(self._seconds, self._decide, invite, call, number, source)

    def _decide(self, invite: Request, call: str, number: str, source: tuple[str, int]) -> None:
        kind = int(number[-1]) % 3 if number[-1:].isdigit() else 0
        if kind == 0:
            answer = _reply(invite, self._port, 486, "Busy Here")
        elif kind == 1:
            answer = _reply(invite, self._port, 480, "Temporarily Unavailable")
        else:
            answer = _reply(invite, self._port, 200, "OK", _SDP)
        self._answers[call] = answer
        self._transport.sendto(answer, source)

    def _send(self, data: bytes, source: tuple[str, int]) -> None:
        self._transport.sendto(data, source)


def _reply(request: Request, port: int, code: int, reason: str, body: str = "") -> bytes:
    fields = [(name, value) for name, value in request.headers if name.lower() in {"via", "from", "call-id", "cseq"}]
    to = request.get("To") or ""
    fields.append(("To", to if "tag=" in to else f"{to};tag=ringing"))
    fields.append(("Contact", f"<sip:callee@127.0.0.1:{port}>"))
    if body:
        fields.append(("Content-Type", "application/sdp"))
    return encode(Response(tuple(fields), body.encode(), code, reason))


async def main(path: Path, seconds: float) -> None:
    """Until it is killed."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Ringing(file, seconds), ("127.0.0.1", 0))
    sys.stdout.write(f"{transport.get_extra_info('sockname')[1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.1))
