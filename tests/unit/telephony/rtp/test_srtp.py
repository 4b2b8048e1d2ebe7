from __future__ import annotations

from dataclasses import replace

import pytest

from callwright.errors import WireError
from callwright.telephony.rtp.packet import RtpPacket, serialise
from callwright.telephony.rtp.session import Session
from callwright.telephony.rtp.srtp import Srtp
from callwright.telephony.wire_audio import KEY_BYTES, SrtpKeys, Suite, WireAudio

US, THEM, STRANGER = ("192.0.2.1", 4000), ("192.0.2.2", 5000), ("192.0.2.2", 6000)
SUITES = pytest.mark.parametrize("suite", [*KEY_BYTES])
RTCP = bytes.fromhex("80c9000100000007")


def keys(suite: Suite = "AES_CM_128_HMAC_SHA1_80", seed: int = 1, mki: bytes = b"") -> tuple[SrtpKeys, SrtpKeys]:
    """(ours, as the far side sees them)."""
    one, other = bytes([seed]) * KEY_BYTES[suite], bytes([seed + 100]) * KEY_BYTES[suite]
    return SrtpKeys(suite, one, other, mki), SrtpKeys(suite, other, one)


def packet(sequence: int = 1, payload: bytes = b"voice" * 32, ssrc: int = 7) -> bytes:
    return serialise(RtpPacket(8, sequence & 0xFFFF, sequence * 160 & 0xFFFFFFFF, ssrc, payload))


def pair(suite: Suite = "AES_CM_128_HMAC_SHA1_80") -> tuple[Session, Session]:
    """Two sessions that know each other."""
    ours, theirs = keys(suite)
    one, other = Session(1, 0xFFF0, 1), Session(2, 0x7000, 2)
    one.configure(THEM, "PCMA", 8, 101, "sendrecv", WireAudio("PCMA", srtp=ours))
    other.configure(US, "PCMA", 8, 101, "sendrecv", WireAudio("PCMA", srtp=theirs))
    return one, other


@SUITES
def test_there_and_back(suite: Suite) -> None:
    ours, theirs = (Srtp(item) for item in keys(suite))
    for n in range(100):
        protected = ours.protect(packet(n))
        assert b"voice" not in protected
        assert theirs.unprotect(protected) == packet(n)
        assert theirs.unprotect(protected) is None  # a replay
    closed = ours.protect_rtcp(RTCP)
    assert theirs.unprotect_rtcp(closed) == RTCP
    assert theirs.unprotect_rtcp(closed) is None
    assert ours.unprotect(ours.protect(packet(100))) is None  # another key each way


@SUITES
def test_a_changed_byte_is_noticed(suite: Suite) -> None:
    ours, theirs = (Srtp(item) for item in keys(suite))
    protected = ours.protect(packet())
    for at in range(len(protected)):
        changed = bytearray(protected)
        changed[at] ^= 0x40
        assert theirs.unprotect(bytes(changed)) is None, at
    for size in range(len(protected)):
        assert theirs.unprotect(protected[:size]) is None
    assert theirs.unprotect(protected + b"x") is None
    assert theirs.unprotect(bytes(3000)) is None
    assert theirs.unprotect(protected) == packet()


def test_numbers_roll_over() -> None:
    ours, theirs = (Srtp(item) for item in keys())
    order = list(range(65_500, 65_580))
    order[30:40] = reversed(order[30:40])
    protected = {n: ours.protect(packet(n)) for n in range(65_500, 65_580)}
    for n in order:
        assert theirs.unprotect(protected[n]) == packet(n), n


@SUITES
def test_a_key_identifier_is_taken_off(suite: Suite) -> None:
    ours, theirs = keys(suite)
    mki = b"\0\0\0\1"
    sender, receiver = Srtp(theirs), Srtp(replace(ours, their_mki=mki))
    tag = {"AES_CM_128_HMAC_SHA1_80": 10, "AES_CM_128_HMAC_SHA1_32": 4}.get(suite, 0)
    plain = sender.protect(packet())
    end = len(plain) - tag
    assert receiver.unprotect(plain) is None
    assert receiver.unprotect(plain[:end] + b"\0\0\0\2" + plain[end:]) is None
    assert receiver.unprotect(plain[:end] + mki + plain[end:]) == packet()
    rtcp = sender.protect_rtcp(RTCP)
    end = len(rtcp) - (10 if tag else 0)
    assert receiver.unprotect_rtcp(rtcp[:end] + mki + rtcp[end:]) == RTCP


def test_new_keys() -> None:
    (ours, theirs), (new_ours, new_theirs) = keys(), keys(seed=5)
    near, far = Srtp(ours), Srtp(theirs)
    for n in range(65_530, 65_540):
        assert near.unprotect(far.protect(packet(n))) is not None
    near.rekey(new_ours)
    late = far.protect(packet(65_540))  # sent before the far side knew
    assert near.unprotect(late) == packet(65_540)
    far.rekey(new_theirs)
    assert near.unprotect(far.protect(packet(65_541))) == packet(65_541)
    assert near.unprotect(Srtp(theirs).protect(packet(65_542))) is None  # the former key is no more
    assert far.unprotect(near.protect(packet(3))) == packet(3)


def test_the_same_keys_again_change_nothing() -> None:
    ours, theirs = keys()
    near, far = Srtp(ours), Srtp(theirs)
    for n in range(65_530, 65_540):
        assert near.unprotect(far.protect(packet(n))) is not None
    near.rekey(replace(ours))
    far.rekey(replace(theirs, theirs=bytes(30)))
    assert near.unprotect(far.protect(packet(65_541))) == packet(65_541)  # past the wrap: the count of it was kept


def test_keys_of_a_wrong_length() -> None:
    with pytest.raises(WireError, match="AES_CM"):
        Srtp(SrtpKeys("AES_CM_128_HMAC_SHA1_80", b"short", b"short"))


@SUITES
def test_two_sessions_talk(suite: Suite) -> None:
    one, other = pair(suite)
    one.playout.play(b"a" * 160 * 50, "")
    for n in range(50):
        datagram = one.give()
        assert datagram is not None
        if n == 0:
            assert int.from_bytes(datagram[2:4], "big") == 0x7FF0  # far from the wrap
        other.receive(datagram, US, n * 20.0)
        heard = other.take()
        assert heard == (b"a" * 160 if n else None)
    assert (other.stats.received, other.stats.garbage) == (50, 0)


def test_what_is_not_proved_is_never_heard_nor_latched() -> None:
    one, other = pair()
    for n in range(5):
        other.receive(packet(n), US, 0.0)
        other.receive(packet(n), ("192.0.2.1", 9999), 0.0)
        other.receive(Srtp(keys(seed=9)[0]).protect(packet(n)), ("192.0.2.1", 9998), 0.0)
    assert (other.stats.garbage, other.stats.received, other.peer) == (15, 0, US)
    datagram = one.give()
    assert datagram is not None
    other.receive(datagram, ("192.0.2.66", 4000), 0.0)  # a copy from elsewhere does not spoil the packet
    other.receive(datagram, US, 0.0)
    assert (other.stats.received, other.stats.garbage) == (1, 16)


def test_rtcp_shares_the_port() -> None:
    one, other = pair()
    other.receive(one.protect_rtcp(RTCP), US, 0.0)
    other.receive(RTCP, US, 0.0)
    assert other.stats.garbage == 1
    assert one.unprotect_rtcp(other.protect_rtcp(RTCP)) == RTCP
    assert one.unprotect_rtcp(RTCP) is None
    plain = Session(1, 1, 1)
    assert (plain.protect_rtcp(RTCP), plain.unprotect_rtcp(RTCP)) == (RTCP, RTCP)


def test_keys_of_a_re_invite() -> None:
    one, other = pair()
    for round_ in range(3):
        ours, theirs = keys(seed=20 + round_)
        one.configure(THEM, "PCMA", 8, 101, "sendrecv", WireAudio("PCMA", srtp=ours))
        other.configure(US, "PCMA", 8, 101, "sendrecv", WireAudio("PCMA", srtp=theirs))
        for n in range(10):
            datagram = one.give()
            assert datagram is not None
            other.receive(datagram, US, n * 20.0)
    assert (other.stats.received, other.stats.garbage) == (30, 0)
    for session, to in ((one, THEM), (other, US)):
        session.configure(to, "PCMA", 8, 101, "sendrecv")
    datagram = one.give()
    assert datagram is not None
    other.receive(datagram, US, 0.0)
    assert other.stats.received == 31
