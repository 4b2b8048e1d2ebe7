"""Calls that come in: routes, limits, draining; and however a call goes wrong, its leg ends and nothing is left over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from callwright.calls.attendant import Attendant, Talk, announce, connect, echo
from callwright.calls.live import LiveCall, LiveCalls
from callwright.calls.log import EventLog, read_log
from callwright.calls.model import CallFiles
from callwright.calls.reception import Arrivals, Limits, Reception
from callwright.calls.service import Bounds, LineService
from callwright.calls.transfer import Switchboard
from callwright.dialogue.values import Transfer
from callwright.errors import LineError, RefusedError
from callwright.telephony.port import DialOrder, IncomingLeg, LineDriver, Media
from callwright.telephony.trunks.model import Route
from callwright.testing.loopback import FakeIncomingLeg, FakeLine, Phone, fake_bridge
from callwright.testing.robots import stub_order
from callwright.testing.stub_speech import StubVoice, Utterances
from callwright.testing.virtual_time import run_virtual

OURS, THEIRS = "+12025550199", "+12025550123"
PERSON = stub_order(5060, "person")
Caller = Callable[[Phone], Awaitable[None]]


def route(**what: Any) -> Route:
    return Route.model_validate({"default": True, **what})


async def silent(phone: Phone) -> None:
    """Stays on the line."""


async def hangs_up(phone: Phone) -> None:
    await phone.wait(3000)
    await phone.hang_up()


class House:
    """A reception on a fake line. `talk`: what answers; by default an echo."""

    def __init__(self, folder: Path, talk: Talk | None = None, limits: Limits | None = None, **desk: Caller) -> None:
        self.folder = folder
        self.live = LiveCalls()
        self.routes: dict[str, Route] = {OURS: route(echo=True)}
        self.refused: list[tuple[str, int]] = []
        self.dispositions: list[str] = []
        self.line = FakeLine({PERSON.target: desk["person"]} if desk else {}, Utterances(), StubVoice())
        self.talk = talk or echo(lambda pcm, codec: bytes(len(pcm)))
        self.reception = Reception(
            lambda called, trunk: self.routes.get(called),
            self.answer,
            lambda leg: "office",
            limits or Limits(),
            lambda *told: self.refused.append(told),
        )
        clock = asyncio.get_running_loop().time
        self.attendant = Attendant(lambda: datetime(2026, 11, 20, tzinfo=UTC), lambda: int(clock() * 1000), self.live)

    async def answer(self, leg: IncomingLeg, route: Route) -> None:
        files = CallFiles(self.folder, leg.call_id)
        self.dispositions.append(await self.attendant.answer(leg, route.answer, files, self.talk, "office"))

    def log(self, call: str = "in-1") -> list[dict[str, Any]]:
        return read_log(self.folder / "events" / f"{call}.jsonl")


def serve(act: Callable[[House], Awaitable[None]], make: Callable[[], House]) -> House:
    """Run a house while `act` acts; afterwards every leg is over, and no task or media is left."""

    async def main() -> tuple[House, int]:
        house = make()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(house.reception.serve(cast(Arrivals, house.line.incoming)))
            await act(house)
            await asyncio.sleep(0.1)
            await house.line.aclose()
        phones = [leg.task for leg in house.line.legs if leg.task is not None]
        for task in phones:
            task.cancel()
        await asyncio.gather(*phones, return_exceptions=True)
        return house, len(asyncio.all_tasks()) - 1

    house, left = run_virtual(main())
    assert left == 0
    assert not house.line.failures, house.line.failures
    assert all(leg.over.is_set() for leg in house.line.legs)
    assert all(leg.media is None or leg.media.closed for leg in house.line.legs)
    assert len(house.reception) == len(house.live) == 0
    return house


def ring(house: House, caller: Caller = silent, called: str = OURS, call_id: str = "in-1") -> FakeIncomingLeg:
    return house.line.ring_in(caller, THEIRS, called, call_id)


def test_an_echo_gives_back_until_they_hang_up(tmp_path: Path) -> None:
    async def act(house: House) -> None:
        await ring(house, hangs_up).over.wait()

    house = serve(act, lambda: House(tmp_path))
    assert house.dispositions == ["hung_up"]
    kinds = [line["kind"] for line in house.log()]
    assert kinds == ["came_in", "connected", "released", "rtp", "ended"]
    assert house.log()[0]["answer"] == "echo"
    assert THEIRS not in str(house.log())


def test_an_announcement_is_played_to_its_end_then_we_hang_up(tmp_path: Path) -> None:
    talk = announce(np.zeros(16_000, np.int16), lambda pcm, codec: b"\x01" * len(pcm))
    seconds: list[float] = []

    async def act(house: House) -> None:
        leg = ring(house)
        await leg.over.wait()
        seconds.append(asyncio.get_running_loop().time())
        assert leg.hangups[0] == "done"

    house = serve(act, lambda: House(tmp_path, talk))
    assert (house.dispositions, round(seconds[0])) == (["completed"], 2)


def test_what_has_no_route_is_404_and_a_rejecting_route_says_its_code(tmp_path: Path) -> None:
    async def act(house: House) -> None:
        house.routes[THEIRS] = route(reject=603)
        assert [
            leg.answers for leg in (ring(house, called="+1"), ring(house, called=THEIRS)) if await leg.over.wait()
        ] == [
            [404],
            [603],
        ]

    house = serve(act, lambda: House(tmp_path))
    assert house.refused == [("office", 404), ("office", 603)]


def test_more_calls_than_allowed_and_calls_while_draining_get_503(tmp_path: Path) -> None:
    async def act(house: House) -> None:
        first = ring(house, hangs_up)
        await first.picked_up.wait()
        second = ring(house, call_id="in-2")
        await second.over.wait()
        house.reception.draining = True
        await first.over.wait()
        third = ring(house, call_id="in-3")
        await third.over.wait()
        assert (second.answers, third.answers) == ([503], [503])

    serve(act, lambda: House(tmp_path, limits=Limits(calls=1)))


def test_a_call_is_over_when_its_time_is(tmp_path: Path) -> None:
    async def act(house: House) -> None:
        leg = ring(house)
        await leg.over.wait()
        assert asyncio.get_running_loop().time() == pytest.approx(60, abs=0.5)
        assert leg.hangups[0] == "max_duration"

    serve(act, lambda: House(tmp_path, limits=Limits(seconds=60)))


def breaks(error: Exception, after_s: float = 0) -> Talk:
    async def talk(leg: IncomingLeg, media: Media, log: EventLog) -> None:
        await asyncio.sleep(after_s)
        raise error

    return talk


@pytest.mark.parametrize("error", [ValueError("a mistake of ours"), LineError("the recogniser is dead")])
def test_a_fault_while_talking_hangs_up_and_is_named(tmp_path: Path, error: Exception) -> None:
    async def act(house: House) -> None:
        await ring(house).over.wait()

    house = serve(act, lambda: House(tmp_path, breaks(error, 1)))
    assert house.dispositions == ["interrupted_by_fault"]
    assert next(line["message"] for line in house.log() if line["kind"] == "fault").endswith(str(error))


@pytest.mark.parametrize(
    ("before", "disposition"),
    [
        (lambda leg: leg.end("cancelled", "peer"), "no_answer"),
        (lambda leg: setattr(leg, "unanswerable", LineError("no port is free")), "network_fault"),
    ],
    ids=["caller-gave-up", "no-port"],
)
def test_a_call_that_cannot_be_answered(
    tmp_path: Path, before: Callable[[FakeIncomingLeg], None], disposition: str
) -> None:
    async def act(house: House) -> None:
        leg = ring(house)
        before(leg)
        await leg.over.wait()

    assert serve(act, lambda: House(tmp_path)).dispositions == [disposition]


def test_a_peer_that_vanishes_ends_the_call(tmp_path: Path) -> None:
    async def vanishes(phone: Phone) -> None:
        await phone.wait(1000)
        await phone.vanish()

    async def act(house: House) -> None:
        await ring(house, vanishes).over.wait()

    assert serve(act, lambda: House(tmp_path)).dispositions == ["interrupted_by_fault"]


def test_a_fault_before_the_answer_rejects_the_call(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def act(house: House) -> None:
        house.attendant = None  # type: ignore[assignment]  # whatever is broken there
        leg = ring(house)
        await leg.over.wait()
        assert leg.answers == [500]

    with caplog.at_level(logging.ERROR):
        serve(act, lambda: House(tmp_path))
    assert "over trunk office could not be answered: AttributeError" in caplog.text
    assert THEIRS not in caplog.text


def test_cancelling_the_reception_hangs_up_on_everybody(tmp_path: Path) -> None:
    async def main() -> None:
        house = House(tmp_path)
        serving = asyncio.create_task(house.reception.serve(cast(Arrivals, house.line.incoming)))
        legs = [ring(house, call_id=f"in-{number}") for number in range(3)]
        for leg in legs:
            await leg.picked_up.wait()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        assert all(leg.over.is_set() for leg in legs)
        assert all(leg.media is not None and leg.media.closed for leg in legs)
        assert [house.log(f"in-{number}")[-1]["kind"] for number in range(3)] == ["ended"] * 3

    run_virtual(main())


# ---------------------------------------------------------------- a person


def person_route(house: House, order: Callable[[IncomingLeg], DialOrder] = lambda leg: PERSON) -> Talk:
    async def nobody(act: Transfer, call_id: str) -> DialOrder | None:
        return None

    return connect(Switchboard(cast(LineDriver, house.line), nobody, fake_bridge), order)


def test_a_person_is_joined_until_one_hangs_up(tmp_path: Path) -> None:
    async def person(phone: Phone) -> None:
        await phone.ring()
        await phone.wait(1000)
        await phone.answer()
        await phone.wait(5000)
        await phone.hang_up()

    async def act(house: House) -> None:
        house.talk = person_route(house)
        await ring(house).over.wait()

    house = serve(act, lambda: House(tmp_path, person=person))
    assert house.dispositions == ["completed"]
    assert [line["kind"] for line in house.log()].count("bridged") == 1
    assert [line.get("leg", "") for line in house.log() if line["kind"] == "rtp"] == ["desk", ""]


def test_nobody_comes_or_nobody_may_be_rung(tmp_path: Path) -> None:
    async def busy(phone: Phone) -> None:
        await phone.reject(486)

    def refuse(leg: IncomingLeg) -> DialOrder:
        raise RefusedError("outside of the window")

    async def act(house: House) -> None:
        house.talk = person_route(house)
        await ring(house).over.wait()
        house.talk = person_route(house, refuse)
        await ring(house, call_id="in-2").over.wait()

    house = serve(act, lambda: House(tmp_path, person=busy))
    assert house.dispositions == ["interrupted_by_fault"] * 2
    assert [line["message"] for line in house.log() if line["kind"] == "fault"] == ["nobody came to the phone"]
    assert [line["message"] for line in house.log("in-2") if line["kind"] == "fault"] == ["outside of the window"]


# ---------------------------------------------------------------- stopping


class Serving:
    """A service around a house; `events`: what it asked of its line."""

    def __init__(self, house: House, finish: float = 20.0, wrong_file: bool = False) -> None:
        self.house = house
        self.events: list[str] = []
        self.wrong_file = wrong_file
        self.service = LineService(
            house.reception,
            cast(Arrivals, house.line.incoming),
            house.live,
            lambda: self.events.append("refuse"),
            self.close,
            self.reload,
            Bounds(finish=finish, goodbye=3.0, records=2.0),
        )

    async def close(self) -> None:
        self.events.append("close")
        await self.house.line.aclose()

    async def reload(self) -> None:
        if self.wrong_file:
            raise LineError("line.yaml: wrong")
        self.events.append("reload")


def stopped(folder: Path, caller: Caller, again_after_s: float | None = None) -> tuple[Serving, float]:
    """A service with one call is told to stop after a second; (what it did, seconds from then until it was over)."""

    async def main() -> tuple[Serving, float]:
        clock = asyncio.get_running_loop().time
        serving = Serving(House(folder))
        running = asyncio.create_task(serving.service.run())
        leg = ring(serving.house, caller)
        await leg.picked_up.wait()
        await asyncio.sleep(1)
        begun = clock()
        serving.service.stop()
        if again_after_s is not None:
            await asyncio.sleep(again_after_s)
            serving.service.stop()
        await running
        assert leg.over.is_set()
        assert serving.house.log()[-1]["kind"] == "ended"
        return serving, clock() - begun

    return run_virtual(main())


def test_a_live_call_may_finish(tmp_path: Path) -> None:
    serving, seconds = stopped(tmp_path, hangs_up)
    assert serving.events == ["refuse", "close"]
    assert seconds == pytest.approx(2, abs=0.5)


def test_a_call_that_does_not_finish_is_hung_up_at_the_bound(tmp_path: Path) -> None:
    serving, seconds = stopped(tmp_path, silent)
    assert serving.events == ["refuse", "close"]
    assert seconds == pytest.approx(20, abs=1)


def test_the_second_time_it_ends_at_once(tmp_path: Path) -> None:
    _, seconds = stopped(tmp_path, silent, again_after_s=2)
    assert seconds == pytest.approx(2, abs=0.5)


def test_it_reloads_and_survives_a_wrong_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> Serving:
        serving = Serving(House(tmp_path))
        running = asyncio.create_task(serving.service.run())
        for serving.wrong_file in (False, True, False):
            serving.service.reload()
            await asyncio.sleep(0.1)
        serving.service.stop()
        await running
        return serving

    with caplog.at_level(logging.INFO):
        assert run_virtual(main()).events == ["reload", "reload", "refuse", "close"]
    assert "not reloaded, what was there goes on: line.yaml: wrong" in caplog.text


def test_a_conversation_says_goodbye_at_the_bound_and_can_be_handed_over_before(tmp_path: Path) -> None:
    async def main() -> tuple[list[str], list[LiveCall]]:
        serving, told, asked = Serving(House(tmp_path)), list[str](), list[LiveCall]()

        async def hand_over(call: LiveCall) -> bool:
            asked.append(call)
            return False

        serving.service._hand_over = hand_over
        running = asyncio.create_task(serving.service.run())
        leg = ring(serving.house)
        await leg.picked_up.wait()
        await asyncio.sleep(0.5)
        (call,) = serving.house.live

        def wind_up() -> None:
            told.append("goodbye")
            asyncio.get_running_loop().create_task(leg.hangup("said goodbye"))

        call.wind_up = wind_up
        serving.service.stop()
        await running
        assert leg.hangups[0] == "said goodbye"
        return told, asked

    told, asked = run_virtual(main())
    assert (told, len(asked)) == (["goodbye"], 1)
