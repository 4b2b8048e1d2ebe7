"""Every way of tampering with an export is found, and called by its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from callwright.compliance.decision import Decision
from callwright.compliance.reasons import Reason
from callwright.compliance.record_file import (
    anchor_text,
    header_text,
    public_key,
    public_text,
    read_anchor,
    record_text,
    verify,
)
from callwright.compliance.records import (
    GENESIS,
    Head,
    NewRecord,
    Sealed,
    canonical,
    chain,
    digest_of,
    link,
    signed_bytes,
)
from callwright.errors import InputError

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
THEIRS = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
PUBLIC = KEY.public_key()


def records(tenant: int = 7, count: int = 6, key: Ed25519PrivateKey = KEY, says: str = "没有冻结") -> list[Sealed]:
    """Three written together, and two, and one."""
    decision = Decision("+8613900000001", "+861085550000", NOW.isoformat(), (Reason("frozen", True, says),))
    entries = [NewRecord("dial", NOW, decision, "ab" * 32, n, 3, n, f"call-{n}") for n in range(count)]
    sealed: list[Sealed] = []
    for begin, end in ((0, 3), (3, 5), (5, 6)):
        head = Head(sealed[-1].seq, sealed[-1].hash) if sealed else Head()
        sealed += chain(tenant, head, entries[begin:end], key.sign, lambda text: text[:16].encode())
    return sealed[:count]


def lines(sealed: list[Sealed], key: Ed25519PrivateKey = KEY, tenant: int = 7, vouched: bool = True) -> list[bytes]:
    end = Head(sealed[-1].seq, sealed[-1].hash)
    first = sealed[0].seq
    before = GENESIS if first == 1 else RECORDS[first - 2].hash
    texts = [header_text(tenant, first, before, end, key, NOW, vouched=vouched), *map(record_text, sealed)]
    return [text.encode() for text in texts]


RECORDS = records()
WHOLE = lines(RECORDS)
ANCHOR = read_anchor(anchor_text(7, Head(6, RECORDS[5].hash), KEY, NOW).encode(), PUBLIC)


def edited(line: bytes, change: Callable[[dict[str, object]], None]) -> bytes:
    said = json.loads(line)
    change(said)
    return canonical(said).encode() + b"\n"


def body_says(text: str) -> Callable[[dict[str, object]], None]:
    def change(said: dict[str, object]) -> None:
        said["body"] = {**dict(said["body"]), "verdict": text}  # type: ignore[call-overload]

    return change


def resealed(line: bytes, before: bytes) -> bytes:
    """An edit whose hash was put right by somebody without the key; the third record is one that is signed."""
    said = json.loads(edited(line, body_says("refused")))
    said["hash"] = link(before, canonical(said["body"])).hex()
    return canonical(said).encode() + b"\n"


def test_a_whole_export_is_found_whole() -> None:
    report = verify(WHOLE, PUBLIC, [ANCHOR])
    assert report.ok
    assert (report.tenant, report.records, report.first, report.last) == (7, 6, 1, 6)
    assert verify(lines(RECORDS[2:5]), PUBLIC).ok
    assert verify(lines(RECORDS[2:5], vouched=False), PUBLIC).ok  # the last one has a signature of its own
    assert verify(lines(RECORDS[1:2]), PUBLIC).ok
    assert verify(lines(RECORDS[1:2], vouched=False), PUBLIC).findings[0].found == "unsigned"


SWAPPED = json.loads(WHOLE[3])["signature"]


def rules_say(text: str) -> Callable[[dict[str, object]], None]:
    def change(said: dict[str, object]) -> None:
        said["rules"] = [{"rule": text}]

    return change


def also_named(said: dict[str, object]) -> None:
    """What the rules said, and the digest by which the body names it."""
    rules_say("frozen")(said)
    said["body"] = {**dict(said["body"]), "rules": digest_of(canonical(said["rules"])).hex()}  # type: ignore[call-overload]


def without_rules(said: dict[str, object]) -> None:
    del said["rules"]


def unsigned(said: dict[str, object]) -> None:
    said["signature"] = ""


STRANGER = record_text(records(tenant=8)[2]).encode()
FORGED = records(key=THEIRS)

NO_RULE_SPARED = Decision("+1", "+2", "", (Reason("a", True, ""),))
LATER = chain(
    7, Head(6, RECORDS[5].hash), [NewRecord("dial", NOW, NO_RULE_SPARED, "", attempt_id="x")], THEIRS.sign, str.encode
)
RENAMED = edited(lines(FORGED, THEIRS)[0], lambda said: said.update(public_key=public_text(PUBLIC)))
SHORTER = edited(WHOLE[0], lambda said: said.update(last=5, last_hash=RECORDS[4].hash.hex()))

TAMPERED: dict[str, tuple[list[bytes], str]] = {
    "a word of a record": ([*WHOLE[:3], edited(WHOLE[3], body_says("refused")), *WHOLE[4:]], "edited"),
    "a record and its hash": ([*WHOLE[:3], resealed(WHOLE[3], RECORDS[1].hash), *WHOLE[4:]], "bad-signature"),
    "a record removed": ([*WHOLE[:3], *WHOLE[4:]], "gap"),
    "the first record removed": ([WHOLE[0], *WHOLE[2:]], "gap"),
    "the last record removed": (WHOLE[:-1], "truncated"),
    "all records removed": (WHOLE[:1], "truncated"),
    "two records changed round": ([*WHOLE[:2], WHOLE[3], WHOLE[2], *WHOLE[4:]], "reordered"),
    "a record twice": ([*WHOLE[:3], WHOLE[2], *WHOLE[3:]], "duplicate"),
    "a record put in": ([*WHOLE, record_text(LATER[0]).encode()], "added"),
    "what a rule said": ([*WHOLE[:2], edited(WHOLE[2], rules_say("frozen")), *WHOLE[3:]], "edited"),
    "what a rule said, and its digest": ([*WHOLE[:2], edited(WHOLE[2], also_named), *WHOLE[3:]], "edited"),
    "what the rules said removed": ([*WHOLE[:2], edited(WHOLE[2], without_rules), *WHOLE[3:]], "not-canonical"),
    "a signature of another record": ([*WHOLE[:5], edited(WHOLE[5], lambda said: said.update(signature=SWAPPED)), *WHOLE[6:]], "bad-signature"),
    "a signature where there is none": ([*WHOLE[:2], edited(WHOLE[2], lambda one: one.update(signature=SWAPPED)), *WHOLE[3:]], "bad-signature"),
    "a signature removed": ([*WHOLE[:3], edited(WHOLE[3], unsigned), *WHOLE[4:]], "bad-signature"),
    "the last signature removed": ([*WHOLE[:6], edited(WHOLE[6], unsigned)], "bad-signature"),
    "the number of a record": ([*WHOLE[:6], edited(WHOLE[6], lambda said: said.update(seq=9))], "misnumbered"),
    "another tenant's record": ([*WHOLE[:3], STRANGER, *WHOLE[4:]], "other-tenant"),
    "all of it, with another key": (lines(FORGED, THEIRS), "other-key"),
    "all of it but the key's name": ([RENAMED, *lines(FORGED, THEIRS)[1:]], "changed-header"),
    "the range in the header": ([SHORTER, *WHOLE[1:-1]], "changed-header"),
    "the tenant in the header": ([edited(WHOLE[0], lambda said: said.update(tenant=8)), *WHOLE[1:]], "changed-header"),
    "the date in the header": ([edited(WHOLE[0], lambda said: said.update(made_at="2026-01-01")), *WHOLE[1:]], "changed-header"),
    "the header removed": (WHOLE[1:], "not-an-export"),
    "cut off within a line": ([*WHOLE[:-1], WHOLE[-1][:40]], "truncated"),
    "blanks": ([*WHOLE[:-1], WHOLE[-1].replace(b'":', b'": ', 1)], "not-canonical"),
    "a key of a mapping twice": ([*WHOLE[:-1], WHOLE[-1].replace(b'"seq":6,"signature"', b'"seq":6,"seq":6,"signature"')], "not-canonical"),
    "an empty line": ([*WHOLE[:3], b"\n", *WHOLE[3:]], "not-canonical"),
    "the same of another decision": (lines(records(says="frozen")), "differs-from-anchor"),
    "that somebody vouches for it": (
        [edited(lines(RECORDS[:4], vouched=False)[0], lambda said: said.update(vouched=True)), *WHOLE[1:5]], "changed-header",
    ),
    "an older export": (lines(RECORDS[:4]), "cut-off"),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
def test_tampering_is_found_and_named(how: str) -> None:
    data, name = TAMPERED[how]
    report = verify(data, PUBLIC, [ANCHOR])
    assert not report.ok
    assert name in {finding.found for finding in report.findings}


def test_an_anchor_of_another_tenant_proves_nothing() -> None:
    other = read_anchor(anchor_text(8, Head(2, RECORDS[1].hash), KEY, NOW).encode(), PUBLIC)
    assert {finding.found for finding in verify(WHOLE, PUBLIC, [other]).findings} == {"bad-anchor"}


@pytest.mark.parametrize("data", [b"", b"{}\n", anchor_text(7, Head(), THEIRS, NOW).encode(), WHOLE[0]])
def test_what_is_no_anchor_of_this_key_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="no anchor"):
        read_anchor(data, PUBLIC)


def test_keys_are_read_as_they_are_written() -> None:
    assert public_key(public_text(PUBLIC) + "\n").public_bytes_raw() == PUBLIC.public_bytes_raw()
    with pytest.raises(InputError, match="no public key"):
        public_key("ed25519:12")


TEXT = b"".join(WHOLE)


@given(st.integers(0, len(TEXT) - 1), st.integers(1, 255))
@example(len(TEXT) - 1, ord("\n") ^ ord(" "))
@example(0, 1)
def test_any_single_byte_that_differs_is_found(place: int, change: int) -> None:
    data = TEXT[:place] + bytes([TEXT[place] ^ change]) + TEXT[place + 1 :]
    assert not verify(data.splitlines(keepends=True), PUBLIC).ok


@given(st.integers(0, len(TEXT) - 1))
def test_any_byte_that_is_missing_is_found(place: int) -> None:
    assert not verify((TEXT[:place] + TEXT[place + 1 :]).splitlines(keepends=True), PUBLIC).ok


@given(st.integers(0, len(TEXT) - 1))
def test_wherever_the_file_is_cut_off(length: int) -> None:
    assert not verify(TEXT[:length].splitlines(keepends=True), PUBLIC).ok


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_whatever_is_there_instead_is_a_finding_and_no_error(data: list[bytes]) -> None:
    assert not verify(data, PUBLIC).ok
    assert not verify([WHOLE[0], *data], PUBLIC).ok


@given(st.permutations(range(6)))
def test_every_other_order_is_found(order: list[int]) -> None:
    report = verify([WHOLE[0], *(WHOLE[1 + n] for n in order)], PUBLIC)
    assert report.ok == (order == sorted(order))


def test_signatures_of_headers_cannot_stand_under_records() -> None:
    assert not signed_bytes(GENESIS).startswith(b"callwright-records/1")
