"""A fake bad network for audio: each stream of an engine behind a relay that loses, repeats and reorders RTP and RTCP both ways.

    stream HOST:P, P+1  <->  relay PEER_FACE:P, P+1 | relay LINE_FACE:P, P+1  <->  the peer's audio

The line advertises LINE_FACE (see `lossy_proxy`), so the peer's audio comes to the relay by what SDP says; what SDP says of the peer is
given to the stream as the relay's other side.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

from callwright.telephony.port import WireCodec
from callwright.telephony.rtp.engine import RtpEngine, RtpStream
from callwright.testing.lossy_proxy import LINE_FACE, PEER_FACE, Fate, Passage

__all__ = ["LossyMedia"]


class _Lane:
    """The relay of one port: of audio or of its RTCP."""

    def __init__(self, media: LossyMedia, stack: ExitStack, host: str, port: int) -> None:
        self.remote: tuple[str, int] | None = None
        self.refused = 0  # datagrams nobody took: the other side has closed its port
        self._loop = asyncio.get_running_loop()
        self._local = (host, port)
        self._near, self._far = (stack.enter_context(_bound(face, port)) for face in (media.peer_face, media.line_face))
        self._fates = media.outward_fate, media.inward_fate
        for here in (self._near, self._far):
            self._loop.add_reader(here, self._read, here)
            stack.callback(self._loop.remove_reader, here)

    def _read(self, here: socket.socket) -> None:
        try:
            data, source = here.recvfrom(2_048)
        except (BlockingIOError, ConnectionError):
            return
        if here is self._far:
            self._pass(1, self._near, data, self._local)
        elif source == self._local and self.remote is not None:
            self._pass(0, self._far, data, self.remote)

    def _pass(self, way: int, over: socket.socket, data: bytes, to: tuple[str, int]) -> None:
        for delay_ms in self._fates[way].delays_ms():
            self._loop.call_later(delay_ms / 1000, self._send, over, data, to)

    def _send(self, over: socket.socket, data: bytes, to: tuple[str, int]) -> None:
        if over.fileno() < 0:  # the call is over
            return
        try:
            over.sendto(data, to)
        except OSError:
            self.refused += 1


class LossyMedia:
    """An engine whose streams are all behind relays; outward (from us) and inward: counts over all of them, RTCP included."""

    def __init__(self, engine: RtpEngine, stack: ExitStack, seed: str, faces: tuple[str, str], share: float) -> None:
        self.line_face, self.peer_face = faces
        self.outward_fate, self.inward_fate = (
            Fate(f"{seed} audio {way}", share, share, share, (5, 40)) for way in "oi"
        )
        self._engine, self._stack = engine, stack

    @classmethod
    @asynccontextmanager
    async def of(
        cls, engine: RtpEngine, seed: str, faces: tuple[str, str] = (LINE_FACE, PEER_FACE), share: float = 0.1
    ) -> AsyncIterator[LossyMedia]:
        """`engine` behind relays; faces as in `LossyProxy.open`; share: of lost, repeated and reordered packets each."""
        with ExitStack() as stack:
            yield cls(engine, stack, seed, faces, share)

    @property
    def outward(self) -> Passage:
        return self.outward_fate.passage

    @property
    def inward(self) -> Passage:
        return self.inward_fate.passage

    def lacks(self, codec: WireCodec) -> str:
        """See `MediaEngine`."""
        return self._engine.lacks(codec)

    async def open(self, host: str) -> RtpStream:
        """See `MediaEngine`."""
        stream = await self._engine.open(host)
        port = stream.local_port
        audio, control = (_Lane(self, self._stack, host, at) for at in (port, port + 1))
        configure, use_rtcp = stream.configure, stream.use_rtcp
        told: list[int | None] = [None]

        def use(port: int | None = None, *, mux: bool = False) -> None:
            told[0] = port
            use_rtcp(None, mux=mux)

        def behind_relay(remote: tuple[str, int], *rest: Any, **more: Any) -> None:
            audio.remote, control.remote = remote, (remote[0], told[0] or remote[1] + 1)
            configure((self.peer_face, port), *rest, **more)

        stream.__dict__.update(configure=behind_relay, use_rtcp=use)  # of this one stream
        return stream


def _bound(host: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.bind((host, port))
    return made
