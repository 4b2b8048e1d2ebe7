"""The index of words: for 1,024 calls at a time (a segment), which of them hold a gram. Pure.

The grams of a segment are dealt into 128 buckets by a keyed hash, and each bucket is sealed as a whole: the database alone tells how many bytes
a bucket has, and nothing else. Whoever looks for a gram opens one bucket of each segment, newest first. docs/adr says why so.

A bucket is text: a line `GRAM PLACES` each. PLACES: two base64 digits for each call while they are few, else `=` and a bitmap in base64.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Mapping

from callwright.store.crypto import TenantKeys

__all__ = ["BUCKETS", "SEGMENT", "Bucket", "bucket_of", "find", "open_bucket", "place_of", "seal_bucket", "segment_of"]

SEGMENT = 1024
BUCKETS = 128
_FEW = 85  # places take fewer bytes than a bitmap then
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_VALUE = {letter: value for value, letter in enumerate(_DIGITS)}

Bucket = dict[str, int]
"""Of each gram the bitmap of the calls that hold it: bit k = call k of the segment."""


def segment_of(n: int) -> int:
    """The segment of the n-th call."""
    return n // SEGMENT


def place_of(n: int) -> int:
    """Its place within the segment."""
    return n % SEGMENT


def bucket_of(keys: TenantKeys, gram: str) -> int:
    """Where a gram stands: as good as random without the key."""
    return hmac.digest(keys.words, gram.encode("utf-8", "replace"), "sha256")[0] % BUCKETS


def seal_bucket(keys: TenantKeys, bucket: int, segment: int, grams: Mapping[str, int]) -> bytes:
    """As `call_words.body` keeps it."""
    lines = [f"\n{_safe(gram)} {_packed(calls)}" for gram, calls in sorted(grams.items()) if calls]
    return keys.seal("".join(lines) + "\n", _context(bucket, segment))


def open_bucket(keys: TenantKeys, bucket: int, segment: int, body: bytes) -> Bucket:
    """All of it. Raises DamagedError."""
    text = keys.open(body, _context(bucket, segment)).decode()
    pairs = (line.rpartition(" ") for line in text.split("\n") if line)
    return {_unsafe(gram): _unpacked(places) for gram, _, places in pairs}


def find(keys: TenantKeys, bucket: int, segment: int, body: bytes, grams: Iterable[str]) -> list[int]:
    """The bitmaps of these grams, without reading the others. Raises DamagedError."""
    text = keys.open(body, _context(bucket, segment))
    found = []
    for gram in grams:
        head = f"\n{_safe(gram)} ".encode()
        at = text.find(head)
        found.append(0 if at < 0 else _unpacked(text[at + len(head) : text.index(b"\n", at + 1)].decode()))
    return found


def _context(bucket: int, segment: int) -> str:
    return f"call_words.{bucket}.{segment}"


def _safe(gram: str) -> str:
    return gram.encode("utf-8", "replace").decode().replace("%", "%25").replace("\n", "%0A").replace(" ", "%20")


def _unsafe(text: str) -> str:
    return text.replace("%20", " ").replace("%0A", "\n").replace("%25", "%")


def _packed(calls: int) -> str:
    if calls.bit_count() > _FEW:
        return "=" + base64.b64encode(calls.to_bytes(SEGMENT // 8, "big")).decode()
    places = []
    while calls:
        low = calls & -calls
        place = low.bit_length() - 1
        places.append(_DIGITS[place >> 6] + _DIGITS[place & 63])
        calls ^= low
    return "".join(places)


def _unpacked(text: str) -> int:
    if text[:1] == "=":
        return int.from_bytes(base64.b64decode(text[1:]), "big")
    calls = 0
    for at in range(0, len(text), 2):
        calls |= 1 << (_VALUE[text[at]] << 6 | _VALUE[text[at + 1]])
    return calls
