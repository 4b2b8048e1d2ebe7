"""Whatever is changed in a signed call, it is not valid any more; and nothing that stands in an Identity header raises."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.telephony.caller import IdentityVerdict
from callwright.telephony.sip import stir
from callwright.telephony.sip.wire import Request
from callwright.testing.signer import NOW, URL, Signer, encoded

CALLER, CALLEE = "+8613900000001", "+861085550000"
SIGNER = Signer()
ANCHORS = x509.load_pem_x509_certificates(SIGNER.anchors)
VALUE = SIGNER.identity(CALLER, CALLEE)
TOKEN = VALUE.split(";")[0]
CLAIMS: dict[str, Any] = json.loads(base64.urlsafe_b64decode(TOKEN.split(".")[1] + "=="))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


def judge(value: str, now: float = NOW) -> IdentityVerdict:
    headers = (
        ("Via", "SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1"),
        ("From", f"<sip:{CALLER}@192.0.2.2>;tag=p"),
        ("To", f"<sip:{CALLEE}@192.0.2.1>"),
        ("Date", "Mon, 24 Nov 2025 16:00:00 GMT"),
        ("Identity", value),
    )
    return stir.verify(
        Request(headers, b"", "INVITE", f"sip:{CALLEE}@192.0.2.1"), {URL: SIGNER.chain}.get, ANCHORS, now
    )


def test_it_is_valid_as_it_was_signed() -> None:
    assert judge(VALUE).status == "valid"


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("ABCXYZabcxyz0189-_."))
def test_every_letter_of_the_token_counts(at: int, letter: str) -> None:
    changed = VALUE[:at] + letter + VALUE[at + 1 :]
    assert judge(changed).status == ("valid" if changed == VALUE else "invalid")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(CLAIMS)), JSON)
def test_every_claim_counts(name: str, value: object) -> None:
    claims = {**CLAIMS, name: value}
    head, _, signature = TOKEN.split(".")
    body = encoded(json.dumps(claims, sort_keys=True, separators=(",", ":")).encode())
    changed = f"{head}.{body}.{signature};info=<{URL}>;alg=ES256;ppt=shaken"
    assert judge(changed).status == ("valid" if claims == CLAIMS and body == TOKEN.split(".")[1] else "invalid")


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=64, max_size=64))
def test_no_other_signature_fits(signature: bytes) -> None:
    changed = f"{TOKEN.rpartition('.')[0]}.{encoded(signature)};info=<{URL}>;ppt=shaken"
    assert judge(changed).status == "invalid"


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(("alg", "typ", "x5u", "ppt", "attest", "iat", "orig", "dest", "origid")), JSON))
def test_whatever_is_signed_is_judged(changes: dict[str, Any]) -> None:
    header = {name: value for name, value in changes.items() if name in ("alg", "typ", "x5u", "ppt")}
    claims = {name: value for name, value in changes.items() if name not in header}
    assert judge(SIGNER.identity(CALLER, CALLEE, header=header, **claims)).status in ("valid", "invalid", "unverified")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=200), st.floats(0, 4e9))
def test_anything_is_judged(text: str, now: float) -> None:
    assert judge(text, now).status in ("invalid", "unverified")
    assert judge(f"{text};info=<{URL}>", now).status in ("invalid", "unverified")
    assert judge(f"..{TOKEN.split('.')[2]};info={text}", now).status in ("invalid", "unverified")
