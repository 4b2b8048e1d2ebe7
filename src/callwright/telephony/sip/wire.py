"""SIP messages as frozen values: the only door between bytes and the rest of this room (RFC 3261 sections 7, 20, 25).

The field grammars (URI, address, Via, CSeq, media type) are those of `sipmessage`; framing, folding, compact forms, Content-Length and
the judgement "can this request still be answered?" are ours. Raw header text is kept, so what is echoed is echoed as it came.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import sipmessage
from sipmessage.message import COMPACT_FORMS

from callwright.errors import WireError
from callwright.telephony.sip.fields import (
    MAX_LINE,
    SCHEME,
    Address,
    Via,
    guard,
    parse_address,
    parse_uri,
    parse_via,
    split_list,
)

__all__ = [
    "MAX_BYTES",
    "Fault",
    "Headers",
    "Message",
    "Request",
    "Response",
    "encode",
    "parse",
]

MAX_BYTES = 65_535
MAX_HEADERS = 300
MAX_CSEQ = 2**31

T = TypeVar("T")
Headers = tuple[tuple[str, str], ...]

_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_LENGTH = len("content-length")
_VERSION = re.compile(r"SIP/\d+\.\d+")
_STATUS = re.compile(r"SIP/2\.0 ([1-6]\d\d)(?: (.*))?", re.DOTALL)
_NOTHING = ("",)
_NUMBER = re.compile(r"[0-9]{1,10}")
_PLAIN_CSEQ = re.compile(r"([0-9]{1,9}) ([A-Z]+)")
_TAG = re.compile(r";\s*tag\s*=", re.IGNORECASE)
_SINGLE = ("from", "to", "call-id", "cseq", "max-forwards", "content-type")
_MANDATORY = ("via", "from", "to", "call-id", "cseq")
_NAMES = COMPACT_FORMS | {
    name: name
    for name in (
        "Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Content-Type", "Content-Length", "Route", "Record-Route", "Allow",
        "Supported", "Require", "User-Agent", "Server", "Session-Expires", "Min-SE", "Reason", "RSeq", "RAck", "Expires", "Accept",
        "P-Asserted-Identity", "WWW-Authenticate", "Authorization", "Proxy-Authenticate", "Proxy-Authorization",
    )
}  # fmt: skip
"""Names as nearly everybody writes them, which need no reading."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a request cannot be served as it stands, and the status it is answered with."""

    code: int
    reason: str


class _Lazy(Generic[T]):
    """A property that is computed once. (That of functools takes a lock on this Python, for a third of the time of a message.)"""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    def __get__(self, message: Any, _owner: type | None = None) -> T:
        value = message.__dict__[self._name] = self._make(message)
        return value


@dataclass(frozen=True)
class Message:
    """Headers in order, names expanded from compact forms, values unfolded; body cut to Content-Length."""

    headers: Headers
    body: bytes

    def shed(self) -> None:
        """Let go what was read from the headers; it is read again when it is asked for."""
        for name in [name for name in self.__dict__ if name not in self.__dataclass_fields__]:
            del self.__dict__[name]

    @_Lazy
    def _index(self) -> dict[str, list[str]]:
        index: dict[str, list[str]] = {}
        for name, value in self.headers:
            index.setdefault(name.lower(), []).append(value)
        return index

    def get(self, name: str, default: str = "") -> str:
        """First value of a header, or the default."""
        values = self._index.get(name) or self._index.get(name.lower())
        return values[0] if values else default

    def all(self, name: str) -> list[str]:
        """Every value of a header, one per header line."""
        return self._index.get(name.lower(), [])

    def items(self, name: str) -> list[str]:
        """Every element of a comma-separated header, over all its lines, without empty ones."""
        return [item for value in self.all(name) for item in split_list(value)]

    @_Lazy
    def via(self) -> tuple[Via, ...]:
        return tuple(parse_via(item) for item in self.items("via"))

    @_Lazy
    def from_(self) -> Address:
        return parse_address(self.get("from"))

    @_Lazy
    def to(self) -> Address:
        return parse_address(self.get("to"))

    @_Lazy
    def call_id(self) -> str:
        return self.get("call-id")

    @_Lazy
    def cseq(self) -> tuple[int, str]:
        """(number, method)."""
        text = self.get("cseq")
        if plain := _PLAIN_CSEQ.fullmatch(text):
            return int(plain[1]), plain[2]
        value = guard(sipmessage.CSeq.parse, text, "CSeq")
        if value.sequence >= MAX_CSEQ:
            raise WireError("CSeq number is too large")
        return value.sequence, value.method

    @_Lazy
    def contact(self) -> tuple[Address, ...]:
        return tuple(parse_address(item) for item in self.items("contact") if item != "*")

    @_Lazy
    def route(self) -> tuple[Address, ...]:
        return tuple(parse_address(item) for item in self.items("route"))

    @_Lazy
    def record_route(self) -> tuple[Address, ...]:
        return tuple(parse_address(item) for item in self.items("record-route"))

    @_Lazy
    def content_type(self) -> str:
        """`application/sdp`, in lower case, without parameters; "" when there is none."""
        text = self.get("content-type")
        if not text or text == "application/sdp":
            return text
        return str(guard(sipmessage.MediaType.parse, text, "Content-Type").mime_type).lower() if text else ""

    @property
    def has_to_tag(self) -> bool:
        return bool(_TAG.search(self.get("to")))


@dataclass(frozen=True)
class Request(Message):
    """A request. fault is set when it is malformed but can still be answered; then only `get`, `all` and `items` are safe."""

    method: str = ""
    uri: str = ""
    fault: Fault | None = None


@dataclass(frozen=True)
class Response(Message):
    """A response, always well-formed: malformed ones are dropped, there is nobody to complain to."""

    code: int = 0
    reason: str = ""


# ---------------------------------------------------------------- reading


def parse(data: bytes) -> Request | Response:
    """Read one datagram. A malformed request that can be answered comes back with `fault` set.

    Raises:
        WireError: not SIP, a malformed response, or a request too broken to be answered; the text says why, without any value.
    """
    if len(data) > MAX_BYTES:
        raise WireError("message is larger than 65535 octets")
    head, blank, body = data.partition(b"\r\n\r\n")
    lines = _lines(head.removesuffix(b"\r\n").decode("utf-8", "surrogateescape"))
    if not _VERSION.search(lines[0]):
        raise WireError("not a SIP message")
    headers, fault = _headers(lines[1:])
    if not blank:
        fault = fault or Fault(400, "No Empty Line After Headers")
    body, length_fault = _body(headers, body)
    fault = fault or length_fault
    if lines[0].upper().startswith("SIP/"):
        return _response(lines[0], headers, body, fault)
    return _request(lines[0], headers, body, fault)


def _lines(head: str) -> list[str]:
    """Unfolded."""
    if "\r\n " in head or "\r\n\t" in head:
        head = re.sub(r"\r\n[ \t]+", " ", head)
    return head.split("\r\n")


def _headers(lines: Sequence[str]) -> tuple[Headers, Fault | None]:
    headers: list[tuple[str, str]] = []
    fault = None
    if len(lines) > MAX_HEADERS:
        raise WireError("too many headers")
    for line in lines:
        name, colon, value = line.partition(":")
        known = _NAMES.get(name) or _name(name)
        if not colon or not known or len(line) > MAX_LINE or "\n" in line or "\r" in line:
            fault = fault or Fault(400, "Malformed Header Line")
            continue
        headers.append((known, value.strip(" \t")))
    return tuple(headers), fault


def _name(text: str) -> str:
    """A header's name, written out; "" for what is none."""
    name = text.rstrip(" \t")
    return COMPACT_FORMS.get(name.lower(), name) if _TOKEN.fullmatch(name) else ""


def _body(headers: Headers, body: bytes) -> tuple[bytes, Fault | None]:
    lengths = {value for name, value in headers if len(name) == _LENGTH and name.lower() == "content-length"}
    if not lengths:
        return body, None
    if len(lengths) > 1:
        return b"", Fault(400, "Conflicting Content-Length")
    text = lengths.pop()
    if not _NUMBER.fullmatch(text):
        return b"", Fault(400, "Malformed Content-Length")
    if int(text) > len(body):
        return b"", Fault(400, "Body Shorter Than Content-Length")
    return body[: int(text)], None


def _response(line: str, headers: Headers, body: bytes, fault: Fault | None) -> Response:
    match = _STATUS.fullmatch(line)
    if match is None:
        raise WireError("malformed status line")
    response = Response(headers, body, int(match[1]), match[2] or "")
    fault = fault or _fields(response)
    if fault is not None:
        raise WireError(f"malformed response: {fault.reason}")
    return response


def _request(line: str, headers: Headers, body: bytes, fault: Fault | None) -> Request:
    method, _, rest = line.partition(" ")
    uri, _, version = rest.rstrip(" ").rpartition(" ")
    if not _TOKEN.fullmatch(method) or not _VERSION.fullmatch(version):
        raise WireError("malformed request line")
    request = Request(headers, body, method, uri.strip(" "))
    if not request.get("via"):
        raise WireError("request without Via")
    exact = line == f"{method} {uri} {version}"
    fault = _version(version) or fault or _start_line(uri, exact) or _fields(request) or _request_fields(request)
    return request if fault is None else replace(request, fault=fault)


def _version(version: str) -> Fault | None:
    return None if version == "SIP/2.0" else Fault(505, "Version Not Supported")


def _start_line(uri: str, exact: bool) -> Fault | None:
    if not exact or not uri or re.search(r"[\s<>]", uri):
        return Fault(400, "Malformed Request Line")
    scheme = SCHEME.match(uri)
    if scheme and scheme[0].lower() not in ("sip:", "sips:", "tel:"):
        return Fault(416, "Unsupported URI Scheme")
    try:
        parse_uri(uri)
    except WireError:
        return Fault(400, "Malformed Request-URI")
    return None


def _fields(message: Message) -> Fault | None:
    index = message._index  # of the same room
    for name in _MANDATORY:
        if not index.get(name, _NOTHING)[0]:
            return Fault(400, f"Missing {name.title().replace('Cseq', 'CSeq').replace('Call-Id', 'Call-ID')} Header")
    for name in _SINGLE:
        if len(index.get(name, ())) > 1:
            return Fault(400, f"More Than One {name.title()} Header")
    try:
        _ = message.via, message.from_, message.to, message.cseq, message.contact, message.route, message.record_route
        _ = message.content_type
        if not message.via:
            return Fault(400, "Malformed Header: Via is not valid")  # nothing but commas
    except WireError as error:
        return Fault(400, f"Malformed Header: {error}")
    return None


def _request_fields(request: Request) -> Fault | None:
    if request.cseq[1] != request.method:
        return Fault(400, "CSeq Method Does Not Match")
    forwards = request.get("max-forwards", "70")
    if not _NUMBER.fullmatch(forwards) or int(forwards) > 255:
        return Fault(400, "Malformed Max-Forwards")
    return None


# ---------------------------------------------------------------- writing


def encode(message: Request | Response) -> bytes:
    """Serialise; Content-Length is always written, and is ours.

    Raises:
        WireError: a value holds a line break or NUL (would forge a header).
    """
    lines = [
        f"{message.method} {message.uri} SIP/2.0"
        if isinstance(message, Request)
        else f"SIP/2.0 {message.code} {message.reason}"
    ]
    lines += [
        f"{name}: {value}"
        for name, value in message.headers
        if len(name) != _LENGTH or name.lower() != "content-length"
    ]
    lines.append(f"Content-Length: {len(message.body)}")
    head = "\r\n".join(lines)
    if not head.count("\r") == head.count("\n") == len(lines) - 1:  # no others than those between the lines
        raise WireError("a header value holds a line break")
    return head.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + message.body
