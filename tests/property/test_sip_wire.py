"""Whatever bytes come in: a message, or a WireError; never anything else, and the agent stays quiet and alive."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import WireError
from callwright.telephony.sip import sdp
from callwright.telephony.sip.digest import parse_challenge
from callwright.telephony.sip.wire import Request, encode, parse
from callwright.testing.network import seeded_agent

GOOD = (
    b'INVITE sip:c@192.0.2.200 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx;rport\r\nFrom: "A" <sip:a@b>;tag=1\r\n'
    b"To: <sip:c@d>\r\nCall-ID: id\r\nCSeq: 1 INVITE\r\nContact: <sip:a@192.0.2.1>\r\nMax-Forwards: 70\r\n"
    b"Content-Type: application/sdp\r\n\r\nv=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)
PIECES = st.sampled_from(
    [b"\r\n", b" ", b";", b"<", b">", b'"', b",", b":", b"=", b"\0", b"\xff", b"%", b"@", b"?", b"z9hG4bK"]
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(GOOD)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 12))
        data[at : at + length] = draw(st.one_of(PIECES, st.binary(max_size=6)))
    return bytes(data)


@settings(max_examples=300, deadline=None)
@given(st.one_of(mutated(), st.binary(max_size=400)))
def test_parse_gives_a_message_or_a_wire_error(data: bytes) -> None:
    try:
        message = parse(data)
    except WireError:
        return
    if isinstance(message, Request) and message.fault is not None:
        return
    again = parse(encode(message))
    assert (again.via, again.from_.tag, again.to.tag, again.call_id, again.cseq) == (
        message.via,
        message.from_.tag,
        message.to.tag,
        message.call_id,
        message.cseq,
    )
    assert again.body == message.body


@settings(max_examples=150, deadline=None)
@given(st.lists(mutated(), max_size=5))
def test_an_agent_survives_and_comes_to_rest(messages: list[bytes]) -> None:
    agent = seeded_agent("192.0.2.200", 3)
    for data in (*messages, GOOD):
        agent.receive(data, ("192.0.2.1", 5060), 0)
    assert all(datagram.to[0] == "192.0.2.1" for datagram in agent.datagrams())
    while (due := agent.next_timer()) is not None and due < 10**7:
        agent.handle_timer(due)
    assert agent.idle


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.text(max_size=120))
def test_sdp_and_challenges(data: bytes, text: str) -> None:
    with contextlib.suppress(WireError):
        sdp.parse(b"v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP4 192.0.2.1\r\nm=audio " + data)
    with contextlib.suppress(WireError):
        sdp.parse(b"v=0\r\n" + data)
    with contextlib.suppress(WireError):
        parse_challenge(f"Digest {text}", proxy=True)
