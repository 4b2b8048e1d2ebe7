"""A stream on loan to the arrays behaves as one that never left its session, whatever the network and the event loop do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.telephony.rtp import g711
from callwright.telephony.rtp.core import CompiledInbound, CompiledOutbound, Core, available
from callwright.telephony.rtp.inbound import Datagrams, Inbound
from callwright.telephony.rtp.outbound import Outbound
from callwright.telephony.rtp.packet import KeyEvent, RtpPacket, serialise, serialise_event
from callwright.telephony.rtp.session import Session

PEER = ("192.0.2.1", 4000)
ROW = 3
CORES = pytest.mark.parametrize(
    "compiled",
    [False, pytest.param(True, marks=pytest.mark.skipif(bool(available()), reason=f"no compiled core: {available()}"))],
    ids=["numpy", "compiled"],
)


def session(quiet_dbov: int | None = None) -> Session:
    new = Session(0xCAFE, 65500, 0xFFFFFFFF - 800, quiet_dbov)
    new.configure(PEER, "PCMU", 0, 101, "sendrecv")
    return new


def packet(n: int, start: int, **changes: object) -> bytes:
    at = start + n
    usual = RtpPacket(0, at & 0xFFFF, at * 160 & 0xFFFFFFFF, 7, bytes([n % 251]) * 160)
    return serialise(usual._replace(**changes))  # type: ignore[arg-type]


class Borrowed:
    """A session whose receiving is on loan whenever it may be."""

    def __init__(self, inbound: Inbound) -> None:
        self.session = session()
        self.inbound = inbound
        self.steady_ticks = 0

    def tick(self, datagrams: list[bytes], now_ms: float) -> bytes | None:
        rows = np.array([ROW])
        for datagram in datagrams:
            if not self.inbound.lent(ROW):
                self.session.receive(datagram, PEER, now_ms)
            elif self.inbound.push(rows, Datagrams.of(rows, [datagram]), now_ms):
                self.inbound.leave(ROW)
                self.session.receive(datagram, PEER, now_ms)
        if self.inbound.lent(ROW) and self.inbound.starving(rows):
            self.inbound.leave(ROW)
        if self.inbound.lent(ROW):
            self.steady_ticks += 1
            heard = self.inbound.pop(rows)
            assert np.isclose(heard.energy[0], np.mean(heard.pcm[0].astype(np.float64) ** 2), rtol=1e-5)
            self.inbound.refresh(ROW)
            return g711.encode(heard.pcm[0], "PCMU")
        frame = self.session.take()
        self.inbound.enter(ROW, self.session)
        return None if frame is None else g711.encode(g711.decode(frame, "PCMU"), "PCMU")


NETWORK = st.sampled_from(
    ["next"] * 12
    + ["lost", "nothing", "two", "three", "twice", "swapped", "key", "marked", "stranger", "short", "jump"]
)


@CORES
@settings(max_examples=120, deadline=None)
@given(start=st.integers(0, 0xFFFF), network=st.lists(NETWORK, max_size=120))
def test_a_loan_changes_nothing_of_what_is_heard(compiled: bool, start: int, network: list[str]) -> None:
    plain, borrowed = session(), Borrowed(CompiledInbound(Core()) if compiled else Inbound())
    n = 0
    for tick, happens in enumerate(["next"] * 60 + network + ["next"] * 5):
        datagrams: list[bytes]
        if happens == "nothing":
            datagrams = []
        elif happens in ("two", "three", "swapped"):
            datagrams = [packet(n + more, start) for more in range(3 if happens == "three" else 2)]
            n += len(datagrams)
            if happens == "swapped":
                datagrams.reverse()
        elif happens == "stranger":
            datagrams = [packet(n, start, ssrc=9), packet(n, start)]
            n += 1
        elif happens == "key":
            datagrams = [packet(n, start, payload_type=101, payload=serialise_event(KeyEvent(5, 160)))]
            n += 1
        else:
            n += {"lost": 1, "jump": 70}.get(happens, 0)
            datagrams = [packet(n, start, marker=happens == "marked")]
            if happens == "short":
                datagrams = [packet(n, start, payload=bytes(80))]
            n += 1
            datagrams *= 2 if happens == "twice" else 1
        now_ms = tick * 20.0 + (tick % 7) * 0.25
        for datagram in datagrams:
            plain.receive(datagram, PEER, now_ms)
        frame = plain.take()
        wanted = None if frame is None else g711.encode(g711.decode(frame, "PCMU"), "PCMU")
        assert borrowed.tick(datagrams, now_ms) == wanted
        assert borrowed.session.stats == plain.stats
        assert borrowed.session.keys == plain.keys
    assert borrowed.steady_ticks > 0


@CORES
@pytest.mark.parametrize("burst", [14, 20, 33])
def test_what_piled_up_while_we_stood_still_does_not_end_a_loan(compiled: bool, burst: int) -> None:
    """A process that stood still for a second would otherwise go through all its streams one by one, and stand still again."""
    plain, borrowed = session(), Borrowed(CompiledInbound(Core()) if compiled else Inbound())
    n = 0
    for tick in range(200):
        count = burst if tick == 100 else 1
        before = borrowed.steady_ticks
        for datagram in [packet(n + more, 0) for more in range(count)]:
            plain.receive(datagram, PEER, tick * 20.0)
        frame = plain.take()
        heard = borrowed.tick([packet(n + more, 0) for more in range(count)], tick * 20.0)
        assert heard == (None if frame is None else g711.encode(g711.decode(frame, "PCMU"), "PCMU"))
        assert borrowed.steady_ticks == before + 1 or tick < 60
        n += count


COMMANDS = st.lists(
    st.one_of(
        st.tuples(st.just("play"), st.integers(1, 30_000)),
        st.tuples(st.just("step"), st.integers(1, 60)),
        st.tuples(st.sampled_from(["pause", "flush", "hold", "key", "skip", "look"]), st.none()),
        st.tuples(st.just("resume"), st.none() | st.integers(0, 1000)),
    ),
    max_size=40,
)


class Lending:
    """A session whose sending is on loan whenever it may be."""

    def __init__(self, outbound: Outbound, quiet_dbov: int | None) -> None:
        self.session = session(quiet_dbov)
        self.outbound = outbound
        self.steady_ticks = 0

    def take_back(self) -> Session:
        if self.outbound.lent(ROW):
            self.outbound.leave(ROW)
        return self.session

    def queue(self, *, grows: bool = False) -> Session:
        if self.outbound.lent(ROW):
            (self.outbound.extend if grows else self.outbound.requeue)(ROW)
        return self.session

    def skip(self, ticks: int) -> None:
        if self.outbound.lent(ROW):
            self.outbound.skip(ROW, ticks)
        else:
            self.session.skip(ticks)

    def tick(self) -> tuple[bytes | None, bool]:
        """The packet, and whether the queue was played to its end by it."""
        if self.outbound.lent(ROW):
            self.steady_ticks += 1
            ended = self.outbound.step(np.array([ROW]))
            assert self.outbound.audio(ROW) == self.outbound.packets[ROW][12:]
            return bytes(self.outbound.packets[ROW]), ended == [ROW]
        waited = self.session.playout.waiting
        given_packet = self.session.give()
        ended_now = bool(waited) and not self.session.playout.waiting
        self.outbound.enter(ROW, self.session)
        return given_packet, ended_now

    def position(self) -> tuple[str, int, int]:
        if self.outbound.lent(ROW):
            self.outbound.refresh(ROW)
        return self.session.playout.position()


@CORES
@settings(max_examples=120, deadline=None)
@given(commands=COMMANDS, quiet=st.sampled_from([None, -50]))
def test_a_loan_changes_nothing_of_what_is_said(
    compiled: bool, commands: list[tuple[str, int | None]], quiet: int | None
) -> None:
    plain, lending = session(quiet), Lending(CompiledOutbound(Core()) if compiled else Outbound(), quiet)
    counter = 0
    for action, amount in [("step", 2), *commands, ("step", 120)]:
        if action == "step":
            for _ in range(amount or 0):
                waited = plain.playout.waiting
                wanted = plain.give()
                assert lending.tick() == (wanted, bool(waited) and not plain.playout.waiting)
        elif action == "play":
            audio = bytes((counter + k) % 251 for k in range(amount or 0))
            counter += len(audio)
            plain.playout.play(audio, str(counter % 2))
            lending.queue(grows=True).playout.play(audio, str(counter % 2))
        elif action == "pause":
            plain.playout.paused = lending.queue().playout.paused = True
        elif action == "resume":
            plain.playout.resume(amount)
            lending.queue().playout.resume(amount)
        elif action == "flush":
            assert lending.queue().playout.flush() == plain.playout.flush()
        elif action == "hold":
            for direction in ("recvonly", "sendrecv"):
                plain.configure(PEER, "PCMU", 0, 101, direction)
                lending.take_back().configure(PEER, "PCMU", 0, 101, direction)
        elif action == "key":
            plain.send_dtmf("7")
            lending.take_back().send_dtmf("7")
        elif action == "skip":
            plain.skip(3)
            lending.skip(3)
        assert lending.position() == plain.playout.position()
        assert lending.session.stats == plain.stats
    assert lending.steady_ticks > 0
