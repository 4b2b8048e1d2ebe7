"""Sending for all steady streams at once: a row of one array is the packet of a stream, its header is brought forward in place. Sans-IO.

A stream is steady while it sends audio tick by tick: not on hold, no key under way, no bridge. `enter` takes its numbers out of the
`Session` on loan, `leave` gives them back. Audio is copied from a queue a second at a time; `requeue` undoes that when the queue changes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from callwright.telephony.port import FRAME_SAMPLES
from callwright.telephony.rtp.inbound import Rows, span
from callwright.telephony.rtp.session import Session

__all__ = ["AHEAD", "Outbound"]

_PACKET = 12 + FRAME_SAMPLES
_MARKER = 0x80  # in the second byte
AHEAD = 50  # frames copied at once from a queue (a second)
_APART = 17  # prime to it: neighbouring rows copy in different ticks
_FRAME = np.dtype((np.void, FRAME_SAMPLES))


class Outbound:
    """Packets of the streams on loan. Not thread-safe: the owner serialises calls."""

    def __init__(self) -> None:
        self._sessions: dict[int, Session] = {}
        self._silence: dict[int, bytes] = {}
        self._asking: set[int] = set()  # rows whose queue is to be asked for its next frame
        self._ending: set[int] = set()  # rows that spoke and have to fall silent
        self._noisy: set[int] = set()  # rows that send noise while nothing is said
        self._marking: set[int] = set()  # rows whose next packet begins anew after skipped ticks
        self._marked: list[int] = []  # rows whose last packet did
        self._steps = 0
        self._packets: npt.NDArray[np.uint8] = np.zeros((0, _PACKET), np.uint8)
        self._make_room(64)

    def _make_room(self, rows: int) -> None:
        old = len(self._packets)
        packets = np.zeros((rows, _PACKET), np.uint8)
        # A slot of all rows lies side by side, and rows that go on in step use the same slot, as in `Inbound`.
        prepared = np.zeros((AHEAD, rows, FRAME_SAMPLES), np.uint8)
        counts = np.zeros((6, rows), np.int64)
        sequence, stamp = np.zeros(rows, np.uint16), np.zeros(rows, np.uint32)
        if old:
            packets[:old] = self._packets
            prepared[:, :old] = self._prepared
            counts[:, :old] = self._counts
            sequence[:old], stamp[:old] = self._sequence, self._stamp
        self._sequence: npt.NDArray[np.uint16] = sequence
        self._stamp: npt.NDArray[np.uint32] = stamp
        self._packets = packets
        self._prepared: npt.NDArray[np.uint8] = prepared
        self._counts: npt.NDArray[np.int64] = counts
        self._room = rows
        self._words, self._halves = packets.view(">u4"), packets.view(">u2")
        self._bodies: npt.NDArray[np.void] = np.ndarray((rows,), _FRAME, packets, 12, (_PACKET,))
        self._frames = prepared.reshape(AHEAD * rows, FRAME_SAMPLES).view(_FRAME)[:, 0]
        self._sent, self._told = counts[0], counts[1]
        # frames prepared; sent of these; told to the queue; slot of the first
        self._ready, self._used, self._counted, self._begin = counts[2], counts[3], counts[4], counts[5]
        self.packets = [memoryview(row.data) for row in packets]
        """The packet of each row, to be sent after `step`."""
        self._payloads = [packet[12:] for packet in self.packets]

    def enter(self, row: int, session: Session) -> bool:
        """Take a stream on loan; False: it is not steady. `packets` may be new afterwards."""
        lent = session.lend_out()
        if lent is None:
            return False
        if row >= len(self._packets):
            self._make_room(max(row + 1, 2 * len(self._packets)))
        self._sessions[row], self._silence[row] = session, lent.silence
        self._counts[:, row] = 0
        # `step` brings these forward before each packet.
        self._words[row, 0], self._words[row, 2] = lent.first, lent.ssrc
        self._sequence[row] = (lent.first - 1) & 0xFFFF
        self._stamp[row] = (lent.timestamp - FRAME_SAMPLES) & 0xFFFFFFFF
        self._payloads[row][:] = lent.silence
        self._asking.add(row)
        if session.noisy:
            self._noisy.add(row)
        return True

    def leave(self, row: int) -> None:
        """End the loan."""
        self.refresh(row)
        del self._sessions[row], self._silence[row]
        self._asking.discard(row)
        self._ending.discard(row)
        self._marking.discard(row)
        self._noisy.discard(row)
        self._ready[row] = self._used[row] = self._counted[row] = 0

    def refresh(self, row: int) -> None:
        """Bring numbers, counters and queue of the session up to date; the loan goes on."""
        session, sent, used = self._sessions[row], int(self._sent[row]), int(self._used[row])
        session.give_back_out(sent - int(self._told[row]))
        session.playout.advance(used - int(self._counted[row]))
        self._told[row], self._counted[row] = sent, used

    def advance(self, row: int) -> None:
        """Bring the queue of the session up to date, and nothing else."""
        used = int(self._used[row])
        counted = int(self._counted[row])
        if used != counted:
            self._sessions[row].playout.advance(used - counted)
            self._counted[row] = used

    def requeue(self, row: int) -> None:
        """The queue is about to change: nothing is prepared any more, `step` will ask again."""
        self.refresh(row)
        self._ready[row] = self._used[row] = self._counted[row] = 0
        self._asking.add(row)
        self._ending.add(row)

    def skip(self, row: int, ticks: int) -> None:
        """Ticks that could not be kept."""
        self.refresh(row)
        self._sessions[row].skip(ticks)
        self._stamp[row] = (int(self._stamp[row]) + ticks * FRAME_SAMPLES) & 0xFFFFFFFF
        self._marking.add(row)

    def extend(self, row: int) -> None:
        """The queue is about to grow at its end."""
        self.advance(row)
        if self._used[row] == self._ready[row]:
            self._asking.add(row)

    def rows(self) -> Rows:
        """All that are on loan, rising."""
        return np.array(sorted(self._sessions), np.int64)

    def lent(self, row: int) -> bool:
        """The stream of this row is on loan."""
        return row in self._sessions

    def step(self, rows: Rows) -> list[int]:
        """Make the packets of this tick (rows: all that are on loan, in rising order). Returns the rows whose queue has been played
        to its end by it."""
        self._steps += 1
        self._mark()
        for row in self._ending:
            self._payloads[row][:] = self._silence[row]
        self._ending.clear()
        speaking, played = self._advance(rows)
        silent = self._noisy.difference(speaking.tolist()) if self._noisy else set()
        asked, self._asking = self._asking, set()
        finished = [row for row in asked if self._ask(row, silent)]
        for row in silent:
            self._payloads[row][:] = self._sessions[row].silent_frame()
        for row in played:
            self.advance(row)
            if self._prepare(row):
                finished.append(row)
        return finished

    def _advance(self, rows: Rows) -> tuple[Rows, list[int]]:
        """The header of each packet brought forward, its next prepared frame put into it: the rows that had one, and those for which it was
        the last."""
        at = span(rows)
        self._sequence[at] += 1
        self._stamp[at] += FRAME_SAMPLES
        self._halves[at, 1] = self._sequence[at]
        self._words[at, 1] = self._stamp[at]
        self._sent[at] += 1
        used = self._used[at]
        prepared = used < self._ready[at]
        speaking = rows[prepared]
        used = used[prepared]
        slots = (self._begin[speaking] + used) % AHEAD
        self._bodies[speaking] = self._frames[slots * self._room + speaking]
        self._used[speaking] = used + 1
        played: list[int] = speaking[used + 1 == self._ready[speaking]].tolist()
        return speaking, played

    def _mark(self) -> None:
        for row in self._marked:
            self._packets[row, 1] &= 0x7F
        self._marked = list(self._marking)
        for row in self._marking:
            self._packets[row, 1] |= _MARKER
            self._sessions[row].begun()
        self._marking.clear()

    def _ask(self, row: int, silent: set[int]) -> bool:
        """A frame from the queue itself, the row is then not silent; true when it was the last one."""
        frame = self._sessions[row].playout.take()
        if frame is None:
            return False
        silent.discard(row)
        self._payloads[row][:] = frame
        # Copying delays the packets of a tick: calls that begin together must not do it in the same ticks for ever.
        return self._prepare(row, 1 + row * _APART % AHEAD)

    def _prepare(self, row: int, most: int = AHEAD) -> bool:
        """Copy what comes next; true when nothing does, and the row falls silent."""
        playout = self._sessions[row].playout
        frames = playout.ahead(most)
        ready = len(frames) // FRAME_SAMPLES
        self._ready[row], self._used[row], self._counted[row] = ready, 0, 0
        self._begin[row] = begin = self._steps + 1
        if ready:
            table = np.frombuffer(frames, np.uint8).reshape(ready, FRAME_SAMPLES)
            slot = begin % AHEAD
            fit = min(AHEAD - slot, ready)
            self._prepared[slot : slot + fit, row] = table[:fit]
            self._prepared[: ready - fit, row] = table[fit:]  # round the end
        elif playout.waiting and not playout.paused:
            self._asking.add(row)  # the frame at the border of two marks
        else:
            self._ending.add(row)
        return not playout.waiting

    @property
    def table(self) -> npt.NDArray[np.uint8]:
        """All packets, shape (rows, bytes); good until the next `enter`."""
        return self._packets

    def audio_of(self, rows: Rows) -> npt.NDArray[np.uint8]:
        """What the packets of this tick say, a row each; a copy."""
        said: npt.NDArray[np.uint8] = self._packets[rows, 12:]
        return said

    def audio(self, row: int) -> bytes:
        """What the packet of this tick says."""
        return bytes(self._payloads[row])
