"""REFER and NOTIFY (RFC 3515), in both roles."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from callwright.compliance.decision import DialFacts, decide
from callwright.errors import LineError
from callwright.telephony.port import DialOrder, LegAnswered, LegEnded
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipLeg
from callwright.telephony.sip.refer import Referred, TransferProgress
from callwright.testing.media import FakeMediaEngine
from callwright.testing.sip_peer import Bench, answer, codes, methods

HOST = "127.0.0.1"
BROKEN, NOWHERE = -1, -2
CALLEE, CALLER = "+8613900000001", "+861085550000"
TARGET = "sip:+8613900000002@192.0.2.9"


def progress(bench: Bench) -> list[tuple[int, bool]]:
    return [(event.code, event.final) for event in bench.events if isinstance(event, TransferProgress)]


def notify(bench: Bench, cseq: int, to: str, frag: str, state: str = "active;expires=60") -> list[int]:
    fields: dict[str, Any] = {
        "event": "refer",
        "subscription_state": state,
        "content_type": "message/sipfrag;version=2.0",
    }
    return codes(bench.ask("NOTIFY", cseq, frag, to=to, **fields))


# ---------------------------------------------------------------- we hand over


def test_a_transfer_and_its_progress() -> None:
    bench = Bench()
    call, to = bench.answered()
    call.refer(0, TARGET)
    refer = bench.out()[0]
    assert methods([refer]) == ["REFER"]
    assert refer.get("refer-to") == f"<{TARGET}>"
    assert refer.get("referred-by") == "<sip:robot@192.0.2.1>"
    assert notify(bench, 2, to, "SIP/2.0 100 Trying") == [200]  # overtook the 202
    bench.say(answer(refer, 202))
    assert notify(bench, 3, to, "SIP/2.0 180 Ringing\r\n") == [200]
    with pytest.raises(LineError, match="another transfer"):
        call.refer(0, TARGET)
    assert notify(bench, 4, to, "SIP/2.0 200 OK", "terminated;reason=noresource") == [200]
    assert progress(bench) == [(100, False), (202, False), (180, False), (200, True)]
    assert call.state == "answered"
    call.refer(0, TARGET)  # once more is fine now
    assert methods(bench.out()) == ["REFER"]


@pytest.mark.parametrize("code", [405, 603])
def test_a_refused_transfer(code: int) -> None:
    bench = Bench()
    call, _ = bench.answered()
    call.refer(0, TARGET)
    bench.say(answer(bench.out()[0], code))
    assert progress(bench) == [(code, True)]
    assert call.state == "answered"


def test_a_challenged_transfer() -> None:
    bench = Bench(credentials=Credentials("robot", "secret"))
    call, _ = bench.answered()
    call.refer(0, TARGET)
    again = bench.say(answer(bench.out()[0], 407, proxy_authenticate='Digest realm="r", nonce="n"'))
    assert methods(again) == ["REFER"]
    bench.say(answer(again[0], 202))
    assert progress(bench) == [(202, False)]


def test_a_transfer_that_comes_too_early_is_tried_again() -> None:
    """The far side has not got our ACK yet: 491."""
    bench = Bench()
    call, _ = bench.answered()
    call.refer(0, TARGET)
    first = bench.out()[0]
    assert methods(bench.say(answer(first, 491))) == []
    assert progress(bench) == []
    again = [message for message in bench.at(4_000) if message.call_id == first.call_id]
    assert methods(again) == ["REFER"]
    assert again[0].get("refer-to") == first.get("refer-to")
    assert again[0].cseq[0] == first.cseq[0] + 1
    bench.say(answer(again[0], 202))
    assert progress(bench) == [(202, False)]


def test_a_far_side_that_is_never_ready_for_a_transfer() -> None:
    bench = Bench()
    call, _ = bench.answered()
    call.refer(0, TARGET)
    sent, asked = bench.out(), 0
    while sent:
        asked += 1
        bench.say(answer(sent[0], 491))
        sent = bench.at(bench.now + 4_001)
    assert asked == 11
    assert progress(bench) == [(491, True)]
    assert call.state == "answered"


def test_a_call_that_ends_while_its_transfer_waits() -> None:
    bench = Bench()
    call, to = bench.answered()
    call.refer(0, TARGET)
    bench.say(answer(bench.out()[0], 491))
    assert codes(bench.ask("BYE", 2, to=to)) == [200]
    assert progress(bench) == [(408, True)]
    assert methods(bench.at(4_001)) == []


def test_a_transfer_that_nothing_is_heard_of() -> None:
    bench = Bench()
    call, _ = bench.answered()
    call.refer(0, TARGET)
    bench.say(answer(bench.out()[0], 202))
    bench.at(120_000)
    assert progress(bench) == [(202, False), (408, True)]


def test_a_call_that_ends_during_its_transfer() -> None:
    bench = Bench()
    call, to = bench.answered()
    call.refer(0, TARGET)
    bench.out()
    bench.ask("BYE", 2, to=to)
    assert progress(bench) == [(408, True)]
    assert isinstance(bench.events[-1], LegEnded)


def test_what_is_no_progress() -> None:
    bench = Bench()
    call, to = bench.answered()
    assert notify(bench, 2, to, "SIP/2.0 100 Trying") == [481]
    assert codes(bench.ask("NOTIFY", 3, to=to, event="presence")) == [489]
    call.refer(0, TARGET)
    bench.out()
    assert notify(bench, 4, to, "hello") == [400]
    assert notify(bench, 5, to, "", "terminated;reason=timeout") == [200]
    assert progress(bench) == [(408, True)]


def test_what_cannot_be_transferred() -> None:
    bench = Bench()
    call = bench.offered()
    with pytest.raises(LineError, match="up"):
        call.refer(0, TARGET)
    up, _ = Bench().answered()
    with pytest.raises(LineError, match="URI"):
        up.refer(0, "nobody")


# ---------------------------------------------------------------- we are handed over


def test_without_a_policy_the_answer_is_603() -> None:
    bench = Bench()
    _, to = bench.answered()
    assert codes(bench.ask("REFER", 2, to=to, refer_to=f"<{TARGET}>")) == [603]


def test_an_accepted_referral_reports() -> None:
    bench = Bench(takes_refer=True)
    call, to = bench.answered()
    assert bench.ask("REFER", 2, to=to, refer_to=f"<{TARGET}>", referred_by="<sip:peer@h>") == []
    carried = (("Referred-By", "<sip:peer@h>"),)
    assert bench.events[-1] == Referred(0, TARGET, "<sip:peer@h>", headers=carried)
    assert codes(bench.ask("REFER", 3, to=to, refer_to=f"<{TARGET}>")) == [491]
    assert call.referral is not None
    call.referral.accept(0)
    accepted, first = bench.out()
    assert codes([accepted]) == [202]
    assert methods([first]) == ["NOTIFY"]
    assert first.get("event") == "refer;id=2"
    assert first.get("subscription-state").startswith("active")
    assert first.body == b"SIP/2.0 100 Trying\r\n"
    bench.say(answer(first, 200))
    call.referral.tell(180, "Ringing", 0)
    bench.say(answer(bench.out()[0], 200))
    call.referral.tell(200, "", 0)
    last = bench.out()[0]
    assert last.get("subscription-state").startswith("terminated")
    assert last.body == b"SIP/2.0 200 OK\r\n"
    call.referral.tell(487, "", 0)
    assert bench.out() == []


@pytest.mark.parametrize("target", ["", "<sip:a@b>, <sip:c@d>", "<http://x>", "<>"])
def test_referrals_that_name_nobody(target: str) -> None:
    bench = Bench(takes_refer=True)
    _, to = bench.answered()
    fields: dict[str, Any] = {"refer_to": target} if target else {}
    assert codes(bench.ask("REFER", 2, to=to, **fields)) == [400]


def test_a_call_that_ends_before_the_decision() -> None:
    bench = Bench(takes_refer=True)
    call, to = bench.answered()
    bench.ask("REFER", 2, to=to, refer_to=f"<{TARGET}>")
    assert sorted(codes(bench.ask("BYE", 3, to=to))) == [200, 481]
    assert call.referral is not None
    call.referral.accept(0)
    assert bench.out() == []


# ---------------------------------------------------------------- line to line


def order(callee: str, port: int, call_id: str) -> DialOrder:
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    facts = DialFacts(
        callee, CALLER, frozenset({CALLER}), "service", "contract", local_time=noon, frozen=False, calls_today=0
    )
    return DialOrder(decide(facts, noon).permit(), f"sip:{callee}@{HOST}:{port}", call_id)


class Policy:
    """Calls `third` for whoever asks, or nobody."""

    def __init__(self, third: int | None) -> None:
        self.third = third
        self.asked: list[Referred] = []
        self.legs: list[SipLeg] = []

    async def allow(self, leg: SipLeg, request: Referred) -> DialOrder | None:
        self.asked.append(request)
        if self.third == BROKEN:
            raise LineError("no consent is on file")
        if self.third == NOWHERE:
            return order("+8613900000002", 9, "no/call/id")
        return None if self.third is None else order("+8613900000002", self.third, "referred")

    def placed(self, leg: SipLeg, new: SipLeg) -> None:
        self.legs.append(new)


@pytest.mark.parametrize(
    ("third", "codes"),
    [
        ("answers", [202, 100, 180, 200]),
        ("busy", [202, 100, 486]),
        ("nobody", [603]),
        ("broken", [603]),
        ("nowhere", [202, 100, 503]),
    ],
)
def test_three_parties(third: str, codes: list[int]) -> None:
    async def attend(line: SipLine) -> None:
        async for leg in line.incoming():
            if third == "busy":
                await leg.reject(486)
            else:
                await leg.ring()
                await leg.answer()

    async def answer_all(line: SipLine) -> None:
        async for leg in line.incoming():
            await leg.answer()

    async def run() -> tuple[list[int], Policy]:
        policy = Policy(None)
        async with (
            asyncio.timeout(20),
            asyncio.TaskGroup() as tasks,
            SipLine.open(HOST, engine=FakeMediaEngine()) as ours,
            SipLine.open(HOST, engine=FakeMediaEngine(), refer=policy) as theirs,
            SipLine.open(HOST, engine=FakeMediaEngine()) as last,
        ):
            special = {"nobody": None, "broken": BROKEN, "nowhere": NOWHERE}
            policy.third = special.get(third, last.address[1])
            tasks.create_task(attend(last))
            tasks.create_task(answer_all(theirs))
            leg = await ours.place(order(CALLEE, theirs.address[1], "first"))
            async for event in leg.events():
                if isinstance(event, LegAnswered):
                    break
            seen = [item async for item in leg.transfer(TARGET)]
            assert [item.final for item in seen] == [False] * (len(seen) - 1) + [True]
            await leg.hangup()
        return [item.code for item in seen], policy

    seen, policy = asyncio.run(run())
    assert sorted(seen) == sorted(codes)
    assert [request.target for request in policy.asked] == [TARGET]
    assert len(policy.legs) == (1 if third in ("answers", "busy") else 0)


class Unusual(Policy):
    """Decides when whoever asked has gone; or fails in a way nobody foresaw."""

    def __init__(self, late: bool) -> None:
        super().__init__(None)
        self.late = late
        self.began, self.decided = asyncio.Event(), asyncio.Event()

    async def allow(self, leg: SipLeg, request: Referred) -> DialOrder | None:
        self.began.set()
        if not self.late:
            raise ZeroDivisionError
        await leg.ended()
        self.decided.set()
        return order("+8613900000002", 9, "referred")


@pytest.mark.parametrize(("late", "codes"), [(True, [408]), (False, [603])])
def test_nobody_is_called_for_a_transfer_that_was_not_accepted(late: bool, codes: list[int]) -> None:
    async def answer_all(line: SipLine) -> None:
        async for leg in line.incoming():
            await leg.answer()

    async def run() -> tuple[list[int], Policy, bool]:
        policy = Unusual(late)
        async with (
            asyncio.timeout(20),
            asyncio.TaskGroup() as tasks,
            SipLine.open(HOST, engine=FakeMediaEngine()) as ours,
            SipLine.open(HOST, engine=FakeMediaEngine(), refer=policy) as theirs,
        ):
            tasks.create_task(answer_all(theirs))
            leg = await ours.place(order(CALLEE, theirs.address[1], "first"))
            async for event in leg.events():
                if isinstance(event, LegAnswered):
                    break
            heard: list[int] = []

            async def ask() -> None:
                heard.extend([item.code async for item in leg.transfer(TARGET)])

            asking = tasks.create_task(ask())
            await policy.began.wait()
            if late:
                await leg.hangup()
                await policy.decided.wait()
            await asking
            return heard, policy, theirs.live == 0 or not late

    heard, policy, over = asyncio.run(run())
    assert (heard, policy.legs, over) == (codes, [], True)
