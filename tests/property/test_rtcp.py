"""RTCP: whatever bytes come, whatever a packet says, and two streams that report to each other in virtual time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callwright.telephony.port import MediaStats
from callwright.telephony.rtp.reports import Reception, Reports, Transmission
from callwright.telephony.rtp.rtcp import (
    Bye,
    Packet,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    Sources,
    interval_s,
    ntp,
    parse,
    round_trip_ms,
    serialise,
)
from callwright.telephony.rtp.sequence import SequenceTracker

u32 = st.integers(0, 0xFFFFFFFF)
blocks = st.lists(
    st.builds(ReportBlock, u32, st.integers(0, 255), st.integers(-0x800000, 0x7FFFFF), u32, u32, u32, u32), max_size=31
).map(tuple)
reports = st.one_of(
    st.builds(SenderReport, u32, st.integers(0, (1 << 64) - 1), u32, u32, u32, blocks),
    st.builds(ReceiverReport, u32, blocks),
)
items = st.lists(st.tuples(st.integers(1, 255), st.binary(max_size=40)), max_size=4).map(tuple)
sources = st.builds(Sources, st.lists(st.tuples(u32, items), max_size=4).map(tuple))
byes = st.builds(Bye, st.lists(u32, max_size=5).map(tuple), st.binary(max_size=60))
compounds = st.tuples(reports, st.lists(st.one_of(reports, sources, byes), max_size=3)).map(lambda c: (c[0], *c[1]))


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    for datagram in (data, bytes.fromhex("80c9000100000001") + data, b"\x81\xc8" + data):
        packets = parse(datagram)
        if packets is not None:
            assert isinstance(packets[0], SenderReport | ReceiverReport)


@given(compounds)
def test_there_and_back(packets: tuple[Packet, ...]) -> None:
    packed = serialise(packets)
    assert len(packed) % 4 == 0
    assert parse(packed) == packets


@given(compounds, st.data())
def test_a_torn_packet_is_no_packet_or_a_shorter_one(packets: tuple[Packet, ...], data: st.DataObject) -> None:
    packed = serialise(packets)
    torn = packed[: data.draw(st.integers(0, len(packed) - 1))]
    found = parse(torn)
    assert found is None or found == packets[: len(found)]


@given(st.floats(0, 0.9999), st.booleans(), st.booleans())
def test_a_call_reports_every_two_to_six_seconds(chance: float, we_sent: bool, initial: bool) -> None:
    wait = interval_s(chance, we_sent=we_sent, initial=initial)
    assert (1.0 if initial else 2.05) <= wait <= (3.1 if initial else 6.2)


@given(st.floats(0, 3e9), st.floats(0, 2), st.floats(0, 30), st.floats(0, 2))
def test_round_trip_in_virtual_time(begin: float, there: float, held: float, back: float) -> None:
    """A sends at `begin`, B holds the report for a while and answers by its own clock, which is of another century."""
    a_stats, b_stats = MediaStats(), MediaStats()
    a, b = Reports(b"a", a_stats), Reports(b"b", b_stats)
    first = parse(a.make(Transmission(1, 0, 10, 1600), None, ntp(begin)))
    assert first is not None
    b_clock = 1e8
    assert b.take(first, 2, 1, ntp(b_clock + there))
    heard = Reception(1, 9, 10, 10, 0.0)
    answer = parse(b.make(Transmission(2, 0, 5, 800), heard, ntp(b_clock + there + held)))
    assert answer is not None
    assert a.take(answer, 1, 2, ntp(begin + there + held + back))
    assert a_stats.round_trip_ms is not None
    assert abs(a_stats.round_trip_ms - (there + back) * 1000) < 1
    assert b_stats.round_trip_ms is None  # nothing answers B's report yet


@given(u32, st.integers(1, 0xFFFFFFFF), u32)
def test_a_round_trip_is_never_negative(now: int, lsr: int, dlsr: int) -> None:
    took = round_trip_ms(now, lsr, dlsr)
    assert took is None or 0 <= took <= 60_000


@given(st.integers(0, 0xFFFF), st.lists(st.sampled_from(["came", "came", "came", "lost", "swapped"]), max_size=60))
def test_the_tracker_counts_gaps_and_cycles(start: int, network: list[str]) -> None:
    tracker, n = SequenceTracker(), 0
    order = [0]
    for happens in network:
        if happens == "came":
            order += [n + 1]
            n += 1
        elif happens == "lost":
            n += 1
        else:
            order += [n + 2, n + 1]
            n += 2
    for number in order:
        assert tracker.accept((start + number) & 0xFFFF)
    came, top = set(order), max(order)
    missing = [number for number in range(top) if number not in came]
    gaps = sum(number - 1 not in missing for number in missing)
    assert tracker.lost == len(missing)
    assert tracker.gaps == gaps
    assert tracker.current == (start + top, top + 1, len(came))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=10))
def test_losses_add_up(spans: list[tuple[int, int]]) -> None:
    """Each report tells the share lost since the one before, and all that was lost."""
    reports, far = Reports(b"a", MediaStats()), MediaStats()
    reader = Reports(b"b", far)
    expected = received = 0
    for n, (came, lost) in enumerate(spans):
        expected, received = expected + came + lost, received + came
        heard = Reception(9, expected, expected, received, 16.0)
        packets = parse(reports.make(Transmission(1, 0, n, n * 160), heard, ntp(n)))
        assert packets is not None
        assert isinstance(packets[0], ReceiverReport if n == 0 else SenderReport)
        if came + lost == 0:
            assert packets[0].blocks == ()
            continue
        assert reader.take(packets, 9, None, ntp(n))
        assert far.far_lost == expected - received
        assert far.far_loss == min(255, lost * 256 // (came + lost)) / 256
        assert far.far_jitter_ms == 2.0


def test_who_does_not_speak_for_the_source_is_not_believed() -> None:
    stats = MediaStats()
    reports = Reports(b"a", stats)
    forged = (ReceiverReport(666, (ReportBlock(1, 255, 999),)),)
    assert not reports.take(forged, 1, 2, ntp(5))
    assert (stats.far_lost, stats.rtcp_received) == (0, 0)
    made_up = (ReceiverReport(2, (ReportBlock(1, 0, 0, lsr=0x12345678, dlsr=1),)),)
    assert reports.take(made_up, 1, 2, ntp(5))
    assert stats.round_trip_ms is None
