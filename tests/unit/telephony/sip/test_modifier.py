"""Our own re-INVITE and UPDATE: hold, resume, glare, refusal; against a written peer, and agent against agent."""

from __future__ import annotations

import pytest

from callwright.telephony.port import LegAnswered
from callwright.telephony.sip.agent import Agent
from callwright.telephony.sip.call import Call
from callwright.telephony.sip.call_events import CallEvent, CallOffered
from callwright.telephony.sip.incoming import IncomingCall
from callwright.telephony.sip.modifier import Changed
from callwright.telephony.sip.sdp import LocalMedia
from callwright.testing.network import LossyNetwork, seeded_agent
from callwright.testing.sip_peer import LOCAL, SDP, Bench, answer, codes, end, methods


def changes(bench: Bench) -> list[int]:
    return [event.code for event in bench.events if isinstance(event, Changed)]


def direction(call: Call) -> str:
    assert call.session is not None
    return call.session.direction


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_hold_and_resume(method: str) -> None:
    bench = Bench()
    call, _ = bench.answered()
    call.change(0, "sendonly", method)
    offer = bench.out()[0]
    assert methods([offer]) == [method]
    assert b"a=sendonly" in offer.body
    acks = bench.say(answer(offer, 200, SDP + "a=recvonly\r\n"))
    assert methods(acks) == (["ACK"] if method == "INVITE" else [])
    assert changes(bench) == [200]
    assert direction(call) == "sendonly"
    call.change(0, "sendrecv", method)
    offer = bench.out()[0]
    assert b"a=sendrecv" in offer.body
    bench.say(answer(offer, 200, SDP))
    assert direction(call) == "sendrecv"


def test_what_the_far_side_offers_while_we_hold_it() -> None:
    bench = Bench()
    call, to = bench.answered()
    call.change(0, "sendonly")
    bench.say(answer(bench.out()[0], 200, SDP))
    ok = bench.ask("INVITE", 2, SDP, to=to)
    assert b"a=sendonly" in ok[0].body


def test_glare_on_both_sides() -> None:
    bench = Bench()
    call, to = bench.answered()
    call.change(0, "sendonly")
    offer = bench.out()[0]
    assert codes(bench.ask("INVITE", 2, SDP, to=to)) == [491]
    assert codes(bench.ask("UPDATE", 3, SDP, to=to)) == [491]
    assert codes(bench.ask("UPDATE", 4, to=to)) == [200]
    assert methods(bench.say(answer(offer, 491))) == ["ACK"]
    again = bench.at(2_000)  # we do not own the Call-ID: 0 to 2 s
    assert methods(again) == ["INVITE"]
    assert again[-1].cseq[0] == offer.cseq[0] + 1
    bench.say(answer(again[-1], 200, SDP))
    assert changes(bench) == [200]


def test_the_owner_of_the_call_id_waits_longer() -> None:
    bench = Bench()
    call, invite = bench.place()
    bench.say(answer(invite, 200, SDP))
    call.change(0, "sendonly")
    bench.say(answer(bench.out()[0], 491))
    assert bench.at(2_099) == []
    assert methods(bench.at(4_000)) == ["INVITE"]


def test_endless_glare_is_given_up() -> None:
    bench = Bench()
    call, _ = bench.answered()
    call.change(0, "sendonly")
    offers = bench.out()
    for turn in range(11):
        bench.say(answer(offers[0], 491))
        offers = bench.at((turn + 1) * 2_000)
        if not offers:
            break
    assert changes(bench) == [491]
    assert call.state == "answered"


def test_a_refused_hold_changes_nothing() -> None:
    bench = Bench()
    call, to = bench.answered()
    before = call.session
    call.change(0, "sendonly")
    bench.say(answer(bench.out()[0], 488))
    assert changes(bench) == [488]
    assert call.session == before
    assert b"a=sendrecv" in bench.ask("INVITE", 2, SDP, to=to)[0].body


def test_a_hold_waits_for_the_far_sides_change_and_for_the_answer() -> None:
    bench = Bench()
    call = bench.offered()
    call.change(0, "sendonly")
    assert bench.out() == []
    call.answer(0, LOCAL)
    ok = bench.out()[0]
    assert methods(bench.ask("ACK", to=ok.get("to"))) == ["INVITE"]


def test_a_hold_whose_answer_is_nonsense_ends_the_call() -> None:
    bench = Bench()
    call, _ = bench.answered()
    call.change(0, "sendonly")
    messages = bench.say(answer(bench.out()[0], 200, "nonsense"))
    assert methods(messages) == ["ACK", "BYE"]
    bench.say(answer(messages[1], 200))
    assert end(bench) == ("protocol_error", "us")


def test_hanging_up_while_a_change_is_under_way() -> None:
    bench = Bench()
    call, _ = bench.answered()
    call.change(0, "sendonly")
    offer = bench.out()[0]
    call.hang_up(0)
    bye = bench.out()
    assert methods(bye) == ["BYE"]
    assert methods(bench.say(answer(offer, 200, SDP))) == ["ACK"]
    bench.say(answer(bye[0], 200))
    assert end(bench) == ("bye", "us")
    assert changes(bench) == []


@pytest.mark.parametrize("seed", range(8))
def test_both_hold_at_once_over_a_bad_network(seed: int) -> None:
    """Two agents change the session at the same instant, again and again: both get what they asked for, and agree."""
    net = LossyNetwork(seed=seed, loss=0.1, duplication=0.1, reordering=0.1)
    ours, theirs = seeded_agent("192.0.2.1", seed), seeded_agent("192.0.2.2", seed + 100)
    net.join(ours, theirs)
    ends: dict[str, Call] = {}
    done: dict[str, list[int]] = {"192.0.2.1": [], "192.0.2.2": []}

    def follow(agent: Agent, call: Call, event: CallEvent, now_ms: int) -> None:
        if isinstance(event, CallOffered) and isinstance(call, IncomingCall):
            call.answer(now_ms, LocalMedia("192.0.2.2", 6000))
        elif isinstance(event, LegAnswered):
            ends[agent.identity.host] = call
        elif isinstance(event, Changed):
            done[agent.identity.host].append(event.code)

    net.on_event(follow)
    ours.place("id@h", "sip:1@192.0.2.2", "+8610", ("192.0.2.2", 5060), LocalMedia("192.0.2.1", 4000), 0)
    net.run(60_000, until=lambda: len(ends) == 2)
    if len(ends) < 2:
        pytest.fail("the call did not come up")
    for call in ends.values():
        call.change(net.now_ms, "sendonly")
    net.run(net.now_ms + 120_000, until=lambda: all(done.values()))
    assert done == {"192.0.2.1": [200], "192.0.2.2": [200]}
    net.run(net.now_ms + 2_000)
    assert all(call.state == "answered" for call in ends.values())
    assert {call.session.direction for call in ends.values() if call.session} == {"inactive"}
