"""The system calls of steady streams: a packet to each connected socket, a datagram from each. Here by a call from Python for each packet;
`core.py` has the same in one compiled call for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from callwright.telephony.rtp.inbound import Datagrams, Rows
from callwright.telephony.rtp.outbound import Outbound
from callwright.telephony.rtp.stream import RtpStream

__all__ = ["LONGEST_DATAGRAM", "EachPacket", "Read", "Wire"]

LONGEST_DATAGRAM = 2048


class Read(NamedTuple):
    """What a round of reading found; silent: positions of the sockets that had nothing; failed: of those that told of an ICMP error of an
    earlier packet. Good until the next round."""

    datagrams: Datagrams
    silent: list[int]
    failed: list[int]


class Wire(Protocol):
    """The tick thread alone calls it. Positions count within the streams that were given last."""

    def senders(self, streams: Sequence[RtpStream], rows: Rows, outbound: Outbound) -> None:
        """Who sends from now on, and the rows of their packets."""

    def receivers(self, streams: Sequence[RtpStream], fds: npt.NDArray[np.int32]) -> None:
        """Who is read from now on, and their file descriptors."""

    def send(self, sealed: Mapping[int, bytes]) -> list[int]:
        """The packet of every row, or by position what is sent instead of it; the positions whose packet the system refused (no route,
        buffer full): as lost on the way."""

    def read(self, positions: Rows) -> Read:
        """One datagram of each of these."""

    def close(self) -> None:
        """It is not used any more."""


class EachPacket:
    """A system call from Python for each packet."""

    def __init__(self) -> None:
        self._sends: list[tuple[Callable[[bytes | memoryview], int], memoryview]] = []
        self._receives: list[Callable[[int], bytes]] = []

    def senders(self, streams: Sequence[RtpStream], rows: Rows, outbound: Outbound) -> None:
        self._sends = [
            (stream.transmit, outbound.packets[row]) for stream, row in zip(streams, rows.tolist(), strict=True)
        ]

    def receivers(self, streams: Sequence[RtpStream], fds: npt.NDArray[np.int32]) -> None:
        self._receives = [stream.take_datagram for stream in streams]

    def send(self, sealed: Mapping[int, bytes]) -> list[int]:
        refused: list[int] = []
        for position, (send, packet) in enumerate(self._sends):
            try:
                send(sealed.get(position, packet) if sealed else packet)
            except OSError:
                refused.append(position)
        return refused

    def read(self, positions: Rows) -> Read:
        found: list[int] = []
        datagrams: list[bytes] = []
        silent: list[int] = []
        failed: list[int] = []
        for position in positions.tolist():
            try:
                datagrams.append(self._receives[position](LONGEST_DATAGRAM))
                found.append(position)
            except BlockingIOError:
                silent.append(position)
            except OSError:
                failed.append(position)
        return Read(Datagrams.of(np.array(found, np.int64), datagrams), silent, failed)

    def close(self) -> None:
        self._sends, self._receives = [], []
