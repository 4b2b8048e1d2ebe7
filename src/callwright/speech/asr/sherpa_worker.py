"""A sherpa-onnx worker: `python -m callwright.speech.asr.sherpa_worker JSON`. Reads messages of `frames` from stdin, answers on stdout; ends
with its stdin. All calls are decoded together: one run of the network for every stream that has enough audio.
"""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from callwright.errors import ModelError
from callwright.speech.asr.frames import HEADER, Kind, pack, pack_json, unpack_header
from callwright.speech.asr.sherpa_models import SherpaModel, find_sherpa_model, need_sherpa, streaming_recogniser
from callwright.speech.asr.upsampling import Upsampler

__all__ = ["Engine", "usable_hotwords"]

_TAIL_S = 0.8  # silence after the last word, so that a network with a look-ahead gets to it
_MOST_AT_ONCE = 64
_MOST_HOTWORDS = 100
_TOKEN_MS = 240


@dataclass(slots=True)
class _Stream:
    """One call. online: the engine's stream of the utterance under way, None between utterances."""

    number: int
    hotwords: str = ""
    online: Any = None
    upsampler: Upsampler | None = None
    last: str = ""


@dataclass(slots=True)
class _Finishing:
    """An utterance whose audio is complete."""

    number: int
    online: Any


class Engine:
    """Messages in, messages out. `handle` takes one; `decode` runs the network once over all that is ready."""

    def __init__(self, recogniser: Any, model: SherpaModel, *, hotwords: bool) -> None:
        self._recogniser = recogniser
        self._model = model
        self._hotwords = hotwords and model.hotwords
        self._known = _characters(model.tokens) if self._hotwords else frozenset[str]()
        self._streams: dict[int, _Stream] = {}
        self._finishing: list[_Finishing] = []

    @property
    def busy(self) -> bool:
        """There is something to decode or to answer."""
        ready = self._recogniser.is_ready
        return bool(self._finishing) or any(s.online is not None and ready(s.online) for s in self._streams.values())

    def handle(self, kind: Kind, number: int, body: bytes) -> Iterator[bytes]:
        """Take a message; yields what is to be answered at once."""
        if kind is Kind.OPEN:
            self._streams[number] = _Stream(number)
            yield pack_json(Kind.READY, number, {"missing": []})
            return
        stream = self._streams.get(number)
        if stream is None:
            return
        if kind is Kind.BEGIN:
            self._begin(stream)
        elif kind is Kind.AUDIO and stream.online is not None:
            self._hear(stream, np.frombuffer(body, dtype=np.int16))
        elif kind is Kind.END:
            yield from self._end(stream)
        elif kind is Kind.DROP:
            stream.online = None
        elif kind is Kind.EXPECT and self._hotwords:
            words = [str(word) for word in json.loads(body)]
            stream.hotwords = "/".join(usable_hotwords(words, self._known)[:_MOST_HOTWORDS])
        elif kind is Kind.CLOSE:
            del self._streams[number]
            self._finishing = [one for one in self._finishing if one.number != number]

    def decode(self) -> Iterator[bytes]:
        """One run of the network; yields partial texts that changed, and finals."""
        ready = self._recogniser.is_ready
        live = [s for s in self._streams.values() if s.online is not None and ready(s.online)]
        ending = [one for one in self._finishing if ready(one.online)]
        batch = [*(one.online for one in ending), *(s.online for s in live)][:_MOST_AT_ONCE]
        if batch:
            self._recogniser.decode_streams(batch)
        for stream in live:
            text = self._recogniser.get_result(stream.online)
            if text and text != stream.last:
                stream.last = text
                yield pack_json(Kind.PARTIAL, stream.number, {"text": text})
        yield from self._finals()

    def _finals(self) -> Iterator[bytes]:
        # In the order of their ends: a call's second utterance may not overtake its first.
        held: set[int] = set()
        left: list[_Finishing] = []
        for one in self._finishing:
            if one.number in held or self._recogniser.is_ready(one.online):
                held.add(one.number)
                left.append(one)
            else:
                yield pack_json(Kind.FINAL, one.number, self._final(one.online))
        self._finishing = left

    def _final(self, online: Any) -> dict[str, Any]:
        result = self._recogniser.get_result_all(online)
        text, times = result.text.strip(), [result.start_time + at for at in result.timestamps]
        first, last = (int(times[0] * 1000), int(times[-1] * 1000) + _TOKEN_MS) if text and times else (0, 0)
        score = 1.0 if text else 0.0
        return {"raw": text, "text": text, "score": score, "alternatives": [], "begin_ms": first, "end_ms": last}

    def _begin(self, stream: _Stream) -> None:
        make = self._recogniser.create_stream
        stream.online = make(stream.hotwords) if stream.hotwords else make()
        stream.upsampler = Upsampler() if self._model.rate == 16_000 else None
        stream.last = ""

    def _hear(self, stream: _Stream, pcm: np.ndarray[Any, np.dtype[np.int16]]) -> None:
        heard = pcm if stream.upsampler is None else stream.upsampler.process(pcm)
        stream.online.accept_waveform(self._model.rate, heard.astype(np.float32) / 32768)

    def _end(self, stream: _Stream) -> Iterator[bytes]:
        online, stream.online = stream.online, None
        if online is None:
            empty = {"raw": "", "text": "", "score": 0.0, "alternatives": []}
            yield pack_json(Kind.FINAL, stream.number, empty)
            return
        online.accept_waveform(self._model.rate, np.zeros(int(_TAIL_S * self._model.rate), np.float32))
        online.input_finished()
        self._finishing.append(_Finishing(stream.number, online))


def usable_hotwords(words: list[str], known: frozenset[str]) -> list[str]:
    """Those that can be written with the model's letters, in its case, each once. `/` separates them and is in none."""
    upper = any("A" <= letter <= "Z" for letter in known) and not any("a" <= letter <= "z" for letter in known)
    cased = [(word.upper() if upper else word).strip() for word in words]
    return [
        word for word in dict.fromkeys(cased) if word and "/" not in word and all(c in known for c in word if c != " ")
    ]


def _characters(tokens: Path) -> frozenset[str]:
    symbols = (line.rsplit(maxsplit=1)[0] for line in tokens.read_text(encoding="utf-8").splitlines() if line.strip())
    return frozenset(letter for symbol in symbols if not symbol.startswith("<") for letter in symbol)


def _messages(descriptor: int, buffer: bytearray, *, wait: bool) -> Iterator[tuple[Kind, int, bytes]]:
    """Whole messages that have come; wait: for at least some bytes. Raises EOFError when the other side is gone."""
    while select.select([descriptor], [], [], None if wait else 0)[0]:
        some = os.read(descriptor, 1 << 20)
        if not some:
            raise EOFError
        buffer += some
        wait = False
    while len(buffer) >= HEADER.size:
        kind, number, length = unpack_header(bytes(buffer[: HEADER.size]))
        if len(buffer) < HEADER.size + length:
            return
        body = bytes(buffer[HEADER.size : HEADER.size + length])
        del buffer[: HEADER.size + length]
        yield kind, number, body


def _serve(engine: Engine, source: int, out: int) -> None:
    buffer = bytearray()
    while True:
        answers: list[bytes] = []
        for kind, number, body in _messages(source, buffer, wait=not engine.busy):
            answers += engine.handle(kind, number, body)
        answers += engine.decode()
        _write(out, b"".join(answers))


def _refuse(reason: str, source: int, out: int) -> None:
    """Without a model: every call is told why."""
    buffer = bytearray()
    while True:
        for kind, number, _ in _messages(source, buffer, wait=True):
            if kind is Kind.OPEN:
                _write(out, pack_json(Kind.FAILED, number, {"message": reason, "opened": False}))


def _write(out: int, data: bytes) -> None:
    while data:
        data = data[os.write(out, data) :]


def main(settings: dict[str, Any]) -> None:
    """Serve stdin and stdout until stdin ends."""
    # The engine writes what it thinks to stdout too: that is not a place for it.
    out = os.dup(1)
    os.dup2(2, 1)
    try:
        need_sherpa()
        model = find_sherpa_model(Path(settings["folder"]), settings["kind"])
        hotwords: bool = settings["hotwords"]
        made = streaming_recogniser(
            model, threads=settings["threads"], provider=settings["provider"], hotwords=hotwords
        )
    except (ModelError, RuntimeError) as error:
        _refuse(str(error), 0, out)
        return
    _write(out, pack(Kind.READY, 0))
    _serve(Engine(made, model, hotwords=hotwords), 0, out)


if __name__ == "__main__":
    try:
        main(json.loads(sys.argv[1]))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        sys.exit(0)
