"""How many whole calls fit on one core: signalling, media, voice activity, turns, script and recording of a robot on core 0, against callers
in a process on core 1.

Told for growing numbers of calls: turn latency as the callers hear it, where the processor time goes, memory a call. What peers came to
(`bench/peers/run.py`) is put into the same table.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callwright.bench.density_robot import Used
from callwright.bench.peer_rigs import HOW_TO_INSTALL, beside, installed
from callwright.bench.report import Figure, Report, machine
from callwright.bench.situations_build import build
from callwright.errors import ModelError, Place, Problem, SettingsError

__all__ = ["Row", "peer_figures", "run"]

TURN_MS = 650.0
MOST_MB = 1.0
LEAST_CALLS = {"stub": 400, "pocketsphinx": 100}
_MISSING = 0.01  # share of turns without a reply that is still a conversation
_RATE = 12.0  # calls set up a second, at most
_SPREAD_S = 8.0  # a turn takes about as long: callers that came all at once would also speak all at once
_PRIORITY = "5"


@dataclass(frozen=True, slots=True)
class Row:
    """One number of calls. turn_*: end of the caller's voice to the robot's, ms; missing: share of turns without a reply; shares of core 0
    while it was measured: whole, of it the media tick, the event loop's thread, the recogniser's processes; mb_per_call: memory beyond the
    idle robot; asr_mb: that of the recogniser's processes, with its models, MB; talking: share of the time callers spoke; up: calls that
    stood; late, callers_late: ticks begun 20 ms late or more, of the robot and of the callers; faults: calls that ended by a fault, or
    too early."""

    calls: int
    up: int
    turns: int
    missing: float
    turn_p50_ms: float
    turn_p95_ms: float
    share: float
    tick_share: float
    loop_share: float
    asr_share: float
    mb_per_call: float
    asr_mb: float
    talking: float
    late: int
    callers_late: int
    faults: int

    @property
    def frame_us(self) -> float:
        """Processor time for 20 ms of a call, us."""
        return self.share * 20_000 / self.calls

    @property
    def held(self) -> bool:
        """So many calls can be held."""
        return (
            self.up == self.calls
            and self.turns > 0
            and self.turn_p95_ms <= TURN_MS
            and self.missing <= _MISSING
            and not self.faults
        )


def run(
    calls: Sequence[int],
    seconds: float,
    *,
    engine: str = "stub",
    realtime: bool = False,
    peers: Sequence[Path] = (),
    shared: Path | None = None,
    say: Callable[[str], None] = lambda part: None,
) -> Report:
    """Measure each number of calls for `seconds`, until one is too many. engine: `stub` (told what is said) or `pocketsphinx`; peers:
    files of `bench/peers/run.py`; shared: data from which those peers that are installed get their callers, None = they are left out.

    Raises SettingsError: it cannot run here, or a file of the peers cannot be read.
    """
    if not sys.platform.startswith("linux"):
        raise _cannot("bench density needs Linux (/proc)", "Run it on Linux.")
    others = [figure for path in peers for figure in peer_figures(path)]
    figures: list[Figure] = []
    rows: list[Row] = []
    for count in calls:
        say(f"{count} calls for {seconds:g} s")
        rows.append(asyncio.run(_measure(count, seconds, engine, realtime)))
        figures += _figures(rows[-1])
        if not rows[-1].held:
            break
    most = max((row for row in rows if row.held), key=lambda row: row.calls, default=None)
    held = 0 if most is None else most.calls
    figures.append(Figure(f"calls held on one core, {engine}", held, "calls", LEAST_CALLS[engine], "least"))
    if most is not None:
        figures.append(Figure(f"memory a call, {most.calls} calls", most.mb_per_call, "MB", MOST_MB, "most"))
    if shared is not None:
        others += _others(shared, realtime, say)
    return Report("density", machine(), (*figures, *others))


def _others(shared: Path, realtime: bool, say: Callable[[str], None]) -> Iterator[Figure]:
    """Conversations of the peers that are installed, in the same run."""
    if not installed(every=False):
        say(HOW_TO_INSTALL)
        return
    with tempfile.TemporaryDirectory(prefix="callwright-density-") as folder:
        situations = Path(folder) / "situations"
        try:
            asyncio.run(build(situations, shared))
        except ModelError as error:
            say(f"pipecat-ai and livekit-agents are left out: {error}")
            return
        for path in beside("density", situations, Path(folder) / "peers", realtime=realtime, say=say):
            yield from peer_figures(path)


def _figures(row: Row) -> Iterator[Figure]:
    name = f"{row.calls} calls"
    yield Figure(f"{name}: turn p50", row.turn_p50_ms, "ms")
    yield Figure(f"{name}: turn p95", row.turn_p95_ms, "ms")
    yield Figure(f"{name}: turns", row.turns, "")
    yield Figure(f"{name}: without reply", row.missing * 100, "%")
    yield Figure(f"{name}: core, whole", row.share * 100, "%")
    yield Figure(f"{name}: a call and frame of 20 ms", row.frame_us, "us")
    yield Figure(f"{name}: of it media tick", row.tick_share * 100, "%")
    yield Figure(f"{name}: of it event loop", row.loop_share * 100, "%")
    if row.asr_share:
        yield Figure(f"{name}: of it recogniser", row.asr_share * 100, "%")
        yield Figure(f"{name}: memory of the recogniser, with its models", row.asr_mb, "MB")
    yield Figure(f"{name}: memory a call", row.mb_per_call, "MB")
    yield Figure(f"{name}: callers talk", row.talking * 100, "%")
    yield Figure(f"{name}: late ticks", row.late, "")
    yield Figure(f"{name}: late ticks of the callers", row.callers_late, "")
    if row.faults or row.up < row.calls:
        yield Figure(f"{name}: not up, or ended by a fault", row.faults + row.calls - row.up, "calls")


def peer_figures(path: Path) -> Iterator[Figure]:
    """Rows of a peer, told and not judged. The file: {"peer", "version", "most_calls", "rows": [{"calls", "turn_p50_ms", "turn_p95_ms",
    "cpu_per_call", "mb_per_call"}, ...]}. Raises SettingsError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        peer = f"{found['peer']} {found['version']}"
        for row in found["rows"]:
            name = f"{peer}, {int(row['calls'])} calls"
            if row["turn_p95_ms"] is not None:  # null: not one reply came
                yield Figure(f"{name}: turn p50", float(row["turn_p50_ms"]), "ms")
                yield Figure(f"{name}: turn p95", float(row["turn_p95_ms"]), "ms")
            yield Figure(f"{name}: core, whole", float(row["cpu_per_call"]) * int(row["calls"]) * 100, "%")
            yield Figure(f"{name}: memory a call", float(row["mb_per_call"]), "MB")
        yield Figure(f"{peer}: calls held on one core", float(found["most_calls"]), "calls")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            Problem("peers", f"no density of a peer: {error!r}", Place(str(path)), "Make it with bench/peers/run.py.")
        ) from None


# ------------------------------------------------------------ one number of calls


async def _measure(calls: int, seconds: float, engine: str, realtime: bool) -> Row:
    with tempfile.TemporaryDirectory(prefix="callwright-density-") as folder:
        async with _process("density_robot", "0", realtime, folder, engine) as robot:
            port = (await robot.hear())["port"]
            idle = await robot.ask()
            words = (str(port), str(calls), str(min(_RATE, calls / _SPREAD_S)), str(seconds))
            async with _process("density_callers", "1", realtime, *words) as callers:
                up = (await callers.hear())["up"]
                before, children = await robot.ask(), robot.children_s()
                begin = asyncio.get_running_loop().time()
                seen = await callers.hear()
                took = asyncio.get_running_loop().time() - begin
                after, children = await robot.ask(), robot.children_s() - children
                asr_mb = robot.children_mb()
    first, last = _used(before), _used(after)
    process = (last.process_s - first.process_s) / took
    return Row(
        calls=calls,
        up=up,
        turns=seen["turns"],
        missing=seen["missing"] / max(1, seen["turns"]),
        turn_p50_ms=seen["p50"],
        turn_p95_ms=seen["p95"],
        share=process + children / took,
        tick_share=(last.tick_s - first.tick_s) / took,
        loop_share=(last.loop_s - first.loop_s) / took,
        asr_share=children / took,
        mb_per_call=(last.memory_mb - _used(idle).memory_mb) / calls,
        asr_mb=asr_mb,
        talking=seen["talking"],
        late=last.late - first.late,
        callers_late=seen["late"],
        faults=last.faults + seen["ended_early"],
    )


def _used(told: dict[str, Any]) -> Used:
    return Used(**{name: told[name] for name in Used.__slots__})


class _Process:
    """A process of ours; a line of JSON each way at a time."""

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self._process = process
        self._name = name

    async def hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise _cannot(f"{self._name} of bench density ended early", "See its message above.")
        told: dict[str, Any] = json.loads(line)
        return told

    async def ask(self) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        await self._process.stdin.drain()
        return await self.hear()

    def children_s(self) -> float:
        """Processor time so far of its child processes, s."""
        ticks = 0
        for child in self._children():
            fields = (child / "stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def children_mb(self) -> float:
        """Memory of its child processes that is really there, MB."""
        pages = sum(int((child / "statm").read_text().split()[1]) for child in self._children())
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def _children(self) -> list[Path]:
        tasks = Path(f"/proc/{self._process.pid}/task").iterdir()
        return [Path(f"/proc/{child}") for task in tasks for child in (task / "children").read_text().split()]

    async def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _END_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


_END_S = 20.0


@asynccontextmanager
async def _process(module: str, core: str, realtime: bool, *words: str) -> AsyncIterator[_Process]:
    before = ["chrt", "-r", _PRIORITY] if realtime else []
    process = await asyncio.create_subprocess_exec(
        "taskset", "-c", core, *before, sys.executable, "-m", f"callwright.bench.{module}", *words,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    ours = _Process(process, module)
    try:
        yield ours
    finally:
        await ours.end()


def _cannot(what: str, mend: str) -> SettingsError:
    return SettingsError(Problem("bench-density", what, Place("bench density"), mend))
