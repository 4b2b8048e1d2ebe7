"""The sound of a browser on the media engine: packets of G.711 over loopback, as a telephone would send them.

    engine stream  <- RTP on 127.0.0.1 ->  Wire  <- frames ->  WebRTC

Inbound audio of a browser is decoded by then; what goes out to it is passed on as it is: it speaks G.711 A-law too (RFC 7874 section 3 makes
every browser able to).
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from fractions import Fraction
from typing import Any, cast

import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, AudioResampler, Packet

from callwright.telephony.port import FRAME_SAMPLES, SAMPLE_RATE, Pcm
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.rtp.packet import RtpPacket, is_rtcp, parse, serialise
from callwright.telephony.rtp.stream import RtpStream

__all__ = ["Wire"]

_HOST = "127.0.0.1"
_PCMA = 8
_WAITING = 10  # frames (200 ms) that wait for a slow connection; older ones are dropped


class Wire(asyncio.DatagramProtocol):
    """A telephone without a person: `track` gives what the engine sends, `speak` sends what a browser says."""

    def __init__(self) -> None:
        self.track = _Heard()
        self.stream: RtpStream
        self._transport: asyncio.DatagramTransport
        self._ssrc = secrets.randbits(32)
        self._sent = 0
        self._rest: Pcm = np.zeros(0, np.int16)
        self._resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)

    @classmethod
    async def open(cls, engine: RtpEngine) -> Wire:
        """A stream of the engine, and this at its other end. Raises LineError: the engine is closed or has no port."""
        stream = await engine.open(_HOST)
        loop = asyncio.get_running_loop()
        remote = (_HOST, stream.local_port)
        _, wire = await loop.create_datagram_endpoint(cls, local_addr=(_HOST, 0), remote_addr=remote)
        wire.stream = stream
        stream.use_rtcp(mux=True)
        stream.configure(wire._transport.get_extra_info("sockname")[:2], "PCMA", _PCMA, None)
        return wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, source: tuple[str | Any, int]) -> None:
        if is_rtcp(data):
            return
        packet = parse(data)
        if packet is not None and packet.payload_type == _PCMA:
            self.track.put(packet.payload)

    def error_received(self, error: Exception) -> None:
        """The engine has closed its socket: it says so by closing the leg."""

    def speak(self, frame: AudioFrame) -> None:
        """Send what a browser said, in packets of 20 ms."""
        for part in self._resampler.resample(frame):
            pcm = part.to_ndarray().reshape(-1).astype(np.int16, copy=False)
            self._rest = np.concatenate([self._rest, pcm]) if self._rest.size else pcm
        while self._rest.size >= FRAME_SAMPLES:
            audio, self._rest = self._rest[:FRAME_SAMPLES], self._rest[FRAME_SAMPLES:]
            count = self._sent
            packet = RtpPacket(
                _PCMA, count & 0xFFFF, count * FRAME_SAMPLES & 0xFFFFFFFF, self._ssrc, g711.encode(audio, "PCMA")
            )
            self._transport.sendto(serialise(packet))
            self._sent += 1

    async def listen_to(self, track: MediaStreamTrack) -> None:
        """Send all that comes from a browser, until it stops."""
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if isinstance(frame, AudioFrame):
                self.speak(frame)

    async def close(self) -> None:
        """Let go of the stream and the socket."""
        self.track.stop()
        self._transport.close()
        await self.stream.close()


class _Heard(MediaStreamTrack):
    """What the engine sends, encoded as it is."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._payloads: deque[bytes] = deque(maxlen=_WAITING)
        self._came = asyncio.Event()
        self._samples = 0

    def put(self, payload: bytes) -> None:
        self._payloads.append(payload)
        self._came.set()

    async def recv(self) -> Packet[Any]:
        while not self._payloads:
            if self.readyState != "live":
                raise MediaStreamError
            self._came.clear()
            await self._came.wait()
        payload = self._payloads.popleft()
        packet = Packet(payload)
        packet.pts, packet.time_base = self._samples, Fraction(1, SAMPLE_RATE)
        self._samples += len(payload)
        return packet

    def stop(self) -> None:
        super().stop()
        self._came.set()
