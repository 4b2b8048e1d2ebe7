"""RTCP packets as values (RFC 3550 section 6): sender and receiver reports, source descriptions, goodbyes, and when to send them.

`parse` answers None for everything that is no compound packet of RFC 3550 appendix A.2: bytes off the network never raise. Types that are
not read here (APP, extended reports, feedback) are stepped over.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from callwright.errors import WireError

__all__ = [
    "CNAME",
    "Bye",
    "Packet",
    "ReceiverReport",
    "ReportBlock",
    "SenderReport",
    "Sources",
    "interval_s",
    "middle",
    "ntp",
    "parse",
    "round_trip_ms",
    "serialise",
]

_SR, _RR, _SDES, _BYE = 200, 201, 202, 203
_HEADER = struct.Struct("!BBH")
_SENDER = struct.Struct("!QIII")
_BLOCK = struct.Struct("!IIIIII")
_MOST = 31  # what the five bits of a count can say
_NTP_EPOCH = 2_208_988_800  # 1970 in seconds since 1900
CNAME = 1
"""Item type of the canonical name, the one every compound packet carries."""


class ReportBlock(NamedTuple):
    """How one source is received. fraction_lost: of the packets since the report before, in 1/256; lost: since the beginning, signed (a
    duplicate is a negative loss), in 24 bits; highest: sequence number with its cycles above; jitter: in timestamp units; lsr: middle 32 bits of
    the NTP time of the last sender report taken (0 = none), dlsr: time since then in 1/65,536 s."""

    ssrc: int
    fraction_lost: int = 0
    lost: int = 0
    highest: int = 0
    jitter: int = 0
    lsr: int = 0
    dlsr: int = 0


class SenderReport(NamedTuple):
    """ntp: 32.32 fixed-point seconds since 1900; timestamp: of our audio at that moment; packets, octets (of payload): sent so far."""

    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()


class ReceiverReport(NamedTuple):
    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


class Sources(NamedTuple):
    """A source description: (SSRC, ((item type, text as bytes), ...)) for each source."""

    chunks: tuple[tuple[int, tuple[tuple[int, bytes], ...]], ...]


class Bye(NamedTuple):
    ssrcs: tuple[int, ...]
    reason: bytes = b""


Packet = SenderReport | ReceiverReport | Sources | Bye


# ---------------------------------------------------------------- bytes


def parse(datagram: bytes) -> tuple[Packet, ...] | None:
    """What a compound packet says, or None when these bytes are none (it begins with a report, all lengths add up, RFC 3550 appendix A.2)."""
    if len(datagram) < 8 or datagram[0] & 0x20 or datagram[1] not in (_SR, _RR):
        return None
    found: list[Packet] = []
    at = 0
    while at < len(datagram):
        if len(datagram) - at < 4:
            return None
        first, kind, words = _HEADER.unpack_from(datagram, at)
        end = at + 4 * (words + 1)
        if first >> 6 != 2 or end > len(datagram):
            return None
        body = datagram[at + 4 : end]
        if first & 0x20:  # padding: in the last packet only
            padding = body[-1] if body else 0
            if end != len(datagram) or not 4 <= padding <= len(body) or padding % 4:
                return None
            body = body[:-padding]
        packet = _parse_one(kind, first & 0x1F, body)
        if packet is None and kind in (_SR, _RR, _SDES, _BYE):
            return None
        if packet is not None:
            found.append(packet)
        at = end
    return tuple(found)


def _parse_one(kind: int, count: int, body: bytes) -> Packet | None:
    if kind == _SR and len(body) >= 24 + 24 * count:
        ssrc, at, timestamp, packets, octets = struct.unpack_from("!IQIII", body)
        return SenderReport(ssrc, at, timestamp, packets, octets, _blocks(body, 24, count))
    if kind == _RR and len(body) >= 4 + 24 * count:
        return ReceiverReport(int.from_bytes(body[:4], "big"), _blocks(body, 4, count))
    if kind == _SDES:
        return _sources(count, body)
    if kind == _BYE and len(body) >= 4 * count:
        length = body[4 * count] if len(body) > 4 * count else 0
        reason = body[4 * count + 1 : 4 * count + 1 + length]
        return Bye(struct.unpack_from(f"!{count}I", body), reason) if len(reason) == length else None
    return None


def _blocks(body: bytes, at: int, count: int) -> tuple[ReportBlock, ...]:
    blocks = []
    for n in range(count):
        ssrc, loss, highest, jitter, lsr, dlsr = _BLOCK.unpack_from(body, at + 24 * n)
        lost = loss & 0xFFFFFF
        blocks.append(
            ReportBlock(ssrc, loss >> 24, lost - 0x1000000 if lost & 0x800000 else lost, highest, jitter, lsr, dlsr)
        )
    return tuple(blocks)


def _sources(count: int, body: bytes) -> Sources | None:
    chunks = []
    at = 0
    for _ in range(count):
        if len(body) - at < 5:
            return None
        ssrc = int.from_bytes(body[at : at + 4], "big")
        at += 4
        items: list[tuple[int, bytes]] = []
        while at < len(body) and body[at]:
            if len(body) - at < 2 or at + 2 + body[at + 1] > len(body):
                return None
            items.append((body[at], body[at + 2 : at + 2 + body[at + 1]]))
            at += 2 + body[at + 1]
        if at >= len(body):  # the zero that ends a chunk is missing
            return None
        at += 4 - at % 4
        chunks.append((ssrc, tuple(items)))
    return Sources(tuple(chunks))


def serialise(packets: Sequence[Packet]) -> bytes:
    """A compound packet. Raises WireError when a field does not fit its width, or when it does not begin with a report."""
    if not packets or not isinstance(packets[0], SenderReport | ReceiverReport):
        raise WireError("RTCP: a compound packet begins with a report")
    try:
        return b"".join([_serialise_one(packet) for packet in packets])
    except (struct.error, ValueError, OverflowError) as error:
        raise WireError(f"RTCP: a field does not fit its width: {error}") from error


def _serialise_one(packet: Packet) -> bytes:
    match packet:
        case SenderReport():
            sender = _SENDER.pack(packet.ntp, packet.timestamp, packet.packets, packet.octets)
            return _packet(
                _SR, len(packet.blocks), struct.pack("!I", packet.ssrc) + sender + _pack_blocks(packet.blocks)
            )
        case ReceiverReport():
            return _packet(_RR, len(packet.blocks), struct.pack("!I", packet.ssrc) + _pack_blocks(packet.blocks))
        case Sources():
            return _packet(_SDES, len(packet.chunks), b"".join(_chunk(*chunk) for chunk in packet.chunks))
        case Bye():
            body = struct.pack(f"!{len(packet.ssrcs)}I", *packet.ssrcs)
            if packet.reason:
                body += bytes([len(packet.reason)]) + packet.reason
            return _packet(_BYE, len(packet.ssrcs), body + bytes(-len(body) % 4))


def _packet(kind: int, count: int, body: bytes) -> bytes:
    if count > _MOST:
        raise WireError(f"RTCP: a packet holds {_MOST} parts at most, got {count}")
    return _HEADER.pack(0x80 | count, kind, len(body) // 4) + body


def _pack_blocks(blocks: tuple[ReportBlock, ...]) -> bytes:
    parts = []
    for block in blocks:
        if not -0x800000 <= block.lost <= 0x7FFFFF or not 0 <= block.fraction_lost <= 0xFF:
            raise WireError("RTCP: losses do not fit their width")
        loss = block.fraction_lost << 24 | block.lost & 0xFFFFFF
        parts.append(_BLOCK.pack(block.ssrc, loss, block.highest, block.jitter, block.lsr, block.dlsr))
    return b"".join(parts)


def _chunk(ssrc: int, items: tuple[tuple[int, bytes], ...]) -> bytes:
    body = struct.pack("!I", ssrc)
    for kind, text in items:
        if not 1 <= kind <= 255:
            raise WireError("RTCP: an item of a description has a type from 1 to 255")
        body += bytes([kind, len(text)]) + text
    return body + bytes(4 - len(body) % 4)


# ---------------------------------------------------------------- time


def ntp(unix_s: float) -> int:
    """Seconds since 1970 as the 64 bits of NTP."""
    return int((unix_s + _NTP_EPOCH) * 4_294_967_296) & 0xFFFFFFFFFFFFFFFF


def middle(timestamp: int) -> int:
    """The middle 32 bits of an NTP time: seconds in 16.16."""
    return timestamp >> 16 & 0xFFFFFFFF


def round_trip_ms(now: int, lsr: int, dlsr: int) -> float | None:
    """Round trip from a report block about us: now - LSR - DLSR (RFC 3550 section 6.4.1); now, lsr, dlsr in 1/65,536 s (`middle`).

    None when the peer took no report of ours yet, or when the figures contradict each other by more than the grain of its clock.
    """
    if not lsr:
        return None
    took = (now - lsr - dlsr + 0x80000000) % 0x100000000 - 0x80000000
    if not -66 <= took <= 60 * 65536:  # a millisecond of rounding may make it negative
        return None
    return max(0.0, took / 65.536)


def interval_s(
    chance: float,
    *,
    members: int = 2,
    senders: int = 2,
    we_sent: bool = True,
    initial: bool = False,
    size: float = 120.0,
    octets_s: float = 400.0,
) -> float:
    """Seconds until our next report (RFC 3550 section 6.3.1 and appendix A.7), randomised so that streams do not report in step.

    chance: a random number in [0, 1); octets_s: the bandwidth RTCP may take (5 % of 64 kbit/s); size: mean length of a compound packet
    in octets with its IP and UDP headers. At least 5 s, half of that before the first report, times 0.5 to 1.5, divided by e - 1.5.
    """
    least = 2.5 if initial else 5.0
    count = members
    if senders <= members * 0.25:
        octets_s, count = (octets_s * 0.25, senders) if we_sent else (octets_s * 0.75, members - senders)
    wanted = max(least, size * count / octets_s)
    return wanted * (chance + 0.5) / 1.21828
