"""Keys for SRTP in a session description: the crypto attribute (RFC 4568; RFC 7714 section 14 for GCM). Pure values.

A line that cannot be used is None, never an error: whoever offers several suites means us to take another one.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

from callwright.telephony.wire_audio import KEY_BYTES, Suite

__all__ = ["Crypto", "encode", "fresh", "parse", "shared"]

OFFERED: tuple[Suite, ...] = (
    "AES_CM_128_HMAC_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32",
    "AEAD_AES_256_GCM",
    "AEAD_AES_128_GCM",
)
"""Best known first: the first one every implementation must have (RFC 4568 section 6.2.1)."""

LEAST_LIFETIME = 2**18
"""Packets a key must be good for: more than an hour at 50 a second. We never change a key by ourselves because it is used up."""
_MOST_LIFETIME = 2**48
_LONGEST_MKI = 128

_ATTRIBUTE = re.compile(
    r"(\d{1,9}) +([A-Za-z0-9_]{1,60}) +inline:([A-Za-z0-9+/]{16,120}={0,2})((?:\|[^| ;]{1,60}){0,2})((?: +[!-~]+)*) *"
)
_LIFETIME = re.compile(r"2\^(\d{1,2})|(\d{1,20})")
_MKI = re.compile(r"(\d{1,40}):(\d{1,3})")
_HARMLESS = re.compile(r"WSH=\d{1,5}|-.*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Crypto:
    """One crypto attribute. key: master key and salt, never shown; mki: the identifier in each packet, as its octets."""

    tag: int
    suite: Suite
    key: bytes = field(repr=False)
    mki: bytes = b""


def fresh(entropy: Callable[[int], bytes]) -> tuple[Crypto, ...]:
    """New keys for an offer, one for each suite; entropy gives so many unguessable bytes."""
    return tuple(Crypto(tag, suite, entropy(KEY_BYTES[suite])) for tag, suite in enumerate(OFFERED, 1))


def encode(crypto: Crypto) -> str:
    """The attribute without `a=`. It holds the key: for the wire only."""
    return f"crypto:{crypto.tag} {crypto.suite} inline:{base64.b64encode(crypto.key).decode()}"


def parse(value: str) -> Crypto | None:
    """What stands behind `a=crypto:`; None when it is malformed or asks for what we do not do: another suite, several keys, a key
    that is soon used up, session parameters that change the protection."""
    match = _ATTRIBUTE.fullmatch(value)
    if match is None or match[2].upper() not in KEY_BYTES:
        return None
    suite = cast(Suite, match[2].upper())
    try:
        key = base64.b64decode(match[3], validate=True)
    except binascii.Error:
        return None
    if len(key) != KEY_BYTES[suite] or not all(_HARMLESS.fullmatch(item) for item in match[5].split()):
        return None
    lifetime, mki = _limits(match[4].split("|")[1:])
    if lifetime is None or mki is None:
        return None
    return Crypto(int(match[1]), suite, key, mki)


def _limits(items: Sequence[str]) -> tuple[int | None, bytes | None]:
    """(lifetime, identifier) of a key; None for what cannot be used. Both may be left out."""
    lifetime: int | None = _MOST_LIFETIME
    mki: bytes | None = b""
    if items and ":" not in items[0]:
        lifetime, items = _packets(items[0]), items[1:]
    if items:
        mki = _identifier(items[0]) if len(items) == 1 else None
    return lifetime, mki


def _packets(text: str) -> int | None:
    match = _LIFETIME.fullmatch(text)
    if match is None:
        return None
    packets = 1 << int(match[1]) if match[1] else int(match[2])
    return packets if LEAST_LIFETIME <= packets <= _MOST_LIFETIME else None


def _identifier(text: str) -> bytes | None:
    match = _MKI.fullmatch(text)
    if match is None or not 1 <= int(match[2]) <= _LONGEST_MKI:
        return None
    number, length = int(match[1]), int(match[2])
    return number.to_bytes(length, "big") if number < 1 << 8 * length else None


def shared(theirs: Sequence[Crypto], ours: Sequence[Crypto]) -> tuple[Crypto, Crypto] | None:
    """(theirs, ours) of the first suite of the offer that we have too; ours under the offer's tag (RFC 4568 section 5.1.2)."""
    for item in theirs:
        own = next((crypto for crypto in ours if crypto.suite == item.suite), None)
        if own is not None:
            return item, Crypto(item.tag, own.suite, own.key)
    return None
