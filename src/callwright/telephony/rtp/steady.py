"""The sockets of steady streams: one connected socket each, one `send` and one `recv` a tick, everything else in arrays.

A stream comes here once its peer is known for good (the socket is then connected: the kernel drops what others send) and while packets come
one by one in time and audio is sent tick by tick; each direction by itself. What is unusual is left to `RtpStream`, which takes the stream
back without losing a packet, and it returns within a few ticks.

The tick thread calls `send`, `receive`, `admit` and `forget`; `recall`, `refresh`, `requeue` and `extend` are called by whoever holds the lock.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from callwright.telephony.rtp import core
from callwright.telephony.rtp.inbound import Datagrams, Rows
from callwright.telephony.rtp.packet import is_rtcp
from callwright.telephony.rtp.recording import Recording, TakenTogether
from callwright.telephony.rtp.session import Session
from callwright.telephony.rtp.stream import RtpStream

__all__ = ["HeardFrames", "SteadyStreams"]

_ROUNDS = 32  # datagrams per tick and stream
_ADMIT_EVERY = 8  # ticks between two attempts of a stream to become steady
_SURPLUS_EVERY = 4  # ticks between two looks for more packets than one a tick


class HeardFrames(NamedTuple):
    """What steady streams heard in one tick: a row of pcm and an energy for each."""

    streams: list[RtpStream]
    pcm: npt.NDArray[np.int16]
    energy: list[float]


@dataclass(slots=True)
class _Both:
    """Of the recorded streams that are steady: those that are so both ways (positions: in what was heard; rows: of what was sent), and those
    that are so one way only. Opus files are encoded frame by frame, they count as neither."""

    streams: list[RtpStream]
    members: set[RtpStream]
    recordings: list[Recording]
    positions: Rows
    rows: Rows
    laws: npt.NDArray[np.int8]
    in_only: list[tuple[int, RtpStream]]
    out_only: list[tuple[int, RtpStream]]

    @classmethod
    def of(
        cls, streams: list[RtpStream], heard: list[tuple[int, RtpStream]], said: list[tuple[int, RtpStream]]
    ) -> _Both:
        rows = {stream: row for row, stream in said}
        both = [
            (n, rows[stream], stream, stream.recording)
            for n, stream in heard
            if stream in rows and stream.recording is not None and not stream.recording.encoded
        ]
        members = {stream for _, _, stream, _ in both}
        return cls(
            streams,
            members,
            [recording for *_, recording in both],
            np.array([n for n, *_ in both], np.int64),
            np.array([row for _, row, *_ in both], np.int64),
            np.array([stream.session.codec != "PCMA" for _, _, stream, _ in both], np.int8),
            [(n, stream) for n, stream in heard if stream not in members],
            [(row, stream) for row, stream in said if stream not in members],
        )


class _Columns:
    """Of all streams that have a row, by row: who it is, the file descriptor of its socket, and whether its audio is encrypted."""

    def __init__(self, rows: int) -> None:
        self._streams: npt.NDArray[np.object_] = np.full(rows, None, np.object_)
        self.fds: npt.NDArray[np.int32] = np.full(rows, -1, np.int32)
        self.encrypted: npt.NDArray[np.bool_] = np.zeros(rows, np.bool_)

    def put(self, row: int, stream: RtpStream) -> None:
        if row >= len(self.fds):
            more = max(row + 1, 2 * len(self.fds)) - len(self.fds)
            self._streams = np.append(self._streams, np.full(more, None, np.object_))
            self.fds = np.append(self.fds, np.full(more, -1, np.int32))
            self.encrypted = np.append(self.encrypted, np.zeros(more, np.bool_))
        self._streams[row] = stream
        self.fds[row] = stream.fileno()
        self.encrypted[row] = stream.session.encrypted

    def clear(self, row: int) -> None:
        self._streams[row] = None
        self.fds[row] = -1

    def streams(self, rows: Rows) -> list[RtpStream]:
        found: list[RtpStream] = self._streams[rows].tolist()
        return found


class SteadyStreams:
    """Which streams are steady, and their packets."""

    def __init__(self, lock: threading.Lock, choice: str = "auto") -> None:
        """lock: the engine's; held while arrays and sessions change, never over a system call; choice: of a core (`core.parts`)."""
        self._lock = lock
        self.sent_at = time.monotonic()
        self._inbound, self._outbound, self._wire = core.parts(choice)
        self._streams: dict[int, RtpStream] = {}
        self._free: list[int] = []
        self._columns = _Columns(64)
        self._in_changed = self._out_changed = True
        self._poll = select.poll() if hasattr(select, "poll") else None
        self._polled: dict[int, int] = {}  # row by file descriptor
        self._recorded_in: list[tuple[int, RtpStream]] = []  # with their position
        self._recorded_out: list[tuple[int, RtpStream]] = []  # with their row
        self._both: _Both | None = None  # who of them is steady both ways; None: to be found out
        self._owing: set[int] = set()  # rows that had nothing when it was their turn: two packets may come next
        self._since_surplus = 0
        self._in: list[RtpStream] = []
        self._in_rows: Rows = np.zeros(0, np.int64)
        self._everyone: Rows = np.zeros(0, np.int64)  # all positions of `_in`
        self._out: list[RtpStream] = []
        self._out_rows: Rows = np.zeros(0, np.int64)
        self._open_in: dict[int, Session] = {}  # of those whose audio is encrypted, by position
        self._seal_out: dict[int, Session] = {}

    # ------------------------------------------------------------ who is steady

    def admit(self, streams: Iterable[RtpStream], tick: int) -> None:
        """Take in those of the others whose turn it is to be asked."""
        for stream in streams:
            if (tick + stream.local_port // 2) % _ADMIT_EVERY == 0 and stream.ready:
                with self._lock:
                    self._admit(stream)

    def _admit(self, stream: RtpStream) -> None:
        if not stream.ready:  # it changed before we had the lock
            return
        if stream.row is None:
            stream.row = self._free.pop() if self._free else len(self._streams)
            self._streams[stream.row] = stream
            self._polled[stream.fileno()] = stream.row
            if self._poll is not None:
                self._poll.register(stream.fileno(), select.POLLIN)
        session = stream.session
        self._columns.put(stream.row, stream)
        if not stream.steady_in and self._inbound.enter(stream.row, session):
            stream.steady_in = self._in_changed = True
            self._owing.add(stream.row)
        if not stream.steady_out and self._outbound.enter(stream.row, session):
            stream.steady_out = self._out_changed = True

    def recall(self, stream: RtpStream, *, inbound: bool = True, outbound: bool = True) -> None:
        """The stream goes on by itself. The lock is held."""
        if stream.row is None:
            return
        if inbound and stream.steady_in:
            last = self._inbound.leave(stream.row)
            stream.steady_in, self._in_changed = False, True
            if last is not None:
                stream.take_over(last)
        if outbound and stream.steady_out:
            self._outbound.leave(stream.row)
            stream.steady_out, self._out_changed = False, True

    def refresh(self, stream: RtpStream) -> None:
        """Bring the counters of its session up to date. The lock is held."""
        if stream.row is None:
            return
        if stream.steady_in:
            self._inbound.refresh(stream.row)
        if stream.steady_out:
            self._outbound.refresh(stream.row)

    def advance(self, stream: RtpStream) -> None:
        """Bring its queue up to date. The lock is held."""
        if stream.steady_out and stream.row is not None:
            self._outbound.advance(stream.row)

    def waiting(self, stream: RtpStream) -> int:
        """Frames that wait to be heard. The lock is held."""
        if stream.row is not None and stream.steady_in:
            return self._inbound.waiting(stream.row)
        return stream.session.jitter.depth

    def requeue(self, stream: RtpStream) -> None:
        """Its queue is about to change. The lock is held."""
        if stream.row is not None and stream.steady_out:
            self._outbound.requeue(stream.row)

    def skip(self, stream: RtpStream, ticks: int) -> None:
        """Ticks that could not be kept. The lock is held."""
        if stream.row is not None and stream.steady_out:
            self._outbound.skip(stream.row, ticks)
        else:
            stream.session.skip(ticks)

    def extend(self, stream: RtpStream) -> None:
        """Its queue is about to grow. The lock is held."""
        if stream.row is not None and stream.steady_out:
            self._outbound.extend(stream.row)

    def recorded(self) -> None:
        """A stream begins to be recorded. The lock is held."""
        self._in_changed = self._out_changed = True

    def forget(self, stream: RtpStream) -> None:
        """The stream ends; before its socket is closed. The lock is held."""
        self.recall(stream)
        if stream.row is not None:
            del self._streams[stream.row], self._polled[stream.fileno()]
            if self._poll is not None:
                self._poll.unregister(stream.fileno())
            self._columns.clear(stream.row)
            self._owing.discard(stream.row)
            self._free.append(stream.row)
            stream.row = None

    def close(self) -> None:
        """Every stream has been forgotten."""
        self._wire.close()

    # ------------------------------------------------------------ sending

    def send(self, streams: Sequence[RtpStream]) -> list[RtpStream]:
        """The packet of every steady stream; `stream.said` for those that are recorded. Returns the others: they send by themselves."""
        self.sent_at = time.monotonic()
        with self._lock:
            if self._out_changed:
                self._gather_out()
            # Every steady stream is one of the engine's: where the numbers agree there are no others.
            whole = len(self._out) == len(streams)
            others = [] if whole else [stream for stream in streams if not stream.steady_out]
            if not self._out:
                return others
            for row in self._outbound.step(self._out_rows):
                self._streams[row].played_out()
            packets = self._outbound.packets
            sealed = {n: session.sealed(bytes(packets[self._out_rows[n]])) for n, session in self._seal_out.items()}
        for position in self._wire.send(sealed):
            self._out[position].send_errors += 1
        return others

    def _gather_out(self) -> None:
        self._out_rows = self._outbound.rows()
        self._out = self._columns.streams(self._out_rows)
        self._wire.senders(self._out, self._out_rows, self._outbound)
        self._both = None
        self._recorded_out = [(stream.row or 0, stream) for stream in self._out if stream.recording is not None]
        self._seal_out = {n: stream.session for n, stream in enumerate(self._out) if stream.session.encrypted}
        self._out_changed = False

    # ------------------------------------------------------------ receiving

    def receive(
        self, streams: Sequence[RtpStream], now_ms: float
    ) -> tuple[HeardFrames, list[RtpStream], list[RtpStream]]:
        """Read every steady socket: a packet each, and what waits beyond that (`_read_the_rest`). Returns what was heard, the
        streams that are to be read by themselves, and those that are steady no more: their datagrams of this tick are with their
        sessions, their frame is still to be taken."""
        with self._lock:
            if self._in_changed:
                self._gather_in()
            whole = len(self._in) == len(streams)
            others = [] if whole else [stream for stream in streams if not stream.steady_in]
        if not self._in:
            return HeardFrames([], np.zeros((0, 0), np.int16), []), others, []
        _, silent = self._read(self._everyone, now_ms)
        self._read_the_rest(now_ms)
        self._owing.update(self._in_rows[silent].tolist())
        with self._lock:
            back = [self._streams[row] for row in self._inbound.starving(self._in_rows)]
            for stream in back:
                self.recall(stream, outbound=False)
            heard = self._inbound.pop(self._in_rows)
        streams = [self._streams[row] for row in heard.rows.tolist()] if back else self._in
        return HeardFrames(streams, heard.pcm, heard.energy.tolist()), others, back

    def recorded_frames(self, heard: HeardFrames, tick: int) -> tuple[TakenTogether | None, set[RtpStream]]:
        """After `send` and `receive`: this tick of the recordings of streams that were steady both ways, and which streams these are. What
        else was heard and said of recorded streams is put into `heard_pcm` and `said`."""
        both = self._both
        if both is None or both.streams is not heard.streams:
            recorded = self._recorded_in
            if heard.streams is not self._in:
                recorded = [(n, stream) for n, stream in enumerate(heard.streams) if stream.recording is not None]
            both = self._both = _Both.of(heard.streams, recorded, self._recorded_out)
        for n, stream in both.in_only:
            stream.heard_pcm = heard.pcm[n]
        for row, stream in both.out_only:
            stream.said = self._outbound.audio(row)
        if not both.recordings:
            return None, both.members
        said = self._outbound.audio_of(both.rows)
        return TakenTogether(both.recordings, tick, heard.pcm[both.positions], said, both.laws), both.members

    def _gather_in(self) -> None:
        rows = self._in_rows = self._inbound.rows()
        self._in = self._columns.streams(rows)
        self._everyone = np.arange(len(rows))
        self._wire.receivers(self._in, self._columns.fds[rows])
        self._both = None
        self._recorded_in = [(n, stream) for n, stream in enumerate(self._in) if stream.recording is not None]
        self._open_in = {n: self._in[n].session for n in np.flatnonzero(self._columns.encrypted[rows]).tolist()}
        self._in_changed = False

    def _read(self, positions: Rows, now_ms: float) -> tuple[Rows, list[int]]:
        """A datagram of each of these: the positions of those that had one, and of those that had none."""
        datagrams, silent, failed = self._wire.read(positions)
        for position in failed:  # an ICMP error of an earlier send
            self._in[position].send_errors += 1
        if len(datagrams.positions):
            self._take(datagrams, now_ms)
        return datagrams.positions, sorted(silent + failed) if failed else silent

    def _read_the_rest(self, now_ms: float) -> None:
        """More than one packet waits where the peer or the network was late: there, a packet was missing before. Where nothing was missing
        (the peer's clock is faster, a packet came twice) a look now and then is enough."""
        if self._poll is None:
            return
        self._since_surplus += 1
        if self._since_surplus >= _SURPLUS_EVERY:
            self._since_surplus = 0
            self._owing.clear()
            rows = {self._polled[fd] for fd, _ in self._poll.poll(0)}
        else:
            rows = self._owing
        asked = np.zeros(len(self._columns.fds), np.bool_)
        asked[list(rows)] = True
        more = np.flatnonzero(asked[self._in_rows])
        for _ in range(_ROUNDS - 1):
            if not len(more):
                return
            more = self._read(more, now_ms)[0].copy()

    def _take(self, datagrams: Datagrams, now_ms: float) -> None:
        with self._lock:
            if self._open_in:
                datagrams = self._opened(datagrams, now_ms)
            for odd in self._inbound.push(self._in_rows[datagrams.positions], datagrams, now_ms):
                stream = self._in[int(datagrams.positions[odd])]
                # A stream recalled by the event loop meanwhile may have another peer by now: this datagram is of the former one.
                if not stream.steady_in and stream.odd_at_ms != now_ms:
                    continue
                datagram = datagrams.whole(odd)
                if is_rtcp(datagram):  # beside the audio, which goes on as before
                    stream.receive_control(datagram)
                    continue
                stream.odd_at_ms = now_ms
                self.recall(stream, outbound=False)
                stream.receive_one(datagram, now_ms)

    def _opened(self, datagrams: Datagrams, now_ms: float) -> Datagrams:
        """Without what does not prove to be of its peer, the rest decrypted."""
        kept: list[int] = []
        plain: list[bytes] = []
        for n, position in enumerate(datagrams.positions.tolist()):
            session, stream = self._open_in.get(position), self._in[position]
            packet: bytes | None = datagrams.whole(n)
            if session is not None and session.peer is not None and (stream.steady_in or stream.odd_at_ms == now_ms):
                packet = session.opened(datagrams.whole(n), session.peer)
            if packet is not None:
                kept.append(position)
                plain.append(packet)
        return Datagrams.of(np.array(kept, np.int64), plain)
