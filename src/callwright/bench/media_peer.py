"""The other side of `callwright bench media`: many G.711 talkers and listeners in one process of their own, as lean as Python allows.

64 talkers share a socket (told apart by our SSRC), so that `sendmmsg` and `recvmmsg` carry a whole batch per system call; each socket has
its own phase within the 20 ms. Arrival times are the kernel's (SO_TIMESTAMPNS). What the peer itself does late or drops is told beside the
result, so that it is never taken for a fault of the engine. Linux only.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import sys
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from callwright.bench.machine import pin, urgent
from callwright.bench.other_side import tell
from callwright.telephony.rtp import g711

__all__ = ["SHARE", "main", "spacing"]

SHARE = 64
"""Talkers per socket."""
HOST = "127.0.0.1"
_TICK_NS = 20_000_000
_PACKET = 172
_ROOM = 256
_CONTROL = 64
_SO_TIMESTAMPNS = 35
_SO_MEMINFO, _DROPS = 55, 8  # socket option of Linux: nine counters, the last is datagrams dropped for want of room
_MSG_DONTWAIT = 0x40
_LOUD = 50  # a second of voice, a second of silence

_U64 = npt.NDArray[np.uint64]


def spacing(
    ssrc: npt.NDArray[np.uint32], sequence: npt.NDArray[np.uint16], at_ns: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], int, int]:
    """Of packets in order of arrival: (|distance of neighbours in a stream - 20 ms| in ms, packets that came, packets that should have
    come between the first and the last of each stream)."""
    order = np.lexsort((np.arange(len(ssrc)), ssrc))
    streams, numbers, times = ssrc[order], sequence[order], at_ns[order]
    same = streams[1:] == streams[:-1]
    step = (numbers[1:] - numbers[:-1]).astype(np.int16)[same]
    expected = int(step.sum()) + len(np.unique(ssrc))
    apart = np.abs((times[1:] - times[:-1])[same][step == 1] - _TICK_NS) / 1e6
    return apart, len(ssrc), expected


class _Talkers:
    """Up to 64 talkers behind one socket."""

    def __init__(self, libc: ctypes.CDLL, ports: list[int], first: int) -> None:
        """ports: of our engine, one a talker; first: SSRC of the first talker."""
        self._libc = libc
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.socket.bind((HOST, 0))
        self.port: int = self.socket.getsockname()[1]
        self._first = first
        self.aim(ports)

    def aim(self, ports: list[int]) -> None:
        """Where the talkers send to."""
        count = max(1, len(ports))
        self._count = len(ports)
        self._out = np.zeros((count, _PACKET), np.uint8)
        self._words = self._out.view(">u4").reshape(count, _PACKET // 4)
        self._words[:, 2] = self._first + np.arange(count)
        self._names = np.zeros((count, 16), np.uint8)
        self._names[:, 0:2] = np.frombuffer(np.uint16(socket.AF_INET).tobytes(), np.uint8)
        for row, port in zip(self._names, ports, strict=False):
            row[2:8] = np.frombuffer(port.to_bytes(2, "big") + socket.inet_aton(HOST), np.uint8)
        time_axis = np.arange(160)
        self._voice = np.frombuffer(g711.encode((6000 * np.sin(time_axis * 0.3)).astype(np.int16), "PCMA"), np.uint8)
        self._send = _headers(self._out, self._names, None)
        self._in = np.zeros((2 * SHARE, _ROOM), np.uint8)
        self._control = np.zeros((2 * SHARE, _CONTROL), np.uint8)
        self._receive = _headers(self._in, None, self._control)
        self._tick = 0

    def speak(self) -> int:
        """One packet of every talker; how many the kernel took."""
        tick = self._tick
        self._tick += 1
        self._words[:, 0] = 0x8008_0000 | (tick & 0xFFFF)
        self._words[:, 1] = tick * 160
        if tick % _LOUD == 0:
            self._out[:, 12:] = self._voice if tick // _LOUD % 2 == 0 else 0xD5
        taken = self._libc.sendmmsg(self.socket.fileno(), self._send.ctypes.data, self._count, _MSG_DONTWAIT)
        return max(0, int(taken))

    def hear(self) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint16], npt.NDArray[np.int64]] | None:
        """(SSRC, sequence, arrival in ns) of what waits, at most 128 packets; None: nothing."""
        self._receive[:, 5] = _CONTROL
        got = self._libc.recvmmsg(self.socket.fileno(), self._receive.ctypes.data, 2 * SHARE, _MSG_DONTWAIT, None)
        if got <= 0:
            return None
        words = self._in[:got, :12].view(">u4")
        stamp = self._control[:got, 16:32].view(np.int64)
        at_ns = stamp[:, 0] * 1_000_000_000 + stamp[:, 1]
        return words[:, 2].astype(np.uint32), (words[:, 0] & 0xFFFF).astype(np.uint16), at_ns

    @property
    def dropped(self) -> int:
        counters = self.socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 36)
        return int(np.frombuffer(counters, np.uint32)[_DROPS])


def _headers(
    packets: npt.NDArray[np.uint8], names: npt.NDArray[np.uint8] | None, control: npt.NDArray[np.uint8] | None
) -> _U64:
    """`struct mmsghdr[]` of a 64-bit Linux as rows of 8 words, one `struct iovec` each. The buffers must outlive it."""
    rows = np.arange(len(packets), dtype=np.uint64)
    vectors = np.empty((len(packets), 2), np.uint64)
    vectors[:, 0] = packets.ctypes.data + rows * np.uint64(packets.strides[0])
    vectors[:, 1] = packets.shape[1]
    headers = np.zeros((len(packets), 8), np.uint64)
    if names is not None:
        headers[:, 0] = names.ctypes.data + rows * np.uint64(names.strides[0])
        headers[:, 1] = names.shape[1]
    headers[:, 2] = vectors.ctypes.data + rows * np.uint64(16)
    headers[:, 3] = 1
    if control is not None:
        headers[:, 4] = control.ctypes.data + rows * np.uint64(control.strides[0])
        headers[:, 5] = control.shape[1]
    _KEEP.append(vectors)
    return headers


_KEEP: list[_U64] = []  # the kernel reads these; Python must not free them


class _Log:
    """Everything that arrived."""

    def __init__(self, room: int) -> None:
        self._ssrc = np.empty(room, np.uint32)
        self._sequence = np.empty(room, np.uint16)
        self._at_ns = np.empty(room, np.int64)
        self.count = 0

    def add(self, ssrc: npt.NDArray[np.uint32], sequence: npt.NDArray[np.uint16], at_ns: npt.NDArray[np.int64]) -> None:
        end = min(self.count + len(ssrc), len(self._ssrc))
        some = end - self.count
        self._ssrc[self.count : end] = ssrc[:some]
        self._sequence[self.count : end] = sequence[:some]
        self._at_ns[self.count : end] = at_ns[:some]
        self.count = end

    def result(self) -> dict[str, Any]:
        used = slice(0, self.count)
        apart, came, expected = spacing(self._ssrc[used], self._sequence[used], self._at_ns[used])
        p50, p99, p999 = np.percentile(apart, [50, 99, 99.9]) if len(apart) else (0.0, 0.0, 0.0)
        return {"came": came, "expected": expected, "p50": float(p50), "p99": float(p99), "p999": float(p999)}


def main() -> None:
    """Talk with `callwright.bench.media`: settings and our ports out on standard output, its ports in, then the result out."""
    order = json.loads(sys.stdin.readline())
    calls, warm, seconds = int(order["calls"]), float(order["warm"]), float(order["seconds"])
    pin(1)
    if order["realtime"]:
        urgent()
    libc = ctypes.CDLL(None)
    libc.sendmmsg.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int]
    libc.recvmmsg.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p]
    groups = [_Talkers(libc, [], first) for first in range(0, calls, SHARE)]
    tell([group.port for group in groups])
    ports = json.loads(sys.stdin.readline())
    for n, group in enumerate(groups):
        group.aim(ports[n * SHARE : (n + 1) * SHARE])
    tell(_talk(groups, calls, warm, seconds))


def _talk(groups: list[_Talkers], calls: int, warm: float, seconds: float) -> dict[str, Any]:
    log = _Log(int(calls * 50 * (seconds + 1) * 1.2))
    begin = time.monotonic_ns()
    measured_from, until = begin + int(warm * 1e9), begin + int((warm + seconds) * 1e9)
    gap = _TICK_NS // len(groups)
    turn, sent, wanted, late = 0, 0, 0, list[float]()
    dropped: int | None = None  # before the measured part: what our engine played when nobody read yet is not its loss
    cpu = time.process_time()
    while (due := begin + turn * gap) < until:
        while (
            now := time.monotonic_ns()
        ) < due:  # asleep, not waiting on sockets: to wake us would cost the engine's core
            time.sleep((due - now) / 1e9)
        group = groups[turn % len(groups)]
        if dropped is None and now >= measured_from:
            dropped = sum(group.dropped for group in groups)
        while (heard := group.hear()) is not None:
            if now >= measured_from:
                log.add(*heard)
        if now >= measured_from:  # before, it reads what piled up while our engine began to play
            late.append((now - due) / 1e6)
        sent += group.speak()
        wanted += group._count
        turn += 1
    cpu = time.process_time() - cpu
    return log.result() | {
        "sent": sent,
        "refused": wanted - sent,
        "late_p99": float(np.percentile(late, 99)) if late else 0.0,
        "busy": cpu / (warm + seconds),
        "dropped": sum(group.dropped for group in groups) - (dropped or 0),
        "core": sorted(os.sched_getaffinity(0)),
    }


if __name__ == "__main__":
    main()
