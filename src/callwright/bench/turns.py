"""Turn-taking over real SIP and RTP: labelled situations played to the robot, and what it made of them.

Two processes on loopback. Here the robot, whole: line, media engine, voice activity, turn-taking, dialogue with a script of its own, prompts,
event log. There the callers (`turns_callers`). The recogniser is a stub that knows a word when its audio was pushed
(`testing.situation_ears`), or the embedded engine.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

from callwright.app import Speech, open_speech, robot_of
from callwright.bench.machine import pin, urgent
from callwright.bench.other_side import nobody
from callwright.bench.peer_rigs import Server, Watch, beside
from callwright.bench.peers import watched
from callwright.bench.report import Figure, Report, machine
from callwright.bench.situations import Situation, SituationSet
from callwright.bench.situations_build import build
from callwright.bench.turns_callers import HOST
from callwright.bench.turns_measure import Heard, measure
from callwright.bench.turns_score import Outcome, PeerResults, read_peer, score
from callwright.bench.turns_texts import PROMPTS
from callwright.calls.log import read_log
from callwright.calls.model import CallFiles, CallRecord
from callwright.calls.outbox import FileOutbox
from callwright.calls.robot import Robot
from callwright.compliance.decision import DialFacts, decide
from callwright.errors import Place, Problem, SettingsError
from callwright.recognisers import Ears as Hearing
from callwright.script.loader import loads
from callwright.script.model import Script
from callwright.settings import Settings
from callwright.speech.vad_detector import VoiceDetector
from callwright.speech.wav import read_wav
from callwright.telephony.port import DialOrder
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.testing.situation_ears import SITUATION, Said, SituationRecogniser

__all__ = ["AT_ONCE", "Engine", "run", "script_for"]

AT_ONCE = 16
Engine = Literal["stub", "pocketsphinx"]
_LATE_MS = 40.0  # callers later than that (two frames) spoil what is measured: the call is made again
_DISTURBED_MS = 60.0  # the robot was kept from its core for longer, as for peers
_LATE_PACKETS = 4  # so many that came too late for the robot spoil it too
_TRIES = 3
_STOP_S = 10.0
_BREATH_MS = 500  # of the next prompt may be heard before an opt-out is honoured
_CALLER = "+861085550000"


@dataclass(frozen=True, slots=True)
class _Said:
    """A prompt as the robot plays it."""

    encoded: bytes
    boundaries_ms: tuple[int, ...]


def script_for(language: str, node: str) -> Script:
    """The script of the bench, in which the disclosure is followed by `offer`, `ask` or `number`."""
    text = (Path(__file__).parent / f"turns_{language}.yaml").read_text(encoding="utf-8")
    return loads(text.replace("next: {any: drawn}", f"next: {{any: {node}}}"), f"turns_{language}.yaml").script


def run(
    settings: Settings,
    *,
    count: int,
    seed: int,
    engine: Engine = "stub",
    keep: Path | None = None,
    realtime: bool = False,
    peers: bool = False,
    results: Sequence[PeerResults] = (),
    say: Callable[[str], None] = lambda part: None,
) -> Report:
    """Play `count` situations. keep: a folder for the situations, logs, recordings and traces, with `outcomes.json` over them; peers: play
    them to pipecat-ai and livekit-agents too, where they are installed; results: what a peer did with them in another run.

    Raises:
        SettingsError: it cannot run here (not Linux), or the folder is in use.
        ModelError: recordings of callers, voices or models are missing.
    """
    if not sys.platform.startswith("linux"):
        raise _cannot("bench turns needs Linux (kernel time stamps)", "Run it on Linux.")
    with tempfile.TemporaryDirectory(prefix="callwright-turns-") as scratch:
        folder = _folder(keep) if keep is not None else Path(scratch)
        say("building the situations")
        known = asyncio.run(build(folder / "situations", settings.shared, seed=seed, count=count))
        bench = _Bench(
            replace(settings, cache=Path(scratch) / "cache", asr="pocketsphinx"), known, folder, engine, realtime, say
        )
        with _own_core(realtime):
            outcomes = asyncio.run(bench.play())
        (folder / "outcomes.json").write_text(_as_json(known.situations, outcomes), encoding="utf-8")
        if peers:
            files = beside("turns", folder / "situations", folder / "peers", realtime=realtime, say=say)
            results = (*results, *(read_peer(file) for file in files))
    script = script_for("zh", "offer")
    judged = engine == "stub"
    figures = [
        Figure("silence that ends an answer, configured", script.turn.end_silence_ms, "ms"),
        Figure("voice that pauses a prompt, configured", script.turn.barge.min_ms or 0, "ms"),
        *score(known.situations, outcomes, judged=judged),
        Figure("calls made again: the machine was busy", bench.again, ""),
    ]
    for peer in results:
        figures += score(known.situations, peer.outcomes, f"{peer.peer} {peer.version}: ", judged=False)
    return Report("turns", machine(), figures)


class _Bench:
    """One run."""

    def __init__(
        self,
        settings: Settings,
        known: SituationSet,
        folder: Path,
        engine: Engine,
        realtime: bool,
        say: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._known = known
        self._folder = folder
        self._engine = engine
        self._realtime = realtime
        self._say = say
        self._cores = os.sched_getaffinity(0)  # before this process keeps to one of them
        self.again = 0
        self._traces = folder / "traces"
        self._robots: dict[str, Robot] = {}
        self._prompts: dict[str, _Said] = {}
        self._outcomes: dict[str, Outcome] = {}

    async def play(self) -> list[Outcome]:
        """Every situation on a call of its own, `AT_ONCE` at a time."""
        self._traces.mkdir(exist_ok=True)
        async with AsyncExitStack() as stack:
            engine = await stack.enter_async_context(RtpEngine.start())
            line = await stack.enter_async_context(SipLine.open(HOST, engine=engine, codecs=("PCMA",)))
            voices = VoiceDetector.open(self._settings.vad)
            for one in self._known.situations:
                await self._prepare(one, line, voices, stack)
            frames = {name: len(said.encoded) // 160 for name, said in self._prompts.items()}
            lengths = self._folder / "lengths.json"
            lengths.write_text(json.dumps(frames), encoding="utf-8")
            callers = await stack.enter_async_context(
                _callers(self._known.folder, self._traces, lengths, self._cores, self._realtime)
            )
            waiting = list(enumerate(self._known.situations))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(callers.listen()).add_done_callback(lambda _: None)
                watch = await stack.enter_async_context(watched(Server(os.getpid(), 0)))
                workers = [tasks.create_task(self._work(waiting, callers, watch)) for _ in range(AT_ONCE)]
                await asyncio.gather(*workers)
                callers.close()
        return [self._outcomes[one.id] for one in self._known.situations]

    async def _prepare(self, one: Situation, line: SipLine, voices: VoiceDetector, stack: AsyncExitStack) -> None:
        """The robot a situation calls for, and its prompts."""
        node = _node(one)
        key = f"{one.language}-{node}"
        if key in self._robots:
            return
        speech = await stack.enter_async_context(
            open_speech(
                script_for(one.language, node),
                self._settings,
                recordings=self._known.folder,
                workers=1,
                voices=voices,
                hearing=self._stub() if self._engine == "stub" else None,
            )
        )
        outbox = FileOutbox(self._folder / "outbox.jsonl")
        self._robots[key] = robot_of(speech, line, outbox, nobody)
        for name in (f"{one.language}-disclosure", f"{one.language}-{node}"):
            self._prompts[name] = await self._played(name, speech)

    async def _played(self, name: str, speech: Speech) -> _Said:
        """What the robot will play: a recording, or for the question of a slot its own synthesis."""
        recording = None if name.endswith("-number") else self._known.prompts[name].audio
        prompt = await speech.prepare(PROMPTS[name].text, recording, "PCMA", PROMPTS[name].text)
        marks = {*prompt.boundaries, *(self._known.prompts[name].clauses_ms if recording else ())}
        return _Said(prompt.encoded, tuple(sorted(marks)))

    def _stub(self) -> Hearing:
        said = {one.id: _said(self._known, one) for one in self._known.situations}
        return Hearing(SituationRecogniser(said), lambda language: 0.5, lambda: 0)

    async def _work(self, waiting: list[tuple[int, Situation]], callers: _Callers, watch: Watch) -> None:
        while waiting:
            number, one = waiting.pop(0)
            for attempt in range(_TRIES):
                outcome, late = await self._one(number, one, callers, watch, f"{one.id}-{attempt + 1}")
                if not late and not outcome.fault:
                    break
                self.again += attempt + 1 < _TRIES
            self._outcomes[one.id] = outcome
            if len(self._outcomes) % 20 == 0:
                self._say(f"{len(self._outcomes)} of {len(self._known.situations)} situations")

    async def _one(
        self, number: int, one: Situation, callers: _Callers, watch: Watch, name: str
    ) -> tuple[Outcome, bool]:
        """One call: what it came to, and whether the machine was too busy for that to count."""
        SITUATION.set(one.id)
        robot = self._robots[f"{one.language}-{_node(one)}"]
        files = CallFiles(self._folder, name)
        over = callers.expect(one.id)
        begun = time.monotonic()
        record = await robot.call(_order(number, callers.port, name), {}, files)
        try:
            told = await asyncio.wait_for(over, 10)
        except TimeoutError:
            return Outcome(one.id, fault="the caller was not reached"), False
        outcome = await asyncio.to_thread(self._judge, one, record, files)
        late = float(told["late_ms"]) > _LATE_MS or record.rtp.get("late", 0) > _LATE_PACKETS
        return outcome, late or watch.disturbed_ms(begun, time.monotonic()) > _DISTURBED_MS

    def _judge(self, one: Situation, record: CallRecord, files: CallFiles) -> Outcome:
        with np.load(self._traces / f"{one.id}.npz") as trace:
            heard = Heard(trace["sent_ns"], trace["frame"], trace["came_ns"], trace["audio"], int(trace["first"][0]))
        turns = sum(line["kind"] == "utterance" for line in read_log(files.log))
        said = self._prompts[
            f"{one.language}-{_node(one)}" if one.kind != "optout_disclosure" else f"{one.language}-disclosure"
        ]
        disclosure = self._prompts[f"{one.language}-disclosure"].encoded
        outcome = measure(one, heard, disclosure, said.encoded, said.boundaries_ms, turns)
        if record.faults:
            return replace(outcome, fault=outcome.fault or f"the call: {record.faults[0]}")
        if one.kind == "optout_disclosure":
            return replace(outcome, honoured=self._frozen(record.call_id) and not _went_on(files))
        return outcome

    def _frozen(self, call_id: str) -> bool:
        path = self._folder / "outbox.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        # The line's name for a call has its host.
        frozen = {entry["call_id"].partition("@")[0] for entry in map(json.loads, lines) if entry["kind"] == "freeze"}
        return call_id.partition("@")[0] in frozen


def _went_on(files: CallFiles) -> bool:
    """Whether the robot said what follows the disclosure, rather than goodbye."""
    offers = [line for line in read_log(files.log) if line["kind"] == "prompt" and line["source"] == "node:offer/say/0"]
    return any(line["played_ms"] > _BREATH_MS for line in offers)


def _node(one: Situation) -> str:
    """What follows the disclosure in this situation's call."""
    node = one.prompt.partition("-")[2]
    return "offer" if node == "disclosure" else node


def _said(known: SituationSet, one: Situation) -> Said:
    """What the stub is told: the audio as G.711 leaves it, the words."""
    pcm = g711.decode(g711.encode(read_wav(known.folder / one.audio), "PCMA"), "PCMA")
    return Said(one.language, pcm, tuple((word.text, word.begin_ms, word.end_ms) for word in one.words))


def _order(number: int, port: int, call_id: str) -> DialOrder:
    callee = f"+86139000{number:05d}"
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    facts = DialFacts(
        callee, _CALLER, frozenset({_CALLER}), "service", "contract", local_time=noon, frozen=False, calls_today=0,
        clock="simulated",
    )  # fmt: skip
    return DialOrder(decide(facts, noon).permit(), f"sip:{callee}@{HOST}:{port}", call_id, ring_timeout_s=10.0)


# ------------------------------------------------------------ the callers' process


class _Callers:
    """Says what it heard of each call."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self.port = port

    def expect(self, situation: str) -> asyncio.Future[dict[str, Any]]:
        """Resolved when the call of the situation is over."""
        future = self._waiting[situation] = asyncio.get_running_loop().create_future()
        return future

    def close(self) -> None:
        """No more calls: the process ends."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    async def listen(self) -> None:
        """Until the process ends."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            told = json.loads(line)
            future = self._waiting.pop(told["id"], None)
            if future is not None and not future.done():
                future.set_result(told)


@asynccontextmanager
async def _callers(
    situations: Path, traces: Path, lengths: Path, cores: set[int], realtime: bool
) -> AsyncIterator[_Callers]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "callwright.bench.turns_callers", str(situations), str(traces), str(lengths),
        "--cores", ",".join(map(str, sorted(cores))), *(["--realtime"] if realtime else []),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = await process.stdout.readline()
        if not line:
            raise _cannot("the callers of bench turns ended early", "See their message above.")
        yield _Callers(process, int(json.loads(line)["port"]))
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()


# ------------------------------------------------------------ the rim


def _folder(keep: Path) -> Path:
    """A new or empty folder."""
    try:
        keep.mkdir(parents=True, exist_ok=True)
        if any(keep.iterdir()):
            raise _cannot(f"{keep} is not empty", "Choose another folder with --keep.")
    except OSError as error:
        raise _cannot(f"{keep} cannot be used: {error.strerror}", "Choose another folder with --keep.") from None
    return keep


@contextmanager
def _own_core(realtime: bool) -> Iterator[None]:
    """This process on core 0; all as before afterwards."""
    cores, policy, parameter = os.sched_getaffinity(0), os.sched_getscheduler(0), os.sched_getparam(0)
    pin(0)
    if realtime:
        urgent()
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
        os.sched_setscheduler(0, policy, parameter)


def _as_json(situations: Sequence[Situation], outcomes: Sequence[Outcome]) -> str:
    rows: list[Mapping[str, Any]] = [
        {"kind": one.kind, "expect": one.expect, "text": one.text, "what": one.what, **asdict(outcome)}
        for one, outcome in zip(situations, outcomes, strict=True)
    ]
    return json.dumps({"peer": "callwright", "version": "", "situations": rows}, ensure_ascii=False, indent=1) + "\n"


def _cannot(what: str, mend: str) -> SettingsError:
    return SettingsError(Problem("bench-turns", what, Place("bench turns"), mend))
