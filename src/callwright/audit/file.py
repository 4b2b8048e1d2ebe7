"""The audit log outside of the database: an export that anybody can verify, and anchors of its end. Pure.

As decision records are exported (compliance/record_file.py), with formats of their own: JSON Lines, a signed header `callwright-audit/1`, then
one entry a line; an anchor is `callwright-audit-anchor/1`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from callwright.audit.model import signed_bytes
from callwright.compliance.record_file import (
    Anchor,
    ChainCheck,
    Finding,
    Report,
    genuine,
    parse_signed,
    public_text,
    signed,
)
from callwright.compliance.records import Head, iso
from callwright.errors import InputError, Problem

__all__ = ["anchor_text", "checking", "header_text", "read_anchor", "verify"]

_EXPORT, _ANCHOR = "callwright-audit/1", "callwright-audit-anchor/1"
_HEADER = {
    "first": int, "format": str, "last": int, "last_hash": str, "made_at": str, "prev": str, "public_key": str, "signature": str,
    "tenant": int,
}  # fmt: skip
_ANCHORED = {
    "format": str, "hash": str, "made_at": str, "public_key": str, "seq": int, "signature": str, "tenant": int,
}  # fmt: skip


def checking(key: Ed25519PublicKey, tenant: int, anchors: Sequence[Anchor] = ()) -> ChainCheck:
    """Walks along an audit chain."""
    return ChainCheck(key, tenant, anchors, signed_bytes)


def header_text(tenant: int, first: int, before: bytes, end: Head, key: Ed25519PrivateKey, now: datetime) -> str:
    """The first line of an export of the entries `first` to `end`; before: hash of the entry before `first`."""
    said = {
        "first": first, "format": _EXPORT, "last": end.seq, "last_hash": end.hash.hex(), "made_at": iso(now), "prev": before.hex(),
        "public_key": public_text(key.public_key()), "tenant": tenant,
    }  # fmt: skip
    return signed(said, key)


def anchor_text(tenant: int, end: Head, key: Ed25519PrivateKey, now: datetime) -> str:
    """The signed end of the chain, one line: keep it where nobody here can change it."""
    said = {
        "format": _ANCHOR, "hash": end.hash.hex(), "made_at": iso(now), "public_key": public_text(key.public_key()), "seq": end.seq,
        "tenant": tenant,
    }  # fmt: skip
    return signed(said, key)


def read_anchor(data: bytes, key: Ed25519PublicKey) -> Anchor:
    """The anchor in a file.

    Raises:
        InputError: it is none, was changed, or another key signed it.
    """
    said = parse_signed(data, _ANCHORED)
    if said is None or said["format"] != _ANCHOR or not genuine(said, key):
        hint = "take the anchor as `callwright audit anchor` wrote it, and the key of its tenant"
        raise InputError(Problem("anchor", "this is no anchor of an audit log that this key signed", hint=hint))
    return Anchor(said["tenant"], said["seq"], _hash(said["hash"]))


def verify(lines: Iterable[bytes], key: Ed25519PublicKey, anchors: Sequence[Anchor] = ()) -> Report:
    """Check an export against the tenant's key and any anchors. Never raises for what the file holds: whatever is wrong is a finding."""
    rest = iter(lines)
    header = parse_signed(next(rest, b""), _HEADER)
    if header is None or header["format"] != _EXPORT:
        finding = Finding("not-an-export", "the first line is no header of an audit log in canonical JSON", line=1)
        return Report(0, 0, 0, 0, "", (finding,), 1)
    check = checking(key, header["tenant"], anchors)
    if header["public_key"] != public_text(key):
        check.find("other-key", "the file names another public key than the one it is checked with", line=1)
    elif not genuine(header, key):
        check.find("changed-header", "the signature of the header does not fit it", line=1)
    check.begin(header["first"], _hash(header["prev"]))
    for number, line in enumerate(rest, start=2):
        check.line(line, number)
    check.end(Head(header["last"], _hash(header["last_hash"])))
    return check.report()


def _hash(text: Any) -> bytes:
    """What is no hash fits nothing."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    return found if len(found) == 32 else b"\xff" * 32
