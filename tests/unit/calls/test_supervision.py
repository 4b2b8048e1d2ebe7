"""Supervisors on live calls, in virtual time. The callee of each test plays the whole scene."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.unit.calls.conftest import DESK, NOW, order

from callwright.calls.live import LiveCall, LiveCalls
from callwright.calls.log import EventLog
from callwright.calls.supervision import Supervision, Watching
from callwright.dialogue.values import Transfer
from callwright.errors import LineError
from callwright.telephony.port import DialOrder, Media
from callwright.testing.loopback import FakeLeg, FakeLine, FakeMedia, Phone, fake_supervise
from callwright.testing.stub_speech import StubVoice, Utterances
from callwright.testing.virtual_time import run_virtual

if TYPE_CHECKING:
    from tests.unit.calls.conftest import Bench


@pytest.fixture
def live(bench: Bench) -> LiveCalls:
    registry = LiveCalls()
    bench.parts["live"] = registry
    return registry


def only(live: LiveCalls) -> LiveCall:
    (call,) = live
    return call


async def picks_up(phone: Phone) -> None:
    """The telephone at the desk, be it a supervisor's or an agent's."""
    await phone.ring()
    await phone.wait(500)
    await phone.answer()
    await phone.wait(60_000)


async def in_talk(phone: Phone) -> None:
    await phone.answer()
    await phone.say("hello", 400)
    await phone.starts("Does that work")


class Desk:
    """Supervision of the bench's line, and what became of one join."""

    def __init__(self, bench: Bench, live: LiveCalls) -> None:
        self.live = live
        self.supervision = Supervision(cast(Any, bench.line), live, cast(Any, fake_supervise))
        self.watching: Watching | None = None
        self._there = asyncio.Event()

    def join(self, mode: Any, call_id: str = "") -> asyncio.Task[bool]:
        call_id = call_id or only(self.live).call_id
        return asyncio.ensure_future(self.supervision.join(call_id, order(DESK), mode, "boss", self._joined))

    def _joined(self, watching: Watching) -> None:
        self.watching = watching
        self._there.set()

    async def there(self) -> Watching:
        await self._there.wait()
        assert self.watching is not None
        return self.watching


def stretches(bench: Bench) -> list[tuple[str, str]]:
    found = bench.events("supervised")
    assert all(line["from_ms"] <= line["to_ms"] <= line["at_ms"] for line in found)
    assert all(one["to_ms"] <= other["from_ms"] for one, other in pairwise(found))
    return [(line["who"], line["mode"]) for line in found]


def test_listen_barge_and_the_end_of_the_call(bench: Bench, live: LiveCalls) -> None:
    came: list[bool] = []

    async def callee(phone: Phone) -> None:
        await in_talk(phone)
        desk = Desk(bench, live)
        joining = desk.join("listen")
        watching = await desk.there()
        media = only(live).media
        assert isinstance(media, FakeMedia)
        assert media.supervised is not None
        with pytest.raises(LineError, match="whispered"):
            watching.mode("whisper")
        watching.mode("barge")
        assert media.supervised.modes == ["listen", "barge"]
        joining.add_done_callback(lambda task: came.append(task.result()))
        await phone.wait(300)
        await phone.hang_up()

    record = bench.call(callee, picks_up)
    assert came == [True]
    assert record.end == "hangup"
    assert stretches(bench) == [("boss", "listen"), ("boss", "barge")]
    assert bench.events("supervising")[0]["mode"] == "listen"
    assert bench.line.legs[1].hangups == ["over"]


def test_the_supervisor_hangs_up_and_the_call_goes_on(bench: Bench, live: LiveCalls) -> None:
    async def leaves(phone: Phone) -> None:
        await phone.answer()
        await phone.wait(400)
        await phone.hang_up()

    async def callee(phone: Phone) -> None:
        await in_talk(phone)
        assert await Desk(bench, live).join("listen")
        assert only(live).answered
        await phone.say("yes")
        await phone.wait(20_000)

    record = bench.call(callee, leaves)
    assert record.end == "done"
    assert stretches(bench) == [("boss", "listen")]


def test_taken_off_by_request_or_by_cancelling(bench: Bench, live: LiveCalls) -> None:
    async def callee(phone: Phone) -> None:
        await in_talk(phone)
        first = Desk(bench, live)
        joining = first.join("listen")
        (await first.there()).end()
        assert await joining
        second = Desk(bench, live)
        joining = second.join("barge")
        watching = await second.there()
        joining.cancel()
        with pytest.raises(asyncio.CancelledError):
            await joining
        assert watching.over
        with pytest.raises(LineError):
            watching.mode("listen")
        await phone.hang_up()

    bench.call(callee, picks_up)
    assert stretches(bench)[0] == ("boss", "listen")
    assert len(bench.events("supervised")) == 2


def test_what_cannot_be_joined(bench: Bench, live: LiveCalls) -> None:
    async def callee(phone: Phone) -> None:
        with pytest.raises(LineError, match="no answered call"):
            await Desk(bench, live).join("listen")
        await in_talk(phone)
        with pytest.raises(LineError, match="no answered call"):
            await Desk(bench, live).join("listen", "another")
        with pytest.raises(LineError, match="whispered"):
            await Desk(bench, live).join("whisper")
        first = Desk(bench, live)
        joining = first.join("listen")
        await first.there()
        with pytest.raises(LineError, match="already"):
            await Desk(bench, live).join("listen")
        (await first.there()).end()
        await joining
        await phone.hang_up()

    bench.call(callee, picks_up)
    assert all(leg.hangups == ["over"] for leg in bench.line.legs[1:])


def test_nobody_answers_and_the_ringing_ends_with_the_call(bench: Bench, live: LiveCalls) -> None:
    came: list[bool] = []

    async def absent(phone: Phone) -> None:
        await phone.ring()

    async def callee(phone: Phone) -> None:
        await in_talk(phone)
        joining = Desk(bench, live).join("listen")
        joining.add_done_callback(lambda task: came.append(task.result()))
        await phone.wait(300)
        await phone.hang_up()

    bench.call(callee, absent)
    assert came == [False]
    assert bench.seconds < 20
    assert bench.line.legs[1].hangups == ["over"]


def test_takeover_then_whisper_to_the_agent(bench: Bench, live: LiveCalls) -> None:
    async def callee(phone: Phone) -> None:
        await in_talk(phone)
        desk = Desk(bench, live)
        call = only(live)
        taking = asyncio.ensure_future(
            desk.supervision.take_over(call.call_id, "boss", Transfer("agents", wait_s=20), order(DESK))
        )
        joining = desk.join("listen")
        watching = await desk.there()
        while call.state != "with a person":
            await phone._next_tick()
        watching.mode("whisper")
        await phone.wait(400)
        await phone.hang_up()
        assert await taking
        assert await joining

    record = bench.call(callee, picks_up)
    assert record.end == "transfer"
    assert bench.events("takeover")[0]["who"] == "boss"
    assert stretches(bench) == [("boss", "listen"), ("boss", "whisper")]


def test_a_call_that_ends_before_the_supervisor_is_rung_rings_nobody_for_long() -> None:
    async def scene() -> tuple[bool, float, list[str]]:
        async def rings(phone: Phone) -> None:
            await phone.ring()
            await phone.wait(60_000)

        line, live = FakeLine({DESK: rings}, Utterances(), StubVoice()), LiveCalls()
        call = LiveCall("call", "visit", "", NOW, EventLog(None, lambda: 0), media=cast(Media, object()))
        placed = line.place

        async def place(order: DialOrder) -> FakeLeg:
            leg = await placed(order)
            call.ended()
            return leg

        line.place = place  # type: ignore[method-assign]
        supervision = Supervision(cast(Any, line), live, cast(Any, fake_supervise))
        with live.during(call):
            came = await supervision.join("call", order(DESK), "listen", "boss")
        return came, asyncio.get_running_loop().time(), line.legs[0].hangups

    came, seconds, hangups = run_virtual(scene())
    assert (came, hangups) == (False, ["over"])
    assert seconds < 5


# ---------------------------------------------------------------- given back


def _gives_back(live: LiveCalls, after_ms: int) -> Any:
    async def agent(phone: Phone) -> None:
        await phone.ring()
        await phone.wait(500)
        await phone.answer()
        await phone.wait(after_ms)
        call = only(live)
        assert call.give_back is not None
        assert call.give_back()
        assert not call.give_back()
        await phone.wait(60_000)

    return agent


def test_a_call_that_was_taken_over_is_given_back_to_the_robot(bench: Bench, live: LiveCalls) -> None:
    """The robot says that it is one, asks what it wanted to know, and hears the answer."""
    came: list[bool] = []

    async def callee(phone: Phone) -> None:
        await in_talk(phone)
        desk = Desk(bench, live)
        taking = asyncio.ensure_future(
            desk.supervision.take_over(only(live).call_id, "boss", Transfer("desk"), order(DESK))
        )
        taking.add_done_callback(lambda task: came.append(task.result()))
        await phone.wait(3000)
        await phone.hears("Does Monday work?")
        await phone.wait(300)
        await phone.say("yes")

    record = bench.call(callee, _gives_back(live, 2000))
    assert came == [False]
    assert (record.end, record.tags, record.faults) == ("done", ("confirmed",), ())
    assert len(bench.events("given_back")) == 1
    assert bench.events("disclosed")[0]["at_ms"] >= bench.events("given_back")[0]["at_ms"]
    assert bench.line.legs[1].hangups == ["over"]
    assert bench.replayed() == ()


def test_a_script_that_had_nothing_more_to_ask_says_goodbye(bench: Bench, live: LiveCalls) -> None:
    """Its transfer is a node of its own: what follows when nobody came would be a lie now."""

    async def callee(phone: Phone) -> None:
        await in_talk(phone)
        await phone.hears("Does that work")
        await phone.wait(300)
        await phone.say("get me a person")
        await phone.wait(20_000)

    record = bench.call(callee, _gives_back(live, 1500))
    assert (record.disposition, record.end, record.faults) == ("transferred", "transfer", ())
    assert not any("Nobody is free" in said for said in bench.heard)
    assert bench.heard[-2:] == ["Yes, a robot.", "I won't keep you any longer. Goodbye."]
    assert bench.replayed() == ()
