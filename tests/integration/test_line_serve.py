"""`callwright line serve` as a process: answers by routes, refuses what it must, drains, reloads, and leaves no call behind."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sys
import urllib.request
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from callwright.calls.log import read_log
from callwright.cli.main import app
from callwright.errors import InputError
from callwright.script.builtin import template_path
from callwright.telephony.port import LegAnswered, LegEnded, LegEvent, LegRejected
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipLeg
from callwright.testing.robots import stub_order
from callwright.testing.sipp import HOST, free_port, sipp

pytestmark = [pytest.mark.integration, pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is not installed")]

SCENARIOS = Path(__file__).parent / "sipp"
ECHO, TOLD, PERSON, ROBOT = "+861085550001", "+861085550002", "+861085550003", "+861085550004"
NOBODY = "+861085550009"
PATIENCE_S = 120


def line_file(folder: Path, port: int, peer: int, more: str = "") -> Path:
    """A trunk at `peer`, and routes; a second of silence as announcement."""
    sound = folder / "told.wav"
    with wave.open(str(sound), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(16_000))
    path = folder / "line.yaml"
    path.write_text(
        f"""format: line/1
trunks:
  - name: office
    proxy: sip:{HOST}:{peer}
    local: {{host: {HOST}, port: {port}}}
    numbers: ["+861085550000"]
    sources: [{HOST}]
    options_s: 0
inbound:
  - {{number: "{ECHO}", echo: true}}
  - {{number: "{TOLD}", announcement: told.wav}}
  - {{number: "{PERSON}", transfer: "sip:200@{HOST}:{peer}"}}
{more}  - {{default: true, reject: 404}}
""",
        encoding="utf-8",
    )
    return path


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds of another process."""
    for _ in range(PATIENCE_S * 50):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen in time")


class Process:
    """The serving process. `said`: its log so far."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, port: int, metrics_port: int) -> None:
        self.process = process
        self.folder = folder
        self.port = port
        self.metrics_port = metrics_port
        self.said = ""

    async def read(self) -> None:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            self.said += line.decode()

    async def until_said(self, words: str) -> None:
        await until(lambda: words in self.said)

    def tell(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()

    def scrape(self) -> str:
        with urllib.request.urlopen(f"http://{HOST}:{self.metrics_port}/metrics", timeout=20) as answer:
            return str(answer.read().decode())

    def logs(self) -> list[list[dict[str, Any]]]:
        return [read_log(path) for path in sorted((self.folder / "calls").glob("*/events/*.jsonl"))]

    async def live(self, count: int) -> None:
        """Wait until so many calls are connected."""
        await until(lambda: sum(any(line["kind"] == "connected" for line in log) for log in self.logs()) >= count)


@asynccontextmanager
async def serving(folder: Path, peer: int, *options: str, more: str = "") -> AsyncIterator[Process]:
    port, metrics_port = free_port(), free_port()
    file = line_file(folder, port, peer, more)
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("callwright")),
        *("line", "serve", str(file), "--out", str(folder / "calls"), "--metrics", f"{HOST}:{metrics_port}"),
        *options,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    served = Process(process, folder, port, metrics_port)
    reading = asyncio.create_task(served.read())
    try:
        assert process.stdout is not None
        first = await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)
        assert first.startswith(b"serving "), served.said
        yield served
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reading


@asynccontextmanager
async def trunk() -> AsyncIterator[SipLine]:
    """The far side of the trunk: a line of our own."""
    async with RtpEngine.start() as engine, SipLine.open(HOST, engine=engine, grace_s=0.5) as line:
        yield line


async def rings(line: SipLine, served: Process, number: str, call_id: str = "one") -> SipLeg:
    order = stub_order(served.port, call_id, callee=number)
    return await line.place(order)


async def course(leg: SipLeg, when_answered: Callable[[], Awaitable[object]] | None = None) -> list[LegEvent]:
    """Every event of a leg."""
    seen = []
    async with asyncio.timeout(PATIENCE_S):
        async for event in leg.events():
            seen.append(event)
            if isinstance(event, LegAnswered) and when_answered is not None:
                await when_answered()
    return seen


def how(events: list[LegEvent]) -> tuple[str, str]:
    assert isinstance(events[-1], LegEnded)
    return events[-1].cause, events[-1].by


def code(events: list[LegEvent]) -> int:
    return next(event.code for event in events if isinstance(event, LegRejected))


async def answering(folder: Path) -> None:
    async with trunk() as line, serving(folder, line.address[1]) as served:
        told = await course(await rings(line, served, TOLD, "told"))
        assert how(told) == ("bye", "peer")  # the announcement is over
        echo = await rings(line, served, ECHO, "echo")
        heard: list[float] = []

        async def talk() -> None:
            media = echo.media
            assert media is not None
            media.listen(lambda frame: heard.append(frame.energy or 0), lambda digit: None)
            media.play(bytes([0x25]) * 16_000)
            await until(lambda: max(heard, default=0) > 1_000)
            await echo.hangup()

        assert how(await course(echo, talk)) == ("bye", "us")
        assert code(await course(await rings(line, served, NOBODY, "nobody"))) == 404
        await served.until_said("echo: hung_up")
        shown = served.scrape()
        assert 'callwright_calls_total{direction="in",disposition="completed",trunk="office"} 1.0' in shown
        assert 'callwright_calls_refused_total{code="404",trunk="office"} 1.0' in shown
        served.tell(signal.SIGTERM)
        assert await served.ended() == 0
        assert [log[-1]["kind"] for log in served.logs()] == ["ended", "ended"]
        assert "+8610" not in served.said


def test_calls_are_answered_by_their_routes(tmp_path: Path) -> None:
    asyncio.run(answering(tmp_path))


async def draining(folder: Path) -> None:
    async with trunk() as line, serving(folder, line.address[1], "--drain", "60") as served:
        echo = await rings(line, served, ECHO, "before")

        async def stop() -> None:
            await served.live(1)
            served.tell(signal.SIGTERM)
            await served.until_said("draining: no new calls, 1 live")
            assert code(await course(await rings(line, served, ECHO, "while"))) == 503
            assert "callwright_draining 1.0" in served.scrape()
            assert served.process.returncode is None
            await echo.hangup()

        assert how(await course(echo, stop)) == ("bye", "us")
        assert await served.ended() == 0


def test_a_live_call_finishes_while_new_ones_are_refused(tmp_path: Path) -> None:
    asyncio.run(draining(tmp_path))


async def at_once(folder: Path, *options: str, signals: int) -> None:
    """sipp insists on being hung up on."""
    peer = free_port()
    async with (
        serving(folder, peer, *options) as served,
        sipp(folder, SCENARIOS / "uac_held.xml", f"{HOST}:{served.port}", "-s", ECHO, port=peer) as caller,
    ):
        await served.live(1)
        for _ in range(signals):
            served.tell(signal.SIGTERM)
            await served.until_said("draining")
        await caller.passed()
        assert await served.ended() == 0
        assert served.logs()[0][-1]["kind"] == "ended"


def test_a_second_signal_hangs_up_at_once(tmp_path: Path) -> None:
    asyncio.run(at_once(tmp_path, "--drain", "600", signals=2))


def test_the_bound_hangs_up(tmp_path: Path) -> None:
    asyncio.run(at_once(tmp_path, "--drain", "0.2", signals=1))


def test_the_longest_duration_hangs_up(tmp_path: Path) -> None:
    async def run() -> None:
        peer = free_port()
        async with (
            serving(tmp_path, peer, "--max-minutes", "0.1") as served,
            sipp(tmp_path, SCENARIOS / "uac_held.xml", f"{HOST}:{served.port}", "-s", ECHO, port=peer) as caller,
        ):
            await caller.passed()
            await served.until_said("hung_up")

    asyncio.run(run())


async def reloading(folder: Path) -> None:
    async with trunk() as line, serving(folder, line.address[1]) as served:
        echo = await rings(line, served, ECHO, "kept")

        async def reload() -> None:
            await served.live(1)
            file = folder / "line.yaml"
            good = file.read_text(encoding="utf-8")
            file.write_text(good + "wrong: key\n", encoding="utf-8")
            served.tell(signal.SIGHUP)
            await served.until_said("not reloaded, what was there goes on")
            assert "unknown-key" in served.said
            file.write_text(good.replace(f'"{ECHO}", echo: true', f'"{ECHO}", reject: 603'), encoding="utf-8")
            served.tell(signal.SIGHUP)
            await served.until_said("INFO reloaded")
            assert code(await course(await rings(line, served, ECHO, "new"))) == 603
            assert served.logs()[0][-1]["kind"] != "ended"  # the call of before goes on
            await echo.hangup()

        assert how(await course(echo, reload)) == ("bye", "us")
        assert 'callwright_reloads_total{result="refused"} 1.0' in served.scrape()


def test_a_wrong_file_is_reported_and_a_right_one_is_taken(tmp_path: Path) -> None:
    asyncio.run(reloading(tmp_path))


async def killed(folder: Path) -> None:
    async with trunk() as line:
        async with serving(folder, line.address[1]) as served:
            leg = await rings(line, served, ECHO, "killed")

            async def kill() -> None:
                await served.live(1)
                served.tell(signal.SIGKILL)
                await served.ended()

            answered = asyncio.create_task(course(leg, kill))
            await served.ended()
            answered.cancel()
        command = [
            str(Path(sys.executable).with_name("callwright")),
            "calls",
            "recover",
            str(folder / "calls"),
            "--json",
        ]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        assert [call["answered"] for call in json.loads(out)["calls"]] == [True]


def test_a_killed_process_leaves_its_calls_to_be_reported(tmp_path: Path) -> None:
    asyncio.run(killed(tmp_path))


async def person(folder: Path) -> None:
    async with trunk() as line, serving(folder, line.address[1]) as served:

        async def desk() -> None:
            async for leg in line.incoming():
                assert leg.called == "200"
                await leg.ring()
                await leg.answer()
                await until(lambda: any(entry["kind"] == "bridged" for log in served.logs() for entry in log))
                await leg.hangup()

        at_the_desk = asyncio.create_task(desk())
        assert how(await course(await rings(line, served, PERSON, "person"))) == ("bye", "peer")
        at_the_desk.cancel()
        await asyncio.gather(at_the_desk, return_exceptions=True)
        await served.until_said("transfer: completed")


def test_a_call_is_connected_with_a_person(tmp_path: Path) -> None:
    asyncio.run(person(tmp_path))


async def robot(folder: Path) -> None:
    shutil.copy(template_path("appointment_en"), folder / "visit.yaml")
    told = ("name=Ann", "company=Acme Heating", "item=boiler check", "visit=Tuesday at ten")
    async with trunk() as line:
        options = (
            "--drain",
            "20",
            "--desk",
            f"sip:200@{HOST}:{line.address[1]}",
            "--recognisers",
            "1",
            *(part for one in told for part in ("--var", one)),
        )
        async with serving(
            folder, line.address[1], *options, more=f'  - {{number: "{ROBOT}", script: visit.yaml}}\n'
        ) as served:
            assert "callwright_recognisers 1.0" in served.scrape()
            leg = await rings(line, served, ROBOT, "robot")
            heard: list[float] = []

            async def listen() -> None:
                assert leg.media is not None
                leg.media.listen(lambda frame: heard.append(frame.energy or 0), lambda digit: None)
                await until(lambda: sum(energy > 10_000 for energy in heard) > 50)  # a second of voice
                served.tell(signal.SIGTERM)

            async def desk() -> None:
                async for other in line.incoming():
                    await other.answer()
                    await until(lambda: any(entry["kind"] == "bridged" for log in served.logs() for entry in log))
                    await other.hangup()

            at_the_desk = asyncio.create_task(desk())
            assert how(await course(leg, listen)) == ("bye", "peer")
            assert await served.ended() == 0
            at_the_desk.cancel()
            await asyncio.gather(at_the_desk, return_exceptions=True)
            (log,) = served.logs()
            assert log[0]["trunk"] == "office"
            assert (log[-1]["kind"], log[-1]["disposition"]) == ("ended", "transferred")
            assert [line.get("leg", "") for line in log if line["kind"] == "rtp"] == ["desk", ""]


def test_a_robot_answers_and_hands_over_to_the_desk_when_it_is_stopped(tmp_path: Path) -> None:
    asyncio.run(robot(tmp_path))


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (("echo: true", "script: nowhere.yaml"), (), "there is no file nowhere.yaml"),
        (("sip:200@", "sip:reception@"), (), "has no number to dial"),
        (("echo: true", "script: visit.yaml"), ("--var", "name=Ann"), "has no value for company, item, visit"),
        (("", ""), ("--var", "nothing"), "`nothing` is no variable"),
        (("", ""), ("--metrics", "nowhere"), "is no address to serve metrics on"),
        (("", ""), ("--desk", "sip:reception@192.0.2.1"), "has no number to dial"),
    ],
)
def test_what_cannot_be_served_is_said_before_anything_is_opened(
    tmp_path: Path, change: tuple[str, str], options: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callwright.cli.line.log_to_stderr", lambda **how: None)
    file = line_file(tmp_path, free_port(), free_port())
    shutil.copy(template_path("appointment_en"), tmp_path / "visit.yaml")
    file.write_text(file.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    done = CliRunner().invoke(
        app, ["line", "serve", str(file), "--out", str(tmp_path / "calls"), "--metrics", "off", *options]
    )
    assert isinstance(done.exception, InputError), done.output
    assert message in str(done.exception)


async def strained(folder: Path) -> None:
    async with trunk() as line, serving(folder, line.address[1]) as served:
        echo = await rings(line, served, ECHO, "echo")

        async def halted() -> None:
            """Its processor is taken away again and again, as by too much work."""
            while "no new call is taken" not in served.said:
                served.tell(signal.SIGSTOP)
                await asyncio.sleep(0.4)  # how long the processor is gone: twenty ticks
                served.tell(signal.SIGCONT)
                await asyncio.sleep(0.6)
            assert code(await course(await rings(line, served, TOLD, "turned-away"))) == 503
            assert "callwright_resting 1.0" in served.scrape()
            await served.until_said("new calls are taken again")
            assert "callwright_resting 0.0" in served.scrape()
            assert how(await course(await rings(line, served, TOLD, "told"))) == ("bye", "peer")
            await echo.hangup()

        assert how(await course(echo, halted)) == ("bye", "us")
        served.tell(signal.SIGTERM)
        assert await served.ended() == 0


def test_a_machine_that_does_not_keep_up_takes_no_new_call(tmp_path: Path) -> None:
    asyncio.run(strained(tmp_path))
