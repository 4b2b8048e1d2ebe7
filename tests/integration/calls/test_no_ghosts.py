"""However a call of the robot is cut, over real sockets: the far side gets its BYE (or CANCEL, or a refusal), and nothing is left open."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from callwright.calls.log import read_log
from callwright.calls.model import CallFiles, CallRecord
from callwright.calls.robot import Robot
from callwright.script.loader import load
from callwright.telephony.port import IncomingLeg, LegAnswered, LegEnded, LegEvent
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.testing.robots import stub_order, stub_robot
from callwright.testing.stub_speech import Script as Recognition
from callwright.testing.stub_speech import StubRecogniser, StubVoice, Utterances

pytestmark = pytest.mark.integration

HOST = "127.0.0.1"
SCRIPT = load(Path(__file__).parents[2] / "fixtures" / "calls" / "visit.yaml").script
PATIENCE_S = 60


class BrokenVoice(StubVoice):
    """Fails at the first sentence: a mistake of ours in the middle of a conversation."""

    async def prepare(self, *about: Any, **more: Any) -> Any:
        raise ValueError("a mistake of ours")


class DyingRecogniser(StubRecogniser):
    """Cannot be opened: its process is dead."""

    def __init__(self) -> None:
        super().__init__(Utterances(), Recognition(unopened=RuntimeError("the recogniser is dead")))


@dataclass
class Far:
    """The far side. `ended`: how each of its legs ended, in its own eyes."""

    line: SipLine
    ended: list[tuple[str, str]] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def hold(self, events: AsyncIterator[LegEvent]) -> None:
        async for event in events:
            if isinstance(event, LegAnswered):
                self.answered.set()
            if isinstance(event, LegEnded):
                self.ended.append((event.cause, event.by))
                self.over.set()

    async def take(self, answers: bool) -> None:
        async for leg in self.line.incoming():
            await leg.ring()
            if answers:
                await leg.answer()
            await self.hold(leg.events())


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@asynccontextmanager
async def lines() -> AsyncIterator[tuple[SipLine, Far]]:
    async with (
        asyncio.timeout(PATIENCE_S),
        RtpEngine.start() as engine,
        SipLine.open(HOST, engine=engine, media_timeout_s=2, grace_s=1) as ours,
        RtpEngine.start() as theirs,
        SipLine.open(HOST, engine=theirs, grace_s=1) as far,
    ):
        yield ours, Far(far)


Cut = Callable[["asyncio.Task[CallRecord]", SipLine, Far], Coroutine[None, None, None]]


async def nothing(call: asyncio.Task[CallRecord], ours: SipLine, far: Far) -> None:
    """The robot itself breaks."""


async def cancel(call: asyncio.Task[CallRecord], ours: SipLine, far: Far) -> None:
    await far.answered.wait()
    call.cancel()


async def close(call: asyncio.Task[CallRecord], ours: SipLine, far: Far) -> None:
    await far.answered.wait()
    await ours.aclose()


async def silence(call: asyncio.Task[CallRecord], ours: SipLine, far: Far) -> None:
    """The far side's audio stops although it is there: what a crashed media server looks like."""
    await far.answered.wait()
    for leg in far.line._legs.values():
        if leg.media is not None:
            await leg.media.close()


WAYS: dict[str, tuple[dict[str, Any], Cut]] = {
    "a-mistake-in-the-conversation": ({"voice": BrokenVoice()}, nothing),
    "the-recogniser-is-dead": ({"recogniser": DyingRecogniser}, cancel),
    "cancelled": ({}, cancel),
    "the-line-closes": ({}, close),
    "the-audio-is-gone": ({}, silence),
}


def robot_on(line: SipLine, folder: Path, more: dict[str, Any]) -> Robot:
    make = more.get("recogniser", lambda: StubRecogniser(Utterances()))
    return stub_robot(SCRIPT, line, folder, voice=more.get("voice"), recogniser=make())


async def incoming_leg(line: SipLine) -> IncomingLeg:
    async for leg in line.incoming():
        return leg
    raise AssertionError("nobody called")


async def run(folder: Path, way: str, direction: str) -> Far:
    more, cut = WAYS[way]
    files = CallFiles(folder, "call")
    async with lines() as (ours, far):
        robot = robot_on(ours, folder, more)
        if direction == "out":
            holding = asyncio.create_task(far.take(answers=True))
            call = asyncio.create_task(robot.call(stub_order(far.line.address[1], "ghost"), {"name": "Ann"}, files))
        else:
            calling = await far.line.place(stub_order(ours.address[1], "ghost"))
            holding = asyncio.create_task(far.hold(calling.events()))
            call = asyncio.create_task(robot.answer(await incoming_leg(ours), {"name": "Ann"}, files))
        cutting = asyncio.create_task(cut(call, ours, far))
        await asyncio.wait([call])
        await cutting
        await far.over.wait()  # its BYE is on the way
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return far


@pytest.mark.parametrize("direction", ["out", "in"])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_a_call_is_cut_ends_the_leg(tmp_path: Path, way: str, direction: str) -> None:
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    before = open_files()
    far = asyncio.run(run(tmp_path, way, direction))
    assert far.ended == [("bye", "peer")]
    assert open_files() == before
    log = read_log(tmp_path / "events" / "call.jsonl")
    assert log[-1]["kind"] == "ended"
    assert any(line["kind"] == "sip" and line["line"].startswith("BYE") for line in log)


async def ringing(folder: Path) -> Far:
    async with lines() as (ours, far):
        holding = asyncio.create_task(far.take(answers=False))
        robot = robot_on(ours, folder, {})
        rang = asyncio.Event()
        told = lambda state, said: rang.set() if state == "ringing" else None  # noqa: E731
        order = stub_order(far.line.address[1], "ghost")
        call = asyncio.create_task(robot.call(order, {"name": "Ann"}, CallFiles(folder, "call"), told))
        await rang.wait()
        call.cancel()
        await asyncio.wait([call])
        await far.over.wait()
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
    return far


def test_a_call_cut_while_it_rings_is_cancelled(tmp_path: Path) -> None:
    before = open_files()
    assert asyncio.run(ringing(tmp_path)).ended == [("cancelled", "peer")]
    assert open_files() == before
    kinds = [line["kind"] for line in read_log(tmp_path / "events" / "call.jsonl")]
    assert kinds[-1] == "ended"
