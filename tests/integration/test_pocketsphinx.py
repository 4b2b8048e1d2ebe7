"""The embedded recogniser with its real engine and models, in its real worker processes."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from callwright.errors import ModelError
from callwright.speech.asr.pocketsphinx import PocketsphinxRecogniser, threshold
from callwright.speech.asr.worker_pool import WorkerStream
from callwright.speech.port import Final, Hearing, Partial, Pcm, RecognitionError, Vocabulary
from callwright.speech.wav import read_wav

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

APPOINTMENT = Vocabulary(
    "appointment",
    "en",
    tuple((p, 1.0) for p in ("that works", "i can make it", "where is the clinic", "which doctor", "reschedule")),
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Ears:
    """Collects what a stream reports and lets a test wait for the next final or error."""

    def __init__(self) -> None:
        self.partials: list[Partial] = []
        self._ends: asyncio.Queue[Final | RecognitionError] = asyncio.Queue()

    def __call__(self, event: Hearing) -> None:
        if isinstance(event, Partial):
            self.partials.append(event)
        else:
            self._ends.put_nowait(event)

    async def end(self) -> Final | RecognitionError:
        async with asyncio.timeout(20):
            return await self._ends.get()

    def waiting(self) -> int:
        return self._ends.qsize()


@asynccontextmanager
async def recogniser(models: Path, workers: int = 1) -> AsyncIterator[PocketsphinxRecogniser]:
    engine = PocketsphinxRecogniser(models, workers=workers)
    try:
        yield engine
    finally:
        await engine.aclose()


def speak(stream: WorkerStream, pcm: Pcm) -> None:
    stream.begin()
    for at in range(0, len(pcm) // 160 * 160, 160):
        stream.push(pcm[at : at + 160])
    stream.end()


def on_a_line(pcm: Pcm) -> Pcm:
    """With a little line noise around and under it."""
    noise = np.random.default_rng(1).normal(0, 6, len(pcm) + 2400)
    noise[800 : 800 + len(pcm)] += pcm * 0.6
    return np.clip(noise, -32768, 32767).astype(np.int16)


def flite(text: str, folder: Path) -> Pcm:
    program = shutil.which("flite")
    if program is None:
        pytest.skip("flite is not installed (apt-get install flite)")
    path = folder / "speech.wav"
    subprocess.run([program, "-voice", "awb", "-t", text, "-o", str(path)], check=True, timeout=20)
    return on_a_line(read_wav(path))


async def test_english_answers_of_a_synthetic_caller(tmp_path: Path) -> None:
    said = [
        "yes",
        "i can make it",
        "no",
        "where is the clinic",
        "stop calling me",
        "can i speak to a human",
        "please cancel my appointment",
    ]
    ears = Ears()
    right = 0
    async with recogniser(tmp_path) as engine:
        stream = await engine.open(APPOINTMENT, ears)
        for text in said:
            speak(stream, flite(text, tmp_path))
            final = await ears.end()
            assert isinstance(final, Final)
            assert 0 <= final.begin_ms <= final.end_ms
            right += final.text == text
    assert right >= len(said) - 1
    assert ears.partials, "nothing was reported while the caller spoke"


async def test_mandarin_answers_of_human_callers(shared: Path) -> None:
    folder = shared / "audio" / "callers-zh"
    items = {item["file"]: item for item in json.loads((folder / "index.json").read_text(encoding="utf-8"))["items"]}
    files = ["affirm-05-yue-tan.wav", "affirm-02-yue-tan.wav", "affirm-06-yue-tan.wav"]
    ears = Ears()
    phrases = tuple((p, 1.0) for p in ("可以", "方便", "你说吧", "没问题", "不方便", "不需要", "多少钱"))
    async with recogniser(shared / "models") as engine:
        stream = await engine.open(Vocabulary("test", "zh", phrases), ears)
        right = 0
        for file in files:
            speak(stream, read_wav(folder / file))
            final = await ears.end()
            assert isinstance(final, Final)
            right += final.text == items[file]["text"] and final.score >= threshold("zh")
    assert right >= 2


async def test_every_end_has_one_final_and_silence_is_an_empty_one(tmp_path: Path) -> None:
    ears = Ears()
    async with recogniser(tmp_path) as engine:
        stream = await engine.open(APPOINTMENT, ears)
        stream.begin()
        stream.end()
        first = await ears.end()
        assert isinstance(first, Final)
        assert (first.text, first.score) == ("", 0.0)
        speak(stream, np.zeros(8000, np.int16))
        second = await ears.end()
        assert isinstance(second, Final)
        assert second.score < threshold("en")
        stream.end()
        await asyncio.sleep(0)
        assert ears.waiting() == 0


async def test_a_worker_that_dies_costs_one_utterance(tmp_path: Path) -> None:
    ears = Ears()
    async with recogniser(tmp_path) as engine:
        stream = await engine.open(APPOINTMENT, ears)
        stream.set_context(("that works",))
        pcm = flite("that works", tmp_path)
        stream.begin()
        stream.push(pcm[:160])
        before = engine.worker_pids
        os.kill(before[0], signal.SIGKILL)
        assert isinstance(await ears.end(), RecognitionError)
        stream.end()
        speak(stream, pcm)
        final = await ears.end()
        assert isinstance(final, Final)
        assert final.text == "that works"
        assert engine.worker_pids != before


async def test_another_context_in_the_middle_of_an_utterance_is_for_the_next_one(tmp_path: Path) -> None:
    ears = Ears()
    async with recogniser(tmp_path) as engine:
        stream = await engine.open(APPOINTMENT, ears)
        before = engine.worker_pids
        for _ in range(2):
            pcm = flite("that works", tmp_path)
            stream.begin()
            for at in range(0, len(pcm) - 159, 160):
                stream.push(pcm[at : at + 160])
                if at == 3200:
                    stream.set_context(("stop calling me",))
                if at == 4800:
                    stream.set_context(("that works",))
            stream.end()
            final = await ears.end()
            assert isinstance(final, Final)
            assert final.text == "that works"
        assert engine.worker_pids == before


async def test_calls_are_spread_over_the_workers_and_do_not_mix(tmp_path: Path) -> None:
    said = ["yes please", "no", "i can make it", "stop calling me"]
    async with recogniser(tmp_path, workers=2) as engine:
        ears = [Ears() for _ in said]
        streams = [await engine.open(APPOINTMENT, e) for e in ears]
        assert len(engine.worker_pids) == 2
        for stream, text in zip(streams, said, strict=True):
            speak(stream, flite(text, tmp_path))
        finals = [await e.end() for e in ears]
        assert [f.text for f in finals if isinstance(f, Final)] == said
        for stream in streams:
            await stream.close()


async def test_a_missing_model_is_told_when_the_call_opens(tmp_path: Path) -> None:
    async with recogniser(tmp_path) as engine:
        with pytest.raises(ModelError, match="CALLWRIGHT_MODELS"):
            await engine.open(Vocabulary("test", "zh", (("好", 1.0),)), Ears())


async def test_closing_ends_the_processes(tmp_path: Path) -> None:
    async with recogniser(tmp_path) as engine:
        await engine.open(APPOINTMENT, Ears())
        (pid,) = engine.worker_pids
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
