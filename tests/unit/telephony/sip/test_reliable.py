"""Reliable provisional responses (RFC 3262), in both roles, on a virtual clock."""

from __future__ import annotations

from typing import Any

import pytest

from callwright.telephony.port import LegAnswered, LegEarlyMedia, LegRinging
from callwright.telephony.sip.call_events import SessionSet
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.wire import Request
from callwright.testing.sip_peer import LOCAL, SDP, Bench, answer, codes, end, methods

REL = {"require": "100rel", "rseq": "7"}


def kinds(bench: Bench) -> list[type]:
    return [type(event) for event in bench.events]


# ---------------------------------------------------------------- calls we place


def test_reliable_ringing_is_acknowledged_in_order() -> None:
    bench = Bench()
    _, invite = bench.place()
    assert "100rel" in invite.get("supported")
    prack = bench.say(answer(invite, 180, **REL))
    assert methods(prack) == ["PRACK"]
    assert prack[0].get("rack") == "7 1 INVITE"
    assert prack[0].cseq == (2, "PRACK")
    assert isinstance(prack[0], Request)
    assert prack[0].uri == "sip:peer-t@192.0.2.2"
    assert bench.say(answer(invite, 180, **REL)) == []  # the same again
    assert bench.say(answer(invite, 183, SDP, require="100rel", rseq="9")) == []  # 8 is missing
    assert LegEarlyMedia not in kinds(bench)
    second = bench.say(answer(invite, 183, SDP, require="100rel", rseq="8"))
    assert second[0].get("rack") == "8 1 INVITE"
    assert second[0].cseq == (3, "PRACK")
    assert kinds(bench)[1:] == [LegRinging, SessionSet, LegEarlyMedia]
    bench.say(answer(prack[0], 200))
    bench.say(answer(second[0], 200))
    ack = bench.say(answer(invite, 200))
    assert methods(ack) == ["ACK"]
    assert ack[0].cseq == (1, "ACK")
    assert kinds(bench)[-1] is LegAnswered


def test_every_fork_counts_for_itself() -> None:
    bench = Bench()
    _, invite = bench.place()
    assert methods(bench.say(answer(invite, 180, tag="one", **REL))) == ["PRACK"]
    other = bench.say(answer(invite, 180, tag="two", require="100rel", rseq="1"))
    assert methods(other) == ["PRACK"]
    assert other[0].to.tag == "two"


@pytest.mark.parametrize("fields", [{"rseq": "7"}, {"require": "100rel"}, {"require": "100rel", "rseq": "x"}])
def test_what_is_not_reliable_is_not_acknowledged(fields: dict[str, str]) -> None:
    bench = Bench()
    _, invite = bench.place()
    assert bench.say(answer(invite, 180, **fields)) == []
    assert kinds(bench)[-1] is LegRinging


def test_a_challenged_prack_is_proved() -> None:
    bench = Bench(credentials=Credentials("robot", "secret"))
    _, invite = bench.place()
    prack = bench.say(answer(invite, 180, **REL))[0]
    again = bench.say(answer(prack, 407, proxy_authenticate='Digest realm="r", nonce="n", qop="auth"'))
    assert methods(again) == ["PRACK"]
    assert again[0].get("rack") == "7 1 INVITE"
    assert again[0].cseq == (3, "PRACK")


def test_the_far_side_may_offer_anew_after_a_reliable_answer() -> None:
    bench = Bench()
    call, invite = bench.place()
    way: dict[str, Any] = {
        "to": f"<sip:x@h>;tag={invite.from_.tag}",
        "from": "<sip:200@192.0.2.2>;tag=t",
        "call_id": "id@h",
    }
    bench.say(answer(invite, 183, SDP, **REL))
    ok = bench.ask("UPDATE", 1, SDP.replace("5000", "5002"), **way)
    assert codes(ok) == [200]
    assert b"m=audio 4000" in ok[0].body
    assert call.session is not None
    assert call.session.remote == ("192.0.2.2", 5002)
    assert codes(bench.ask("INVITE", 2, SDP, **way)) == [491]
    bench.say(answer(invite, 200, SDP))  # what stands here is the first answer again
    assert call.session.remote == ("192.0.2.2", 5002)


# ---------------------------------------------------------------- calls that come in


def test_ringing_is_reliable_where_that_is_required() -> None:
    bench = Bench()
    call = bench.offered(require="100rel")
    call.ring(0)
    call.ring(0)
    ringing = bench.out()
    assert codes(ringing) == [180]
    assert ringing[0].get("require") == "100rel"
    number = ringing[0].get("rseq")
    assert [codes(bench.at(now)) for now in (500, 1_500, 3_500)] == [[180]] * 3
    to = ringing[0].get("to")
    assert codes(bench.ask("PRACK", 2, to=to, rack="1 1 INVITE")) == [481]
    assert codes(bench.ask("PRACK", 3, to=to, rack=f"{number} 1 BYE")) == [481]
    assert codes(bench.ask("PRACK", 4, to=to)) == [481]
    assert codes(bench.ask("PRACK", 5, to=to, rack=f"{number} 1 INVITE")) == [200]
    assert codes(bench.ask("PRACK", 6, to=to, rack=f"{number} 1 INVITE")) == [481]
    assert bench.at(7_500) == []
    call.answer(7_500, LOCAL)
    assert codes(bench.out()) == [200]


def test_no_prack_refuses_the_call() -> None:
    bench = Bench()
    bench.offered(require="100rel").ring(0)
    seen = [code for now in range(500, 32_500, 500) for code in codes(bench.at(now))]
    assert 504 in seen
    assert end(bench) == ("timeout", "network")


def test_an_answer_does_not_wait_for_the_prack() -> None:
    bench = Bench()
    call = bench.offered(require="100rel")
    call.ring(0)
    ringing = bench.out()[0]
    call.answer(0, LOCAL)
    assert codes(bench.out()) == [200]
    prack = bench.ask("PRACK", 2, to=ringing.get("to"), rack=f"{ringing.get('rseq')} 1 INVITE")
    assert codes(prack) == [200]
    assert 180 not in [code for now in range(500, 8_000, 500) for code in codes(bench.at(now))]


def test_no_offer_in_a_prack_and_no_ringing_without_an_offer() -> None:
    bench = Bench()
    call = bench.offered(require="100rel")
    call.ring(0)
    ringing = bench.out()[0]
    prack = bench.ask("PRACK", 2, SDP, to=ringing.get("to"), rack=f"{ringing.get('rseq')} 1 INVITE")
    assert codes(prack) == [488]
    other = Bench()
    other.ask("INVITE", require="100rel")
    offerless = other.calls[-1]
    offerless.ring(0)  # type: ignore[attr-defined]
    assert other.out() == []


def test_supported_alone_gets_ordinary_ringing() -> None:
    bench = Bench()
    call = bench.offered(supported="100rel")
    call.ring(0)
    assert bench.out()[0].get("rseq") == ""
