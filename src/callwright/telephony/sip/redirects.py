"""The targets of one call: the one that was dialled, and those a 3xx names (RFC 3261 section 8.1.3.4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from callwright.errors import WireError
from callwright.telephony.sip.fields import Address, Uri, parse_uri, split_headers
from callwright.telephony.sip.wire import Response

__all__ = ["Judge", "Lookup", "Redirects"]

MOST = 5
FOLLOWED = (300, 301, 302, 305, 380)

# What says something about the target, and nothing about the person: only then is another target tried. Nobody is rung twice.
NEXT_AFTER = frozenset((404, 410, 416, 484, *range(500, 600)))

Judge = Callable[[Uri], str]  # why a target may not be dialled, "" = it may
_Q = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


@dataclass(frozen=True, slots=True)
class Lookup:
    """A redirected call needs the address of `uri`'s host before it can go on."""

    at_ms: int
    uri: Uri


class Redirects:
    """At most five further targets, best `q` first, none twice. refusal: why the last 3xx led to nobody, without any number in it."""

    __slots__ = ("_judge", "_seen", "_tried", "_waiting", "refusal")

    def __init__(self, first: str, judge: Judge | None) -> None:
        self.refusal = ""
        self._judge = judge
        self._tried = 0
        self._seen = {_key(parse_uri(first))}
        self._waiting: list[tuple[float, str]] = []

    def forget(self) -> None:
        """The call is over: nobody is tried any more."""
        self._judge = None
        self._waiting.clear()
        self._seen.clear()

    def learn(self, response: Response) -> None:
        """A 3xx came: its Contacts that may be dialled wait now."""
        reasons = []
        self.refusal = ""
        if response.code not in FOLLOWED:
            return
        for contact in response.contact:
            reason, uri = self._check(contact)
            if reason:
                reasons.append(reason)
            else:
                self._waiting.append((_weight(contact), uri))
        self._waiting.sort(key=lambda item: -item[0])
        if not self._waiting:
            self.refusal = reasons[0] if reasons else "it names nobody to call instead"

    def _check(self, contact: Address) -> tuple[str, str]:
        uri = split_headers(contact.uri)[0]
        try:
            parsed = parse_uri(uri)
        except WireError:
            return "it leads to no telephone", ""
        if self._judge is None:
            return "redirects are not followed", ""
        if parsed.has("maddr") or parsed.has("method"):
            return "it names another host or method than it seems to", ""
        if reason := self._judge(parsed):
            return reason, ""
        if _key(parsed) in self._seen:
            return "it leads to where the call was already", ""
        self._seen.add(_key(parsed))
        return "", uri

    def next(self, code: int) -> str | None:
        """The target to try after a final answer with `code`; None = there is none, or the answer was the person's."""
        if not self._waiting or not (code // 100 == 3 or code in NEXT_AFTER):
            return None
        if self._tried >= MOST:
            self.refusal = f"more than {MOST} targets in a row"
            return None
        self._tried += 1
        return self._waiting.pop(0)[1]


def _weight(contact: Address) -> float:
    text = dict(contact.parameters).get("q", "1")
    return float(text) if _Q.fullmatch(text) else 1.0


def _key(uri: Uri) -> tuple[object, ...]:
    transport = (dict(uri.parameters).get("transport") or "").lower()
    return uri.scheme, uri.user, uri.host.lower(), uri.port, transport
