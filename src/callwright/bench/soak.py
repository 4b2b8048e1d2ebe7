"""Calls without end: thousands of calls, some dozens at once, with audio both ways and a recording each, between two processes of ours.

Calls end in every way there is (either side hangs up, busy, cancelled, nobody answers). At the end every leg must have ended rightly, every
recording must play, memory must not have grown, and no socket, task or timer may be left.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import wave
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from callwright.bench.report import Figure, Report, machine
from callwright.bench.soak_fates import fate, number
from callwright.bench.soak_peer import HOST
from callwright.bench.upkeep import held, resident_mb
from callwright.compliance.decision import DialFacts, decide
from callwright.errors import Place, Problem, SettingsError
from callwright.telephony.port import DialOrder, LegAnswered, LegEnded, LegRinging
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipLeg

__all__ = ["SAMPLE_S", "Peer", "growth", "other_side", "quiet", "run"]

_CALLER = "+861085550000"
_WARM_CALLS = 1_000
_EARLY_CALLS = 100
_LINGER_S = 90.0  # calls are remembered for up to 64 s after their end, for what may still come in
SAMPLE_S = 0.5
_VOICE = g711.encode((6000 * np.sin(np.arange(8000) * 0.2)).astype(np.int16), "PCMA")


@dataclass(slots=True)
class _Tally:
    """readers: threads that look at recordings; memory, theirs: (calls that had ended, MB) over time, of this process and of the peer."""

    begun: int = 0
    ended: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    silent: Counter[str] = field(default_factory=Counter)
    readers: Executor = field(default_factory=lambda: ThreadPoolExecutor(2))
    memory: list[tuple[int, float]] = field(default_factory=list)
    theirs: list[tuple[int, float]] = field(default_factory=list)


def run(calls: int, at_once: int, talk_s: float, *, say: Callable[[str], None] = lambda part: None) -> Report:
    """Make `calls` calls, `at_once` at a time, answered ones `talk_s` long. Raises SettingsError where it cannot run (not Linux)."""
    if not sys.platform.startswith("linux"):
        raise _cannot("bench soak needs Linux (/proc)", "Run it on Linux.")
    return Report("soak", machine(), tuple(asyncio.run(_soak(calls, at_once, talk_s, say))))


async def _soak(calls: int, at_once: int, talk_s: float, say: Callable[[str], None]) -> list[Figure]:
    tally = _Tally()
    with tempfile.TemporaryDirectory() as folder:
        async with other_side("soak_peer", str(talk_s)) as peer:
            theirs = peer.greeting
            async with RtpEngine.start(ports=(30000, 39998)) as engine, SipLine.open(HOST, engine=engine) as line:
                ours = held()
                begin = asyncio.get_running_loop().time()
                async with asyncio.TaskGroup() as tasks:
                    watch = tasks.create_task(_watch(tally, peer, calls, say))
                    async with asyncio.TaskGroup() as callers:
                        for _ in range(at_once):
                            callers.create_task(_caller(line, peer.port, Path(folder), calls, talk_s, tally))
                    watch.cancel()
                took = asyncio.get_running_loop().time() - begin
                say("the end: waiting until nothing is remembered any more")
                idle = await quiet(line, peer)
                tally.readers.shutdown()
                after, now = held(), await peer.ask()
                skipped = engine.stats.skipped
        left = len(os.listdir(folder))  # noqa: PTH208 -- the calls are over, nothing waits for us
    return [
        Figure("calls", calls, ""),
        Figure("at once", at_once, ""),
        Figure("duration", took, "s"),
        Figure("legs that did not end", tally.begun - tally.ended, "", 0, "most"),
        Figure("legs that ended otherwise than they should", sum(tally.wrong.values()), "", 0, "most"),
        *(Figure(f"  {what}", count, "") for what, count in sorted(tally.wrong.items())),
        Figure("recordings that are not right", sum(tally.silent.values()), "", 0, "most"),
        *(Figure(f"  {what}", count, "") for what, count in sorted(tally.silent.items())),
        Figure("recordings left over", left, "", 0, "most"),
        *growth("memory of the caller", tally.memory),
        *growth("memory of the callee", tally.theirs),
        Figure("caller: open files more than before", after.files - ours.files, "", 0, "most"),
        Figure("caller: tasks more than before", after.tasks - ours.tasks, "", 0, "most"),
        Figure("caller: threads more than before", after.threads - ours.threads, "", 0, "most"),
        Figure("callee: open files more than before", now["files"] - theirs["files"], "", 0, "most"),
        Figure("callee: tasks more than before", now["tasks"] - theirs["tasks"] - 1, "", 0, "most"),  # its door
        Figure("transactions, timers or calls left", int(not idle), "sides", 0, "most"),
        Figure("ticks skipped", skipped, ""),
    ]


def growth(name: str, samples: list[tuple[int, float]]) -> list[Figure]:
    """Median memory over the last tenth of the calls against that over the 100 calls after the first 1,000."""
    if not samples:
        return []
    last = samples[-1][0]
    span = max(1, last // 10)
    early = [mb for ended, mb in samples if _WARM_CALLS <= ended <= _WARM_CALLS + _EARLY_CALLS]
    late = [mb for ended, mb in samples if ended >= last - span]
    if not early or last < 2 * _WARM_CALLS:
        return [Figure(f"{name}, at the end (too few calls to judge)", median(late), "MB")]
    grown = (median(late) / median(early) - 1) * 100
    return [
        Figure(f"{name}, after the first 1,000 calls", median(early), "MB"),
        Figure(f"{name}, growth since", grown, "%", 5, "most"),
    ]


async def _watch(tally: _Tally, peer: Peer, calls: int, say: Callable[[str], None]) -> None:
    told = 0
    while True:
        tally.memory.append((tally.ended, resident_mb()))
        tally.theirs.append((tally.ended, (await peer.ask())["memory"]))
        if tally.ended >= told + 500:
            told = tally.ended
            say(f"{told} of {calls} calls, caller {tally.memory[-1][1]:.1f} MB, callee {tally.theirs[-1][1]:.1f} MB")
        await asyncio.sleep(SAMPLE_S)


async def quiet(line: SipLine, peer: Peer) -> bool:
    """Whether nothing is left on both sides, soon enough."""
    for _ in range(int(_LINGER_S / SAMPLE_S)):
        if line.idle and (await peer.ask())["idle"]:
            return True
        await asyncio.sleep(SAMPLE_S)
    return False


# ------------------------------------------------------------ one call after the other


async def _caller(line: SipLine, port: int, folder: Path, calls: int, talk_s: float, tally: _Tally) -> None:
    while tally.begun < calls:
        call = tally.begun
        tally.begun += 1
        await _call(line, _order(call, port), folder / f"{call}.wav", talk_s, tally)


def _order(call: int, port: int) -> DialOrder:
    callee = number(call)
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    facts = DialFacts(
        callee, _CALLER, frozenset({_CALLER}), "service", "contract", local_time=noon, frozen=False, calls_today=0
    )
    permit = decide(facts, noon).permit()
    return DialOrder(permit, f"sip:{callee}@{HOST}:{port}", f"soak-{call}", ring_timeout_s=fate(callee).ring_s)


async def _call(line: SipLine, order: DialOrder, recording: Path, talk_s: float, tally: _Tally) -> None:
    right = fate(order.permit.callee)
    leg = await line.place(order)
    end: LegEnded | None = None
    hangup: asyncio.Task[None] | None = None
    async with asyncio.TaskGroup() as acts:
        async for event in leg.events():
            if isinstance(event, LegRinging) and right.deed == "we_cancel":
                hangup = acts.create_task(leg.hangup())
            elif isinstance(event, LegAnswered):
                _talk(leg, recording, talk_s)
                if right.deed == "we_hang_up":
                    hangup = acts.create_task(_hang_up_after(leg, talk_s))
            elif isinstance(event, LegEnded):
                end = event
        if hangup is not None:
            await hangup
    tally.ended += end is not None
    if end is None or (end.cause, end.by) != right.ends:
        tally.wrong[f"{right.deed}: {end.cause} by {end.by} {end.detail}" if end else f"{right.deed}: no end"] += 1
    if right.answered:
        if leg.media is not None:
            await leg.media.close()
        loop = asyncio.get_running_loop()
        if fault := await loop.run_in_executor(tally.readers, _faults, recording, talk_s):
            tally.silent[fault] += 1


def _talk(leg: SipLeg, recording: Path, talk_s: float) -> None:
    if leg.media is not None:
        leg.media.record(str(recording))
        leg.media.play(_VOICE * max(1, round(talk_s)))


async def _hang_up_after(leg: SipLeg, talk_s: float) -> None:
    await asyncio.sleep(talk_s)
    await leg.hangup()


def _faults(recording: Path, talk_s: float) -> str:
    """Why a recording is not right ("" = both channels hold voice for most of the call); the file is removed."""
    try:
        with wave.open(str(recording), "rb") as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    except (OSError, EOFError, wave.Error) as error:
        return f"does not open: {type(error).__name__}"
    finally:
        recording.unlink(missing_ok=True)
    if len(samples) < 8000 * talk_s * 0.8:
        return "is too short"
    loud = (np.abs(samples.astype(np.int32)) > 1000).mean(axis=0)
    return "" if (loud > 0.4).all() else f"lacks the voice of the {'callee' if loud[0] <= 0.4 else 'caller'}"


# ------------------------------------------------------------ the peer process


class Peer:
    """greeting: what it held before the first call."""

    def __init__(self, process: asyncio.subprocess.Process, greeting: dict[str, Any]) -> None:
        self._process = process
        self._turn = asyncio.Lock()
        self.greeting = greeting
        self.port = int(greeting["port"])

    async def ask(self) -> dict[str, Any]:
        """What it holds now."""
        assert self._process.stdin is not None
        async with self._turn:
            self._process.stdin.write(b"\n")
            await self._process.stdin.drain()
            return await _line(self._process)


async def _line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise _cannot("the peer process of bench soak ended early", "See its message above.")
    answer: dict[str, Any] = json.loads(line)
    return answer


@asynccontextmanager
async def other_side(module: str, *words: str) -> AsyncIterator[Peer]:
    """`callwright.bench.MODULE` as a process, once it has greeted; it is gone at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"callwright.bench.{module}", *words,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Peer(process, await _line(process))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _cannot(what: str, mend: str) -> SettingsError:
    return SettingsError(Problem("bench-soak", what, Place("bench soak"), mend))
