"""Encrypted audio over a bad network, and streams that get anything at all."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.telephony.port import WireCodec
from callwright.telephony.rtp import codecs
from callwright.telephony.rtp.packet import RtpPacket, serialise
from callwright.telephony.rtp.session import Session
from callwright.telephony.rtp.srtp import Srtp
from callwright.telephony.wire_audio import KEY_BYTES, SrtpKeys, Suite, WireAudio, inner_law

PEER = ("192.0.2.1", 4000)
SUITES: st.SearchStrategy[Suite] = st.sampled_from([*KEY_BYTES])
KNOWN: list[WireCodec] = [codec for codec in ("PCMA", "PCMU", "G722", "OPUS") if not codecs.lacks(codec)]


def keys(suite: Suite) -> tuple[SrtpKeys, SrtpKeys]:
    one, other = b"\1" * KEY_BYTES[suite], b"\2" * KEY_BYTES[suite]
    return SrtpKeys(suite, one, other), SrtpKeys(suite, other, one)


def packet(n: int, start: int) -> bytes:
    return serialise(RtpPacket(8, (start + n) & 0xFFFF, n * 160, 7, bytes([n % 256]) * 160))


@settings(max_examples=60, deadline=None)
@given(SUITES, st.integers(0, 0x7FFF), st.permutations(range(60)), st.sets(st.integers(0, 59)))
def test_in_any_order_each_packet_once(suite: Suite, start: int, order: list[int], lost: set[int]) -> None:
    start = 65_536 - 30 if start % 3 == 0 else start  # the wrap is in the middle of every third
    ours, theirs = (Srtp(item) for item in keys(suite))
    first = ours.protect(packet(0, start))
    assert theirs.unprotect(first) == packet(0, start)
    protected = {n: ours.protect(packet(n, start)) for n in range(1, 60)}
    for n in order:
        if n and n not in lost:
            assert theirs.unprotect(protected[n]) == packet(n, start)
            assert theirs.unprotect(protected[n]) is None


@settings(max_examples=150, deadline=None)
@given(SUITES, st.integers(0, 1000), st.integers(1, 255), st.booleans())
def test_one_changed_byte_is_enough(suite: Suite, at: int, change: int, rtcp: bool) -> None:
    ours, theirs = (Srtp(item) for item in keys(suite))
    plain = bytes.fromhex("80c9000100000007") if rtcp else packet(1, 100)
    protected = ours.protect_rtcp(plain) if rtcp else ours.protect(plain)
    changed = bytearray(protected)
    changed[at % len(changed)] ^= change
    opened = theirs.unprotect_rtcp(bytes(changed)) if rtcp else theirs.unprotect(bytes(changed))
    assert opened is None
    assert (theirs.unprotect_rtcp(protected) if rtcp else theirs.unprotect(protected)) == plain


DATAGRAM = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda kind, sequence, stamp, ssrc, payload: serialise(RtpPacket(kind, sequence, stamp, ssrc, payload)),
        st.sampled_from([0, 8, 9, 13, 96, 101]),
        st.integers(0, 0xFFFF),
        st.integers(0, 0xFFFFFFFF),
        st.integers(1, 2),
        st.binary(max_size=200),
    ),
)
STEP = st.one_of(
    st.tuples(st.just("take"), DATAGRAM),
    st.tuples(st.just("be"), st.tuples(st.sampled_from(KNOWN), st.sampled_from([20, 40, 60]), st.booleans())),
    st.tuples(st.just("key"), st.just("5")),
    st.tuples(st.just("skip"), st.integers(1, 5)),
)
NUMBERS: dict[WireCodec, int] = {"PCMA": 8, "PCMU": 0, "G722": 9, "OPUS": 96}


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=60))
def test_a_stream_survives_anything(steps: list[tuple[str, object]]) -> None:
    session = Session(1, 65_530, 0xFFFFFF00)
    session.configure(PEER, "PCMA", 8, 101, "sendrecv")
    size = 160
    for n, (what, value) in enumerate(steps):
        if what == "take":
            assert isinstance(value, bytes)
            session.receive(value, PEER, n * 20.0)
        elif what == "be":
            assert isinstance(value, tuple)
            codec, ptime_ms, secret = value
            srtp = keys("AES_CM_128_HMAC_SHA1_80")[0] if secret else None
            wire = WireAudio(codec, ptime_ms, 48_000 if codec == "OPUS" else 8000, srtp=srtp)
            session.configure(PEER, inner_law(codec), NUMBERS[codec], 101, "sendrecv", wire)
        elif what == "key":
            session.send_dtmf("5")
        else:
            assert isinstance(value, int)
            session.skip(value)
        session.playout.play(b"\x55" * size, "")
        sent = session.give()
        frame = session.take()
        assert frame is None or len(frame) == size
        assert sent is None or 12 < len(sent) < 1400
        assert session.stats.received + session.stats.garbage <= len(steps) * 2
