"""Fetching a person, and everything that can happen meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callwright.dialogue.values import Transfer
from callwright.errors import LineError
from callwright.telephony.port import DialOrder
from callwright.testing.loopback import Phone

if TYPE_CHECKING:
    from tests.unit.calls.conftest import Bench


async def wants_person(phone: Phone) -> None:
    await phone.answer()
    await phone.say("hello", 400)
    await phone.hears("Does that work")
    await phone.wait(300)
    await phone.say("get me a person", 1000)


async def clerk(phone: Phone) -> None:
    await phone.ring()
    await phone.wait(1500)
    await phone.answer()


async def nobody(phone: Phone) -> None:
    await phone.ring()


def test_the_two_are_joined_until_the_caller_hangs_up(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await wants_person(phone)
        await phone.wait(10_000)
        await phone.say("stop calling me", 1000)  # said to the person, not to the robot
        await phone.press("1")
        await phone.hang_up()

    record = bench.call(callee, clerk)
    assert (record.disposition, record.end, record.faults) == ("transferred", "transfer", ())
    assert bench.events("bridged")[0]["group"] == "desk"
    assert bench.line.legs[1].hangups == ["over"]
    assert bench.outbox.kept == []
    assert len(bench.events("key")) == 1
    assert bench.events("dtmf") == []
    assert bench.replayed() == ()
    assert bench.events("end")[-1]["value"] == "transfer"


def test_the_call_ends_when_the_person_hangs_up(bench: Bench) -> None:
    async def leaves(phone: Phone) -> None:
        await clerk(phone)
        await phone.wait(5000)
        await phone.hang_up()

    record = bench.call(wants_person, leaves)
    assert (record.disposition, record.end) == ("transferred", "transfer")
    assert bench.line.legs[0].hangups == ["transfer"]


def test_nobody_answers_and_the_script_goes_on(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await wants_person(phone)
        await phone.hears("Nobody is free")
        await phone.wait(300)
        await phone.say("yes")

    record = bench.call(callee, nobody)
    assert (record.end, record.tags) == ("done", ("confirmed",))
    assert bench.line.legs[1].hangups == ["over"]


def test_a_dead_desk_does_not_keep_the_caller_waiting(bench: Bench) -> None:
    """A desk that does not even answer the CANCEL costs the caller two seconds at most."""

    async def dead(phone: Phone) -> None:
        phone.leg.deaf = True
        await phone.ring()
        await phone.wait(60_000)
        phone.leg.end("timeout", "network")

    async def callee(phone: Phone) -> None:
        await wants_person(phone)
        await phone.hears("One moment")
        await phone.hears("Nobody is free")
        await phone.hang_up()

    bench.call(callee, dead)
    failed = next(event for event in bench.events("transfer_done"))
    asked = next(event for event in bench.events("transfer"))
    assert failed["at_ms"] - asked["at_ms"] < (1 + 10 + 2 + 1) * 1000


def test_an_opt_out_while_a_person_is_fetched(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await wants_person(phone)
        await phone.hears("One moment")
        await phone.wait(1000)
        await phone.say("stop calling me", 1000)

    record = bench.call(callee, nobody)
    assert (record.disposition, record.grade) == ("opted_out", "F")
    assert [kind for kind, _ in bench.outbox.kept] == ["freeze"]
    assert bench.heard[-1] == "I will not call again."
    assert bench.line.legs[1].hangups == ["over"]
    assert bench.seconds < 25


def test_asking_again_does_not_ring_again(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await wants_person(phone)
        await phone.hears("One moment")
        await phone.wait(500)
        await phone.say("get me a person", 1000)
        await phone.wait(9000)
        await phone.hang_up()

    async def slow(phone: Phone) -> None:
        await phone.ring()
        await phone.wait(6000)
        await phone.answer()

    record = bench.call(callee, slow)
    assert record.disposition == "transferred"
    assert len(bench.line.legs) == 2


def test_the_caller_hangs_up_while_a_person_is_rung(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await wants_person(phone)
        await phone.hears("One moment")
        await phone.wait(1000)
        await phone.hang_up()

    record = bench.call(callee, nobody)
    assert (record.disposition, record.end, record.faults) == ("hung_up", "hangup", ())
    assert bench.line.legs[1].hangups == ["over"]


def test_the_caller_is_gone_when_the_person_answers(bench: Bench) -> None:
    """Both in the same instant: no bridge to a closed stream, no fault that hides the outcome."""

    async def races(phone: Phone) -> None:
        await phone.ring()
        await phone.wait(1000)
        bench.line.legs[0].end("bye", "peer")
        await phone.answer()

    record = bench.call(wants_person, races)
    assert record.disposition == "hung_up"
    assert bench.events("bridged") == []


def test_a_desk_without_people(bench: Bench) -> None:
    bench.desk_target = None

    async def callee(phone: Phone) -> None:
        await wants_person(phone)
        await phone.hears("Nobody is free")
        await phone.wait(300)
        await phone.say("no")

    assert bench.call(callee).tags == ("cancelled",)


def test_a_desk_that_cannot_be_rung_is_a_fault_and_no_end(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await wants_person(phone)
        await phone.hears("Nobody is free")
        await phone.wait(300)
        await phone.say("yes")

    record = bench.call(callee)  # no such target
    assert (record.tags, record.faults) == (("confirmed",), ("desk: there is no way to this target",))


def test_a_rota_that_breaks_is_a_fault_and_no_end(bench: Bench) -> None:
    async def broken(act: Transfer, call_id: str) -> DialOrder | None:
        raise KeyError("rota")

    async def callee(phone: Phone) -> None:
        await wants_person(phone)
        await phone.hears("Nobody is free")
        await phone.wait(300)
        await phone.say("yes")

    bench.parts["desk"] = broken
    record = bench.call(callee)
    assert (record.tags, record.faults) == (("confirmed",), ("desk: KeyError: 'rota'",))


def test_a_bridge_that_fails_sends_the_caller_back(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await wants_person(phone)
        await phone.hears("Nobody is free")
        await phone.wait(300)
        await phone.say("yes")

    bench.parts["bridge"] = _refuse
    record = bench.call(callee, clerk)
    assert record.tags == ("confirmed",)
    assert record.faults == ("desk: media: no bridge today",)
    assert bench.line.legs[1].hangups == ["over"]


def _refuse(first: object, second: object) -> None:
    raise LineError("media: no bridge today")
