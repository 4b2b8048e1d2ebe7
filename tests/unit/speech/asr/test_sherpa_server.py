"""sherpa-onnx's websocket protocol: what its messages mean; and its Python server, which closes the connection when it is done (played here)."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Literal

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve

from callwright.speech.asr.connections import Patience, Server
from callwright.speech.asr.sherpa_server import SherpaDialect, sherpa_server
from callwright.speech.asr.websocket import Reading
from callwright.speech.asr.writing import joined, untagged
from callwright.speech.port import Final, Hearing, Partial, RecognitionError, Vocabulary

FRAME = np.full(160, 16384, np.int16)


def result(text: str, segment: int = 0, **more: Any) -> str:
    return json.dumps({"text": text, "segment": segment, "is_final": False, **more}, ensure_ascii=False)


def test_audio_is_float_at_the_servers_rate() -> None:
    at_8k = np.frombuffer(SherpaDialect(8000).audio(FRAME), "<f4")
    assert (len(at_8k), set(at_8k)) == (160, {0.5})
    dialect = SherpaDialect(16000)
    twice = np.concatenate([np.frombuffer(dialect.audio(FRAME), "<f4") for _ in range(3)])
    assert len(twice) == 960
    assert twice[500:] == pytest.approx(0.5, abs=0.01)


def test_the_segments_of_a_server_are_one_utterance() -> None:
    dialect = SherpaDialect(8000)
    assert dialect.take(result("好")) == Reading("好")
    dialect.take(result("好的", timestamps=[0.4, 0.7], start_time=0.0))
    dialect.take(result("", 1))
    reading = dialect.take(result("再见", 1, timestamps=[0.1, 0.3], start_time=2.0))
    assert reading == Reading("好的再见", False, (400, 2540))
    assert dialect.take("Done!") == Reading("好的再见", True, (400, 2540))


@pytest.mark.parametrize(
    "wrong", ["Done", "[]", "{}", '{"text": 3}', '{"text": "a", "segment": "b"}', '{"text": "a", "segment": -1}']
)
def test_nonsense_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        SherpaDialect(8000).take(wrong)


def test_how_pieces_are_joined() -> None:
    assert joined(["hello", "world"]) == "hello world"
    assert joined(["你好", "hello", "", "再见"]) == "你好hello再见"
    assert joined(["déjà", "vu"]) == "déjà vu"
    assert untagged("<|zh|><|HAPPY|>你好") == "你好"


async def recognise(way: Literal["closes", "dies"]) -> list[Hearing]:
    """One utterance at a played server."""

    async def played(connection: ServerConnection) -> None:
        async for message in connection:
            if message == "Done":
                await connection.send(result("好的", is_final=True))
                if way == "dies":
                    connection.transport.abort()
                return  # closes with code 1000
            await connection.send(result("好"))

    told: list[Hearing] = []
    over = asyncio.Event()

    def hear(event: Hearing) -> None:
        told.append(event)
        if not isinstance(event, Partial):
            over.set()

    async with serve(played, "127.0.0.1", 0, compression=None) as server:
        url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        engine = sherpa_server(Server(url), rate=8000, patience=Patience(connect=20, final=20))
        stream = await engine.open(Vocabulary("k", "zh", ()), hear)
        stream.begin()
        for _ in range(10):
            stream.push(FRAME)
        stream.end()
        async with asyncio.timeout(30):
            await over.wait()
        await engine.aclose()
    return told


def test_a_server_that_closes_when_it_is_done() -> None:
    told = asyncio.run(recognise("closes"))
    assert told[-1] == Final("好的", 0, 200, 1.0, (), "好的")
    assert len([event for event in told if not isinstance(event, Partial)]) == 1


def test_a_server_that_dies_before_it_is_done() -> None:
    told = asyncio.run(recognise("dies"))
    assert isinstance(told[-1], RecognitionError)
    assert not told[-1].under_way
