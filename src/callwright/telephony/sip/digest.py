"""Answering digest challenges (RFC 2617, RFC 7616, RFC 8760): MD5 and SHA-256, with qop=auth or without, stale, opaque.

The reader is our own: the pattern of `sipmessage` for these headers takes exponential time on crafted quotes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from callwright.errors import WireError
from callwright.telephony.sip.fields import split_list
from callwright.telephony.sip.wire import Headers, Request, Response

__all__ = [
    "Challenge",
    "Credentials",
    "DigestClient",
    "digest_response",
    "other_realms",
    "parse_challenge",
    "parse_pairs",
]

MAX_CHALLENGES = 12

_PAIR = re.compile(r'([A-Za-z0-9\-.!%*_+`\'~]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s",]*)', re.DOTALL)
_REALM = re.compile(r'realm="(?:[^"\\]|\\.)*"')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_HASHES: dict[str, Callable[[bytes], str]] = {
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the line knows us by. The password is never shown."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge of a 401 (`proxy` False) or 407. algorithm in upper case; qop None = the challenge names none."""

    proxy: bool
    realm: str
    nonce: str
    algorithm: str = "MD5"
    opaque: str | None = None
    qop: tuple[str, ...] | None = None
    stale: bool = False


def parse_pairs(value: str) -> dict[str, str] | None:
    """What a `Digest name=value, ...` header says, names in lower case, quotes removed; None for another scheme.

    Raises:
        WireError: not `name=value` pairs.
    """
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    pairs: dict[str, str] = {}
    for item in split_list(rest):
        match = _PAIR.fullmatch(item)
        if match is None:
            raise WireError("digest header is not valid")
        text = match[2]
        pairs[match[1].lower()] = _ESCAPE.sub(r"\1", text[1:-1]) if text.startswith('"') else text
    return pairs


def parse_challenge(value: str, proxy: bool) -> Challenge | None:
    """Read one `Digest ...` value; None for another scheme.

    Raises:
        WireError: a Digest challenge without realm or nonce, or not `name=value` pairs.
    """
    pairs = parse_pairs(value)
    if pairs is None:
        return None
    if "realm" not in pairs or "nonce" not in pairs:
        raise WireError("challenge without realm or nonce")
    qop = tuple(item.strip().lower() for item in pairs["qop"].split(",")) if "qop" in pairs else None
    return Challenge(
        proxy,
        pairs["realm"],
        pairs["nonce"],
        pairs.get("algorithm", "MD5").upper(),
        pairs.get("opaque"),
        qop,
        pairs.get("stale", "").lower() == "true",
    )


def digest_response(
    challenge: Challenge, credentials: Credentials, method: str, uri: str, nc: str = "", cnonce: str = ""
) -> str:
    """The `response` value (RFC 7616 section 3.4.1); with qop=auth when `nc` is given."""
    digest = _HASHES[_hash_name(challenge)]

    def h(text: str) -> str:
        return digest(text.encode("utf-8", "surrogateescape"))

    a1 = h(f"{credentials.username}:{challenge.realm}:{credentials.password}")
    if challenge.algorithm.endswith("-SESS"):
        a1 = h(f"{a1}:{challenge.nonce}:{cnonce}")
    a2 = h(f"{method}:{uri}")
    middle = f"{challenge.nonce}:{nc}:{cnonce}:auth" if nc else challenge.nonce
    return h(f"{a1}:{middle}:{a2}")


class DigestClient:
    """Answers the challenges of one call or registration, and proves later requests unasked; counts how often a nonce was used."""

    __slots__ = ("_answered", "_credentials", "_known", "_new_cnonce", "_used")

    def __init__(self, credentials: Credentials | None, new_cnonce: Callable[[], str]) -> None:
        self._credentials = credentials
        self._new_cnonce = new_cnonce
        self._used: dict[str, int] = {}
        self._answered = 0
        self._known: dict[tuple[bool, str], Challenge] = {}

    def answer(self, request: Request, response: Response) -> tuple[str, str] | None:
        """(header name, value) to send `request` again with; None when we cannot, or when our credentials were refused.

        A request that carried credentials for this realm and is challenged again without `stale` was refused, unless it was proved
        unasked with a nonce that may be too old by now.

        Raises:
            WireError: the challenge cannot be read.
        """
        challenge = self._choose(response)
        if challenge is None or self._credentials is None or self._answered >= MAX_CHALLENGES:
            return None
        name = _header(challenge)
        if not challenge.stale and self._refused(challenge, request.all(name)):
            self._known.pop((challenge.proxy, challenge.realm), None)
            return None
        self._answered += 1
        self._known[challenge.proxy, challenge.realm] = challenge
        return name, self._value(self._credentials, challenge, request)

    def _refused(self, challenge: Challenge, carried: list[str]) -> bool:
        mine = [value for value in carried if f"realm={_quote(challenge.realm)}" in value]
        known = self._known.get((challenge.proxy, challenge.realm))
        if not mine or known is None:
            return bool(mine)
        unasked = self._used.get(known.nonce, 0) > 1
        return not unasked or known.nonce == challenge.nonce

    def proofs(self, request: Request) -> Headers:
        """Credentials for a new request, from the challenges answered so far: it need not be sent twice (RFC 7616 section 3.6)."""
        if self._credentials is None:
            return ()
        return tuple(
            (_header(challenge), self._value(self._credentials, challenge, request))
            for challenge in self._known.values()
        )

    def accepted(self) -> None:
        """A request got another answer than a challenge: the count of challenges in a row begins anew."""
        self._answered = 0

    def _choose(self, response: Response) -> Challenge | None:
        proxy = response.code == 407
        values = response.all("proxy-authenticate" if proxy else "www-authenticate")
        usable = [item for item in (parse_challenge(value, proxy) for value in values) if item and _usable(item)]
        return min(usable, key=lambda item: list(_HASHES).index(_hash_name(item)), default=None)

    def _value(self, credentials: Credentials, challenge: Challenge, request: Request) -> str:
        cnonce = self._new_cnonce()
        self._used[challenge.nonce] = count = self._used.get(challenge.nonce, 0) + 1
        nc = f"{count:08x}" if challenge.qop else ""
        response = digest_response(challenge, credentials, request.method, request.uri, nc, cnonce)
        parts = [
            f"username={_quote(credentials.username)}",
            f"realm={_quote(challenge.realm)}",
            f"nonce={_quote(challenge.nonce)}",
            f"uri={_quote(request.uri)}",
            f'response="{response}"',
            f"algorithm={challenge.algorithm}",
        ]
        if challenge.opaque is not None:
            parts.append(f"opaque={_quote(challenge.opaque)}")
        if nc:
            parts.append(f"qop=auth, nc={nc}")
        if nc or challenge.algorithm.endswith("-SESS"):
            parts.append(f'cnonce="{cnonce}"')
        return "Digest " + ", ".join(parts)


def other_realms(request: Request, header: tuple[str, str]) -> Headers:
    """The credentials of the same kind for other realms; two proxies in a row may each ask for theirs."""
    mine = _REALM.search(header[1])
    return tuple(
        (name, value)
        for name, value in request.headers
        if name == header[0] and (found := _REALM.search(value)) and (mine is None or found[0] != mine[0])
    )


def _header(challenge: Challenge) -> str:
    return "Proxy-Authorization" if challenge.proxy else "Authorization"


def _hash_name(challenge: Challenge) -> str:
    return challenge.algorithm.removesuffix("-SESS")


def _usable(challenge: Challenge) -> bool:
    return _hash_name(challenge) in _HASHES and (challenge.qop is None or "auth" in challenge.qop)


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
