"""pipecat-ai and livekit-agents as systems under test: their servers as processes, each in its own environment, pinned to core 0.

The servers are `bench/peers/*_server.py`; the environments are made by `make peers-voice`. Linux only (/proc, core affinity).
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from callwright.errors import Place, Problem, SettingsError

__all__ = ["HOW_TO_INSTALL", "RIGS", "Rig", "Server", "Watch", "beside", "installed", "serve", "version"]

HOW_TO_INSTALL = (
    "pipecat-ai and livekit-agents are not there to be measured beside: `make peers-voice` installs them (about 1 GB)"
)
_ROOT = Path(__file__).resolve().parents[3]
_READY_S = 60.0
_STOP_S = 10.0
_SAMPLE_S = 0.25
_PRIORITY = 5


@dataclass(frozen=True, slots=True)
class Rig:
    """One way of running a peer. name: in tables and results; package: whose version counts; mode: the server's argument; main: shown in
    a short run."""

    name: str
    package: str
    environment: str
    program: str
    mode: str
    main: bool = False

    @property
    def python(self) -> Path:
        return _ROOT / self.environment / "bin" / "python"


RIGS = (
    Rig("pipecat", "pipecat-ai", ".venv-pipecat", "pipecat_server.py", "timeout", main=True),
    Rig("pipecat, 3 words", "pipecat-ai", ".venv-pipecat", "pipecat_server.py", "words"),
    Rig("pipecat, smart-turn", "pipecat-ai", ".venv-pipecat", "pipecat_server.py", "smart"),
    Rig("livekit", "livekit-agents", ".venv-livekit", "livekit_server.py", "vad", main=True),
    Rig("livekit, turn detector", "livekit-agents", ".venv-livekit", "livekit_server.py", "default"),
)


def installed(*, every: bool) -> list[Rig]:
    """The rigs that can run here: the main ones, or `every` one."""
    return [rig for rig in RIGS if (every or rig.main) and rig.python.exists() and _program(rig).exists()]


def _program(rig: Rig) -> Path:
    return _ROOT / "bench" / "peers" / rig.program


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    pid: int
    port: int

    def cpu_s(self) -> float:
        """Processor time of all its threads so far, s."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def disturbed_s(self) -> float:
        """How long its main thread was ready to run while some other program had the core, s, at least: what it waited for less what its
        own threads ran (`schedstat`: its time on the core and waiting for it, ns). Differences count, not the value."""
        ran, waited, _ = Path(f"/proc/{self.pid}/schedstat").read_text().split()
        own = self.cpu_s() - int(ran) / 1e9
        return int(waited) / 1e9 - own

    def resident_mb(self) -> float:
        """Its own share of memory (PSS), MB."""
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
        return 0.0


async def version(rig: Rig) -> str:
    """The version of the package in the rig's environment."""
    code = f"import importlib.metadata as m; print(m.version({rig.package!r}))"
    process = await asyncio.create_subprocess_exec(rig.python, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return out.decode().strip()


class Watch:
    """Whether a server had its core: samples how long it was kept from it, all the time."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._samples: list[tuple[float, float]] = []

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._samples.append((time.monotonic(), self._server.disturbed_s()))
            await asyncio.sleep(_SAMPLE_S)

    def disturbed_ms(self, begin: float, end: float) -> float:
        """The worst within one sample's time between two moments (monotonic, s), ms."""
        inside = [
            (later - waited) * 1000
            for (at, waited), (then, later) in pairwise(self._samples)
            if then >= begin and at <= end
        ]
        return max(inside, default=0.0)


def beside(
    what: Literal["turns", "density"],
    situations: Path,
    out: Path,
    *,
    realtime: bool = False,
    say: Callable[[str], None] = lambda part: None,
) -> list[Path]:
    """Have the peers that are installed do the same in a process of their own (`bench/peers/run.py`); the files with what they came to.

    None installed is said, and no error. Raises SettingsError: the run failed.
    """
    if not installed(every=False):
        say(HOW_TO_INSTALL)
        return []
    command = [sys.executable, str(_ROOT / "bench" / "peers" / "run.py"), "--only", what]
    command += ["--situations", str(situations), "--out", str(out), *(["--realtime"] if realtime else [])]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as process:  # noqa: S603
        assert process.stderr
        for line in process.stderr:
            say(line.rstrip())
    if process.returncode:
        raise SettingsError(Problem("peers", "the run of the peers failed", Place(" ".join(command)), "See above."))
    return sorted(out.glob(f"{what}-*.json"))


@asynccontextmanager
async def serve(rig: Rig, *, realtime: bool = False) -> AsyncIterator[Server]:
    """The rig's server on core 0 until the block ends. realtime: before all ordinary processes (needs the privilege).

    Raises SettingsError: it does not come up within a minute; what it wrote is in the problem.
    """
    before = ["chrt", "-r", str(_PRIORITY)] if realtime else []
    command = ["taskset", "-c", "0", *before, str(rig.python), str(_program(rig)), rig.mode]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdin and process.stdout and process.stderr
    complaints: list[str] = []
    listening = asyncio.create_task(_collect(process.stderr, complaints))
    try:
        yield Server(process.pid, await _port(process.stdout, rig, complaints))
    finally:
        with suppress(OSError):
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()
        await listening
        if complaints:
            sys.stderr.write("".join(f"{rig.name}: {line}" for line in complaints[:20]))


async def _port(out: asyncio.StreamReader, rig: Rig, complaints: list[str]) -> int:
    async with asyncio.timeout(_READY_S):
        line = (await out.readline()).split()
    if len(line) != 2 or line[0] != b"ready":
        await asyncio.sleep(0)
        said = "".join(complaints[-5:]) or "nothing"
        raise SettingsError(
            Problem("peer-down", f"{rig.name} did not come up; it said {said}", Place(rig.program), HOW_TO_INSTALL)
        )
    return int(line[1])


async def _collect(stream: asyncio.StreamReader, lines: list[str]) -> None:
    async for line in stream:
        if len(lines) < 1000 and b"INFO" not in line:
            lines.append(line.decode(errors="replace"))
