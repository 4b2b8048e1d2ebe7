"""The stream's bookkeeping against a worker that is played by the test: one end, one answer, whatever goes wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from callwright.errors import ModelError
from callwright.speech.asr.frames import HEADER, MAX_BODY, Kind, pack, unpack_header
from callwright.speech.asr.pocketsphinx import PocketsphinxRecogniser
from callwright.speech.asr.worker_pool import WorkerStream
from callwright.speech.port import Final, Hearing, Partial, RecognitionError, Vocabulary

pytestmark = pytest.mark.anyio
FRAME = np.ones(160, np.int16)
ANSWER: dict[str, Any] = {"text": "yes", "raw": "yes", "score": 1.0, "alternatives": [], "begin_ms": 20, "end_ms": 40}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class PlayedWorker:
    def __init__(self) -> None:
        self.sent: list[Kind] = []
        self.bodies: list[int] = []
        self.full = False
        self.forgotten = False

    def send(self, message: bytes, *, audio: bool = False) -> bool:
        if audio and self.full:
            return False
        kind, _, length = unpack_header(message[: HEADER.size])
        self.sent.append(kind)
        self.bodies.append(length)
        return True

    def forget(self, stream: WorkerStream) -> None:
        self.forgotten = True


def stream() -> tuple[WorkerStream, PlayedWorker, list[Hearing]]:
    worker, heard = PlayedWorker(), list[Hearing]()
    made = WorkerStream(worker, 7, Vocabulary("k", "en", (("yes", 1.0),)), heard.append)  # type: ignore[arg-type]
    return made, worker, heard


async def test_frames_travel_in_batches_and_only_inside_an_utterance() -> None:
    ears, worker, _ = stream()
    ears.push(FRAME)
    ears.begin()
    for _ in range(3):
        ears.push(FRAME)
    ears.end()
    assert worker.sent == [Kind.BEGIN, Kind.AUDIO, Kind.AUDIO, Kind.END]
    assert worker.bodies == [0, 640, 320, 0]


async def test_times_are_on_the_streams_clock() -> None:
    ears, _, heard = stream()
    for _ in range(10):
        ears.push(FRAME)
    ears.begin()
    for _ in range(5):
        ears.push(FRAME)
    ears.receive(Kind.PARTIAL, {"text": "ye"})
    ears.end()
    ears.receive(Kind.FINAL, ANSWER)
    assert heard == [Partial("ye", 300), Final("yes", 220, 240, 1.0, (), "yes")]


async def test_an_overload_costs_the_utterance_once_and_the_next_is_heard() -> None:
    ears, worker, heard = stream()
    ears.begin()
    worker.full = True
    for _ in range(6):
        ears.push(FRAME)
    ears.end()
    assert len(heard) == 1
    assert isinstance(heard[0], RecognitionError)
    worker.full = False
    ears.begin()
    ears.push(FRAME)
    ears.end()
    ears.receive(Kind.FINAL, {**ANSWER, "text": "the lost one"})
    ears.receive(Kind.FINAL, ANSWER)
    assert [e.text for e in heard if isinstance(e, Final)] == ["yes"]


async def test_a_crash_answers_every_waiting_utterance_once() -> None:
    ears, _, heard = stream()
    ears.begin()
    ears.end()
    ears.begin()
    ears.push(FRAME)
    ears.crashed("gone")
    ears.end()
    assert heard == [RecognitionError("gone"), RecognitionError("gone", under_way=True)]


async def test_the_context_is_sent_once_per_change_and_again_after_a_restart() -> None:
    ears, worker, _ = stream()
    ears.set_context(("yes",), ("acme",))
    ears.set_context(("yes",), ("acme",))
    assert worker.sent == [Kind.EXPECT]
    ears.reopen()
    assert worker.sent == [Kind.EXPECT, Kind.OPEN, Kind.EXPECT]


async def test_nothing_is_reported_after_close() -> None:
    ears, worker, heard = stream()
    ears.begin()
    ears.end()
    await ears.close()
    await ears.close()
    ears.receive(Kind.FINAL, ANSWER)
    assert heard == []
    assert worker.forgotten
    assert worker.sent.count(Kind.CLOSE) == 1


async def test_a_worker_that_cannot_open_says_why() -> None:
    ears, _, _ = stream()
    ears.receive(Kind.FAILED, {"message": "no model", "opened": False})
    with pytest.raises(ModelError, match="no model"):
        await ears.opened


def test_messages_are_bounded() -> None:
    assert unpack_header(pack(Kind.AUDIO, 3, b"12")[: HEADER.size]) == (Kind.AUDIO, 3, 2)
    with pytest.raises(ValueError, match="longer"):
        unpack_header(HEADER.pack(Kind.AUDIO, 1, MAX_BODY + 1))
    with pytest.raises(ValueError, match="99"):
        unpack_header(HEADER.pack(99, 1, 0))


def test_at_least_one_worker(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="worker"):
        PocketsphinxRecogniser(tmp_path, workers=0)
