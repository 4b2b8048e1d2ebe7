"""sherpa-onnx in worker processes of our own, with the toy model: tones come back as characters."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from callwright.errors import CallwrightError
from callwright.speech.asr.sherpa import SherpaRecogniser, SherpaSettings
from callwright.speech.port import Final, Hearing, Partial, RecognitionError, Vocabulary
from callwright.testing.toy_speech import toy_speech

pytest.importorskip("sherpa_onnx", reason="the package sherpa-onnx is not installed (extra `sherpa`)")
pytestmark = [pytest.mark.anyio, pytest.mark.integration, pytest.mark.shared]
WORDS = Vocabulary("k", "zh", ())


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def recogniser(shared: Path, most_streams: int | None = None) -> AsyncIterator[SherpaRecogniser]:
    engine = SherpaRecogniser(SherpaSettings(str(shared / "models" / "sherpa-toy-8k")), most_streams=most_streams)
    try:
        yield engine
    finally:
        await engine.aclose()


class Call:
    def __init__(self) -> None:
        self.told: list[Hearing] = []
        self._answers: asyncio.Queue[Final | RecognitionError] = asyncio.Queue()

    async def open(self, engine: SherpaRecogniser) -> Call:
        self.stream = await engine.open(WORDS, self._hear)
        return self

    def _hear(self, event: Hearing) -> None:
        self.told.append(event)
        if not isinstance(event, Partial):
            self._answers.put_nowait(event)

    def say(self, text: str) -> None:
        self.stream.begin()
        for frame in toy_speech(text).reshape(-1, 160):
            self.stream.push(frame)
        self.stream.end()

    async def answer(self) -> Final | RecognitionError:
        async with asyncio.timeout(60):
            return await self._answers.get()


async def test_many_calls_are_decoded_together_and_none_hears_the_other(shared: Path) -> None:
    said = ["不用谢", "好的再见", "需要人", "好的"] * 5
    async with recogniser(shared) as engine:
        await engine.ready(WORDS)
        calls = [await Call().open(engine) for _ in said]
        for call, text in zip(calls, said, strict=True):
            call.say(text)
        answers = [await call.answer() for call in calls]
        assert [a.text for a in answers if isinstance(a, Final)] == said
        assert len(engine.worker_pids) == 1
        first = answers[0]
        assert isinstance(first, Final)
        assert first.begin_ms == pytest.approx(300, abs=60)
        assert first.end_ms <= len(toy_speech(said[0])) // 8


async def test_words_come_while_somebody_speaks(shared: Path) -> None:
    async with recogniser(shared) as engine, asyncio.timeout(60):
        call = await Call().open(engine)
        call.stream.begin()
        for frame in toy_speech("好的再见").reshape(-1, 160):
            call.stream.push(frame)
        while not call.told:  # noqa: ASYNC110 - a condition of another process
            await asyncio.sleep(0.01)
        assert isinstance(call.told[0], Partial)
        assert "好的再见".startswith(call.told[0].text)


async def test_utterances_of_one_call_keep_their_order(shared: Path) -> None:
    async with recogniser(shared) as engine:
        call = await Call().open(engine)
        for text in ("需要人", "好", "不用"):
            call.say(text)
        call.stream.begin()
        call.stream.end()
        answers = [await call.answer() for _ in range(4)]
        assert [a.text for a in answers if isinstance(a, Final)] == ["需要人", "好", "不用", ""]


async def test_a_worker_that_is_killed_costs_one_utterance(shared: Path) -> None:
    async with recogniser(shared) as engine:
        call = await Call().open(engine)
        call.stream.begin()
        call.stream.push(toy_speech("好")[:160])
        os.kill(engine.worker_pids[0], signal.SIGKILL)
        answer = await call.answer()
        assert isinstance(answer, RecognitionError)
        assert answer.under_way
        call.stream.end()
        call.say("不用")
        answer = await call.answer()
        assert isinstance(answer, Final)
        assert answer.text == "不用"


async def test_a_model_that_the_engine_refuses_is_told_at_once(shared: Path, tmp_path: Path) -> None:
    toy = shared / "models" / "sherpa-toy-8k"
    (tmp_path / "tokens.txt").write_bytes((toy / "toy_tokens.txt").read_bytes())
    whole = (toy / "toy.onnx").read_bytes()
    network = whole.find(
        b"\x3a"
    )  # the field of the network itself: its operators become nonsense, the file stays readable
    (tmp_path / "model.onnx").write_bytes(whole[:network] + whole[network:].replace(b"MatMul", b"NoSuch"))
    engine = SherpaRecogniser(SherpaSettings(str(tmp_path)))
    with pytest.raises(CallwrightError):
        await engine.ready(WORDS)
    await engine.aclose()


async def test_no_more_calls_than_it_may(shared: Path) -> None:
    async with recogniser(shared, most_streams=1) as engine:
        call = await Call().open(engine)
        with pytest.raises(CallwrightError, match="serves 1"):
            await Call().open(engine)
        await call.stream.close()
        await Call().open(engine)
