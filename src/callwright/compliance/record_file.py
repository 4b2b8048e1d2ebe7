"""Records outside of the database: an export that anybody can check without us, and anchors that tell when its end is missing. Pure.

An export is JSON Lines: a signed header, then one record a line, each in canonical JSON and ended by a line feed.

    {"first":1,"format":"callwright-records/1","last":2,"last_hash":"..","made_at":"..","prev":"..","public_key":"..","signature":"..","tenant":7,"vouched":true}
    {"body":{..},"hash":"..","rules":[{..},..],"seq":1,"signature":""}
    {"body":{..},"hash":"..","rules":[{..},..],"seq":2,"signature":".."}

A line tells what the rules said, which its body names by a digest. The signature of a record vouches for all before it; that of the header
for the last one of the file, which may have none of its own.

`verify` needs the public key from somewhere else than the file (`callwright records key`, written down when the tenant was set up): whoever
changes a file could put a key of their own into it. An anchor is the signed end of the chain at one moment; kept elsewhere, it shows
that a later file was cut off at its end, or that the chain was written anew by somebody who has the key.
docs/explanation/what-a-record-proves.md tells what all this proves and what it does not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from callwright.compliance.records import GENESIS, Head, Sealed, canonical, digest_of, iso, link, signed_bytes
from callwright.errors import InputError, Problem

__all__ = [
    "LONGEST_LINE",
    "Anchor",
    "ChainCheck",
    "Finding",
    "Found",
    "RecordCheck",
    "Report",
    "anchor_text",
    "genuine",
    "header_text",
    "parse_signed",
    "public_key",
    "public_text",
    "read_anchor",
    "record_text",
    "signed",
    "signed_by",
    "verify",
]

LONGEST_LINE = 1 << 20
"""Bytes of a line that is still read: records are a few thousand long."""

Found = Literal[
    "not-an-export", "changed-header", "other-key", "truncated", "not-canonical", "edited", "bad-signature", "gap", "duplicate", "reordered",
    "other-tenant", "misnumbered", "added", "cut-off", "differs-from-anchor", "bad-anchor", "columns-differ", "unrecorded", "unsigned",
]  # fmt: skip
"""What can be wrong; docs/reference/decision-records.md explains each."""

_RECORDS, _ANCHOR = "callwright-records/1", "callwright-anchor/1"
_SHOWN = 100
_LARGEST = 1 << 28  # a manifest of very many files
_KEY = re.compile(r"(?:ed25519:)?([0-9a-f]{64})")
_HEADER = {
    "first": int, "format": str, "last": int, "last_hash": str, "made_at": str, "prev": str, "public_key": str, "signature": str,
    "tenant": int, "vouched": bool,
}  # fmt: skip
_ANCHORED = {
    "format": str, "hash": str, "made_at": str, "public_key": str, "seq": int, "signature": str, "tenant": int,
}  # fmt: skip
_LINE: Mapping[str, type] = {"body": dict, "hash": str, "seq": int, "signature": str}
_RECORD_LINE: Mapping[str, type] = {**_LINE, "rules": list}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. seq: of the record, 0 = of the whole; line: of the file, 0 = none."""

    found: Found
    detail: str
    seq: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification came to. findings: the first hundred; count: all of them; records: how many were looked at."""

    tenant: int
    records: int
    first: int
    last: int
    last_hash: str
    findings: tuple[Finding, ...]
    count: int

    @property
    def ok(self) -> bool:
        return not self.count


@dataclass(frozen=True, slots=True)
class Anchor:
    """The end of a chain at one moment."""

    tenant: int
    seq: int
    hash: bytes


def public_text(key: Ed25519PublicKey) -> str:
    """A public key as it is written down: `ed25519:` and 64 hex digits."""
    return f"ed25519:{key.public_bytes_raw().hex()}"


def public_key(text: str) -> Ed25519PublicKey:
    """The key that `public_text` wrote.

    Raises:
        InputError: it is none.
    """
    found = _KEY.fullmatch(text.strip())
    if found is None:
        hint = "write what `callwright records key` prints: ed25519: and 64 hex digits, or a file that holds it"
        raise InputError(Problem("public-key", "this is no public key", hint=hint))
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(found[1]))


def header_text(
    tenant: int, first: int, before: bytes, end: Head, key: Ed25519PrivateKey, now: datetime, *, vouched: bool
) -> str:
    """The first line of an export of the records `first` to `end`. before: hash of the record before `first`; vouched: a signature vouches
    for the last one, its own or that of a later one (`record_store.vouched`): this header does so from now on."""
    said = {
        "first": first, "format": _RECORDS, "last": end.seq, "last_hash": end.hash.hex(), "made_at": iso(now), "prev": before.hex(),
        "public_key": public_text(key.public_key()), "tenant": tenant, "vouched": vouched,
    }  # fmt: skip
    return signed(said, key)


def anchor_text(tenant: int, end: Head, key: Ed25519PrivateKey, now: datetime) -> str:
    """The signed end of the chain, one line: print it, mail it, give it to somebody else."""
    said = {
        "format": _ANCHOR, "hash": end.hash.hex(), "made_at": iso(now), "public_key": public_text(key.public_key()), "seq": end.seq,
        "tenant": tenant,
    }  # fmt: skip
    return signed(said, key)


def record_text(record: Sealed) -> str:
    """A record as a line of an export."""
    rules = f',"rules":{record.rules}' if record.rules else ""
    signature = record.signature.hex()
    return (
        f'{{"body":{record.body},"hash":"{record.hash.hex()}"{rules},"seq":{record.seq},"signature":"{signature}"}}\n'
    )


def read_anchor(data: bytes, key: Ed25519PublicKey) -> Anchor:
    """The anchor in a file.

    Raises:
        InputError: it is none, was changed, or another key signed it.
    """
    said = parse_signed(data, _ANCHORED)
    if said is None or said["format"] != _ANCHOR or not genuine(said, key):
        hint = "take the anchor as it was written, and the key of its tenant"
        raise InputError(Problem("anchor", "this is no anchor that this key signed", hint=hint))
    return Anchor(said["tenant"], said["seq"], bytes.fromhex(said["hash"]))


def verify(lines: Iterable[bytes], key: Ed25519PublicKey, anchors: Sequence[Anchor] = ()) -> Report:
    """Check an export against the tenant's key and any anchors. lines: with their line feeds, as a file opened for bytes yields them.

    Never raises for what the file holds: whatever is wrong is a finding.
    """
    rest = iter(lines)
    first_line = next(rest, b"")
    header = parse_signed(first_line, _HEADER)
    if header is None or header["format"] != _RECORDS:
        finding = Finding("not-an-export", "the first line is no header of an export in canonical JSON", line=1)
        return Report(0, 0, 0, 0, "", (finding,), 1)
    check = RecordCheck(key, header["tenant"], anchors)
    if header["public_key"] != public_text(key):
        check.find("other-key", "the file names another public key than the one it is checked with", line=1)
    elif not genuine(header, key):
        check.find("changed-header", "the signature of the header does not fit it", line=1)
    check.begin(header["first"], _bytes32(header["prev"]))
    for number, line in enumerate(rest, start=2):
        check.line(line, number)
    check.end(Head(header["last"], _bytes32(header["last_hash"])), vouched=header["vouched"])
    return check.report()


class ChainCheck:
    """Walks along a chain whose entries are signed each: `begin`, each `line` or `record`, `end`, `report`.

    What went before decides how a fault is called, so that its reader knows what to look for."""

    fields = _LINE
    each_signed = True

    def __init__(
        self,
        key: Ed25519PublicKey,
        tenant: int,
        anchors: Sequence[Anchor],
        about: Callable[[bytes], bytes] = signed_bytes,
    ) -> None:
        """about: what the signature is over, of a hash: another one for another kind of chain (audit/file.py)."""
        self.key, self.tenant, self._about = key, tenant, about
        self.findings: list[Finding] = []
        self.count = self.records = 0
        self.first = self.next = 1
        self.before: bytes | None = None  # None: the record before is not here
        self.missing: dict[int, int] = {}  # first -> last
        self.signed = 0  # number of the last one that the key signed
        self.anchors = {anchor.seq: anchor for anchor in anchors if anchor.tenant == tenant}
        for anchor in anchors:
            if anchor.tenant != tenant:
                self.find("bad-anchor", f"the anchor is of tenant {anchor.tenant}, not of {tenant}")

    def find(self, found: Found, detail: str, seq: int = 0, line: int = 0) -> None:
        self.count += 1
        if len(self.findings) < _SHOWN:
            self.findings.append(Finding(found, detail, seq, line))

    def begin(self, first: int, before: bytes) -> None:
        self.first = self.next = first
        self.before = before
        if first == 1 and before != GENESIS:
            self.find("edited", "the chain does not begin with zeros", seq=1)
        self._anchored(first - 1, before)

    def line(self, line: bytes, number: int) -> None:
        said = _parsed(line, self.fields)
        if said is None:
            torn = not line.endswith(b"\n")
            what = "the line is not whole: the file was cut off" if torn else "the line is no record in canonical JSON"
            self.find("truncated" if torn else "not-canonical", what, self.next, number)
            return
        signature = _bytes64(said["signature"]) if self.each_signed or said["signature"] else b""
        rules = canonical(said["rules"]) if "rules" in said else ""
        record = Sealed(said["seq"], canonical(said["body"]), _bytes32(said["hash"]), signature, rules)
        self.record(record, said["body"], number)

    def record(self, record: Sealed, body: Mapping[str, Any], line: int = 0) -> None:
        """One record, wherever it was read."""
        self.records += 1
        seq = record.seq
        if body.get("tenant") != self.tenant:
            self.find("other-tenant", f"this is a record of tenant {body.get('tenant')!r}", seq, line)
        if body.get("seq") != seq:
            self.find("misnumbered", f"it stands as number {seq} and says {body.get('seq')!r} of itself", seq, line)
        if seq < self.next:
            self._late(seq, line)
        else:
            if seq > self.next:
                self.missing[self.next] = seq - 1
                self.before = None
            self._linked(record, line)
            self.before, self.next = record.hash, seq + 1
            self._anchored(seq, record.hash)
        if not record.signature and not self.each_signed:
            return
        if _signed_by(self.key, record.signature, self._about(record.hash)):
            self.signed = max(self.signed, seq)
        else:
            self.find("bad-signature", "the key did not sign this", seq, line)

    def end(self, head: Head, *, vouched: bool = False) -> None:
        """head: what the chain is said to end with; vouched: by something that the key signed."""
        for begin, last in sorted(self.missing.items()):
            which = f"number {begin} is" if begin == last else f"numbers {begin} to {last} are"
            self.find("gap", f"{which} missing", begin)
        if self.next <= head.seq:
            self.find("truncated", f"it ends with number {self.next - 1}, and should with {head.seq}", self.next - 1)
        elif self.next > head.seq + 1:
            self.find("added", f"there are records after number {head.seq}, which should be the last", head.seq + 1)
        elif self.before is not None and self.before != head.hash:
            self.find("edited", "the last record is not the one that it should end with", head.seq)
        if not (vouched or self.each_signed) and self.signed < self.next - 1 >= self.first:
            self.find(
                "unsigned", f"nothing that the key signed vouches for what comes after {self.signed}", self.next - 1
            )
        for anchor in self.anchors.values():
            if anchor.seq >= self.next:
                what = f"an anchor knows number {anchor.seq}, and this ends with {self.next - 1}"
                self.find("cut-off", what, self.next - 1)

    def report(self) -> Report:
        last = self.before.hex() if self.before is not None else ""
        return Report(self.tenant, self.records, self.first, self.next - 1, last, tuple(self.findings), self.count)

    def _linked(self, record: Sealed, line: int) -> None:
        if self.before is not None and link(self.before, record.body) != record.hash:
            self.find("edited", "its hash does not fit what it says and the record before it", record.seq, line)

    def _late(self, seq: int, line: int) -> None:
        """A number that was passed already: it stood in a gap, or was there before."""
        for begin, last in self.missing.items():
            if begin <= seq <= last:
                self.find("reordered", "it stands behind later ones", seq, line)
                self._fill(begin, last, seq)
                return
        self.find("duplicate", "its number was there before", seq, line)

    def _fill(self, begin: int, last: int, seq: int) -> None:
        del self.missing[begin]
        if begin < seq:
            self.missing[begin] = seq - 1
        if seq < last:
            self.missing[seq + 1] = last

    def _anchored(self, seq: int, hashed: bytes) -> None:
        anchor = self.anchors.get(seq)
        if anchor is not None and anchor.hash != hashed:
            self.find("differs-from-anchor", "an anchor knows another record of this number", seq)


class RecordCheck(ChainCheck):
    """Walks along the chain of decision records: what is written together is signed once, at its end, and a body names what the rules said."""

    fields = _RECORD_LINE
    each_signed = False

    def record(self, record: Sealed, body: Mapping[str, Any], line: int = 0) -> None:
        """One record, wherever it was read."""
        super().record(record, body, line)
        if body.get("signed") is not bool(record.signature):
            self.find("bad-signature", "its signature was taken away, or it should have none", record.seq, line)
        if body.get("rules") != digest_of(record.rules).hex():
            self.find("edited", "what its rules are told to have said is not what it names", record.seq, line)


def signed_by(key: Ed25519PublicKey, record: Sealed) -> bool:
    """Whether this decision record has a signature of its own, of this key."""
    return bool(record.signature) and _signed_by(key, record.signature, signed_bytes(record.hash))


def signed(said: Mapping[str, Any], key: Ed25519PrivateKey) -> str:
    """A mapping with its `format` as canonical JSON, with `signature` and a line feed."""
    return canonical({**said, "signature": key.sign(_about(said)).hex()}) + "\n"


def genuine(said: Mapping[str, Any], key: Ed25519PublicKey) -> bool:
    """Whether this key, which it names, made its `signature`."""
    bare = {name: value for name, value in said.items() if name != "signature"}
    return said["public_key"] == public_text(key) and _signed_by(key, _bytes64(said["signature"]), _about(bare))


def parse_signed(line: bytes, fields: Mapping[str, type]) -> dict[str, Any] | None:
    """The signed mapping of a line or small file with exactly these fields, None = it is none; not yet checked with a key."""
    return _parsed(line, fields, _LARGEST)


def _about(said: Mapping[str, Any]) -> bytes:
    """Never what a record's signature is over: that begins with `callwright-record-1:`."""
    return f"{said['format']}:{canonical(said)}".encode()


def _signed_by(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _parsed(line: bytes, fields: Mapping[str, type], longest: int = LONGEST_LINE) -> dict[str, Any] | None:
    """The mapping of a line with exactly these fields, if it is written canonically: then no byte of it can differ unseen."""
    if not line.endswith(b"\n") or len(line) > longest:
        return None
    try:
        said = json.loads(line)
        again = canonical(said).encode() + b"\n" if isinstance(said, dict) else b""
    except (ValueError, RecursionError):  # UnicodeError is a ValueError
        return None
    if again != line or {name: type(value) for name, value in said.items()} != dict(fields):
        return None
    return dict(said)


def _bytes32(text: str) -> bytes:
    return _hex(text, 32)


def _bytes64(text: str) -> bytes:
    return _hex(text, 64)


def _hex(text: str, length: int) -> bytes:
    """What is no such value fits nothing: all ones, which no hash and no signature is."""
    return bytes.fromhex(text) if re.fullmatch(f"[0-9a-f]{{{2 * length}}}", text) else b"\xff" * length
