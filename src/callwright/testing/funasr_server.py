"""A protocol double of the FunASR runtime's websocket server, written from its public document (modelscope/FunASR,
runtime/docs/websocket_protocol_zh.md) and the two servers of that repository. It recognises nothing: it knows the sentences of `Utterances` by
the height of their square wave. It is strict where the servers are lenient, so that a client which breaks the protocol is found out. For tests.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from callwright.testing.stub_speech import Utterances

__all__ = ["FunAsrDouble", "Misbehaviour", "funasr_double"]

Misbehaviour = Literal["", "hang", "cut", "garbage", "early", "mute"]
_STRIDE_MS = 600  # chunk_size [5, 10, 5]: ten times 60 ms
_PAUSE_MS = 800  # after which the server's own detector ends a sentence


@dataclass
class FunAsrDouble:
    """kind: which of the two servers; misbehaves: what the next connections do, oldest first, "" for nothing bad: hang (reads, never
    writes), cut (TCP is cut after the first audio), garbage (writes nonsense), early (says it is over while somebody speaks), mute (reads and
    never answers the end). greetings: first messages as they came; faults: what a client did wrong; open: connections that are up."""

    utterances: Utterances
    kind: Literal["c++", "python"] = "c++"
    misbehaves: list[Misbehaviour] = field(default_factory=list)
    greetings: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    open: int = 0
    port: int = 0
    server: Server | None = None
    context: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        return f"{'wss' if self.context else 'ws'}://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen; on the same port as before when it was stopped."""
        self.server = await serve(self._serve, "127.0.0.1", self.port, ssl=self.context, compression=None)
        self.port = next(iter(self.server.sockets)).getsockname()[1]

    async def stop(self) -> None:
        """Cut every connection, as a server that is killed does."""
        if self.server is not None:
            for connection in list(self.server.connections):
                connection.transport.abort()
            self.server.close()
            await self.server.wait_closed()
            self.server = None

    async def _serve(self, connection: ServerConnection) -> None:
        self.open += 1
        try:
            talk = _Talk(self, connection)
            async for message in connection:
                await talk.take(message)
        except ConnectionClosed:
            return
        except _BrokenError as error:
            self.faults.append(str(error))
            await connection.close(1003, str(error))
        finally:
            self.open -= 1


class _BrokenError(Exception):
    """The client does not follow the protocol."""


class _Talk:
    def __init__(self, double: FunAsrDouble, connection: ServerConnection) -> None:
        self._double = double
        self._connection = connection
        self._how: dict[str, Any] | None = None
        self._bad: Misbehaviour = ""
        self._rest = b""
        self._at_ms = self._silent_ms = self._said_until_ms = 0
        self._sentence: list[tuple[str, int]] = []  # texts and when they began
        self._told = 0

    async def take(self, message: str | bytes) -> None:
        if isinstance(message, str):
            await self._say(json.loads(message))
        elif self._how is None:
            raise _BrokenError("audio before the first message")
        else:
            await self._hear(message)

    async def _say(self, value: dict[str, Any]) -> None:
        if self._how is None:
            self._greet(value)
        elif value != {"is_speaking": False}:
            raise _BrokenError(f"a second message that is no end: {sorted(value)}")
        else:
            self._how = None
            await self._end()

    def _greet(self, value: dict[str, Any]) -> None:
        needed = {"mode": "2pass", "wav_format": "pcm", "is_speaking": True, "chunk_size": [5, 10, 5]}
        wrong = [name for name, right in needed.items() if value.get(name) != right]
        if wrong or value.get("audio_fs") != 8000 or not isinstance(value.get("itn"), bool):
            raise _BrokenError(f"a first message with the wrong {', '.join(wrong) or 'audio_fs or itn'}")
        if not isinstance(value.get("hotwords"), str):
            raise _BrokenError("hotwords is JSON within a string")
        self._how = value
        self._double.greetings.append(value)
        self._bad = self._double.misbehaves.pop(0) if self._double.misbehaves else ""

    async def _hear(self, audio: bytes) -> None:
        if len(audio) % 2:
            raise _BrokenError("half a sample")
        if self._bad == "hang":
            return
        if self._bad == "cut":
            self._connection.transport.abort()
            return
        self._rest += audio
        while len(self._rest) >= 320:
            frame, self._rest = np.frombuffer(self._rest[:320], "<i2"), self._rest[320:]
            self._frame(self._double.utterances.text_of(frame))
            if self._at_ms % _STRIDE_MS == 0:
                await self._online()
            if self._silent_ms == _PAUSE_MS and self._sentence:
                await self._offline()

    def _frame(self, text: str) -> None:
        if text and (not self._sentence or self._sentence[-1][0] != text):
            self._sentence.append((text, self._at_ms))
        self._at_ms += 20
        self._silent_ms = 0 if text else self._silent_ms + 20
        self._said_until_ms = self._at_ms if text else self._said_until_ms

    async def _online(self) -> None:
        if self._bad == "garbage":
            await self._connection.send("no JSON at all")
        elif self._bad == "early":
            await self._connection.close(1000)
        elif len(self._sentence) > self._told:
            pieces = "".join(text for text, _ in self._sentence[self._told :])
            self._told = len(self._sentence)
            await self._write("2pass-online", pieces)

    async def _offline(self, *, final: bool = False) -> None:
        text = "".join(text for text, _ in self._sentence)
        times = json.dumps([[self._sentence[0][1], self._said_until_ms]]) if self._sentence else "[]"
        self._sentence, self._told = [], 0
        if text or (final and self._double.kind == "c++"):
            await self._write("2pass-offline" if text else "", text, timestamp=times, final=final)

    async def _end(self) -> None:
        if self._bad in ("", "garbage", "early"):
            await self._offline(final=True)

    async def _write(self, mode: str, text: str, *, timestamp: str = "", final: bool = False) -> None:
        # The Python server writes into is_final whether somebody still speaks.
        is_final = final if self._double.kind == "c++" else self._how is not None
        value: dict[str, Any] = {"wav_name": "call", "text": text, "is_final": is_final}
        if mode:
            value["mode"] = mode
        if timestamp:
            value["timestamp"] = timestamp
        await asyncio.sleep(0)
        await self._connection.send(json.dumps(value, ensure_ascii=False))


@asynccontextmanager
async def funasr_double(
    utterances: Utterances, kind: Literal["c++", "python"] = "c++", context: ssl.SSLContext | None = None
) -> AsyncIterator[FunAsrDouble]:
    """A double that listens on 127.0.0.1 until the block is left."""
    double = FunAsrDouble(utterances, kind, context=context)
    await double.start()
    try:
        yield double
    finally:
        await double.stop()
