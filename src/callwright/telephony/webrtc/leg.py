"""A browser as a leg: it made an offer (SDP), we answer, and once the two are connected it is an answered call of one of our own people."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs import get_capabilities
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError
from aiortc.mediastreams import MediaStreamTrack

from callwright.errors import LineError
from callwright.telephony.caller import Caller
from callwright.telephony.port import LegAnswered, LegDtmf, LegEnded, LegEvent, Media
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.webrtc.sound import Wire

__all__ = ["CONNECT_S", "BrowserLeg"]

CONNECT_S = 15.0
"""For the connection after the answer: then nobody is there."""
_ANSWER_S = 10.0
_LONGEST = 32_768
_CODECS = ("audio/PCMA", "audio/PCMU")


class BrowserLeg:
    """See `telephony.port.IncomingLeg`. lost: called once when the connection breaks without anybody having hung up, before the leg tells its
    end."""

    caller = called = ""
    origin = Caller()

    def __init__(self, call_id: str, peer: RTCPeerConnection, wire: Wire, lost: Callable[[], None]) -> None:
        self.call_id = call_id
        self.media: Media | None = None
        self._peer, self._wire, self._lost = peer, wire, lost
        self._events: asyncio.Queue[LegEvent] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self._over = False
        self._over_now = asyncio.Event()
        self._there = asyncio.Event()
        self._hearing: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._patience = self._loop.call_later(CONNECT_S, self._end, "timeout", "network", "no connection came")
        peer.on("track", self._on_track)
        peer.on("connectionstatechange", self._on_state)

    @classmethod
    async def answer_to(
        cls, engine: RtpEngine, offer: str, call_id: str, lost: Callable[[], None], ice: Sequence[str] = ()
    ) -> tuple[BrowserLeg, str]:
        """The leg, and the answer for the browser. ice: STUN and TURN servers; none are needed within one network.

        Raises:
            LineError: the offer is none, has no audio we can speak, or no port is free.
        """
        if len(offer) > _LONGEST or "m=audio" not in offer or "m=video" in offer:
            raise LineError("webrtc: an offer of one audio stream is needed")
        wire = await Wire.open(engine)
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[_server(one) for one in ice]))
        leg = cls(call_id, peer, wire, lost)
        try:
            async with asyncio.timeout(_ANSWER_S):
                return leg, await leg._answer(offer)
        except (ValueError, InvalidAccessError, InvalidStateError, OperationError, KeyError, IndexError) as error:
            await leg.hangup("refused")
            raise LineError(f"webrtc: the offer cannot be used: {error or type(error).__name__}") from None
        except BaseException as error:
            await leg.hangup("refused")
            if isinstance(error, TimeoutError):
                raise LineError("webrtc: the offer took too long") from None
            raise

    async def _answer(self, offer: str) -> str:
        transceiver = self._peer.addTransceiver(self._wire.track, direction="sendrecv")
        known = get_capabilities("audio").codecs
        transceiver.setCodecPreferences([codec for name in _CODECS for codec in known if codec.mimeType == name])
        await self._peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await self._peer.setLocalDescription(await self._peer.createAnswer())
        return self._peer.localDescription.sdp

    # ------------------------------------------------------------ a leg

    async def events(self, *, signals: bool = False) -> AsyncIterator[LegEvent]:
        """See Leg: LegAnswered once the browser is connected, LegDtmf for keys that were pressed, LegEnded."""
        while True:
            event = await self._events.get()
            yield event
            if isinstance(event, LegEnded):
                return

    async def ring(self) -> None:
        """It has called us: there is nobody to ring."""

    async def answer(self) -> None:
        """It was answered when its offer was."""

    async def reject(self, code: int, reason: str = "") -> None:
        """See IncomingLeg."""
        await self.hangup(reason)

    async def hangup(self, reason: str = "") -> None:
        """See Leg. Returns when the browser is let go and the stream is closed."""
        self._end("bye", "us", reason)
        if self._closing is not None:
            await asyncio.shield(self._closing)

    async def leave(self) -> None:
        """Whoever sits at the browser hangs up. Returns when it is let go."""
        self._end("bye", "peer")
        await self.hangup()

    async def connected(self) -> None:
        """Wait until the browser hears us, for `CONNECT_S` at most.

        Raises:
            LineError: it never came, or has gone already.
        """
        await self._there.wait()
        if self._over:
            raise LineError("webrtc: the browser is not there")

    async def gone(self) -> None:
        """Wait until it is over and everything is let go."""
        await self._over_now.wait()
        if self._closing is not None:
            await asyncio.shield(self._closing)

    def press(self, digits: str) -> None:
        """Keys of whoever sits at the browser; nothing while it is not connected."""
        if self.media is not None and not self._over:
            for digit in digits:
                self._events.put_nowait(LegDtmf(self._now_ms(), digit))

    # ------------------------------------------------------------ from the connection

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio" and self._hearing is None:
            self._hearing = asyncio.ensure_future(self._wire.listen_to(track))

    def _on_state(self) -> None:
        match self._peer.connectionState:
            case "connected" if self.media is None and not self._over:
                self._patience.cancel()
                self.media = self._wire.stream
                self._there.set()
                self._events.put_nowait(LegAnswered(self._now_ms()))
            case "failed" | "closed" if not self._over:
                self._lost()
                self._end("bye", "network", "the browser is gone")

    def _end(self, cause: str, by: str, detail: str = "") -> None:
        if self._over:
            return
        self._over = True
        self._there.set()
        self._patience.cancel()
        self._events.put_nowait(LegEnded(self._now_ms(), cause, by, detail))  # type: ignore[arg-type]
        self._closing = asyncio.ensure_future(self._close())
        self._over_now.set()

    async def _close(self) -> None:
        if self._hearing is not None:
            self._hearing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._hearing
        await self._wire.close()
        await self._peer.close()

    def _now_ms(self) -> int:
        return round((self._loop.time() - self._begun) * 1000)


def _server(address: str) -> RTCIceServer:
    """`stun:host:3478`, or `turn:user:password@host:3478`."""
    kind, _, rest = address.partition(":")
    login, _, host = rest.rpartition("@")
    user, _, password = login.partition(":")
    return RTCIceServer(f"{kind}:{host}", user or None, password or None)
