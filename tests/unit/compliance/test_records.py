"""What a record says, and what it refuses to say."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from callwright.compliance.decision import Decision
from callwright.compliance.reasons import Reason
from callwright.compliance.records import GENESIS, Head, NewRecord, chain, signed_bytes

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
HELD = Reason("window", True, "12:00 within 09:00-20:00")
REFUSED = Reason(
    "freq-day", False, "3 today, at most 3", "cn", "2026.11", "defer", "blocked", NOW + timedelta(hours=21)
)
ALLOWED = Decision("+8613900000001", "+861085550000", NOW.isoformat(), (HELD,), packs=("cn@2026.11",), calendar="2026a")
BLOCKED = replace(ALLOWED, reasons=(HELD, REFUSED), next_allowed_at=REFUSED.next_at)
DIAL = NewRecord("dial", NOW, ALLOWED, "ab" * 32, 7, 3, 5, "call-1", evidence={"consent": 17, "proof": "9f"})


def keyed(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), key=b"k", digest_size=16).digest()


def test_every_record_carries_rules_versions_inputs_evidence_and_verdict() -> None:
    dial, refusal = chain(1, Head(), [DIAL, NewRecord("refusal", NOW, BLOCKED, "cd" * 32, 8, 3, 6)], KEY.sign, keyed)
    said = json.loads(dial.body)
    assert said["verdict"] == "allowed"
    assert (said["tenant"], said["seq"], said["task"], said["lead"], said["person"]) == (1, 1, 3, 5, 7)
    assert said["attempt"] == "call-1"
    assert said["evidence"] == {"consent": 17, "proof": "9f"}
    assert said["inputs"] == keyed("ab" * 32).hex()
    assert said["packs"] == ["cn@2026.11"]
    assert said["software"].startswith("callwright ")
    said = json.loads(refusal.body)
    assert said["verdict"] == "refused"
    assert said["next_allowed_at"] == "2026-11-27T01:00:00.000+00:00"
    assert said["rules"] == hashlib.sha256(refusal.rules.encode()).hexdigest()
    assert json.loads(refusal.rules)[1] == {
        "detail": "3 today, at most 3", "ok": False, "outcome": "blocked", "pack": "cn", "rule": "freq-day", "severity": "defer",
        "version": "2026.11",
    }  # fmt: skip


def test_bodies_are_canonical_json() -> None:
    (sealed,) = chain(1, Head(), [DIAL], KEY.sign, keyed)
    for text in (sealed.body, sealed.rules):
        assert json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False, separators=(",", ":")) == text


def test_hash_and_signature_can_be_checked_without_us() -> None:
    first, second = chain(1, Head(), [DIAL, DIAL], KEY.sign, keyed)
    assert first.hash == hashlib.sha256(GENESIS + first.body.encode()).digest()
    assert second.hash == hashlib.sha256(first.hash + second.body.encode()).digest()
    assert first.signature == b""  # the second follows from it
    assert [json.loads(each.body)["signed"] for each in (first, second)] == [False, True]
    KEY.public_key().verify(second.signature, b"callwright-record-1:" + second.hash)
    assert signed_bytes(second.hash) == b"callwright-record-1:" + second.hash


def test_no_number_that_was_called_is_ever_written() -> None:
    telling = replace(ALLOWED, reasons=(Reason("frozen", True, "+8613900000001 is not frozen"),))
    with pytest.raises(ValueError, match="may not hold the number"):
        chain(1, Head(), [replace(DIAL, decision=telling)], KEY.sign, keyed)
    (sealed,) = chain(1, Head(), [DIAL], KEY.sign, keyed)
    assert "13900000001" not in sealed.body + sealed.rules
    with pytest.raises(ValueError, match="may not hold the number"):
        chain(1, Head(), [replace(DIAL, because="+8613900000001", kind="refusal")], KEY.sign, keyed)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (replace(DIAL, decision=BLOCKED), "a dial is recorded"),
        (replace(DIAL, attempt_id=None), "a dial is recorded"),
        (replace(DIAL, because="pre_dial"), "a dial is recorded"),
        (replace(DIAL, kind="refusal"), "a refusal is recorded"),
        (replace(DIAL, decision=replace(ALLOWED, reasons=())), "no rule"),
        (replace(DIAL, evidence={"proof": b"9f"}), "evidence"),  # type: ignore[dict-item]
    ],
)
def test_what_contradicts_its_decision_is_not_written(entry: NewRecord, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        chain(1, Head(), [entry], KEY.sign, keyed)


def test_a_refusal_outside_of_the_rules_says_what_stood_against_it() -> None:
    (sealed,) = chain(1, Head(), [replace(DIAL, kind="refusal", because="pre_dial")], KEY.sign, keyed)
    assert json.loads(sealed.body)["because"] == "pre_dial"
