from __future__ import annotations

import pytest

from callwright.errors import WireError
from callwright.telephony.sip.sdp import LocalMedia, answer, offer, parse, settle

LOCAL = LocalMedia("192.0.2.1", 4000)


def text(*lines: str, head: str = "v=0\no=- 1 2 IN IP4 h\ns=-\nc=IN IP4 192.0.2.9\nt=0 0") -> bytes:
    return "\n".join([head, *lines]).encode()


def test_offer_reads_back() -> None:
    description = parse(offer(LOCAL, 7, 1).encode())
    audio = description.audio
    assert audio is not None
    assert [item.payload_type for item in audio.formats] == [8, 0, 13, 101]
    assert (audio.port, audio.address, audio.ptime_ms, audio.rtcp_port) == (4000, "192.0.2.1", 20, None)


def test_answer_follows_the_offer() -> None:
    offered = parse(
        text(
            "m=audio 5000/2 RTP/AVP 18 0 8 96",
            "a=rtpmap:96 telephone-event/8000",
            "a=ptime:30",
            "a=rtcp:5005 IN IP4 192.0.2.9",
            "a=sendonly",
            "m=video 6000 RTP/AVP 31",
            "m=image 0 udptl t38",
        )
    )
    agreed = answer(offered, LOCAL, 5, 1)
    assert agreed is not None
    ours, session = agreed
    assert (session.remote, session.codec, session.payload_type, session.event_payload_type, session.direction) == (
        ("192.0.2.9", 5000),
        "PCMU",
        0,
        96,
        "recvonly",
    )
    lines = ours.encode().decode().split("\r\n")
    assert "m=audio 4000 RTP/AVP 0 96" in lines
    assert "m=video 0 RTP/AVP 31" in lines
    assert "m=image 0 udptl t38" in lines
    assert "a=recvonly" in lines


def test_dynamic_payload_type_and_own_connection() -> None:
    offered = parse(text("m=audio 5000 RTP/AVP 112", "c=IN IP4 192.0.2.77", "a=rtpmap:112 pcma/8000", "a=inactive"))
    agreed = answer(offered, LOCAL, 1, 1)
    assert agreed is not None
    assert (agreed[1].codec, agreed[1].payload_type, agreed[1].remote) == ("PCMA", 112, ("192.0.2.77", 5000))
    assert agreed[1].direction == "inactive"
    assert agreed[1].event_payload_type is None


def test_old_hold_stops_sending() -> None:
    offered = parse(text("m=audio 5000 RTP/AVP 8", "c=IN IP4 0.0.0.0"))
    agreed = answer(offered, LOCAL, 1, 1)
    assert agreed is not None
    assert agreed[1].direction == "recvonly"


@pytest.mark.parametrize(
    "line", ["m=audio 5000 RTP/AVP 18", "m=audio 0 RTP/AVP 8", "m=audio 5000 RTP/SAVP 8", "m=video 1 RTP/AVP 8"]
)
def test_nothing_in_common(line: str) -> None:
    assert answer(parse(text(line)), LOCAL, 1, 1) is None


def test_codec_preference_limits_the_answer() -> None:
    offered = parse(text("m=audio 5000 RTP/AVP 0 8"))
    agreed = answer(offered, LocalMedia("192.0.2.1", 4000, ("PCMA",)), 1, 1)
    assert agreed is not None
    assert agreed[1].codec == "PCMA"


def test_settle() -> None:
    ours = offer(LOCAL, 1, 1)
    session = settle(ours, parse(text("m=audio 5000 RTP/AVP 0 97", "a=rtpmap:97 telephone-event/8000", "a=recvonly")))
    assert (session.codec, session.event_payload_type, session.direction) == ("PCMU", 97, "sendonly")
    for bad in ("m=audio 0 RTP/AVP 0", "m=audio 9 RTP/AVP 18"):
        with pytest.raises(WireError):
            settle(ours, parse(text(bad)))
    with pytest.raises(WireError):
        settle(ours, parse(text()))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"v=1\no=- 1 1 IN IP4 h",
        b"v=0\ns=-",
        b"v=0\no=- x 1 IN IP4 h",
        text("m=audio x RTP/AVP 0"),
        text("m=audio 70000 RTP/AVP 0"),
        text("m=audio 1 RTP/AVP abc"),
        text("m=audio 1 RTP/AVP 300"),
        text("m=audio 5000 RTP/AVP 0", head="v=0\no=- 1 1 IN IP4 h"),
        text("m=audio 5000 RTP/AVP 0", "c=IN IP4 example.com"),
        text("m=audio 5000 RTP/AVP 0", "c=IN IP5 1.1.1.1"),
        text(*["m=audio 1 RTP/AVP 0"] * 20),
        text(*["a=x"] * 600),
    ],
)
def test_garbage(body: bytes) -> None:
    with pytest.raises(WireError):
        parse(body)


def test_ipv6() -> None:
    body = offer(LocalMedia("2001:db8::1", 4000), 1, 1).encode()
    assert b"c=IN IP6 2001:db8::1" in body
    assert parse(body).host == "2001:db8::1"


def test_an_address_of_the_other_family_is_nothing_in_common() -> None:
    six = "v=0\no=- 1 2 IN IP6 fd00::2\ns=-\nc=IN IP6 fd00::2\nt=0 0"
    offered = parse(text("m=audio 5000 RTP/AVP 8", head=six))
    assert answer(offered, LOCAL, 5, 1) is None
    assert answer(offered, LocalMedia("fd00::1", 4000), 5, 1) is not None
    held = parse(text("m=audio 5000 RTP/AVP 8", head=six.replace("IN IP6 fd00::2", "IN IP4 0.0.0.0")))
    assert answer(held, LocalMedia("fd00::1", 4000), 5, 1) is not None
