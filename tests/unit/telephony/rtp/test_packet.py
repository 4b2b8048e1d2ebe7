from __future__ import annotations

import pytest

from callwright.errors import WireError
from callwright.telephony.rtp.packet import (
    KeyEvent,
    RtpPacket,
    is_rtcp,
    parse,
    parse_event,
    serialise,
    serialise_event,
)


def test_a_packet_written_by_hand() -> None:
    data = bytes.fromhex("80 88 0001 000000a0 deadbeef d5d5".replace(" ", ""))
    packet = parse(data)
    assert packet == RtpPacket(8, 1, 160, 0xDEADBEEF, b"\xd5\xd5", marker=True)
    assert packet is not None
    assert serialise(packet) == data


def test_padding_csrc_and_extension_are_taken_off() -> None:
    data = bytes.fromhex(
        "b2 00 0001 000000a0 00000001 00000007 00000008 bede0001 01020304 aabb 000003".replace(" ", "")
    )
    assert parse(data) == RtpPacket(0, 1, 160, 1, b"\xaa\xbb", False, (7, 8), (0xBEDE, b"\x01\x02\x03\x04"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x00" * 5,
        bytes.fromhex("4000000100000000 00000001".replace(" ", "")),  # version 1
        bytes.fromhex("8100000100000000 00000001".replace(" ", "")),  # CSRC that is not there
        bytes.fromhex("9000000100000000 00000001".replace(" ", "")),  # extension that is not there
        bytes.fromhex("9000000100000000 00000001 bede0002 00000000".replace(" ", "")),  # extension cut short
        bytes.fromhex("a000000100000000 00000001 aabb09".replace(" ", "")),  # more padding than payload
        bytes.fromhex("a000000100000000 00000001 aabb00".replace(" ", "")),  # no padding though said
        bytes.fromhex("80c80006000000010000000200000003"),  # RTCP sender report
        b"INVITE sip:a@b SIP/2.0\r\n\r\n",
    ],
)
def test_what_is_no_rtp_is_none(data: bytes) -> None:
    assert parse(data) is None


def test_rtcp_on_the_same_port_is_known() -> None:
    assert is_rtcp(bytes.fromhex("80c80006000000010000000200000003"))
    assert not is_rtcp(bytes.fromhex("8008000100000000 00000001".replace(" ", "")))


@pytest.mark.parametrize(
    "packet",
    [
        RtpPacket(128, 0, 0, 0, b""),
        RtpPacket(0, 65536, 0, 0, b""),
        RtpPacket(0, 0, 0, 0, b"", csrc=tuple(range(16))),
        RtpPacket(0, 0, 0, 0, b"", extension=(0, b"abc")),
    ],
)
def test_fields_that_do_not_fit_are_refused(packet: RtpPacket) -> None:
    with pytest.raises(WireError, match="RTP"):
        serialise(packet)


def test_telephone_event_of_the_rfc() -> None:
    """RFC 4733 section 2.3.1: digit 5, end, volume 10, duration 800."""
    event = KeyEvent(5, 800, True, 10)
    assert serialise_event(event) == bytes.fromhex("058a0320")
    assert parse_event(bytes.fromhex("058a0320")) == event
    assert parse_event(b"\x05\x8a\x03") is None
    assert serialise_event(KeyEvent(1, 70000))[2:] == b"\xff\xff"
