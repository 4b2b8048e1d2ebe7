"""FunASR's protocol against a double written from its public document, and what every websocket engine does when a server fails."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from callwright.errors import CallwrightError
from callwright.speech.asr.connections import Patience, Server
from callwright.speech.asr.funasr import FunAsrDialect, funasr
from callwright.speech.asr.websocket import WebSocketRecogniser, WebSocketStream
from callwright.speech.port import Final, Hearing, Partial, RecognitionError, Vocabulary
from callwright.testing.certificates import certificate
from callwright.testing.funasr_server import FunAsrDouble, Misbehaviour, funasr_double
from callwright.testing.stub_speech import Utterances

pytestmark = pytest.mark.anyio
WORDS = Vocabulary("k", "zh", (("好的", 1.0),))
SILENCE = np.zeros(160, np.int16)
PATIENT = Patience(connect=20, final=20)  # a slow machine is no failure


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Call:
    """One call at a double: says sentences and collects what it is told."""

    def __init__(self, double: FunAsrDouble) -> None:
        self.double = double
        self.utterances = double.utterances
        self.told: list[Hearing] = []
        self._answers: asyncio.Queue[Final | RecognitionError] = asyncio.Queue()
        self.stream: WebSocketStream

    def hear(self, event: Hearing) -> None:
        self.told.append(event)
        if not isinstance(event, Partial):
            self._answers.put_nowait(event)

    def push(self, text: str, ms: int) -> None:
        for _ in range(ms // 20):
            self.stream.push(self.utterances.frame(text) if text else SILENCE)

    def say(self, *texts: str, ms: int = 700) -> None:
        self.stream.begin()
        for text in texts:
            self.push(text, ms)
        self.stream.end()

    async def answer(self) -> Final | RecognitionError:
        async with asyncio.timeout(30):
            return await self._answers.get()

    async def text(self) -> str:
        answer = await self.answer()
        assert isinstance(answer, Final), answer
        return answer.text


@asynccontextmanager
async def call(
    kind: Literal["c++", "python"] = "c++", patience: Patience = PATIENT, *misbehaves: Misbehaviour
) -> AsyncIterator[Call]:
    before = asyncio.all_tasks()
    async with funasr_double(Utterances(), kind) as double:
        double.misbehaves = list(misbehaves)
        engine = funasr(Server(double.url), patience=patience)
        made = Call(double)
        made.stream = await engine.open(WORDS, made.hear)
        try:
            yield made
        finally:
            await engine.aclose()
        assert double.faults == []
    assert asyncio.all_tasks() <= before


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not what():  # noqa: ASYNC110 - a condition of the other side
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("kind", ["c++", "python"])
async def test_both_servers_give_the_better_reading(kind: Literal["c++", "python"]) -> None:
    async with call(kind) as c:
        c.say("好的", "没问题")
        answer = await c.answer()
        assert answer == Final("好的没问题", 0, 1400, 1.0, (), "好的没问题")
        c.say("不要")
        assert await c.text() == "不要"
        assert c.double.greetings[0]["audio_fs"] == 8000


async def test_words_come_while_somebody_speaks() -> None:
    async with call() as c:
        c.stream.begin()
        c.push("好的", 700)
        await until(lambda: bool(c.told))
        assert c.told == [Partial("好的", 700)]
        c.push("没问题", 700)
        await until(lambda: len(c.told) == 2)
        assert c.told[1] == Partial("好的没问题", 1400)
        c.stream.end()
        assert await c.text() == "好的没问题"


@pytest.mark.parametrize("kind", ["c++", "python"])
async def test_a_pause_within_an_utterance_makes_two_sentences_of_the_server_and_one_of_ours(
    kind: Literal["c++", "python"],
) -> None:
    async with call(kind) as c:
        c.say("好的", "", "", "没问题")
        answer = await c.answer()
        assert answer == Final("好的没问题", 0, 2800, 1.0, (), "好的没问题")


async def test_nothing_said_is_no_fault() -> None:
    async with call() as c:
        c.say("")
        assert await c.text() == ""


async def test_the_python_server_says_nothing_when_nothing_was_said() -> None:
    async with call("python", Patience(connect=20, final=0.2)) as c:
        c.say("")
        assert await c.text() == ""


async def test_what_the_node_expects_goes_along_as_hot_words() -> None:
    async with call() as c:
        c.stream.set_context(("好的", "不要"), ("小桔",))
        c.say("好的")
        await c.text()
        assert json.loads(c.double.greetings[0]["hotwords"]) == {"小桔": 20, "好的": 20, "不要": 20}


async def test_two_utterances_at_once_keep_their_order() -> None:
    async with call() as c:
        c.say("好的")
        c.say("不要")
        assert [await c.text(), await c.text()] == ["好的", "不要"]


@pytest.mark.parametrize(
    ("bad", "says"), [("cut", "broke"), ("garbage", "not understood"), ("early", "closed the connection")]
)
async def test_a_server_that_fails_costs_one_utterance(bad: Misbehaviour, says: str) -> None:
    async with call("c++", PATIENT, bad) as c:
        c.stream.begin()
        c.push("好的", 1400)
        answer = await c.answer()
        assert isinstance(answer, RecognitionError)
        assert answer.under_way
        assert says in answer.message
        c.push("好的", 200)
        c.stream.end()
        c.say("不要")
        assert await c.text() == "不要"


@pytest.mark.parametrize("bad", ["hang", "mute"])
async def test_a_server_that_answers_nothing_is_not_waited_for(bad: Misbehaviour) -> None:
    async with call("c++", Patience(connect=20, final=1.0), "", bad) as c:
        c.say("好的")
        assert await c.text() == "好的"  # it tells when an utterance is over
        c.say("好的")
        assert await c.answer() == RecognitionError("the recogniser gave no words within 1 s")


async def test_a_server_that_shows_no_sign_of_life_is_a_fault() -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    engine = funasr(Server(f"ws://127.0.0.1:{port}"), patience=Patience(connect=0.2, final=0.2))
    told: list[Hearing] = []
    stream = await engine.open(WORDS, told.append)
    stream.begin()
    stream.end()
    await until(lambda: bool(told))
    assert told == [RecognitionError(f"the recogniser at ws://127.0.0.1:{port} cannot be reached: no answer in time")]
    with pytest.raises(CallwrightError, match="CALLWRIGHT_ASR"):
        await engine.ready(WORDS)
    await engine.aclose()
    server.close()


async def test_a_server_that_is_started_again_is_found_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with call() as c:
        c.say("好的")
        assert await c.text() == "好的"
        c.stream.begin()
        c.push("不要", 300)
        await until(lambda: len(c.double.greetings) == 2)
        await c.double.stop()
        answer = await c.answer()
        assert isinstance(answer, RecognitionError)
        assert answer.under_way
        c.stream.end()
        c.say("不要")
        assert isinstance(await c.answer(), RecognitionError)
        await c.double.start()
        c.say("没问题")
        assert await c.text() == "没问题"
    ours = [r.message for r in caplog.records if "callwright" in r.name]
    assert len(ours) == 2
    assert "cannot be reached" in ours[0]
    assert "reached again" in ours[1]


async def test_audio_does_not_pile_up() -> None:
    async with call("c++", Patience(connect=20, final=20, lag=1.0)) as c:
        await c.double.stop()
        blocked = await asyncio.start_server(lambda r, w: None, "127.0.0.1", c.double.port)
        c.say("好的", ms=400)
        c.stream.begin()
        c.push("不要", 400)
        assert c.told == []
        c.push("不要", 600)  # 1.4 s wait for a server that does not open its connection
        assert [type(event) for event in c.told] == [RecognitionError]
        assert "oldest" in (await c.answer()).message  # type: ignore[union-attr]
        c.push("不要", 600)
        assert [type(event) for event in c.told] == [RecognitionError, RecognitionError]
        blocked.close()


async def test_no_more_calls_than_it_serves() -> None:
    async with funasr_double(Utterances()) as double:
        engine = funasr(Server(double.url), most_streams=1)
        stream = await engine.open(WORDS, lambda event: None)
        with pytest.raises(CallwrightError, match="serves 1"):
            await engine.open(WORDS, lambda event: None)
        await stream.close()
        await (await engine.open(WORDS, lambda event: None)).close()


async def test_connections_are_freed_with_the_call() -> None:
    async with call() as c:
        c.say("好的")
        await c.text()
        c.stream.begin()
        c.push("好的", 200)
        await until(lambda: len(c.double.greetings) == 2)
        await c.stream.close()
        await c.stream.close()
        await until(lambda: c.double.open == 0)


async def test_tls_is_verified(tmp_path: Path) -> None:
    certificate(tmp_path, "127.0.0.1")
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    trusting = ssl.create_default_context(cafile=tmp_path / "cert.pem")
    async with funasr_double(Utterances(), context=served) as double:
        await funasr(Server(double.url, trusting), patience=PATIENT).ready(WORDS)
        with pytest.raises(CallwrightError, match="certificate is not accepted"):
            await funasr(Server(double.url, ssl.create_default_context()), patience=PATIENT).ready(WORDS)


def test_an_address_shows_no_secret() -> None:
    assert str(Server("wss://user:secret@asr.example:10095/path?token=abc")) == "wss://asr.example:10095"
    assert str(Server("ws://[::1]:6006")) == "ws://[::1]:6006"


def dialect(**more: Any) -> FunAsrDialect:
    return FunAsrDialect(more.pop("rate", 8000), more.pop("hotwords", ()), itn=False)


def test_tags_of_sensevoice_are_taken_off() -> None:
    ears = dialect()
    ears.finish()
    reading = ears.take(json.dumps({"mode": "2pass-offline", "text": "<|zh|><|NEUTRAL|>你好，", "is_final": True}))
    assert (reading.text, reading.raw, reading.over) == ("你好，", "<|zh|><|NEUTRAL|>你好，", True)


def test_sixteen_khz_is_twice_the_audio() -> None:
    assert len(dialect(rate=16000).audio(SILENCE)) == 640
    assert len(dialect().audio(SILENCE)) == 320


def test_hot_words_are_bounded() -> None:
    words = json.loads(json.loads(dialect(hotwords=[f"词{n}" for n in range(500)]).begin())["hotwords"])
    assert len(words) == 200


def test_an_unknown_mode_with_words_is_refused() -> None:
    with pytest.raises(ValueError, match="mode"):
        dialect().take(json.dumps({"mode": "3pass", "text": "hm"}))


def test_the_engine_says_what_it_can() -> None:
    engine = funasr(Server("ws://127.0.0.1:1"))
    assert isinstance(engine, WebSocketRecogniser)
    assert (engine.abilities.rate, engine.abilities.hotwords, engine.abilities.dictation) == (8000, True, True)
