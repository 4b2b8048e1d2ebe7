"""Laws of the RTP parts that hold for every network and every sequence of commands."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import WireError
from callwright.telephony.rtp.dtmf import KeyReceiver, KeySender
from callwright.telephony.rtp.jitter import JitterBuffer
from callwright.telephony.rtp.packet import KEYS, RtpPacket, parse, parse_event, serialise
from callwright.telephony.rtp.playout import Playout
from callwright.telephony.rtp.sequence import SequenceTracker
from callwright.telephony.rtp.session import Session

PEER = ("192.0.2.1", 4000)

packets = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 63),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=400),
    marker=st.booleans(),
    csrc=st.lists(st.integers(0, 0xFFFFFFFF), max_size=15).map(tuple),
    extension=st.none() | st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40).map(lambda b: b[: len(b) // 4 * 4])),
)


@settings(deadline=None)
@given(packets)
def test_a_packet_survives_the_wire(packet: RtpPacket) -> None:
    assert parse(serialise(packet)) == packet


@settings(deadline=None)
@given(packets, st.integers(1, 40))
def test_padding_is_taken_off(packet: RtpPacket, padding: int) -> None:
    data = bytearray(serialise(packet) + bytes(padding - 1) + bytes([padding]))
    data[0] |= 0x20
    assert parse(bytes(data)) == packet


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80))
def test_no_bytes_break_the_session(data: bytes) -> None:
    session = Session(1, 2, 3)
    session.configure(PEER, "PCMA", 8, 101, "sendrecv")
    for prefix in (b"", b"\x80\x08", b"\x80\x65", b"\xbf\x88"):
        session.receive(prefix + data, PEER, 0.0)
        frame = session.take()
        assert frame is None or len(frame) == 160
    parse_event(data)


@settings(deadline=None)
@given(packets.map(lambda p: p._replace(payload_type=p.payload_type + 65)))
def test_payload_types_that_look_like_rtcp_are_refused_or_come_back(packet: RtpPacket) -> None:
    try:
        back = parse(serialise(packet))
    except WireError:
        assert packet.payload_type > 127
        return
    assert back == packet or (packet.marker and back is None and 64 <= packet.payload_type <= 95)


@settings(max_examples=80, deadline=None)
@given(
    start=st.integers(0, 0xFFFFFFFF),
    loss=st.sets(st.integers(0, 99), max_size=30),
    delays=st.lists(st.integers(0, 3), min_size=100, max_size=100),
    doubled=st.sets(st.integers(0, 99), max_size=30),
)
def test_what_is_played_is_in_order_and_never_twice(
    start: int, loss: set[int], delays: list[int], doubled: set[int]
) -> None:
    arrivals: dict[int, list[int]] = {}
    for n in range(100):
        if n not in loss:
            arrivals.setdefault(n + delays[n], []).append(n)
            if n in doubled:
                arrivals.setdefault(n + delays[n] + 1, []).append(n)
    buffer, tracker, played = JitterBuffer(b"\xd5"), SequenceTracker(), list[int]()
    for tick in range(130):
        for n in arrivals.get(tick, []):
            if tracker.accept((start + n) & 0xFFFF):
                buffer.push((start + n * 160) & 0xFFFFFFFF, bytes([n]) * 160)
        frame = buffer.pop()
        if frame is not None:
            assert len(set(frame)) == 1
            played.append(frame[0])
        assert buffer.depth <= 12
    assert played == sorted(set(played))
    # Within the first 100 sent, what is neither lost, late nor left behind by a review was heard.
    assert len(played) + buffer.late + len(loss) >= 100 - 4


@settings(deadline=None)
@given(st.integers(0, 0xFFFF), st.permutations(range(20)), st.sets(st.integers(1, 18)))
def test_lost_counts_exactly_what_is_missing(start: int, order: list[int], missing: set[int]) -> None:
    tracker = SequenceTracker()
    for n in (0, *order, 19):
        if n not in missing:
            tracker.accept((start + n) & 0xFFFF)
    assert tracker.lost == len(missing)


@settings(max_examples=60, deadline=None)
@given(
    st.text(alphabet=KEYS, min_size=1, max_size=12),
    st.integers(0, 0xFFFFFFFF),
    st.data(),
)
def test_each_key_once_whatever_the_network_does(digits: str, start: int, data: st.DataObject) -> None:
    """Of the 7 packets of a key any may be lost but one, any may be doubled, and neighbours may swap places."""
    sender, receiver = KeySender(), KeyReceiver()
    sender.send(digits)
    by_key: dict[int, list[tuple[object, ...]]] = {}
    timestamp = start
    while sender.busy:
        out = sender.step(timestamp)
        if out is not None:
            by_key.setdefault(out.timestamp, []).append(tuple(out))
        timestamp = (timestamp + 160) & 0xFFFFFFFF
    heard = ""
    for events in by_key.values():
        kept = data.draw(st.lists(st.sampled_from(events), min_size=1, max_size=10))
        for event, at, marker in kept:
            heard += receiver.receive(event, at, marker) or ""  # type: ignore[arg-type]
    assert heard == digits


commands = st.lists(
    st.one_of(
        st.tuples(st.just("play"), st.integers(1, 700), st.sampled_from(["a", "b"])),
        st.tuples(st.just("take"), st.integers(1, 6), st.none()),
        st.tuples(st.just("pause"), st.none(), st.none()),
        st.tuples(st.just("resume"), st.none() | st.integers(0, 100), st.none()),
        st.tuples(st.just("flush"), st.none(), st.none()),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(commands)
def test_no_audio_is_lost_or_repeated_but_as_asked(steps: list[tuple[str, int | None, str | None]]) -> None:
    """Against a model: one flat list of numbered samples and an index."""
    playout = Playout(b"\xff")
    stream: list[int] = []  # every sample queued since the last flush
    at, paused, counter = 0, False, 0
    for action, amount, mark in steps:
        if action == "play":
            samples = [(counter + n) % 251 for n in range(amount or 0)]
            counter += len(samples)
            stream += samples
            playout.play(bytes(samples), mark or "")
        elif action == "take":
            for _ in range(amount or 0):
                frame = playout.take()
                wanted = [] if paused else stream[at : at + 160]
                assert (frame is None) == (not wanted)
                assert frame is None or frame == bytes(wanted).ljust(160, b"\xff")
                at += len(wanted)
        elif action == "pause":
            playout.paused, paused = True, True
        elif action == "resume":
            before = playout.waiting
            playout.resume(amount)
            back = playout.waiting - before
            assert back >= 0
            at, paused = at - back, False
            if amount is not None and back:
                assert playout.position()[1] == amount
        else:
            played = playout.position()[1]
            assert playout.flush() == played
            stream, at, paused = [], 0, False
        assert playout.waiting == len(stream) - at
        assert playout.position()[2] == -(-playout.waiting // 8)
