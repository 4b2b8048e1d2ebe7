"""Recognition servers that are spoken to over a websocket: a connection per utterance, opened ahead of it.

What differs between servers is a `Dialect`: pure, one object per utterance. What they have in common is here: connecting (ahead, again and again
with growing pauses), time-outs, a bound on the audio that waits, and one answer per utterance whatever happens.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK

from callwright.errors import CallwrightError
from callwright.speech.asr.connections import ConnectionAhead, Connector, Patience, Server, why_closed
from callwright.speech.asr.ledger import Ledger
from callwright.speech.port import Abilities, Hearing, Pcm, Vocabulary

__all__ = ["Dialect", "MakeDialect", "Reading", "WebSocketRecogniser", "WebSocketStream", "result_of"]

log = logging.getLogger(__name__)
_FRAME_MS = 20
_MOMENT_S = 0.25


@dataclass(frozen=True, slots=True)
class Reading:
    """What a server has told about an utterance so far. over: nothing more will come; span: ms since the utterance began; nearly: it
    probably is over, and a moment without more will tell."""

    text: str
    over: bool = False
    span: tuple[int, int] | None = None
    raw: str = ""
    nearly: bool = False


class Dialect(Protocol):
    """How one utterance is told to one kind of server. Pure."""

    def begin(self) -> str | None:
        """The first message, if the server wants one."""

    def audio(self, pcm: Pcm) -> bytes:
        """8 kHz int16, any length, as the server takes it."""

    def finish(self) -> str:
        """The message after the last audio."""

    def take(self, message: str | bytes) -> Reading:
        """What the server said. Raises ValueError: it is nothing this protocol knows."""

    def silent(self) -> Reading | None:
        """What it means that the server says nothing after `finish` although it is there; None: it is a fault."""


def result_of(message: str | bytes) -> dict[str, Any]:
    """The JSON object of a result, with its `text`. Raises ValueError: it is none."""
    value = json.loads(message)
    if not isinstance(value, dict):
        raise ValueError("a message that is no JSON object")  # noqa: TRY004 - what a server says is a value
    if not isinstance(value.get("text"), str):
        raise ValueError("a message without text")  # noqa: TRY004 - as above
    return value


MakeDialect = Callable[[Vocabulary, tuple[str, ...], tuple[str, ...]], Dialect]


class WebSocketRecogniser:
    """Serves many calls over one server's websockets. dialect: the protocol of one utterance, from the script's vocabulary, and the phrases
    and hot words of the node."""

    def __init__(
        self,
        abilities: Abilities,
        server: Server,
        dialect: MakeDialect,
        patience: Patience | None = None,
    ) -> None:
        self.abilities = abilities
        self.dialect = dialect
        self.patience = patience or Patience()
        self.connector = Connector(abilities.name, server, self.patience)
        self._streams: set[WebSocketStream] = set()

    async def ready(self, vocabulary: Vocabulary) -> None:
        """See `Recogniser`. Raises CallwrightError: the server cannot be reached."""
        try:
            connection = await self.connector.connect()
        except CallwrightError as error:
            raise CallwrightError(f"{error}; start it, or mend its address (CALLWRIGHT_ASR)") from error
        await connection.close()

    async def open(self, vocabulary: Vocabulary, on_event: Callable[[Hearing], None]) -> WebSocketStream:
        """Ears for a call. A server that is not there now is no error: it may be back when somebody speaks.

        Raises CallwrightError: it already serves as many calls as it may.
        """
        most = self.abilities.most_streams
        if most is not None and len(self._streams) >= most:
            raise CallwrightError(f"the recogniser serves {most} streams at once, and not one more")
        stream = WebSocketStream(self, vocabulary, on_event)
        self._streams.add(stream)
        return stream

    async def aclose(self) -> None:
        """Close every stream that is still open."""
        await asyncio.gather(*(stream.close() for stream in list(self._streams)))

    def forget(self, stream: WebSocketStream) -> None:
        """A stream has been closed."""
        self._streams.discard(stream)


class _Talk:
    """One utterance on its way to the server."""

    def __init__(self, number: int, begin_ms: int, dialect: Dialect) -> None:
        self.number, self.begin_ms, self.dialect = number, begin_ms, dialect
        self.frames: deque[Pcm] = deque()
        self.over = False
        self.changed = asyncio.Event()
        self.deadline: asyncio.Timeout | None = None
        self.task: asyncio.Task[None] | None = None
        self.reading = Reading("")

    def finish(self, final_s: float) -> None:
        self.over = True
        self.changed.set()
        self.arm(final_s)

    def arm(self, final_s: float) -> None:
        if self.deadline is not None and self.over:
            self.deadline.reschedule(asyncio.get_running_loop().time() + final_s)


class WebSocketStream:
    """Ears of one call; see `RecogniserStream`."""

    def __init__(
        self, engine: WebSocketRecogniser, vocabulary: Vocabulary, on_event: Callable[[Hearing], None]
    ) -> None:
        self._engine = engine
        self._vocabulary = vocabulary
        self._on_event = on_event
        self._ledger = Ledger()
        self._clock_ms = 0
        self._context: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._talks: dict[int, _Talk] = {}
        self._now: _Talk | None = None
        self._dropped: set[asyncio.Task[None]] = set()
        self._closed = False
        self._ahead = ConnectionAhead(engine.connector)

    # ------------------------------------------------------------ the call's side

    def begin(self) -> None:
        if self._now is not None:
            self._drop(self._now)
        number = self._ledger.begin(self._clock_ms)
        dialect = self._engine.dialect(self._vocabulary, *self._context)
        self._now = self._talks[number] = talk = _Talk(number, self._clock_ms, dialect)
        talk.task = asyncio.create_task(self._hold(talk), name="recogniser-utterance")

    def push(self, frame: Pcm) -> None:
        self._clock_ms += _FRAME_MS
        if self._now is None:
            return
        self._now.frames.append(frame)
        if len(self._now.frames) * _FRAME_MS >= self._engine.abilities.packet_ms:
            self._now.changed.set()
        if sum(len(talk.frames) for talk in self._talks.values()) * _FRAME_MS > self._engine.patience.lag * 1000:
            oldest = next(talk for talk in self._talks.values() if talk.frames)
            lag = self._engine.patience.lag
            self._give_up(oldest, f"the recogniser lags {lag:.0f} s behind: the oldest utterance is given up")

    def end(self) -> None:
        talk, self._now = self._now, None
        _, told = self._ledger.end(self._clock_ms)
        self._tell(told)
        self._ahead.want()
        if talk is not None:
            talk.finish(self._engine.patience.final)

    def set_context(self, phrases: tuple[str, ...], hotwords: tuple[str, ...] = ()) -> None:
        self._context = (phrases, hotwords)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._engine.forget(self)
        tasks = [*self._dropped, *(talk.task for talk in self._talks.values() if talk.task is not None)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, self._ahead.close(), return_exceptions=True)

    # ------------------------------------------------------------ one utterance

    async def _hold(self, talk: _Talk) -> None:
        """Carry one utterance to the server and its words back. It always ends with an answer in the ledger."""
        try:
            connection = await self._ahead.take()
            try:
                await self._exchange(talk, connection)
            finally:
                await connection.close()
        except CallwrightError as error:
            self._tell(self._ledger.fail(talk.number, str(error)))
        except Exception as error:
            # The promise of an answer holds for mistakes of ours too; the mistake itself is not hidden.
            log.exception("an utterance could not be recognised")
            self._tell(self._ledger.fail(talk.number, f"{type(error).__name__}: {error}"))
        finally:
            self._talks.pop(talk.number, None)
            if self._now is talk:
                self._now = None

    async def _exchange(self, talk: _Talk, connection: ClientConnection) -> None:
        """Raises CallwrightError: no words came, and why."""
        sender = asyncio.create_task(self._send(talk, connection), name="recogniser-send")
        try:
            async with asyncio.timeout(None) as talk.deadline:
                talk.arm(self._engine.patience.final)
                await self._read(talk, connection)
        except TimeoutError:
            await self._overdue(talk, connection)
        except ConnectionClosedOK as error:
            if not sender.done() or not talk.over:
                raise CallwrightError("the recogniser closed the connection in the middle of an utterance") from error
            self._answer(talk, talk.reading)
        except ConnectionClosed as error:
            raise CallwrightError(f"the connection to the recogniser broke: {why_closed(error)}") from error
        except ValueError as error:
            raise CallwrightError(
                f"the recogniser at {self._engine.connector.server} said what is not understood: {error}"
            ) from error
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    async def _send(self, talk: _Talk, connection: ClientConnection) -> None:
        """All of an utterance, as it comes; returns when the server has been told that it is over."""
        try:
            first = talk.dialect.begin()
            if first is not None:
                await connection.send(first)
            while True:
                await talk.changed.wait()
                talk.changed.clear()
                while talk.frames:
                    frames = [talk.frames.popleft() for _ in range(min(len(talk.frames), self._packet))]
                    await connection.send(b"".join(talk.dialect.audio(frame) for frame in frames))
                if talk.over:
                    await connection.send(talk.dialect.finish())
                    return
        except ConnectionClosed:
            return  # the reader has seen it too, and says so

    @property
    def _packet(self) -> int:
        return max(1, self._engine.abilities.packet_ms // _FRAME_MS)

    async def _read(self, talk: _Talk, connection: ClientConnection) -> None:
        while True:
            talk.reading = talk.dialect.take(await connection.recv())
            if talk.reading.over:
                self._answer(talk, talk.reading)
                return
            if talk.reading.nearly:
                talk.arm(_MOMENT_S)
            if talk.reading.text:
                self._tell(self._ledger.partial(talk.number, talk.reading.text, self._clock_ms))

    async def _overdue(self, talk: _Talk, connection: ClientConnection) -> None:
        silent = talk.dialect.silent()
        if silent is not None:
            try:
                async with asyncio.timeout(self._engine.patience.final):
                    await (await connection.ping())
            except (TimeoutError, ConnectionClosed):
                silent = None
        if silent is None:
            raise CallwrightError(f"the recogniser gave no words within {self._engine.patience.final:g} s")
        self._answer(talk, silent)

    def _answer(self, talk: _Talk, reading: Reading) -> None:
        if not talk.over:
            self._tell(self._ledger.fail(talk.number, "the recogniser ended an utterance that goes on"))
            return
        self._tell(self._ledger.final(talk.number, reading.text, reading.span, reading.raw))

    def _give_up(self, talk: _Talk, message: str) -> None:
        self._drop(talk)
        self._tell(self._ledger.fail(talk.number, message))

    def _drop(self, talk: _Talk) -> None:
        self._talks.pop(talk.number, None)
        if self._now is talk:
            self._now = None
        if talk.task is not None:
            talk.task.cancel()
            self._dropped.add(talk.task)
            talk.task.add_done_callback(self._dropped.discard)

    def _tell(self, events: list[Hearing]) -> None:
        for event in events:
            if not self._closed:
                self._on_event(event)
