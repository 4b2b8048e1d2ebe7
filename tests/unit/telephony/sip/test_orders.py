from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from callwright.compliance.decision import DialFacts, Permit, decide
from callwright.errors import LineError, RefusedError
from callwright.telephony.port import DialOrder
from callwright.telephony.sip.fields import parse_uri
from callwright.telephony.sip.orders import check_order, redirect_refusal
from callwright.telephony.trunks.model import Format
from callwright.telephony.trunks.numbers import Numbers

CALLEE, CALLER = "+8613900000001", "+861085550000"


def permit(caller: str = CALLER) -> Permit:
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    return decide(
        DialFacts(
            CALLEE, caller, frozenset({caller}), "service", "contract", local_time=noon, frozen=False, calls_today=0
        ),
        noon,
    ).permit()


def order(target: str = f"sip:{CALLEE}@192.0.2.1", **changes: object) -> DialOrder:
    return DialOrder(permit(), target, "attempt-1", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "user",
    [
        CALLEE,
        "+86-139-0000-0001",
        "8613900000001",
        "008613900000001",
        "98613900000001",
        f"{CALLEE};npdi",
        f"{CALLEE}:pw",
    ],
)
def test_targets_that_dial_the_permitted_number(user: str) -> None:
    assert check_order(order(f"sip:{user}@192.0.2.1:5070;transport=udp")).host == "192.0.2.1"


@pytest.mark.parametrize(
    "target",
    [
        "sip:+8613900000002@h",
        "sip:+86139000000012@h",
        "sip:+98613900000001@h",
        "sip:12345678613900000001@h",
        "sip:x8613900000001@h",
        "sip:h",
        "tel:+8613900000002",
    ],
)
def test_other_numbers_are_refused(target: str) -> None:
    with pytest.raises(RefusedError):
        check_order(order(target))


@pytest.mark.parametrize(
    "target", ["", "nonsense", f"sips:{CALLEE}@h", f"tel:{CALLEE}", f"sip:{CALLEE}@h;transport=tcp"]
)
def test_targets_that_cannot_be_reached(target: str) -> None:
    with pytest.raises(LineError):
        check_order(order(target))


def test_no_permit() -> None:
    with pytest.raises(RefusedError):
        check_order(replace(order(), permit=cast(Permit, object())))
    with pytest.raises(RefusedError):
        check_order(replace(order(), permit=permit('x" <sip:1@h>')))


@pytest.mark.parametrize(
    "changes",
    [
        {"codecs": ()},
        {"ring_timeout_s": 0},
        {"max_duration_s": -1},
        {"headers": (("Via", "x"),)},
        {"headers": (("From", "x"),)},
        {"headers": (("X Y", "x"),)},
        {"headers": (("X-A", "x\r\nVia: y"),)},
    ],
)
def test_unusable_orders(changes: dict[str, Any]) -> None:
    with pytest.raises(LineError):
        check_order(order(**changes))


def test_call_id() -> None:
    with pytest.raises(LineError):
        check_order(replace(order(), call_id="a b"))


def test_identity_headers_show_the_permitted_caller() -> None:
    check_order(order(headers=(("P-Asserted-Identity", f"<sip:{CALLER}@h>"), ("X-Campaign", "spring"))))
    check_order(order(headers=(("P-Asserted-Identity", f'"Acme" <sip:{CALLER}@h>, <tel:{CALLER}>'),)))
    others = (
        "<sip:+8610@h>",
        f"<sip:{CALLER}1@h>",
        f'"{CALLER}" <sip:+8610@h>',
        f"<sip:{CALLER}@h>, <tel:+8610>",
        f"<sip:+8610@{CALLER[1:]}.example>",
        "what is this",
    )
    for shown in others:
        with pytest.raises(RefusedError):
            check_order(order(headers=(("P-Asserted-Identity", shown),)))


def test_user_to_user_is_brought_once_and_fits() -> None:
    assert check_order(order(user_to_user="x" * 128))
    assert check_order(order(headers=(("User-to-User", "6869"),)))
    with pytest.raises(LineError, match="128"):
        check_order(order(user_to_user="x" * 129))
    with pytest.raises(LineError, match="once"):
        check_order(order(user_to_user="x", headers=(("User-to-User", "6869"),)))


def test_a_signed_caller_passes_through_once() -> None:
    identity = ("Identity", "a.b.c;info=<https://cert.example.org/x.pem>")
    assert check_order(order(headers=(identity,)))
    with pytest.raises(LineError, match="Identity"):
        check_order(order(headers=(identity, ("y", identity[1]))))


def test_with_a_number_plan_the_target_is_the_callee_as_the_trunk_writes_it() -> None:
    plan = Numbers(Format(callee="national", caller="digits", country="CN", prefix="*31#"))
    assert check_order(order("sip:*31%2313900000001@192.0.2.1"), "UDP", plan).user == "*31#13900000001"
    for user in ("13900000001", CALLEE, "*31%2313900000002", "9*31%2313900000001"):
        with pytest.raises(RefusedError):
            check_order(order(f"sip:{user}@192.0.2.1"), "UDP", plan)
    shown = (("P-Asserted-Identity", "<sip:861085550000@h>"),)
    assert check_order(order("sip:*31%2313900000001@h", headers=shown), "UDP", plan).host == "h"
    with pytest.raises(RefusedError):
        check_order(
            order("sip:*31%2313900000001@h", headers=(("P-Asserted-Identity", "<sip:861085550001@h>"),)), "UDP", plan
        )


def test_a_redirect_may_use_the_trunks_way_of_writing() -> None:
    plan = Numbers(Format(callee="national", country="CN"))
    for user, allowed in ((CALLEE, True), ("13900000001", True), ("8613900000001", True), ("13900000002", False)):
        assert (redirect_refusal(parse_uri(f"sip:{user}@h"), permit(), "UDP", plan) == "") is allowed


def test_a_redirect_is_read_as_the_trunk_reads_it() -> None:
    """Digits in front of the permitted number are another number where the trunk takes digits for E.164."""
    for style in ("digits", "e164"):
        plan = Numbers(Format(callee=style))
        for user, allowed in (
            (CALLEE, True),
            (CALLEE[1:], True),
            (f"1{CALLEE[1:]}", False),
            (f"00{CALLEE[1:]}", False),
        ):
            assert (redirect_refusal(parse_uri(f"sip:{user}@h"), permit(), "UDP", plan) == "") is allowed, (style, user)
