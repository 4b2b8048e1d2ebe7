"""The robot that `callwright bench density` measures, a process of its own on core 0: answers every call and talks with it.

    python -m callwright.bench.density_robot FOLDER stub|pocketsphinx

Prints one line of JSON when it can be called (its port), and another one for each line that comes on standard input (what it used so far).
It ends with its input.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from callwright import event_loop
from callwright.app import open_speech, robot_of
from callwright.bench.other_side import nobody, tell
from callwright.bench.upkeep import resident_mb
from callwright.calls.model import CallFiles
from callwright.calls.outbox import FileOutbox
from callwright.calls.robot import Robot
from callwright.recognisers import Ears
from callwright.script.loader import load
from callwright.settings import Settings
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipIncomingLeg
from callwright.testing.said_in_order import SaidInOrder

__all__ = ["ANSWERS", "HOST", "Used", "main"]

HOST = "127.0.0.1"
SCRIPT = Path(__file__).with_name("density.yaml")
ANSWERS = (
    "yes monday in the morning suits me very well",
    "yes i would like that on tuesday afternoon",
    "yes please send it to my office address",
)
_WORKERS = 1


@dataclass(frozen=True, slots=True)
class Used:
    """What the process used since it began: processor time of the media tick, of the event loop's thread and of the whole process without its
    children, s; memory, MB; ticks begun 20 ms late or more, and given up; calls that ended, and those that ended by a fault."""

    tick_s: float
    loop_s: float
    process_s: float
    memory_mb: float
    late: int
    skipped: int
    ended: int
    faults: int


class _Calls:
    """Answers, and counts what becomes of it."""

    def __init__(self, robot: Robot, folder: Path) -> None:
        self._robot = robot
        self._folder = folder
        self.ended = self.faults = 0

    async def take(self, line: SipLine) -> None:
        async with asyncio.TaskGroup() as tasks:
            number = 0
            async for leg in line.incoming():
                number += 1
                tasks.create_task(self._one(leg, f"{number:05d}"))

    async def _one(self, leg: SipIncomingLeg, name: str) -> None:
        record = await self._robot.answer(leg, {"company": "Home Care"}, CallFiles(self._folder, name))
        self.ended += 1
        self.faults += bool(record.faults)


async def main(folder: Path, engine_name: str) -> None:
    """Until standard input ends."""
    stub = Ears(SaidInOrder(ANSWERS), lambda language: 0.5, lambda: 0)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    settings = replace(Settings.from_environment(), asr=engine_name)
    hearing = stub if engine_name == "stub" else None
    async with (
        open_speech(load(SCRIPT).script, settings, recordings=None, workers=_WORKERS, hearing=hearing) as speech,
        RtpEngine.start(quiet_dbov=settings.quiet_dbov) as engine,
        SipLine.open(HOST, 0, engine=engine, max_calls=5_000) as line,
    ):
        calls = _Calls(robot_of(speech, line, FileOutbox(folder / "outbox.jsonl"), nobody), folder)
        tell({"port": line.address[1]})
        taking = asyncio.create_task(calls.take(line))
        while await reader.readline():
            stats = engine.stats
            used = Used(
                stats.cpu_s,
                time.thread_time(),
                time.process_time(),
                resident_mb(),
                stats.late,
                stats.skipped,
                calls.ended,
                calls.faults,
            )
            tell({**asdict(used), "at": datetime.now().astimezone().isoformat()})
        taking.cancel()


if __name__ == "__main__":
    event_loop.run(main(Path(sys.argv[1]), sys.argv[2]))
