"""Play a set of situations against pipecat-ai and livekit-agents, and hold conversations with them until they are too many.

    .venv/bin/python bench/peers/run.py --situations FOLDER --out FOLDER [--only turns|density] [--every] [--realtime]

Their environments come from `make peers-voice`, the situations from `python -m callwright.bench.situations FOLDER`. Writes `turns-NAME.json`
and `density-NAME.json`, which `callwright bench turns` and `callwright bench density` read. docs/reference/bench.md says what is measured.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from callwright.bench import machine, peer_density, peers
from callwright.bench.peer_rigs import HOW_TO_INSTALL, installed
from callwright.bench.situations import read_set
from callwright.errors import CallwrightError


def say(text):
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


async def run(options):
    rigs = installed(every=options.every)
    if not rigs:
        say(HOW_TO_INSTALL)
        return 2
    given = read_set(options.situations)
    options.out.mkdir(parents=True, exist_ok=True)
    for rig in rigs:
        if options.only != "density":
            found = await peers.play_set(rig, given, realtime=options.realtime, say=say)
            say(f"wrote {peers.write(options.out, 'turns', found)}")
        if options.only != "turns":
            found = await peer_density.hold(
                rig, given, calls=options.calls, seconds=options.seconds, realtime=options.realtime, say=say
            )
            say(f"wrote {peers.write(options.out, 'density', found)}")
    return 0


def main():
    parser = argparse.ArgumentParser(prog="bench/peers/run.py", description=__doc__)
    parser.add_argument("--situations", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--only", choices=("turns", "density"))
    parser.add_argument("--every", action="store_true", help="their other settings too")
    parser.add_argument(
        "--calls", type=lambda text: [int(part) for part in text.split(",")], default=peer_density.CALLS
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="measured for each number of calls")
    parser.add_argument("--realtime", action="store_true", help="run before all other processes (needs the privilege)")
    options = parser.parse_args()
    machine.pin(1)
    if options.realtime and not machine.urgent():
        say("real-time priority is not allowed here")
        return 2
    try:
        return asyncio.run(run(options))
    except (CallwrightError, OSError) as error:
        say(str(error))
        return 2


if __name__ == "__main__":
    sys.exit(main())
