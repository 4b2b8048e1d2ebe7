"""Media load of one process: N calls of G.711 both ways through the real engine, against a peer process on another core.

Every call is listened to (decoded frames with their energy in the event loop) and plays without a pause. Told apart are the processor time
of the tick thread and that of the whole process, what the far side saw (spacing of our packets, loss), and whether the peer kept up.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from callwright.bench.machine import pin, urgent
from callwright.bench.media_peer import HOST, SHARE
from callwright.bench.report import Figure, Report, machine
from callwright.errors import Place, Problem, SettingsError
from callwright.telephony.port import Frame
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.core import used
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.rtp.inbound import PACKET
from callwright.telephony.rtp.stream import RtpStream

__all__ = ["Bare", "Load", "bare_us", "run"]

_Found = TypeVar("_Found")

_WARM_S = 3.0  # a peer is believed for good after its first second
_SECOND = 50  # frames
_BARE_S = 4.0
_BARE_WARM_S = 1.0
_LOUD = 1_000_000.0  # mean square of voice
_SATURATED_BUSY = 0.9
_SATURATED_LATE_MS = 10.0


@dataclass(frozen=True, slots=True)
class Load:
    """One measured number of calls. tick_us, process_us: processor time per call and tick of the tick thread and of the whole process;
    p50..p999: |distance of our packets - 20 ms| at the peer, ms; lost, unheard: share of packets, ours and theirs; voiced: share of
    frames found loud (the peer speaks half of the time)."""

    calls: int
    tick_us: float
    process_us: float
    p50: float
    p99: float
    p999: float
    lost: float
    unheard: float
    voiced: float
    late: int
    skipped: int
    worst_ms: float
    peer_busy: float
    peer_late_ms: float
    peer_dropped: int

    @property
    def saturated(self) -> bool:
        """The peer was the bottleneck: its figures say nothing about the engine."""
        return self.peer_busy > _SATURATED_BUSY or self.peer_late_ms > _SATURATED_LATE_MS or self.peer_dropped > 0


@dataclass(frozen=True, slots=True)
class Bare:
    """So many connected sockets, one `send` and one `recv` each every 20 ms, against the same peer, and no other work: processor time of
    each, us per call and tick."""

    calls: int
    send_us: float
    recv_us: float


class _Caller:
    """One call: listens to energy, plays a second of audio at a time."""

    __slots__ = ("_audio", "_phase", "_stream", "frames", "loud")

    def __init__(self, stream: RtpStream, audio: bytes) -> None:
        self._stream = stream
        self._audio = audio
        self._phase = -1
        self.frames = 0
        self.loud = 0
        stream.play(audio, "0")
        stream.listen(self.hear, lambda key: None)

    def hear(self, frame: Frame) -> None:
        self.frames += 1
        if frame.energy is not None and frame.energy > _LOUD:
            self.loud += 1
        if self._phase < 0:
            self._phase = frame.index % _SECOND
        if frame.index % _SECOND == self._phase:
            self._stream.play(self._audio, str(frame.index))


def run(
    calls: Sequence[int],
    seconds: float,
    *,
    realtime: bool = False,
    core: str = "auto",
    say: Callable[[str], None] = lambda part: None,
) -> Report:
    """Measure each number of calls for `seconds`; core: what moves the packets (`RtpEngine.start`). Raises SettingsError where it cannot run
    (not Linux, too few open files), LineError where there is no compiled core and it was asked for."""
    if not sys.platform.startswith("linux"):
        raise _cannot("bench media needs Linux (sendmmsg, kernel time stamps)", "Run it on Linux.")
    say("the bare system calls")
    figures = [Figure("send and recv of one packet, nothing else", bare_us(), "us")]
    for count in calls:
        say(f"{count} calls for {seconds:g} s")
        figures += _bare_figures(asyncio.run(_measure(count, min(seconds, _BARE_S), realtime, _bare)))
        figures += _figures(asyncio.run(_measure(count, seconds, realtime, partial(_against, core=core))))
    return Report("media", f"{machine()}, core: {used(core)}", tuple(figures))


def bare_us(sockets: int = 200, rounds: int = 7) -> float:
    """Processor time of one `send` and one `recv` between connected sockets of this process, the least of some rounds: what no engine
    with a socket per call can go below. The real calls cost more, their sockets are touched by another core in between."""
    with ExitStack() as stack:
        pairs = []
        for _ in range(sockets):
            one, other = (stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2))
            one.bind((HOST, 0))
            other.bind((HOST, 0))
            one.connect(other.getsockname())
            other.connect(one.getsockname())
            pairs.append((one.send, other.recv))
        packet = bytes(PACKET)
        best = float("inf")
        for _ in range(rounds):
            begin = time.thread_time()
            for send, _receive in pairs:
                send(packet)
            for _send, receive in pairs:
                receive(2048)
            best = min(best, time.thread_time() - begin)
    return best / sockets * 1e6


def _bare_figures(bare: Bare) -> Iterator[Figure]:
    name = f"{bare.calls} sockets, nothing else"
    yield Figure(f"{name}: send + recv", bare.send_us + bare.recv_us, "us/call")
    yield Figure(f"{name}: send", bare.send_us, "us/call")


def _figures(load: Load) -> Iterator[Figure]:
    """Rows of one load; judged at 1,200 calls and below when the peer kept up."""
    name, judged = f"{load.calls} calls", load.calls <= 1200 and not load.saturated
    if load.saturated:
        yield Figure(f"{name}: peer saturated, not judged", load.peer_busy * 100, "% busy")
    yield Figure(f"{name}: tick", load.tick_us, "us/call", 6 if judged else None, "most" if judged else "none")
    yield Figure(f"{name}: whole process", load.process_us, "us/call")
    yield Figure(f"{name}: spacing p50", load.p50, "ms")
    yield Figure(f"{name}: spacing p99", load.p99, "ms", 5 if judged else None, "most" if judged else "none")
    yield Figure(f"{name}: spacing p99.9", load.p999, "ms")
    yield Figure(f"{name}: ours lost", load.lost * 100, "%", 0.1 if judged else None, "most" if judged else "none")
    yield Figure(f"{name}: theirs lost", load.unheard * 100, "%", 0.1 if judged else None, "most" if judged else "none")
    yield Figure(f"{name}: found loud", load.voiced * 100, "%")
    yield Figure(f"{name}: late ticks", load.late, "")
    yield Figure(f"{name}: skipped ticks", load.skipped, "")
    yield Figure(f"{name}: worst tick", load.worst_ms, "ms late")
    yield Figure(f"{name}: peer late p99", load.peer_late_ms, "ms")


async def _measure(
    calls: int, seconds: float, realtime: bool, how: Callable[[_Peer, int, float, bool], Awaitable[_Found]]
) -> _Found:
    peer = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "callwright.bench.media_peer",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        with _own_core(calls, realtime):
            return await how(_Peer(peer), calls, seconds, realtime)
    finally:
        if peer.returncode is None:
            peer.kill()
        await peer.wait()


class _Peer:
    """The peer process, a line of JSON each way at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin, process.stdout

    async def tell(self, what: Any) -> None:
        self._in.write(json.dumps(what).encode() + b"\n")
        await self._in.drain()

    async def hear(self) -> Any:
        line = await self._out.readline()
        if not line:
            raise _cannot("the peer process of bench media ended early", "See its message above.")
        return json.loads(line)


async def _bare(peer: _Peer, calls: int, seconds: float, realtime: bool) -> Bare:
    await peer.tell({"calls": calls, "warm": _BARE_WARM_S, "seconds": seconds, "realtime": realtime})
    theirs = await peer.hear()
    with ExitStack() as stack:
        sockets = []
        for n in range(calls):
            one = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            one.setblocking(False)
            one.bind((HOST, 0))
            one.connect((HOST, theirs[n // SHARE]))
            sockets.append(one)
        await peer.tell([one.getsockname()[1] for one in sockets])
        return await asyncio.to_thread(_bare_loop, sockets, seconds)


def _bare_loop(sockets: Sequence[socket.socket], seconds: float) -> Bare:
    packet = bytes(PACKET)
    warm = int(_BARE_WARM_S * _SECOND)
    ticks = warm + int(seconds * _SECOND)
    sends, receives = [one.send for one in sockets], [one.recv for one in sockets]
    sent = received = 0.0
    due = time.monotonic()
    for tick in range(ticks):
        due += 0.02
        time.sleep(max(0.0, due - time.monotonic()))
        begin = time.thread_time()
        for send in sends:
            try:  # noqa: SIM105 - `suppress` would take as long as what is measured
                send(packet)
            except OSError:  # the peer has ended, or its buffer is full
                pass
        between = time.thread_time()
        for receive in receives:
            try:  # noqa: SIM105 - as above
                receive(2048)
            except OSError:  # it did not send in this tick
                pass
        end = time.thread_time()
        if tick >= warm:
            sent += between - begin
            received += end - between
    units = (ticks - warm) * len(sockets)
    return Bare(len(sockets), sent / units * 1e6, received / units * 1e6)


async def _against(peer: _Peer, calls: int, seconds: float, realtime: bool, *, core: str = "auto") -> Load:
    await peer.tell({"calls": calls, "warm": _WARM_S, "seconds": seconds, "realtime": realtime})
    theirs = await peer.hear()
    audio = g711.encode((6000 * np.sin(np.arange(8000) * 0.2)).astype(np.int16), "PCMA")
    async with RtpEngine.start(core=core) as engine:
        streams = [await engine.open(HOST) for _ in range(calls)]
        for n, stream in enumerate(streams):
            stream.configure((HOST, theirs[n // SHARE]), "PCMA", 8, 101)
        callers: list[_Caller] = []
        for phase in range(_SECOND):  # calls do not all begin to speak in the same tick
            callers += [_Caller(stream, audio) for stream in streams[phase::_SECOND]]
            await asyncio.sleep(0.02)
        await peer.tell([stream.local_port for stream in streams])
        await asyncio.sleep(_WARM_S)
        for caller in callers:
            caller.frames = caller.loud = 0
        stats, process = engine.stats, time.process_time()
        cpu, ticks, late, skipped = stats.cpu_s, stats.ticks, stats.late, stats.skipped
        stats.worst_ms = 0.0
        await asyncio.sleep(seconds - 0.5)
        process = time.process_time() - process
        cpu, ticks, late, skipped = stats.cpu_s - cpu, stats.ticks - ticks, stats.late - late, stats.skipped - skipped
        worst = stats.worst_ms
        frames, loud = sum(c.frames for c in callers), sum(c.loud for c in callers)
        seen = await peer.hear()
        await asyncio.sleep(0.1)  # what it sent last is read
        received = sum(stream.stats.received for stream in streams)
    units = max(1, ticks * calls)
    return Load(
        calls=calls,
        tick_us=cpu / units * 1e6,
        process_us=process / units * 1e6,
        p50=seen["p50"],
        p99=seen["p99"],
        p999=seen["p999"],
        lost=max(0.0, 1 - (seen["came"] + seen["dropped"]) / max(1, seen["expected"])),
        unheard=max(0.0, 1 - received / max(1, seen["sent"])),
        voiced=loud / max(1, frames),
        late=late,
        skipped=skipped,
        worst_ms=worst,
        peer_busy=seen["busy"],
        peer_late_ms=seen["late_p99"],
        peer_dropped=seen["dropped"] + seen["refused"],
    )


@contextmanager
def _own_core(calls: int, realtime: bool) -> Iterator[None]:
    """This process on core 0, with enough open files; all as before afterwards."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * calls + 100
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise _cannot(f"{calls} calls need {needed} open files, this system allows {hard}", "Raise ulimit -n.")
    cores = os.sched_getaffinity(0)
    policy, parameter = os.sched_getscheduler(0), os.sched_getparam(0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed) if soft != resource.RLIM_INFINITY else soft, hard))
    pin(0)
    if realtime:
        urgent()
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
        os.sched_setscheduler(0, policy, parameter)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _cannot(what: str, mend: str) -> SettingsError:
    return SettingsError(Problem("bench-media", what, Place("bench media"), mend))
