"""The robot of `callwright bench soak --robot`, a process of its own: answers every call, talks, and looks at what each call left behind.

    python -m callwright.bench.soak_robot FOLDER

Prints one line of JSON when it can be called, and another one for each line that comes on standard input: what it holds, and what was
found wrong. It ends with its input. The files of a call are removed once they were looked at.
"""

from __future__ import annotations

import asyncio
import sys
import wave
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from callwright.app import open_speech, robot_of
from callwright.bench.density_robot import SCRIPT
from callwright.bench.other_side import nobody, tell
from callwright.bench.soak_deeds import TEXTS, deed
from callwright.bench.upkeep import held, resident_mb
from callwright.calls.log import read_log
from callwright.calls.model import CallFiles, CallRecord
from callwright.calls.outbox import FileOutbox
from callwright.calls.robot import Robot
from callwright.errors import CallwrightError
from callwright.recognisers import Ears
from callwright.script.loader import load
from callwright.settings import Settings
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipIncomingLeg
from callwright.testing.said_in_order import SaidInOrder

__all__ = ["main", "wrong_with"]

HOST = "127.0.0.1"


def wrong_with(record: CallRecord, files: CallFiles, caller: str) -> str:
    """What is not right about a call that is over, "" = nothing: how it ended, its faults, its log, its recording."""
    right = deed(caller)
    if record.faults:
        return f"{right.name}: {record.faults[0]}"
    if record.end not in right.ends:
        return f"{right.name}: ended as {record.end or 'nothing'}"
    try:
        kinds = [line["kind"] for line in read_log(files.log)]
        with wave.open(str(files.recording), "rb") as recording:
            seconds = recording.getnframes() / recording.getframerate()
    except (OSError, EOFError, wave.Error, CallwrightError) as error:
        return f"{right.name}: {type(error).__name__} of its files"
    if "ended" not in kinds:
        return f"{right.name}: its log has no end"
    if seconds * 1000 < record.talk_ms - 500:
        return f"{right.name}: its recording is too short"
    return ""


class _Calls:
    """Answers, and counts what becomes of it."""

    def __init__(self, robot: Robot, folder: Path) -> None:
        self._robot = robot
        self._folder = folder
        self.ended = 0
        self.wrong: Counter[str] = Counter()

    async def take(self, line: SipLine) -> None:
        async with asyncio.TaskGroup() as tasks:
            number = 0
            async for leg in line.incoming():
                number += 1
                tasks.create_task(self._one(leg, f"{number:06d}"))

    async def _one(self, leg: SipIncomingLeg, name: str) -> None:
        files = CallFiles(self._folder, name)
        record = await self._robot.answer(leg, {"company": "Home Care"}, files)
        wrong = await asyncio.to_thread(_look, record, files, leg.caller)
        self.ended += 1
        if wrong:
            self.wrong[wrong] += 1


def _look(record: CallRecord, files: CallFiles, caller: str) -> str:
    wrong = wrong_with(record, files, caller)
    for file in (files.log, files.recording, files.transcript):
        file.unlink(missing_ok=True)
    return wrong


async def main(folder: Path) -> None:
    """Until standard input ends."""
    stub = Ears(SaidInOrder(TEXTS), lambda language: 0.5, lambda: 0)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    settings = Settings.from_environment()
    async with (
        open_speech(load(SCRIPT).script, settings, recordings=None, workers=1, hearing=stub) as speech,
        RtpEngine.start(quiet_dbov=settings.quiet_dbov) as engine,
        SipLine.open(HOST, 0, engine=engine, max_calls=2_000) as line,
    ):
        calls = _Calls(robot_of(speech, line, FileOutbox(folder / "outbox.jsonl"), nobody), folder)
        taking = asyncio.create_task(calls.take(line))
        tell({"port": line.address[1]})
        while await reader.readline():
            tell(
                {
                    "memory": resident_mb(),
                    "idle": line.idle,
                    "ended": calls.ended,
                    "wrong": dict(calls.wrong),
                    "skipped": engine.stats.skipped,
                    **asdict(held()),
                }
            )
        taking.cancel()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
