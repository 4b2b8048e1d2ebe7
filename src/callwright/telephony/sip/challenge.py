"""Asking callers for a password: the server side of digest (RFC 7616, RFC 8760, RFC 3261 section 22). Pure: time is an argument.

A nonce is signed and carries its age, so nothing is kept for a caller that never comes back; what is kept (which nonce counts were
used, who guessed wrong) is bounded. Wrong passwords are answered with a new challenge a few times, then with silence that grows.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from callwright.errors import WireError
from callwright.telephony.sip.digest import Challenge, Credentials, digest_response, parse_pairs
from callwright.telephony.sip.fields import parse_uri
from callwright.telephony.sip.wire import Headers, Request

__all__ = ["Admitted", "Asked", "Gate", "Ignored", "Verdict"]

LIFETIME_MS = 120_000
MAX_KNOWN = 10_000
WRONG_ALLOWED = 4
ASKED_ALLOWED = 40
FIRST_LOCK_MS = 30_000
LONGEST_LOCK_MS = 3_600_000
FORGIVEN_MS = 3_600_000

Algorithm = Literal["SHA-256", "MD5"]


@dataclass(frozen=True, slots=True)
class Admitted:
    """The caller knows the password of `username`."""

    username: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Answer 401 with these headers."""

    headers: Headers


@dataclass(frozen=True, slots=True)
class Ignored:
    """Answer nothing: too many wrong passwords came from there."""


Verdict = Admitted | Asked | Ignored


@dataclass(slots=True)
class _Source:
    """What one address did: wrong passwords and unanswered challenges since the last right one, and until when it is ignored."""

    wrong: int = 0
    asked: int = 0
    locks: int = 0
    until_ms: int = 0
    seen_ms: int = 0


class Gate:
    """users: password by user name; realm: what they log in to; secret: signs nonces; new_id: unguessable text (tests seed it).

    algorithms: what is offered, best first (RFC 8760 section 2.4).
    """

    def __init__(
        self,
        users: Mapping[str, Credentials],
        realm: str,
        secret: bytes,
        new_id: Callable[[], str],
        algorithms: tuple[Algorithm, ...] = ("SHA-256", "MD5"),
    ) -> None:
        self.users = users
        self._realm = realm
        self._secret = secret
        self._new_id = new_id
        self.algorithms = algorithms
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._sources: OrderedDict[str, _Source] = OrderedDict()

    def judge(self, request: Request, source: str, now_ms: int) -> Verdict:
        """What a new request from an address that is nobody's is answered with."""
        known = self._source(source, now_ms)
        if now_ms < known.until_ms:
            return Ignored()
        shown = [
            pairs for value in request.all("authorization") if (pairs := _pairs(value)).get("realm") == self._realm
        ]
        if not shown:
            return self._ask(known, now_ms)
        outcome = self._check(shown[0], request, now_ms)
        if outcome == "right":
            self._sources.pop(source, None)
            return Admitted(shown[0]["username"])
        if outcome == "stale":
            return self._ask(known, now_ms, stale=True)
        known.wrong += 1
        return self._ask(known, now_ms)

    # ------------------------------------------------------------ one proof

    def _check(self, pairs: Mapping[str, str], request: Request, now_ms: int) -> Literal["right", "stale", "wrong"]:
        nonce, nc = pairs.get("nonce", ""), pairs.get("nc", "")
        algorithm = pairs.get("algorithm", "MD5").upper()
        age = self._age_ms(nonce, now_ms)
        usable = age is not None and algorithm in self.algorithms and pairs.get("qop", "").lower() == "auth"
        if not usable or not _is_count(nc) or not _same_place(pairs.get("uri", ""), request.uri):
            return "wrong"
        user = self.users.get(pairs.get("username", ""))
        credentials = user or Credentials(
            pairs.get("username", ""), self._new_id()
        )  # as much work for a name nobody has
        challenge = Challenge(False, self._realm, nonce, algorithm, qop=("auth",))
        expected = digest_response(challenge, credentials, request.method, pairs["uri"], nc, pairs.get("cnonce", ""))
        given = pairs.get("response", "").lower()
        if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogateescape")) or user is None:
            return "wrong"
        if age is None or age > LIFETIME_MS or int(nc, 16) <= self._counts.get(nonce, 0):
            return "stale"  # too old, or used before: whoever knows the password just proves it again
        self._counts[nonce] = int(nc, 16)
        self._counts.move_to_end(nonce)
        while len(self._counts) > MAX_KNOWN:
            self._counts.popitem(last=False)
        return "right"

    # ------------------------------------------------------------ nonces

    def _nonce(self, now_ms: int) -> str:
        text = f"{now_ms:x}.{self._new_id()}"
        return f"{text}.{self._sign(text)}"

    def _sign(self, text: str) -> str:
        return hmac.new(self._secret, text.encode("utf-8", "surrogateescape"), sha256).hexdigest()[:32]

    def _age_ms(self, nonce: str, now_ms: int) -> int | None:
        """How old a nonce of ours is; None = it is not ours, or was pushed out of what we remember."""
        text, _, signature = nonce.rpartition(".")
        if not hmac.compare_digest(self._sign(text).encode(), signature.encode("utf-8", "surrogateescape")):
            return None
        return now_ms - int(text.partition(".")[0], 16)

    # ------------------------------------------------------------ who asks too often

    def _ask(self, known: _Source, now_ms: int, stale: bool = False) -> Verdict:
        known.asked += 1
        if known.wrong > WRONG_ALLOWED or known.asked > ASKED_ALLOWED:
            known.until_ms = now_ms + min(FIRST_LOCK_MS * 2**known.locks, LONGEST_LOCK_MS)
            known.locks = min(known.locks + 1, 20)
            known.wrong = known.asked = 0
            return Ignored()
        nonce, mark = self._nonce(now_ms), ", stale=true" if stale else ""
        realm = self._realm.replace("\\", "\\\\").replace('"', '\\"')
        return Asked(
            tuple(
                ("WWW-Authenticate", f'Digest realm="{realm}", nonce="{nonce}", algorithm={name}, qop="auth"{mark}')
                for name in self.algorithms
            )
        )

    def _source(self, address: str, now_ms: int) -> _Source:
        known = self._sources.get(address)
        if known is None or (now_ms - known.seen_ms > FORGIVEN_MS and now_ms >= known.until_ms):
            known = self._sources[address] = _Source()
        known.seen_ms = now_ms
        self._sources.move_to_end(address)
        while len(self._sources) > MAX_KNOWN:
            self._sources.popitem(last=False)
        return known


def _pairs(value: str) -> Mapping[str, str]:
    try:
        return parse_pairs(value) or {}
    except WireError:
        return {}


def _is_count(text: str) -> bool:
    return len(text) == 8 and all(char in "0123456789abcdefABCDEF" for char in text) and int(text, 16) > 0


def _same_place(proved: str, requested: str) -> bool:
    """The `uri` of a proof is the Request-URI, or names the same host: some callers leave the user out."""
    if proved == requested:
        return True
    try:
        one, two = parse_uri(proved), parse_uri(requested)
    except WireError:
        return False
    return (one.host.lower(), one.port or 5060) == (two.host.lower(), two.port or 5060)
