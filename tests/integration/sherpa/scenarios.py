"""Run in a network of its own (`own_network.run_alone`): scenarios against the real websocket server of sherpa-onnx with the toy model.

Usage: scenarios.py NAME FOLDER MODEL. Prints the outcome as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from callwright.calls.log import read_log
from callwright.calls.model import CallFiles
from callwright.script.loader import loads
from callwright.speech.asr.connections import Patience, Server
from callwright.speech.asr.fallback import FallbackRecogniser
from callwright.speech.asr.sherpa import SherpaRecogniser, SherpaSettings
from callwright.speech.asr.sherpa_server import sherpa_server
from callwright.speech.asr.websocket import WebSocketRecogniser
from callwright.speech.port import Final, Hearing, Partial, Recogniser, RecognitionError, Vocabulary
from callwright.telephony.port import Frame, IncomingLeg, LegEnded
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.rtp.g711 import encode
from callwright.telephony.sip.driver import SipLine
from callwright.testing.robots import stub_order, stub_robot
from callwright.testing.sherpa_server import SherpaServer
from callwright.testing.stub_speech import StubVoice
from callwright.testing.toy_speech import CHARACTERS, toy_speech

HOST = "127.0.0.1"
WORDS = Vocabulary("toy", "zh", ())
SCRIPT = (Path(__file__).parents[2] / "fixtures" / "calls" / "visit.yaml").read_text(encoding="utf-8")
TOY_WORDS = {
    '["yes that works", "yes"]': '["好的"]',
    "[how much is it]": '["需要人"]',
    "unrecognised: 3": "unrecognised: 9",
    "max_turns: 12": "max_turns: 30",
    "silence: 2": "silence: 9",
}
PATIENT = Patience(connect=30, final=30, lag=60)  # a slow machine is no failure


class Ears:
    """Collects what one stream is told."""

    def __init__(self) -> None:
        self.told: list[Hearing] = []
        self._answers: asyncio.Queue[Final | RecognitionError] = asyncio.Queue()
        self.first_partial_s: list[float] = []
        self.begun_s = 0.0

    def __call__(self, event: Hearing) -> None:
        self.told.append(event)
        if isinstance(event, Partial):
            if self.begun_s:
                self.first_partial_s.append(time.monotonic() - self.begun_s)
                self.begun_s = 0.0
        else:
            self._answers.put_nowait(event)

    async def answer(self) -> Final | RecognitionError:
        async with asyncio.timeout(90):
            return await self._answers.get()


async def hundred(folder: Path, model: Path) -> dict[str, Any]:
    """100 calls say two sentences each, in real time and at once."""
    server = SherpaServer(model, 6006, folder)
    await server.start()
    engine = sherpa_server(Server(server.url), rate=8000, patience=PATIENT)
    rng = np.random.default_rng(1)
    said = [["".join(rng.choice(list(CHARACTERS), 3)) for _ in range(2)] for _ in range(100)]
    heard: list[list[str]] = [[] for _ in said]
    firsts: list[float] = []

    async def call(number: int) -> None:
        ears = Ears()
        stream = await engine.open(WORDS, ears)
        loop = asyncio.get_running_loop()
        for text in said[number]:
            stream.begin()
            begun = loop.time()
            for at, frame in enumerate(toy_speech(text).reshape(-1, 160)):
                await asyncio.sleep(begun + at * 0.02 - loop.time())
                stream.push(frame)
                if at == 25:  # the first tone has ended
                    ears.begun_s = time.monotonic()
            stream.end()
            answer = await ears.answer()
            heard[number].append(answer.text if isinstance(answer, Final) else answer.message)
        firsts.extend(ears.first_partial_s)
        await stream.close()

    await asyncio.gather(*(call(number) for number in range(100)))
    await engine.aclose()
    await server.kill()
    right = sum(a == b for mine, theirs in zip(said, heard, strict=True) for a, b in zip(mine, theirs, strict=True))
    wrong = [(a, b) for a, b in zip(said, heard, strict=True) if a != b][:5]
    first_ms = sorted(round(s * 1000) for s in firsts)
    return {"right": right, "wrong": wrong, "first_partial_p50_ms": first_ms[len(first_ms) // 2] if first_ms else -1}


class Caller:
    """The far side of a call: says one sentence whenever the robot has been silent for a moment. on_second: told when it begins to say the
    second one."""

    def __init__(self, sentences: list[str], on_second: asyncio.Event) -> None:
        self._left = deque(sentences)
        self._on_second = on_second
        self._count = 0
        self._robot_spoke = False
        self._silent = 0
        self._busy_until = 0.0

    async def take(self, line: SipLine) -> None:
        async for leg in line.incoming():
            await leg.ring()
            await leg.answer()
            assert leg.media is not None
            leg.media.listen(partial(self._hear, leg), lambda digit: None)
            async for event in leg.events():
                if isinstance(event, LegEnded):
                    return

    def _hear(self, leg: IncomingLeg, frame: Frame) -> None:
        if int(np.abs(frame.pcm.astype(np.int32)).max()) > 100:
            self._robot_spoke, self._silent = True, 0
            return
        self._silent += 1
        now = time.monotonic()
        if self._robot_spoke and self._silent >= 20 and now >= self._busy_until and self._left:
            # The last sentence is said again and again, until it is understood.
            text = self._left.popleft() if len(self._left) > 1 else self._left[0]
            audio = toy_speech(text, before_ms=0)
            assert leg.media is not None
            leg.media.play(encode(audio, "PCMA"))
            self._robot_spoke, self._busy_until = False, now + len(audio) / 8000
            self._count += 1
            if self._count == 2:
                self._on_second.set()


def toy_script() -> Any:
    text = SCRIPT
    for old, new in TOY_WORDS.items():
        assert old in text, old
        text = text.replace(old, new)
    return loads(text).script


async def talk(folder: Path, recogniser: Recogniser, begun: asyncio.Event) -> dict[str, Any]:
    """One call over SIP and RTP: a question of the caller's, then an answer, in whose middle `begun` tells that it is being said."""
    caller = Caller(["需要人", "好的"], begun)
    async with (
        RtpEngine.start() as engine,
        SipLine.open(HOST, engine=engine) as ours,
        RtpEngine.start() as theirs,
        SipLine.open(HOST, engine=theirs) as far,
        asyncio.TaskGroup() as tasks,
    ):
        taking = tasks.create_task(caller.take(far))
        robot = stub_robot(toy_script(), ours, folder, voice=StubVoice(20), recogniser=recogniser)
        record = await robot.call(stub_order(far.address[1], "toy"), {"name": "Ann"}, CallFiles(folder, "call"))
        taking.cancel()
    log = read_log(folder / "events" / "call.jsonl")
    return {
        "disposition": record.disposition,
        "tags": list(record.tags),
        "faults": list(record.faults),
        "heard": [line["text"] for line in log if line["kind"] == "heard"],
        "said": [line["text"] for line in log if line["kind"] == "said"],
    }


async def killed(folder: Path, model: Path, *, fallback: bool) -> dict[str, Any]:
    """The server is killed while the caller answers, and started again a moment later."""
    server = SherpaServer(model, 6007 if fallback else 6008, folder)
    await server.start()
    first: WebSocketRecogniser = sherpa_server(Server(server.url), rate=8000, patience=PATIENT)
    recogniser: Recogniser = first
    if fallback:
        recogniser = FallbackRecogniser(first, SherpaRecogniser(SherpaSettings(str(model))))
    await recogniser.ready(WORDS)
    begun = asyncio.Event()

    async def strike() -> None:
        await begun.wait()
        await asyncio.sleep(0.3)  # in the middle of the first character
        await server.kill()
        if not fallback:
            await server.start()

    striking = asyncio.create_task(strike())
    try:
        async with asyncio.timeout(120):
            outcome = await talk(folder, recogniser, begun)
            await striking
    finally:
        await recogniser.aclose()
        await server.kill()
    return outcome


async def main(name: str, folder: Path, model: Path) -> dict[str, Any]:
    if name == "hundred":
        return await hundred(folder, model)
    ways = {"with": True, "without": False}
    for way in ways:
        (folder / way).mkdir()
    outcomes = await asyncio.gather(*(killed(folder / way, model, fallback=ways[way]) for way in ways))
    return dict(zip(ways, outcomes, strict=True))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))), ensure_ascii=False))  # noqa: T201
