from __future__ import annotations

import base64

import pytest

from callwright.telephony.sip.crypto import Crypto, encode, fresh, parse, shared
from callwright.telephony.wire_audio import KEY_BYTES, SrtpKeys

KEY = bytes(range(30))
TEXT = base64.b64encode(KEY).decode()
LINE = f"1 AES_CM_128_HMAC_SHA1_80 inline:{TEXT}"


def test_round_trip() -> None:
    for made in fresh(lambda size: bytes(size)):
        read = parse(encode(made).removeprefix("crypto:"))
        assert read == made
        assert len(made.key) == KEY_BYTES[made.suite]


@pytest.mark.parametrize(
    ("line", "mki"),
    [
        (LINE, b""),
        (LINE + "|2^48", b""),
        (LINE + "|2^20|1:4", b"\0\0\0\1"),
        (LINE + "|1:1", b"\1"),
        (LINE + "|1048576", b""),
        (LINE + " WSH=128", b""),
        (LINE + " -later=1", b""),
        (LINE.replace("AES_CM", "aes_cm"), b""),
    ],
)
def test_what_can_be_used(line: str, mki: bytes) -> None:
    read = parse(line)
    assert read is not None
    assert (read.key, read.mki) == (KEY, mki)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "1",
        "x AES_CM_128_HMAC_SHA1_80 inline:" + TEXT,
        f"1 AES_256_CM_HMAC_SHA1_80 inline:{base64.b64encode(bytes(46)).decode()}",
        "1 AES_CM_128_HMAC_SHA1_80 inline:" + TEXT[:-4],
        "1 AES_CM_128_HMAC_SHA1_80 inline:" + TEXT[:-1] + "=",
        "1 AES_CM_128_HMAC_SHA1_80 uri:" + TEXT,
        f"{LINE};inline:{TEXT}",
        LINE + "|2^4",
        LINE + "|2^49",
        LINE + "|12",
        LINE + "|2^20|1:0",
        LINE + "|2^20|1:200",
        LINE + "|2^20|300:1",
        LINE + "|2^20|1:4|2:4",
        LINE + " UNENCRYPTED_SRTP",
        LINE + " KDR=1",
        LINE + " FEC_ORDER=FEC_SRTP",
    ],
)
def test_what_cannot_be_used_is_none(line: str) -> None:
    assert parse(line) is None


def test_keys_never_show() -> None:
    secret = Crypto(1, "AES_CM_128_HMAC_SHA1_80", b"SECRETSECRETSECRETSECRETSECRET")
    keys = SrtpKeys("AES_CM_128_HMAC_SHA1_80", secret.key, secret.key)
    assert "SECRET" not in repr(secret) + str(keys) + repr([keys])


def test_the_offers_order_decides_and_the_tag_stays() -> None:
    ours = fresh(bytes)
    theirs = (
        Crypto(7, "AEAD_AES_128_GCM", bytes(28)),
        Crypto(4, "AES_CM_128_HMAC_SHA1_32", KEY),
        Crypto(2, "AES_CM_128_HMAC_SHA1_80", KEY),
    )
    chosen = shared(theirs[1:], ours)
    assert chosen is not None
    assert (chosen[0], chosen[1].tag, chosen[1].suite) == (theirs[1], 4, "AES_CM_128_HMAC_SHA1_32")
    assert shared((), ours) is None
