"""RTCP of one stream at the rim: a socket on the port after the audio's, read and written by the event loop, never by the tick.

The same rules as for audio say who is heard (`Latch`): the address of the SDP; its port may differ behind a NAT. Reports go there and
nowhere else. Reports that share the audio's port (RFC 5761) come in through `muxed`, already judged.
"""

from __future__ import annotations

import asyncio
import base64
import random
import socket
import time
from typing import NamedTuple, Protocol

from callwright.telephony.port import SAMPLE_RATE, MediaStats
from callwright.telephony.rtp.latch import Latch, Verdict
from callwright.telephony.rtp.reports import Reception, Reports, Transmission
from callwright.telephony.rtp.rtcp import Packet, ReceiverReport, SenderReport, interval_s, ntp, parse

__all__ = ["Control", "Host", "View"]

Address = tuple[str, int]
_DATAGRAMS = 8  # at a time; a flood waits in the kernel
_LONGEST = 2048


class View(NamedTuple):
    """The stream as its reports show it, and where its audio goes now."""

    sent: Transmission
    heard: Reception | None
    peer: Address | None


class Host(Protocol):
    """What the reports need of their stream."""

    def view(self) -> View: ...

    def protect_rtcp(self, packet: bytes) -> bytes: ...

    def unprotect_rtcp(self, datagram: bytes) -> bytes | None: ...

    def send_muxed(self, packet: bytes, to: Address) -> None: ...


class Control:
    """Belongs to the event loop. `configure` starts the reports, `close` says goodbye."""

    def __init__(self, local: socket.socket, host: Host, stats: MediaStats, rng: random.Random) -> None:
        """local: bound, not blocking; what is learned goes into `stats`."""
        self._loop = asyncio.get_running_loop()
        self._socket = local
        self._host = host
        self._rng = rng
        self._reports = Reports(base64.b64encode(rng.getrandbits(96).to_bytes(12, "big")), stats)
        self._stats = stats
        self._latch: Latch | None = None
        self._mux = False
        self._timer: asyncio.TimerHandle | None = None
        self._said = False
        self._closed = False
        self._wall = time.time() - time.monotonic()  # a clock that is set meanwhile must not make a round trip
        self.local_port: int = local.getsockname()[1]
        self._loop.add_reader(local, self._readable)

    def configure(self, remote: Address | None, *, mux: bool) -> None:
        """Where the peer takes its reports (None: nowhere now); mux: on the port of its audio, wherever that is."""
        self._mux = mux
        if remote is None:
            self._latch = None
        elif self._latch is None or self._latch.remote != remote:
            self._latch = Latch(remote)
        if self._timer is None and not self._closed:
            self._arm(initial=True)

    def report(self) -> None:
        """Send a report now, out of turn."""
        if not self._closed:
            self._send()

    def muxed(self, datagram: bytes) -> None:
        """A packet of the peer that came on the audio's port, decrypted."""
        packets = parse(datagram)
        if packets and not self._closed:
            self._take(packets)

    def close(self) -> None:
        """Say goodbye and free the port. Safe to call twice."""
        if self._closed:
            return
        if self._said:
            self._send(bye=True)
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._loop.remove_reader(self._socket)
        self._socket.close()

    # ------------------------------------------------------------ sending

    def _arm(self, *, initial: bool = False) -> None:
        wait = interval_s(self._rng.random(), we_sent=bool(self._stats.sent), initial=initial)
        self._timer = self._loop.call_later(wait, self._due)

    def _due(self) -> None:
        self._arm()
        self._send()

    def _send(self, *, bye: bool = False) -> None:
        view = self._host.view()
        to = view.peer if self._mux else (self._latch.peer if self._latch is not None else None)
        if to is None or self._latch is None:
            return
        packet = self._host.protect_rtcp(self._reports.make(view.sent, view.heard, self._now(), bye=bye))
        self._said = True
        try:
            if self._mux:
                self._host.send_muxed(packet, to)
            else:
                self._socket.sendto(packet, to)
        except OSError:  # no route, buffer full: as lost on the way, the next one tells the same
            return

    # ------------------------------------------------------------ receiving

    def _readable(self) -> None:
        for _ in range(_DATAGRAMS):
            try:
                datagram, source = self._socket.recvfrom(_LONGEST)
            except OSError:  # nothing more, or an ICMP error of an earlier report
                return
            self._judge(datagram, source[:2])

    def _judge(self, datagram: bytes, source: Address) -> None:
        """Everything that is not of our peer is dropped unread. Only what is RTCP says where the peer is; a copy of an encrypted packet from
        elsewhere is not even tried, lest it count as the packet."""
        latch = self._latch
        if latch is None or not latch.possible(source):
            return
        plain = self._host.unprotect_rtcp(datagram)
        packets = parse(plain) if plain is not None else None
        if packets and latch.judge(source, _speaker(packets)) is not Verdict.REFUSE:
            self._take(packets)

    def _take(self, packets: tuple[Packet, ...]) -> None:
        view = self._host.view()
        heard = view.heard
        clock_hz = SAMPLE_RATE if heard is None else heard.clock_hz
        self._reports.take(packets, view.sent.ssrc, None if heard is None else heard.ssrc, self._now(), clock_hz)

    def _now(self) -> int:
        return ntp(self._wall + time.monotonic())


def _speaker(packets: tuple[Packet, ...]) -> int:
    """The SSRC of whom a compound packet is of: it begins with a report."""
    first = packets[0]
    return first.ssrc if isinstance(first, SenderReport | ReceiverReport) else 0
