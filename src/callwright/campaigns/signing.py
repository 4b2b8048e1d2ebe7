"""Signatures of what is sent: Standard Webhooks for the customer's own systems, and what DingTalk and Feishu ask of a group robot. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

__all__ = ["dingtalk_sign", "feishu_sign", "is_secret", "new_secret", "webhook_signature"]

_PREFIX = "whsec_"


def new_secret(random: bytes) -> str:
    """A secret in the form of Standard Webhooks. random: 24 to 64 bytes (the specification's bounds)."""
    if not 24 <= len(random) <= 64:
        raise ValueError("a secret has 24 to 64 bytes")
    return _PREFIX + base64.b64encode(random).decode()


def is_secret(text: str) -> bool:
    """Whether this is a secret as `new_secret` writes it."""
    try:
        return text.startswith(_PREFIX) and 24 <= len(base64.b64decode(text[len(_PREFIX) :], validate=True)) <= 64
    except binascii.Error:
        return False


def webhook_signature(secret: str, message: str, timestamp_s: int, body: bytes) -> str:
    """`v1,<base64>`: HMAC-SHA256 over `id.timestamp.body` (Standard Webhooks, "Signature scheme")."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{message}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def dingtalk_sign(secret: str, timestamp_ms: int) -> str:
    """`sign` of a DingTalk group robot (加签): HMAC-SHA256 over `timestamp\\nsecret` with the secret as key; not yet quoted for the address."""
    text = f"{timestamp_ms}\n{secret}".encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


def feishu_sign(secret: str, timestamp_s: int) -> str:
    """`sign` of a Feishu group robot (签名校验): HMAC-SHA256 over nothing with `timestamp\\nsecret` as key."""
    return base64.b64encode(hmac.new(f"{timestamp_s}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()
