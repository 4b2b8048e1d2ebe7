"""From whom a stream takes packets: symmetric RTP that cannot be bled (RTPBleed, CVE-2017-14099 and kin). Sans-IO.

Only the address the SDP named may speak. Behind a NAT its port may differ: the first valid packet from that address fixes the port; the
exact SDP port, if it speaks within the first packets, wins. After that nobody else is heard or sent to until signalling says so.
"""

from __future__ import annotations

from enum import Enum

__all__ = ["Latch", "Verdict"]

_LEARNING = 50  # packets (1 s) in which the exact SDP port may still take over
_PROBATION = 2  # packets in a row of a new SSRC before it is believed


class Verdict(Enum):
    REFUSE = 0
    ACCEPT = 1
    NEW_SOURCE = 2  # accept, and forget what the former source sent


class Latch:
    """remote: (IP, port) of the SDP. `peer` is where to send: the latched address, before that the one of the SDP."""

    __slots__ = ("_accepted", "_candidate", "_candidate_run", "_locked", "_ssrc", "peer", "remote")

    def __init__(self, remote: tuple[str, int]) -> None:
        self.remote = remote
        self.peer = remote
        self._locked = False
        self._accepted = 0
        self._ssrc = 0
        self._candidate: int | None = None
        self._candidate_run = 0

    @property
    def settled(self) -> bool:
        """Nobody but `peer` will be taken any more."""
        return self._locked and self._accepted >= _LEARNING

    @property
    def ssrc(self) -> int:
        """The source believed."""
        return self._ssrc

    def advance(self, packets: int) -> None:
        """So many packets of the believed source came from `peer`."""
        self._accepted += packets
        if packets:
            self._candidate = None

    def possible(self, source: tuple[str, int]) -> bool:
        """Whether anything of this source could be taken: asked before its packets are proved to be genuine."""
        return source in (self.peer, self.remote) if self._locked else source[0] == self.remote[0]

    def judge(self, source: tuple[str, int], ssrc: int) -> Verdict:
        """Of one valid RTP packet."""
        if not self._locked:
            return self._lock(source, ssrc) if source[0] == self.remote[0] else Verdict.REFUSE
        if source == self.peer:
            if ssrc == self._ssrc:
                self._accepted += 1
                self._candidate = None
                return Verdict.ACCEPT
            return self._probe(ssrc)
        if source == self.remote and self._accepted < _LEARNING:
            return self._lock(source, ssrc)
        return Verdict.REFUSE

    def _lock(self, source: tuple[str, int], ssrc: int) -> Verdict:
        self._locked = True
        self._accepted += 1
        self.peer = source
        self._ssrc = ssrc
        self._candidate = None
        return Verdict.NEW_SOURCE

    def _probe(self, ssrc: int) -> Verdict:
        self._candidate_run = self._candidate_run + 1 if ssrc == self._candidate else 1
        self._candidate = ssrc
        if self._candidate_run < _PROBATION:
            return Verdict.REFUSE
        self._ssrc = ssrc
        self._candidate = None
        return Verdict.NEW_SOURCE
