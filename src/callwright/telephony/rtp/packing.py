"""Frames of 20 ms into the payloads the far side wants: its codec, its packet time. Sans-IO."""

from __future__ import annotations

from callwright.errors import WireError
from callwright.telephony.port import FRAME_MS, SAMPLE_RATE
from callwright.telephony.rtp import codecs
from callwright.telephony.wire_audio import WireAudio

__all__ = ["Packer"]

_PTIMES = (20, 40, 60)


class Packer:
    """One direction of one stream. simple: a frame is a payload as it is (G.711 in 20 ms)."""

    __slots__ = ("_began", "_encoder", "_frames", "_gathered", "event_scale", "frame_units", "simple")

    def __init__(self, wire: WireAudio) -> None:
        """Raises WireError when the codec or the packet time cannot be done."""
        if wire.ptime_ms not in _PTIMES or wire.event_clock_hz % SAMPLE_RATE:
            raise WireError(
                f"media: packets of {wire.ptime_ms} ms or events at {wire.event_clock_hz} Hz cannot be made"
            )
        law = wire.codec in ("PCMU", "PCMA")
        self._encoder = None if law else codecs.encoder(wire.codec, fec=wire.fec, max_bitrate=wire.max_bitrate)
        self._frames = wire.ptime_ms // FRAME_MS
        self.simple = law and self._frames == 1
        self.frame_units = wire.clock_hz * FRAME_MS // 1000
        """Of the RTP clock, in a frame."""
        self.event_scale = wire.event_clock_hz // SAMPLE_RATE
        self._gathered = b""
        self._began = 0

    @property
    def waiting(self) -> bool:
        """A packet has begun and needs more frames."""
        return bool(self._gathered)

    def clear(self) -> None:
        """Forget what waits."""
        self._gathered = b""

    def add(self, frame: bytes, timestamp: int) -> tuple[int, bytes] | None:
        """(timestamp, payload) when a packet is whole with this frame."""
        if self.simple:
            return timestamp, frame
        if not self._gathered:
            self._began = timestamp
        self._gathered += frame
        if len(self._gathered) < self._frames * len(frame):
            return None
        law, self._gathered = self._gathered, b""
        return self._began, law if self._encoder is None else self._encoder.encode(law)
