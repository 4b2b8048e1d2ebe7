"""Connections to recognition servers: where they are, how long is waited for them, and one kept ready for what is said next."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from callwright.errors import CallwrightError
from callwright.speech.asr.backoff import Backoff

__all__ = ["ConnectionAhead", "Connector", "Patience", "Server", "why_closed"]

log = logging.getLogger(__name__)
_LARGEST_MESSAGE = 256 * 1024
_PING_S = 5.0
_PONG_S = 10.0
_CLOSE_S = 0.3
_SHORTEST_LIFE_S = 1.0  # a connection that was closed sooner counts as a failure to connect


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. connect: for a connection, TLS included; final: from the end of an utterance to its words; lag: how much audio may wait for
    the server before the oldest utterance is given up."""

    connect: float = 2.0
    final: float = 1.5
    lag: float = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is. context: TLS of a `wss` address; headers: sent when a connection is opened, a token say. `str()` of it is fit for
    logs: without user, password, path and query."""

    url: str
    context: ssl.SSLContext | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


class Connector:
    """Opens connections to one server; says once in the log that it is gone, and once that it is back."""

    def __init__(self, name: str, server: Server, patience: Patience) -> None:
        self.name, self.server, self.patience = name, server, patience
        self._reached = True

    async def connect(self) -> ClientConnection:
        """Raises CallwrightError that names the server and says why."""
        try:
            async with asyncio.timeout(self.patience.connect):
                made = await connect(
                    self.server.url,
                    ssl=self.server.context,
                    additional_headers=self.server.headers,
                    compression=None,  # audio does not shrink
                    proxy=None,
                    open_timeout=None,
                    ping_interval=_PING_S,
                    ping_timeout=_PONG_S,
                    close_timeout=_CLOSE_S,
                    max_size=_LARGEST_MESSAGE,
                )
        except (OSError, TimeoutError, WebSocketException) as error:
            why = _why_not(error)
            if self._reached:
                self._reached = False
                log.warning("the recogniser %s at %s cannot be reached: %s", self.name, self.server, why)
            raise CallwrightError(f"the recogniser at {self.server} cannot be reached: {why}") from error
        if not self._reached:
            self._reached = True
            log.warning("the recogniser %s at %s is reached again", self.name, self.server)
        return made


class ConnectionAhead:
    """Keeps one connection ready, so that the first word of an utterance need not wait for it. `close` frees it."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._ready: ClientConnection | None = None
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._keeper = asyncio.create_task(self._keep(), name="recogniser-connection")

    def want(self) -> None:
        """One will soon be needed."""
        self._wanted.set()

    async def take(self) -> ClientConnection:
        """The one that is ready, or a new one; it is the taker's to close. Raises CallwrightError: the server cannot be reached."""
        ready, self._ready = self._ready, None
        if ready is not None and ready.close_code is None:
            return ready
        return await self._connector.connect()

    async def close(self) -> None:
        """Nobody needs one any more."""
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        if self._ready is not None:
            await self._ready.close()

    async def _keep(self) -> None:
        backoff = Backoff()
        loop = asyncio.get_running_loop()
        while True:
            await self._wanted.wait()
            if self._ready is None:
                begun = loop.time()
                try:
                    connection = self._ready = await self._connector.connect()
                except CallwrightError:
                    await asyncio.sleep(backoff.failed(random.random()))
                    continue
                self._wanted.clear()
                await connection.wait_closed()  # by the server, or by whoever took it
                if self._ready is not connection:
                    backoff.succeeded()
                    continue
                self._ready = None
                self._wanted.set()
                if loop.time() - begun < _SHORTEST_LIFE_S:
                    await asyncio.sleep(backoff.failed(random.random()))


def why_closed(error: ConnectionClosed) -> str:
    """In words, how a connection ended."""
    if error.rcvd is None:
        return "it was cut off" if error.sent is None or error.sent.code != 1011 else "no sign of life"
    return f"closed with code {error.rcvd.code}" + (f" ({error.rcvd.reason[:80]})" if error.rcvd.reason else "")


def _why_not(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason or error})"
    if isinstance(error, InvalidStatus):
        return f"it answered HTTP {error.response.status_code}"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return f"it does not speak websocket ({type(error).__name__})"
