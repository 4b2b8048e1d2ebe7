from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import WireError
from callwright.telephony.sip.framing import Framer

ONE = b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 4\r\nX: y\r\n\r\nbody"
TWO = b"SIP/2.0 200 OK\r\nVia: x\r\nl : 0\r\n\r\n"
BARE = b"SIP/2.0 100 Trying\r\nVia: x\r\n\r\n"


@settings(max_examples=60)
@given(st.lists(st.integers(1, 40), max_size=30))
def test_messages_come_out_whole_however_they_are_cut(sizes: list[int]) -> None:
    stream = ONE + b"\r\n\r\n" + TWO + b"\r\n" + BARE + b"\r\n\r\n\r\n\r\n" + ONE
    framer, seen, at = Framer(), [], 0
    for size in [*sizes, len(stream)]:
        seen += framer.feed(stream[at : at + size])
        at += size
    assert seen == [ONE, TWO, BARE, ONE]
    assert framer.pings == 3


def test_a_lone_pong_means_nothing() -> None:
    framer = Framer()
    assert framer.feed(b"\r\n") == []
    assert framer.feed(TWO) == [TWO]
    assert framer.pings == 0


@pytest.mark.parametrize(
    "data",
    [
        b"A" * 70_000,
        b"X sip:a SIP/2.0\r\nContent-Length: 65535\r\n\r\n",
        b"X sip:a SIP/2.0\r\nContent-Length: x\r\n\r\n",
        b"X sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n",
        b"X sip:a SIP/2.0\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
        b"X sip:a SIP/2.0\r\nContent-Length: 9999999\r\n\r\n",
    ],
)
def test_what_cannot_be_framed(data: bytes) -> None:
    with pytest.raises(WireError):
        Framer().feed(data)
