"""Second factor: codes of six digits that change every 30 seconds (TOTP, RFC 6238), and recovery codes for when the telephone is lost."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from datetime import datetime
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from callwright.accounts.doors import same

__all__ = ["RECOVERY_CODES", "code_at", "enrolment", "new_recovery_codes", "new_secret", "recovery_digest", "step_of"]

RECOVERY_CODES = 8
_STEP_S = 30
_DRIFT = 1
_CODE = re.compile(r"[0-9]{6}")
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another: 31, so 24 of them hold 118 bits


def new_secret() -> bytes:
    """160 bits, as RFC 4226 recommends."""
    return secrets.token_bytes(20)


def enrolment(secret: bytes, account: str, house: str) -> tuple[str, str]:
    """What an authenticator needs: the secret in base32, and the `otpauth://` address that a QR code shows."""
    shown = base64.b32encode(secret).decode().rstrip("=")
    label = quote(f"{house}:{account}", safe="")
    return shown, f"otpauth://totp/{label}?secret={shown}&issuer={quote(house, safe='')}&digits=6&period={_STEP_S}"


def code_at(secret: bytes, now: datetime) -> str:
    """The code that an authenticator shows now. SHA-1: what authenticators know; HMAC with it is not broken."""
    return _totp(secret).generate(int(now.timestamp())).decode()


def step_of(secret: bytes, code: str, now: datetime, last: int) -> int | None:
    """Which step of time this is the code of, now or one beside it; None = of none, or of one up to `last`, which was taken already."""
    code = code.replace(" ", "")
    if not _CODE.fullmatch(code):
        return None
    step = int(now.timestamp()) // _STEP_S
    found = None
    for near in range(step - _DRIFT, step + _DRIFT + 1):  # all of them, however early one fits
        if same(_totp(secret).generate(near * _STEP_S).decode(), code) and near > last:
            found = near
    return found


def new_recovery_codes() -> list[str]:
    """Codes for once: six groups of four letters each."""
    return [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(6)) for _ in range(RECOVERY_CODES)
    ]


def recovery_digest(code: str) -> str:
    """What is kept of a recovery code: it has more than 112 bits, so a plain hash is enough (OWASP ASVS 5.0 6.5.2)."""
    plain = code.strip().lower().replace("-", "").replace(" ", "")
    return hashlib.sha256(f"callwright-recovery-1:{plain}".encode()).hexdigest()


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, 6, SHA1(), _STEP_S)  # noqa: S303 - RFC 6238's default, see code_at
