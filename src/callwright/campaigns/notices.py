"""What one delivery looks like on the wire, for each kind of endpoint, and what an answer to it means. Pure: nothing is sent here.

webhook: the event as JSON, signed by Standard Webhooks. wecom, dingtalk, feishu: a message of a group robot (群机器人) for people to read,
with no phone number in full. mail: the same text as a message of RFC 5322.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

import httpx

from callwright.campaigns.events import title
from callwright.campaigns.signing import dingtalk_sign, feishu_sign, webhook_signature
from callwright.errors import InputError, Problem

__all__ = [
    "KINDS",
    "Answer",
    "Kind",
    "Outgoing",
    "answer_of",
    "check_address",
    "letter",
    "next_try",
    "outgoing",
    "readable",
]

Kind = Literal["webhook", "pre_dial", "wecom", "dingtalk", "feishu", "mail"]
KINDS: tuple[Kind, ...] = ("webhook", "pre_dial", "wecom", "dingtalk", "feishu", "mail")

# Standard Webhooks, "Deliverability and reliability": at once, then over about three days.
_AFTER_S = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_LINES = 12


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An HTTP POST."""

    url: str
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """ok: it has arrived. gone: the endpoint does not want anything any more (410). error: why not, without secrets."""

    ok: bool
    gone: bool = False
    error: str = ""


def check_address(kind: Kind, address: str) -> None:
    """Whether something can be sent there.

    Raises:
        InputError: no such address for this kind; says how one looks.
    """
    if kind == "mail":
        name, at, host = address.partition("@")
        good = bool(name and at and "." in host) and not any(c.isspace() or ord(c) < 32 or c in ",;<>" for c in address)
        hint = "one address, for example compliance@example.com"
    else:
        parts = _split(address)
        secure = parts is not None and (
            parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        )
        good = secure and parts is not None and parts.username is None and not parts.fragment
        hint = "an https:// address without user and password (http:// only to this machine)"
    if not good or len(address) > 500:
        raise InputError(Problem("address", f"nothing can be sent to this {kind} address", hint=hint))


def _split(address: str) -> Any:
    try:
        parts = urlsplit(address)
        _ = parts.port
        _ = httpx.URL(address)  # what sends it reads addresses more strictly
    except (ValueError, httpx.InvalidURL):
        return None
    return parts if parts.hostname else None


def outgoing(
    kind: Kind, address: str, secret: str, message: str, body: bytes, now: datetime, language: str
) -> Outgoing:
    """The request. message: `webhook-id`, the same for every try, so that a receiver knows what it has seen; body: the event as posted."""
    seconds = int(now.timestamp())
    if kind in ("webhook", "pre_dial"):
        return Outgoing(
            address,
            body,
            {
                "content-type": "application/json",
                "webhook-id": message,
                "webhook-timestamp": str(seconds),
                "webhook-signature": webhook_signature(secret, message, seconds, body),
            },
        )
    text = readable(json.loads(body), language)
    payload: dict[str, Any]
    if kind == "feishu":
        payload = {"msg_type": "text", "content": {"text": text}}
        if secret:
            payload |= {"timestamp": str(seconds), "sign": feishu_sign(secret, seconds)}
    else:
        payload = {"msgtype": "text", "text": {"content": text}}
    if kind == "dingtalk" and secret:
        stamp = int(now.timestamp() * 1000)
        joint = "&" if "?" in address else "?"
        address += joint + urlencode({"timestamp": stamp, "sign": dingtalk_sign(secret, stamp)})
    return Outgoing(address, json.dumps(payload, ensure_ascii=False).encode(), {"content-type": "application/json"})


def letter(sender: str, to: str, message: str, body: bytes, now: datetime, language: str) -> EmailMessage:
    """The same as a mail. message: makes its Message-ID, so that a second copy can be told."""
    event = json.loads(body)
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, to
    mail["Subject"] = f"[callwright] {title(event['type'], language)}"
    mail["Date"] = format_datetime(now.astimezone(UTC))
    mail["Message-ID"] = f"<{message}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies, please
    mail.set_content(readable(event, language) + "\n")
    return mail


def readable(event: Mapping[str, Any], language: str) -> str:
    """The event for people: its title, then a line for each plain field."""
    lines = [title(event["type"], language)]
    for name, value in event["data"].items():
        if value in (None, "", [], {}) or len(lines) > _LINES:
            continue
        shown = ", ".join(str(one) for one in value) if isinstance(value, list) else value
        if not isinstance(shown, dict):
            lines.append(f"{name}: {str(shown)[:200]}")
    return "\n".join(lines)


def answer_of(kind: Kind, status: int, content: bytes) -> Answer:
    """What the other side said. The robots of WeCom, DingTalk and Feishu answer 200 also to what they refuse, with a code in the body."""
    if status == 410:
        return Answer(False, gone=True, error="410 Gone")
    if not 200 <= status < 300:
        return Answer(False, error=f"HTTP {status}")
    if kind in ("webhook", "pre_dial"):
        return Answer(True)
    try:
        said = json.loads(content)
        code = said.get("errcode", said.get("code", said.get("StatusCode")))
    except (ValueError, AttributeError):
        return Answer(False, error="an answer that is no JSON")
    return Answer(True) if code == 0 else Answer(False, error=f"refused with code {str(code)[:20]}")


def next_try(tries: int, now: datetime, share: float) -> datetime | None:
    """When to try again after so many tries in vain, None = no more. share: 0 to 1, spreads those that failed together by a tenth."""
    if tries > len(_AFTER_S):
        return None
    return now + timedelta(seconds=_AFTER_S[tries - 1] * (1 + 0.1 * share))
