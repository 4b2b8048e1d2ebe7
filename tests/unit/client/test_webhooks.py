"""Webhooks: what the reference library signs is taken, and what anybody else made up is not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from callwright.campaigns.notices import outgoing
from callwright.campaigns.signing import new_secret
from callwright.client import WebhookError, webhooks

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
SECRET = new_secret(bytes(range(32)))
BODY = json.dumps({"type": "call.ended", "timestamp": NOW.isoformat(), "data": {"grade": "A"}}).encode()


def signed(body: bytes = BODY, at: datetime = NOW) -> dict[str, str]:
    signature = Webhook(SECRET).sign("msg_1", at, body.decode())
    return {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(int(at.timestamp())), "Webhook-Signature": signature}


def read(headers: dict[str, str], body: bytes = BODY) -> webhooks.Event:
    return webhooks.read(SECRET, headers, body, now_s=NOW.timestamp())


def test_what_the_reference_signs_is_read() -> None:
    event = read(signed())
    assert (event.id, event.type, event.at, event.data) == ("msg_1", "call.ended", NOW, {"grade": "A"})
    rotated = signed() | {"Webhook-Signature": "v1,AAAA " + signed()["Webhook-Signature"]}
    assert read(rotated) == event


def test_what_we_send_is_read() -> None:
    sent = outgoing("webhook", "https://a.example", SECRET, "msg_2", BODY, NOW, "en")
    assert read(dict(sent.headers), sent.content).id == "msg_2"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed() | {"Webhook-Id": "msg_2"},
        signed() | {"Webhook-Timestamp": "soon"},
        signed() | {"Webhook-Timestamp": "²"},
        signed() | {"Webhook-Signature": "v1,é"},
        signed(at=NOW - timedelta(minutes=6)),
        signed(at=NOW + timedelta(minutes=6)),
    ],
)
def test_what_is_not_ours_or_old_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(WebhookError):
        read(headers)


def test_a_changed_body_or_one_that_is_no_event_is_refused() -> None:
    with pytest.raises(WebhookError, match="changed"):
        read(signed(), BODY + b" ")
    for body in (b"[]", b"nothing", b'{"type": 1, "timestamp": "2026-11-26T03:00:00Z", "data": {}}'):
        with pytest.raises(WebhookError, match="no event"):
            read(signed(body), body)
    with pytest.raises(WebhookError, match="whsec_"):
        webhooks.read("secret", signed(), BODY)
