from __future__ import annotations

import numpy as np
import pytest

from callwright.errors import LineError, WireError
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.packet import KeyEvent, RtpPacket, parse, serialise, serialise_event
from callwright.telephony.rtp.session import Session

PEER = ("192.0.2.1", 4000)


def session(direction: str = "sendrecv", events: int | None = 101) -> Session:
    new = Session(0xCAFE, 65535, 0xFFFFFFFF - 159)
    new.configure(PEER, "PCMA", 8, events, direction)
    return new


def audio(n: int, payload: bytes = b"\x11" * 160, payload_type: int = 8, ssrc: int = 1) -> bytes:
    return serialise(RtpPacket(payload_type, n & 0xFFFF, n * 160 & 0xFFFFFFFF, ssrc, payload))


def given(one: Session) -> RtpPacket:
    data = one.give()
    assert data is not None
    packet = parse(data)
    assert packet is not None
    return packet


def test_the_stream_is_continuous_and_wraps() -> None:
    one = session()
    one.playout.play(b"\x22" * 160, "a")
    first, second, third = given(one), given(one), given(one)
    assert (first.sequence, second.sequence, third.sequence) == (65535, 0, 1)
    assert (first.timestamp, second.timestamp, third.timestamp) == (0xFFFFFFFF - 159, 0, 160)
    assert (first.marker, second.marker) == (True, False)
    assert first.payload == b"\x22" * 160
    assert second.payload == b"\xd5" * 160
    assert one.stats.sent == 3


def test_nothing_is_sent_on_hold_and_the_queue_waits() -> None:
    one = session("recvonly")
    one.playout.play(b"\x22" * 160, "a")
    assert one.give() is None
    one.configure(PEER, "PCMA", 8, 101, "sendrecv")
    packet = given(one)
    assert packet.payload == b"\x22" * 160
    assert packet.marker
    assert packet.timestamp == 0  # the clock went on


@pytest.mark.parametrize("address", [("0.0.0.0", 4000), ("192.0.2.1", 0)])
def test_old_style_hold_and_refused_stream_stop_sending(address: tuple[str, int]) -> None:
    one = session()
    one.configure(address, "PCMA", 8, None, "sendrecv")
    assert one.give() is None


def test_frames_come_out_and_strangers_are_garbage() -> None:
    one = session()
    for n in range(3):
        one.receive(audio(n, bytes([n]) * 160), PEER, n * 20.0)
        one.receive(audio(n, b"\x99" * 160, ssrc=9), ("198.51.100.9", 4000), n * 20.0)
    assert one.take() is None
    assert one.take() == b"\x00" * 160
    assert one.take() == b"\x01" * 160
    assert one.stats.received == 3
    assert one.stats.garbage == 3
    assert one.stats.jitter_ms == 0


def test_garbage_rtcp_and_noise_are_told_apart() -> None:
    one = session()
    one.receive(b"hello", PEER, 0)
    one.receive(bytes.fromhex("80c80006000000010000000200000003"), PEER, 0)
    one.receive(audio(0, payload_type=99), PEER, 0)  # a payload type nobody agreed on
    one.receive(audio(0, payload=bytes(1700)), PEER, 0)
    one.receive(serialise(RtpPacket(13, 1, 0, 1, b"\x40")), PEER, 0)  # comfort noise
    assert (one.stats.garbage, one.rtcp, one.stats.received) == (3, 1, 1)


def test_everything_before_configure_is_garbage() -> None:
    one = Session(1, 2, 3)
    one.receive(audio(0), PEER, 0)
    assert one.stats.garbage == 1
    assert one.give() is None


def test_the_other_law_is_understood() -> None:
    one = session()
    tone = (8000 * np.sin(np.arange(160) / 5)).astype(np.int16)
    for n in range(2):
        one.receive(audio(n, g711.encode(tone, "PCMU"), payload_type=0), PEER, 0)
    one.take()
    heard = one.take()
    assert heard is not None
    assert np.abs(g711.decode(heard, "PCMA").astype(int) - tone).max() < 520


def test_keys_in_survive_loss_and_duplicates() -> None:
    one = session()
    packets = [RtpPacket(101, n, 800, 1, serialise_event(KeyEvent(7, 160 * n, n > 4)), n == 1) for n in range(1, 8)]
    for packet in (packets[1], packets[1], packets[4], packets[3], packets[6]):
        one.receive(serialise(packet), PEER, 0)
    assert one.keys == ["7"]


def test_a_short_event_is_garbage() -> None:
    one = session()
    one.receive(serialise(RtpPacket(101, 1, 1, 1, b"\x01")), PEER, 0)
    assert one.stats.garbage == 1


def test_keys_out_hold_the_audio_back_without_losing_it() -> None:
    one = session()
    one.playout.play(bytes(range(200)) * 8, "a")
    one.send_dtmf("5")
    packets = [given(one) for _ in range(17)]
    assert [p.payload_type for p in packets[:8]] == [101] * 7 + [8]
    assert one.playout.waiting == 0
    assert b"".join(p.payload for p in packets[7:]) == bytes(range(200)) * 8
    assert [p.sequence for p in packets[1:]] == list(range(16))
    assert packets[7].timestamp == 6 * 160  # audio time went on below the key


def test_keys_need_an_agreement() -> None:
    with pytest.raises(LineError, match="telephone-event"):
        session(events=None).send_dtmf("1")


def test_a_change_of_codec_takes_the_queue_along() -> None:
    one = session()
    tone = (8000 * np.sin(np.arange(320) / 5)).astype(np.int16)
    one.playout.play(g711.encode(tone, "PCMA"), "a")
    one.configure(PEER, "PCMU", 0, 101, "sendrecv")
    packet = given(one)
    assert packet.payload_type == 0
    assert np.abs(g711.decode(packet.payload, "PCMU").astype(int) - tone[:160]).max() < 520


def test_a_peer_that_changes_its_ssrc_is_followed() -> None:
    one = session()
    for n in range(5):
        one.receive(audio(n), PEER, 0)
    for n in range(3):
        one.receive(audio(40000 + n, b"\x33" * 160, ssrc=2), PEER, 0)
    assert one.take() is None
    assert one.take() == b"\x33" * 160
    assert one.stats.lost == 0


def test_skipped_ticks_move_the_clock() -> None:
    one = session()
    before = given(one)
    one.skip(4)
    after = given(one)
    assert (after.timestamp - before.timestamp) & 0xFFFFFFFF == 5 * 160
    assert after.marker


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"remote": ("media.example", 4000)}, "no IP address"),
        ({"remote": ("192.0.2.1", 70000)}, "port"),
        ({"codec": "G729"}, "codec"),
        ({"payload_type": 0}, "cannot carry PCMA"),
        ({"payload_type": 200}, "cannot carry"),
        ({"event_payload_type": 8}, "96..127"),
        ({"direction": "both"}, "direction"),
    ],
)
def test_what_signalling_cannot_have_meant_is_refused(changes: dict[str, object], message: str) -> None:
    one = session()
    arguments: dict[str, object] = {
        "remote": PEER, "codec": "PCMA", "payload_type": 8, "event_payload_type": 101, "direction": "sendrecv"
    }  # fmt: skip
    with pytest.raises(WireError, match=message):
        one.configure(**(arguments | changes))  # type: ignore[arg-type]
