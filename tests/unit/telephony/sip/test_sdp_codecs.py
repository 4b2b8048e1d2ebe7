"""Codecs beside G.711, packet times, RTCP and encryption in offer and answer."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from callwright.errors import WireError
from callwright.telephony.port import WireCodec
from callwright.telephony.sip import crypto
from callwright.telephony.sip.offers import Offers
from callwright.telephony.sip.sdp import LocalMedia, answer, offer, parse, refusal, settle
from callwright.telephony.wire_audio import SrtpPolicy

HEAD = "v=0\no=- 1 2 IN IP4 h\ns=-\nc=IN IP4 192.0.2.9\nt=0 0"
ALL: tuple[WireCodec, ...] = ("OPUS", "G722", "PCMA", "PCMU")
LOCAL = LocalMedia("192.0.2.1", 4000, ALL)
OPUS = "a=rtpmap:107 opus/48000/2"
KEY = "inline:" + "QUJD" * 10


def text(*lines: str) -> bytes:
    return "\n".join([HEAD, *lines]).encode()


def counted() -> Callable[[int], bytes]:
    numbers = itertools.count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


def keys_of(body: bytes) -> set[bytes]:
    return {item.key for item in parse(body).media[0].crypto}


def secure(srtp: SrtpPolicy) -> LocalMedia:
    return LocalMedia("192.0.2.1", 4000, srtp=srtp, crypto=crypto.fresh(counted()) if srtp != "off" else ())


# ---------------------------------------------------------------- codecs


def test_our_offer_names_everything() -> None:
    lines = offer(LOCAL, 1, 1).encode().decode().split("\r\n")
    assert "m=audio 4000 RTP/AVP 96 9 8 0 13 101 102" in lines
    assert "a=rtpmap:96 opus/48000/2" in lines
    assert "a=fmtp:96 useinbandfec=1;maxplaybackrate=8000;sprop-maxcapturerate=8000;stereo=0" in lines
    assert "a=rtpmap:9 G722/8000" in lines
    assert "a=rtpmap:102 telephone-event/48000" in lines
    assert "m=audio 4000 RTP/AVP 9 101" in offer(LocalMedia("192.0.2.1", 4000, ("G722",)), 1, 1).encode().decode()


def test_opus_under_the_payload_types_of_the_offer() -> None:
    offered = parse(
        text(
            "m=audio 5000 RTP/AVP 107 8 110 101",
            OPUS,
            "a=fmtp:107 useinbandfec=1; maxaveragebitrate=20000",
            "a=rtpmap:101 telephone-event/8000",
            "a=rtpmap:110 telephone-event/48000",
        )
    )
    made = answer(offered, LOCAL, 1, 1)
    assert made is not None
    ours, session = made
    assert (session.codec, session.wire_codec, session.payload_type, session.clock_hz) == ("PCMA", "OPUS", 107, 48000)
    assert (session.event_payload_type, session.event_clock_hz) == (110, 48000)
    assert (session.fec, session.max_bitrate, session.comfort_payload_type) == (True, 20000, None)
    lines = ours.encode().decode().split("\r\n")
    assert "m=audio 4000 RTP/AVP 107 110" in lines
    assert "a=rtpmap:107 opus/48000/2" in lines
    assert any(line.startswith("a=fmtp:107 useinbandfec=1;") for line in lines)


def test_a_telephone_that_knows_events_at_8000_only() -> None:
    offered = parse(text("m=audio 5000 RTP/AVP 107 101", OPUS, "a=rtpmap:101 telephone-event/8000"))
    made = answer(offered, LOCAL, 1, 1)
    assert made is not None
    assert (made[1].event_payload_type, made[1].event_clock_hz) == (101, 8000)


def test_g722_by_its_number_alone() -> None:
    made = answer(parse(text("m=audio 5000 RTP/AVP 9 8 13")), LOCAL, 1, 1)
    assert made is not None
    assert (made[1].wire_codec, made[1].codec, made[1].clock_hz, made[1].comfort_payload_type) == (
        "G722",
        "PCMA",
        8000,
        None,
    )


def test_comfort_noise_goes_with_g711() -> None:
    made = answer(parse(text("m=audio 5000 RTP/AVP 0 13 118", "a=rtpmap:118 CN/16000")), LOCAL, 1, 1)
    assert made is not None
    assert made[1].comfort_payload_type == 13
    assert b"m=audio 4000 RTP/AVP 0 13\r\n" in made[0].encode()


def test_two_channels_are_not_for_a_telephone() -> None:
    assert answer(parse(text("m=audio 5000 RTP/AVP 96", "a=rtpmap:96 PCMA/8000/2")), LOCAL, 1, 1) is None


def test_an_answer_without_the_name_of_our_payload_type() -> None:
    session = settle(offer(LOCAL, 1, 1), parse(text("m=audio 5000 RTP/AVP 96 101")))
    assert (session.wire_codec, session.payload_type, session.event_payload_type) == ("OPUS", 96, 101)


def test_settling_on_a_codec_changes_with_the_answer() -> None:
    ours = offer(LOCAL, 1, 1)
    assert settle(ours, parse(text("m=audio 5000 RTP/AVP 9"))).wire_codec == "G722"
    assert settle(ours, parse(text("m=audio 5000 RTP/AVP 0 13"))).comfort_payload_type == 13
    with pytest.raises(WireError, match="no codec"):
        settle(ours, parse(text("m=audio 5000 RTP/AVP 18")))


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        ((), 20),
        (("a=ptime:20",), 20),
        (("a=ptime:10",), 20),
        (("a=ptime:30",), 20),
        (("a=ptime:40",), 40),
        (("a=ptime:60",), 60),
        (("a=ptime:200",), 60),
        (("a=ptime:60", "a=maxptime:40"), 40),
        (("a=ptime:40", "a=maxptime:10"), 20),
        (("a=ptime:x", "a=maxptime:y"), 20),
    ],
)
def test_packet_times(attributes: tuple[str, ...], wanted: int) -> None:
    made = answer(parse(text("m=audio 5000 RTP/AVP 8", *attributes)), LOCAL, 1, 1)
    assert made is not None
    assert made[1].ptime_ms == made[1].wire.ptime_ms == wanted


def test_where_rtcp_goes() -> None:
    offered = parse(text("m=audio 5000 RTP/AVP 8", "a=rtcp:5009 IN IP4 192.0.2.9", "a=rtcp-mux"))
    plain = answer(offered, LocalMedia("192.0.2.1", 4000, rtcp_port=4001), 1, 1)
    muxed = answer(offered, LocalMedia("192.0.2.1", 4000, rtcp_port=4001, rtcp_mux=True), 1, 1)
    assert plain is not None
    assert muxed is not None
    assert (plain[1].rtcp_port, plain[1].rtcp_mux, muxed[1].rtcp_mux) == (5009, False, True)
    assert b"a=rtcp:4001" in plain[0].encode()
    assert b"rtcp-mux" not in plain[0].encode()
    assert b"a=rtcp-mux" in muxed[0].encode()
    ours = offer(LocalMedia("192.0.2.1", 4000, rtcp_mux=True), 1, 1)
    assert settle(ours, parse(text("m=audio 5000 RTP/AVP 8", "a=rtcp-mux"))).rtcp_mux
    assert not settle(ours, parse(text("m=audio 5000 RTP/AVP 8"))).rtcp_mux


# ---------------------------------------------------------------- encryption


AVP = "m=audio 5000 RTP/AVP 8"
SAVP = "m=audio 5000 RTP/SAVP 8"
CRYPTO = f"a=crypto:3 AES_CM_128_HMAC_SHA1_80 {KEY}"


@pytest.mark.parametrize(
    ("policy", "lines", "taken", "encrypted"),
    [
        ("off", (AVP,), True, False),
        ("off", (AVP, CRYPTO), True, False),
        ("off", (SAVP, CRYPTO), False, False),
        ("optional", (AVP,), True, False),
        ("optional", (AVP, CRYPTO), True, True),
        ("optional", (AVP, "a=crypto:1 F8_128_HMAC_SHA1_80 " + KEY), True, False),
        ("optional", (SAVP, CRYPTO), True, True),
        ("optional", (SAVP,), False, False),
        ("required", (AVP,), False, False),
        ("required", (AVP, CRYPTO), False, False),
        ("required", (SAVP, CRYPTO), True, True),
        ("required", (SAVP, "a=crypto:1 F8_128_HMAC_SHA1_80 " + KEY), False, False),
        ("required", (SAVP, CRYPTO, CRYPTO), False, False),
    ],
)
def test_what_each_policy_takes(policy: SrtpPolicy, lines: tuple[str, ...], taken: bool, encrypted: bool) -> None:
    offered = parse(text(*lines))
    made = answer(offered, secure(policy), 1, 1)
    assert (not refusal(offered, LocalMedia("192.0.2.1", 9, srtp=policy))) == (made is not None) == taken
    if made is not None:
        assert (
            (made[1].srtp is not None)
            == encrypted
            == (b"a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:" in made[0].encode())
        )
        assert made[0].media[0].protocol == lines[0].split()[2]


def test_of_two_sections_the_one_that_suits() -> None:
    offered = parse(text(SAVP, CRYPTO, AVP.replace("5000", "5002")))
    for policy, ports in (("off", [0, 4000]), ("optional", [4000, 0]), ("required", [4000, 0])):
        made = answer(offered, secure(policy), 1, 1)  # type: ignore[arg-type]
        assert made is not None
        assert [line.port for line in made[0].media] == ports


def test_what_each_policy_offers() -> None:
    assert b"crypto" not in offer(secure("off"), 1, 1).encode()
    assert b"RTP/AVP 8 0" in offer(secure("optional"), 1, 1).encode()
    body = offer(secure("required"), 1, 1).encode()
    assert b"RTP/SAVP 8 0" in body
    assert body.count(b"a=crypto:") == 4


def test_settling_keys() -> None:
    required, optional = offer(secure("required"), 1, 1), offer(secure("optional"), 1, 1)
    tagged = CRYPTO.replace(":3", ":1")
    session = settle(required, parse(text(SAVP, tagged)))
    assert session.srtp is not None
    assert (session.srtp.ours, session.srtp.theirs) == (required.media[0].crypto[0].key, b"ABC" * 10)
    assert settle(optional, parse(text(AVP))).srtp is None
    assert settle(optional, parse(text(AVP, tagged))).srtp is not None
    for ours, answered in (
        (required, (AVP,)),
        (required, (SAVP,)),
        (required, (SAVP, CRYPTO)),
        (required, (SAVP, tagged.replace("_80", "_32"))),
        (optional, (AVP, CRYPTO)),
        (optional, (AVP, "a=crypto:1 nonsense")),
        (optional, (SAVP, tagged)),
    ):
        with pytest.raises(WireError):
            settle(ours, parse(text(*answered)))


def test_keys_are_new_until_agreed_and_kept_while_the_far_side_keeps_its_own() -> None:
    offers = Offers(1, LocalMedia("192.0.2.1", 4000, srtp="required"), counted())
    assert keys_of(offers.offer()) != keys_of(offers.offer())
    first = offers.answer(text(SAVP, CRYPTO))
    again = offers.answer(text(SAVP, CRYPTO))
    rekeyed = offers.answer(text(SAVP, CRYPTO.replace("QUJD" * 10, "QUJE" * 10)))
    assert first is not None
    assert again is not None
    assert rekeyed is not None
    assert first[1] == again[1]
    assert first[1].srtp is not None
    assert rekeyed[1].srtp is not None
    assert first[1].srtp.ours != rekeyed[1].srtp.ours
    assert offers.repeat() == offers.repeat()
    assert rekeyed[1].srtp.ours in keys_of(offers.offer())
    assert first[1].srtp.ours not in keys_of(offers.offer())


@pytest.mark.parametrize(
    ("policy", "lines", "words"),
    [
        ("off", ("m=audio 5000 RTP/AVP 18",), "no codec in common: we speak PCMA, PCMU"),
        ("off", (SAVP, CRYPTO), "not encrypted here"),
        ("required", (AVP,), "offer RTP/SAVP"),
        ("optional", (SAVP,), "crypto line"),
        ("off", ("m=video 5000 RTP/AVP 31",), "no audio"),
        ("off", ("m=audio 0 RTP/AVP 8",), "no audio"),
    ],
)
def test_a_refusal_says_why(policy: SrtpPolicy, lines: tuple[str, ...], words: str) -> None:
    assert words in refusal(parse(text(*lines)), LocalMedia("192.0.2.1", 9, srtp=policy))


def test_an_answer_that_numbers_otherwise_than_our_offer() -> None:
    answered = text("m=audio 5000 RTP/AVP 107 97", OPUS, "a=rtpmap:97 telephone-event/48000")
    session = settle(offer(LOCAL, 1, 1), parse(answered))
    assert (session.payload_type, session.event_payload_type, session.own_payload_types) == (107, 97, (96, 102))
    same = settle(offer(LOCAL, 1, 1), parse(text("m=audio 5000 RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000")))
    assert same.own_payload_types == (None, None)


def test_a_static_number_is_what_it_is() -> None:
    assert answer(parse(text("m=audio 5000 RTP/AVP 8", "a=rtpmap:8 opus/48000/2")), LOCAL, 1, 1) is None
    assert answer(parse(text("m=audio 5000 RTP/AVP 8", "a=rtpmap:8 pcma/8000/1")), LOCAL, 1, 1) is not None


def test_events_at_an_odd_clock_are_left_out() -> None:
    made = answer(parse(text("m=audio 5000 RTP/AVP 8 101", "a=rtpmap:101 telephone-event/44100")), LOCAL, 1, 1)
    assert made is not None
    assert made[1].event_payload_type is None
