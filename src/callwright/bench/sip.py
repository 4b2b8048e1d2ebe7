"""SIP load of one process: call set-ups per second and processor time a call, as the one called and as the caller; sippy beside it.

The line is a process of its own on core 0 (`callwright.bench.sip_line`), sipp plays its peer on core 1. sippy, another Python stack, does
the same calls in the same run, when its environment is there (`make peers`).
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from callwright.bench.report import Figure, Report, machine
from callwright.bench.sip_line import HOST
from callwright.errors import Place, Problem, SettingsError

__all__ = ["Load", "run"]

Role = Literal["callee", "caller"]

_TARGET = {"callee": 300.0, "caller": 200.0}
_CPU_MS = 3.0
_ABOVE = 1.05  # offered rate over target: what starts and ends must not make the figure
_ROUNDS = 3
_ROOT = Path(__file__).resolve().parents[3]
_SIPPY, _SIPPY_PYTHON = _ROOT / "bench" / "peers" / "sippy_line.py", _ROOT / ".venv-peers" / "bin" / "python"
_SCENARIOS = Path(__file__).parent / "sipp"
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Load:
    """One measured run. rate: calls completed a second; cpu_ms: processor time of the line per call, set-up and teardown;
    failed: calls that sipp or the line did not end rightly; repeated: datagrams sipp sent again."""

    rate: float
    cpu_ms: float
    completed: int
    failed: int
    repeated: int


def run(seconds: float, *, say: Callable[[str], None] = lambda part: None) -> Report:
    """Measure every role for about `seconds`, three times each. Raises SettingsError where it cannot run (no sipp, one core)."""
    if shutil.which("sipp") is None:
        raise _cannot("bench sip needs sipp as the peer", "apt-get install sip-tester")
    if not hasattr(os, "sched_getaffinity") or not {0, 1} <= os.sched_getaffinity(0):
        raise _cannot("bench sip needs Linux and the cores 0 and 1", "Run it where both may be used.")
    figures: list[Figure] = []
    for role, media in (("callee", "none"), ("callee", "rtp"), ("caller", "none"), ("caller", "rtp")):
        say(f"callwright as {role}, {'with' if media == 'rtp' else 'without'} RTP sockets")
        figures += _figures(
            f"{role}, {'RTP sockets' if media == 'rtp' else 'signalling'}",
            role,
            _best(role, media, seconds),
            media == "none",
        )
    if _SIPPY.exists() and _SIPPY_PYTHON.exists():
        for role in ("callee", "caller"):
            say(f"sippy as {role}")
            try:
                figures += _figures(f"sippy as {role}", role, _best(role, "sippy", seconds), False)
            except TimeoutError:  # ours are not lost with it
                say(f"nothing of sippy as {role}: its calls did not come to an end;")
    else:
        say("sippy is not there to be measured beside: `make peers` installs it into .venv-peers")
    return Report("sip", machine(), tuple(figures))


def _figures(name: str, role: str, load: Load, judged: bool) -> Iterator[Figure]:
    target = _TARGET[role]
    yield Figure(f"{name}: calls", load.rate, "/s", target if judged else None, "least" if judged else "none")
    yield Figure(f"{name}: CPU per call", load.cpu_ms, "ms", _CPU_MS if judged else None, "most" if judged else "none")
    yield Figure(f"{name}: failed", load.failed, "calls", 0 if judged else None, "most" if judged else "none")
    yield Figure(
        f"{name}: sent again by the peer", load.repeated, "", 0 if judged else None, "most" if judged else "none"
    )


def _best(role: str, media: str, seconds: float) -> Load:
    """The least processor time of some rounds, among those with the fewest failures: what else a machine does only adds to it."""
    loads = [asyncio.run(_measure(role, media, seconds)) for _ in range(_ROUNDS)]
    return min(loads, key=lambda load: (load.failed, load.repeated, load.cpu_ms))


async def _measure(role: str, media: str, seconds: float) -> Load:
    rate = _TARGET[role] * _ABOVE
    calls = int(rate * seconds)
    ours, theirs = _free_port(), _free_port()
    with tempfile.TemporaryDirectory() as folder:
        scenario = str(_SCENARIOS / ("caller.xml" if role == "callee" else "callee.xml"))
        fixed = [
            "-sf",
            scenario,
            "-i",
            HOST,
            "-p",
            str(theirs),
            "-m",
            str(calls),
            "-nostdin",
            "-timeout",
            f"{seconds + 45:.0f}s",
        ]
        fixed += ["-trace_stat", "-stf", "stat.csv", "-default_behaviors", "all,-abortunexp"]
        if role == "callee":
            async with _line(role, media, ours, []) as line:
                async with _sipp(folder, [f"{HOST}:{ours}", "-r", str(round(rate)), *fixed]) as sipp:
                    await sipp.wait()
                found = await _result(line)
        else:
            async with _sipp(folder, fixed) as sipp:
                await asyncio.sleep(0.5)
                async with _line(role, media, ours, [str(theirs), str(rate), str(calls)]) as line:
                    found = await _result(line)
                await asyncio.wait_for(sipp.wait(), _PATIENCE_S)
        failed, repeated = _counts(Path(folder) / "stat.csv")
    done = int(found["completed"])
    lost = max(failed, int(found["failed"]), calls - done)
    return Load(done / max(found["seconds"], 1e-9), found["cpu_s"] * 1000 / max(1, done), done, lost, repeated)


@asynccontextmanager
async def _line(role: str, media: str, port: int, rest: list[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """The line to measure, ready and on core 0."""
    if media == "sippy":
        command = ["taskset", "-c", "0", str(_SIPPY_PYTHON), str(_SIPPY), role, str(port), *rest]
    else:
        command = [
            "taskset",
            "-c",
            "0",
            sys.executable,
            "-m",
            "callwright.bench.sip_line",
            role,
            media,
            str(port),
            *rest,
        ]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    try:
        assert process.stdout is not None
        if (await asyncio.wait_for(process.stdout.readline(), _PATIENCE_S)).strip() != b"ready":
            raise _cannot("the line to measure did not start", "See its message above.")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _result(line: asyncio.subprocess.Process) -> dict[str, Any]:
    out, _ = await asyncio.wait_for(line.communicate(b"\n"), 2 * _PATIENCE_S)
    try:
        found: dict[str, Any] = json.loads(out)
    except ValueError as error:
        raise _cannot("the line to measure ended early", "See its message above.") from error
    return found


@asynccontextmanager
async def _sipp(folder: str, arguments: list[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    null = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        "taskset", "-c", "1", "sipp", *arguments, cwd=folder, stdin=null, stdout=null, stderr=null
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _counts(path: Path) -> tuple[int, int]:
    """(failed calls, retransmissions) of sipp's statistics."""
    with path.open(newline="") as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    return int(last["FailedCall(C)"]), int(last["Retransmissions(C)"])


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _cannot(what: str, mend: str) -> SettingsError:
    return SettingsError(Problem("bench-sip", what, Place("bench sip"), mend))
