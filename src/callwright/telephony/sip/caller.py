"""Who calls, read from the headers of an INVITE: From, P-Asserted-Identity (RFC 3325), Privacy (3323), Diversion (5806),
History-Info (7044), User-to-User (7433). What cannot be read is left out: a header of information never costs a call."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from callwright.errors import LineError, WireError
from callwright.telephony.caller import Caller, Diversion, HistoryEntry, IdentityVerdict, Party, UserToUser
from callwright.telephony.sip.fields import (
    Address,
    parse_address,
    parse_uri,
    split_headers,
    split_list,
    split_parameters,
)
from callwright.telephony.sip.reasons import parse_reasons
from callwright.telephony.sip.wire import Headers, Request

__all__ = ["MAX_USER_TO_USER", "IdentityCheck", "parse_user_to_user", "party", "read_caller", "user_to_user_header"]

MAX_USER_TO_USER = 128  # octets: what an ISDN carries, and more than that no gateway passes on
MAX_VALUES = 20
MAX_TEXT = 2_000

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*")
_INDEX = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,20}")
_COUNT = re.compile(r"[0-9]{1,3}")
T = TypeVar("T")


IdentityCheck = Callable[
    [Request, bool], IdentityVerdict
]  # (INVITE, whether its source is trusted) -> what its signature proves


def read_caller(request: Request, trusted: bool, check: IdentityCheck | None = None) -> Caller:
    """Everything an INVITE says about its caller. trusted: whether what the sender asserts is believed (RFC 3325 section 5)."""
    privacy = {item.strip().lower() for text in request.all("privacy") for item in text.split(";")}
    return Caller(
        party(request.from_),
        _each(request.items("p-asserted-identity"), lambda text: party(parse_address(text))) if trusted else (),
        frozenset(privacy - {""}),
        _each(request.items("diversion"), _diversion),
        _each(request.items("history-info"), _history),
        tuple(item for text in request.all("user-to-user")[:MAX_VALUES] for item in parse_user_to_user(text)),
        check(request, trusted) if check else IdentityVerdict(),
    )


def party(address: Address) -> Party:
    """The address as a value; a URI that is no telephone or SIP URI has no number."""
    uri = split_headers(address.uri)[0]
    try:
        parsed = parse_uri(uri)
    except WireError:
        return Party("", address.display, uri)
    return Party((parsed.user or (parsed.host if parsed.scheme == "tel" else "")).split(";")[0], address.display, uri)


def _each(values: Iterable[str], read: Callable[[str], T]) -> tuple[T, ...]:
    found = []
    for value in list(values)[:MAX_VALUES]:
        try:
            found.append(read(value))
        except WireError:
            continue
    return tuple(found)


def _diversion(text: str) -> Diversion:
    address = parse_address(text)
    parameters = dict(address.parameters)
    count = parameters.get("counter", "")
    return Diversion(
        party(address),
        parameters.get("reason", "").lower()[:40],
        int(count) if _COUNT.fullmatch(count) else 1,
        parameters.get("privacy", "off").lower() not in ("off", ""),
    )


def _history(text: str) -> HistoryEntry:
    address = parse_address(text)
    index = dict(address.parameters).get("index", "")
    inner = split_headers(address.uri)[1]
    reasons = parse_reasons(value for name, value in inner if name.lower() == "reason")
    private = any(name.lower() == "privacy" and value.strip().lower() != "none" for name, value in inner)
    return HistoryEntry(party(address), index if _INDEX.fullmatch(index) else "", reasons, private)


# ---------------------------------------------------------------- User-to-User


def parse_user_to_user(text: str) -> tuple[UserToUser, ...]:
    """The values of one header (RFC 7433 section 4.1); what says it is hexadecimal and is not, or is too long, is left out.

    Without `encoding` it is hexadecimal too, if it looks so.
    """
    found = []
    for item in split_list(text)[:MAX_VALUES]:
        if _CONTROL.search(item):
            continue
        value, parameters = split_parameters(item)
        encoding = parameters.get("encoding", "").lower()
        hexadecimal = _HEX.fullmatch(value) is not None
        if len(value) > MAX_TEXT or (encoding == "hex" and not hexadecimal):
            continue
        named = parameters.get("purpose", "")[:40], parameters.get("content", "")[:40]
        if encoding in ("", "hex") and hexadecimal:
            found.append(UserToUser(bytes.fromhex(value), *named, "hex"))
        else:
            found.append(UserToUser(value.encode("utf-8", "surrogateescape"), *named, encoding[:40]))
    return tuple(found)


def user_to_user_header(data: bytes | str) -> Headers:
    """The header that brings `data` (text as UTF-8) to the far side; none for nothing.

    Raises:
        LineError: more than 128 octets.
    """
    octets = data.encode() if isinstance(data, str) else data
    if len(octets) > MAX_USER_TO_USER:
        raise LineError(f"User-to-User holds {len(octets)} octets; a call carries at most {MAX_USER_TO_USER}")
    return (("User-to-User", str(UserToUser(octets))),) if octets else ()
