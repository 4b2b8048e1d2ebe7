"""Replaces (RFC 3891) and attended transfers (RFC 5589), in every role."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from callwright.compliance.decision import DialFacts, decide
from callwright.errors import LineError, WireError
from callwright.telephony.port import DialOrder, LegAnswered, LegEnded, LegReplaced
from callwright.telephony.sip.call_events import Replaced, SessionSet
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.fields import parse_address, split_headers
from callwright.telephony.sip.incoming import IncomingCall
from callwright.telephony.sip.leg import SipLeg
from callwright.telephony.sip.refer import Referred, TransferProgress
from callwright.telephony.sip.replaces import Replaces, parse_replaces
from callwright.telephony.sip.takeover import attended
from callwright.telephony.sip.wire import Request, Response
from callwright.testing.media import FakeMediaEngine
from callwright.testing.sip_peer import LOCAL, SDP, Bench, answer, codes, end, methods

HOST = "127.0.0.1"
CALLER = "+861085550000"
FIRST, SECOND = "+8613900000001", "+8613900000002"
NEW: dict[str, Any] = {"from": "<sip:n@192.0.2.2>;tag=n", "call_id": "new"}
TARGET = "sip:+8613900000002@192.0.2.9"


# ---------------------------------------------------------------- the value


def test_values_come_back() -> None:
    wanted = Replaces("a-b.c@192.0.2.1", "to", "from", early_only=True)
    assert parse_replaces(str(wanted)) == wanted
    assert parse_replaces("a@b ; from-tag = f;x=y; to-tag=t") == Replaces("a@b", "t", "f")
    assert parse_replaces("a;to-tag=t;from-tag=0").remote_tag == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a@b",
        "a@b;to-tag=t",
        "a@b;from-tag=f",
        "a@b;to-tag=;from-tag=f",
        "a@b;to-tag=t;to-tag=u;from-tag=f",
        "a b;",
        "a@b;to-tag=t,x;from-tag=f",
        "a" * 600 + ";to-tag=t;from-tag=f",
    ],
)
def test_what_is_no_replaces(text: str) -> None:
    with pytest.raises(WireError):
        parse_replaces(text)


# ---------------------------------------------------------------- we are the target


def replace(bench: Bench, value: str, call_id: str = "new", body: str = SDP, **more: Any) -> list[Request | Response]:
    """Somebody else calls, to take the place of a call."""
    fields: dict[str, Any] = {
        "from": "<sip:+8613900000009@192.0.2.2>;tag=n",
        "call_id": call_id,
        "replaces": value,
        **more,
    }
    return bench.ask("INVITE", 1, body, **fields)


def tag_of(to: str) -> str:
    return parse_address(to).tag


def test_a_call_that_is_up_goes_on_with_somebody_else() -> None:
    bench = Bench()
    old, to = bench.answered()
    sent = replace(bench, f"c1;to-tag={tag_of(to)};from-tag=p", body=SDP.replace("5000", "5500"))
    assert codes(sent) == [100, 200]
    assert methods(sent) == ["BYE"]
    assert sent[2].call_id == "c1"
    assert sent[2].to.tag == "p"
    switched = next(event for event in bench.events if isinstance(event, Replaced))
    new = switched.by
    assert isinstance(new, IncomingCall)
    assert new.remote_user == "+8613900000009"
    assert b"m=audio 4000" in sent[1].body  # our audio stays where it was
    assert new.session is not None
    assert new.session.remote[1] == 5500
    bench.ask("ACK", to=sent[1].get("to"), **NEW)
    assert (new.state, new.confirmed) == ("answered", True)
    bench.say(answer(sent[2], 200))
    assert old.state == "ended"
    assert not any(isinstance(event, LegEnded) for event in bench.events)
    assert sum(isinstance(event, LegAnswered) for event in bench.events) == 1


def test_our_own_call_is_replaced() -> None:
    bench = Bench()
    _, invite = bench.place()
    bench.say(answer(invite, 200, SDP))
    sent = replace(bench, f"id@h;to-tag={invite.from_.tag};from-tag=t;early-only")
    assert codes(sent) == [486]
    sent = replace(bench, f"id@h;to-tag={invite.from_.tag};from-tag=t", "new2")
    assert (codes(sent), methods(sent)) == ([100, 200], ["BYE"])


def test_a_ringing_call_of_ours_is_picked_up_by_somebody_else() -> None:
    bench = Bench()
    call, invite = bench.place()
    bench.say(answer(invite, 180))
    sent = replace(bench, f"id@h;to-tag={invite.from_.tag};from-tag=t;early-only")
    assert (codes(sent), methods(sent)) == ([100, 200], ["CANCEL"])
    bench.ask("ACK", to=sent[1].get("to"), **NEW)
    assert isinstance(bench.events[-1], LegAnswered)
    bench.say(answer(sent[2], 200))
    assert methods(bench.say(answer(invite, 487))) == ["ACK"]
    assert call.state == "ended"
    assert not any(isinstance(event, LegEnded) for event in bench.events)


def test_an_answer_that_crosses_the_pick_up_is_hung_up() -> None:
    bench = Bench()
    _, invite = bench.place()
    bench.say(answer(invite, 180))
    replace(bench, f"id@h;to-tag={invite.from_.tag};from-tag=t")
    assert methods(bench.say(answer(invite, 200, SDP))) == ["ACK", "BYE"]


def test_dialogs_that_are_not_there() -> None:
    bench = Bench()
    _, to = bench.answered()
    tag = tag_of(to)
    for value in ("c9;to-tag=x;from-tag=p", f"c1;to-tag={tag};from-tag=q", "c1;to-tag=p;from-tag=" + tag):
        assert codes(replace(bench, value, value)) == [481]
    assert codes(replace(Bench(), "c1;to-tag=t;from-tag=p")) == [481]


def test_a_call_that_has_not_been_answered_by_us_cannot_be_taken() -> None:
    bench = Bench()
    call = bench.offered()
    assert codes(replace(bench, f"c1;to-tag={call.local_tag};from-tag=p")) == [481]
    assert call.state == "offered"


def test_a_call_that_is_over_is_declined() -> None:
    bench = Bench()
    call, to = bench.answered()
    value = f"c1;to-tag={tag_of(to)};from-tag=p"
    call.hang_up(0)
    bye = bench.out()[0]
    assert codes(replace(bench, value, "n1")) == [603]
    bench.say(answer(bye, 200))
    assert codes(replace(bench, value, "n2")) == [603]


def test_a_call_is_replaced_once() -> None:
    bench = Bench()
    _, to = bench.answered()
    value = f"c1;to-tag={tag_of(to)};from-tag=p"
    first = replace(bench, value, "n1")
    assert codes(replace(bench, value, "n2")) == [603]
    # The new call can be replaced again.
    second = replace(bench, f"n1;to-tag={tag_of(first[1].get('to'))};from-tag=n", "n3")
    assert codes(second) == [100, 200]
    assert sum(isinstance(event, Replaced) for event in bench.events) == 2


@pytest.mark.parametrize("extra", [{}, {"join": "c1;to-tag=1;from-tag=2"}])
def test_bad_requests(extra: dict[str, str]) -> None:
    bench = Bench()
    _, to = bench.answered()
    good = f"c1;to-tag={tag_of(to)};from-tag=p"
    assert codes(replace(bench, good if extra else "nonsense", "n1", **extra)) == [400]
    assert codes(replace(bench, f"{good}, {good}", "n2")) == [400]


def test_a_stranger_replaces_nothing() -> None:
    bench = Bench(allow=frozenset({"192.0.2.2"}))
    _, to = bench.answered()
    assert replace(bench, f"c1;to-tag={tag_of(to)};from-tag=p", source=("198.51.100.1", 5060)) == []


def test_without_a_codec_in_common_nothing_changes() -> None:
    bench = Bench()
    call, invite = bench.place()
    bench.say(answer(invite, 200, SDP))
    value = f"id@h;to-tag={invite.from_.tag};from-tag=t"
    only = call.offers.local
    assert only is not None
    call.offers.local = type(only)(only.host, only.port, ("PCMU",))
    assert codes(replace(bench, value)) == [100, 488]
    assert call.state == "answered"
    assert not any(isinstance(event, Replaced) for event in bench.events)


def test_audio_goes_on_in_the_codec_it_is_in() -> None:
    for offered, spoken in (("0 8", "PCMA"), ("0", "PCMU")):
        bench = Bench()
        _, to = bench.answered()
        replace(bench, f"c1;to-tag={tag_of(to)};from-tag=p", body=SDP.replace("AVP 8", f"AVP {offered}"))
        sessions = [event.session.codec for event in bench.events if isinstance(event, SessionSet)]
        assert sessions == ["PCMA", spoken]
        new = next(event.by for event in bench.events if isinstance(event, Replaced))
        assert new.offers.local == LOCAL  # later offers are for all of it again


def test_a_replacement_without_an_offer_gets_ours() -> None:
    bench = Bench()
    _, to = bench.answered()
    sent = replace(bench, f"c1;to-tag={tag_of(to)};from-tag=p", body="")
    assert codes(sent) == [100, 200]
    assert b"m=audio 4000" in sent[1].body
    fields: dict[str, Any] = {"from": "<sip:n@192.0.2.2>;tag=n"}
    bench.ask("ACK", 1, SDP.replace("5000", "5600"), call_id="new", to=sent[1].get("to"), **fields)
    sessions = [event.session.remote[1] for event in bench.events if isinstance(event, SessionSet)]
    assert sessions == [5000, 5600]


def test_the_longest_duration_goes_on_counting() -> None:
    bench = Bench(incoming_max_ms=10_000, session_expires_s=0)
    _, to = bench.answered()
    bench.at(6_000)
    sent = replace(bench, f"c1;to-tag={tag_of(to)};from-tag=p")
    bench.ask("ACK", to=sent[1].get("to"), **NEW)
    bench.say(answer(sent[2], 200))
    assert "BYE" not in methods(bench.at(9_999))
    bye = bench.at(10_000)[0]
    assert (bye.get("cseq"), bye.call_id) == ("1 BYE", "new")
    bench.say(answer(bye, 200))
    ended = bench.events[-1]
    assert isinstance(ended, LegEnded)
    assert ended.detail == "max_duration"


def test_what_we_hold_stays_held() -> None:
    bench = Bench()
    call, to = bench.answered()
    call.change(0, "sendonly")
    hold = bench.out()[0]
    bench.say(answer(hold, 200, SDP + "a=recvonly\r\n"))
    sent = replace(bench, f"c1;to-tag={tag_of(to)};from-tag=p")
    assert b"a=sendonly" in sent[1].body


def test_a_session_timer_of_the_old_call_ends_nothing() -> None:
    bench = Bench(session_expires_s=90)
    _, to = bench.answered()
    sent = replace(bench, f"c1;to-tag={tag_of(to)};from-tag=p", session_expires="1800;refresher=uac", supported="timer")
    bench.ask("ACK", to=sent[1].get("to"), **NEW)
    bench.say(answer(sent[2], 200))
    bench.at(200_000)
    assert not any(isinstance(event, LegEnded) for event in bench.events)


def test_hanging_up_before_the_ack() -> None:
    bench = Bench()
    _, to = bench.answered()
    sent = replace(bench, f"c1;to-tag={tag_of(to)};from-tag=p")
    new = next(event.by for event in bench.events if isinstance(event, Replaced))
    new.hang_up(0)
    assert bench.out() == []  # not before the ACK
    bye = bench.ask("ACK", to=sent[1].get("to"), **NEW)
    assert methods(bye) == ["BYE"]
    bench.say(answer(bye[0], 200))
    assert end(bench) == ("bye", "us")


# ---------------------------------------------------------------- we are the transferor


def second_call(bench: Bench, **headers: str) -> tuple[IncomingCall, str]:
    """Another call that is up: what it wants to be asked for."""
    fields: dict[str, Any] = {"call_id": "c2", "from": "<sip:b@192.0.2.2>;tag=q", **headers}
    codes(bench.ask("INVITE", body=SDP, **fields))
    call = bench.calls[-1]
    assert isinstance(call, IncomingCall)
    call.answer(0, LOCAL)
    ok = bench.out()[0]
    bench.ask("ACK", to=ok.get("to"), **fields)
    return call, ok.to.tag


@pytest.mark.parametrize("knows", [True, False])
def test_two_calls_are_joined(knows: bool) -> None:
    bench = Bench()
    first, _ = bench.answered()
    second, tag = second_call(bench, **({"supported": "timer, replaces"} if knows else {}))
    target, headers = attended(first, second)
    first.refer(0, target, (*headers, ("User-to-User", "6869;encoding=hex")))
    refer = bench.out()[0]
    assert methods([refer]) == ["REFER"]
    assert refer.call_id == "c1"
    uri = parse_address(refer.get("refer-to")).uri
    assert "%3Bto-tag%3Dq%3Bfrom-tag%3D" in uri
    target, headers = split_headers(uri)
    assert target == "sip:peer@192.0.2.2"
    require = (("Require", "replaces"),) if knows else ()
    expected = (("Replaces", f"c2;to-tag=q;from-tag={tag}"), *require, ("User-to-User", "6869;encoding=hex"))
    assert headers == expected
    bench.say(answer(refer, 202))
    assert [event.code for event in bench.events if isinstance(event, TransferProgress)] == [202]


def test_what_cannot_be_joined() -> None:
    bench = Bench()
    first, _ = bench.answered()
    with pytest.raises(LineError, match="two calls that are up"):
        attended(first, first)
    bench.ask("INVITE", body=SDP, call_id="c2")
    ringing = bench.calls[-1]
    assert isinstance(ringing, IncomingCall)
    with pytest.raises(LineError, match="two calls that are up"):
        attended(first, ringing)


# ---------------------------------------------------------------- we are the transferee


def test_what_a_referral_may_bring() -> None:
    bench = Bench(takes_refer=True)
    _, to = bench.answered()
    inner = "Replaces=x%40y%3Bto-tag%3D1%3Bfrom-tag%3D2&Require=replaces&User-to-User=6869%3Bencoding%3Dhex&Subject=hi"
    by = "&Referred-By=%3Csip%3Aboss%40h%3E&From=%3Csip%3Aevil%40h%3E"
    bench.ask("REFER", 2, to=to, refer_to=f"<{TARGET}?{inner}{by}>", referred_by="<sip:peer@h>")
    asked = bench.events[-1]
    assert isinstance(asked, Referred)
    assert asked.target == TARGET
    assert asked.replaces == Replaces("x@y", "1", "2")
    assert asked.headers == (
        ("Replaces", "x@y;to-tag=1;from-tag=2"),
        ("Require", "replaces"),
        ("User-to-User", "6869;encoding=hex"),
        ("Referred-By", "<sip:boss@h>"),
    )


@pytest.mark.parametrize(
    "inner",
    [
        "Replaces=",
        "Replaces=x%3Bto-tag%3D1",
        "Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2&replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2",
        "Replaces=x%3Bto-tag%3D1%0D%0AX:%3Bfrom-tag%3D2",
    ],
)
def test_referrals_with_a_bad_replaces(inner: str) -> None:
    bench = Bench(takes_refer=True)
    _, to = bench.answered()
    assert codes(bench.ask("REFER", 2, to=to, refer_to=f"<{TARGET}?{inner}>")) == [400]


def test_line_breaks_never_reach_the_new_call() -> None:
    bench = Bench(takes_refer=True)
    _, to = bench.answered()
    inner = "Referred-By=%3Csip%3Aa%40h%3E%0D%0AX%3A1&User-to-User=ab%0D%0AX%3A%201"
    bench.ask("REFER", 2, to=to, refer_to=f"<{TARGET}?{inner}>")
    asked = bench.events[-1]
    assert isinstance(asked, Referred)
    assert all("\r" not in value and "\n" not in value for _, value in asked.headers)


# ---------------------------------------------------------------- line to line: all roles at once


def order(callee: str, port: int, call_id: str) -> DialOrder:
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    facts = DialFacts(
        callee, CALLER, frozenset({CALLER}), "service", "contract", local_time=noon, frozen=False, calls_today=0
    )
    return DialOrder(decide(facts, noon).permit(), f"sip:{callee}@{HOST}:{port}", call_id)


class Policy:
    """Calls whoever is asked for."""

    def __init__(self) -> None:
        self.asked: list[Referred] = []
        self.legs: list[SipLeg] = []
        self.port = 0

    async def allow(self, leg: SipLeg, request: Referred) -> DialOrder | None:
        self.asked.append(request)
        return order(SECOND, self.port, "referred")

    def placed(self, leg: SipLeg, new: SipLeg) -> None:
        self.legs.append(new)


@asynccontextmanager
async def parties(policy: Policy) -> AsyncIterator[tuple[SipLine, SipLine, SipLine, list[SipLeg]]]:
    """(robot, customer, agent, the agent's leg once there); customer and agent answer everything."""
    taken: list[SipLeg] = []

    async def answer_all(line: SipLine, keep: bool) -> None:
        async for leg in line.incoming():
            await leg.answer()
            if keep:
                taken.append(leg)

    async with (
        asyncio.timeout(30),
        asyncio.TaskGroup() as tasks,
        SipLine.open(HOST, engine=FakeMediaEngine()) as robot,
        SipLine.open(HOST, engine=FakeMediaEngine(), refer=policy) as customer,
        SipLine.open(HOST, engine=FakeMediaEngine()) as agent,
    ):
        tasks.create_task(answer_all(customer, False))
        tasks.create_task(answer_all(agent, True))
        policy.port = agent.address[1]
        yield robot, customer, agent, taken


async def up(leg: SipLeg) -> None:
    async for event in leg.events():
        if isinstance(event, LegAnswered):
            return
    raise AssertionError("not answered")


def test_three_lines_in_an_attended_transfer() -> None:
    policy = Policy()

    async def run() -> None:
        async with parties(policy) as (robot, customer, agent, taken):
            first = await robot.place(order(FIRST, customer.address[1], "one"))
            second = await robot.place(order(SECOND, agent.address[1], "two"))
            await up(first)
            await up(second)
            desk = taken[0]
            media = desk.media
            seen = [item.code async for item in first.transfer_to(second, user_to_user="ticket 7")]
            assert sorted(seen) == [100, 200, 202]
            ends = [event async for event in second.events() if isinstance(event, LegEnded)]
            assert [(item.cause, item.by) for item in ends] == [("bye", "peer")]
            await first.hangup()
            # The agent talks on with the customer: the same leg, the same media, told once.
            assert len(taken) == 1
            assert desk.media is media is not None
            (new,) = policy.legs
            await new.hangup()
            events = [event async for event in desk.events()]
            assert [type(event) for event in events] == [LegAnswered, LegReplaced, LegEnded]
            assert isinstance(events[1], LegReplaced)
            assert events[1].remote == CALLER
            assert any("REFER" in rung.line for rung in first.ladder)
            assert sum("INVITE sip" in rung.line for rung in desk.ladder) == 2
            assert policy.asked[0].replaces is not None
            assert ("User-to-User", f"{b'ticket 7'.hex()};encoding=hex") in policy.asked[0].headers

    asyncio.run(run())


def test_too_much_to_bring_along() -> None:
    async def run() -> None:
        policy = Policy()
        async with parties(policy) as (robot, customer, _, _):
            first = await robot.place(order(FIRST, customer.address[1], "one"))
            await up(first)
            with pytest.raises(LineError, match="128"):
                _ = [item async for item in first.transfer(TARGET, user_to_user=bytes(129))]
            await first.hangup()

    asyncio.run(run())
