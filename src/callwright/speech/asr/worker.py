"""A recognition worker: `python -m callwright.speech.asr.worker MODELS`. Reads messages from stdin, decodes,
answers on stdout; ends with its stdin.

Decoding holds the interpreter lock, so it has a process of its own. One decoder per call; the calls of a vocabulary share its engines.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np

from callwright.errors import CallwrightError, InputError
from callwright.speech.asr.acoustic_model import AcousticModel
from callwright.speech.asr.backlog import Backlog
from callwright.speech.asr.decoder import PhraseDecoder
from callwright.speech.asr.engines import Engines
from callwright.speech.asr.frames import Kind, pack, pack_json
from callwright.speech.asr.lexicon import ChineseLexicon, EnglishLexicon, Lexicon, read_dictionary
from callwright.speech.asr.load import Load
from callwright.speech.asr.tuning import TUNING
from callwright.speech.asr.vocabulary_model import VocabularyModel
from callwright.speech.models import MANDARIN, find_english_model, find_model

__all__ = ["Engine", "serve"]

Language = Literal["zh", "en"]
_PARTIAL_EVERY = 1920  # bytes, 120 ms: a text that changes more often helps nobody; the first is sent at once
_LITTLE_WAITS_S = 0.06  # a little audio, when nothing comes any more
_AT_ONCE = 65_536  # bytes read at a time
_MOST_WAITING = 2_000  # messages, of audio up to 240 ms; more stay in the pipe, where the other side sees that we lag
_BUSY_MS = 250  # of quiet, before a thorough pass is made while others wait: more pauses than not are the end by then


class Engine:
    """Models, and vocabularies with their engines, of one process."""

    def __init__(self, models: Path) -> None:
        self._models = models
        self._loaded: dict[Language, tuple[Lexicon, AcousticModel]] = {}
        self._engines: dict[tuple[str, str], Engines] = {}

    def open_decoder(
        self, key: str, language: Language, phrases: tuple[tuple[str, float], ...]
    ) -> tuple[PhraseDecoder, tuple[str, ...]]:
        """A decoder for this vocabulary, and the words it has to do without. Raises ModelError."""
        lexicon, acoustic = self._load(language)
        engines = self._engines.get((key, language))
        if engines is None:
            engines = Engines(VocabularyModel(language, phrases, lexicon, TUNING[language]), acoustic)
            self._engines[key, language] = engines
        return PhraseDecoder(engines), engines.vocabulary.missing

    def _load(self, language: Language) -> tuple[Lexicon, AcousticModel]:
        if language not in self._loaded:
            if language == "zh":
                folder = find_model(MANDARIN, self._models)
                chinese = ChineseLexicon(read_dictionary(folder / "mandarin_notone.dic"))
                self._loaded["zh"] = chinese, AcousticModel(folder / "hmm", TUNING["zh"])
            else:
                acoustic, dictionary = find_english_model()
                english = EnglishLexicon(read_dictionary(dictionary))
                self._loaded["en"] = english, AcousticModel(acoustic, TUNING["en"])
        return self._loaded[language]


class _Stream:
    def __init__(self, number: int, key: str, language: Language, decoder: PhraseDecoder) -> None:
        self.number, self.key, self.language, self.decoder = number, key, language, decoder
        self.active = False
        self.broken = False
        self.expected: tuple[str, ...] = ()
        self.untold = 0  # bytes heard since a partial was last looked for
        self.last = ""


class _Server:
    def __init__(self, engine: Engine, out: BinaryIO) -> None:
        self._engine = engine
        self._out = out
        self._streams: dict[int, _Stream] = {}
        self._heard: dict[int, None] = {}  # streams that heard something since they were last considered
        self._later: dict[int, None] = {}  # of these, considered while others waited: again when nobody does

    def consider(self, patience_ms: float = 0) -> bool:
        """Make the result of one stream ready that pauses, in case its caller has ended. False: there is none. patience_ms: see
        `PhraseDecoder.consider`."""
        if not patience_ms:
            self._heard |= self._later
            self._later.clear()
        for number in tuple(self._heard):
            del self._heard[number]
            stream = self._streams.get(number)
            if (
                stream is not None
                and stream.active
                and self._guarded(number, partial(self._considered, stream, patience_ms))
            ):
                self._later.pop(number, None)
                return True
            if patience_ms:
                self._later[number] = None
        return False

    def _considered(self, stream: _Stream, patience_ms: float) -> bool:
        done = stream.decoder.consider(patience_ms)
        if done:
            self._partial(stream)
        return done

    def handle(self, kind: Kind, number: int, body: bytes) -> None:
        self._guarded(number, lambda: self._handle(kind, number, body))

    def _guarded(self, number: int, act: Callable[[], bool | None]) -> bool | None:
        try:
            return act()
        except BrokenPipeError:  # nobody is there any more
            raise
        # pocketsphinx raises KeyError, a full disk OSError
        except (CallwrightError, LookupError, OSError, RuntimeError, ValueError) as error:
            stream = self._streams.get(number)
            if stream is not None:
                stream.active, stream.broken = False, True
                stream.decoder.abandon()
            self._send(pack_json(Kind.FAILED, number, {"opened": stream is not None, **_told(error)}))
            return None

    def _handle(self, kind: Kind, number: int, body: bytes) -> None:
        if kind is Kind.OPEN:
            self._open(number, json.loads(body))
        elif number in self._streams:
            self._on_stream(kind, self._streams[number], body)

    def _open(self, number: int, wanted: dict[str, Any]) -> None:
        key, language = str(wanted["key"]), wanted["language"]
        phrases = tuple((str(text), float(weight)) for text, weight in wanted["phrases"])
        decoder, missing = self._engine.open_decoder(key, language, phrases)
        self._streams[number] = _Stream(number, key, language, decoder)
        self._send(pack_json(Kind.READY, number, {"missing": list(missing)}))

    def _on_stream(self, kind: Kind, stream: _Stream, body: bytes) -> None:
        if kind is Kind.BEGIN:
            if stream.active:
                stream.decoder.drop()
            if stream.broken:  # nobody knows what state the fault left the engine in
                stream.decoder, _ = self._engine.open_decoder(stream.key, stream.language, ())
                stream.decoder.expect(stream.expected)
                stream.broken = False
            stream.decoder.begin()
            stream.active, stream.untold, stream.last = True, 0, ""
        elif kind is Kind.AUDIO and stream.active:
            stream.decoder.push(np.frombuffer(body, dtype=np.int16))
            self._heard[stream.number] = None
            stream.untold += len(body)
            if not stream.last or stream.untold >= _PARTIAL_EVERY:
                stream.untold = 0
                self._partial(stream)
        elif kind is Kind.END:
            self._final(stream)
        elif kind is Kind.DROP:
            if stream.active:
                stream.active = False
                stream.decoder.drop()
        elif kind is Kind.EXPECT:
            stream.expected = tuple(str(p) for p in json.loads(body))
            stream.decoder.expect(stream.expected)
        elif kind is Kind.CLOSE:
            if stream.active:
                stream.decoder.drop()
            del self._streams[stream.number]

    def _partial(self, stream: _Stream) -> None:
        text = stream.decoder.partial()
        if text and text != stream.last:
            stream.last = text
            self._send(pack_json(Kind.PARTIAL, stream.number, {"text": text}))

    def _final(self, stream: _Stream) -> None:
        if not stream.active:
            self._send(pack_json(Kind.FINAL, stream.number, {"raw": "", "text": "", "score": 0.0, "alternatives": []}))
            return
        stream.active = False
        decoded = stream.decoder.finish()
        value = {"raw": decoded.raw, "text": decoded.text, "score": decoded.score, "alternatives": decoded.alternatives}
        self._send(
            pack_json(Kind.FINAL, stream.number, {**value, "begin_ms": decoded.begin_ms, "end_ms": decoded.end_ms})
        )

    def _send(self, message: bytes) -> None:
        self._out.write(message)
        self._out.flush()


def _told(error: Exception) -> dict[str, str]:
    """What is wrong, and how to mend it."""
    if not isinstance(error, InputError):
        return {"message": str(error)}
    first = error.problems[0]
    return {"message": first.message, "code": first.code, "file": first.place.file, "hint": first.hint}


def serve(models: Path, source: BinaryIO, out: BinaryIO) -> None:
    """Answer messages until `source`, a pipe, ends."""
    server, backlog, pipe = _Server(Engine(models), out), Backlog(), source.fileno()
    server._send(pack(Kind.READY, 0))
    load, over = Load(time.monotonic()), False
    while not over or len(backlog):
        came = not over and len(backlog) < _MOST_WAITING and _readable(pipe, 0)
        # Where there is much to do, a little audio waits for more: it is done for less then.
        due = backlog.due if not over and load.heavy(time.monotonic()) else len(backlog) > 0
        if not (came or due or over):
            if server.consider(_BUSY_MS if len(backlog) else 0):
                continue
            since = time.monotonic()
            came = _readable(pipe, _LITTLE_WAITS_S if len(backlog) else None)
            load.waited(since, time.monotonic())
        if came:
            some = os.read(pipe, _AT_ONCE)
            over = not some
            backlog.feed(some)
        elif len(backlog):
            server.handle(*backlog.next())
            if not (over or backlog.awaited):
                server.consider(_BUSY_MS)


def _readable(pipe: int, patience_s: float | None) -> bool:
    """patience_s: how long it may take; None: as long as it takes."""
    return bool(select.select([pipe], [], [], patience_s)[0])


if __name__ == "__main__":
    try:
        serve(Path(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(0)
