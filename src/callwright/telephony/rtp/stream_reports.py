"""What the RTCP of a stream needs of it: the numbers of this moment, where reports go, its keys, its socket."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable

from callwright.telephony.port import FRAME_MS
from callwright.telephony.rtp.control import View
from callwright.telephony.rtp.session import Session

__all__ = ["StreamReports"]

Address = tuple[str, int]


def _nothing() -> None:
    return


class StreamReports:
    """See `control.Host`. Belongs to the event loop; takes the engine's lock where it looks at the session."""

    def __init__(
        self,
        audio: socket.socket,
        session: Session,
        lock: threading.Lock,
        refresh: Callable[[], None],
        sent_at: Callable[[], float],
    ) -> None:
        """refresh: bring the numbers of the session up to date, the lock is held; sent_at: when the packets of the last tick left, s of the
        monotonic clock."""
        self._audio = audio
        self._session = session
        self._lock = lock
        self._refresh = refresh
        self._sent_at = sent_at
        self.port: int | None = None
        self.mux = False

    def end(self) -> None:
        """The stream is over: let go of it."""
        self._refresh = _nothing

    def goal(self, remote: Address) -> Address | None:
        """Where reports go when audio goes to `remote`; None: nowhere, the SDP names no address (hold of RFC 2543)."""
        host, port = ipaddress.ip_address(remote[0]), remote[1]
        to = port if self.mux else self.port or port + 1
        return None if host.is_unspecified or not port or to > 65535 else (str(host), to)

    def view(self) -> View:
        """The stream as it is now."""
        session = self._session
        with self._lock:
            self._refresh()
            sent, heard, peer, clock_hz = (
                session.transmission(),
                session.reception(),
                session.peer,
                session.wire.clock_hz,
            )
        # `timestamp` is that of the packet that leaves a tick after the last ones.
        ahead = FRAME_MS / 1000 - (time.monotonic() - self._sent_at())
        return View(sent._replace(timestamp=(sent.timestamp - int(ahead * clock_hz)) & 0xFFFFFFFF), heard, peer)

    def protect_rtcp(self, packet: bytes) -> bytes:
        """As it goes out: encrypted where the audio is."""
        with self._lock:
            return self._session.protect_rtcp(packet)

    def unprotect_rtcp(self, datagram: bytes) -> bytes | None:
        """As it came in, decrypted where the audio is encrypted; None: it is not of our peer."""
        with self._lock:
            return self._session.unprotect_rtcp(datagram)

    def send_muxed(self, packet: bytes, to: Address) -> None:
        """Out of the audio's socket. Raises OSError."""
        self._audio.sendto(packet, to)
