"""Offer and answer for one audio stream, and what was agreed (RFC 3264, RFC 4568, RFC 4733, RFC 7587). Pure values; text: `sdp_text`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from callwright.errors import WireError
from callwright.telephony.port import FRAME_MS, Codec, WireCodec
from callwright.telephony.sip.crypto import Crypto, shared
from callwright.telephony.sip.sdp_text import MIRROR, PROTOCOLS, Description, Direction, Format, MediaLine, parse
from callwright.telephony.wire_audio import CLOCK_HZ, SrtpKeys, SrtpPolicy, WireAudio, inner_law

__all__ = [
    "Description",
    "Direction",
    "Format",
    "LocalMedia",
    "MediaLine",
    "Session",
    "answer",
    "offer",
    "parse",
    "refusal",
    "settle",
]

OPUS_FMTP = "useinbandfec=1;maxplaybackrate=8000;sprop-maxcapturerate=8000;stereo=0"
OFFERED: dict[WireCodec, Format] = {
    "PCMU": Format(0, "PCMU/8000"),
    "PCMA": Format(8, "PCMA/8000"),
    "G722": Format(9, "G722/8000"),
    "OPUS": Format(96, "OPUS/48000", 2, OPUS_FMTP),
}
COMFORT_NOISE = Format(13, "CN/8000")
EVENTS = {8000: Format(101, "TELEPHONE-EVENT/8000", 1, "0-15"), 48000: Format(102, "TELEPHONE-EVENT/48000", 1, "0-15")}
_CODEC_OF: dict[str, WireCodec] = {format_.encoding: codec for codec, format_ in OFFERED.items()}
_LAWS = ("PCMU", "PCMA")
_MOST_PTIME_MS = 60
_EVENT_CLOCKS = (8000, 16000, 32000, 48000)
_BITRATE = re.compile(r"\d{4,6}")


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """Where we take audio, and what we speak, best first. crypto: fresh keys for this one description, unless srtp is `off`;
    rtcp_port: where we take RTCP when that is not the next port (None: not said); rtcp_mux: RTCP may share the audio's port."""

    host: str
    port: int
    codecs: tuple[WireCodec, ...] = ("PCMA", "PCMU")
    srtp: SrtpPolicy = "off"
    crypto: tuple[Crypto, ...] = field(default=(), repr=False)
    rtcp_port: int | None = None
    rtcp_mux: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """What both sides agreed on. Audio goes to `remote`; payload types are those of the far side; direction is ours to obey:
    `sendonly` = we send, `recvonly` = we only listen, `inactive` = neither.

    codec: the law inside; wire_codec: what is spoken; ptime_ms: how much the far side wants in a packet; rtcp_port: where it
    takes RTCP (None: not said, the next port); rtcp_mux: RTCP shares the audio's port; srtp: None = not encrypted; own_payload_types:
    where our offer numbered audio or telephone-event otherwise, the far side may send under those numbers (RFC 3264 section 5.1).
    """

    remote: tuple[str, int]
    codec: Codec
    payload_type: int
    event_payload_type: int | None
    direction: Direction = "sendrecv"
    ptime_ms: int = FRAME_MS
    wire_codec: WireCodec = "PCMA"
    event_clock_hz: int = 8000
    comfort_payload_type: int | None = None
    fec: bool = False
    max_bitrate: int = 0
    rtcp_port: int | None = None
    rtcp_mux: bool = False
    srtp: SrtpKeys | None = None
    own_payload_types: tuple[int | None, int | None] = (None, None)

    @property
    def clock_hz(self) -> int:
        """The RTP clock of the audio."""
        return CLOCK_HZ[self.wire_codec]

    @property
    def wire(self) -> WireAudio:
        """What media needs to know beside addresses and payload types."""
        return WireAudio(
            self.wire_codec,
            self.ptime_ms,
            self.event_clock_hz,
            self.comfort_payload_type,
            self.fec,
            self.max_bitrate,
            self.srtp,
            *self.own_payload_types,
        )


# ---------------------------------------------------------------- offer and answer


def offer(local: LocalMedia, session_id: int, version: int, direction: Direction = "sendrecv") -> Description:
    """Our offer: the codecs of `local` in order, comfort noise beside G.711, telephone-event at each of their clocks.

    With `required` it is RTP/SAVP; with `optional` it is RTP/AVP with crypto lines, which a far side that knows nothing of them answers
    unencrypted (RFC 4568 alone has no such way, but phones and trunks do it).
    """
    formats = [OFFERED[codec] for codec in local.codecs]
    if any(codec in _LAWS for codec in local.codecs):
        formats.append(COMFORT_NOISE)
    clocks = dict.fromkeys(CLOCK_HZ[codec] for codec in local.codecs)
    formats += [EVENTS[clock] for clock in sorted(clocks)]
    line = MediaLine(
        "audio",
        local.port,
        "RTP/SAVP" if local.srtp == "required" else "RTP/AVP",
        tuple(formats),
        "",
        local.host,
        direction,
        FRAME_MS,
        local.rtcp_port,
        local.rtcp_mux,
        crypto=local.crypto if local.srtp != "off" else (),
    )
    return Description(session_id, version, local.host, (line,))


def refusal(offered: Description, local: LocalMedia) -> str:
    """Why `answer` would find nothing in common, in words for the far side; "" = it would find something. Needs no keys."""
    audio = [line for line in offered.media if line.kind == "audio" and line.protocol in PROTOCOLS and line.port]
    suited = [line for line in audio if _suits(line, local, keyed=False)]
    if any(_codec(line, local.codecs) for line in suited):
        return ""
    if suited:
        return f"no codec in common: we speak {', '.join(local.codecs)}"
    if not audio:
        return "no audio over RTP/AVP or RTP/SAVP is offered"
    if local.srtp == "off":
        return "audio is not encrypted here: offer RTP/AVP"
    return "audio is encrypted here: offer RTP/SAVP with a crypto line (RFC 4568) of AES_CM_128_HMAC_SHA1_80"


def answer(
    offered: Description, local: LocalMedia, session_id: int, version: int, wish: Direction = "sendrecv"
) -> tuple[Description, Session] | None:
    """Answer an offer with the first of its codecs that we speak, under its payload types; None = nothing in common (488).

    wish: the most we want (`sendonly` while we hold the far side).

    Of several audio sections the first that can be taken is; the others are refused with port 0 in their place (RFC 3264 section 6).
    """
    audio = next((line for line in offered.media if _suits(line, local) and _codec(line, local.codecs)), None)
    chosen = _codec(audio, local.codecs) if audio else None
    if audio is None or chosen is None:
        return None
    keys = _keys(audio, local)
    direction = _both(wish, MIRROR[audio.direction])
    session = replace(_session(audio, *chosen, _sending(direction, audio)), rtcp_mux=audio.rtcp_mux and local.rtcp_mux)
    if keys is not None:
        session = replace(session, srtp=SrtpKeys(keys[0].suite, keys[1].key, keys[0].key, keys[0].mki))
    ours = MediaLine(
        "audio",
        local.port,
        audio.protocol,
        tuple(_answered(audio, chosen[1], session)),
        "",
        local.host,
        direction,
        FRAME_MS,
        None if session.rtcp_mux else local.rtcp_port,
        session.rtcp_mux,
        crypto=(keys[1],) if keys is not None else (),
    )
    lines = tuple(ours if line is audio else replace(line, port=0) for line in offered.media)
    return Description(session_id, version, local.host, lines), session


def settle(offered: Description, answered: Description) -> Session:
    """What holds after the far side's answer to our offer.

    Raises:
        WireError: the answer refuses the stream, names no codec we offered, or does not encrypt what we said must be.
    """
    ours, theirs = offered.media[0], answered.media[0] if answered.media else None
    if theirs is None or theirs.kind != "audio" or not theirs.port:
        raise WireError("the answer refuses the audio stream")
    if theirs.protocol != ours.protocol:
        raise WireError(f"the answer speaks {theirs.protocol}, offered was {ours.protocol}")
    theirs = _named(theirs, ours)
    chosen = _codec(theirs, [_CODEC_OF[item.encoding] for item in ours.formats if item.encoding in _CODEC_OF])
    if chosen is None:
        raise WireError("the answer names no codec that was offered")
    direction = _both(ours.direction, MIRROR[theirs.direction])
    session = _session(theirs, *chosen, _sending(direction, theirs))
    audio, event = OFFERED[chosen[0]], EVENTS.get(session.event_clock_hz)
    return replace(
        session,
        rtcp_mux=ours.rtcp_mux and theirs.rtcp_mux,
        srtp=_settled_keys(ours, theirs),
        own_payload_types=(
            None if audio.payload_type == session.payload_type else audio.payload_type,
            None if event is None or event.payload_type == session.event_payload_type else event.payload_type,
        ),
    )


def _session(line: MediaLine, codec: WireCodec, format_: Format, direction: Direction) -> Session:
    """What the far side's section says about the codec that was chosen."""
    event, comfort = _event(line, CLOCK_HZ[codec], format_.payload_type), _comfort(line) if codec in _LAWS else None
    fec, bitrate = _opus(format_) if codec == "OPUS" else (False, 0)
    return Session(
        (line.address, line.port),
        inner_law(codec),
        format_.payload_type,
        event.payload_type if event else None,
        direction,
        _ptime(line),
        codec,
        event.clock_hz if event else 8000,
        comfort.payload_type if comfort else None,
        fec,
        bitrate,
        line.rtcp_port,
    )


# ---------------------------------------------------------------- formats


def _codec(line: MediaLine, codecs: Sequence[WireCodec]) -> tuple[WireCodec, Format] | None:
    for item in line.formats:
        codec = _CODEC_OF.get(item.encoding)
        if codec in codecs and (codec == "OPUS" or item.channels == 1):
            return cast(WireCodec, codec), item
    return None


def _event(line: MediaLine, clock_hz: int, audio: int) -> Format | None:
    """At the clock of the audio, as it should be (RFC 4733 section 2.1); else the first: some know only 8000. Never under the payload
    type of the audio."""
    known = [item for item in line.formats if item.is_event and item.clock_hz in _EVENT_CLOCKS]
    events = [item for item in known if item.payload_type >= 96 and item.payload_type != audio]
    return next((item for item in events if item.clock_hz == clock_hz), events[0] if events else None)


def _comfort(line: MediaLine) -> Format | None:
    return next((item for item in line.formats if item.encoding == "CN/8000"), None)


def _answered(offered: MediaLine, chosen: Format, session: Session) -> list[Format]:
    """What our answer lists: the codec, comfort noise and telephone-event, each as the far side numbered it."""
    mine = {session.comfort_payload_type, session.event_payload_type}
    own = replace(chosen, fmtp=OPUS_FMTP if session.wire_codec == "OPUS" else "")
    others = [item for item in offered.formats if item.payload_type in mine]
    return [own, *(replace(item, fmtp="0-15" if item.is_event else "") for item in others)]


def _named(theirs: MediaLine, ours: MediaLine) -> MediaLine:
    """An answer that repeats our dynamic payload types without saying again what they are."""
    known = {item.payload_type: item for item in ours.formats}
    return replace(
        theirs,
        formats=tuple(item if item.encoding else known.get(item.payload_type, item) for item in theirs.formats),
    )


def _ptime(line: MediaLine) -> int:
    """What we send in a packet: whole frames, what the far side wants rounded down, 20 to 60 ms and never above its `maxptime`."""
    wanted = min(line.ptime_ms or FRAME_MS, line.max_ptime_ms or _MOST_PTIME_MS, _MOST_PTIME_MS)
    return max(FRAME_MS, wanted // FRAME_MS * FRAME_MS)


def _opus(format_: Format) -> tuple[bool, int]:
    """(wants FEC, most bit/s or 0) of an Opus fmtp (RFC 7587 section 6.1); what is malformed counts as not said."""
    pairs = (item.partition("=") for item in format_.fmtp.replace(" ", "").split(";"))
    said = {name.lower(): value for name, _, value in pairs}
    bitrate = said.get("maxaveragebitrate", "")
    return said.get("useinbandfec") == "1", int(bitrate) if _BITRATE.fullmatch(bitrate) else 0


# ---------------------------------------------------------------- encryption


def _suits(line: MediaLine, local: LocalMedia, *, keyed: bool = True) -> bool:
    """Whether an offered section is audio under the rules of our policy; keyed: our keys are there to choose from."""
    if line.kind != "audio" or line.protocol not in PROTOCOLS or not line.port:
        return False
    if (":" in line.address) != (":" in local.host) and line.address != "0.0.0.0":  # noqa: S104 -- an old hold, not bound
        return False  # our socket is of the other address family: nothing would be heard
    if line.protocol == "RTP/AVP":
        return local.srtp != "required"
    if local.srtp == "off":
        return False
    return bool(shared(line.crypto, local.crypto)) if keyed else bool(line.crypto)


def _keys(line: MediaLine, local: LocalMedia) -> tuple[Crypto, Crypto] | None:
    return None if local.srtp == "off" else shared(line.crypto, local.crypto)


def _settled_keys(ours: MediaLine, theirs: MediaLine) -> SrtpKeys | None:
    """The keys after an answer; a crypto line that does not fit our offer is an error, not a reason to speak in the clear."""
    if not ours.crypto or not (theirs.crypto_seen or theirs.protocol == "RTP/SAVP"):
        return None
    found = [
        (item, own) for item in theirs.crypto for own in ours.crypto if (own.tag, own.suite) == (item.tag, item.suite)
    ]
    if len(found) != 1:
        raise WireError("the answer does not say which of our keys it takes, or gives none")
    item, own = found[0]
    return SrtpKeys(own.suite, own.key, item.key, item.mki)


# ---------------------------------------------------------------- directions


def _both(one: Direction, other: Direction) -> Direction:
    """What is left when both must agree."""
    sends = all(item in ("sendrecv", "sendonly") for item in (one, other))
    takes = all(item in ("sendrecv", "recvonly") for item in (one, other))
    return "sendrecv" if sends and takes else "sendonly" if sends else "recvonly" if takes else "inactive"


def _sending(direction: Direction, remote: MediaLine) -> Direction:
    # The hold of RFC 2543: nothing can be sent to 0.0.0.0.
    if ipaddress.ip_address(remote.address).is_unspecified:
        return "recvonly" if direction in ("sendrecv", "recvonly") else "inactive"
    return direction
