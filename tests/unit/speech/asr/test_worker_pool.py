"""The stream's bookkeeping against a worker that is played by the test: one end, one answer, whatever goes wrong."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callwright.errors import ModelError
from callwright.speech.asr import worker_pool
from callwright.speech.asr.frames import HEADER, MAX_BODY, Kind, pack, unpack_header
from callwright.speech.asr.pocketsphinx import PocketsphinxRecogniser
from callwright.speech.asr.worker_pool import WorkerPool, WorkerStream
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
        self.alive = True
        self.forgotten = False

    def send(self, message: bytes, *, audio: bool = False) -> bool:
        if (audio and self.full) or not self.alive:
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
    assert worker.sent == [Kind.BEGIN, Kind.DROP], "nobody waits for a result: none is asked for"
    assert ears.waits_since is None
    worker.full = False
    ears.begin()
    ears.push(FRAME)
    ears.end()
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


async def test_without_a_process_every_utterance_is_answered_at_once() -> None:
    ears, worker, heard = stream()
    worker.alive = False
    for frames in (0, 1, 5):
        ears.begin()
        for _ in range(frames):
            ears.push(FRAME)
        ears.end()
    assert [event.message for event in heard if isinstance(event, RecognitionError)] == [
        "the recogniser process is gone, and started again before long"
    ] * 3
    worker.alive = True
    ears.begin()
    ears.end()
    ears.receive(Kind.FINAL, ANSWER)
    assert isinstance(heard[-1], Final)


# Workers of other kinds, as modules of their own: they only answer that a call is open, unless they do something wrong.
WORKER = """
import os, sys
from callwright.speech.asr.frames import HEADER, Kind, pack, pack_json, unpack_header
ends = 0
while len(head := sys.stdin.buffer.read(HEADER.size)) == HEADER.size:
    kind, number, length = unpack_header(head)
    sys.stdin.buffer.read(length)
    if kind is Kind.OPEN:
        sys.stdout.buffer.write(pack_json(Kind.READY, number, {"missing": []}))
    if kind is Kind.END and WHEN:
        DO
    elif kind is Kind.END:
        value = {"text": "yes", "raw": "yes", "score": 1.0, "alternatives": []}
        sys.stdout.buffer.write(pack_json(Kind.FINAL, number, value))
    sys.stdout.buffer.flush()
"""


async def answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worker: str, texts: int, *, restarts: int = 3
) -> list[Hearing]:
    """What `texts` utterances get, one after the other."""
    (tmp_path / "played_worker.py").write_text(worker)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setattr(worker_pool, "_HUNG_S", 0.5)
    monkeypatch.setattr(worker_pool, "_RESTARTS_IN_A_ROW", restarts)
    pool = WorkerPool("played_worker", (), 1)
    told: asyncio.Queue[Hearing] = asyncio.Queue()
    heard: list[Hearing] = []
    ears = await pool.open(Vocabulary("k", "en", ()), told.put_nowait)
    try:
        for _ in range(texts):
            before = pool.pids
            ears.begin()
            ears.push(FRAME)
            ears.push(FRAME)
            ears.end()
            async with asyncio.timeout(60):
                heard.append(await told.get())
            if isinstance(heard[-1], RecognitionError):
                async with asyncio.timeout(60):
                    while pool.pids == before or not pool.pids:  # noqa: ASYNC110 - a condition of another process
                        await asyncio.sleep(0.01)
    finally:
        await pool.aclose()
    return heard


async def test_a_worker_that_hangs_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flag = tmp_path / "once"
    do = f"open({str(flag)!r}, 'x').close(); __import__('time').sleep(60)"
    worker = WORKER.replace("WHEN", f"not os.path.exists({str(flag)!r})").replace("DO", do)
    first, second = await answers(tmp_path, monkeypatch, worker, 2)
    assert isinstance(first, RecognitionError)
    assert isinstance(second, Final)


async def test_a_worker_that_dies_again_and_again_comes_back_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag = tmp_path / "deaths"
    flag.write_text("")
    do = f"open({str(flag)!r}, 'a').write('x'); os._exit(3)"
    worker = WORKER.replace("WHEN", f"os.path.getsize({str(flag)!r}) < 2").replace("DO", do)
    heard = await answers(tmp_path, monkeypatch, worker, 3, restarts=0)
    assert [type(event) for event in heard] == [RecognitionError, RecognitionError, Final]


def test_messages_are_bounded() -> None:
    assert unpack_header(pack(Kind.AUDIO, 3, b"12")[: HEADER.size]) == (Kind.AUDIO, 3, 2)
    with pytest.raises(ValueError, match="longer"):
        unpack_header(HEADER.pack(Kind.AUDIO, 1, MAX_BODY + 1))
    with pytest.raises(ValueError, match="99"):
        unpack_header(HEADER.pack(99, 1, 0))


def test_at_least_one_worker(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="worker"):
        PocketsphinxRecogniser(tmp_path, workers=0)
