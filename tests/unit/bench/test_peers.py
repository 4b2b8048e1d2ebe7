"""Callers of the peers: what the stub recogniser says, what is sent, what is measured. No peer is needed."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve

from callwright.bench import peer_density
from callwright.bench.peer_calls import Caller, Course, Echo, place
from callwright.bench.peer_heard import Preset, Timing, outcome
from callwright.bench.peer_rigs import HOW_TO_INSTALL, RIGS, Server, Watch, beside, installed
from callwright.bench.peers import Played, Stage, hears, reply_audio, write
from callwright.bench.situations import Prompt, Situation, SituationSet, Word
from callwright.speech.wav import write_wav
from callwright.telephony.rtp.g711 import decode, encode


def situation(**changes: Any) -> Situation:
    words = (Word("yes", 500, 700), Word("please", 720, 1_000))
    one = Situation("1", "answer", "en", "a.wav", False, "ask", ((500, 1_000),), "yes please", "answer", words)
    return replace(one, **changes)


def small_set(folder: Path) -> SituationSet:
    rng = np.random.default_rng(1)
    write_wav(folder / "a.wav", rng.integers(-5000, 5000, 9_600).astype(np.int16))
    write_wav(folder / "prompt-ask.wav", rng.integers(-5000, 5000, 1_600).astype(np.int16))
    return SituationSet(folder, 1, {"ask": Prompt("prompt-ask.wav", "?", "en", 200, (0,), (0,))}, (situation(),))


class TestHears:
    def test_words_come_after_they_were_said_and_a_final_follows(self) -> None:
        assert hears(situation()) == [(800, "yes", False), (1_100, "yes please", False), (1_150, "yes please", True)]

    def test_a_pause_ends_an_utterance(self) -> None:
        words = (Word("one", 0, 300), Word("two", 500, 800))
        assert hears(situation(words=words)) == [
            (400, "one", False),
            (450, "one", True),
            (900, "two", False),
            (950, "two", True),
        ]

    def test_mandarin_comes_in_words(self) -> None:
        words = tuple(Word(char, 100 * at, 100 * at + 90) for at, char in enumerate("我没有兴趣"))
        assert hears(situation(language="zh", words=words))[-1][1] == "我 没有 兴趣"

    def test_nothing_said(self) -> None:
        assert hears(situation(words=())) == []


class TestStage:
    def test_what_comes_back_over_mu_law_is_the_same_bytes(self, tmp_path: Path) -> None:
        stage = Stage(small_set(tmp_path), tmp_path)
        preset = stage.preset(situation())
        for audio in (preset.prompt, preset.reply):
            assert encode(decode(audio, "PCMU"), "PCMU") == audio
        assert len(preset.prompt) == 1_600

    def test_only_a_disclosure_may_not_be_interrupted(self, tmp_path: Path) -> None:
        stage = Stage(small_set(tmp_path), tmp_path)
        assert stage.told(situation())["interruptible"]
        assert not stage.told(situation(kind="optout_disclosure"))["interruptible"]

    def test_a_caller_has_heard_enough_when_the_reply_is_well_begun(self, tmp_path: Path) -> None:
        stage = Stage(small_set(tmp_path), tmp_path)
        caller = stage.caller(situation(), 0)
        heard = Course(0.0).heard
        heard.add(100, stage.preset(situation()).prompt)
        assert not caller.enough(heard, 2_500, 1_000)
        heard.add(2_000, stage.reply)
        assert not caller.enough(heard, 2_400, 900)
        assert caller.enough(heard, 2_600, 1_100)

    def test_a_caller_waits_while_a_prompt_may_yet_go_on(self, tmp_path: Path) -> None:
        stage = Stage(small_set(tmp_path), tmp_path)
        caller = stage.caller(situation(), 0)
        heard, prompt = Course(0.0).heard, stage.preset(situation()).prompt
        heard.add(100, prompt[:400])
        assert not caller.enough(heard, 4_000, 2_000)
        assert caller.enough(heard, 9_000, 8_000)
        heard.add(8_000, prompt[800:1_200])
        assert caller.enough(heard, 8_050, 7_600)
        assert not caller.enough(heard, 9_000, 8_000)


async def robot(websocket: ServerConnection) -> None:
    """Prompt at once, reply when the tenth frame of the caller's audio has come."""
    stage: dict[str, Any] = {}
    frames = -1
    async for message in websocket:
        data = json.loads(message)
        if data["event"] == "start":
            stage = json.loads(data["start"]["customParameters"]["stage"])
            await say(websocket, bytes.fromhex(stage["prompt"]))
        elif data["event"] == "mark":
            frames = 0
        elif data["event"] == "media" and frames >= 0:
            frames += 1
            if frames == 10:
                await say(websocket, bytes.fromhex(stage["reply"]))


async def say(websocket: ServerConnection, ulaw: bytes) -> None:
    for at in range(0, len(ulaw), 160):
        payload = base64.b64encode(ulaw[at : at + 160]).decode()
        await websocket.send(json.dumps({"event": "media", "media": {"payload": payload}}))


@pytest.mark.parametrize("echo", [None, Echo(40, 0.3)])
def test_a_call(echo: Echo | None) -> None:
    rng = np.random.default_rng(1)
    prompt, reply = (encode(rng.integers(-5000, 5000, 1_600).astype(np.int16), "PCMU") for _ in range(2))
    line = np.zeros(1_600, np.int16)
    caller = Caller({"prompt": prompt.hex(), "reply": reply.hex()}, line[:800], line, 200, True, 100, 1_000, echo=echo)

    async def one_call() -> Course:
        async with serve(robot, "127.0.0.1", 0) as server:
            return await place(server.sockets[0].getsockname()[1], caller, "MZ1")

    course = asyncio.run(one_call())
    timing = Timing(course.sent_ms(0), course.sent_ms(99), course.until_ms)
    found = outcome(course.heard.runs(), Preset(prompt, reply, (0,)), timing)
    assert (found.stop_ms, found.ended_turns, found.unknown) == (None, 1, 0)
    # as late as this machine is, the tenth frame comes first; a telephone's jitter buffer may hide 20 ms of what comes right behind the prompt
    assert found.turn_ms is not None and found.turn_ms >= course.frames_ms[9] - course.sent_ms(99) - 20


class TestDensity:
    def test_a_track_is_a_third_of_talk_with_words_where_they_are_said(self, tmp_path: Path) -> None:
        one = peer_density.track(small_set(tmp_path), seconds=60, seed=3)
        gaps = np.diff(one.turns_ms)
        assert len(one.turns_ms) > 10 and gaps.min() >= 500 + len(reply_audio()) / 8
        assert next(at for at, text, final in one.said if final) == pytest.approx(one.turns_ms[0] + 150, abs=1)
        last = int(one.turns_ms[0]) * 8
        loud, quiet = one.audio[last - 800 : last].std(), one.audio[last + 1_600 : last + 8_000].std()
        assert loud > 20 * quiet

    def test_latency_of_each_turn(self) -> None:
        course = Course(0.0, frames_ms=[20.0 * at for at in range(500)])
        reply = encode(reply_audio(), "PCMU")
        course.heard.add(1_600, reply)
        course.heard.add(9_500, reply)
        turns = peer_density.latencies(course, reply, (1_000, 5_000, 9_000, 30_000), (0, 9_500))
        assert turns == [pytest.approx(620), None, pytest.approx(520)]
        assert peer_density.latencies(course, reply, (1_000,), (2_000, 9_000)) == []

    def test_a_row_without_replies_is_json(self) -> None:
        row = peer_density.Row(60, float("inf"), float("inf"), 0.016, 10.8, 60, 60, 2.0, 3.0).as_json()
        assert json.loads(json.dumps(row, allow_nan=False))["turn_p95_ms"] is None


class TestRigs:
    def test_names_are_told_apart_in_files(self, tmp_path: Path) -> None:
        names = {write(tmp_path, "turns", {"peer": rig.name}).name for rig in RIGS}
        assert len(names) == len(RIGS) and "turns-pipecat-smart-turn.json" in names

    def test_without_an_environment_nothing_runs_and_that_is_said(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr("callwright.bench.peer_rigs._ROOT", tmp_path)
        said: list[str] = []
        assert installed(every=True) == []
        assert beside("turns", tmp_path, tmp_path, say=said.append) == []
        assert said == [HOW_TO_INSTALL] and "make peers-voice" in said[0]

    def test_the_worst_wait_within_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        watch = Watch(Server(1, 1))
        monkeypatch.setattr(watch, "_samples", [(0.0, 0.0), (0.25, 0.2), (0.5, 0.2), (0.75, 0.25)])
        assert watch.disturbed_ms(0.3, 0.7) == pytest.approx(50)
        assert watch.disturbed_ms(0.1, 0.2) == pytest.approx(200)

    def test_as_json_has_the_names_bench_turns_reads(self) -> None:
        line = Played("1", outcome([], Preset(b"", b"", ()), Timing(0, 0, 0))).as_json()
        assert (
            line["id"] == "1" and line["resume_at_boundary"] is None and line["stop_ms"] is None and line["fault"] == ""
        )
