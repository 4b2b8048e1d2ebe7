"""Whole calls without end (`callwright bench soak --robot`): callers in this process, the robot in one of its own.

Callers answer and opt out, hang up in mid-sentence, press keys, talk over the disclosure. The robot looks at every call it has ended: its
record, its log, its recording. At the end memory must not have grown, and no socket, task or timer may be left on either side.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from callwright.bench.density_callers import spoken
from callwright.bench.report import Figure, Report, machine
from callwright.bench.soak import SAMPLE_S, Peer, growth, other_side, quiet
from callwright.bench.soak_deeds import Deed, deed, number
from callwright.bench.soak_robot import HOST
from callwright.bench.upkeep import held, resident_mb
from callwright.compliance.decision import DialFacts, decide
from callwright.errors import Place, Problem, SettingsError
from callwright.telephony.port import DialOrder, Frame, LegAnswered, LegEnded
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.rtp.stream import RtpStream
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipLeg

__all__ = ["run"]

_ROBOT = "+12025559999"
_LOUD = 40_000.0  # mean square of the robot's voice
_OVER_FRAMES = 30  # the robot's sentence is over after so much silence
_LONGEST_S = 60.0  # a call that lasts longer has lost its way
_SETUPS = 25.0  # new calls a second, at most


@dataclass(slots=True)
class _Tally:
    begun: int = 0
    ended: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[int, float]] = field(default_factory=list)
    theirs: list[tuple[int, float]] = field(default_factory=list)


def run(calls: int, at_once: int, *, say: Callable[[str], None] = lambda part: None) -> Report:
    """Make `calls` whole calls, `at_once` at a time. Raises SettingsError where it cannot run (not Linux, no English caller's voice)."""
    if not sys.platform.startswith("linux"):
        raise SettingsError(Problem("bench-soak", "bench soak needs Linux (/proc)", Place("bench soak"), "Use Linux."))
    return Report("soak-robot", machine(), tuple(asyncio.run(_soak(calls, at_once, say))))


async def _soak(calls: int, at_once: int, say: Callable[[str], None]) -> list[Figure]:
    tally = _Tally()
    answers = await spoken()
    with tempfile.TemporaryDirectory() as folder:
        async with other_side("soak_robot", folder) as robot:
            before = await robot.ask()
            async with RtpEngine.start(ports=(40000, 49998)) as engine, SipLine.open(HOST, engine=engine) as line:
                ours, begin = held(), asyncio.get_running_loop().time()
                async with asyncio.TaskGroup() as tasks:
                    watch = tasks.create_task(_watch(tally, robot, calls, say))
                    await _all(line, robot.port, answers, calls, at_once, tally)
                    watch.cancel()
                took = asyncio.get_running_loop().time() - begin
                say("the end: waiting until nothing is remembered any more")
                idle = await quiet(line, robot)
                after, now = held(), await robot.ask()
        wrong = Counter(now["wrong"])
        left = sum(1 for kind in ("events", "recordings") for _ in (Path(folder) / kind).glob("*"))
    return [
        Figure("calls", calls, ""),
        Figure("at once", at_once, ""),
        Figure("duration", took, "s"),
        Figure("calls the robot did not end", calls - now["ended"], "", 0, "most"),
        Figure("legs that ended otherwise than they should", sum(tally.wrong.values()), "", 0, "most"),
        *(Figure(f"  {what}", count, "") for what, count in sorted(tally.wrong.items())),
        Figure("calls with a wrong end, fault, log or recording", sum(wrong.values()), "", 0, "most"),
        *(Figure(f"  {what}", count, "") for what, count in sorted(wrong.items())),
        Figure("files left over", left, "", 0, "most"),
        *growth("memory of the callers", tally.memory),
        *growth("memory of the robot", tally.theirs),
        Figure("callers: open files more than before", after.files - ours.files, "", 0, "most"),
        Figure("callers: tasks more than before", after.tasks - ours.tasks, "", 0, "most"),
        Figure("robot: open files more than before", now["files"] - before["files"], "", 0, "most"),
        Figure("robot: tasks more than before", now["tasks"] - before["tasks"], "", 0, "most"),
        Figure("transactions, timers or calls left", int(not idle), "sides", 0, "most"),
        Figure("ticks skipped by the robot", now["skipped"], ""),
        Figure("ticks skipped by the callers", engine.stats.skipped, ""),
    ]


async def _all(
    line: SipLine, port: int, answers: Sequence[Sequence[bytes]], calls: int, at_once: int, tally: _Tally
) -> None:
    async def one_after_the_other(first: int) -> None:
        await asyncio.sleep(first / _SETUPS)
        while tally.begun < calls:
            call = tally.begun
            tally.begun += 1
            await _call(line, _order(call, port), answers[call % len(answers)], tally)

    async with asyncio.TaskGroup() as callers:
        for first in range(at_once):
            callers.create_task(one_after_the_other(first))


async def _watch(tally: _Tally, robot: Peer, calls: int, say: Callable[[str], None]) -> None:
    told = 0
    while True:
        tally.memory.append((tally.ended, resident_mb()))
        seen = await robot.ask()
        tally.theirs.append((seen["ended"], seen["memory"]))
        if tally.ended >= told + 500:
            told = tally.ended
            say(f"{told} of {calls} calls, robot {seen['memory']:.0f} MB")
        await asyncio.sleep(SAMPLE_S)


def _order(call: int, port: int) -> DialOrder:
    caller = number(call)
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    facts = DialFacts(
        _ROBOT, caller, frozenset({caller}), "service", "contract", local_time=noon, frozen=False, calls_today=0
    )
    permit = decide(facts, noon).permit()
    return DialOrder(permit, f"sip:{_ROBOT}@{HOST}:{port}", f"soak-{call}", ring_timeout_s=20.0)


class _Caller:
    """Listens to the robot and does what its deed says; `done` is set when it is its turn to hang up."""

    def __init__(self, stream: RtpStream, right: Deed, answers: Sequence[bytes]) -> None:
        self._stream = stream
        self._right = right
        self._answers = answers
        self._said = 0
        self._loud_at: int | None = None
        self._heard_reply = False
        self.done = asyncio.Event()

    def hear(self, frame: Frame) -> None:
        if frame.energy is not None and frame.energy > _LOUD:
            self._loud_at = frame.index
            if self._right.over and self._said == 0:
                self._answer()
            return
        if self._loud_at is None or frame.index - self._loud_at < _OVER_FRAMES:
            return
        self._loud_at = None  # a sentence of the robot is over
        if self._said < self._right.answers:
            self._answer()
        elif self._right.answers and "hangup" in self._right.ends:
            self.done.set()

    def _answer(self) -> None:
        self._stream.play(self._answers[self._said % len(self._answers)], str(self._said))
        self._said += 1


async def _call(line: SipLine, order: DialOrder, answers: Sequence[bytes], tally: _Tally) -> None:
    right = deed(order.permit.caller)
    end: LegEnded | None = None
    leg = await line.place(order)
    try:
        async with asyncio.timeout(_LONGEST_S), asyncio.TaskGroup() as acts:
            act: asyncio.Task[None] | None = None
            async for event in leg.events():
                if isinstance(event, LegAnswered):
                    act = acts.create_task(_act(leg, right, answers))
                elif isinstance(event, LegEnded):
                    end = event
            if act is not None:
                act.cancel()
    except TimeoutError:
        await leg.hangup()
    finally:
        if leg.media is not None:
            await leg.media.close()
    tally.ended += 1
    if end is None or end.cause != "bye" or not right.hung_up_rightly(end.by):
        tally.wrong[f"{right.name}: {end.cause} by {end.by}" if end else f"{right.name}: no end in time"] += 1


async def _act(leg: SipLeg, right: Deed, answers: Sequence[bytes]) -> None:
    media = leg.media
    assert isinstance(media, RtpStream)
    caller = _Caller(media, right, answers)
    media.listen(caller.hear, lambda key: None)
    if right.early_s:
        await asyncio.sleep(right.early_s / 2)
        if right.keys:
            media.send_dtmf(right.keys)
        await asyncio.sleep(right.early_s / 2)
    else:
        await caller.done.wait()
    await leg.hangup()
