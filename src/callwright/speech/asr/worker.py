"""A recognition worker: `python -m callwright.speech.asr.worker MODELS`. Reads messages from stdin, decodes,
answers on stdout; ends with its stdin.

Decoding holds the interpreter lock, so it has a process of its own. One decoder per call; decoders of a finished
call serve the next one with the
same vocabulary, with the channel mean started afresh.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np

from callwright.errors import CallwrightError, InputError
from callwright.speech.asr.decoder import PhraseDecoder
from callwright.speech.asr.frames import HEADER, Kind, pack, pack_json, unpack_header
from callwright.speech.asr.lexicon import ChineseLexicon, EnglishLexicon, Lexicon, read_dictionary
from callwright.speech.asr.tuning import TUNING
from callwright.speech.asr.vocabulary_model import VocabularyModel
from callwright.speech.models import MANDARIN, find_english_model, find_model

__all__ = ["Engine", "serve"]

Language = Literal["zh", "en"]
_PARTIAL_EVERY = 3  # audio messages of 40 ms: a text that changes more often helps nobody; the first one is sent as soon as there is one


class Engine:
    """Models, vocabularies and decoders of one process. `open_decoder` lends a decoder, `give_back` returns it."""

    def __init__(self, models: Path) -> None:
        self._models = models
        self._loaded: dict[Language, tuple[Lexicon, Path]] = {}
        self._vocabularies: dict[tuple[str, str], VocabularyModel] = {}
        self._idle: dict[tuple[str, str], list[PhraseDecoder]] = defaultdict(list)

    def open_decoder(
        self, key: str, language: Language, phrases: tuple[tuple[str, float], ...]
    ) -> tuple[PhraseDecoder, tuple[str, ...]]:
        """A decoder for this vocabulary, and the words it has to do without. Raises ModelError."""
        lexicon, acoustic = self._load(language)
        vocabulary = self._vocabularies.get((key, language))
        if vocabulary is None:
            vocabulary = VocabularyModel(language, phrases, lexicon, TUNING[language])
            self._vocabularies[key, language] = vocabulary
        idle = self._idle[key, language]
        decoder = idle.pop() if idle else PhraseDecoder(vocabulary, acoustic)
        decoder.renew()
        decoder.expect(())
        return decoder, vocabulary.missing

    def give_back(self, key: str, language: Language, decoder: PhraseDecoder) -> None:
        self._idle[key, language].append(decoder)

    def _load(self, language: Language) -> tuple[Lexicon, Path]:
        if language not in self._loaded:
            if language == "zh":
                folder = find_model(MANDARIN, self._models)
                self._loaded["zh"] = ChineseLexicon(read_dictionary(folder / "mandarin_notone.dic")), folder / "hmm"
            else:
                acoustic, dictionary = find_english_model()
                self._loaded["en"] = EnglishLexicon(read_dictionary(dictionary)), acoustic
        return self._loaded[language]


class _Stream:
    def __init__(self, number: int, key: str, language: Language, decoder: PhraseDecoder) -> None:
        self.number, self.key, self.language, self.decoder = number, key, language, decoder
        self.active = False
        self.broken = False
        self.expected: tuple[str, ...] = ()
        self.messages = 0
        self.last = ""


class _Server:
    def __init__(self, engine: Engine, out: BinaryIO) -> None:
        self._engine = engine
        self._out = out
        self._streams: dict[int, _Stream] = {}

    def handle(self, kind: Kind, number: int, body: bytes) -> None:
        try:
            if kind is Kind.OPEN:
                self._open(number, json.loads(body))
            elif number in self._streams:
                self._on_stream(kind, self._streams[number], body)
        except (CallwrightError, LookupError, RuntimeError, ValueError) as error:  # pocketsphinx raises KeyError too
            stream = self._streams.get(number)
            if stream is not None:
                stream.active, stream.broken = False, True
            self._send(pack_json(Kind.FAILED, number, {"opened": stream is not None, **_told(error)}))

    def _open(self, number: int, wanted: dict[str, Any]) -> None:
        key, language = str(wanted["key"]), wanted["language"]
        phrases = tuple((str(text), float(weight)) for text, weight in wanted["phrases"])
        decoder, missing = self._engine.open_decoder(key, language, phrases)
        self._streams[number] = _Stream(number, key, language, decoder)
        self._send(pack_json(Kind.READY, number, {"missing": list(missing)}))

    def _on_stream(self, kind: Kind, stream: _Stream, body: bytes) -> None:
        if kind is Kind.BEGIN:
            if stream.active:
                stream.decoder.finish()
            if stream.broken:  # nobody knows what state the fault left the engine in
                stream.decoder, _ = self._engine.open_decoder(stream.key, stream.language, ())
                stream.decoder.expect(stream.expected)
                stream.broken = False
            stream.decoder.begin()
            stream.active, stream.messages, stream.last = True, 0, ""
        elif kind is Kind.AUDIO and stream.active:
            stream.decoder.push(np.frombuffer(body, dtype=np.int16))
            stream.messages += 1
            if not stream.last or stream.messages % _PARTIAL_EVERY == 0:
                self._partial(stream)
            stream.decoder.consider()
        elif kind is Kind.END:
            self._final(stream)
        elif kind is Kind.EXPECT:
            stream.expected = tuple(str(p) for p in json.loads(body))
            stream.decoder.expect(stream.expected)
        elif kind is Kind.CLOSE:
            if stream.active:
                stream.decoder.finish()
            del self._streams[stream.number]
            if not stream.broken:
                self._engine.give_back(stream.key, stream.language, stream.decoder)

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
    """Answer messages until `source` ends."""
    server = _Server(Engine(models), out)
    server._send(pack(Kind.READY, 0))
    while len(header := source.read(HEADER.size)) == HEADER.size:
        kind, number, length = unpack_header(header)
        body = source.read(length)
        if len(body) < length:
            return
        server.handle(kind, number, body)


if __name__ == "__main__":
    try:
        serve(Path(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(0)
