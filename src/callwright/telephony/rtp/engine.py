"""The media engine: one thread, one 20 ms tick for every call of the process.

A tick reads every socket, decodes all G.711 at once, hands all frames to the event loop in one call, and sends one packet per stream.
The schedule is absolute: a late tick is caught up, but never more than three at once; older ones are skipped (their numbers too, so that
recordings and frame indices stay on the clock) and counted. Nothing in the tick waits for the event loop or a disk.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import random
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, get_args

import numpy as np

from callwright.errors import LineError
from callwright.telephony.port import FRAME_MS, FRAME_SAMPLES, Codec, Frame, WireCodec
from callwright.telephony.rtp import codecs, g711, mixing
from callwright.telephony.rtp.bridges import bridge, unbridge
from callwright.telephony.rtp.inbound import energy
from callwright.telephony.rtp.mixing import supervise
from callwright.telephony.rtp.recording import RecordingWriter, Taken
from callwright.telephony.rtp.session import Session
from callwright.telephony.rtp.steady import HeardFrames, SteadyStreams
from callwright.telephony.rtp.stream import RtpStream

__all__ = ["EngineStats", "RtpEngine", "RtpStream", "bridge", "supervise", "unbridge"]

_TICK_S = FRAME_MS / 1000
_CATCH_UP = 3  # ticks sent back to back after a stall; more would flood the peer's jitter buffer
# Every system call of the tick gives up the interpreter, and a busy Python thread then keeps it for CPython's 5 ms: 300 streams beside one
# such thread were measured to lose up to half of their ticks; 0.5 ms made the loss rare.
_SWITCH_INTERVAL_S = 0.0005
_UNDELIVERED = 50  # ticks (1 s) that wait for a lagging event loop before the oldest frames are dropped


@dataclass(slots=True)
class EngineStats:
    """ticks run; late: begun 20 ms or more behind schedule; skipped: given up; dropped: frames the event loop did not take in time;
    worst_ms: the longest lateness; cpu_s: processor time of the tick thread; failed: streams ended by an error of ours."""

    ticks: int = 0
    late: int = 0
    skipped: int = 0
    dropped: int = 0
    worst_ms: float = 0.0
    cpu_s: float = 0.0
    failed: int = 0


class RtpEngine:
    """Media of every call of one process: `async with RtpEngine.start() as engine: stream = await engine.open("192.0.2.1")`."""

    def __init__(
        self, ports: tuple[int, int], rng: random.Random, quiet_dbov: int | None = None, core: str = "auto"
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._ports = ports
        self._rng = rng
        self._quiet_dbov = quiet_dbov
        self._next_port = rng.randrange(ports[0], ports[1] + 1, 2)
        self.stats = EngineStats()
        self._open: set[RtpStream] = set()
        self._arriving: deque[RtpStream] = deque()
        self._departing: deque[RtpStream] = deque()
        self._wake = threading.Event()
        self._closing = False
        self._stopping = False
        self._ended = False
        self._frames: deque[_Delivery] = deque()
        self._lock = threading.Lock()
        self._steady = SteadyStreams(self._lock, core)
        self._events: deque[Callable[[], None]] = deque()
        self._scheduled = False
        self._writer = RecordingWriter()
        self._thread = threading.Thread(target=self._run, name="callwright-rtp", daemon=True)

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        ports: tuple[int, int] = (16384, 32766),
        rng: random.Random | None = None,
        *,
        quiet_dbov: int | None = None,
        core: str = "auto",
    ) -> AsyncIterator[RtpEngine]:
        """The running engine; leaving closes every stream. ports: first and last (both even) local port; rng: for tests, the source of
        SSRCs, first sequence numbers and timestamps (default: the system's randomness, as RFC 3550 section 5.1 asks);
        quiet_dbov: level of noise sent while nothing is said, -90 to -30, so that nobody thinks the line is dead (None: digital
        silence); core: what moves the packets of steady streams, `auto` (compiled where possible), `compiled` (or LineError) or `python`.

        While it runs the interpreter's switch interval is 0.5 ms at most, and what is in memory at its start is left out of garbage
        collection (`gc.freeze`): to go through all modules stops every thread for 20 ms."""
        if quiet_dbov is not None and not -90 <= quiet_dbov <= -30:
            raise LineError(f"media: noise at {quiet_dbov} dBov is not within -90 to -30")
        if ports[0] % 2 or ports[1] % 2 or not 1024 <= ports[0] <= ports[1] <= 65534:
            raise LineError(f"media: the port range {ports[0]}-{ports[1]} needs even ends within 1024..65534")
        engine = cls(ports, rng or random.SystemRandom(), quiet_dbov, core)
        interval = sys.getswitchinterval()
        sys.setswitchinterval(min(interval, _SWITCH_INTERVAL_S))
        gc.collect()
        gc.freeze()
        engine._thread.start()
        try:
            yield engine
        finally:
            gc.unfreeze()
            sys.setswitchinterval(interval)
            await engine.aclose()

    def lacks(self, codec: WireCodec) -> str:
        """Why this machine cannot speak `codec` on the wire; "" = it can."""
        return codecs.lacks(codec)

    async def open(self, host: str) -> RtpStream:
        """A stream on a free even port of `host` (a local IP address), its RTCP on the port after.

        Raises LineError when the engine is closed or no port is free.
        """
        if self._closing or self._stopping:
            raise LineError("media: the engine is closed")
        local, control = self._bind(host)
        session = Session(
            self._rng.getrandbits(32), self._rng.getrandbits(16), self._rng.getrandbits(32), self._quiet_dbov
        )
        stream = RtpStream(
            local, control, self._rng, session, self._writer, self._post, self._depart, self._lock, self._steady
        )
        self._open.add(stream)
        self._arriving.append(stream)
        self._wake.set()
        return stream

    async def aclose(self) -> None:
        """Close every stream, end both threads. Safe to call twice."""
        self._closing = True
        while self._open:
            await asyncio.gather(*(stream.close() for stream in list(self._open)))
        self._stopping = True
        self._wake.set()
        await asyncio.to_thread(self._join)

    def _join(self) -> None:
        self._thread.join()
        self._writer.stop()

    def _bind(self, host: str) -> tuple[socket.socket, socket.socket]:
        """For audio on an even port, and for RTCP on the next one (RFC 3550 section 11)."""
        first, last = self._ports
        family = _family(host)
        for _ in range(first, last + 1, 2):
            port = self._next_port
            self._next_port = port + 2 if port + 2 <= last else first
            pair: list[socket.socket] = []
            try:
                for one in (port, port + 1):
                    pair.append(socket.socket(family, socket.SOCK_DGRAM))
                    pair[-1].setblocking(False)
                    pair[-1].bind((host, one))
            except OSError as error:
                for opened in pair:
                    opened.close()
                if error.errno != errno.EADDRINUSE:
                    raise LineError(f"media: no socket on {host}: {error.strerror}") from error
                continue
            return pair[0], pair[1]
        raise LineError(
            f"media: every pair of ports {first}-{last + 1} of {host} is taken: widen the range or place fewer calls"
        )

    def _depart(self, stream: RtpStream) -> None:
        self._open.discard(stream)
        self._departing.append(stream)
        self._wake.set()
        if self._ended:
            stream.tick_gone()

    # ------------------------------------------------------------ to the event loop

    def _post(self, action: Callable[[], None]) -> None:
        """From any thread: run in the event loop; never dropped."""
        self._events.append(action)
        self._schedule()

    def _schedule(self) -> None:
        if self._scheduled:
            return
        self._scheduled = True
        try:
            self._loop.call_soon_threadsafe(self._deliver)
        except RuntimeError:  # the loop is closed, nobody is left to tell
            self._stopping = True

    def _deliver(self) -> None:
        self._scheduled = False
        while self._events:
            self._guarded(self._events.popleft())
        while self._frames:
            delivery = self._frames.popleft()
            tick, (streams, pcm, energies) = delivery.tick, delivery.heard
            for stream, frame, loudness in zip(streams, pcm, energies, strict=True):
                if (hear := stream.hear) is not None:
                    try:
                        hear(Frame(tick - stream.first_tick, frame, False, loudness))
                    except Exception as error:  # noqa: BLE001 - a listener's fault must not deafen other calls; it is reported
                        self._complain("a listener of audio frames failed", error)
            for stream, one in delivery.others:
                if (hear := stream.hear) is not None:
                    try:
                        hear(one)
                    except Exception as error:  # noqa: BLE001 - as above
                        self._complain("a listener of audio frames failed", error)

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - as above
            self._complain("a listener of media events failed", error)

    def _complain(self, message: str, error: Exception) -> None:
        self._loop.call_exception_handler({"message": f"media: {message}", "exception": error})

    # ------------------------------------------------------------ the tick thread

    def _run(self) -> None:
        streams: list[RtpStream] = []
        try:
            self._keep_time(streams)
        finally:
            self._stopping = self._ended = True
            self._come_and_go(streams)
            for stream in streams:
                self._end(stream)
            self._steady.close()

    def _keep_time(self, streams: list[RtpStream]) -> None:
        tick = 0
        due = time.monotonic()
        while not self._stopping:
            self._come_and_go(streams)
            if not streams:
                self._wake.wait()
                self._wake.clear()
                due = time.monotonic()
                continue
            now = time.monotonic()
            if now < due:
                time.sleep(due - now)
            else:
                skipped = self._behind(now - due)
                for stream in streams if skipped else ():
                    stream.tick_skip(skipped)
                tick += skipped
                due += skipped * _TICK_S
            self._tick(streams, tick)
            tick += 1
            due += _TICK_S

    def _come_and_go(self, streams: list[RtpStream]) -> None:
        """Who goes is taken out of its queue before those who come: whoever goes has come before, so it is here by then. The other way round,
        one that came and went in between would come after it had gone, and stay for ever."""
        gone: list[RtpStream] = []
        while self._departing:
            gone.append(self._departing.popleft())
        while self._arriving:
            streams.append(self._arriving.popleft())
        for stream in gone:
            if stream in streams:
                streams.remove(stream)
                self._end(stream)
            else:
                stream.tick_gone()

    def _behind(self, late_s: float) -> int:
        """Count a late tick; how many to give up."""
        behind = int(late_s / _TICK_S)
        self.stats.worst_ms = max(self.stats.worst_ms, late_s * 1000)
        self.stats.late += behind > 0
        skipped = max(0, behind - _CATCH_UP)
        self.stats.skipped += skipped
        return skipped

    def _tick(self, streams: list[RtpStream], tick: int) -> None:
        """Steady streams send first: their packets leave at the same moment of each tick, whatever came in."""
        cpu = time.thread_time()
        senders = self._steady.send(streams)
        now_ms = time.monotonic() * 1000
        heard, receivers, back = self._steady.receive(streams, now_ms)
        self._each(receivers, streams, lambda stream: stream.tick_receive(now_ms))
        self._each(back, streams, lambda stream: stream.tick_take(now_ms))
        receivers += back
        self._decode(receivers)
        mixing.step(senders)
        self._each(senders, streams, lambda stream: stream.tick_send())
        self._hand_over(_Delivery.of(tick, heard, receivers))
        together, among = self._steady.recorded_frames(heard, tick)
        if together is not None:
            self._writer.put_together(together)
        taken = [
            Taken(recording, tick, stream.heard_pcm, stream.said, stream.sent_codec)
            for stream in streams
            if (recording := stream.recording) is not None and stream not in among
        ]
        if taken:
            self._writer.put(taken)
        self._steady.admit({*receivers, *senders}, tick)
        self.stats.ticks += 1
        self.stats.cpu_s += time.thread_time() - cpu

    def _end(self, stream: RtpStream) -> None:
        with self._lock:
            self._steady.forget(stream)
        stream.tick_close()

    def _each(self, some: list[RtpStream], streams: list[RtpStream], action: Callable[[RtpStream], None]) -> None:
        """A fault of ours in one stream ends that stream, not the others."""
        for stream in some:
            if stream.fileno() < 0:  # ended earlier in this tick
                continue
            try:
                action(stream)
            except Exception as error:  # noqa: BLE001 - reported to the loop's exception handler
                self.stats.failed += 1
                streams.remove(stream)
                unbridge(stream)
                if (mix := stream.mix) is not None:
                    self._post(mix.end)
                self._end(stream)
                self._post(lambda error=error: self._complain("a stream failed and was ended", error))  # type: ignore[misc]

    def _decode(self, streams: list[RtpStream]) -> None:
        for codec in get_args(Codec):
            batch = [stream for stream in streams if stream.heard is not None and stream.heard_codec == codec]
            if not batch:
                continue
            encoded = b"".join([stream.heard for stream in batch if stream.heard is not None])
            pcm = g711.DECODE[codec][np.frombuffer(encoded, np.uint8)].reshape(-1, FRAME_SAMPLES)
            pcm.flags.writeable = False
            for stream, frame in zip(batch, pcm, strict=True):
                stream.heard_pcm = frame
                stream.concealer.good(frame)
        for stream in streams:
            if stream.heard is None:
                stream.heard_pcm = stream.concealer.conceal()

    def _hand_over(self, delivery: _Delivery) -> None:
        if not delivery.listened:
            return
        self._frames.append(delivery)
        if len(self._frames) > _UNDELIVERED:
            with suppress(IndexError):  # the loop woke up and took them all
                for stream in self._frames.popleft().streams:
                    if stream.hear is not None:
                        stream.session.stats.dropped += 1
                        self.stats.dropped += 1
        self._schedule()


@lru_cache(64)
def _family(host: str) -> socket.AddressFamily:
    try:
        return socket.getaddrinfo(host, 0, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)[0][0]
    except OSError as error:
        raise LineError(f"media: {host!r} is no local IP address") from error


class _Delivery(NamedTuple):
    """What was heard in one tick. Frames of steady streams are made where they are listened to."""

    tick: int
    heard: HeardFrames
    others: list[tuple[RtpStream, Frame]]

    @classmethod
    def of(cls, tick: int, heard: HeardFrames, others: list[RtpStream]) -> _Delivery:
        """heard: of the steady streams; the others tell for themselves."""
        if not others:
            return cls(tick, heard, [])
        pcm = [stream.heard_pcm for stream in others]
        frames = []
        for stream, one, loudness in zip(others, pcm, energy(np.stack(pcm)).tolist(), strict=True):
            if stream.first_tick < 0:
                stream.first_tick = tick
            frames.append((stream, Frame(tick - stream.first_tick, one, stream.heard is None, loudness)))
        return cls(tick, heard, frames)

    @property
    def streams(self) -> Iterator[RtpStream]:
        yield from self.heard.streams
        for stream, _ in self.others:
            yield stream

    @property
    def listened(self) -> bool:
        """Somebody wants to hear it."""
        return any(stream.hear is not None for stream in self.streams)
