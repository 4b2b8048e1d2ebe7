"""What a stream tells by RTCP and what it is told (RFC 3550 section 6.4), without sockets, timers or clock. Sans-IO."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from callwright.telephony.port import MediaStats
from callwright.telephony.rtp.rtcp import (
    CNAME,
    Bye,
    Packet,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    Sources,
    middle,
    round_trip_ms,
    serialise,
)

__all__ = ["Reception", "Reports", "Transmission"]

_REMEMBERED = 8  # sender reports of ours that a block may answer to


class Transmission(NamedTuple):
    """What we have sent. timestamp: of our audio now; octets: of payload."""

    ssrc: int
    timestamp: int
    packets: int
    octets: int


class Reception(NamedTuple):
    """The source we hear. highest: sequence number with its cycles above; expected, received: packets of this source; jitter: in
    timestamp units; clock_hz: of those units."""

    ssrc: int
    highest: int
    expected: int
    received: int
    jitter: float
    clock_hz: int = 8000


class Reports:
    """Makes our compound packets and reads theirs. What is learned goes into `stats`."""

    def __init__(self, cname: bytes, stats: MediaStats) -> None:
        """cname: random, so that it names the stream and nobody (RFC 7022)."""
        self._cname = cname
        self._stats = stats
        self._sent: deque[int] = deque(maxlen=_REMEMBERED)  # LSR values that are ours
        self._packets_before = 0
        self._before: Reception | None = None
        self._their_report: tuple[int, int, int] | None = None  # SSRC, middle of its NTP time, our time when it came

    def make(self, out: Transmission, heard: Reception | None, now: int, *, bye: bool = False) -> bytes:
        """Our next compound packet. now: 64 bits of NTP; bye: the last one. A sender report when we sent since the one before."""
        blocks = self._blocks(heard, now)
        report: Packet = ReceiverReport(out.ssrc, blocks)
        if out.packets > self._packets_before:
            report = SenderReport(
                out.ssrc, now, out.timestamp & 0xFFFFFFFF, out.packets & 0xFFFFFFFF, out.octets & 0xFFFFFFFF, blocks
            )
            self._sent.append(middle(now))
        self._packets_before = out.packets
        self._stats.rtcp_sent += 1
        source = Sources(((out.ssrc, ((CNAME, self._cname),)),))
        return serialise([report, source, Bye((out.ssrc,))] if bye else [report, source])

    def _blocks(self, heard: Reception | None, now: int) -> tuple[ReportBlock, ...]:
        before, self._before = self._before, heard
        if heard is None:
            return ()
        if before is None or before.ssrc != heard.ssrc or before.expected > heard.expected:
            before = heard._replace(expected=0, received=0)
        expected, received = heard.expected - before.expected, heard.received - before.received
        if not received and not expected:  # silent since the last report: nothing to tell (section 6.4)
            return ()
        lost = max(0, expected - received)
        lsr = dlsr = 0
        if self._their_report is not None and self._their_report[0] == heard.ssrc:
            lsr = self._their_report[1]
            dlsr = (now - self._their_report[2]) >> 16 & 0xFFFFFFFF
        total = max(-0x800000, min(heard.expected - heard.received, 0x7FFFFF))
        fraction = min(255, lost * 256 // expected) if expected > 0 else 0
        highest, jitter = heard.highest & 0xFFFFFFFF, min(int(heard.jitter), 0xFFFFFFFF)
        return (ReportBlock(heard.ssrc, fraction, total, highest, jitter, lsr, dlsr),)

    def take(
        self, packets: Sequence[Packet], our_ssrc: int, their_ssrc: int | None, now: int, clock_hz: int = 8000
    ) -> bool:
        """What the peer told; False when it does not speak for the source we hear (their_ssrc; None: none yet) and nothing was taken."""
        first = packets[0]
        if not isinstance(first, SenderReport | ReceiverReport) or (their_ssrc not in (None, first.ssrc)):
            return False
        self._stats.rtcp_received += 1
        for packet in packets:
            if isinstance(packet, SenderReport) and packet.ssrc == first.ssrc:
                self._their_report = packet.ssrc, middle(packet.ntp), now
            if isinstance(packet, SenderReport | ReceiverReport):
                for block in packet.blocks:
                    if block.ssrc == our_ssrc:
                        self._told(block, now, clock_hz)
        return True

    def _told(self, block: ReportBlock, now: int, clock_hz: int) -> None:
        stats = self._stats
        stats.far_reports += 1
        stats.far_lost = max(0, block.lost)
        stats.far_loss = block.fraction_lost / 256
        stats.far_jitter_ms = block.jitter * 1000 / clock_hz
        if block.lsr not in self._sent:  # no report of ours: made up, or older than we remember
            return
        took = round_trip_ms(middle(now), block.lsr, block.dlsr)
        if took is not None:
            stats.round_trip_ms = took
            stats.round_trip_max_ms = max(stats.round_trip_max_ms or 0.0, took)
