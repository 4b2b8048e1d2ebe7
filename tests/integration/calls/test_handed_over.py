"""A robot that answered is handed over from one person to another, over real sockets: the second one is told who speaks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from callwright.calls.log import read_log
from callwright.calls.model import CallFiles
from callwright.script.loader import load
from callwright.telephony.port import DialOrder, IncomingLeg, LegAnswered
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipLeg
from callwright.telephony.sip.refer import Referred
from callwright.testing.robots import answer_everybody, stub_order, stub_robot

pytestmark = pytest.mark.integration

HOST = "127.0.0.1"
SCRIPT = load(Path(__file__).parents[2] / "fixtures" / "calls" / "visit.yaml").script


@dataclass
class Colleague:
    """Takes the place of whoever hands a call over: calls the robot's line, wherever the transfer points."""

    port: int
    new: list[SipLeg] = field(default_factory=list)

    async def allow(self, leg: SipLeg, request: Referred) -> DialOrder | None:
        return stub_order(self.port, "instead") if request.replaces is not None else None

    def placed(self, leg: SipLeg, new: SipLeg) -> None:
        self.new.append(new)


async def up(leg: SipLeg) -> None:
    async for event in leg.events():
        if isinstance(event, LegAnswered):
            return
    raise AssertionError("nobody answered")


async def incoming_leg(line: SipLine) -> IncomingLeg:
    async for leg in line.incoming():
        return leg
    raise AssertionError("nobody called")


def test_the_colleague_who_takes_the_call_over_hears_that_a_robot_speaks(tmp_path: Path) -> None:
    files = CallFiles(tmp_path, "call")
    saying: asyncio.Queue[str] = asyncio.Queue()

    def watch(state: str, sentence: str) -> None:
        if state == "speaking":
            saying.put_nowait(sentence)

    async def says(part: str) -> None:
        while part not in await saying.get():
            continue

    async def run() -> None:
        async with (
            asyncio.timeout(60),
            RtpEngine.start() as engine,
            SipLine.open(HOST, engine=engine) as ours,
            RtpEngine.start() as theirs,
            SipLine.open(HOST, engine=theirs, refer=(colleague := Colleague(ours.address[1]))) as second,
            SipLine.open(HOST, engine=theirs) as first,
        ):
            attending = asyncio.create_task(answer_everybody(second))
            to_colleague = await first.place(stub_order(second.address[1], "colleague"))
            await up(to_colleague)
            to_robot = await first.place(stub_order(ours.address[1], "robot"))
            robot = stub_robot(SCRIPT, ours, tmp_path)
            call = asyncio.create_task(robot.answer(await incoming_leg(ours), {"name": "Ann"}, files, watch))
            await up(to_robot)
            await says("AI assistant")
            codes = [progress.code async for progress in to_colleague.transfer_to(to_robot)]
            assert codes[-1] == 200
            await says("Yes, a robot.")
            await says("work")  # the question, behind the opening when that was cut off
            await colleague.new[0].hangup()
            record = await call
            await to_colleague.hangup()
            attending.cancel()
            await asyncio.gather(attending, return_exceptions=True)
            assert (record.disposition, record.faults) == ("hung_up", ())

    asyncio.run(run())
    log = read_log(files.log)
    said = [line["source"] for line in log if line["kind"] == "said"]
    assert [line["kind"] for line in log if line["kind"] in ("replaced", "disclosed")] == ["replaced", "disclosed"]
    assert said[:3] == ["node:opening/say/0", "node:ask/say/0", "global:robot/say/0"]
    assert said.count("global:robot/say/0") == 1
    assert said[-1].startswith("node:ask/")
