"""The compiled core of the media engine (`core.c`), behind the interfaces of `Inbound`, `Outbound` and `Wire`.

`make setup` compiles it where there is a C compiler, and wheels carry it. Without it (no compiler, another system, or the
setting `python`) the same is done with numpy, at more processor time. What is unusual is left to Python by both: the core only ever
takes the packet that is expected next.

Sockets are read and written without the interpreter's lock, in one call for all; columns are touched with it, since the event loop shares them.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import sys
import weakref
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from callwright.errors import LineError
from callwright.telephony.port import FRAME_SAMPLES
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.inbound import PACKET, RING, Datagrams, Heard, Inbound, Rows
from callwright.telephony.rtp.jitter import OVERFULL, REVIEW
from callwright.telephony.rtp.outbound import AHEAD, Outbound
from callwright.telephony.rtp.stream import RtpStream
from callwright.telephony.rtp.wire import LONGEST_DATAGRAM, EachPacket, Read, Wire

__all__ = ["CHOICES", "CompiledInbound", "CompiledOutbound", "CompiledWire", "Core", "available", "parts", "used"]

log = logging.getLogger(__name__)

CHOICES = ("auto", "compiled", "plain", "python")
"""Of CALLWRIGHT_MEDIA_CORE."""
_SOURCE = Path(__file__).with_name("core.c")
_LIBRARY = Path(__file__).with_name("_core.so")
_DECODE: npt.NDArray[np.int16] = np.stack([g711.DECODE["PCMA"], g711.DECODE["PCMU"]])
_Any = ctypes.c_void_p
_N = ctypes.c_int64


class _In(ctypes.Structure):
    """`inbound` of core.c."""

    _columns = (
        "active",
        "first",
        "stamp",
        "ssrc",
        "law",
        "filled",
        "taken",
        "least",
        "review",
        "heard_at",
        "arrival",
        "jitter",
        "ring",
    )
    _fields_ = (
        ("room", _N),
        *((name, _Any) for name in _columns),
        ("decode", _Any),
        ("review_every", _N),
        ("overfull", _N),
    )


class _Out(ctypes.Structure):
    """`outbound` of core.c."""

    _columns = ("packets", "prepared", "sequence", "stamp", "sent", "ready", "used", "begin")
    _fields_ = (("room", _N), *((name, _Any) for name in _columns))


class Core:
    """The functions of the library. Raises OSError where it is not there, is of another source, or cannot be loaded."""

    def __init__(self, library: Path = _LIBRARY) -> None:
        alone = ctypes.CDLL(str(library))  # gives up the interpreter's lock for the call
        beside = ctypes.PyDLL(str(library))  # keeps it
        if np.dtype(np.intp).itemsize != ctypes.sizeof(_N):
            raise OSError("the core needs a 64-bit system")
        if not hasattr(alone, "core_digest"):
            raise OSError(f"{library.name} is no core of callwright")
        alone.core_digest.restype = ctypes.c_char_p
        if alone.core_digest() != hashlib.sha256(_SOURCE.read_bytes()).hexdigest().encode():
            raise OSError(f"{library.name} was compiled from another core.c: `make setup` compiles it anew")

        sizes = list((_N * 3).in_dll(alone, "core_sizes"))
        if sizes != [PACKET, RING, AHEAD]:
            raise OSError(f"core.c counts on other sizes than the arrays have: {sizes}, not {[PACKET, RING, AHEAD]}")

        def function(of: ctypes.CDLL, name: str, result: type[_N] | None, *arguments: Any) -> Any:
            found = getattr(of, name)
            found.restype, found.argtypes = result, arguments
            return found

        inbound, outbound = ctypes.POINTER(_In), ctypes.POINTER(_Out)
        self.ring_size = _N.in_dll(alone, "core_ring_size").value
        self.ring_open = function(beside, "core_ring_open", _N, _Any)
        self.ring_close = function(beside, "core_ring_close", None, _Any)
        self.send = function(alone, "core_send", _N, _Any, _N, _Any, _Any, _Any, _Any)
        self.read = function(alone, "core_read", None, _N, *[_Any] * 9)
        self.push = function(beside, "core_push", _N, inbound, _N, _Any, _Any, _Any, ctypes.c_double, _Any)
        self.starving = function(beside, "core_starving", _N, inbound, _N, _Any, _Any)
        self.pop = function(beside, "core_pop", _N, inbound, _N, _Any, _Any, _Any, _Any)
        self.step = function(beside, "core_step", None, outbound, _N, _Any, _Any, _Any, _Any)


@lru_cache(1)
def _loaded() -> Core | str:
    if not sys.platform.startswith("linux"):
        return "it is for Linux only, as are steady streams"
    try:
        return Core()
    except OSError as error:
        log.info("media without the compiled core, at more processor time: %s", error)
        return str(error)


def available() -> str:
    """Why there is no compiled core; "" = there is one."""
    core = _loaded()
    return core if isinstance(core, str) else ""


def parts(choice: str = "auto") -> tuple[Inbound, Outbound, Wire]:
    """Of a new engine. choice (`CHOICES`): `auto` = compiled where possible; `compiled` = or nothing; `plain` = the same without io_uring;
    `python`. Raises LineError."""
    core = _loaded()
    if isinstance(core, str) and choice in ("compiled", "plain"):
        raise LineError(f"media: CALLWRIGHT_MEDIA_CORE is {choice}, and there is no compiled core: {core}")
    if isinstance(core, str) or choice == "python":
        return Inbound(), Outbound(), EachPacket()
    return CompiledInbound(core), CompiledOutbound(core), CompiledWire(core, ring=choice != "plain")


def used(choice: str = "auto") -> str:
    """What `parts` of this choice are, for people. Raises LineError."""
    *_, wire = parts(choice)
    if not isinstance(wire, CompiledWire):
        return "numpy"
    told = "compiled, io_uring" if wire.ring else "compiled"
    wire.close()
    return told


def _at(array: npt.NDArray[Any]) -> int:
    """Where its memory is. The core reads and writes without strides."""
    assert array.flags.c_contiguous
    return array.ctypes.data


class CompiledInbound(Inbound):
    """`Inbound` with its three steps of a tick in C."""

    def __init__(self, core: Core) -> None:
        self._core = core
        super().__init__()

    def _make_room(self, rows: int) -> None:
        super()._make_room(rows)
        columns = {name: _at(getattr(self, f"_{name}")) for name in _In._columns}
        self._state = _In(self._room, *columns.values(), _at(_DECODE), REVIEW, OVERFULL)
        self._found = np.zeros(rows, np.int64)

    def push(self, rows: Rows, datagrams: Datagrams, now_ms: float) -> list[int]:
        n = len(rows)
        assert n == len(datagrams.lengths) == len(datagrams.table)
        assert not n or rows.max() < self._room
        odd = np.empty(n, np.int64)
        rows = np.ascontiguousarray(rows)
        lengths, table = datagrams.lengths, datagrams.table
        others = self._core.push(self._state, n, _at(rows), _at(lengths), _at(table), now_ms, _at(odd))
        found: list[int] = odd[:others].tolist()
        return found

    def starving(self, rows: Rows) -> list[int]:
        assert len(rows) <= self._room
        hungry = self._core.starving(self._state, len(rows), _at(rows), _at(self._found))
        found: list[int] = self._found[:hungry].tolist()
        return found

    def pop(self, rows: Rows) -> Heard:
        n = len(rows)
        pcm = np.empty((n, FRAME_SAMPLES), np.int16)
        energy = np.empty(n, np.float32)
        heard = np.empty(n, np.int64)
        got = self._core.pop(self._state, n, _at(rows), _at(heard), _at(pcm), _at(energy))
        pcm, energy, heard = pcm[:got], energy[:got], heard[:got]
        pcm.flags.writeable = False
        self._last = pcm
        self._ticks += 1
        return Heard(heard, pcm, energy)


class CompiledOutbound(Outbound):
    """`Outbound` with its packets made in C."""

    def __init__(self, core: Core) -> None:
        self._core = core
        super().__init__()

    def _make_room(self, rows: int) -> None:
        super()._make_room(rows)
        self._state = _Out(self._room, *(_at(getattr(self, f"_{name}")) for name in _Out._columns))
        self._speaking, self._played = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
        self._numbers = np.zeros(2, np.int64)

    def _advance(self, rows: Rows) -> tuple[Rows, list[int]]:
        assert len(rows) <= self._room
        self._core.step(self._state, len(rows), _at(rows), _at(self._speaking), _at(self._played), _at(self._numbers))
        spoke, ended = self._numbers.tolist()
        played: list[int] = self._played[:ended].tolist()
        return self._speaking[:spoke], played


class CompiledWire:
    """All packets of a tick in one call, and all datagrams in another. What is encrypted is sent from Python, which has to seal it anyway.

    ring: send by io_uring where the system lets us (it is switched off in many containers), else by a system call for each packet."""

    def __init__(self, core: Core, *, ring: bool = True) -> None:
        self._core = core
        self._ring = ctypes.create_string_buffer(core.ring_size)
        self._ring_fd = _N.from_buffer(self._ring)  # its `fd`
        self._ring_fd.value = -1  # there is none yet
        if ring and (why := core.ring_open(self._ring)):
            log.info("media without io_uring, at more processor time: %s", os.strerror(why))
        self._had_ring = self.ring
        self._end = weakref.finalize(self, core.ring_close, self._ring)
        self._senders: list[RtpStream] = []
        self._plain: Rows = np.zeros(0, np.int64)  # positions that are sent as they are
        self._rows: Rows = self._plain
        self._out_fds: npt.NDArray[np.int32] = np.zeros(0, np.int32)
        self._packets: npt.NDArray[np.uint8] = np.zeros((0, PACKET), np.uint8)
        self._refused: Rows = self._plain
        self._in_fds: npt.NDArray[np.int32] = np.zeros(0, np.int32)
        self._make_room(64)

    def senders(self, streams: Sequence[RtpStream], rows: Rows, outbound: Outbound) -> None:
        self._senders = list(streams)
        self._plain = np.array([n for n, stream in enumerate(streams) if not stream.session.encrypted], np.int64)
        self._rows = np.ascontiguousarray(rows[self._plain])
        self._out_fds = np.array([streams[n].fileno() for n in self._plain], np.int32)
        self._packets = outbound.table
        self._refused = np.zeros(len(self._plain), np.int64)
        self._sending = tuple(_at(one) for one in (self._out_fds, self._rows, self._packets, self._refused))

    def send(self, sealed: Mapping[int, bytes]) -> list[int]:
        refused: list[int] = []
        if count := self._core.send(self._ring, len(self._plain), *self._sending):
            refused = self._plain[self._refused[:count]].tolist()
        if self._had_ring and not self.ring:
            self._had_ring = False
            log.warning("media: io_uring has failed, packets go by a system call each from now on: more processor time")
        for position, packet in sealed.items():
            try:
                self._senders[position].transmit(packet)
            except OSError:
                refused.append(position)
        return refused

    @property
    def ring(self) -> bool:
        """Whether io_uring sends: no longer when it has failed."""
        return self._ring_fd.value >= 0

    def close(self) -> None:
        self._end()

    def _make_room(self, sockets: int) -> None:
        self._found, self._silent, self._failed = np.zeros((3, sockets), np.int64)
        self._lengths = np.zeros(sockets, np.int32)
        self._table = np.zeros((sockets, PACKET), np.uint8)
        self._rest = np.zeros((sockets, LONGEST_DATAGRAM), np.uint8)
        self._counts = np.zeros(3, np.int64)
        columns = (self._found, self._lengths, self._table, self._rest, self._silent, self._failed, self._counts)
        self._reading = tuple(_at(column) for column in columns)

    def receivers(self, streams: Sequence[RtpStream], fds: npt.NDArray[np.int32]) -> None:
        self._in_fds = np.ascontiguousarray(fds)
        if len(fds) > len(self._found):
            self._make_room(2 * len(fds))

    def read(self, positions: Rows) -> Read:
        assert len(positions) <= len(self._in_fds)
        self._core.read(len(positions), _at(positions), _at(self._in_fds), *self._reading)
        got, silent, failed = self._counts.tolist()
        datagrams = Datagrams(self._found[:got], self._lengths[:got], self._table[:got], self._whole)
        return Read(datagrams, self._silent[:silent].tolist(), self._failed[:failed].tolist())

    def _whole(self, n: int) -> bytes:
        length = int(self._lengths[n])
        return (self._table[n] if length == PACKET else self._rest[n, :length]).tobytes()
