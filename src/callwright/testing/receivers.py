"""Fakes that take what callwright sends: a receiver of webhooks and of what group robots get, and a mail server. On 127.0.0.1 only."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from anyio.abc import Listener, SocketAttribute, SocketStream

__all__ = ["FakeMailServer", "FakeReceiver", "Received", "fake_mail_server", "fake_receiver"]


@dataclass(frozen=True, slots=True)
class Received:
    """One request. headers: names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class FakeReceiver:
    """answer: what to say to a request: (status, JSON-ready body); by default 200 and `{"errcode": 0, "code": 0}`."""

    url: str
    answer: Callable[[Received], tuple[int, object]] = lambda _: (200, {"errcode": 0, "code": 0})
    got: list[Received] = field(default_factory=list)


def local_port(listener: Listener[SocketStream]) -> int:
    """Where it listens."""
    return listener.extra(SocketAttribute.local_port)  # noqa: S610 - not the one of a database


@asynccontextmanager
async def fake_receiver() -> AsyncIterator[FakeReceiver]:
    """A receiver of HTTP POSTs, one request a connection."""
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        port = local_port(listener)
        receiver = FakeReceiver(f"http://127.0.0.1:{port}")

        async def attend(stream: SocketStream) -> None:
            async with stream:
                await _one_request(stream, receiver)

        tasks.start_soon(listener.serve, attend)
        yield receiver
        tasks.cancel_scope.cancel()


async def _one_request(stream: SocketStream, receiver: FakeReceiver) -> None:
    """As much of HTTP/1.1 as a client with a `content-length` needs."""
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            data += await stream.receive()
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", "0")):
            body += await stream.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return
    received = Received(first.split(" ")[1], headers, body)
    receiver.got.append(received)
    status, said = receiver.answer(received)
    content = b"" if status == 204 else json.dumps(said).encode()
    length = "" if status == 204 else f"content-length: {len(content)}\r\n"
    await stream.send(f"HTTP/1.1 {status} X\r\n{length}connection: close\r\n\r\n".encode() + content)


@dataclass(slots=True)
class FakeMailServer:
    """letters: everything taken, as sent. refuse: answer 550 to the recipient."""

    url: str
    refuse: bool = False
    letters: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def fake_mail_server() -> AsyncIterator[FakeMailServer]:
    """As much of RFC 5321 as a client needs to leave one message."""
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        port = local_port(listener)
        server = FakeMailServer(f"smtp://127.0.0.1:{port}")

        async def attend(stream: SocketStream) -> None:
            async with stream:
                await _one_mail(stream, server)

        tasks.start_soon(listener.serve, attend)
        yield server
        tasks.cancel_scope.cancel()


async def _one_mail(stream: SocketStream, server: FakeMailServer) -> None:
    rest = b""

    async def upto(end: bytes) -> bytes:
        nonlocal rest
        while end not in rest:
            rest += await stream.receive()
        found, _, rest = rest.partition(end)
        return found

    try:
        await stream.send(b"220 fake\r\n")
        while True:
            verb = (await upto(b"\r\n"))[:4].upper()
            if verb == b"DATA":
                await stream.send(b"354 go on\r\n")
                server.letters.append(await upto(b"\r\n.\r\n"))
            elif verb == b"RCPT" and server.refuse:
                await stream.send(b"550 nobody here\r\n")
                continue
            await stream.send(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                return
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return
