"""RTCP of streams over real loopback sockets. Reports are sent when a test asks, so nothing waits for their five seconds."""

from __future__ import annotations

import asyncio
import contextlib
import random
import select
import socket
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from callwright.telephony.rtp.engine import RtpEngine, RtpStream
from callwright.telephony.rtp.packet import RtpPacket
from callwright.telephony.rtp.packet import serialise as rtp
from callwright.telephony.rtp.rtcp import (
    CNAME,
    Bye,
    Packet,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    Sources,
    ntp,
    parse,
    serialise,
)
from callwright.telephony.rtp.srtp import Srtp
from callwright.telephony.wire_audio import SrtpKeys, WireAudio

pytestmark = pytest.mark.anyio

HOST, OTHER = "127.0.0.1", "127.0.0.2"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Peer:
    """A far side made of two sockets, read when asked."""

    def __init__(self, host: str = HOST) -> None:
        while True:
            self.audio = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.audio.bind((host, 0))
            self.port = self.audio.getsockname()[1]
            self.control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            with contextlib.suppress(OSError, OverflowError):
                if self.port % 2 == 0:
                    self.control.bind((host, self.port + 1))
                    break
            self.close()
        for each in (self.audio, self.control):
            each.setblocking(False)
        self.sequence = 0

    def close(self) -> None:
        self.audio.close()
        self.control.close()

    def speak(self, stream: RtpStream, packets: int = 1) -> None:
        for _ in range(packets):
            packet = RtpPacket(8, self.sequence, self.sequence * 160, 7, b"\xd5" * 160)
            self.audio.sendto(rtp(packet), (HOST, stream.local_port))
            self.sequence += 1

    async def report(self, of: socket.socket | None = None) -> tuple[tuple[Packet, ...], tuple[str, int]]:
        """The next compound packet that comes to the control port, and from where."""
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(BlockingIOError):
                    data, source = (of or self.control).recvfrom(2048)
                    packets = parse(data)
                    if packets is not None:
                        return packets, source[:2]
                await asyncio.sleep(0.005)


@pytest.fixture
def peer() -> Iterator[Peer]:
    one = Peer()
    yield one
    one.close()


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(4000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it does not come")


@contextlib.asynccontextmanager
async def engine_and_stream() -> AsyncIterator[tuple[RtpEngine, RtpStream]]:
    async with RtpEngine.start(rng=random.Random(5)) as engine:
        yield engine, await engine.open(HOST)


async def test_two_streams_measure_their_round_trip() -> None:
    async with engine_and_stream() as (engine, a):
        b = await engine.open(HOST)
        a.configure((HOST, b.local_port), "PCMA", 8, 101)
        b.configure((HOST, a.local_port), "PCMA", 8, 101)
        await until(lambda: min(a.stats.received, b.stats.received) > 10)
        a.control.report()
        await until(lambda: b.stats.rtcp_received == 1)
        assert b.stats.round_trip_ms is None
        b.control.report()
        await until(lambda: a.stats.rtcp_received == 1)
        trip = a.stats.round_trip_ms
        assert trip is not None
        assert 0 <= trip < 2000
        assert (a.stats.far_lost, a.stats.rtcp_sent) == (0, 1)


async def test_what_a_report_says(peer: Peer) -> None:
    async with engine_and_stream() as (_, stream):
        stream.configure((HOST, peer.port), "PCMA", 8, 101)
        peer.speak(stream, 3)
        peer.sequence += 1  # one is lost
        peer.speak(stream, 4)
        await until(lambda: stream.stats.received == 7)
        about_us = ReportBlock(1)
        first = serialise([SenderReport(7, ntp(99.5), 0, 8, 1280, (about_us,))])
        peer.control.sendto(first, (HOST, stream.local_port + 1))
        await until(lambda: stream.stats.rtcp_received == 1)
        stream.control.report()
        packets, source = await peer.report()
        report, names = packets
        assert source == (HOST, stream.local_port + 1)
        assert isinstance(report, SenderReport)
        assert report.octets == report.packets * 160
        (block,) = report.blocks
        assert (block.ssrc, block.lost, block.highest, block.fraction_lost) == (7, 1, 7, 256 // 8)
        assert block.lsr == ntp(99.5) >> 16 & 0xFFFFFFFF
        assert 0 <= block.dlsr < 20 * 65536
        assert isinstance(names, Sources)
        ((ssrc, ((kind, name),)),) = names.chunks
        assert (ssrc, kind, len(name)) == (report.ssrc, CNAME, 16)
        await stream.close()
        last = (await peer.report())[0]
        assert last[-1] == Bye((report.ssrc,))


async def test_the_timer_reports_by_itself(peer: Peer) -> None:
    async with engine_and_stream() as (_, stream):
        stream.configure((HOST, peer.port), "PCMA", 8, 101)
        packets, _source = await peer.report()
        assert isinstance(packets[0], SenderReport)
        assert packets[0].blocks == ()


async def test_a_port_of_its_own_in_the_sdp(peer: Peer) -> None:
    async with engine_and_stream() as (_, stream):
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as elsewhere:
            elsewhere.bind((HOST, 0))
            elsewhere.setblocking(False)
            stream.use_rtcp(elsewhere.getsockname()[1])
            stream.configure((HOST, peer.port), "PCMA", 8, 101)
            stream.control.report()
            assert await peer.report(elsewhere)


async def test_muxed_both_ways_while_the_audio_is_steady(peer: Peer) -> None:
    async with engine_and_stream() as (_, stream):
        stream.use_rtcp(mux=True)
        stream.configure((HOST, peer.port), "PCMA", 8, 101)
        async with asyncio.timeout(30):
            while not stream.steady_in:
                peer.speak(stream)
                await asyncio.sleep(0.01)
        stream.control.report()
        (report, _names), source = await peer.report(peer.audio)
        assert source == (HOST, stream.local_port)
        assert isinstance(report, SenderReport)
        answer = serialise([ReceiverReport(7, (ReportBlock(report.ssrc, 64, 5, lsr=report.ntp >> 16 & 0xFFFFFFFF),))])
        peer.audio.sendto(answer, (HOST, stream.local_port))
        await until(lambda: stream.stats.rtcp_received == 1)
        assert (stream.rtcp_received, stream.stats.far_lost, stream.stats.far_loss) == (1, 5, 0.25)
        assert stream.stats.round_trip_ms is not None
        assert stream.stats.garbage == 0


async def test_strangers_are_neither_heard_nor_told(peer: Peer) -> None:
    stranger = Peer(OTHER)
    try:
        async with engine_and_stream() as (_, stream):
            stream.configure((HOST, peer.port), "PCMA", 8, 101)
            for ssrc in (5, 5, 5):
                packet = serialise([SenderReport(ssrc, ntp(1), 0, 1, 1)])
                stranger.control.sendto(packet, (HOST, stream.local_port + 1))
                stranger.audio.sendto(packet, (HOST, stream.local_port))
            peer.control.sendto(serialise([ReceiverReport(7)]), (HOST, stream.local_port + 1))
            await until(lambda: stream.stats.rtcp_received == 1 and stream.stats.garbage == 3)
            stream.control.report()
            assert (await peer.report())[1] == (HOST, stream.local_port + 1)
            with pytest.raises(BlockingIOError):
                stranger.control.recvfrom(2048)
    finally:
        stranger.close()


async def test_rubbish_on_the_control_port_harms_nothing(peer: Peer) -> None:
    async with engine_and_stream() as (_, stream):
        stream.configure((HOST, peer.port), "PCMA", 8, 101)
        rng = random.Random(1)
        for size in range(60):
            peer.control.sendto(rng.randbytes(size), (HOST, stream.local_port + 1))
            peer.control.sendto(b"\x81\xc9" + rng.randbytes(size), (HOST, stream.local_port + 1))
        peer.speak(stream)
        await until(lambda: stream.stats.received == 1)
        stream.control.report()
        assert await peer.report()


@pytest.mark.parametrize("mux", [False, True])
async def test_reports_are_encrypted_where_the_audio_is(mux: bool) -> None:
    ones, others = bytes(range(30)), bytes(range(30, 60))
    async with engine_and_stream() as (engine, a):
        b = await engine.open(HOST)
        for stream, far, keys in ((a, b, (ones, others)), (b, a, (others, ones))):
            stream.use_rtcp(mux=mux)
            wire = WireAudio("PCMA", srtp=SrtpKeys("AES_CM_128_HMAC_SHA1_80", *keys))
            stream.configure((HOST, far.local_port), "PCMA", 8, 101, "sendrecv", wire)
        await until(lambda: min(a.stats.received, b.stats.received) > 3)
        a.control.report()
        await until(lambda: b.stats.rtcp_received == 1)
        b.control.report()
        await until(lambda: a.stats.round_trip_ms is not None)


async def test_with_keys_nothing_goes_or_comes_in_clear(peer: Peer) -> None:
    async with engine_and_stream() as (_, stream):
        wire = WireAudio("PCMA", srtp=SrtpKeys("AES_CM_128_HMAC_SHA1_80", bytes(30), bytes(30)))
        stream.configure((HOST, peer.port), "PCMA", 8, 101, "sendrecv", wire)
        peer.control.sendto(serialise([ReceiverReport(7)]), (HOST, stream.local_port + 1))
        stream.control.report()
        await until(lambda: stream.stats.rtcp_sent == 1 and bool(select.select([peer.control], [], [], 0)[0]))
        assert parse(peer.control.recv(2048)) is None
        assert stream.stats.rtcp_received == 0


async def test_nothing_is_sent_to_nowhere(peer: Peer) -> None:
    async with engine_and_stream() as (_, stream):
        stream.control.report()
        stream.configure((HOST, peer.port), "PCMA", 8, 101)
        stream.configure(("0.0.0.0", peer.port), "PCMA", 8, 101)
        stream.control.report()
        assert stream.stats.rtcp_sent == 0


async def test_a_pair_whose_second_port_is_taken_is_not_used() -> None:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as taken:
        taken.bind((HOST, 0))
        port = taken.getsockname()[1] & ~1
        if port + 1 == taken.getsockname()[1] and port + 4 <= 65534:
            async with RtpEngine.start(ports=(port, port + 4)) as engine:
                assert (await engine.open(HOST)).local_port != port


async def test_only_reports_say_where_reports_go(peer: Peer) -> None:
    neighbour = Peer()  # another call of the same gateway
    try:
        async with engine_and_stream() as (_, stream):
            stream.configure((HOST, peer.port), "PCMA", 8, 101)
            neighbour.control.sendto(b"\x80\x08" + bytes(40), (HOST, stream.local_port + 1))
            neighbour.control.sendto(b"\x81\xc8" + bytes(40), (HOST, stream.local_port + 1))
            await asyncio.sleep(0)
            await until(lambda: not select.select([stream.control._socket], [], [], 0)[0])
            stream.control.report()
            assert (await peer.report())[1] == (HOST, stream.local_port + 1)
    finally:
        neighbour.close()


async def test_a_copy_from_elsewhere_does_not_count_as_the_encrypted_report(peer: Peer) -> None:
    ours, theirs = bytes(range(30)), bytes(range(30, 60))
    far = Srtp(SrtpKeys("AES_CM_128_HMAC_SHA1_80", theirs, ours))
    copier = Peer()
    try:
        async with engine_and_stream() as (_, stream):
            wire = WireAudio("PCMA", srtp=SrtpKeys("AES_CM_128_HMAC_SHA1_80", ours, theirs))
            stream.configure((HOST, peer.port), "PCMA", 8, 101, wire=wire)
            first, second = (far.protect_rtcp(serialise([ReceiverReport(7)])) for _ in range(2))
            peer.control.sendto(first, (HOST, stream.local_port + 1))
            await until(lambda: stream.stats.rtcp_received == 1)
            copier.control.sendto(second, (HOST, stream.local_port + 1))
            peer.control.sendto(second, (HOST, stream.local_port + 1))
            await until(lambda: stream.stats.rtcp_received == 2)
    finally:
        copier.close()
