"""A call in virtual time: a small script, a callee written in the test, no sockets, no waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from callwright.calls.ears import EarsParts
from callwright.calls.log import read_log
from callwright.calls.model import CallFiles, CallRecord
from callwright.calls.robot import Robot, RobotParts
from callwright.calls.vocabulary import vocabulary
from callwright.compliance.decision import DialFacts, decide
from callwright.dialogue.engine import Dialogue
from callwright.dialogue.replay import Difference, replay
from callwright.dialogue.values import Do, Transfer
from callwright.script.loader import loads
from callwright.script.model import Script
from callwright.speech.vad import Vad
from callwright.telephony.port import DialOrder, IncomingLeg
from callwright.testing.literal import LiteralUnderstander
from callwright.testing.loopback import FakeIncomingLeg, FakeLine, Phone, fake_bridge
from callwright.testing.stub_speech import EverythingIsSpeech, StubRecogniser, StubVoice, Utterances
from callwright.testing.stub_speech import Script as Recognition
from callwright.testing.virtual_time import run_virtual

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
SCRIPT = (Path(__file__).parents[2] / "fixtures" / "calls" / "visit.yaml").read_text(encoding="utf-8")
CALLEE = "sip:callee@127.0.0.1"
DESK = "sip:desk@127.0.0.1"
Callee = Callable[[Phone], Awaitable[None]]


class MemoryOutbox:
    """A fake outbox that keeps actions in memory, or refuses them as a full disk does."""

    def __init__(self, full: bool = False) -> None:
        self.full = full
        self.kept: list[tuple[str, Any]] = []
        self.numbers: set[str] = set()

    async def put(self, call_id: str, number: str, act: Do) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.kept.append((act.kind, act.arg))
        self.numbers.add(number)


@dataclass
class Bench:
    """Everything around one call; `call` places it and returns the record."""

    folder: Path
    script: Script = field(default_factory=lambda: loads(SCRIPT).script)
    recognition: Recognition = field(default_factory=Recognition)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    desk_target: str | None = DESK
    seconds: float = 0.0
    variables: dict[str, str] = field(default_factory=lambda: {"name": "Ann"})
    parts: dict[str, Any] = field(default_factory=dict)  # in place of the bench's own
    said: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.utterances = Utterances()
        self.voice = StubVoice()
        self.ears = LiteralUnderstander(self.script)

    def call(self, callee: Callee, desk: Callee | None = None, target: str = CALLEE) -> CallRecord:
        """Run one call in virtual time. Nothing may be left running or open afterwards."""
        record, leftover = run_virtual(self._call(callee, desk, target))
        assert leftover == []
        assert not self.line.failures, self.line.failures
        assert all(leg.over.is_set() for leg in self.line.legs)
        assert all(leg.media is None or leg.media.closed for leg in self.line.legs)
        assert all(stream.closed for stream in self.recogniser.streams)
        return record

    async def _call(
        self, callee: Callee, desk: Callee | None, target: str
    ) -> tuple[CallRecord, list[asyncio.Task[Any]]]:
        record = await self.place(callee, desk, target)
        self.seconds = asyncio.get_running_loop().time()
        for leg in self.line.legs:
            if leg.task is not None:
                await asyncio.wait([leg.task])
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        return record, left

    async def place(self, callee: Callee, desk: Callee | None = None, target: str = CALLEE) -> CallRecord:
        """Place the call on a new line; to be run in a virtual loop."""
        robot = self.robot(callee, desk)
        files = CallFiles(self.folder, "call")
        return await robot.call(order(target), self.variables, files, lambda *told: self.said.append(told))

    def take(self, caller: Callee, before: Callable[[FakeIncomingLeg], None] | None = None) -> CallRecord:
        """Somebody calls us, and the robot answers; in virtual time, with nothing left over. before: done to the leg first."""

        async def taken() -> tuple[CallRecord, list[asyncio.Task[Any]]]:
            robot = self.robot(_nobody)
            leg = self.line.ring_in(caller, "+12025550123", "+12025550199")
            if before is not None:
                before(leg)
            record = await robot.answer(cast(IncomingLeg, leg), self.variables, CallFiles(self.folder, "call"))
            if leg.task is not None:
                leg.task.cancel()
                await asyncio.wait([leg.task])
            return record, [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

        record, leftover = run_virtual(taken())
        assert leftover == []
        assert not self.line.failures, self.line.failures
        assert all(leg.over.is_set() for leg in self.line.legs)
        assert all(leg.media is None or leg.media.closed for leg in self.line.legs)
        return record

    def robot(self, callee: Callee, desk: Callee | None = None) -> Robot:
        """A robot on a new line; to be made in a virtual loop."""
        loop = asyncio.get_running_loop()
        self.line = FakeLine({CALLEE: callee} | ({DESK: desk} if desk else {}), self.utterances, self.voice)
        self.recogniser = StubRecogniser(self.utterances, self.recognition)
        words = vocabulary(self.script)
        given: dict[str, Any] = {
            "dialogue": Dialogue(self.script, self.ears),
            "ears": EarsParts(
                self.script, self.recogniser, words, self.ears, lambda: Vad(EverythingIsSpeech()), accept=0.5
            ),
            "prepare": self.voice.prepare,
            "line": self.line,
            "outbox": self.outbox,
            "desk": self._desk,
            "bridge": fake_bridge,
            "now": lambda: NOW,
            "monotonic_ms": lambda: int(loop.time() * 1000),
        }
        return Robot(RobotParts(**(given | self.parts)))

    async def _desk(self, act: Transfer, call_id: str) -> DialOrder | None:
        return order(self.desk_target) if self.desk_target else None

    @property
    def heard(self) -> list[str]:
        """What the callee heard, sentence by sentence."""
        return [text for text, _ in self.line.phones[0].heard]

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Lines of the event log of a kind."""
        return [line for line in self.log() if line["kind"] == kind]

    def log(self) -> list[dict[str, Any]]:
        """The event log, from its file."""
        return read_log(self.folder / "events" / "call.jsonl")

    def replayed(self) -> tuple[Difference, ...]:
        """Differences when the log is replayed through the dialogue."""
        return replay(self.script, LiteralUnderstander(self.script), self.log())


async def _nobody(phone: Phone) -> None:
    """Nobody is called."""


def order(target: str) -> DialOrder:
    facts = DialFacts(
        callee="+12025550123",
        caller="+12025550199",
        owned_callers=frozenset({"+12025550199"}),
        purpose="service",
        basis="contract",
        local_time=NOW,
        frozen=False,
        calls_today=0,
    )
    return DialOrder(decide(facts, NOW).permit(), target, f"call-{target[4:8]}")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def full_outbox() -> MemoryOutbox:
    return MemoryOutbox(full=True)


@pytest.fixture
def make_bench(tmp_path: Path) -> Callable[..., Bench]:
    """A bench with another recogniser, outbox or script text."""

    def make(replacing: tuple[str, str] | None = None, **more: Any) -> Bench:
        if replacing is not None:
            assert replacing[0] in SCRIPT
            more["script"] = loads(SCRIPT.replace(*replacing)).script
        return Bench(tmp_path, **more)

    return make
