"""The user agent as a far side sees it: written messages in, written messages and events out."""

from __future__ import annotations

from typing import Any

import pytest

from callwright.errors import LineError, WireError
from callwright.telephony.port import LegAnswered, LegDtmf, LegEnded, LegRejected
from callwright.telephony.sip.agent import Agent
from callwright.telephony.sip.call_events import SessionSet
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.incoming import IncomingCall
from callwright.telephony.sip.reasons import q850_cause
from callwright.telephony.sip.wire import Request, Response
from callwright.testing.sip_peer import LOCAL, PEER, SDP, Bench, answer, codes, end, methods

# ---------------------------------------------------------------- outside of calls


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("OPTIONS", 200),
        ("REGISTER", 405),
        ("MESSAGE", 405),
        ("REFER", 603),
        ("SUBSCRIBE", 405),
        ("FLY", 501),
        ("BYE", 481),
        ("CANCEL", 481),
        ("UPDATE", 481),
        ("NOTIFY", 481),
    ],
)
def test_requests_outside_of_calls(method: str, code: int) -> None:
    messages = Bench().ask(method)
    assert codes(messages) == [code]
    if code in (200, 405, 501):
        assert "INVITE" in messages[0].get("allow")
    assert messages[0].get("via").endswith("received=192.0.2.2;rport=5060")
    assert messages[0].to.tag


def test_requests_of_unknown_dialogs() -> None:
    bench = Bench()
    for method in ("INVITE", "OPTIONS", "INFO"):
        assert codes(bench.ask(method, to="<sip:r@h>;tag=old")) == [481]
    assert bench.ask("ACK", to="<sip:r@h>;tag=old") == []


def test_what_an_invite_may_not_ask() -> None:
    bench = Bench()
    refused = bench.ask("INVITE", body=SDP, require="path, timer", call_id="r1")
    assert codes(refused) == [420]
    assert refused[0].get("unsupported") == "path"
    assert codes(bench.ask("INVITE", body="<x/>", content_type="text/xml", call_id="r2")) == [415]
    assert codes(bench.ask("INVITE", body=SDP, content_encoding="gzip", call_id="r3")) == [415]
    assert codes(bench.ask("INVITE", body=SDP.replace("AVP 8", "AVP 18"), call_id="r4")) == [488]
    assert codes(bench.ask("INVITE", body="nonsense", call_id="r5")) == [488]
    assert codes(bench.ask("INVITE", body=SDP, contact="<isbn:1>", call_id="r6")) == [400]
    assert bench.agent.live == 0


def test_merged_and_looped_requests() -> None:
    bench = Bench()
    bench.offered()
    assert codes(bench.ask("INVITE", body=SDP)) == [482]
    looped = "SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKq, SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKr"
    assert codes(bench.ask("OPTIONS", via=looped, call_id="other")) == [482]


def test_strangers_get_silence() -> None:
    bench = Bench(allow=frozenset({"192.0.2.2"}))
    stranger = ("198.51.100.1", 5060)
    assert bench.ask("INVITE", body=SDP, source=stranger) == []
    assert bench.ask("OPTIONS", source=stranger) == []
    assert bench.say(b"OPTIONS sip:a@b SIP/7.0\r\nVia: x\r\n\r\n", stranger) == []
    assert codes(bench.ask("OPTIONS", call_id="ok")) == [200]


def test_a_full_or_draining_agent_says_503() -> None:
    bench = Bench(max_calls=1)
    bench.offered()
    assert codes(bench.ask("INVITE", body=SDP, call_id="c2")) == [503]
    assert codes(bench.ask("OPTIONS", call_id="c3")) == [503]


def test_a_resting_agent_says_503_to_new_calls_alone() -> None:
    bench = Bench()
    bench.offered()
    bench.agent.resting = True
    assert codes(bench.ask("INVITE", body=SDP, call_id="c2")) == [503]
    assert codes(bench.ask("OPTIONS", call_id="c3")) == [503]
    bench.agent.resting = False
    assert codes(bench.ask("OPTIONS", call_id="c4")) == [200]


def test_keep_alives_and_garbage() -> None:
    bench = Bench()
    assert bench.say(b"\r\n\r\n") == []
    assert bench.agent.garbage == 0
    assert bench.say(b"garbage") == []
    assert bench.agent.garbage == 1
    assert bench.say(Response((("Via", "SIP/2.0/UDP 9.9.9.9;branch=z9hG4bKx"), *STRAY), b"", 200, "OK")) == []


STRAY = (("From", "<sip:a@b>;tag=1"), ("To", "<sip:c@d>;tag=2"), ("Call-ID", "x"), ("CSeq", "1 INVITE"))


# ---------------------------------------------------------------- calls we place


def test_place_checks() -> None:
    bench = Bench()
    bench.place()
    with pytest.raises(LineError):
        bench.place()
    with pytest.raises(WireError):
        bench.agent.place("x@h", "sip:2@h\r\nX: y", "1", PEER, LOCAL, 0)


def test_forked_answers_are_hung_up_but_the_first() -> None:
    bench = Bench()
    call, invite = bench.place()
    assert methods(bench.say(answer(invite, 200, SDP, "one"))) == ["ACK"]
    extra = bench.say(answer(invite, 200, SDP, "two"))
    assert methods(extra) == ["ACK", "BYE"]
    assert extra[1].to.tag == "two"
    assert methods(bench.say(answer(invite, 200, SDP, "two"))) == ["ACK"]
    bench.say(answer(extra[1], 200))
    assert call.state == "answered"
    assert not any(isinstance(event, LegEnded) for event in bench.events)


def test_cancel_waits_for_a_provisional_but_its_owner_does_not() -> None:
    bench = Bench()
    call, invite = bench.place()
    call.hang_up(10)
    assert bench.out() == []
    assert end(bench) == ("cancelled", "us")
    assert methods(bench.at(500)) == ["INVITE"]
    cancel = bench.say(answer(invite, 180))
    assert methods(cancel) == ["CANCEL"]
    assert cancel[0].get("via") == invite.get("via")
    assert cancel[0].get("cseq") == "1 CANCEL"
    assert bench.say(answer(invite, 183, SDP)) == []
    bench.say(answer(cancel[0], 200))
    assert methods(bench.say(answer(invite, 487))) == ["ACK"]
    assert end(bench) == ("cancelled", "us")


def test_cancelled_call_without_a_final_answer_ends_after_64_t1() -> None:
    bench = Bench()
    call, invite = bench.place()
    bench.say(answer(invite, 180))
    call.hang_up(0)
    cancel = bench.out()[0]
    bench.say(answer(cancel, 200))
    bench.at(32_000)
    assert end(bench) == ("cancelled", "us")
    late = bench.say(answer(invite, 200, SDP))
    assert methods(late) == ["ACK", "BYE"]


def test_what_comes_for_a_call_given_up_at_once_is_hung_up() -> None:
    bench = Bench(credentials=Credentials("robot", "secret"))
    call, invite = bench.place()
    call.hang_up(0)
    bench.out()
    assert bench.agent.waiting
    assert methods(bench.say(answer(invite, 200, SDP))) == ["ACK", "BYE"]
    assert end(bench) == ("cancelled", "us")
    other = Bench(credentials=Credentials("robot", "secret"))
    call, invite = other.place()
    call.hang_up(0)
    challenge = answer(invite, 407, proxy_authenticate='Digest realm="r", nonce="n"')
    assert methods(other.say(challenge)) == ["ACK"]
    assert not other.agent.waiting


@pytest.mark.parametrize("cause", ["no_answer", "shutdown"])
def test_ring_time_and_shutdown_wait_for_what_becomes_of_the_invite(cause: str) -> None:
    bench = Bench()
    call, invite = bench.place()
    call.hang_up(0, cause)
    assert bench.out() == []
    assert not bench.events
    assert methods(bench.say(answer(invite, 180))) == ["CANCEL"]
    bench.say(answer(invite, 487))
    assert end(bench) == (cause, "us")


def test_nothing_is_left_of_a_call_given_up_at_once() -> None:
    bench = Bench()
    call, invite = bench.place()
    call.hang_up(0)
    bench.say(answer(invite, 180))
    for now in range(500, 200_000, 500):
        bench.at(now)
    assert end(bench) == ("cancelled", "us")
    assert bench.agent.idle


def test_no_answer_at_all() -> None:
    bench = Bench()
    bench.agent.place("id@h", "sip:2@192.0.2.2", "+8610", PEER, LOCAL, 0, ring_ms=60_000)
    for now in range(500, 33_000, 500):
        bench.at(now)
    assert end(bench) == ("timeout", "network")


def test_transport_error() -> None:
    bench = Bench()
    bench.place()
    bench.agent.transport_failed(PEER, 0)
    bench.out()
    assert end(bench) == ("transport_error", "network")


def test_an_answer_without_usable_media_is_hung_up() -> None:
    bench = Bench()
    _, invite = bench.place()
    messages = bench.say(answer(invite, 200, SDP.replace("AVP 8", "AVP 18")))
    assert methods(messages) == ["ACK", "BYE"]
    bench.say(answer(messages[1], 200))
    assert end(bench) == ("protocol_error", "us")
    assert LegAnswered not in [type(event) for event in bench.events]


def test_early_media_stands_for_a_bare_200() -> None:
    bench = Bench()
    _, invite = bench.place()
    bench.say(answer(invite, 183, SDP))
    assert methods(bench.say(answer(invite, 200))) == ["ACK"]
    assert isinstance(bench.events[-1], LegAnswered)
    sessions = [event for event in bench.events if isinstance(event, SessionSet)]
    assert len(sessions) == 1
    assert sessions[0].early


def test_rejection_with_q850() -> None:
    bench = Bench()
    _, invite = bench.place()
    bench.say(answer(invite, 480, reason='SIP;cause=480, Q.850;text="x, y";cause=18'))
    rejected = bench.events[-2]
    assert isinstance(rejected, LegRejected)
    assert (rejected.code, rejected.q850) == (480, 18)
    assert q850_cause(answer(invite, 480)) is None


def test_strict_router_gets_the_target_in_the_route() -> None:
    bench = Bench()
    call, invite = bench.place()
    ack = bench.say(answer(invite, 200, SDP, record_route="<sip:192.0.2.8:5090>"))[0]
    assert isinstance(ack, Request)
    assert (ack.uri, ack.get("route")) == ("sip:192.0.2.8:5090", "<sip:peer-t@192.0.2.2>")
    call.hang_up(0)
    assert bench.agent.datagrams()[0].to == ("192.0.2.8", 5090)


def test_challenge_without_credentials_is_a_rejection() -> None:
    bench = Bench()
    _, invite = bench.place()
    bench.say(answer(invite, 407, proxy_authenticate='Digest realm="r", nonce="n"'))
    assert end(bench) == ("rejected", "peer")


def test_challenges_of_invite_and_bye_are_answered() -> None:
    bench = Bench(credentials=Credentials("robot", "secret"))
    call, invite = bench.place()
    bench.say(answer(invite, 100))
    again = bench.say(answer(invite, 407, proxy_authenticate='Digest realm="r", nonce="n", qop="auth"'))
    assert methods(again) == ["ACK", "INVITE"]
    assert again[1].cseq == (2, "INVITE")
    assert again[1].via[0].branch != invite.via[0].branch
    assert again[1].get("proxy-authorization").startswith("Digest ")
    ack = bench.say(answer(again[1], 200, SDP))[0]
    assert ack.cseq == (2, "ACK")
    assert ack.get("proxy-authorization") == again[1].get("proxy-authorization")
    call.hang_up(0)
    bye = bench.out()[0]
    second = bench.say(answer(bye, 401, www_authenticate='Digest realm="r", nonce="m", algorithm=SHA-256'))[0]
    assert second.cseq == (4, "BYE")
    assert bench.say(answer(second, 401, www_authenticate='Digest realm="r", nonce="o", algorithm=SHA-256')) == []
    assert end(bench) == ("bye", "us")


def test_challenges_of_a_caller_of_rfc_2543_are_answered() -> None:
    """Its From has no tag, so our requests have none in To (RFC 3261 section 12.1.1); found by the fuzzer."""
    bench = Bench(credentials=Credentials("robot", "secret"))
    untagged: dict[str, Any] = {"from": "<sip:+16505552222@192.0.2.2>"}
    bench.ask("INVITE", 1, SDP, **untagged)
    call = bench.calls[-1]
    assert isinstance(call, IncomingCall)
    call.answer(0, LOCAL)
    ok = bench.out()[0]
    bench.ask("ACK", 1, to=ok.get("to"), **untagged)
    call.hang_up(0)
    bye = bench.out()[0]
    assert isinstance(bye, Request)
    assert not bye.has_to_tag
    second = bench.say(answer(bye, 407, proxy_authenticate='Digest realm="r", nonce="m"'))[0]
    assert second.cseq == (bye.cseq[0] + 1, "BYE")
    bench.say(answer(second, 200))
    assert end(bench) == ("bye", "us")


def test_an_unreadable_challenge_is_a_rejection() -> None:
    bench = Bench(credentials=Credentials("robot", "secret"))
    _, invite = bench.place()
    bench.say(answer(invite, 401, www_authenticate="Digest nonsense"))
    assert end(bench) == ("rejected", "peer")


def test_a_silent_trunk_is_a_timeout_even_when_the_ring_time_is_shorter() -> None:
    bench = Bench()
    bench.place()
    for now in range(500, 33_000, 500):
        bench.at(now)
    assert end(bench) == ("timeout", "network")


def test_a_bye_that_cannot_be_sent() -> None:
    bench = Bench()
    call, _ = bench.answered()
    call.hang_up(0)
    bench.out()
    bench.agent.transport_failed(PEER, 0)
    bench.out()
    assert end(bench) == ("transport_error", "network")


def test_an_answer_that_cannot_be_sent() -> None:
    bench = Bench()
    bench.offered()
    bench.agent.transport_failed(PEER, 0)
    bench.out()
    assert end(bench) == ("transport_error", "network")


def test_requests_before_the_answer() -> None:
    bench = Bench()
    _, invite = bench.place()
    bench.say(answer(invite, 180))
    way: dict[str, Any] = {
        "to": f"<sip:x@h>;tag={invite.from_.tag}",
        "from": "<sip:200@192.0.2.2>;tag=t",
        "call_id": "id@h",
    }
    assert codes(bench.ask("UPDATE", 1, SDP, **way)) == [491]
    assert codes(bench.ask("INVITE", 2, SDP, **way)) == [491]
    assert codes(bench.ask("OPTIONS", 3, **way)) == [200]


# ---------------------------------------------------------------- calls that come in


def test_unanswered_incoming_calls_are_refused_after_a_while() -> None:
    bench = Bench(incoming_ring_ms=1_000)
    call = bench.offered()
    call.ring(0)
    assert codes(bench.out()) == [180]
    assert codes(bench.at(1_000)) == [480]
    assert end(bench) == ("no_answer", "us")
    with pytest.raises(LineError):
        call.answer(1_001, LOCAL)


def test_the_caller_hangs_up_before_the_answer() -> None:
    bench = Bench()
    call = bench.offered()
    call.ring(0)
    ringing = bench.out()[0]
    assert sorted(codes(bench.ask("BYE", 2, to=ringing.get("to")))) == [200, 487]
    assert end(bench) == ("bye", "peer")


def test_we_hang_up_before_the_answer() -> None:
    bench = Bench()
    bench.offered().hang_up(0)
    assert codes(bench.out()) == [603]
    assert end(bench) == ("rejected", "us")


def test_200_is_repeated_until_the_ack_and_bye_waits_for_it() -> None:
    bench = Bench()
    call = bench.offered()
    call.answer(0, LOCAL)
    ok = bench.out()[0]
    assert isinstance(bench.events[-1], SessionSet)  # audio flows; answered is what the ACK proves
    assert [codes(bench.at(now)) for now in (500, 1_500, 3_500)] == [[200], [200], [200]]
    call.hang_up(3_600)
    assert bench.out() == []
    assert methods(bench.ask("ACK", to=ok.get("to"))) == ["BYE"]
    assert bench.at(7_500) != []  # the BYE again, no 200
    assert all(isinstance(item, Request) for item in bench.at(11_500))


def test_no_ack_ends_the_call() -> None:
    bench = Bench()
    bench.offered().answer(0, LOCAL)
    bench.out()
    for now in range(500, 32_000, 500):
        bench.at(now)
    bye = [item for item in bench.at(32_000) if isinstance(item, Request)]
    assert methods(list(bye)) == ["BYE"]
    bench.say(answer(bye[0], 481))
    assert end(bench) == ("timeout", "network")


def test_late_offer() -> None:
    bench = Bench()
    bench.ask("INVITE")
    call = bench.calls[-1]
    assert isinstance(call, IncomingCall)
    call.answer(0, LOCAL)
    ok = bench.out()[0]
    assert b"m=audio 4000 RTP/AVP 8 0 13 101" in ok.body
    bench.ask("ACK", to=ok.get("to"), body=SDP)
    assert [type(event) for event in bench.events[-2:]] == [SessionSet, LegAnswered]
    assert call.state == "answered"


def test_late_offer_with_a_bad_answer() -> None:
    bench = Bench()
    bench.ask("INVITE")
    call = bench.calls[-1]
    assert isinstance(call, IncomingCall)
    call.answer(0, LOCAL)
    ok = bench.out()[0]
    bye = bench.ask("ACK", to=ok.get("to"))
    bench.say(answer(bye[0], 200))
    assert end(bench) == ("protocol_error", "us")


def test_requests_within_a_call() -> None:
    bench = Bench()
    call, to = bench.answered()
    held = bench.ask("INVITE", 2, SDP + "a=inactive\r\n", to=to)
    assert codes(held) == [200]
    assert b"a=inactive" in held[0].body
    assert call.session is not None
    assert call.session.direction == "inactive"
    bench.ask("ACK", 2, to=to)
    assert codes(bench.ask("INVITE", 3, SDP.replace("AVP 8", "AVP 18"), to=to)) == [488]
    assert codes(bench.ask("INVITE", 4, "x", to=to, content_type="text/plain")) == [415]
    assert codes(bench.ask("OPTIONS", 2, to=to)) == [500]
    assert codes(bench.ask("OPTIONS", 5, to=to, require="x")) == [420]
    assert codes(bench.ask("INFO", 6, "Signal=#\r\nDuration=100", to=to, content_type="application/dtmf-relay")) == [
        200
    ]
    assert bench.events[-1] == LegDtmf(0, "#")
    assert codes(bench.ask("INFO", 7, "Signal=%", to=to, content_type="application/dtmf-relay")) == [400]
    assert codes(bench.ask("INFO", 8, "x", to=to, content_type="text/plain")) == [415]
    assert codes(bench.ask("INFO", 9, to=to)) == [200]
    assert codes(bench.ask("PRACK", 10, to=to)) == [481]
    assert codes(bench.ask("REFER", 11, to=to)) == [400]
    other: dict[str, Any] = {"from": "<sip:z@h>;tag=other"}
    assert codes(bench.ask("BYE", 12, to=to, **other)) == [481]
    assert codes(bench.ask("BYE", 13, to=to)) == [200]
    assert codes(bench.ask("INFO", 14, to=to)) == [481]
    assert end(bench) == ("bye", "peer")


def test_offerless_reinvite_brings_an_offer_and_blocks_the_next() -> None:
    bench = Bench()
    call, to = bench.answered()
    ok = bench.ask("INVITE", 2, to=to)
    assert b"m=audio 4000" in ok[0].body
    assert codes(bench.ask("INVITE", 3, SDP, to=to)) == [491]
    bench.ask("ACK", 2, SDP.replace("5000", "5002"), to=to)
    assert call.session is not None
    assert call.session.remote == ("192.0.2.2", 5002)


def test_bye_crossing_bye() -> None:
    bench = Bench()
    call, to = bench.answered()
    call.hang_up(0)
    assert methods(bench.out()) == ["BYE"]
    assert codes(bench.ask("BYE", 2, to=to)) == [200]
    assert end(bench) == ("bye", "us")


def test_cancel_after_the_answer_changes_nothing() -> None:
    bench = Bench()
    call, _ = bench.answered()
    first = "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKp1;rport"
    answers = bench.ask("CANCEL", via=first)
    assert codes(answers) == [200]
    assert answers[0].to.tag == call.local_tag  # RFC 3261 section 9.2
    assert call.state == "answered"


def test_max_duration() -> None:
    bench = Bench(incoming_max_ms=5_000)
    bench.answered()
    assert methods(bench.at(5_000)) == ["BYE"]


def test_the_ladder_hides_numbers() -> None:
    bench = Bench()
    call, invite = bench.place()
    ladder = call.ladder  # held by the leg of a real call
    bench.say(answer(invite, 486))
    assert [(rung.direction, rung.line) for rung in ladder] == [
        ("->", "INVITE sip:*00@192.0.2.2 SIP/2.0"),
        ("<-", "SIP/2.0 486 x"),
        ("->", "ACK sip:*00@192.0.2.2 SIP/2.0"),
    ]


def test_default_ids_are_not_guessable() -> None:
    bench = Bench()
    assert Agent(bench.agent.identity).new_id() != Agent(bench.agent.identity).new_id()


def test_a_server_that_asks_for_a_password_late_is_not_given_up_at_once() -> None:
    """Its silence is counted anew: else a second server is tried while the first one rings."""
    bench = Bench(credentials=Credentials("u", "p"))
    others = [Hop("192.0.2.3", 5060)]
    bench.agent.place("id@h", "sip:200@192.0.2.2", "+8610", PEER, LOCAL, 0, others=others, no_reply_ms=6_000)
    invite = bench.out()[0]
    bench.now = 5_900
    challenge = 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5'
    assert methods(bench.say(answer(invite, 407, proxy_authenticate=challenge))) == ["ACK", "INVITE"]
    bench.at(6_100)
    again = [datagram for at in (6_500, 11_000) for datagram in _hosts(bench, at)]
    assert again
    assert set(again) == {PEER[0]}
    assert _hosts(bench, 11_900) == ["192.0.2.3"]


def _hosts(bench: Bench, now_ms: int) -> list[str]:
    """Where the timers of a moment send."""
    bench.agent.handle_timer(now_ms)
    return [datagram.to[0] for datagram in bench.agent.datagrams()]
