"""Offers and answers of any kind: nothing a far side writes is more than an error, and both sides end up with the same agreement."""

from __future__ import annotations

import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import WireError
from callwright.telephony.port import WireCodec
from callwright.telephony.rtp import codecs
from callwright.telephony.rtp.session import Session as RtpSession
from callwright.telephony.sip import crypto
from callwright.telephony.sip.offers import Offers
from callwright.telephony.sip.sdp import LocalMedia, Session, answer, offer, parse, refusal, settle
from callwright.telephony.wire_audio import KEY_BYTES, SrtpPolicy

NAMES: tuple[WireCodec, ...] = ("PCMU", "PCMA", "G722", "OPUS")
CODECS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True).map(lambda names: (*names,))
POLICIES: st.SearchStrategy[SrtpPolicy] = st.sampled_from(["off", "optional", "required"])
ADDRESSES = st.sampled_from(["192.0.2.1", "2001:db8::1"])


def local(host: str, port: int, codecs: tuple[WireCodec, ...], policy: SrtpPolicy, seed: int) -> LocalMedia:
    keys = crypto.fresh(lambda size: bytes([seed]) * size) if policy != "off" else ()
    return LocalMedia(host, port, codecs, policy, keys, rtcp_mux=seed % 2 == 0)


MEDIA = st.builds(local, ADDRESSES, st.integers(1, 65535), CODECS, POLICIES, st.integers(0, 255))


@settings(max_examples=300, deadline=None)
@given(MEDIA, MEDIA)
def test_both_sides_agree(caller: LocalMedia, callee: LocalMedia) -> None:
    offered = offer(caller, 1, 1)
    read = parse(offered.encode())
    made = answer(read, callee, 2, 1)
    possible = set(caller.codecs) & set(callee.codecs)
    policies = {caller.srtp, callee.srtp}
    assert (not refusal(read, callee)) == (made is not None)
    fits = "required" not in policies or (caller.srtp == "required" and callee.srtp != "off")
    family = (":" in caller.host) == (":" in callee.host)
    assert (made is not None) == (fits and family and bool(possible))
    if made is None:
        return
    theirs, ours = made[1], settle(offered, parse(made[0].encode()))
    assert ours.wire_codec == theirs.wire_codec == next(codec for codec in caller.codecs if codec in possible)
    assert (ours.payload_type, ours.event_payload_type, ours.comfort_payload_type, ours.event_clock_hz) == (
        theirs.payload_type,
        theirs.event_payload_type,
        theirs.comfort_payload_type,
        theirs.event_clock_hz,
    )
    assert ours.rtcp_mux == theirs.rtcp_mux == (caller.rtcp_mux and callee.rtcp_mux)
    assert (ours.remote, theirs.remote) == ((callee.host, callee.port), (caller.host, caller.port))
    assert (ours.srtp is None) == (theirs.srtp is None) == ("off" in policies)
    if ours.srtp is not None and theirs.srtp is not None:
        assert (ours.srtp.ours, ours.srtp.theirs) == (theirs.srtp.theirs, theirs.srtp.ours)


TOKEN = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=40)
EVENTS = ["telephone-event/8000", "telephone-event/0", "opus/8", "telephone-event/44100", "CN/8000", "PCMU/8000"]
NUMBER = st.integers(-5, 70_000).map(str)
ATTRIBUTE = st.one_of(
    st.builds(
        "a=rtpmap:{} {}".format, NUMBER, st.sampled_from(["opus/48000/2", "PCMA/8000", "CN/8000", "x", "G722/8000/9"])
    ),
    st.builds("a=rtpmap:{} {}".format, NUMBER, st.sampled_from(EVENTS)),
    st.builds(
        "a=rtpmap:{} {}".format, st.sampled_from(["0", "8", "9", "13"]), st.sampled_from([*EVENTS, "opus/48000/2"])
    ),
    st.builds("a=fmtp:{} {}".format, NUMBER, TOKEN),
    st.builds("a=fmtp:96 useinbandfec={};maxaveragebitrate={}".format, TOKEN, NUMBER),
    st.builds("a=ptime:{}".format, NUMBER),
    st.builds("a=maxptime:{}".format, NUMBER),
    st.builds("a=rtcp:{}".format, TOKEN),
    st.builds("a=crypto:{} {} inline:{}".format, NUMBER, st.sampled_from([*KEY_BYTES, "X"]), TOKEN),
    st.builds(
        lambda tag, key, rest: f"a=crypto:{tag} AES_CM_128_HMAC_SHA1_80 inline:{base64.b64encode(key).decode()}{rest}",
        NUMBER,
        st.binary(min_size=28, max_size=32),
        st.sampled_from(["", "|2^20", "|2^20|1:4", "|1:0", " KDR=3", ";inline:x"]),
    ),
    st.sampled_from(
        ["a=rtcp-mux", "a=sendonly", "a=inactive", "c=IN IP4 0.0.0.0", "c=IN IP6 ::", "c=x", "b=AS:64", "a="]
    ),
    TOKEN,
)
SECTION = st.builds(
    lambda kind, port, protocol, formats, lines: [f"m={kind} {port} {protocol} {' '.join(formats)}", *lines],
    st.sampled_from(["audio", "video"]),
    NUMBER,
    st.sampled_from(["RTP/AVP", "RTP/SAVP", "RTP/SAVPF", "udptl"]),
    st.lists(st.one_of(st.sampled_from(["0", "8", "9", "13", "96", "101"]), NUMBER), min_size=1, max_size=6),
    st.lists(ATTRIBUTE, max_size=8),
)


def take(agreed: Session) -> None:
    """Whatever was agreed, media can do."""
    if codecs.lacks(agreed.wire_codec):
        return
    stream = RtpSession(1, 1, 1)
    stream.configure(
        agreed.remote,
        agreed.codec,
        agreed.payload_type,
        agreed.event_payload_type,
        agreed.direction,
        agreed.wire,
    )
    assert len([stream.give() for _ in range(6)]) == 6


@settings(max_examples=500, deadline=None)
@given(st.lists(SECTION, max_size=4), MEDIA)
def test_no_text_is_more_than_an_error(sections: list[list[str]], media: LocalMedia) -> None:
    lines = ["v=0", "o=- 1 1 IN IP4 h", "s=-", "c=IN IP4 192.0.2.9", "t=0 0"]
    body = "\r\n".join(lines + [line for section in sections for line in section]).encode("utf-8", "surrogatepass")
    try:
        read = parse(body)
    except WireError:
        return
    made = answer(read, media, 1, 1)
    assert made is None or not refusal(read, media)
    if made is not None:
        assert parse(made[0].encode()).media[0].kind == read.media[0].kind
        assert made[1].ptime_ms in (20, 40, 60)
        assert media.srtp != "required" or made[1].srtp is not None
        assert media.srtp != "off" or made[1].srtp is None
        take(made[1])
    try:
        session = settle(offer(media, 1, 1), read)
    except WireError:
        return
    take(session)
    assert media.srtp != "required" or session.srtp is not None
    assert session.wire_codec in media.codecs


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=120))
def test_any_crypto_attribute(text: str) -> None:
    for value in (text, "1 AES_CM_128_HMAC_SHA1_80 inline:" + text):
        read = crypto.parse(value)
        assert read is None or len(read.key) == KEY_BYTES[read.suite]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), CODECS, POLICIES), max_size=8), MEDIA)
def test_offers_and_answers_in_turn(
    steps: list[tuple[bool, tuple[WireCodec, ...], SrtpPolicy]], media: LocalMedia
) -> None:
    """A long course of re-INVITEs in both directions: both sides always hold keys that fit."""
    seeds = iter(range(1, 10_000))

    def entropy(size: int) -> bytes:
        return next(seeds).to_bytes(size, "big")

    ours, theirs = Offers(1, media, entropy), Offers(2, media, entropy)
    for from_us, names, _policy in steps:
        one, other = (ours, theirs) if from_us else (theirs, ours)
        one.local = LocalMedia(media.host, media.port, names, media.srtp)
        made = other.answer(one.offer())
        if made is None:
            one.withdraw()
            continue
        session = one.settle(made[0])
        assert session.wire_codec == made[1].wire_codec
        assert (session.srtp is None) == (made[1].srtp is None) == (media.srtp == "off")
        if session.srtp and made[1].srtp:
            assert (session.srtp.ours, session.srtp.theirs) == (made[1].srtp.theirs, made[1].srtp.ours)
            assert session.srtp.ours != session.srtp.theirs
