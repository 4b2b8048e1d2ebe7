from __future__ import annotations

import pytest

from callwright.errors import WireError
from callwright.telephony.rtp.rtcp import (
    CNAME,
    Bye,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    Sources,
    interval_s,
    middle,
    ntp,
    parse,
    round_trip_ms,
    serialise,
)


def test_the_layout_of_a_sender_report() -> None:
    """Field by field as drawn in RFC 3550 section 6.4.1."""
    block = ReportBlock(0xA1A2A3A4, 0x40, -2, 0x00020001, 0x11, 0xB7108000, 0x00054000)
    packed = serialise([SenderReport(0x01020304, 0xB44DB705_20000000, 0x05060708, 9, 10, (block,))])
    assert packed.hex() == (
        "81c8000c" + "01020304" + "b44db705" + "20000000" + "05060708" + "00000009" + "0000000a"
        "a1a2a3a4" + "40fffffe" + "00020001" + "00000011" + "b7108000" + "00054000"
    )  # fmt: skip
    assert parse(packed) == (SenderReport(0x01020304, 0xB44DB705_20000000, 0x05060708, 9, 10, (block,)),)


def test_the_layout_of_description_and_goodbye() -> None:
    packed = serialise([ReceiverReport(1), Sources(((1, ((CNAME, b"ab"),)),)), Bye((1,), b"over")])
    assert (
        packed[8:].hex()
        == "81ca0003" + "00000001" + "01026162" + "00000000" + "81cb0003" + "00000001" + "046f766572000000"
    )
    assert parse(packed) == (ReceiverReport(1), Sources(((1, ((CNAME, b"ab"),)),)), Bye((1,), b"over"))


def test_the_example_of_the_rfc() -> None:
    """RFC 3550 section 6.4.1, figure 2: A = 0xb7108000, LSR = 0xb7052000, DLSR = 0x00054000 make 6.125 s."""
    sent = 0xB44DB705_20000000
    assert middle(sent) == 0xB7052000
    assert round_trip_ms(0xB7108000, 0xB7052000, 0x00054000) == 6125.0


def test_a_round_trip_that_cannot_be() -> None:
    assert round_trip_ms(0x10000, 0, 0) is None
    assert round_trip_ms(0x10000, 0x10000, 0x20000) is None
    assert round_trip_ms(0x10000, 0x10000, 30) == 0.0  # rounding
    assert round_trip_ms(0x00008000, 0xFFFF8000, 0x8000) == 500.0  # the clock wraps every 18 hours


def test_ntp_time() -> None:
    assert ntp(0.5) == 2_208_988_800 << 32 | 0x80000000


@pytest.mark.parametrize(
    "hexed",
    [
        "",
        "80c90001",
        "80ca000101020304",  # begins with no report
        "a0c9000101020304",  # padded at the beginning
        "40c9000101020304",  # version 1
        "80c9000201020304",  # longer than it is
        "81c9000101020304",  # promises a block
        "80c900010102030480",
        "80c9000101020304" + "81ca0002" + "00000001" + "01056162",  # the text runs out
        "80c9000101020304" + "81ca0002" + "00000001" + "01026162",  # no end of chunk
        "80c9000101020304" + "82cb0001" + "00000001",  # promises two
    ],
)
def test_what_is_no_compound_packet(hexed: str) -> None:
    assert parse(bytes.fromhex(hexed)) is None


def test_unknown_types_are_stepped_over() -> None:
    extended = "80c9000101020304" + "80cf0001" + "01020304" + "81cb0001" + "01020304"
    assert parse(bytes.fromhex(extended)) == (ReceiverReport(0x01020304), Bye((0x01020304,)))


def test_padding_of_the_last_packet_is_taken_off() -> None:
    assert parse(bytes.fromhex("80c9000101020304" + "a1cb0002" + "01020304" + "00000004")) == (
        ReceiverReport(0x01020304),
        Bye((0x01020304,)),
    )


def test_what_does_not_fit_is_told() -> None:
    for packets in (
        [],
        [Bye((1,))],
        [ReceiverReport(1 << 32)],
        [ReceiverReport(1, (ReportBlock(1, lost=1 << 23),))],
        [ReceiverReport(1), Bye(tuple(range(32)))],
        [ReceiverReport(1), Bye((1,), bytes(256))],
        [ReceiverReport(1), Sources(((1, ((0, b"x"),)),))],
    ):
        with pytest.raises(WireError):
            serialise(packets)  # type: ignore[arg-type]


def test_the_interval() -> None:
    assert interval_s(0.5) == pytest.approx(5 / 1.21828)
    assert interval_s(0.0) == pytest.approx(2.5 / 1.21828)
    assert interval_s(0.5, initial=True) == pytest.approx(2.5 / 1.21828)
    # a big session: 25 % of the bandwidth for the senders, 75 % for the others
    assert interval_s(0.5, members=1000, senders=10, size=100) == pytest.approx(100 * 10 / 100 / 1.21828)
    assert interval_s(0.5, members=1000, senders=10, we_sent=False, size=100) == pytest.approx(
        100 * 990 / 300 / 1.21828
    )
