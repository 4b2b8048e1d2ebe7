"""A process to be killed: `python robots_process.py FOLDER PORT CALLS` places that many calls at once, says `up` when all of them have been
answered for two seconds, and goes on."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from callwright.calls.model import CallFiles
from callwright.script.loader import load
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.testing.robots import stub_order, stub_robot

SCRIPT = Path(__file__).parents[1] / "fixtures" / "calls" / "visit.yaml"


async def main(folder: Path, port: int, calls: int) -> None:
    answered: set[str] = set()
    all_up = asyncio.Event()
    async with (
        RtpEngine.start() as engine,
        SipLine.open("127.0.0.1", engine=engine) as line,
        asyncio.TaskGroup() as tasks,
    ):
        robot = stub_robot(load(SCRIPT).script, line, folder)

        def watch(name: str, state: str) -> None:
            if state == "answered":
                answered.add(name)
            if len(answered) == calls:
                all_up.set()

        for number in range(calls):
            name = f"call-{number:02d}"
            files = CallFiles(folder, name)
            told = lambda state, said, name=name: watch(name, state)  # noqa: E731
            tasks.create_task(robot.call(stub_order(port, name), {"name": "Ann"}, files, told))
        await all_up.wait()
        await asyncio.sleep(2)
        sys.stdout.write("up\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
