"""Receiving for all steady streams at once: their state as columns of arrays, a row per stream, no Python object per packet. Sans-IO.

A stream is steady while each packet is the one expected next (no extension, the agreed payload type, the believed source, the next number
and timestamp, 20 ms of audio). `enter` takes its state out of the `Session` on loan; whatever else comes ends the loan (`leave`), and the
session goes on as if it had seen every packet itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from callwright.telephony.port import FRAME_MS, FRAME_SAMPLES
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.jitter import OVERFULL, REVIEW
from callwright.telephony.rtp.session import Session

__all__ = ["PACKET", "RING", "Datagrams", "Heard", "Inbound", "energy", "span"]

PACKET = 12 + FRAME_SAMPLES
RING = 48  # frames a row can hold: what a buffer keeps and what is read in a tick, and fewer than are believed to be the same clock (`jitter`)

_FRAME = np.dtype((np.void, FRAME_SAMPLES))  # a frame as one element: numpy then copies it at once

Rows = npt.NDArray[np.int64]
At = slice | Rows


def span(rows: Rows) -> At:
    """Rising rows as an index: a slice where none is left out, which numpy follows without copies."""
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


class Datagrams(NamedTuple):
    """Datagrams of different rows. positions: whose they are, rising; lengths: in bytes; table: the first PACKET bytes of each (of shorter
    ones, what follows means nothing); whole: the n-th as it came, also one of another length."""

    positions: Rows
    lengths: npt.NDArray[np.int32]
    table: npt.NDArray[np.uint8]
    whole: Callable[[int], bytes]

    @classmethod
    def of(cls, positions: Rows, datagrams: Sequence[bytes]) -> Datagrams:
        """From one bytes object each."""
        lengths = list(map(len, datagrams))
        even = lengths.count(PACKET) == len(lengths)
        rows = datagrams if even else [datagram[:PACKET].ljust(PACKET, b"\0") for datagram in datagrams]
        table = np.frombuffer(b"".join(rows), np.uint8).reshape(-1, PACKET)
        return cls(positions, np.array(lengths, np.int32), table, datagrams.__getitem__)


class Heard(NamedTuple):
    """The frames of a tick: pcm of shape (n, 160), read-only, and their mean squares."""

    rows: Rows
    pcm: npt.NDArray[np.int16]
    energy: npt.NDArray[np.float32]


class Inbound:
    """Columns of the streams on loan. Not thread-safe: the owner serialises calls."""

    def __init__(self) -> None:
        self._sessions: dict[int, Session] = {}
        self._last = np.zeros((0, FRAME_SAMPLES), np.int16)
        self._ticks = 0
        self._ring = np.zeros((RING, 0, FRAME_SAMPLES), np.uint8)
        self._make_room(64)

    def _make_room(self, rows: int) -> None:
        def grown(name: str, kind: type, *shape: int) -> None:
            new: npt.NDArray[Any] = np.zeros((rows, *shape), kind)
            old = getattr(self, name, None)
            if old is not None:
                new[: len(old)] = old
            setattr(self, name, new)

        self._active: npt.NDArray[np.bool_]
        self._first: npt.NDArray[np.uint32]
        self._stamp: npt.NDArray[np.uint32]
        self._ssrc: npt.NDArray[np.uint32]
        self._law: npt.NDArray[np.int8]
        self._base: Rows
        self._lent: Rows
        self._filled: Rows
        self._taken: Rows
        self._told: Rows
        self._least: Rows
        self._review: Rows
        self._heard_at: Rows
        self._arrival: npt.NDArray[np.float64]
        self._jitter: npt.NDArray[np.float64]
        grown("_active", np.bool_)
        for name in ("_first", "_stamp", "_ssrc"):
            grown(name, np.uint32)
        grown("_law", np.int8)
        for name in ("_base", "_lent", "_filled", "_taken", "_told", "_least", "_review", "_heard_at"):
            grown(name, np.int64)
        for name in ("_arrival", "_jitter"):
            grown(name, np.float64)
        # A slot of all rows lies side by side, and rows that go on in step use the same slot (`enter`): what a tick reads and writes is
        # one stretch of memory. A stride per row costs two cache misses for each of them.
        ring: npt.NDArray[np.uint8] = np.zeros((RING, rows, FRAME_SAMPLES), np.uint8)
        ring[:, : self._ring.shape[1]] = self._ring
        self._ring = ring
        self._room = rows
        self._frames = ring.reshape(RING * rows, FRAME_SAMPLES)
        self._whole = self._frames.view(_FRAME)[:, 0]

    def enter(self, row: int, session: Session) -> bool:
        """Take a stream on loan; False: it is not steady."""
        lent = session.lend_in()
        if lent is None:
            return False
        if row >= len(self._active):
            self._make_room(max(row + 1, 2 * len(self._active)))
        buffer = lent.buffer
        self._sessions[row] = session
        self._first[row], self._stamp[row], self._ssrc[row] = lent.first, buffer.timestamp, lent.ssrc
        self._law[row] = 0 if session.codec == "PCMA" else 1
        base = self._base[row] = self._taken[row] = self._ticks
        self._lent[row] = self._filled[row] = base + len(buffer.frames)
        self._told[row] = 0
        self._least[row], self._review[row] = buffer.least, buffer.review
        self._heard_at[row] = -1
        self._arrival[row], self._jitter[row] = lent.arrival_ms, lent.jitter_ms
        for n, frame in enumerate(buffer.frames, self._ticks):
            self._ring[n % RING, row] = np.frombuffer(frame, np.uint8)
        self._active[row] = True
        return True

    def leave(self, row: int) -> npt.NDArray[np.int16] | None:
        """End the loan; the last frame heard during it, if any (for concealment)."""
        session = self._sessions.pop(row)
        self._active[row] = False
        filled, taken = int(self._filled[row]), int(self._taken[row])
        frames = [self._ring[n % RING, row].tobytes() for n in range(taken, filled)]
        session.jitter.give_back(
            filled - int(self._lent[row]),
            taken - int(self._base[row]),
            frames,
            int(self._least[row]),
            int(self._review[row]),
        )
        self._tell(row, session)
        at = int(self._heard_at[row])
        return self._last[at] if at >= 0 else None

    def refresh(self, row: int) -> None:
        """Bring the counters of the session up to date; the loan goes on."""
        self._tell(row, self._sessions[row])

    def _tell(self, row: int, session: Session) -> None:
        came = int(self._filled[row] - self._lent[row])
        session.give_back_in(came - int(self._told[row]), float(self._arrival[row]), float(self._jitter[row]))
        self._told[row] = came

    def waiting(self, row: int) -> int:
        """Frames of a stream on loan that were not heard yet."""
        return int(self._filled[row] - self._taken[row])

    def rows(self) -> Rows:
        """All that are on loan, rising."""
        return np.flatnonzero(self._active)

    def lent(self, row: int) -> bool:
        """The stream of this row is on loan."""
        return row in self._sessions

    def push(self, rows: Rows, datagrams: Datagrams, now_ms: float) -> list[int]:
        """A datagram for each of these rows, which rise. Returns which of them were not the expected packet, and were left untouched."""
        table = datagrams.table
        words = table[:, :12].view(">u4")
        at = span(rows)
        expected = words[:, 0] == self._first[at]
        expected &= words[:, 1] == self._stamp[at]
        expected &= words[:, 2] == self._ssrc[at]
        expected &= self._active[at] & (self._filled[at] - self._taken[at] < RING)
        expected &= datagrams.lengths == PACKET
        odd: list[int] = []
        if not expected.all():
            odd = np.flatnonzero(~expected).tolist()
            rows, table = rows[expected], table[expected]
        if len(rows):
            self._store(rows, table, now_ms)
        return odd

    def _store(self, rows: Rows, table: npt.NDArray[np.uint8], now_ms: float) -> None:
        at = span(rows)
        first = self._first[at]
        self._first[at] = (first & 0xFFFF0000) | ((first + 1) & 0xFFFF)
        self._stamp[at] += FRAME_SAMPLES
        payloads: npt.NDArray[np.void] = np.ndarray((len(table),), _FRAME, table, 12, (PACKET,))
        self._whole[self._filled[at] % RING * self._room + rows] = payloads
        self._filled[at] += 1
        apart = np.abs(now_ms - self._arrival[at] - FRAME_MS)
        jitter = self._jitter[at]
        self._jitter[at] = jitter + np.where(apart < 1000, (apart - jitter) / 16, 0.0)
        self._arrival[at] = now_ms

    def starving(self, rows: Rows) -> list[int]:
        """Those that have no frame for this tick: end their loan before `pop`. Rows whose loan has ended are among them."""
        at = span(rows)
        fed = self._active[at] & (self._filled[at] > self._taken[at])
        found: list[int] = [] if fed.all() else rows[~fed].tolist()
        return found

    def pop(self, rows: Rows) -> Heard:
        """The frames of this tick, of the rows that are still on loan; none may starve."""
        rows = rows[self._active[rows]]
        at = span(rows)
        pcm = self._decode(at, self._frames.take(self._taken[at] % RING * self._room + rows, axis=0))
        self._taken[at] += 1
        self._ticks += 1
        self._settle(rows, at)
        self._heard_at[at] = np.arange(len(rows))
        self._last = pcm
        return Heard(rows, pcm, energy(pcm))

    def _decode(self, rows: At, codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int16]:
        pcm = g711.decode_mixed(codes, self._law[rows])
        pcm.flags.writeable = False
        return pcm

    def _settle(self, rows: Rows, at: At) -> None:
        """As `JitterBuffer`: give back delay that is not needed."""
        spare = self._filled[at] - self._taken[at]
        self._least[at] = np.minimum(self._least[at], spare)
        review = self._review[at] - 1
        self._review[at] = review
        for n in np.flatnonzero((review <= 0) | (spare > OVERFULL)):
            row = rows[n]
            if spare[n] > OVERFULL:
                self._taken[row] += spare[n] - 2
                continue
            if self._least[row] > 1:
                self._taken[row] += 1
            self._review[row], self._least[row] = REVIEW, OVERFULL


def energy(pcm: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """Mean square of each row."""
    samples = pcm.astype(np.float32)
    square: npt.NDArray[np.float32] = np.einsum("ij,ij->i", samples, samples)
    return square / np.float32(pcm.shape[1])
