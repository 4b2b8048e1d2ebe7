"""One call from the dial to the record: calls that are not answered, faults of the line and of the disk, cancelling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from callwright.calls.model import CallFiles
from callwright.dialogue.values import Do
from callwright.errors import InputError, LineError, RefusedError
from callwright.telephony.port import DialOrder
from callwright.testing.loopback import FakeLeg, Phone
from callwright.testing.virtual_time import run_virtual

if TYPE_CHECKING:
    from tests.unit.calls.conftest import Bench, MemoryOutbox

    Make = Callable[..., Bench]


@pytest.mark.parametrize(
    ("code", "disposition"), [(486, "busy"), (603, "rejected"), (404, "empty_number"), (503, "network_fault")]
)
def test_rejections_have_names(bench: Bench, code: int, disposition: str) -> None:
    async def callee(phone: Phone) -> None:
        await phone.ring()
        await phone.reject(code, "No")

    record = bench.call(callee)
    assert (record.disposition, record.answered, record.recording, record.code) == (disposition, False, "", code)
    assert [line["kind"] for line in bench.log()] == ["placed", "ringing", "rejected", "released", "ended"]


def test_nobody_picks_up(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.ring()
        await phone.wait(20_000)
        phone.leg.end("no_answer", "us")

    record = bench.call(callee)
    assert (record.disposition, record.ring_ms) == ("no_answer", 20_000)


def test_no_way_to_the_target(bench: Bench) -> None:
    record = bench.call(_silent, target="sip:nobody@127.0.0.1")
    assert (record.disposition, record.cause) == ("network_fault", "transport_error")
    assert record.faults == ("there is no way to this target",)


def test_an_answer_without_audio_is_hung_up(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer_without_audio()

    record = bench.call(callee)
    assert (record.disposition, record.faults) == ("interrupted_by_fault", ("answered without audio",))
    assert bench.line.legs[0].hangups


def test_a_missing_variable_rings_nobody(bench: Bench) -> None:
    bench.variables = {}
    with pytest.raises(InputError, match="no value for name"):
        bench.call(_silent)
    assert bench.line.legs == []


def test_a_full_disk_is_named_and_the_call_goes_on(bench: Bench, full_outbox: MemoryOutbox) -> None:
    bench.outbox = full_outbox
    (bench.folder / "events").write_text("in the way of the folder")
    (bench.folder / "recordings").write_text("in the way too")
    (bench.folder / "transcripts").write_text("and here")

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hello", 400)
        await phone.hears("Does that work")
        await phone.say("stop calling me")

    record = bench.call(callee)
    assert (record.disposition, record.recording) == ("opted_out", "")
    named = sorted(fault.split(":")[0] for fault in record.faults)
    assert named == ["freeze could not be kept", "log", "recording", "recording", "transcript"]


def test_a_watcher_sees_every_state(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.ring()
        await phone.answer()
        await phone.say("hello", 400)
        await phone.hears("Does that work")
        await phone.say("yes")

    bench.call(callee)
    assert [state for state, _ in bench.said] == [
        "trying",
        "ringing",
        "answered",
        "speaking",
        "speaking",
        "heard",
        "speaking",
        "completed",
    ]


@pytest.mark.parametrize("after_ms", [0, 200, 1500, 3000, 9000])
def test_cancelling_a_call_frees_everything(bench: Bench, after_ms: int) -> None:
    """While it rings, is greeted, speaks, listens."""

    async def callee(phone: Phone) -> None:
        await phone.ring()
        await phone.wait(500)
        await phone.answer()

    async def cancelled() -> int:
        task = asyncio.create_task(bench.place(callee))
        await asyncio.sleep(after_ms / 1000)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.01)
        return len(asyncio.all_tasks()) - 1

    assert run_virtual(cancelled()) == 0
    for leg in bench.line.legs:
        assert leg.over.is_set()
        assert leg.media is None or leg.media.closed
        assert leg.hangups
    assert all(stream.closed for stream in bench.recogniser.streams)
    if bench.line.legs:
        assert bench.log()[-1]["kind"] == "ended"


def test_a_line_that_refuses_the_order_is_no_fault_of_the_others(bench: Bench) -> None:
    class Refusing:
        async def place(self, order: DialOrder) -> FakeLeg:
            raise RefusedError("the permit does not cover the order")

    bench.parts["line"] = Refusing()
    record = bench.call(_silent)
    assert (record.disposition, record.cause) == ("not_allowed", "refused")


@pytest.mark.parametrize("error", [LineError("the socket is gone"), ValueError("a mistake of the driver")])
def test_a_driver_that_breaks_in_the_middle(bench: Bench, error: Exception) -> None:
    async def callee(phone: Phone) -> None:
        await phone.ring()
        await phone.answer()
        await phone.hears("AI assistant")
        phone.leg.put(error)

    record = bench.call(callee)
    assert record.disposition == "interrupted_by_fault"
    assert any(str(error) in fault for fault in record.faults)


async def _silent(phone: Phone) -> None:
    await phone.ring()


def test_files_stand_beside_the_record(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hello", 400)
        await phone.hears("Does that work")
        await phone.say("no", 900)

    record = bench.call(callee)
    files: dict[str, Any] = {"recording": record.recording, "transcript": record.transcript, "log": record.log}
    assert {name for name, path in files.items() if not Path(path).is_file()} == set()
    assert all(
        Path(files[name]).stat().st_mode & 0o077 == 0 for name in ("transcript", "log")
    )  # what was said is nobody else's business
    text = Path(record.transcript).read_text(encoding="utf-8")
    assert "caller  no" in text
    assert "+12025550123" not in text + Path(record.log).read_text(encoding="utf-8")
    assert record.log == str(CallFiles(bench.folder, "call").log)


def test_an_opt_out_is_kept_although_the_call_is_cancelled(bench: Bench) -> None:
    """A slow_outbox: the call is cancelled while the opt-out is on its way there."""
    put, asked = bench.outbox.put, asyncio.Event()

    async def slowly(call_id: str, number: str, act: Do) -> None:
        asked.set()
        await asyncio.sleep(1)
        await put(call_id, number, act)

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hello", 400)
        await phone.hears("Does that work")
        await phone.say("stop calling me")

    async def cancelled() -> None:
        task = asyncio.create_task(bench.place(callee))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    bench.outbox.put = slowly  # type: ignore[method-assign]
    run_virtual(cancelled())
    assert [kind for kind, _ in bench.outbox.kept] == ["freeze"]
