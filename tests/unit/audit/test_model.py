"""What an entry of the audit log may say, and how it is sealed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from callwright.accounts.model import Viewer
from callwright.accounts.roles import Role
from callwright.audit import file
from callwright.audit.model import entry_of, seal, signed_bytes
from callwright.compliance import records
from callwright.compliance.record_file import record_text
from callwright.compliance.records import GENESIS, Head, canonical, link
from callwright.errors import InputError

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
ANNA = Viewer.of_session(7, 3, "Anna", frozenset({Role.OPERATOR}))
KEY = Ed25519PrivateKey.generate()


def test_an_entry_names_people_by_ids_only() -> None:
    sealed = seal(7, Head(), entry_of(ANNA, "task.start", ("task", 17), {"lines": 2}, NOW), KEY.sign)
    assert json.loads(sealed.body) == {
        "action": "task.start", "at": "2026-11-26T04:00:00.000+00:00", "by": "", "detail": {"lines": 2}, "kind": "task",
        "object": "17", "seq": 1, "tenant": 7, "token": None, "user": 3, "via": "session",
    }  # fmt: skip
    assert sealed.hash == link(GENESIS, sealed.body)
    KEY.public_key().verify(sealed.signature, signed_bytes(sealed.hash))


def test_its_signature_is_none_of_a_decision_record() -> None:
    assert signed_bytes(GENESIS) != records.signed_bytes(GENESIS)


@pytest.mark.parametrize(
    ("action", "about", "detail"),
    [
        ("start", ("task", 1), {}),
        ("Task.start", ("task", 1), {}),
        ("task.start", ("a task", 1), {}),
        ("task.start", ("task", "x" * 65), {}),
        ("task.start", ("task", 1), {"note": "x" * 2000}),
        ("task.start", ("task", 1), {"number": "+8613900000001"}),
        ("task.start", ("task", 1), {"number": "13900000001"}),
        ("task.start", ("task", 1), {"of": ["+15550001111"]}),
        ("task.start", ("task", 1), {"to": "anna@example.com"}),
        ("task.start", ("person", "+8613900000001"), {}),
        ("task.start", ("task", 1), {"rate": float("nan")}),
    ],
)
def test_what_may_not_be_written_down(action: str, about: tuple[str, Any], detail: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        entry_of(ANNA, action, about, detail, NOW)


def test_digests_and_numbers_of_rows_may() -> None:
    entry_of(ANNA, "list.import", ("list", 12345678901), {"sha256": "13900000001" * 5 + "a" * 9, "rows": 12}, NOW)


def exported(count: int) -> list[bytes]:
    head, lines = Head(), []
    for n in range(count):
        sealed = seal(7, head, entry_of(ANNA, "task.start", ("task", n), {}, NOW), KEY.sign)
        head = Head(sealed.seq, sealed.hash)
        lines.append(record_text(sealed).encode())
    return [file.header_text(7, 1, GENESIS, head, KEY, NOW).encode(), *lines]


def test_an_export_is_verified_anywhere() -> None:
    report = file.verify(exported(3), KEY.public_key())
    assert report.ok
    assert (report.records, report.first, report.last) == (3, 1, 3)


def test_what_was_done_to_an_export_is_found() -> None:
    whole = exported(4)
    other = Ed25519PrivateKey.generate().public_key()
    edited = [line.replace(b'"object":"1"', b'"object":"9"') for line in whole]
    cases = {
        "edited": edited, "gap": [*whole[:2], *whole[3:]], "truncated": whole[:-1], "duplicate": [*whole, whole[-1]],
        "reordered": [whole[0], whole[2], whole[1], *whole[3:]], "not-an-export": whole[1:],
        "changed-header": [whole[0].replace(b'"last":4', b'"last":3'), *whole[1:]],
    }  # fmt: skip
    for name, lines in cases.items():
        assert name in {finding.found for finding in file.verify(lines, KEY.public_key()).findings}, name
    assert "bad-signature" in {finding.found for finding in file.verify(whole, other).findings}


def test_an_anchor_tells_what_was_cut_off() -> None:
    whole = exported(4)
    end = Head(4, link_of(whole[-1]))
    anchor = file.read_anchor(file.anchor_text(7, end, KEY, NOW).encode(), KEY.public_key())
    assert file.verify(whole, KEY.public_key(), [anchor]).ok
    shorter = exported(3)
    assert "cut-off" in {finding.found for finding in file.verify(shorter, KEY.public_key(), [anchor]).findings}
    with pytest.raises(InputError):
        file.read_anchor(canonical({"format": "callwright-audit-anchor/1"}).encode(), KEY.public_key())


def link_of(line: bytes) -> bytes:
    return bytes.fromhex(json.loads(line)["hash"])
