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
from collections.abc import Callable
from typing import NamedTuple

from callwright.telephony.port import MediaStats
from callwright.telephony.rtp.latch import Latch, Verdict
from callwright.telephony.rtp.reports import Reception, Reports, Transmission
from callwright.telephony.rtp.rtcp import interval_s, ntp, parse

__all__ = ["Control", "View"]

Address = tuple[str, int]
_DATAGRAMS = 8  # at a time; a flood waits in the kernel
_LONGEST = 2048

Protect = Callable[[bytes], bytes]
Unprotect = Callable[[bytes], bytes | None]


class View(NamedTuple):
    """The stream as its reports show it, and where its audio goes now."""

    sent: Transmission
    heard: Reception | None
    peer: Address | None


class Control:
    """Belongs to the event loop. `configure` starts the reports, `close` says goodbye."""

    def __init__(
        self,
        local: socket.socket,
        view: Callable[[], View],
        send_muxed: Callable[[bytes, Address], None],
        stats: MediaStats,
        rng: random.Random,
    ) -> None:
        """local: bound, not blocking; view: the stream as it is now; send_muxed: out of the audio's socket."""
        self._loop = asyncio.get_running_loop()
        self._socket = local
        self._view = view
        self._send_muxed = send_muxed
        self._rng = rng
        self._reports = Reports(base64.b64encode(rng.getrandbits(96).to_bytes(12, "big")), stats)
        self._stats = stats
        self._latch: Latch | None = None
        self._mux = False
        self._timer: asyncio.TimerHandle | None = None
        self._said = False
        self._closed = False
        self._wall = time.time() - time.monotonic()  # a clock that is set meanwhile must not make a round trip
        self.encrypted = False
        """Keys were agreed on: without `protect` nothing is sent, without `unprotect` nothing is taken."""
        self.protect: Protect | None = None
        self.unprotect: Unprotect | None = None
        """SRTCP (RFC 3711 section 3.4) of a whole compound packet; None from `unprotect`: it is not of our peer."""
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
        """A packet of the peer that came on the audio's port."""
        if not self._closed:
            self._take(datagram)

    def close(self) -> None:
        """Say goodbye and free the port. Safe to call twice."""
        if self._closed:
            return
        if self._said:
            self._send(bye=True)
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    # ------------------------------------------------------------ sending

    def _arm(self, *, initial: bool = False) -> None:
        wait = interval_s(self._rng.random(), we_sent=bool(self._stats.sent), initial=initial)
        self._timer = self._loop.call_later(wait, self._due)

    def _due(self) -> None:
        self._send()
        self._arm()

    def _send(self, *, bye: bool = False) -> None:
        view = self._view()
        to = view.peer if self._mux else (self._latch.peer if self._latch is not None else None)
        if to is None or self._latch is None or (self.encrypted and self.protect is None):
            return
        packet = self._reports.make(view.sent, view.heard, self._now(), bye=bye)
        if self.encrypted and self.protect is not None:
            packet = self.protect(packet)
        self._said = True
        if self._mux:
            self._send_muxed(packet, to)
            return
        try:
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
        """Everything that is not of our peer is dropped unread; what cannot be read is not believed either."""
        latch = self._latch
        if latch is None or len(datagram) < 8 or source[0] != latch.remote[0]:
            return
        ssrc = int.from_bytes(datagram[4:8], "big")
        if latch.judge(source, ssrc) is not Verdict.REFUSE:
            self._take(datagram)

    def _take(self, datagram: bytes) -> None:
        plain: bytes | None = datagram
        if self.encrypted:
            plain = self.unprotect(datagram) if self.unprotect is not None else None
        packets = None if plain is None else parse(plain)
        if packets is None or not packets:
            return
        view = self._view()
        heard = view.heard
        clock_hz = 8000 if heard is None else heard.clock_hz
        self._reports.take(packets, view.sent.ssrc, None if heard is None else heard.ssrc, self._now(), clock_hz)

    def _now(self) -> int:
        return ntp(self._wall + time.monotonic())
