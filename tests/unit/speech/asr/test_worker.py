"""What a worker sends while somebody speaks."""

from __future__ import annotations

import io
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from callwright.speech.asr import worker
from callwright.speech.asr.frames import HEADER, Kind, pack, pack_json, unpack_header
from callwright.speech.asr.load import Load
from callwright.speech.asr.worker import Engine, _Server

_LOUD = np.full(320, 1000, dtype=np.int16).tobytes()
_MESSAGE = np.zeros(320, dtype=np.int16).tobytes()  # 40 ms


def _until(so: Callable[[], bool]) -> None:
    """Wait for another thread; 20 s at most."""
    end = time.monotonic() + 20
    while not so() and time.monotonic() < end:
        time.sleep(0.005)


class _Decoder:
    """Knows a little more after every message."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts
        self._pushed = 0
        self.ready = ""
        self.paused_ms = 300
        self.dropped = 0

    def begin(self) -> None:
        self._pushed = 0

    def push(self, pcm: Any) -> None:
        self._pushed += 1

    def partial(self) -> str:
        return self.ready or self._texts[self._pushed - 1]

    def consider(self, patience_ms: float = 0) -> bool:
        return bool(self.ready) and self.paused_ms >= patience_ms

    def expect(self, phrases: tuple[str, ...]) -> None:
        self.expected = phrases

    def finish(self) -> Any:
        raise KeyError("the engine has lost its search")

    def drop(self) -> None:
        self.dropped += 1

    def abandon(self) -> None:
        self.abandoned = True


class _Engine:
    def __init__(self, texts: list[str]) -> None:
        self._texts = texts
        self.lent: list[_Decoder] = []

    def open_decoder(self, *_: Any) -> tuple[_Decoder, tuple[str, ...]]:
        self.lent.append(_Decoder(self._texts))
        return self.lent[-1], ()


def _partials(texts: list[str]) -> list[tuple[int, str]]:
    """(audio messages pushed, text) of each partial."""
    out = io.BytesIO()
    server = _Server(cast(Engine, _Engine(texts)), out)
    server.handle(Kind.OPEN, 1, pack_json(Kind.OPEN, 1, {"key": "k", "language": "zh", "phrases": []})[HEADER.size :])
    server.handle(Kind.BEGIN, 1, pack(Kind.BEGIN, 1)[HEADER.size :])
    found: list[tuple[int, str]] = []
    for number in range(1, len(texts) + 1):
        out.seek(0)
        out.truncate()
        server.handle(Kind.AUDIO, 1, _MESSAGE)
        answer = out.getvalue()
        if answer:
            assert unpack_header(answer[: HEADER.size])[0] is Kind.PARTIAL
            found.append((number, json.loads(answer[HEADER.size :])["text"]))
    return found


def test_the_first_words_are_sent_at_once_and_what_follows_every_120_ms() -> None:
    assert _partials(["", "好", "好的", "好的谢", "好的谢谢", "好的谢谢"]) == [(2, "好"), (5, "好的谢谢")]


def test_what_a_pause_made_ready_is_told_at_once() -> None:
    out, engine = io.BytesIO(), _Engine(["好", "好", "好的", "好的"])
    server = _Server(cast(Engine, engine), out)
    server.handle(Kind.OPEN, 1, json.dumps({"key": "k", "language": "zh", "phrases": []}).encode())
    server.handle(Kind.BEGIN, 1, b"")
    server.handle(Kind.AUDIO, 1, _MESSAGE)
    assert not server.consider()
    server.handle(Kind.AUDIO, 1, _MESSAGE)
    engine.lent[0].ready = "好的谢谢"
    out.seek(0)
    out.truncate()
    assert server.consider()
    assert json.loads(out.getvalue()[HEADER.size :]) == {"text": "好的谢谢"}
    assert not server.consider()  # nothing was heard since


def _spoken_to(engine: _Engine, out: io.BytesIO) -> _Server:
    """One stream that has heard something."""
    server = _Server(cast(Engine, engine), out)
    server.handle(Kind.OPEN, 1, json.dumps({"key": "k", "language": "zh", "phrases": []}).encode())
    server.handle(Kind.BEGIN, 1, b"")
    server.handle(Kind.AUDIO, 1, _MESSAGE)
    return server


def test_while_others_wait_only_a_long_pause_is_considered() -> None:
    engine = _Engine(["好", "好的"])
    server = _spoken_to(engine, io.BytesIO())
    engine.lent[0].ready, engine.lent[0].paused_ms = "好的谢谢", 240
    assert not server.consider(250)
    server.handle(Kind.AUDIO, 1, _MESSAGE)
    engine.lent[0].paused_ms = 260
    assert server.consider(250)
    assert not server.consider()  # done already


@pytest.mark.parametrize("then", [Kind.CLOSE, Kind.BEGIN, Kind.DROP])
def test_an_utterance_that_nobody_waits_for_is_not_decoded(then: Kind) -> None:
    engine, out = _Engine(["好"]), io.BytesIO()
    server = _spoken_to(engine, out)
    said = len(out.getvalue())
    server.handle(then, 1, b"")
    assert (engine.lent[0].dropped, len(out.getvalue())) == (1, said)


def test_nothing_heard_is_nothing_sent() -> None:
    assert _partials(["", "", "", ""]) == []


def test_a_fault_of_the_engine_costs_one_utterance_and_its_decoder() -> None:
    out, engine = io.BytesIO(), _Engine(["好"])
    server = _Server(cast(Engine, engine), out)
    server.handle(Kind.OPEN, 1, json.dumps({"key": "k", "language": "zh", "phrases": []}).encode())
    server.handle(Kind.EXPECT, 1, json.dumps(["可以"]).encode())
    server.handle(Kind.BEGIN, 1, b"")
    out.seek(0)
    out.truncate()
    server.handle(Kind.END, 1, b"")
    assert unpack_header(out.getvalue()[: HEADER.size])[0] is Kind.FAILED
    assert engine.lent[0].abandoned  # its engines serve no other call
    server.handle(Kind.BEGIN, 1, b"")
    assert len(engine.lent) == 2
    assert engine.lent[1].expected == ("可以",)


def test_who_has_paused_for_long_is_served_before_what_others_say(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    class Watched(_Decoder):
        def __init__(self, number: int) -> None:
            super().__init__(["好"] * 9)
            self._number = number
            self.ready, self.paused_ms = "好", 300 if number == 1 else 0

        def push(self, pcm: Any) -> None:
            super().push(pcm)
            done.append(f"push {self._number}")

        def consider(self, patience_ms: float = 0) -> bool:
            found = super().consider(patience_ms)
            if found:
                done.append(f"consider {self._number}")
                self.ready = ""
            return found

    class Lends(_Engine):
        def open_decoder(self, *_: Any) -> tuple[_Decoder, tuple[str, ...]]:
            self.lent.append(Watched(len(self.lent) + 1))
            return self.lent[-1], ()

    monkeypatch.setattr(worker, "Engine", lambda models: Lends([]))
    audio = pack(Kind.AUDIO, 1, _MESSAGE * 6), pack(Kind.AUDIO, 2, _MESSAGE * 6)  # 240 ms each: they are not joined
    opened = [pack_json(Kind.OPEN, number, {"key": "k", "language": "zh", "phrases": []}) for number in (1, 2)]
    begun = [pack(Kind.BEGIN, number) for number in (1, 2)]
    source, sink = os.pipe()
    with os.fdopen(source, "rb") as read:
        os.write(sink, b"".join([*opened, *begun, audio[0], audio[1], audio[1]]))
        reader = threading.Thread(target=worker.serve, args=(Path(), read, io.BytesIO()))
        reader.start()
        # All is handled before the pipe ends: what is left of a gone robot is not considered.
        _until(lambda: len(done) >= 5 or not reader.is_alive())
        os.close(sink)
        reader.join(20)
    assert not reader.is_alive()
    assert done == ["push 1", "consider 1", "push 2", "push 2", "consider 2"]


def test_a_full_disk_fails_one_call_and_a_gone_robot_ends_the_worker() -> None:
    class Full(_Engine):
        def open_decoder(self, *_: Any) -> tuple[_Decoder, tuple[str, ...]]:
            raise OSError(28, "No space left on device")

    class Gone(io.BytesIO):
        def flush(self) -> None:
            raise BrokenPipeError

    wanted = json.dumps({"key": "k", "language": "zh", "phrases": []}).encode()
    out = io.BytesIO()
    _Server(cast(Engine, Full([])), out).handle(Kind.OPEN, 1, wanted)
    assert unpack_header(out.getvalue()[: HEADER.size])[0] is Kind.FAILED
    assert "No space left" in json.loads(out.getvalue()[HEADER.size :])["message"]
    with pytest.raises(BrokenPipeError):
        _Server(cast(Engine, _Engine([])), Gone()).handle(Kind.OPEN, 1, wanted)


@pytest.mark.parametrize("heavy", [True, False])
def test_a_little_audio_waits_for_more_only_where_there_is_much_to_do(
    monkeypatch: pytest.MonkeyPatch, heavy: bool
) -> None:
    pushed: list[int] = []
    waited: list[float | None] = []

    class Counts(_Decoder):
        def push(self, pcm: Any) -> None:
            super().push(pcm)
            pushed.append(len(pcm) // 8)

        def drop(self) -> None:
            pass

    class Lends(_Engine):
        def open_decoder(self, *_: Any) -> tuple[_Decoder, tuple[str, ...]]:
            return Counts(["yes"] * 9), ()

    readable = worker._readable

    def watched(pipe: int, patience_s: float | None) -> bool:
        if patience_s != 0:
            waited.append(patience_s)
        return readable(pipe, patience_s)

    monkeypatch.setattr(worker, "Engine", lambda models: Lends([]))
    monkeypatch.setattr(Load, "heavy", lambda self, now: heavy)
    monkeypatch.setattr(worker, "_readable", watched)
    source, sink = os.pipe()
    opened = pack_json(Kind.OPEN, 1, {"key": "k", "language": "en", "phrases": []})
    with os.fdopen(source, "rb") as read:
        reader = threading.Thread(target=worker.serve, args=(Path(), read, io.BytesIO()))
        reader.start()
        _until(lambda: waited == [None])
        os.write(sink, opened + pack(Kind.BEGIN, 1))
        _until(lambda: len(waited) == 2)
        waited.clear()
        os.write(sink, pack(Kind.AUDIO, 1, _LOUD))
        _until(lambda: bool(pushed))
        assert pushed == [40], "nothing more comes: it is heard all the same"
        _until(lambda: None in waited)
        assert (worker._LITTLE_WAITS_S in waited) is heavy
        waited.clear()
        os.write(sink, pack(Kind.AUDIO, 1, _LOUD) * 3)
        _until(lambda: len(pushed) > 1)
        assert pushed == [40, 120]
        _until(lambda: None in waited)
        assert worker._LITTLE_WAITS_S not in waited, "enough to be heard at once"
        os.close(sink)
        reader.join(20)
    assert not reader.is_alive()
