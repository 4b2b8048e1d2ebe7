"""Recognisers that run in processes of our own: frames go there over pipes, words come back; a process that dies or hangs is replaced.

Decoding holds the interpreter lock or crashes in native code, so it has no place in the process that plays the audio of calls.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import random
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from callwright.errors import CallwrightError, ModelError, Place, Problem
from callwright.speech.asr.backoff import Backoff
from callwright.speech.asr.frames import HEADER, Kind, pack, pack_json, unpack_header
from callwright.speech.port import Final, Hearing, Partial, Pcm, RecognitionError, Vocabulary

__all__ = ["WorkerPool", "WorkerProcess", "WorkerStream"]

log = logging.getLogger(__name__)
_FRAME_MS = 20
_BATCH_FRAMES = 2  # 40 ms a message
_BUFFER_LIMIT = 512 * 1024  # bytes waiting for one worker: about half a minute of one call
_OPEN_TIMEOUT_S = 30.0
_RESTARTS_IN_A_ROW = 3
_GONE = "the recogniser process is gone, and started again before long"
_HUNG_S = 10.0  # a worker that owes words and writes nothing for so long is replaced


class WorkerStream:
    """Ears of one call; see `RecogniserStream`. Survives a crash of its worker: the utterance is lost with one
    RecognitionError, the next is heard."""

    def __init__(
        self, worker: WorkerProcess, number: int, vocabulary: Vocabulary, on_event: Callable[[Hearing], None]
    ) -> None:
        self.number = number
        self.vocabulary = vocabulary
        self._worker = worker
        self._on_event = on_event
        self._frames: list[Pcm] = []
        self._context: tuple[str, ...] = ()
        self._clock_ms = 0
        self._begin_ms = 0
        self._in_utterance = False
        self._lost = False
        self._waiting: deque[tuple[int, int, float]] = deque()
        self._closed = False
        self.opened: asyncio.Future[tuple[str, ...]] = asyncio.get_running_loop().create_future()

    def begin(self) -> None:
        self._flush()
        self._begin_ms, self._in_utterance, self._lost = self._clock_ms, True, False
        self._worker.send(pack(Kind.BEGIN, self.number))

    def push(self, frame: Pcm) -> None:
        self._clock_ms += _FRAME_MS
        if not self._in_utterance or self._lost:
            return
        self._frames.append(frame)
        if len(self._frames) >= _BATCH_FRAMES:
            self._flush()

    def end(self) -> None:
        if not self._in_utterance:
            return
        self._flush()
        self._in_utterance = False
        if self._lost:
            return
        if self._worker.send(pack(Kind.END, self.number)):
            self._wait(self._begin_ms, self._clock_ms)
        else:
            self._emit(RecognitionError(_GONE))

    def set_context(self, phrases: tuple[str, ...], hotwords: tuple[str, ...] = ()) -> None:
        wanted = tuple(dict.fromkeys((*phrases, *hotwords)))
        if wanted != self._context:
            self._context = wanted
            self._worker.send(pack_json(Kind.EXPECT, self.number, wanted))

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._worker.send(pack(Kind.CLOSE, self.number))
            self._worker.forget(self)

    def _flush(self) -> None:
        if not self._frames:
            return
        body = np.concatenate(self._frames).astype(np.int16, copy=False).tobytes()
        self._frames = []
        if not self._worker.send(pack(Kind.AUDIO, self.number, body), audio=True):
            self._lost = True
            self._worker.send(pack(Kind.DROP, self.number))  # frees the worker's half-heard utterance
            why = "the recogniser is overloaded: this utterance is lost" if self._worker.alive else _GONE
            self._emit(RecognitionError(why, under_way=True))

    def _wait(self, begin_ms: int, end_ms: int) -> None:
        self._waiting.append((begin_ms, end_ms, time.monotonic()))

    @property
    def waits_since(self) -> float | None:
        """Since when words of an utterance that is over are still to come, s of the monotonic clock; None: none are."""
        return self._waiting[0][2] if self._waiting else None

    # ------------------------------------------------------------ from the worker

    def reopen(self) -> None:
        """Introduce this call to a new worker process."""
        self._worker.send(pack_json(Kind.OPEN, self.number, {
            "key": self.vocabulary.key, "language": self.vocabulary.language, "phrases": self.vocabulary.phrases,
        }))  # fmt: skip
        if self._context:
            self._worker.send(pack_json(Kind.EXPECT, self.number, self._context))

    def crashed(self, message: str) -> None:
        """The worker died. An utterance under way or waiting for its final is lost."""
        waiting = len(self._waiting)
        under_way = self._in_utterance and not self._lost
        self._waiting.clear()
        self._frames = []
        self._lost = True
        for _ in range(waiting):
            self._emit(RecognitionError(message))
        if under_way:
            self._emit(RecognitionError(message, under_way=True))

    def receive(self, kind: Kind, value: dict[str, Any]) -> None:
        if kind is Kind.READY and not self.opened.done():
            self.opened.set_result(tuple(value["missing"]))
        elif kind is Kind.FAILED:
            self._failed(value)
        elif kind is Kind.PARTIAL:
            self._emit(Partial(value["text"], self._clock_ms))
        elif kind is Kind.FINAL and self._waiting:
            begin, end, _ = self._waiting.popleft()
            first, last = value.get("begin_ms", 0), value.get("end_ms", 0)
            begin_ms, end_ms = (begin + first, min(begin + last, end)) if last else (begin, end)
            text, raw, score = value["text"], value["raw"], value["score"]
            self._emit(Final(text, begin_ms, end_ms, score, tuple(value["alternatives"]), raw))

    def _failed(self, value: dict[str, Any]) -> None:
        if not self.opened.done():
            place, code = Place(value.get("file", "")), value.get("code", "recogniser")
            self.opened.set_exception(ModelError(Problem(code, value["message"], place, value.get("hint", ""))))
        elif self._waiting:
            self._waiting.popleft()
            self._emit(RecognitionError(value["message"]))
        elif self._in_utterance and not self._lost:
            self._lost = True
            self._emit(RecognitionError(value["message"], under_way=True))

    def _emit(self, event: Hearing) -> None:
        if not self._closed:
            self._on_event(event)


class WorkerProcess:
    """One worker process, restarted when it dies; its streams are introduced again."""

    def __init__(self, command: tuple[str, ...]) -> None:
        """command: module of the worker and its arguments."""
        self._command = command
        self._process: Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._closing = asyncio.Event()
        self._crashes = 0
        self._rest = Backoff(1.0, 30.0)
        self.streams: dict[int, WorkerStream] = {}

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self.alive else None

    @property
    def alive(self) -> bool:
        """The process runs."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        async with self._starting:
            if self._reader is None or self._reader.done():
                await self._spawn()
                self._reader = asyncio.create_task(self._run(), name="recogniser-worker")

    async def _spawn(self) -> None:
        # A session of its own: Ctrl-C at the terminal is for us; the worker ends when its stdin does.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *self._command, stdin=PIPE, stdout=PIPE, start_new_session=True
        )

    def send(self, message: bytes, *, audio: bool = False) -> bool:
        """Queue a message without waiting. False: the process is gone, or (audio only) it lags too far behind."""
        pipe = self._process.stdin if self._process is not None else None
        if pipe is None or pipe.is_closing():
            return False
        if audio and pipe.transport.get_write_buffer_size() > _BUFFER_LIMIT:
            return False
        pipe.write(message)
        return True

    def forget(self, stream: WorkerStream) -> None:
        self.streams.pop(stream.number, None)

    async def _run(self) -> None:
        while not self._closing.is_set():
            assert self._process is not None
            await self._read(self._process)
            code = await self._process.wait()
            if self._closing.is_set():
                return
            self._crashes += 1
            log.warning("a recogniser worker ended with code %s; %d calls affected", code, len(self.streams))
            message = f"the recogniser process ended unexpectedly (code {code})"
            resting = self._crashes > _RESTARTS_IN_A_ROW
            if not resting:
                await self._spawn()  # first: the next utterance may begin when its call is told of this one
            for stream in list(self.streams.values()):
                if not resting:
                    stream.reopen()
                elif not stream.opened.done():
                    stream.opened.set_exception(CallwrightError(message))
                stream.crashed(message)
            if resting:
                if await self._rested():
                    return
                await self._spawn()
                for stream in list(self.streams.values()):
                    stream.reopen()

    async def _rested(self) -> bool:
        """A worker that dies again and again is left alone for a while. True: nobody needs it any more."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._rest.failed(random.random())):
                await self._closing.wait()
        return self._closing.is_set()

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        try:
            while True:
                header = await self._header(process, process.stdout)
                if header is None:
                    return
                kind, number, length = header
                body = await process.stdout.readexactly(length)
                if kind is Kind.FINAL:
                    self._crashes = 0
                    self._rest.succeeded()
                stream = self.streams.get(number)
                if stream is not None:
                    stream.receive(kind, json.loads(body) if body else {})
        except asyncio.IncompleteReadError:
            return
        except ValueError as error:
            log.error("a recogniser worker wrote nonsense: %s", error)
            process.kill()

    async def _header(self, process: Process, source: asyncio.StreamReader) -> tuple[Kind, int, int] | None:
        """The next message's header; None when the worker had to be killed because it hangs."""
        while True:
            since = time.monotonic()
            try:
                async with asyncio.timeout(_HUNG_S):
                    return unpack_header(await source.readexactly(HEADER.size))
            except TimeoutError:  # no byte is lost: what came of a header stays in the reader
                if any(
                    stream.waits_since is not None and stream.waits_since <= since for stream in self.streams.values()
                ):
                    log.error("a recogniser worker hangs: it is replaced")
                    process.kill()
                    return None

    async def aclose(self) -> None:
        self._closing.set()
        if self._process is not None and self._process.returncode is None:
            if self._process.stdin is not None:
                self._process.stdin.close()
            try:
                await asyncio.wait_for(self._process.wait(), 2)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        if self._reader is not None:
            await asyncio.gather(self._reader, return_exceptions=True)


class WorkerPool:
    """A few worker processes that serve many calls. Each call stays with its worker."""

    def __init__(self, module: str, arguments: tuple[str, ...], workers: int) -> None:
        """module: run with `python -m`; it answers messages of `frames` from stdin on stdout. Raises ValueError: no worker at all."""
        if workers < 1:
            raise ValueError("at least one worker is needed")
        self._workers = [WorkerProcess((module, *arguments)) for _ in range(workers)]
        self._numbers = itertools.count(1)

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers that run."""
        return tuple(pid for pid in (worker.pid for worker in self._workers) if pid is not None)

    async def open(
        self, vocabulary: Vocabulary, on_event: Callable[[Hearing], None], most: int | None = None
    ) -> WorkerStream:
        """Ears for a call. Raises ModelError when the model is missing, CallwrightError when no worker can be started, or `most` calls are
        served already."""
        if most is not None and sum(len(worker.streams) for worker in self._workers) >= most:
            raise CallwrightError(f"the recogniser serves {most} streams at once, and not one more")
        worker = min(self._workers, key=lambda w: len(w.streams))
        await worker.start()
        stream = WorkerStream(worker, next(self._numbers), vocabulary, on_event)
        worker.streams[stream.number] = stream
        try:
            stream.reopen()
            async with asyncio.timeout(_OPEN_TIMEOUT_S):
                missing = await asyncio.shield(stream.opened)
        except TimeoutError:
            worker.forget(stream)
            raise CallwrightError(f"the recogniser did not start within {_OPEN_TIMEOUT_S:.0f} s") from None
        except BaseException:
            await stream.close()
            raise
        if missing:
            log.warning("vocabulary %s: no pronunciation for %s", vocabulary.key, ", ".join(missing[:20]))
        return stream

    async def aclose(self) -> None:
        """End the workers."""
        await asyncio.gather(*(worker.aclose() for worker in self._workers))
