"""Reason (RFC 3326): on what we end, and out of what the far side ends."""

from __future__ import annotations

from typing import Any

import pytest

from callwright.telephony.caller import Reason
from callwright.telephony.port import LegEnded, LegRejected
from callwright.telephony.sip.reasons import parse_reasons, reason_headers
from callwright.testing.sip_peer import SDP, Bench, answer


def last(bench: Bench) -> LegEnded:
    event = bench.events[-1]
    assert isinstance(event, LegEnded)
    return event


@pytest.mark.parametrize(
    ("cause", "q850", "sip"),
    [
        ("bye", 16, None),
        ("no_answer", 19, None),
        ("cancelled", 16, None),
        ("shutdown", 41, None),
        ("timeout", 102, 408),
        ("media_timeout", 102, None),
        ("protocol_error", 88, 488),
        ("transport_error", 38, None),
        ("anything else", 16, None),
    ],
)
def test_every_end_has_a_cause(cause: str, q850: int, sip: int | None) -> None:
    ((name, value),) = reason_headers(cause)
    assert name == "Reason"
    causes = {reason.protocol: reason.cause for reason in parse_reasons([value])}
    assert causes["Q.850"] == q850
    assert causes.get("SIP") == sip


def test_reasons_are_read_as_they_may_be_written() -> None:
    text = 'Q.850 ;text="a; b, \\"c\\"" ; Cause=17, SIP;cause=600;text="", preemption;cause=x, ;cause=1, a;b'
    assert parse_reasons([text]) == (
        Reason("Q.850", 17, 'a; b, "c"'),
        Reason("SIP", 600, ""),
        Reason("preemption"),
        Reason("a"),
    )


def test_a_bye_and_a_cancel_of_ours_say_why() -> None:
    bench = Bench(session_expires_s=0)
    call, invite = bench.place()
    bench.say(answer(invite, 180))
    cancel = bench.at(30_000)[0]
    assert cancel.get("reason") == 'Q.850;cause=19;text="No answer from user"'
    bench = Bench()
    call, invite = bench.place()
    bench.say(answer(invite, 200, SDP))
    call.hang_up(0)
    assert bench.out()[0].get("reason") == 'Q.850;cause=16;text="Normal call clearing"'
    bench = Bench()
    call, invite = bench.place()
    bench.say(answer(invite, 200, SDP))
    further = bench.say(answer(invite, 200, SDP, "two"))
    assert further[1].get("reason") == 'SIP;cause=200;text="Call completed elsewhere"'


def test_an_expired_session_says_so() -> None:
    bench = Bench()
    _, invite = bench.place()
    bench.say(answer(invite, 200, SDP, session_expires="90;refresher=uas"))
    bye = bench.at(60_000)[0]
    assert "cause=102" in bye.get("reason")


def test_what_the_far_side_ends_with() -> None:
    bench = Bench()
    _, to = bench.answered()
    bench.ask("BYE", 2, to=to, reason='SIP;cause=200, Q.850;cause=31;text="Normal, unspecified"')
    assert (last(bench).q850, last(bench).detail) == (31, 'SIP;cause=200, Q.850;cause=31;text="Normal, unspecified"')
    bench = Bench()
    _, to = bench.answered()
    bench.ask("BYE", 2, to=to, reason='SIP;cause=302;text="to sip:+8613900000001@h, 013900000001"')
    assert last(bench).detail == 'SIP;cause=302;text="to sip:************01@h, ***"'
    bench = Bench()
    _, to = bench.answered()
    bench.ask("BYE", 2, to=to)
    assert (last(bench).q850, last(bench).detail) == (None, "")


def test_a_cancel_of_the_caller() -> None:
    for reason, q850, detail in (("", None, "487"), ("Q.850;cause=16", 16, "Q.850;cause=16")):
        bench = Bench()
        bench.ask("INVITE", body=SDP)
        fields: dict[str, Any] = {"via": "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKp1;rport"}
        fields |= {"reason": reason} if reason else {}
        bench.ask("CANCEL", **fields)
        end = last(bench)
        assert (end.cause, end.by, end.q850, end.detail) == ("cancelled", "peer", q850, detail)


def test_a_refusal() -> None:
    bench = Bench()
    _, invite = bench.place()
    bench.say(answer(invite, 404, reason="Q.850;cause=1"))
    rejected = bench.events[-2]
    assert isinstance(rejected, LegRejected)
    assert (rejected.q850, last(bench).q850) == (1, 1)
