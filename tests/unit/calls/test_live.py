"""The registry of live calls, and moving one to a person. Callees look at the registry while they talk."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from callwright.calls.live import LiveCall, LiveCalls
from callwright.dialogue.values import Transfer
from callwright.errors import LineError
from callwright.testing.loopback import FakeMedia, Phone

if TYPE_CHECKING:
    from tests.unit.calls.conftest import Bench

ACT = Transfer("boss", wait_s=3)


@pytest.fixture
def live(bench: Bench) -> LiveCalls:
    registry = LiveCalls()
    bench.parts["live"] = registry
    return registry


def only(live: LiveCalls) -> LiveCall:
    (call,) = live
    return call


async def clerk(phone: Phone) -> None:
    await phone.ring()
    await phone.wait(1500)
    await phone.answer()
    await phone.wait(5000)
    await phone.hang_up()


async def absent(phone: Phone) -> None:
    await phone.ring()


async def take_over(call: LiveCall) -> bool:
    assert call.take_over is not None
    return await call.take_over(ACT, None)


def test_a_call_is_there_from_the_dial_to_the_record(bench: Bench, live: LiveCalls) -> None:
    states: list[str] = []
    calls: list[LiveCall] = []

    async def callee(phone: Phone) -> None:
        await asyncio.sleep(0)
        call = only(live)
        calls.append(call)
        assert live.get(call.call_id) is call
        assert (call.script, call.answered) == (bench.script.id, False)
        assert "***" in call.number
        states.append(call.state)
        await phone.ring()
        await phone.answer()
        await phone.say("hello", 400)
        await phone.starts("Does that work")
        states.append(call.state)
        assert call.media is phone.leg.media
        await phone.hang_up()

    bench.call(callee)
    assert states == ["dialling", "speaking"]
    assert len(live) == 0
    assert (calls[0].media, calls[0].take_over) == (None, None)


def test_a_live_call_moves_to_a_person_in_mid_sentence(bench: Bench, live: LiveCalls) -> None:
    met: list[bool] = []

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hello", 400)
        await phone.starts("Does that work")
        call = only(live)
        taking = asyncio.ensure_future(take_over(call))
        await asyncio.sleep(0.1)
        with pytest.raises(LineError, match="being rung"):
            await take_over(call)
        while call.state != "with a person":
            await phone._next_tick()
        media = call.media
        assert isinstance(media, FakeMedia)
        assert media.bridged is not None
        assert media.position()[2] == 0  # the robot is silent
        with pytest.raises(LineError, match="with a person"):
            await take_over(call)
        met.append(await taking)
        await phone.wait(10_000)

    record = bench.call(callee, clerk)
    assert met == [True]
    assert (record.disposition, record.end, record.faults) == ("transferred", "transfer", ())
    assert bench.replayed() == ()


def test_nobody_comes_and_the_robot_goes_on(bench: Bench, live: LiveCalls) -> None:
    met: list[bool] = []

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hello", 400)
        await phone.starts("Does that work")
        met.append(await take_over(only(live)))
        assert only(live).answered
        await phone.say("yes")
        await phone.wait(20_000)

    record = bench.call(callee, absent)
    assert met == [False]
    assert record.end == "done"


def test_the_call_ends_while_a_person_is_rung_for_it(bench: Bench, live: LiveCalls) -> None:
    met: list[bool] = []

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hello", 400)
        await phone.starts("Does that work")
        taking = asyncio.ensure_future(take_over(only(live)))
        await phone.wait(200)
        taking.add_done_callback(lambda task: met.append(task.result()))
        await phone.hang_up()

    record = bench.call(callee, absent)
    assert met == [False]
    assert record.end == "hangup"


def test_whoever_comes_first_is_the_person(bench: Bench, live: LiveCalls) -> None:
    """The script rings a person while somebody watching takes the call over: one of them is joined, the other is not rung any more."""
    met: list[bool] = []

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hello", 400)
        await phone.starts("Does that work")
        taking = asyncio.ensure_future(take_over(only(live)))
        await phone.say("get me a person", 1000)
        met.append(await taking)
        await phone.wait(20_000)

    record = bench.call(callee, clerk)
    assert record.end == "transfer"
    assert len(bench.events("bridged")) == 1
    assert len(met) == 1
