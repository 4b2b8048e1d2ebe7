"""The process of the callers of `bench turns`: people of our own line whose audio goes through sockets of their own, with nothing in between.

    python -m callwright.bench.turns_callers SITUATIONS TRACES LENGTHS --cores 0,1 [--realtime]

SITUATIONS: the folder of the set; LENGTHS: JSON file, frames of each prompt as the robot plays it. Prints a JSON line with its SIP port, then
one for every call that is over; `TRACES/ID.npz` then holds what was sent and what came, with the kernel's time stamps. Ends with its
standard input. One thread sends and receives for all calls every 20 ms; how late it was is told with each call.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from callwright.bench.machine import pin, urgent
from callwright.bench.other_side import tell
from callwright.bench.situations import Situation, read_set
from callwright.bench.turns_performance import Lengths, Performance
from callwright.errors import LineError
from callwright.speech.wav import read_wav
from callwright.telephony.port import Codec, LegEnded
from callwright.telephony.rtp import g711
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipIncomingLeg
from callwright.telephony.wire_audio import WireAudio
from callwright.testing.media import FakeMediaStream

__all__ = ["main"]

HOST = "127.0.0.1"
_TICK_NS = 20_000_000
_SO_TIMESTAMPNS = 35
_HEAD = struct.Struct(">BBHII")


class _Call(FakeMediaStream):
    """The audio of one call. The tick thread sends and receives; everything else happens in the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.bind((HOST, 0))
        super().__init__(self._socket.getsockname()[1])
        self._loop = loop
        self.over = asyncio.Event()
        self._remote: tuple[str, int] | None = None
        self._payload_type = 8
        self._first_stamp: int | None = None
        self._sent: list[int] = []
        self._came: list[tuple[int, int, bytes]] = []
        self.performance: Performance | None = None
        self.done = False
        self.late_ms = 0.0

    def configure(
        self,
        remote: tuple[str, int],
        codec: Codec,
        payload_type: int,
        event_payload_type: int | None,
        direction: str = "sendrecv",
        wire: WireAudio | None = None,
    ) -> None:
        super().configure(remote, codec, payload_type, event_payload_type, direction, wire)
        self._payload_type = payload_type
        self._remote = remote

    def tick(self, due_ns: int) -> None:
        """Take what came, send a frame. due_ns: when this should have happened (monotonic)."""
        performance, remote = self.performance, self._remote
        if performance is None or remote is None or self.done:
            return
        self._receive(performance)
        number = performance.tick_no
        pcm, frame = performance.tick()
        head = _HEAD.pack(
            0x80, self._payload_type | (0x80 if not number else 0), number & 0xFFFF, number * 160, id(self) & 0xFFFFFFFF
        )
        with suppress(OSError):  # the robot has closed its socket: the end of the call is on its way
            self._socket.sendto(head + g711.encode(pcm, self.codec), remote)
        if frame >= 0:
            self._sent.append(time.time_ns())
            self.late_ms = max(self.late_ms, (time.monotonic_ns() - due_ns) / 1e6)
        if performance.over:
            self.done = True
            self._loop.call_soon_threadsafe(self.over.set)

    def _receive(self, performance: Performance) -> None:
        while True:
            try:
                packet, control, _, _ = self._socket.recvmsg(2048, 64)
            except (BlockingIOError, ConnectionRefusedError, OSError):
                return
            if len(packet) < 172 or packet[1] & 0x7F != self._payload_type:
                continue
            stamp = int.from_bytes(packet[4:8], "big")
            if self._first_stamp is None:
                self._first_stamp = stamp
            frame = ((stamp - self._first_stamp + 2**31) % 2**32 - 2**31) // 160
            seconds, nanoseconds = struct.unpack_from("qq", control[0][2])
            self._came.append((frame, seconds * 1_000_000_000 + nanoseconds, packet[12:172]))
            performance.hear(frame, g711.decode(packet[12:172], self.codec))

    def save(self, path: Path) -> None:
        """sent_ns: when each frame of the situation was sent; frame, came_ns, audio: what the robot sent, in order of arrival."""
        np.savez(
            path,
            sent_ns=np.array(self._sent, np.int64),
            frame=np.array([frame for frame, _, _ in self._came], np.int64),
            came_ns=np.array([at for _, at, _ in self._came], np.int64),
            audio=np.frombuffer(b"".join(audio for _, _, audio in self._came), np.uint8).reshape(-1, 160),
            first=np.array(
                [
                    -1
                    if self.performance is None or self.performance.heard_first is None
                    else self.performance.heard_first
                ]
            ),
        )

    async def close(self) -> None:
        await super().close()
        self.done = True
        self._socket.close()


class _Sockets:
    """The media engine of the callers' line, and its tick."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._loop = asyncio.get_running_loop()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="callers", daemon=True)
        self._thread.start()

    def lacks(self, codec: str) -> str:
        return "" if codec in ("PCMA", "PCMU") else "callers of the bench speak G.711 only"

    async def open(self, host: str) -> _Call:
        call = _Call(self._loop)
        self._calls = [one for one in self._calls if not one.done] + [call]
        return call

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        due = time.monotonic_ns()
        while not self._stop.is_set():
            due += _TICK_NS
            now = time.monotonic_ns()
            if due > now:
                time.sleep((due - now) / 1e9)
            for call in self._calls:
                call.tick(due)


async def _take(
    leg: SipIncomingLeg, situations: dict[str, Situation], folder: Path, traces: Path, frames: dict[str, int]
) -> None:
    """One call: answer it, be the person of its situation, hang up, and leave the trace."""
    one = situations[leg.called.rpartition("+")[2][-5:]]
    audio = read_wav(folder / one.audio)
    before = read_wav(folder / one.before) if one.before else np.zeros(0, np.int16)
    await leg.ring()
    await leg.answer()
    call = leg.media
    assert isinstance(call, _Call)
    lengths = Lengths(frames[f"{one.language}-disclosure"], frames[one.prompt])
    call.performance = Performance(one, audio, before, lengths, int(one.id[:3]))
    async with asyncio.TaskGroup() as acts:
        leaving = acts.create_task(_leave(leg, call.over))
        async for event in leg.events():
            if isinstance(event, LegEnded):
                break
        leaving.cancel()
    await asyncio.to_thread(call.save, traces / f"{one.id}.npz")
    tell({"id": one.id, "late_ms": round(call.late_ms, 1), "started": call.performance.started is not None})


async def _leave(leg: SipIncomingLeg, over: asyncio.Event) -> None:
    await over.wait()
    await leg.hangup()


async def serve(folder: Path, traces: Path, frames: dict[str, int]) -> None:
    """Answer calls until standard input ends."""
    known = read_set(folder)
    situations = {f"{number:05d}": one for number, one in enumerate(known.situations)}
    sockets = _Sockets()
    try:
        async with SipLine.open(HOST, engine=sockets, codecs=("PCMA",)) as line, asyncio.TaskGroup() as calls:

            async def attend() -> None:
                async for leg in line.incoming():
                    calls.create_task(_guarded(leg, situations, folder, traces, frames))

            door = calls.create_task(attend())
            tell({"port": line.address[1]})
            await asyncio.to_thread(sys.stdin.read)
            door.cancel()
    finally:
        sockets.stop()


async def _guarded(
    leg: SipIncomingLeg, situations: dict[str, Situation], folder: Path, traces: Path, frames: dict[str, int]
) -> None:
    try:
        await _take(leg, situations, folder, traces, frames)
    except LineError as error:
        sys.stderr.write(f"{error}\n")


def main() -> None:
    """Command line of the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("situations", type=Path)
    parser.add_argument("traces", type=Path)
    parser.add_argument("lengths", type=Path)
    parser.add_argument("--cores", required=True, help="which there are; whoever starts this keeps to the first")
    parser.add_argument("--realtime", action="store_true")
    options = parser.parse_args()
    os.sched_setaffinity(0, {int(core) for core in options.cores.split(",")})
    pin(1)
    if options.realtime:
        urgent()
    frames = json.loads(options.lengths.read_text(encoding="utf-8"))
    asyncio.run(serve(options.situations, options.traces, frames))


if __name__ == "__main__":
    main()
