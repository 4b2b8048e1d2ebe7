"""SIP header fields as frozen values: URIs, addresses, Via, lists (RFC 3261 sections 19.1, 20, 25; grammars by `sipmessage`)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar
from urllib.parse import quote, unquote

import sipmessage

from callwright.errors import WireError

__all__ = [
    "MAX_LINE",
    "Address",
    "Uri",
    "Via",
    "guard",
    "host_text",
    "mask",
    "parse_address",
    "parse_uri",
    "parse_via",
    "split_headers",
    "split_list",
    "split_parameters",
    "with_headers",
]

_SHORT = 200
MAX_LINE = 8_192
T = TypeVar("T")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")

# The grammar of tel: in sipmessage takes cubic time on long digits: no number is that long.
_LONG_NUMBER = re.compile(r"tel:[^;>,]{129}", re.IGNORECASE)
_USER_PART = re.compile(r"\b((?:sips?|tel):)([^@\s;>]+)", re.IGNORECASE)

# What nearly every message holds is read by one expression each; everything else, and all that is odd, by the grammars of sipmessage.
# A property test holds both to the same results.
_HOST = r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)*[A-Za-z]+"
_PLAIN_URI = re.compile(
    rf"(sips?):(?:([A-Za-z0-9+_.\-]+)@)?({_HOST})(?::(\d{{1,5}}))?((?:;[A-Za-z0-9\-]+(?:=[A-Za-z0-9.\-]+)?)*)", re.ASCII
)
_PLAIN_ADDRESS = re.compile(r'(?:"([A-Za-z0-9 ]*)" ?)?<([^<>?"\s]+)>(?:;tag=([A-Za-z0-9.\-_]+))?', re.ASCII)
_PLAIN_VIA = re.compile(
    rf"SIP/2\.0/([A-Z]+) ({_HOST})(?::(\d{{1,5}}))?((?:;[A-Za-z0-9\-]+(?:=[A-Za-z0-9.\-_]+)?)*)", re.ASCII
)
_PARSER_ERRORS = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError)


@dataclass(frozen=True, slots=True)
class Uri:
    """A sip, sips or tel URI. user is decoded; host of an IPv6 reference comes without brackets; parameter names are in lower case."""

    scheme: str
    user: str
    host: str
    port: int | None
    parameters: tuple[tuple[str, str | None], ...] = ()

    def has(self, name: str) -> bool:
        return any(key == name for key, _ in self.parameters)

    @property
    def address(self) -> tuple[str, int] | None:
        """(ip, port) when the host is an IP address, with port 5060 by default; None for a name."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return None
        return self.host, self.port or 5060


@dataclass(frozen=True, slots=True)
class Address:
    """One From, To, Contact, Route value. text: as it came; uri: raw text within the brackets; tag decoded ("" = none);
    display: the name before the brackets, without quotes; parameters: those behind it, names in lower case, values without quotes."""

    text: str
    uri: str
    tag: str = ""
    display: str = ""
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Via:
    """One Via value. branch "" = none (RFC 2543); rport is True when the sender asked for RFC 3581."""

    text: str
    transport: str
    host: str
    port: int | None
    branch: str
    rport: bool


def guard(parser: Callable[[str], T], text: str, what: str) -> T:
    """What a parser of sipmessage gives. Raises WireError where it raises anything.

    sipmessage raises one and the same exception object again and again, and Python adds every place it was raised to it: unless that is
    taken off, each malformed header keeps the frames, and with them the agent, in memory for good.
    """
    try:
        return parser(text)
    except _PARSER_ERRORS as error:
        error.__traceback__ = error.__context__ = None
    raise WireError(f"{what} is not valid")


def parse_uri(text: str) -> Uri:
    """Read a SIP, SIPS or TEL URI (RFC 3261 section 19.1, RFC 3966).

    Raises:
        WireError: anything else, also another scheme.
    """
    return _known_uri(text) if len(text) <= _SHORT else _read_uri(text)


@lru_cache(256)
def _known_uri(text: str) -> Uri:
    """The messages of a call name the same few addresses again and again."""
    return _read_uri(text)


def _read_uri(text: str) -> Uri:
    if len(text) <= MAX_LINE and (plain := _PLAIN_URI.fullmatch(text)):
        number = int(plain[4]) if plain[4] else None
        if number is None or 0 < number < 65536:
            return Uri(plain[1], plain[2] or "", plain[3], number, _lower(_plain_parameters(plain[5])))
    scheme, colon, rest = text.partition(":")
    if len(text) > MAX_LINE or _LONG_NUMBER.search(text):
        raise WireError("URI is too long")
    value = guard(sipmessage.URI.parse, f"{scheme.lower()}{colon}{rest}", "URI")
    if value.port is not None and not 0 < value.port < 65536:
        raise WireError("URI is not valid")
    return Uri(value.scheme, value.user or "", value.host.strip("[]"), value.port, _lower(value.parameters))


def _plain_parameters(text: str) -> dict[str, str | None]:
    """`;name=value;flag`."""
    parameters: dict[str, str | None] = {}
    if text:
        for part in text[1:].split(";"):
            name, equals, value = part.partition("=")
            parameters[name] = value if equals else None
    return parameters


def _lower(parameters: Mapping[str, str | None]) -> tuple[tuple[str, str | None], ...]:
    return tuple((name.lower(), value) for name, value in parameters.items())


def parse_address(text: str) -> Address:
    if len(text) <= MAX_LINE and (usual := _PLAIN_ADDRESS.fullmatch(text)) and _PLAIN_URI.fullmatch(usual[2]):
        return Address(text, usual[2], usual[3] or "", usual[1] or "", (("tag", usual[3]),) if usual[3] else ())
    if len(text) > MAX_LINE or _LONG_NUMBER.search(text):
        raise WireError("address is too long")
    opened = _opening(text)
    uri = _raw_uri(text, opened)
    plain = split_headers(uri)[0] if opened >= 0 else uri
    if _foreign(uri):
        plain = "sip:other.invalid"
    value = guard(sipmessage.Address.parse, text.replace(uri, plain, 1) if plain != uri else text, "address")
    parameters = tuple((key.lower(), _unquoted(item or "")) for key, item in value.parameters.items())
    return Address(text, uri, dict(parameters).get("tag", ""), value.name or "", parameters)


def split_headers(uri: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A URI without its headers, and these, names and values unescaped (RFC 3261 section 19.1.1: `?Name=value&Name=value`).

    sipmessage knows no URI headers; they are allowed between angle brackets.
    """
    question = uri.find("?", uri.find("@") + 1)
    if question < 0:
        return uri, ()
    pairs = (item.partition("=") for item in uri[question + 1 :].split("&") if item)
    return uri[:question], tuple((_unescaped(name), _unescaped(value)) for name, _, value in pairs)


def with_headers(uri: str, headers: tuple[tuple[str, str], ...]) -> str:
    """A URI with headers, escaped; everything but letters, digits and `-_.~` is, so that no reader can take it for something else."""
    text = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in headers)
    return f"{uri}?{text}" if text else uri


def _unescaped(text: str) -> str:
    return unquote(text, errors="surrogateescape")


def _opening(text: str) -> int:
    """Where the `<` of a name-addr is, outside quotes; -1 for an addr-spec."""
    quoted = escaped = False
    for at, char in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == "<" and not quoted:
            return at
    return -1


def _raw_uri(text: str, opened: int) -> str:
    if opened >= 0:
        return text[opened + 1 : text.find(">", opened)]
    return text.split(";", 1)[0].strip()


def _foreign(uri: str) -> bool:
    """A URI of another scheme (`http:`, `isbn:`): legal in From, To and Contact, never dialled by us."""
    scheme = SCHEME.match(uri)
    return scheme is not None and scheme[0].lower() not in ("sip:", "sips:", "tel:")


def parse_via(text: str) -> Via:
    if len(text) <= MAX_LINE and (plain := _PLAIN_VIA.fullmatch(text)):
        found = dict(_lower(_plain_parameters(plain[4])))
        number = int(plain[3]) if plain[3] else None
        return Via(text, plain[1], plain[2], number, found.get("branch") or "", "rport" in found)
    value = guard(sipmessage.Via.parse, text, "Via")
    parameters = {key.lower(): item for key, item in value.parameters.items()}
    return Via(
        text, value.transport, value.host.strip("[]"), value.port, parameters.get("branch") or "", "rport" in parameters
    )


def split_parameters(value: str) -> tuple[str, dict[str, str]]:
    """A value before its first `;`, and the parameters behind (`cause=16;text="x; y"`): names in lower case, values without quotes."""
    head, *rest = [part.strip() for part in _split(value, ";")]
    pairs = (part.partition("=") for part in rest if part)
    return _unquoted(head), {name.strip().lower(): _unquoted(item.strip()) for name, _, item in pairs}


def _unquoted(text: str) -> str:
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def split_list(value: str) -> list[str]:
    """Split a comma-separated header value; commas within quotes or angle brackets stay. Empty elements are kept out."""
    return [part.strip() for part in _split(value, ",") if part.strip()]


def _split(value: str, separator: str) -> list[str]:
    """The parts between separators that stand neither within quotes nor within angle brackets."""
    if '"' not in value and "<" not in value and ">" not in value:
        return value.split(separator)
    parts, start, quoted, escaped, angle = [], 0, False, False, False
    for at, char in enumerate(value):
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = char == "\\", char != '"'
        elif char == '"':
            quoted = True
        elif char in "<>":
            angle = char == "<"
        elif char == separator and not angle:
            parts.append(value[start:at])
            start = at + 1
    parts.append(value[start:])
    return parts


def host_text(host: str) -> str:
    """A host as it stands in a URI: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def mask(text: str) -> str:
    """The text with the user part of every SIP or TEL URI hidden but for its last two characters."""
    return _USER_PART.sub(lambda m: m[1] + ("*" * max(0, len(m[2]) - 2)) + m[2][-2:] if _hides(m, text) else m[0], text)


def _hides(match: re.Match[str], text: str) -> bool:
    return match[1].lower() == "tel:" or text[match.end() : match.end() + 1] == "@"
