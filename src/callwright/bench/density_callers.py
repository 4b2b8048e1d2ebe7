"""Those who call the robot in `callwright bench density`, a process of their own on core 1: each hears a question, answers it, and so on.

    python -m callwright.bench.density_callers PORT CALLS RATE SECONDS

Says one line of JSON when all calls are up and the time of measuring begins, and one with what was measured when it is over. A turn lasts
from the tick that sent the last voice of an answer to the tick in which the robot's voice is heard, so both jitter buffers and all of the
robot's waiting for the end of the turn are in it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from callwright.bench.density_robot import ANSWERS, HOST
from callwright.bench.machine import pin
from callwright.bench.other_side import tell
from callwright.compliance.decision import DialFacts, decide
from callwright.speech.port import Pcm
from callwright.telephony.port import DialOrder, Frame, LegAnswered, LegEnded
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.rtp.stream import RtpStream
from callwright.telephony.sip.driver import SipLine
from callwright.testing.people.voices import open_voices

__all__ = ["Talk", "main", "spoken"]

_CALLEE, _CALLER = "+12025550100", "+12025550101"
_LOUD = 40_000.0  # mean square of the robot's voice: -44 dBFS
_OVER_FRAMES = 35  # the robot's question is over after so much silence (its sentences have shorter pauses)
_GIVE_UP_FRAMES = 150  # an answer that gets no reply in 3 s
_SOONEST_FRAMES = 4  # a voice before that does not answer what was just said: it spoke over it
_LINE_DBOV = -60
_SETTLE_S = 14.0  # until each has heard the opening and had a first turn


class Talk:
    """One caller: `hear` for each frame; `turns` collects (tick of the reply, ticks it took), None ticks: no reply came."""

    def __init__(self, stream: RtpStream, answers: Sequence[bytes]) -> None:
        """answers: A-law, each ends with its voice."""
        self._stream = stream
        self._answers = answers
        self._next = 0
        self._state = "wait"  # for the robot, then it is `asking`, then we are `saying`, then it is `due`
        self._since = 0
        self.turns: list[tuple[int, int | None]] = []
        self.said_ms = 0

    def hear(self, frame: Frame) -> None:
        loud = frame.energy is not None and frame.energy > _LOUD
        index = frame.index
        if self._state == "saying":
            if self._stream.position()[2] == 0:
                self._state, self._since = "due", index
        elif loud:
            if self._state == "due":
                ticks = index - self._since
                self.turns.append((index, ticks if ticks >= _SOONEST_FRAMES else None))
            self._state, self._since = "asking", index
        elif self._state == "asking":
            if index - self._since >= _OVER_FRAMES:
                self._answer()
        elif self._state == "due" and index - self._since >= _GIVE_UP_FRAMES:
            self.turns.append((index, None))
            self._state = "wait"

    def _answer(self) -> None:
        answer = self._answers[self._next % len(self._answers)]
        self._next += 1
        self.said_ms += len(answer) // 8
        self._state = "saying"
        self._stream.play(answer, str(self._next))


async def spoken() -> list[list[bytes]]:
    """The answers in each voice, from the first voiced frame to the last."""
    voices = open_voices("en", Path())
    return [
        [g711.encode(_trimmed(await voices.say(voice, text)), "PCMA") for text in ANSWERS] for voice in voices.names
    ]


def _trimmed(pcm: Pcm) -> Pcm:
    frames = pcm[: len(pcm) // 160 * 160].reshape(-1, 160).astype(np.float64)
    voiced = np.flatnonzero((frames**2).mean(axis=1) > 1e5)
    return pcm[voiced[0] * 160 : (voiced[-1] + 1) * 160]


def _order(port: int, number: int) -> DialOrder:
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    facts = DialFacts(
        _CALLEE, _CALLER, frozenset({_CALLER}), "service", "contract", local_time=noon, frozen=False, calls_today=0
    )
    permit = decide(facts, noon).permit()
    return DialOrder(permit, f"sip:{_CALLEE}@{HOST}:{port}", f"density-{number}", ring_timeout_s=20.0)


async def _call(line: SipLine, order: DialOrder, answers: Sequence[bytes], talks: list[Talk], ended: list[str]) -> None:
    leg = await line.place(order)
    try:
        async for event in leg.events():
            if isinstance(event, LegAnswered) and leg.media is not None:
                assert isinstance(leg.media, RtpStream)
                talk = Talk(leg.media, answers)
                leg.media.listen(talk.hear, lambda key: None)
                talks.append(talk)
            elif isinstance(event, LegEnded):
                ended.append(f"{event.cause} by {event.by}")
    finally:
        if leg.media is not None:
            await leg.media.close()


async def main(port: int, calls: int, rate: float, seconds: float) -> None:
    """Make the calls, measure, and go away: the robot's process ends with ours."""
    pin(1)
    answers = await spoken()
    talks: list[Talk] = []
    ended: list[str] = []
    async with (
        RtpEngine.start(ports=(40000, 49998), quiet_dbov=_LINE_DBOV) as engine,
        SipLine.open(HOST, engine=engine, max_calls=5_000) as line,
    ):
        tasks = []
        for number in range(calls):
            tasks.append(
                asyncio.create_task(_call(line, _order(port, number), answers[number % len(answers)], talks, ended))
            )
            await asyncio.sleep(1 / rate)
        await asyncio.sleep(_SETTLE_S)
        for talk in talks:
            talk.turns.clear()
            talk.said_ms = 0
        late = engine.stats.late
        tell({"up": len(talks) - len(ended)})
        await asyncio.sleep(seconds)
        turns = [ticks for talk in talks for _, ticks in talk.turns]
        took = [ticks * 20.0 for ticks in turns if ticks is not None]
        p50, p95 = (float(np.percentile(took, q)) for q in (50, 95)) if took else (0.0, 0.0)
        tell(
            {
                "turns": len(turns),
                "missing": len(turns) - len(took),
                "p50": p50,
                "p95": p95,
                "talking": sum(talk.said_ms for talk in talks) / 1000 / max(1, len(talks)) / seconds,
                "ended": ended[:3],
                "ended_early": len(ended),
                "late": engine.stats.late - late,
            }
        )
        await asyncio.to_thread(sys.stdin.readline)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])))
