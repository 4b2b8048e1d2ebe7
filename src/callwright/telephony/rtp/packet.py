"""RTP packets (RFC 3550 section 5.1) and the telephone-event payload (RFC 4733 section 2.3) as values.

`parse` answers None for everything that is not RTP: bytes off the network are never a reason to raise in the tick.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from callwright.errors import WireError

__all__ = ["HEADER", "KEYS", "KeyEvent", "RtpPacket", "is_rtcp", "parse", "parse_event", "serialise", "serialise_event"]

HEADER = struct.Struct("!BBHII")
"""Fixed header: version and flags, marker and payload type, sequence, timestamp, SSRC."""
_EVENT = struct.Struct("!BBH")
KEYS = "0123456789*#ABCD"
"""Key of a telephone-event code (RFC 4733 section 3.2): the index is the code."""


class RtpPacket(NamedTuple):
    """sequence mod 2**16; timestamp mod 2**32 in samples; extension: (profile, words of 4 bytes) or None."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False
    csrc: tuple[int, ...] = ()
    extension: tuple[int, bytes] | None = None


class KeyEvent(NamedTuple):
    """A telephone-event: code 0..255 (0..15 are keys), duration in timestamp units (8 a ms), volume in -dBm0 (0..63)."""

    code: int
    duration: int
    end: bool = False
    volume: int = 10


def is_rtcp(datagram: bytes) -> bool:
    """RTCP that shares the port (RFC 5761 section 4): second byte 192..223."""
    return len(datagram) >= 8 and datagram[0] >> 6 == 2 and 192 <= datagram[1] <= 223


def parse(datagram: bytes) -> RtpPacket | None:
    """The packet, or None when these bytes are no valid RTP version 2 (RTCP included)."""
    if len(datagram) < 12:
        return None
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(datagram)
    if first == 0x80 and not 192 <= second <= 223:  # no padding, extension, CSRC: nearly every packet
        return RtpPacket(second & 0x7F, sequence, timestamp, ssrc, datagram[12:], second >= 0x80)
    if first >> 6 != 2 or 192 <= second <= 223:
        return None
    start = 12 + 4 * (first & 15)
    if len(datagram) < start:
        return None
    csrc = struct.unpack_from(f"!{first & 15}I", datagram, 12)
    extension = None
    if first & 0x10:
        if len(datagram) < start + 4:
            return None
        profile, words = struct.unpack_from("!HH", datagram, start)
        start += 4
        if len(datagram) < start + 4 * words:
            return None
        extension = (profile, datagram[start : start + 4 * words])
        start += 4 * words
    end = len(datagram)
    if first & 0x20:
        padding = datagram[-1] if end > start else 0
        if not 1 <= padding <= end - start:
            return None
        end -= padding
    return RtpPacket(second & 0x7F, sequence, timestamp, ssrc, datagram[start:end], second >= 0x80, csrc, extension)


def serialise(packet: RtpPacket) -> bytes:
    """The packet as bytes, without padding. Raises WireError when a field does not fit."""
    try:
        first = 0x80 | len(packet.csrc) | (0x10 if packet.extension is not None else 0)
        second = packet.payload_type | (0x80 if packet.marker else 0)
        if len(packet.csrc) > 15 or not 0 <= packet.payload_type <= 127:
            raise WireError(f"RTP: payload type {packet.payload_type} or {len(packet.csrc)} CSRC do not fit a header")
        header = HEADER.pack(first, second, packet.sequence, packet.timestamp, packet.ssrc)
        if packet.csrc:
            header += struct.pack(f"!{len(packet.csrc)}I", *packet.csrc)
        if packet.extension is not None:
            profile, words = packet.extension
            if len(words) % 4:
                raise WireError(f"RTP: an extension is made of 4-byte words, got {len(words)} bytes")
            header += struct.pack("!HH", profile, len(words) // 4) + words
    except struct.error as error:
        raise WireError(f"RTP: a field does not fit its width: {error}") from error
    return header + packet.payload


def parse_event(payload: bytes) -> KeyEvent | None:
    """The first telephone-event of a payload, or None when it is too short."""
    if len(payload) < 4:
        return None
    code, flags, duration = _EVENT.unpack_from(payload)
    return KeyEvent(code, duration, bool(flags & 0x80), flags & 0x3F)


def serialise_event(event: KeyEvent) -> bytes:
    """4 bytes; a duration over 65,535 is written as 65,535 (RFC 4733 section 2.5.1.3 would split the event)."""
    flags = (0x80 if event.end else 0) | (event.volume & 0x3F)
    return _EVENT.pack(event.code, flags, min(event.duration, 0xFFFF))
