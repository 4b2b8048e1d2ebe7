"""A call that nobody dialled and that leaves nothing behind: how a script is tried."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from tests.unit.calls.conftest import CALLEE, Bench, order

from callwright.calls.live import LiveCall, LiveCalls
from callwright.calls.model import CallRecord
from callwright.telephony.port import Leg
from callwright.testing.loopback import Phone
from callwright.testing.virtual_time import run_virtual


async def yes(phone: Phone) -> None:
    await phone.answer()
    await phone.hears("Does that work")
    await phone.say("yes that works")
    await phone.hears("Goodbye")


def test_it_talks_as_any_call_and_keeps_nothing(bench: Bench, tmp_path: Path) -> None:
    lines: list[Mapping[str, Any]] = []
    live = LiveCalls()

    def watch(call: LiveCall) -> None:
        call.log.watchers.append(lines.append)

    live.on_begin.append(watch)
    bench.parts = {"live": live}

    async def rehearsed() -> CallRecord:
        robot = bench.robot(yes)
        return await robot.rehearse(cast(Leg, await bench.line.place(order(CALLEE))), bench.variables)

    record = run_virtual(rehearsed())
    assert (record.end, record.tags) == ("done", ("confirmed",))
    assert ("note", "visit confirmed") in bench.outbox.kept
    assert (record.recording, record.transcript, record.log, record.number) == ("", "", "", "***")
    assert not record.faults
    assert bench.line.legs[0].media is not None
    assert bench.line.legs[0].media.recording == ""
    assert list(tmp_path.iterdir()) == []
    told = [str(line["kind"]) for line in lines]
    assert {"partial", "utterance", "understood", "next", "saying", "prompt"} <= set(told)


def test_a_script_for_callers_greets_without_waiting_for_a_greeting(bench: Bench) -> None:
    async def begun_ms(incoming: bool) -> int:
        said: list[int] = []

        async def listens(phone: Phone) -> None:
            await phone.answer()
            await phone.hears("Home Care")
            await phone.hang_up()

        def watch(call: LiveCall) -> None:
            call.log.watchers.append(lambda line: said.append(line["at_ms"]) if line["kind"] == "saying" else None)

        live = LiveCalls()
        live.on_begin.append(watch)
        bench.parts = {"live": live}
        robot = bench.robot(listens)
        await robot.rehearse(cast(Leg, await bench.line.place(order(CALLEE))), bench.variables, incoming=incoming)
        return said[0]

    assert run_virtual(begun_ms(True)) + 500 < run_virtual(begun_ms(False))
