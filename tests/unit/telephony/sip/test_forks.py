"""Early media of several forks: each has its own answer, audio follows the last one, the 2xx takes its own."""

from __future__ import annotations

from typing import Any

import pytest

from callwright.telephony.port import LegEarlyMedia, LegEnded
from callwright.telephony.sip.call_events import SessionSet
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.forks import MOST
from callwright.telephony.sip.sdp import Session
from callwright.telephony.sip.wire import Request, Response
from callwright.testing.sip_peer import SDP, Bench, answer, codes, end, methods


def sdp(port: int) -> str:
    return SDP.replace("5000", str(port))


def ports(bench: Bench) -> list[int]:
    """Where audio went, one after the other."""
    return [event.session.remote[1] for event in bench.events if isinstance(event, SessionSet)]


def update(bench: Bench, invite: Request, tag: str, cseq: int, port: int) -> list[Request | Response]:
    """The fork `tag` offers another port."""
    to = invite.get("from")
    sender = f"<sip:200@192.0.2.2>;tag={tag}"
    headers: dict[str, Any] = {"from": sender, "call_id": "id@h"}
    return bench.ask("UPDATE", cseq, sdp(port).replace("1 1 IN", "1 2 IN"), to=to, **headers)


def test_audio_follows_the_fork_that_spoke_last() -> None:
    bench = Bench()
    _, invite = bench.place()
    bench.say(answer(invite, 183, sdp(5000), "one"))
    bench.say(answer(invite, 183, sdp(6000), "two"))
    bench.say(answer(invite, 180, "", "one"))
    bench.say(answer(invite, 183, sdp(5000), "one"))
    assert ports(bench) == [5000, 6000, 5000]
    assert sum(isinstance(event, LegEarlyMedia) for event in bench.events) == 1


def test_a_bare_200_takes_the_early_answer_of_its_own_fork() -> None:
    bench = Bench()
    call, invite = bench.place()
    bench.say(answer(invite, 183, sdp(5000), "one"))
    bench.say(answer(invite, 183, sdp(6000), "two"))
    assert methods(bench.say(answer(invite, 200, "", "one"))) == ["ACK"]
    assert ports(bench) == [5000, 6000, 5000]
    assert call.state == "answered"


def test_a_bare_200_never_takes_the_early_answer_of_another_fork() -> None:
    bench = Bench()
    _, invite = bench.place()
    bench.say(answer(invite, 183, sdp(5000), "one"))
    sent = bench.say(answer(invite, 200, "", "two"))
    assert methods(sent) == ["ACK", "BYE"]
    bench.say(answer(sent[1], 200))
    assert end(bench) == ("protocol_error", "us")


def test_a_200_with_another_answer_replaces_the_early_one() -> None:
    bench = Bench()
    _, invite = bench.place()
    bench.say(answer(invite, 183, sdp(5000), "one"))
    bench.say(answer(invite, 200, sdp(7000), "one"))
    assert ports(bench) == [5000, 7000]


def test_a_body_that_is_no_description_leaves_the_early_answer_standing() -> None:
    bench = Bench()
    call, invite = bench.place()
    bench.say(answer(invite, 183, sdp(5000), "one"))
    plain = answer(invite, 200, "hello", "one")
    headers = tuple((name, "text/plain" if name == "Content-Type" else value) for name, value in plain.headers)
    bench.say(Response(headers, plain.body, 200, "OK"))
    assert call.state == "answered"
    assert ports(bench) == [5000]


def test_further_answers_are_hung_up_whatever_their_early_media() -> None:
    bench = Bench()
    call, invite = bench.place()
    bench.say(answer(invite, 183, sdp(6000), "two"))
    bench.say(answer(invite, 200, sdp(5000), "one"))
    assert methods(bench.say(answer(invite, 200, "", "two"))) == ["ACK", "BYE"]
    assert ports(bench) == [6000, 5000]
    assert call.state == "answered"


# ---------------------------------------------------------------- reliable forks, each with its own offer and answer


def reliably(invite: Request, number: int, port: int, tag: str) -> Response:
    return answer(invite, 183, sdp(port), tag, require="100rel", rseq=str(number))


def test_reliable_forks_answer_each_for_themselves() -> None:
    bench = Bench()
    call, invite = bench.place()
    assert methods(bench.say(reliably(invite, 7, 5000, "one"))) == ["PRACK"]
    assert methods(bench.say(reliably(invite, 900, 6000, "two"))) == ["PRACK"]
    assert bench.say(reliably(invite, 900, 6000, "two")) == []
    assert ports(bench) == [5000, 6000]
    # What stands beside a reliable answer does not count any more, but for the fork that spoke.
    bench.say(answer(invite, 183, sdp(9999), "one"))
    assert ports(bench) == [5000, 6000, 5000]
    bench.say(answer(invite, 200, sdp(9999), "two"))
    assert ports(bench) == [5000, 6000, 5000, 6000]
    assert call.state == "answered"


def test_only_a_fork_with_a_reliable_answer_may_offer_anew() -> None:
    bench = Bench()
    call, invite = bench.place()
    bench.say(reliably(invite, 1, 5000, "one"))
    bench.say(answer(invite, 183, sdp(6000), "two"))
    assert codes(update(bench, invite, "two", 1, 6002)) == [491]
    assert codes(update(bench, invite, "one", 1, 5002)) == [200]
    assert ports(bench) == [5000, 6000, 5002]
    # The offer of the INVITE still stands for a third fork: its answer is measured by that, not by what fork one changed.
    bench.say(answer(invite, 183, sdp(7000).replace("AVP 8", "AVP 0"), "three"))
    assert ports(bench)[-1] == 7000
    bench.say(answer(invite, 200, "", "one"))
    assert ports(bench)[-1] == 5002
    assert call.session is not None
    assert call.session.codec == "PCMA"


def test_a_change_after_the_answer_goes_on_from_the_confirmed_fork() -> None:
    bench = Bench()
    call, invite = bench.place()
    bench.say(reliably(invite, 1, 5000, "one"))
    bench.say(answer(invite, 183, sdp(6000), "two"))
    bench.say(answer(invite, 200, "", "one"))
    call.change(bench.now, "sendonly")
    hold = bench.out()[0]
    assert isinstance(hold, Request)
    assert hold.to.tag == "one"
    assert b" 2 IN IP4 192.0.2.1" in hold.body  # one more than the offer of the INVITE
    bench.say(answer(hold, 200, sdp(5000) + "a=recvonly\r\n"))
    assert isinstance(call.session, Session)
    assert call.session.direction == "sendonly"


@pytest.mark.parametrize("code", [401, 422])
def test_a_repeated_invite_begins_anew(code: int) -> None:
    bench = Bench(credentials=Credentials("robot", "secret"))
    call, invite = bench.place()
    bench.say(reliably(invite, 1, 5000, "one"))
    more = {"www_authenticate": 'Digest realm="r", nonce="n"'} if code == 401 else {"min_se": "3000"}
    again = bench.say(answer(invite, code, "", "one", **more))
    assert methods(again) == ["ACK", "INVITE"]
    sent = bench.say(answer(again[1], 200, "", "one"))
    assert methods(sent) == ["ACK", "BYE"]  # the early answer belonged to the INVITE that was refused
    bench.say(answer(sent[1], 200))
    assert call.state == "ended"
    assert isinstance(bench.events[-1], LegEnded)


def test_a_flood_of_forks_is_bounded() -> None:
    """A peer invents a new tag for every answer: what is kept of it, and what is sent back for it, has an end."""
    bench = Bench()
    call, invite = bench.place()
    sent: list[Request | Response] = []
    for number in range(200):
        sent += bench.say(answer(invite, 183, sdp(5000), f"e{number}", require="100rel", rseq="1"))
    assert methods(sent) == ["PRACK"] * MOST
    assert len(call.dialogs) == MOST
    bench.say(answer(invite, 200, sdp(7000), "mine"))
    assert call.state == "answered"
    sent = []
    for number in range(200):
        sent += bench.say(answer(invite, 200, sdp(7000), f"a{number}"))
    assert 0 < methods(sent).count("BYE") <= MOST
    assert len(call.dialogs) <= 2 * MOST + 1
    assert call.state == "answered"
