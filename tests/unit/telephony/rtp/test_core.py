"""The compiled core: found, refused when of another source, and its system calls over real sockets. That it does what numpy does is shown in
tests/property/test_rtp_core.py."""

from __future__ import annotations

import errno
import gc
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from callwright.errors import LineError
from callwright.telephony.rtp import core
from callwright.telephony.rtp.inbound import PACKET, Inbound
from callwright.telephony.rtp.outbound import Outbound
from callwright.telephony.rtp.wire import LONGEST_DATAGRAM, EachPacket, Wire

ROOT = Path(__file__).parents[4]
HOST = "127.0.0.1"

needs_cc = pytest.mark.skipif(
    shutil.which("cc") is None or not sys.platform.startswith("linux"), reason="no C compiler: the core is not compiled"
)


def compiled(target: Path, flags: str = "") -> Path:
    subprocess.run(
        ["sh", "scripts/core", str(target)], cwd=ROOT, check=True, env={**os.environ, "CORE_FLAGS": flags}, timeout=100
    )
    return target


@needs_cc
def test_where_there_is_a_compiler_the_core_is_used() -> None:
    assert core.available() == ""
    inbound, outbound, wire = core.parts()
    assert isinstance(inbound, core.CompiledInbound)
    assert isinstance(outbound, core.CompiledOutbound)
    assert isinstance(wire, core.CompiledWire)


def test_a_setting_leaves_it_out() -> None:
    assert [type(one) for one in core.parts("python")] == [Inbound, Outbound, EachPacket]


def test_a_setting_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "_loaded", lambda: "it was not compiled")
    assert [type(one) for one in core.parts()] == [Inbound, Outbound, EachPacket]
    for choice in ("compiled", "plain"):
        with pytest.raises(LineError, match=f"is {choice}, and there is no compiled core: it was not compiled"):
            core.parts(choice)
    assert core.used() == "numpy"


@needs_cc
def test_what_moves_the_packets_is_told() -> None:
    assert core.used("plain") == "compiled"
    assert core.used() in {"compiled", "compiled, io_uring"}
    assert core.used("python") == "numpy"


@needs_cc
def test_a_core_of_another_source_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "core.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", other, ROOT / "src/callwright/telephony/rtp/core.c"], check=True)
    with pytest.raises(OSError, match=r"another core\.c: `make setup`"):
        core.Core(other)


@needs_cc
def test_a_library_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.c").write_text("int other(void) { return 0; }\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "other.so", tmp_path / "other.c"], check=True)
    with pytest.raises(OSError, match=r"other\.so is no core of callwright"):
        core.Core(tmp_path / "other.so")


@needs_cc
def test_arrays_of_other_sizes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "RING", 16)
    with pytest.raises(OSError, match=r"other sizes than the arrays have: \[172, 48, 50\], not \[172, 16, 50\]"):
        core.Core()


def test_a_library_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"nothing\.so"):
        core.Core(tmp_path / "nothing.so")


@needs_cc
def test_it_compiles_without_a_warning(tmp_path: Path) -> None:
    strict = "-Werror -Wconversion -Wshadow -Wcast-qual -Wundef -Wpedantic -Wno-sign-conversion"
    assert core.Core(compiled(tmp_path / "core.so", strict)).send is not None


class Line:
    """A wire with a few connected sockets, and the sockets of the far sides."""

    def __init__(self, wire: Wire, stack: ExitStack, calls: int = 4) -> None:
        self.wire = wire
        self.ours, self.theirs = [], []
        for _ in range(calls):
            one, other = (stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2))
            for end in (one, other):
                end.bind((HOST, 0))
                end.setblocking(False)
            one.connect(other.getsockname())
            other.connect(one.getsockname())
            self.ours.append(one)
            self.theirs.append(other)
        self.streams = [
            SimpleNamespace(
                fileno=end.fileno, transmit=end.send, take_datagram=end.recv, session=SimpleNamespace(encrypted=n == 2)
            )
            for n, end in enumerate(self.ours)
        ]
        self.outbound = SimpleNamespace(
            table=np.arange(10 * PACKET, dtype=np.uint32).astype(np.uint8).reshape(10, PACKET)
        )
        self.outbound.packets = [memoryview(row.data) for row in self.outbound.table]
        self.rows = np.array([1, 4, 5, 9])
        wire.senders(cast(Any, self.streams), self.rows, cast(Any, self.outbound))
        wire.receivers(cast(Any, self.streams), np.array([end.fileno() for end in self.ours], np.int32))

    def heard(self) -> list[list[bytes]]:
        """All that came to each of them."""
        found: list[list[bytes]] = []
        for end in self.theirs:
            found.append([])
            try:
                while True:
                    found[-1].append(end.recv(LONGEST_DATAGRAM))
            except BlockingIOError:
                continue
        return found


@pytest.fixture(params=["numpy", "plain", "ring"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    if request.param == "numpy":
        wire: Wire = EachPacket()
    else:
        wire = compiled_wire(ring=request.param == "ring")
    with ExitStack() as stack:
        stack.callback(wire.close)
        yield Line(wire, stack)


def compiled_wire(*, ring: bool) -> core.CompiledWire:
    if core.available():
        pytest.skip(f"no compiled core: {core.available()}")
    wire = core.CompiledWire(core.Core(), ring=ring)
    if ring and not wire.ring:
        pytest.skip("io_uring is not to be had here (switched off, or the kernel is older than 5.18)")
    return wire


def ring_of(wire: core.CompiledWire) -> int:
    """The file descriptor of its ring."""
    return int.from_bytes(bytes(wire._ring)[:8], sys.byteorder)


def test_each_row_goes_to_its_socket(line: Line) -> None:
    assert line.wire.send({2: b"sealed"}) == []
    packets = [line.outbound.table[row].tobytes() for row in line.rows]
    assert line.heard() == [[packets[0]], [packets[1]], [b"sealed"], [packets[3]]]


def test_datagrams_of_any_length_are_read_one_a_socket(line: Line) -> None:
    usual = bytes(range(PACKET))
    for end, several in zip(line.theirs, ([usual, b"second"], [], [b"short"], [bytes(PACKET + 1)]), strict=True):
        for datagram in several:
            end.send(datagram)
    datagrams, silent, failed = line.wire.read(np.arange(4))
    assert (datagrams.positions.tolist(), silent, failed) == ([0, 2, 3], [1], [])
    assert datagrams.lengths.tolist() == [PACKET, 5, PACKET + 1]
    assert datagrams.table[0].tobytes() == usual
    assert [datagrams.whole(n) for n in range(3)] == [usual, b"short", bytes(PACKET + 1)]
    datagrams, silent, failed = line.wire.read(np.array([0, 3]))
    assert (datagrams.positions.tolist(), silent, failed) == ([0], [3], [])
    assert datagrams.whole(0) == b"second"


@pytest.mark.parametrize(
    ("sent", "kept"), [(0, 0), (1, 1), (LONGEST_DATAGRAM, LONGEST_DATAGRAM), (9000, LONGEST_DATAGRAM)]
)
def test_empty_and_endless_datagrams(line: Line, sent: int, kept: int) -> None:
    line.theirs[3].send(bytes([7]) * sent)
    datagrams, silent, failed = line.wire.read(np.array([3]))
    assert (datagrams.positions.tolist(), silent, failed) == ([3], [], [])
    assert datagrams.whole(0) == bytes([7]) * kept


def test_a_far_side_that_is_gone_is_an_error_of_its_socket_only(line: Line) -> None:
    for gone in (0, 2):
        line.theirs[gone].close()
    line.wire.send({2: b"sealed"})  # tells nothing yet: the refusal comes back
    datagrams, silent, failed = line.wire.read(np.arange(4))
    assert (len(datagrams.positions), silent, failed) == (0, [1, 3], [0, 2])
    line.wire.send({2: b"sealed"})
    assert sorted(line.wire.send({2: b"sealed"})) == [0, 2]  # what came back since


def test_nobody_to_send_to_and_nobody_to_read(line: Line) -> None:
    line.wire.senders([], np.zeros(0, np.int64), cast(Any, line.outbound))
    line.wire.receivers([], np.zeros(0, np.int32))
    assert line.wire.send({}) == []
    assert len(line.wire.read(np.zeros(0, np.int64)).datagrams.positions) == 0


def test_more_packets_than_a_ring_holds() -> None:
    wire = compiled_wire(ring=True)
    calls = 2500  # of 4 sockets each has hundreds
    with ExitStack() as stack:
        stack.callback(wire.close)
        line = Line(wire, stack)
        for end in line.theirs:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        streams = [line.streams[n % 2] for n in range(calls)]
        rows = np.arange(calls) % 10
        wire.senders(cast(Any, streams), rows, cast(Any, line.outbound))
        wire._out_fds[[7, 1024, 2499]] = -1  # that nobody has
        assert wire.send({}) == [7, 1024, 2499]
        heard = line.heard()
        kept = [n for n in range(calls) if n not in (7, 1024, 2499)]
        for which in (0, 1):
            wanted = [line.outbound.table[rows[n]].tobytes() for n in kept if n % 2 == which]
            assert heard[which] == wanted[: len(heard[which])] and len(heard[which]) > 100
        assert wire.ring


def test_a_ring_that_breaks_loses_no_packet_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    wire = compiled_wire(ring=True)
    with ExitStack() as stack:
        stack.callback(wire.close)
        line = Line(wire, stack)
        other = os.open("/dev/null", os.O_WRONLY)
        os.dup2(other, ring_of(wire))  # what stands there now is no ring
        os.close(other)
        assert wire.send({2: b"sealed"}) == [] and not wire.ring
        assert [len(each) for each in line.heard()] == [1, 1, 1, 1]
        assert wire.send({2: b"sealed"}) == []
        assert [len(each) for each in line.heard()] == [1, 1, 1, 1]
    assert caplog.text.count("io_uring has failed") == 1


def files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_wire_that_is_closed_or_forgotten_keeps_no_file() -> None:
    before = files()
    wires = [compiled_wire(ring=True) for _ in range(3)]
    assert files() == before + 3
    wires[0].close()
    wires[0].close()
    assert files() == before + 2 and not wires[0].ring
    del wires
    gc.collect()
    assert files() == before


def test_where_there_is_no_io_uring_packets_go_without(caplog: pytest.LogCaptureFixture) -> None:
    wire = compiled_wire(ring=False)
    assert not wire.ring
    library = core.Core()
    library.ring_open = lambda _: errno.EPERM
    with caplog.at_level("INFO"), ExitStack() as stack:
        line = Line(core.CompiledWire(library), stack)
        assert line.wire.send({2: b"sealed"}) == []
        assert [len(each) for each in line.heard()] == [1, 1, 1, 1]
    assert "without io_uring, at more processor time: Operation not permitted" in caplog.text
