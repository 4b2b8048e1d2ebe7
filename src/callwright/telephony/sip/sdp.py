"""Session descriptions for one G.711 audio stream: offer, answer, and what was agreed (RFC 4566, RFC 3264, RFC 4733). Pure values."""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from callwright.errors import WireError
from callwright.telephony.port import Codec

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
    "settle",
]

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]

MAX_LINES = 500
MAX_MEDIA = 16
EVENT_PT = 101
STATIC: dict[int, str] = {0: "PCMU/8000", 8: "PCMA/8000"}
PT_OF: dict[Codec, int] = {"PCMU": 0, "PCMA": 8}
MIRROR: dict[Direction, Direction] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}

_LINE = re.compile(r"([a-z])=(.*)")
_MEDIA = re.compile(r"([A-Za-z0-9]+) (\d{1,5})(?:/\d{1,5})? ([A-Za-z0-9/]+) (\S+(?: +\S+)*) *")
_RTPMAP = re.compile(r"rtpmap:(\d{1,3}) +([A-Za-z0-9\-.+_]+/\d{1,6})(?:/\d+)? *")
_RTCP = re.compile(r"rtcp:(\d{1,5})(?: .*)?")
_PTIME = re.compile(r"ptime:(\d{1,3})(?:\.\d+)? *")


@dataclass(frozen=True, slots=True)
class Format:
    """One payload type and its encoding, `PCMA/8000`, upper case ("" = not named)."""

    payload_type: int
    encoding: str


@dataclass(frozen=True, slots=True)
class MediaLine:
    """One m= section. address: connection address that holds for it; ptime_ms and rtcp_port are None when not given."""

    kind: str
    port: int
    protocol: str
    formats: tuple[Format, ...]
    raw_formats: str
    address: str
    direction: Direction = "sendrecv"
    ptime_ms: int | None = None
    rtcp_port: int | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """A session description: its o= line's id and version, its connection host, its media sections."""

    session_id: int
    version: int
    host: str
    media: tuple[MediaLine, ...]

    @property
    def audio(self) -> MediaLine | None:
        """The first RTP/AVP audio section with a port."""
        return next((line for line in self.media if _usable(line)), None)

    def encode(self) -> bytes:
        """The text, CRLF line ends."""
        family = "IP6" if ":" in self.host else "IP4"
        lines = [
            "v=0",
            f"o=callwright {self.session_id} {self.version} IN {family} {self.host}",
            "s=-",
            f"c=IN {family} {self.host}",
            "t=0 0",
        ]
        for media in self.media:
            lines += _media_lines(media)
        return ("\r\n".join(lines) + "\r\n").encode()


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """Where we take audio, and what we speak, best first."""

    host: str
    port: int
    codecs: tuple[Codec, ...] = ("PCMA", "PCMU")


@dataclass(frozen=True, slots=True)
class Session:
    """What both sides agreed on. Audio goes to `remote`; payload types are those of the far side; direction is ours to obey:
    `sendonly` = we send, `recvonly` = we only listen, `inactive` = neither."""

    remote: tuple[str, int]
    codec: Codec
    payload_type: int
    event_payload_type: int | None
    direction: Direction = "sendrecv"
    ptime_ms: int = 20


# ---------------------------------------------------------------- offer and answer


def offer(local: LocalMedia, session_id: int, version: int, direction: Direction = "sendrecv") -> Description:
    """Our offer: the codecs of `local` in order, and telephone-event."""
    formats = tuple(Format(PT_OF[codec], f"{codec}/8000") for codec in local.codecs)
    formats += (Format(EVENT_PT, "TELEPHONE-EVENT/8000"),)
    line = MediaLine("audio", local.port, "RTP/AVP", formats, "", local.host, direction, 20)
    return Description(session_id, version, local.host, (line,))


def answer(
    offered: Description, local: LocalMedia, session_id: int, version: int, wish: Direction = "sendrecv"
) -> tuple[Description, Session] | None:
    """Answer an offer with the first of its codecs that we speak, under its payload types; None = nothing in common (488).

    wish: the most we want (`sendonly` while we hold the far side).

    Further sections are refused with port 0 in their place (RFC 3264 section 6).
    """
    audio = offered.audio
    chosen = _codec(audio, local.codecs) if audio else None
    if audio is None or chosen is None:
        return None
    codec, format_ = chosen
    event = _event(audio)
    direction = _both(wish, MIRROR[audio.direction])
    ours = MediaLine(
        "audio",
        local.port,
        "RTP/AVP",
        (format_, event) if event else (format_,),
        "",
        local.host,
        direction,
        20,
    )
    lines = tuple(ours if line is audio else _refused(line) for line in offered.media)
    session = Session(
        (audio.address, audio.port),
        codec,
        format_.payload_type,
        event.payload_type if event else None,
        _sending(direction, audio),
        20,
    )
    return Description(session_id, version, local.host, lines), session


def settle(offered: Description, answered: Description) -> Session:
    """What holds after the far side's answer to our offer.

    Raises:
        WireError: the answer refuses the stream or names no codec we offered.
    """
    ours, theirs = offered.media[0], answered.media[0] if answered.media else None
    if theirs is None or not _usable(theirs):
        raise WireError("the answer refuses the audio stream")
    codecs = tuple(
        cast(Codec, item.encoding.split("/")[0]) for item in ours.formats if item.encoding in STATIC.values()
    )
    chosen = _codec(theirs, codecs)
    if chosen is None:
        raise WireError("the answer names no codec that was offered")
    event = _event(theirs)
    direction = _both(ours.direction, MIRROR[theirs.direction])
    return Session(
        (theirs.address, theirs.port),
        chosen[0],
        chosen[1].payload_type,
        event.payload_type if event else None,
        _sending(direction, theirs),
    )


def _codec(line: MediaLine, codecs: Sequence[Codec]) -> tuple[Codec, Format] | None:
    names = {f"{codec}/8000": codec for codec in codecs}
    return next(((names[item.encoding], item) for item in line.formats if item.encoding in names), None)


def _event(line: MediaLine) -> Format | None:
    return next((item for item in line.formats if item.encoding == "TELEPHONE-EVENT/8000"), None)


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


def _refused(line: MediaLine) -> MediaLine:
    return replace(line, port=0)


def _usable(line: MediaLine) -> bool:
    return line.kind == "audio" and line.protocol == "RTP/AVP" and line.port > 0


def _media_lines(media: MediaLine) -> list[str]:
    if media.port == 0:
        formats = media.raw_formats or " ".join(str(item.payload_type) for item in media.formats)
        return [f"m={media.kind} 0 {media.protocol} {formats}"]
    lines = [
        f"m={media.kind} {media.port} {media.protocol} {' '.join(str(item.payload_type) for item in media.formats)}"
    ]
    for item in media.formats:
        name = "telephone-event/8000" if item.encoding.startswith("TELEPHONE") else item.encoding
        lines.append(f"a=rtpmap:{item.payload_type} {name}")
        if name.startswith("telephone"):
            lines.append(f"a=fmtp:{item.payload_type} 0-15")
    lines += [f"a=ptime:{media.ptime_ms or 20}", f"a={media.direction}"]
    if media.rtcp_port is not None:
        lines.append(f"a=rtcp:{media.rtcp_port}")
    return lines


# ---------------------------------------------------------------- reading


def parse(body: bytes) -> Description:
    """Read a session description; lines we do not use are skipped, line ends may be CRLF or LF.

    Raises:
        WireError: no SDP, no usable connection address, numbers out of range.
    """
    lines = _lines(body)
    if not lines or lines[0] != ("v", "0"):
        raise WireError("SDP does not begin with v=0")
    origin = next((value.split() for key, value in lines if key == "o"), [])
    if len(origin) != 6 or not (
        origin[1].isascii() and origin[1].isdigit() and origin[2].isascii() and origin[2].isdigit()
    ):
        raise WireError("SDP has no usable o= line")
    starts = [at for at, (key, _) in enumerate(lines) if key == "m"]
    if len(starts) > MAX_MEDIA:
        raise WireError("SDP has too many media sections")
    head = lines[: starts[0]] if starts else lines
    host = _connection(head, "")
    direction = _direction(head, "sendrecv")
    sections = [lines[start:end] for start, end in itertools.pairwise([*starts, len(lines)])]
    media = tuple(_section(section, host, direction) for section in sections)
    return Description(int(origin[1][:20]), int(origin[2][:20]), host, media)


def _lines(body: bytes) -> list[tuple[str, str]]:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WireError("SDP is not UTF-8") from error
    rows = [row for row in text.replace("\r\n", "\n").split("\n") if row]
    if len(rows) > MAX_LINES:
        raise WireError("SDP has too many lines")
    # `m =video` and the like: RFC 4566 forbids the space; such a line is skipped like every unknown one.
    return [(match[1], match[2]) for match in (_LINE.fullmatch(row) for row in rows) if match]


def _connection(lines: Sequence[tuple[str, str]], default: str) -> str:
    value = next((value for key, value in lines if key == "c"), None)
    if value is None:
        return default
    parts = value.split()
    if len(parts) != 3 or parts[0] != "IN" or parts[1] not in ("IP4", "IP6"):
        raise WireError("SDP connection line is not valid")
    try:
        return str(ipaddress.ip_address(parts[2].split("/")[0]))
    except ValueError as error:
        raise WireError("SDP connection address is no IP address") from error


def _direction(lines: Sequence[tuple[str, str]], default: Direction) -> Direction:
    found = [value.strip() for key, value in lines if key == "a" and value.strip() in MIRROR]
    return cast(Direction, found[-1]) if found else default


def _section(lines: Sequence[tuple[str, str]], host: str, direction: Direction) -> MediaLine:
    match = _MEDIA.fullmatch(lines[0][1])
    if match is None or int(match[2]) > 65535:
        raise WireError("SDP media line is not valid")
    kind, port, protocol, raw = match[1], int(match[2]), match[3], match[4]
    address = _connection(lines, host)
    if port and not address:
        raise WireError("SDP has no connection address")
    attributes = [value for key, value in lines if key == "a"]
    formats = _formats(raw, attributes) if protocol.startswith("RTP/") else ()
    ptime = _number(_PTIME, attributes, 1, 200)
    rtcp = _number(_RTCP, attributes, 1, 65535)
    return MediaLine(kind, port, protocol, formats, raw, address, _direction(lines, direction), ptime, rtcp)


def _formats(raw: str, attributes: Sequence[str]) -> tuple[Format, ...]:
    names = dict(STATIC)
    for match in (_RTPMAP.fullmatch(value) for value in attributes):
        if match and int(match[1]) < 128:
            names[int(match[1])] = match[2].upper()
    formats = []
    for item in raw.split():
        if not (item.isascii() and item.isdigit()) or len(item) > 3 or int(item) > 127:
            raise WireError("SDP payload type is not valid")
        formats.append(Format(int(item), names.get(int(item), "")))
    return tuple(formats)


def _number(pattern: re.Pattern[str], attributes: Sequence[str], low: int, high: int) -> int | None:
    values = [int(match[1]) for match in (pattern.fullmatch(value) for value in attributes) if match]
    return next((value for value in values if low <= value <= high), None)
