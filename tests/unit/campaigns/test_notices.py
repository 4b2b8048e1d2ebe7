"""What is sent looks as its receivers document it; an independent library checks the signature of our webhooks."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from callwright.campaigns.events import EVENTS
from callwright.campaigns.notices import answer_of, check_address, letter, next_try, outgoing, readable
from callwright.campaigns.pre_dial import read_verdict
from callwright.campaigns.signing import dingtalk_sign, feishu_sign, is_secret, new_secret, webhook_signature
from callwright.errors import InputError

NOW = datetime.now(UTC)  # the independent library holds signatures against its own clock
BODY = json.dumps({"type": "call.ended", "timestamp": "t", "data": {"grade": "A", "number": "+1202***0123"}}).encode()


@given(st.binary(min_size=24, max_size=64), st.text(max_size=200).map(str.encode))
def test_an_independent_library_accepts_our_signature_and_nothing_else(key: bytes, body: bytes) -> None:
    secret = new_secret(key)
    stamp = int(datetime.now(UTC).timestamp())
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(stamp),
        "webhook-signature": webhook_signature(secret, "msg_1", stamp, body),
    }
    checker = Webhook(secret)
    with pytest.raises(WebhookVerificationError):
        checker.verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        checker.verify(body, headers | {"webhook-id": "msg_2"})
    checker.verify(body, headers, json_parse=False)


def test_signature_of_the_specification() -> None:
    # the example of the Standard Webhooks specification
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signed = webhook_signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert is_secret(secret)


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_YQ==", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!"])
def test_what_is_no_secret(text: str) -> None:
    assert not is_secret(text)


def test_dingtalk_signs_in_the_address() -> None:
    sent = outgoing(
        "dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=x", "SECabc", "msg_1", BODY, NOW, "zh"
    )
    query = parse_qs(urlsplit(sent.url).query)
    assert query["access_token"] == ["x"]
    assert query["sign"] == [dingtalk_sign("SECabc", int(query["timestamp"][0]))]
    assert abs(int(query["timestamp"][0]) / 1000 - NOW.timestamp()) < 1
    assert len(base64.b64decode(query["sign"][0])) == 32
    assert json.loads(sent.content)["msgtype"] == "text"


def test_feishu_signs_in_the_body() -> None:
    sent = json.loads(outgoing("feishu", "https://open.feishu.cn/x", "k", "msg_1", BODY, NOW, "zh").content)
    assert sent["sign"] == feishu_sign("k", int(sent["timestamp"]))
    assert sent["content"]["text"].startswith("通话结束")


def test_wecom_has_its_key_in_the_address_and_no_signature() -> None:
    sent = outgoing("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1", "", "msg_1", BODY, NOW, "en")
    assert json.loads(sent.content) == {
        "msgtype": "text",
        "text": {"content": "call ended\ngrade: A\nnumber: +1202***0123"},
    }


def test_a_mail_can_be_told_from_its_second_copy() -> None:
    mail = letter("robot@example.com", "a@example.com", "msg_1", BODY, NOW, "zh")
    assert mail["Message-ID"] == "<msg_1@example.com>"
    assert "通话结束" in mail["Subject"]
    assert mail["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("kind", "status", "body", "ok", "gone"),
    [
        ("webhook", 204, b"", True, False),
        ("webhook", 302, b"", False, False),
        ("webhook", 410, b"", False, True),
        ("webhook", 500, b"", False, False),
        ("wecom", 200, b'{"errcode": 0}', True, False),
        ("wecom", 200, b'{"errcode": 45009}', False, False),
        ("dingtalk", 200, b'{"errcode": 310000, "errmsg": "sign not match"}', False, False),
        ("feishu", 200, b'{"code": 0}', True, False),
        ("feishu", 200, b'{"code": 19021}', False, False),
        ("feishu", 200, b'{"StatusCode": 0}', True, False),
        ("feishu", 200, b"[]", False, False),
        ("feishu", 200, b"<html>", False, False),
    ],
)
def test_what_an_answer_means(kind: str, status: int, body: bytes, ok: bool, gone: bool) -> None:
    answer = answer_of(kind, status, body)  # type: ignore[arg-type]
    assert (answer.ok, answer.gone) == (ok, gone)
    assert ok or answer.error


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("webhook", "http://example.com/x"),
        ("webhook", "https://user:pass@example.com/"),
        ("webhook", "https://example.com:99999/"),
        ("webhook", "ftp://example.com/"),
        ("webhook", "https://"),
        ("webhook", "https://[::1"),
        ("mail", "nobody"),
        ("mail", "a@example.com, b@example.com"),
        ("mail", "a@example.com\nBcc: b@example.com"),
    ],
)
def test_addresses_nothing_is_sent_to(kind: str, address: str) -> None:
    with pytest.raises(InputError) as refused:
        check_address(kind, address)  # type: ignore[arg-type]
    assert refused.value.problems[0].hint


def test_good_addresses() -> None:
    check_address("webhook", "https://example.com/hooks?tenant=1")
    check_address("webhook", "http://127.0.0.1:8080/")
    check_address("mail", "compliance@example.com")


def test_tries_end_after_days_and_never_go_back() -> None:
    waits = [(next_try(tries, NOW, 0.0) or NOW) - NOW for tries in range(1, 10)]
    assert waits == sorted(waits)
    assert timedelta(days=3) < sum(waits, timedelta()) < timedelta(days=4)
    assert next_try(10, NOW, 1.0) is None


def test_every_event_can_be_read_in_both_languages() -> None:
    for event, (en, zh) in EVENTS.items():
        for language, name in (("en", en), ("zh", zh)):
            assert readable({"type": event, "data": {"x": "y" * 500, "none": None}}, language).splitlines()[0] == name


@given(st.integers(100, 599), st.one_of(st.binary(max_size=80), st.dictionaries(st.sampled_from(["allow", "reason", "retry_after_s"]),
       st.one_of(st.booleans(), st.integers(), st.text(max_size=5), st.none())).map(lambda said: json.dumps(said).encode())))  # fmt: skip
def test_only_a_clear_yes_allows_the_dial(status: int, content: bytes) -> None:
    verdict = read_verdict(status, content)
    try:
        said = json.loads(content)
    except ValueError:
        said = None
    assert verdict.allow == (status == 200 and isinstance(said, dict) and said.get("allow") is True)
    assert verdict.allow or verdict.reason
    assert verdict.retry_after_s is None or 0 < verdict.retry_after_s <= 7 * 86400
