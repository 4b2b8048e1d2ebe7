"""Identity (RFC 8224): what verifies, what does not, and what cannot be judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from callwright.errors import LineError
from callwright.telephony.caller import IdentityVerdict
from callwright.telephony.sip import stir
from callwright.telephony.sip.wire import Request
from callwright.testing.signer import NOW, URL, Signer, encoded
from callwright.testing.sip_peer import Bench

CALLER, CALLEE = "+8613900000001", "+861085550000"
SIGNER = Signer()
ANCHORS = x509.load_pem_x509_certificates(SIGNER.anchors)


def invite(*identities: str, **changes: str) -> Request:
    fields = {
        "via": "SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1",
        "from": f"<sip:{CALLER}@192.0.2.2>;tag=p",
        "to": f"<sip:{CALLEE}@192.0.2.1>",
        "call-id": "c",
        "cseq": "1 INVITE",
        **changes,
    }
    headers = (*fields.items(), *(("Identity", value) for value in identities))
    return Request(headers, b"", "INVITE", f"sip:{CALLEE}@192.0.2.1")


def judge(request: Request, signer: Signer = SIGNER, now: float = NOW, trusted: bool = False) -> IdentityVerdict:
    chains = {URL: signer.chain}
    return stir.verify(request, chains.get, x509.load_pem_x509_certificates(signer.anchors), now, trusted)


def test_a_shaken_call() -> None:
    verdict = judge(invite(SIGNER.identity(CALLER, CALLEE)))
    expected = IdentityVerdict("valid", "A", "123e4567-e89b-12d3-a456-426655440000", number=CALLER.lstrip("+"))
    assert verdict == expected
    assert judge(invite()) == IdentityVerdict()
    assert judge(invite(SIGNER.identity(CALLER, CALLEE, attest="C"))).attestation == "C"


def test_a_plain_signature_and_the_compact_form() -> None:
    header = {"alg": "ES256", "typ": "passport", "x5u": URL}
    claims = {"dest": {"tn": [CALLEE[1:]]}, "iat": NOW, "orig": {"tn": CALLER[1:]}}
    token = SIGNER.token(header, claims)
    assert judge(invite(f"{token};info=<{URL}>")).status == "valid"
    compact = f"..{token.split('.')[2]};info=<{URL}>"
    date = {"date": "Mon, 24 Nov 2025 16:00:00 GMT"}
    assert judge(invite(compact, **date)).status == "valid"
    assert judge(invite(compact, **date)).attestation == ""
    assert judge(invite(compact, date="Mon, 24 Nov 2025 16:00:01 GMT")).status == "invalid"
    assert judge(invite(compact)).status == "invalid"
    assert judge(invite(compact + ";ppt=shaken", **date)).status == "invalid"


def test_addresses_that_are_no_numbers() -> None:
    header = {"alg": "ES256", "typ": "passport", "x5u": URL}
    claims = {"dest": {"uri": ["sip:bob@EXAMPLE.org"]}, "iat": NOW, "orig": {"uri": "sip:alice@example.com"}}
    value = f"{SIGNER.token(header, claims)};info=<{URL}>"
    sent = {"from": "<sip:alice@Example.com;user=x>;tag=1", "to": "<sip:bob@example.org>"}
    assert judge(invite(value, **sent)).number == "sip:alice@example.com"
    assert judge(invite(value, **{**sent, "to": "<sip:eve@example.org>"})).status == "invalid"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iat": NOW - 61}, "minute"),
        ({"iat": NOW + 61}, "minute"),
        ({"iat": str(NOW)}, "time"),
        ({"iat": True}, "time"),
        ({"orig": {"tn": "8613900000002"}}, "another caller"),
        ({"orig": {"tn": ["8613900000001", "8613900000002"]}}, "another caller"),
        ({"orig": "8613900000001"}, "another caller"),
        ({"dest": {"tn": ["861085550001"]}}, "another callee"),
        ({"dest": {"tn": [7]}}, "another callee"),
        ({"attest": "D"}, "attestation"),
        ({"origid": 7}, "origid"),
    ],
)
def test_claims_that_do_not_hold(claims: dict[str, Any], reason: str) -> None:
    verdict = judge(invite(SIGNER.identity(CALLER, CALLEE, **claims)))
    assert verdict.status == "invalid"
    assert reason in verdict.reason


def test_fresh_for_a_minute_both_ways() -> None:
    value = SIGNER.identity(CALLER, CALLEE)
    found = [judge(invite(value), now=NOW + at).status for at in (-61, -60, 60, 61)]
    assert found == ["invalid", "valid", "valid", "invalid"]


def test_an_asserted_caller_counts_where_it_is_trusted() -> None:
    value = SIGNER.identity("+861055550000", CALLEE)
    asserted = {"p-asserted-identity": "<sip:+861055550000@trunk.example>"}
    assert judge(invite(value, **asserted)).status == "invalid"
    assert judge(invite(value, **asserted), trusted=True).number == "861055550000"


def test_what_stands_beside_the_token_must_agree_with_it() -> None:
    value = SIGNER.identity(CALLER, CALLEE)
    for old, new in (("ppt=shaken", "ppt=div"), ("alg=ES256", "alg=ES384"), ("cert.example", "evil.example")):
        assert judge(invite(value.replace(old, new))).status == "invalid"
    assert judge(invite(value.replace(";ppt=shaken", ""))).status == "valid"


def test_what_cannot_be_judged() -> None:
    other = SIGNER.identity(CALLER, CALLEE, header={"ppt": "div"}).replace("ppt=shaken", "ppt=div")
    assert judge(invite(other)).status == "unverified"
    rsa = SIGNER.identity(CALLER, CALLEE, header={"alg": "RS256"}).replace("alg=ES256", "alg=RS256")
    assert judge(invite(rsa)).status == "unverified"
    nowhere = stir.verify(invite(SIGNER.identity(CALLER, CALLEE)), lambda url: None, ANCHORS, NOW)
    assert (nowhere.status, nowhere.reason) == ("unverified", "its certificate is not known here")


def test_several_headers() -> None:
    good, bad = SIGNER.identity(CALLER, CALLEE), SIGNER.identity(CALLER, CALLEE, iat=0)
    other = SIGNER.identity(CALLER, CALLEE, header={"ppt": "div"}).replace("ppt=shaken", "ppt=div")
    assert judge(invite(other, bad, good)).status == "valid"
    assert judge(invite(other, bad)).status == "invalid"
    assert judge(invite(other, *[bad] * 4, good)).status == "invalid"  # nobody signs so often


# ---------------------------------------------------------------- certificates


@pytest.mark.parametrize(
    ("signer", "reason"),
    [
        (Signer(days=(2, -1)), "out of date"),
        (Signer(days=(-1, 2)), "out of date"),
        (Signer(authority=False), "may not issue"),
        (Signer(curve=ec.SECP384R1()), "P-256"),
        (Signer(critical=True), "not understood"),
        (Signer(path_length=0), "longer than allowed"),
    ],
)
def test_chains_that_do_not_hold(signer: Signer, reason: str) -> None:
    able = signer if isinstance(signer.key.curve, ec.SECP256R1) else SIGNER  # ES256 cannot be made with another curve
    value = able.identity(CALLER, CALLEE)
    verdict = judge(invite(value), signer)
    assert verdict.status == "invalid"
    assert reason in verdict.reason


def test_who_is_trusted() -> None:
    value = invite(SIGNER.identity(CALLER, CALLEE))
    leaf, between = (item.public_bytes(Encoding.PEM) for item in (SIGNER.certificate, SIGNER.between))

    def with_chain(pem: bytes, *anchors: x509.Certificate) -> str:
        return stir.verify(value, lambda url: pem, anchors, NOW).status

    assert with_chain(leaf + between, SIGNER.root) == "valid"
    assert with_chain(leaf, SIGNER.root) == "invalid"
    assert with_chain(leaf, SIGNER.between) == "valid"
    assert with_chain(leaf, SIGNER.certificate) == "valid"
    assert with_chain(leaf + between) == "invalid"
    assert with_chain(leaf + between, Signer().root) == "invalid"
    assert with_chain(between + leaf, SIGNER.root) == "invalid"
    assert with_chain(b"nonsense", SIGNER.root) == "invalid"
    assert with_chain(leaf + between * 6, SIGNER.root) == "invalid"


def test_a_folder_of_chains(tmp_path: Path) -> None:
    place = tmp_path / "cert.example.org" / "a"
    place.mkdir(parents=True)
    (place / "b.pem").write_bytes(b"chain")
    find = stir.folder(tmp_path)
    assert find("https://cert.example.org/a/b.pem") == b"chain"
    for url in (
        "http://cert.example.org/a/b.pem",
        "https://cert.example.org/a/../a/b.pem",
        "https://cert.example.org/a",
    ):
        assert find(url) is None
    for url in ("https://cert.example.org/a/b.pem?x", "https://[", "", "../cert.example.org/a/b.pem"):
        assert find(url) is None
    (place / "large.pem").write_bytes(bytes(100_001))
    with pytest.raises(LineError, match="larger"):
        stir.folder(tmp_path)
    with pytest.raises(LineError, match="anchors"):
        stir.checker(find, b"nothing")


# ---------------------------------------------------------------- in a call


def test_the_verdict_stands_with_the_caller() -> None:
    check = stir.checker({URL: SIGNER.chain}.get, SIGNER.anchors, lambda: NOW)
    bench = Bench(check=check)
    value = SIGNER.identity("+8613900000001", "+86100")
    call = bench.offered(identity=value, to="<sip:+86100@192.0.2.1>")
    assert call.origin.identity.status == "valid"
    bench = Bench(check=check)
    call = bench.offered(identity=value[:-100], to="<sip:+86100@192.0.2.1>")
    assert call.origin.identity.status == "invalid"
    assert Bench().offered(identity=value).origin.identity.status == "absent"


@pytest.mark.parametrize("claims", ["[]", "7", '{"iat":1,"iat":2}', "{", "\udcff"])
def test_tokens_that_are_no_json_object(claims: str) -> None:
    head = encoded(json.dumps({"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": URL}).encode())
    body = encoded(claims.encode("utf-8", "surrogateescape"))
    signature = encoded(SIGNER.sign(f"{head}.{body}".encode()))
    assert judge(invite(f"{head}.{body}.{signature};info=<{URL}>;ppt=shaken")).status == "invalid"
