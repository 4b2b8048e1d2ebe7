"""Keys by INFO: one after the other, as long as the far side takes them."""

from __future__ import annotations

import pytest

from callwright.errors import LineError
from callwright.telephony.port import LegAnswered, LegDtmf
from callwright.telephony.sip.agent import Agent
from callwright.telephony.sip.call import Call
from callwright.telephony.sip.call_events import CallEvent, CallOffered
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.incoming import IncomingCall
from callwright.telephony.sip.outgoing import OutgoingCall
from callwright.telephony.sip.sdp import LocalMedia
from callwright.telephony.sip.wire import Request, Response
from callwright.testing.network import LossyNetwork, seeded_agent
from callwright.testing.sip_peer import SDP, Bench, answer, methods


def up(bench: Bench, **headers: str) -> OutgoingCall:
    call, invite = bench.place()
    bench.say(answer(invite, 200, SDP, **headers))
    return call


def signals(messages: list[Request | Response]) -> list[bytes]:
    infos = [message for message in messages if isinstance(message, Request) and message.method == "INFO"]
    assert all(message.content_type == "application/dtmf-relay" for message in infos)
    return [message.body for message in infos]


def test_one_after_the_other() -> None:
    bench = Bench()
    call = up(bench)
    call.keys.press("1#", 0)
    call.keys.press("D", 0)
    sent = bench.out()
    assert signals(sent) == [b"Signal=1\r\nDuration=160\r\n"]
    assert bench.say(answer(sent[0], 200)) == []
    assert bench.at(259) == []
    sent = bench.at(260)
    assert signals(sent) == [b"Signal=#\r\nDuration=160\r\n"]
    bench.say(answer(sent[0], 200))
    assert signals(bench.at(520)) == [b"Signal=D\r\nDuration=160\r\n"]


def test_a_challenged_key() -> None:
    bench = Bench(credentials=Credentials("robot", "secret"))
    call = up(bench)
    call.keys.press("12", 0)
    again = bench.say(answer(bench.out()[0], 401, www_authenticate='Digest realm="r", nonce="n"'))
    assert signals(again) == [b"Signal=1\r\nDuration=160\r\n"]
    bench.say(answer(again[0], 200))
    assert signals(bench.at(260)) == [b"Signal=2\r\nDuration=160\r\n"]


@pytest.mark.parametrize("code", [415, 481, 603])
def test_a_far_side_that_does_not_take_them_loses_the_rest(code: int) -> None:
    bench = Bench()
    call = up(bench)
    call.keys.press("12", 0)
    bench.say(answer(bench.out()[0], code))
    assert bench.at(5_000) == []
    assert call.state == "answered"
    call.keys.press("3", 5_000)  # the next ones are tried again
    assert signals(bench.out()) == [b"Signal=3\r\nDuration=160\r\n"]


def test_nobody_answers_a_key() -> None:
    bench = Bench(session_expires_s=0)
    call = up(bench)
    call.keys.press("12", 0)
    bench.out()
    for at in range(0, 40_000, 500):
        assert methods(bench.at(at)) in ([], ["INFO"])
    assert call.state == "answered"


def test_what_cannot_be_pressed() -> None:
    bench = Bench()
    call, invite = bench.place()
    with pytest.raises(LineError, match="up"):
        call.keys.press("1", 0)
    bench.say(answer(invite, 200, SDP, allow="INVITE, ACK, BYE"))
    with pytest.raises(LineError, match="neither"):
        call.keys.press("1", 0)
    with pytest.raises(LineError, match="0-9"):
        up(Bench()).keys.press("1x", 0)
    with pytest.raises(LineError, match="100"):
        up(Bench()).keys.press("1" * 101, 0)


def test_a_call_that_ends_between_keys() -> None:
    bench = Bench()
    call = up(bench)
    call.keys.press("12", 0)
    bench.say(answer(bench.out()[0], 200))
    call.hang_up(0)
    assert methods(bench.out()) == ["BYE"]
    assert "INFO" not in methods(bench.at(1_000))


@pytest.mark.parametrize("seed", range(5))
def test_every_key_comes_once_and_in_order_over_a_bad_network(seed: int) -> None:
    network = LossyNetwork(seed=seed, loss=0.1, duplication=0.1, reordering=0.1)
    ours, theirs = seeded_agent("192.0.2.1", seed), seeded_agent("192.0.2.2", seed + 1)
    network.join(ours, theirs)

    def listen(agent: Agent, call: Call, event: CallEvent, now: int) -> None:
        if isinstance(event, CallOffered) and isinstance(call, IncomingCall):
            call.answer(now, LocalMedia("192.0.2.2", 7000))
        if isinstance(event, LegAnswered) and agent is ours:
            call.keys.press("0123456789*#", now)

    network.on_event(listen)
    ours.place("a@b", "sip:200@192.0.2.2", "+8610", ("192.0.2.2", 5060), LocalMedia("192.0.2.1", 6000), 0)
    network.run(limit_ms=500_000)
    pressed = [event.digit for _, host, event in network.log if host == "192.0.2.2" and isinstance(event, LegDtmf)]
    assert "".join(pressed) == "0123456789*#"
