"""One run of the demo: the crowd, the robot, the calls, the results and the report."""

from __future__ import annotations

import uuid
import wave
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, get_args

import anyio.to_thread

from callwright.app import Desk, open_robot
from callwright.calls.disposition import Disposition
from callwright.calls.log import read_log
from callwright.calls.transcript import transcript
from callwright.compliance.decision import DialFacts, decide
from callwright.demo.console import Entry, fill_console
from callwright.demo.people import Crowd, open_crowd
from callwright.demo.run import (
    CALLER,
    REHEARSAL_CLOCK,
    DemoResult,
    check_folder,
    prepare_folder,
    ring_everybody,
    write_leads,
    write_results,
)
from callwright.dialogue.values import Transfer
from callwright.errors import ScriptError
from callwright.insight.player import small_audio
from callwright.insight.report import ReportCall, render_report
from callwright.script.builtin import template_path
from callwright.script.checks import check
from callwright.script.loader import load
from callwright.settings import Settings
from callwright.telephony.port import DialOrder

__all__ = ["Show", "run_demo"]

TEMPLATES = {"en": "appointment_en", "zh": "trial_lesson"}
DESK_NUMBER = {"en": "+12025550198", "zh": "+8617000099998"}
_TITLES = {"en": "callwright demo", "zh": "callwright 演示"}


@dataclass(frozen=True, slots=True)
class Show:
    """What is shown. out: the results folder; now: aware."""

    language: str
    calls: int
    robots: int
    seed: int
    out: Path
    now: datetime
    final_states: ClassVar[frozenset[str]] = frozenset(get_args(Disposition))


async def run_demo(show: Show, settings: Settings, watch: Callable[[str, str, str], None]) -> tuple[DemoResult, Entry]:
    """Run it to the end; the calls, and how to come into the console that shows them. Nothing is written before the people are at the
    phone and the robot is ready.

    Raises:
        InputError: the folder, a model or a voice cannot be used.
    """
    loaded = load(template_path(TEMPLATES[show.language]))
    errors = [problem for problem in check(loaded, show.now.date()) if problem.severity == "error"]
    if errors:
        raise ScriptError(errors)
    script, out = loaded.script, show.out
    await anyio.to_thread.run_sync(check_folder, out)
    async with open_crowd(show.language, show.calls, show.seed, settings.shared) as crowd:
        desk = _desk(show, crowd)
        robot_is_ready = open_robot(
            script, settings, recordings=loaded.folder, outbox=out / "outbox.jsonl", desk=desk, seed=show.seed
        )
        async with robot_is_ready as robot:
            await anyio.to_thread.run_sync(prepare_folder, out)
            await anyio.to_thread.run_sync(write_leads, out / "leads.csv", script, crowd.people, show.now)
            result = await ring_everybody(script, crowd, robot, show.robots, out, show.now, watch)
    await anyio.to_thread.run_sync(write_results, out, result)
    await anyio.to_thread.run_sync(_write_report, show, result)
    text = template_path(TEMPLATES[show.language]).read_text(encoding="utf-8")
    return result, await fill_console(settings, out, show.language, text, result.calls, show.now)


def _desk(show: Show, crowd: Crowd) -> Desk:
    number, caller = DESK_NUMBER[show.language], CALLER[show.language]

    async def desk(act: Transfer, call_id: str) -> DialOrder | None:
        facts = DialFacts(
            callee=number,
            caller=caller,
            owned_callers=frozenset({caller}),
            purpose="internal",
            basis="staff",
            local_time=datetime.combine(show.now.date(), REHEARSAL_CLOCK, show.now.tzinfo),
            frozen=False,  # our own people are on no list
            calls_today=0,
            clock="simulated",
        )
        permit = decide(facts, show.now).permit()
        return DialOrder(
            permit, f"sip:{number}@127.0.0.1:{crowd.desk_port}", uuid.uuid4().hex, ring_timeout_s=act.wait_s
        )

    return desk


def _write_report(show: Show, result: DemoResult) -> None:
    calls = []
    for call in result.calls:
        record, log = call.record, show.out / call.record.log
        calls.append(
            ReportCall(
                record=record,
                title=call.person.id,
                lines=tuple(transcript(read_log(log))) if log.is_file() else (),
                audio=_audio(show.out / record.recording) if record.recording else b"",
                expected=call.person.expected.label(),
                right=call.right,
            )
        )
    page = render_report(_TITLES[show.language], show.language, calls, f"{show.now:%Y-%m-%d %H:%M}")
    (show.out / "report.html").write_text(page, encoding="utf-8")


def _audio(recording: Path) -> bytes:
    """b"" for a recording that a full disk cut off before its header; the record's faults name it."""
    try:
        return small_audio(recording)
    except (OSError, EOFError, wave.Error):
        return b""
