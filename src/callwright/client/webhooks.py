"""What arrives at a webhook of yours: is it from callwright, and what does it say? Standard Webhooks; docs/reference/webhooks.md.

event = webhooks.read(secret, request.headers, body)      # raises WebhookError: answer 400 and do nothing
if event.id in seen: ...                                  # a delivery may arrive twice
"""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from callwright.campaigns.signing import is_secret, webhook_signature
from callwright.client.errors import WebhookError

__all__ = ["TOLERANCE_S", "Event", "read"]

TOLERANCE_S = 300
"""So old, or so far ahead, a request may be (Standard Webhooks, "Verifying webhook authenticity")."""


@dataclass(frozen=True, slots=True)
class Event:
    """id: of the delivery, the same for each try; type: `call.ended`; at: when it happened; data: see the table of events."""

    id: str
    type: str
    at: datetime
    data: Mapping[str, Any]


def read(secret: str, headers: Mapping[str, str], body: bytes, *, now_s: float | None = None) -> Event:
    """Verify a request and read it. secret: `whsec_...` as it was shown once; body: the very bytes that came; now_s: seconds since 1970, None =
    the clock of this machine.

    Raises:
        WebhookError: a header is missing, the signature is of another secret, the request is old, or the body is no event.
    """
    if not is_secret(secret):
        raise WebhookError("the secret is none of a webhook: it begins with whsec_")
    known = {name.lower(): value for name, value in headers.items()}
    message, sent, signed = (known.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (message and sent.isascii() and sent.isdigit() and len(sent) < 12):
        raise WebhookError("webhook-id or webhook-timestamp is missing, or no such value")
    wanted = webhook_signature(secret, message, int(sent), body).encode()
    if not any(hmac.compare_digest(wanted, one.encode("utf-8", "replace")) for one in signed.split(" ")):
        raise WebhookError("webhook-signature is of another secret, or the body was changed on its way")
    if abs((time.time() if now_s is None else now_s) - int(sent)) > TOLERANCE_S:
        raise WebhookError("the request is older than five minutes, or one of the clocks is wrong")
    return _event(message, body)


def _event(message: str, body: bytes) -> Event:
    try:
        told = json.loads(body)
        kind, at, data = told["type"], datetime.fromisoformat(told["timestamp"]), told["data"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise WebhookError("the body is no event of callwright") from None
    if not isinstance(kind, str) or not isinstance(data, dict) or at.tzinfo is None:
        raise WebhookError("the body is no event of callwright")
    return Event(message, kind, at, data)
