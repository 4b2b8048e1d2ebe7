"""The text of session descriptions for audio: values, reading, writing (RFC 4566, RFC 3605, RFC 4568, RFC 4733, RFC 5761). Pure."""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast

from callwright.errors import WireError
from callwright.telephony.sip import crypto as sdes
from callwright.telephony.sip.crypto import Crypto

__all__ = ["MIRROR", "PROTOCOLS", "Description", "Direction", "Format", "MediaLine", "parse"]

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]

MAX_LINES = 500
_SHORT = 4_000
MAX_MEDIA = 16
PROTOCOLS = ("RTP/AVP", "RTP/SAVP")
STATIC: dict[int, str] = {0: "PCMU/8000", 8: "PCMA/8000", 9: "G722/8000", 13: "CN/8000"}
MIRROR: dict[Direction, Direction] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}

_LINE = re.compile(r"([a-z])=(.*)")
_MEDIA = re.compile(r"([A-Za-z0-9]+) (\d{1,5})(?:/\d{1,5})? ([A-Za-z0-9/]+) (\S+(?: +\S+)*) *")
_RTPMAP = re.compile(r"rtpmap:(\d{1,3}) +([A-Za-z0-9\-.+_]+/\d{1,6})(?:/(\d{1,3}))? *")
_FMTP = re.compile(r"fmtp:(\d{1,3}) +(.{1,500})")
_RTCP = re.compile(r"rtcp:(\d{1,5})(?: .*)?")
_PTIME = re.compile(r"ptime:(\d{1,3})(?:\.\d+)? *")
_MAXPTIME = re.compile(r"maxptime:(\d{1,3})(?:\.\d+)? *")
_NAMES = {"OPUS/48000": "opus/48000"}  # how a name is written; others as they are


@dataclass(frozen=True, slots=True)
class Format:
    """One payload type and its encoding, `PCMA/8000`, upper case ("" = not named); channels; fmtp: its parameters as written."""

    payload_type: int
    encoding: str
    channels: int = 1
    fmtp: str = ""

    @property
    def is_event(self) -> bool:
        """Whether this is telephone-event, at whatever clock."""
        return self.encoding.startswith("TELEPHONE-EVENT/")

    @property
    def clock_hz(self) -> int:
        """The RTP clock of the encoding, 0 when it is not named."""
        return int(self.encoding.rpartition("/")[2] or 0)


@dataclass(frozen=True, slots=True)
class MediaLine:
    """One m= section. address: connection address that holds for it; ptime_ms, max_ptime_ms and rtcp_port are None when not given;
    crypto: the keys offered, those that can be used."""

    kind: str
    port: int
    protocol: str
    formats: tuple[Format, ...]
    raw_formats: str
    address: str
    direction: Direction = "sendrecv"
    ptime_ms: int | None = None
    rtcp_port: int | None = None
    rtcp_mux: bool = False
    max_ptime_ms: int | None = None
    crypto: tuple[Crypto, ...] = ()
    crypto_seen: bool = False  # a crypto line was there, whether it can be used or not


@dataclass(frozen=True, slots=True)
class Description:
    """A session description: its o= line's id and version, its connection host, its media sections."""

    session_id: int
    version: int
    host: str
    media: tuple[MediaLine, ...]

    @property
    def audio(self) -> MediaLine | None:
        """The first audio section over RTP/AVP or RTP/SAVP with a port."""
        return next(
            (line for line in self.media if line.kind == "audio" and line.protocol in PROTOCOLS and line.port), None
        )

    def encode(self) -> bytes:
        """The text, CRLF line ends. It may hold keys: for the wire only, never for a log."""
        family = "IP6" if ":" in self.host else "IP4"
        lines = [
            "v=0",
            f"o=- {self.session_id} {self.version} IN {family} {self.host}",
            "s=-",
            f"c=IN {family} {self.host}",
            "t=0 0",
        ]
        for media in self.media:
            lines += _media_lines(media)
        return ("\r\n".join(lines) + "\r\n").encode()


def _media_lines(media: MediaLine) -> list[str]:
    if media.port == 0:
        formats = media.raw_formats or " ".join(str(item.payload_type) for item in media.formats)
        return [f"m={media.kind} 0 {media.protocol} {formats}"]
    lines = [
        f"m={media.kind} {media.port} {media.protocol} {' '.join(str(item.payload_type) for item in media.formats)}"
    ]
    for item in media.formats:
        lines += _format_lines(item)
    lines += [f"a=ptime:{media.ptime_ms or 20}", f"a={media.direction}"]
    if media.rtcp_port is not None:
        lines.append(f"a=rtcp:{media.rtcp_port}")
    if media.rtcp_mux:
        lines.append("a=rtcp-mux")
    lines += [f"a={sdes.encode(item)}" for item in media.crypto]
    return lines


def _format_lines(item: Format) -> list[str]:
    name = item.encoding.lower() if item.is_event else _NAMES.get(item.encoding, item.encoding)
    channels = f"/{item.channels}" if item.channels > 1 else ""
    lines = [f"a=rtpmap:{item.payload_type} {name}{channels}"]
    if item.fmtp:
        lines.append(f"a=fmtp:{item.payload_type} {item.fmtp}")
    return lines


# ---------------------------------------------------------------- reading


def parse(body: bytes) -> Description:
    """Read a session description; lines we do not use are skipped, line ends may be CRLF or LF.

    Raises:
        WireError: no SDP, no usable connection address, numbers out of range.
    """
    return _read(body) if b"a=crypto" in body or len(body) > _SHORT else _known(body)


@lru_cache(64)
def _known(body: bytes) -> Description:
    """An offer is read once to see whether it can be answered and once to answer it. None with keys is kept: they stay within a call."""
    return _read(body)


def _read(body: bytes) -> Description:
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
    return MediaLine(
        kind,
        port,
        protocol,
        _formats(raw, attributes) if protocol.startswith("RTP/") else (),
        raw,
        address,
        _direction(lines, direction),
        ptime_ms=_number(_PTIME, attributes, 1, 200),
        rtcp_port=_number(_RTCP, attributes, 1, 65535),
        rtcp_mux=any(value.strip() == "rtcp-mux" for value in attributes),
        max_ptime_ms=_number(_MAXPTIME, attributes, 1, 999),
        crypto=_crypto(attributes),
        crypto_seen=any(value.startswith("crypto:") for value in attributes),
    )


def _crypto(attributes: Sequence[str]) -> tuple[Crypto, ...]:
    """Lines that can be used, in order; of two with one tag neither (RFC 4568 section 4.1 wants them unique)."""
    found = [sdes.parse(value[7:]) for value in attributes if value.startswith("crypto:")]
    usable = [item for item in found if item is not None]
    tags = [item.tag for item in usable]
    return tuple(item for item in usable if tags.count(item.tag) == 1)


def _formats(raw: str, attributes: Sequence[str]) -> tuple[Format, ...]:
    names = {number: (name, 1) for number, name in STATIC.items()}
    for match in (_RTPMAP.fullmatch(value) for value in attributes):
        if match and int(match[1]) < 128:
            number, name = int(match[1]), match[2].upper()
            # A static number that is said to be something else is of no use to anybody (RFC 3551 section 6).
            names[number] = (name if STATIC.get(number, name) == name else ""), int(match[3] or 1)
    parameters = {
        int(match[1]): match[2].strip() for match in (_FMTP.fullmatch(value) for value in attributes) if match
    }
    formats = []
    for item in raw.split():
        if not (item.isascii() and item.isdigit()) or len(item) > 3 or int(item) > 127:
            raise WireError("SDP payload type is not valid")
        number = int(item)
        name, channels = names.get(number, ("", 1))
        formats.append(Format(number, name, channels, parameters.get(number, "")))
    return tuple(formats)


def _number(pattern: re.Pattern[str], attributes: Sequence[str], low: int, high: int) -> int | None:
    values = [int(match[1]) for match in (pattern.fullmatch(value) for value in attributes) if match]
    return next((value for value in values if low <= value <= high), None)
