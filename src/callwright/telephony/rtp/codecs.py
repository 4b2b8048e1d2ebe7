"""Codecs of the wire beside G.711: G.722 and Opus, decoded to and encoded from A-law at 8 kHz. Each object belongs to one stream.

G.722 is the `G722` package; Opus is the system's libopus, loaded when it is first asked for. Both have a memory: packets must be decoded in
the order they were sent, which `InOrder` sees to.
"""

from __future__ import annotations

import functools
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from callwright.errors import WireError
from callwright.telephony.port import FRAME_SAMPLES, Codec, WireCodec
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.resample import Doubler, Halver

__all__ = ["InOrder", "WireDecoder", "WireEncoder", "decoder", "encoder", "lacks"]

_LAW: Codec = "PCMA"
_LONGEST_OPUS = 960  # samples at 8 kHz: 120 ms (RFC 6716 section 3.2.5)
_RESTORED = 5 * FRAME_SAMPLES  # samples of a gap that are made up; a longer one is silence
_BITRATE = 24_000  # narrow band speech with FEC
_EXPECTED_LOSS = 10  # per cent that the FEC is made for
_HELD = 10  # packets kept for one that is missing
_RESTART = 3000  # numbers; as in `SequenceTracker`


class WireDecoder(Protocol):
    """One direction of a codec, from the wire."""

    def decode(self, payload: bytes) -> bytes:
        """A-law of one packet. Raises WireError when the payload is none of this codec."""

    def restore(self, samples: int, following: bytes) -> bytes:
        """A-law to hear for a gap of so many samples before the packet `following`; may be shorter, or empty."""


class WireEncoder(Protocol):
    """One direction of a codec, to the wire."""

    def encode(self, law: bytes) -> bytes:
        """The payload of one packet of 20, 40 or 60 ms of A-law."""


@functools.cache
def lacks(codec: WireCodec) -> str:
    """Why `codec` cannot be spoken on this machine; "" = it can. Loads the library of the codec at the first question."""
    try:
        if codec == "OPUS":
            _opus()
        elif codec == "G722":
            _g722()
    except Exception as error:  # noqa: BLE001 -- the package raises a bare Exception when it finds no libopus, OSError when it is broken
        where = " (Debian: apt install libopus0)" if codec == "OPUS" else ""
        return f"{codec} needs a library that cannot be loaded{where}: {error}"
    return ""


def _opus() -> Any:
    import opuslib_next

    return opuslib_next


def _g722() -> Any:
    from G722 import G722

    return G722(16_000, 64_000)


def decoder(codec: WireCodec) -> WireDecoder:
    """A decoder for G722 or OPUS. Raises WireError when this machine has none."""
    _have(codec)
    return _OpusDecoder() if codec == "OPUS" else _G722Decoder()


def encoder(codec: WireCodec, *, fec: bool = False, max_bitrate: int = 0) -> WireEncoder:
    """An encoder for G722 or OPUS; fec and max_bitrate are what the far side wants of Opus. Raises WireError when there is none."""
    _have(codec)
    return _OpusEncoder(fec, max_bitrate) if codec == "OPUS" else _G722Encoder()


def _have(codec: WireCodec) -> None:
    if reason := lacks(codec):
        raise WireError(f"media: {reason}")


class _G722Decoder:
    def __init__(self) -> None:
        self._codec = _g722()
        self._halve = Halver()

    def decode(self, payload: bytes) -> bytes:
        wide: npt.NDArray[np.int16] = np.asarray(self._codec.decode(payload), np.int16)
        return g711.encode(self._halve(wide), _LAW)

    def restore(self, samples: int, following: bytes) -> bytes:
        return b""  # the last frame fading is as good as it gets; the codec finds its way back within some ms


class _G722Encoder:
    def __init__(self) -> None:
        self._codec = _g722()
        self._double = Doubler()

    def encode(self, law: bytes) -> bytes:
        payload: bytes = self._codec.encode(self._double(g711.decode(law, _LAW)))
        return payload


class _OpusDecoder:
    def __init__(self) -> None:
        self._opus = _opus()
        self._codec = self._opus.Decoder(8000, 1)

    def decode(self, payload: bytes) -> bytes:
        if not payload:
            raise WireError("an Opus packet has at least one byte")
        return self._law(payload, _LONGEST_OPUS, False)

    def restore(self, samples: int, following: bytes) -> bytes:
        """The packet before `following` from its FEC, whatever was lost before that by concealment (RFC 6716 section 4.4)."""
        samples = min(samples, _RESTORED) // 20 * 20  # 2.5 ms
        if samples <= 0:
            return b""
        last = min(samples, FRAME_SAMPLES)
        before = self._law(b"", samples - last, False) if samples > last else b""
        return before + self._law(following, last, True)

    def _law(self, payload: bytes, samples: int, fec: bool) -> bytes:
        try:
            pcm = self._codec.decode(payload, samples, fec)
        except self._opus.OpusError as error:
            raise WireError(f"no Opus: {error}") from error
        return g711.encode(np.frombuffer(pcm, np.int16), _LAW)


class _OpusEncoder:
    def __init__(self, fec: bool, max_bitrate: int) -> None:
        self._codec = _opus().Encoder(8000, 1, "voip")
        self._codec.bitrate = min(_BITRATE, max(max_bitrate, 6_000)) if max_bitrate else _BITRATE
        self._codec.complexity = 5
        self._codec.inband_fec = int(fec)
        self._codec.packet_loss_perc = _EXPECTED_LOSS if fec else 0

    def encode(self, law: bytes) -> bytes:
        payload: bytes = self._codec.encode(g711.decode(law, _LAW).tobytes(), len(law))
        return payload


class InOrder:
    """Packets in, in any order; decoded audio out in the order it was sent, with its place on a clock of 8,000 a second.

    A missing packet is waited for while there is audio to play; then the gap is given up, restored as the codec can. Sequence numbers
    are mod 2**16, timestamps mod 2**32 on the codec's clock. `garbage` counts payloads that could not be decoded.
    """

    def __init__(self, made: WireDecoder, clock_hz: int) -> None:
        self._decoder = made
        self._clock_hz = clock_hz
        self.garbage = 0
        self.reset()

    def reset(self) -> None:
        """A new source: its first packet begins anew."""
        self._waiting: dict[int, tuple[int, bytes]] = {}
        self._next: int | None = None  # sequence number
        self._stamp: int | None = None  # timestamp that was decoded last ...
        self._place = 0  # ... and the same without wrapping
        self._end = 0  # place where the audio decoded so far ends

    def push(self, sequence: int, timestamp: int, payload: bytes) -> None:
        """One packet that came; never twice the same."""
        if self._next is not None:
            step = self._ahead(sequence)
            if abs(step) >= _RESTART:
                self.reset()
            elif step < 0:
                return  # its gap was given up
        self._waiting[sequence] = timestamp, payload

    def decoded(self, starving: bool) -> list[tuple[int, bytes]]:
        """(place at 8 kHz mod 2**32, A-law) of what can be heard now; starving: there is nothing left to play."""
        out: list[tuple[int, bytes]] = []
        while self._waiting:
            if self._next is None:
                first = next(iter(self._waiting))
                self._next = min(self._waiting, key=lambda number: _signed(number - first, 16))
            packet = self._waiting.pop(self._next, None)
            if packet is not None:
                self._next = (self._next + 1) & 0xFFFF
                self._decode(*packet, out)
            elif starving or len(self._waiting) > _HELD:
                self._give_up(out)
                starving = False
            else:
                break
        return out

    def _ahead(self, sequence: int) -> int:
        return _signed(sequence - (self._next or 0), 16)

    def _decode(self, timestamp: int, payload: bytes, out: list[tuple[int, bytes]]) -> None:
        if self._stamp is None:
            self._place = timestamp
        else:
            self._place += _signed(timestamp - self._stamp, 32)
        self._stamp = timestamp
        try:
            law = self._decoder.decode(payload)
        except WireError:
            self.garbage += 1
            return
        self._put(self._place, law, out)

    def _give_up(self, out: list[tuple[int, bytes]]) -> None:
        """Go on with the first packet after the gap."""
        self._next = min(self._waiting, key=self._ahead)
        if self._stamp is None:
            return
        timestamp, payload = self._waiting[self._next]
        gap = self._place + _signed(timestamp - self._stamp, 32) - self._end
        samples = gap * 8000 // self._clock_hz
        if not 0 < samples <= _RESTORED:
            return
        try:
            law = self._decoder.restore(samples, payload)
        except WireError:
            return  # it will be counted when it is decoded
        if law:
            self._put(self._end, law, out)

    def _put(self, place: int, law: bytes, out: list[tuple[int, bytes]]) -> None:
        out.append((place * 8000 // self._clock_hz & 0xFFFFFFFF, law))
        self._end = place + len(law) * self._clock_hz // 8000


def _signed(number: int, bits: int) -> int:
    half = 1 << (bits - 1)
    return (number + half) % (2 * half) - half
