"""The FunASR runtime (modelscope/FunASR): its websocket server in the `2pass` mode, which writes while somebody speaks and once more, better,
when a sentence is over.

Protocol (runtime/docs/websocket_protocol_zh.md): a JSON message that says how, 16-bit PCM, `{"is_speaking": false}`. Results: `2pass-online`,
the words of one more piece of audio; `2pass-offline`, a whole sentence, which takes the place of its pieces. The server ends sentences by a
detector of its own, so an utterance may have several. The C++ server ends an utterance with `is_final: true`, also when nothing was said; the
Python server then says nothing at all, and its `is_final` means that somebody still speaks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from callwright.speech.asr.connections import Patience, Server
from callwright.speech.asr.upsampling import Upsampler
from callwright.speech.asr.websocket import Reading, WebSocketRecogniser, result_of
from callwright.speech.asr.writing import joined, untagged
from callwright.speech.port import Abilities, Pcm, Vocabulary

__all__ = ["HOTWORD_WEIGHT", "FunAsrDialect", "Manners", "funasr"]

HOTWORD_WEIGHT = 20  # as in the examples of the protocol's document
_CHUNKS = [5, 10, 5]  # 600 ms at a time, 300 ms before and after them
_MOST_HOTWORDS = 200


def funasr(
    server: Server,
    *,
    rate: Literal[8000, 16000] = 8000,
    itn: bool = False,
    patience: Patience | None = None,
    most_streams: int | None = None,
) -> WebSocketRecogniser:
    """A recogniser at a FunASR runtime. rate: Hz that is sent and said to be sent; itn: numbers as digits."""
    manners = Manners()
    abilities = Abilities("funasr", rate=rate, packet_ms=60, hotwords=True, dictation=True, most_streams=most_streams)

    def dialect(vocabulary: Vocabulary, phrases: tuple[str, ...], hotwords: tuple[str, ...]) -> FunAsrDialect:
        return FunAsrDialect(rate, (*hotwords, *phrases), itn=itn, manners=manners)

    return WebSocketRecogniser(abilities, server, dialect, patience)


@dataclass(slots=True)
class Manners:
    """What is learnt of a server in one utterance and holds for the next ones. tells_end: it answers every end (C++), so silence is a fault."""

    tells_end: bool = False


class FunAsrDialect:
    """See `Dialect`. hotwords: the most important ones first; more than 200 are cut off."""

    def __init__(
        self, rate: Literal[8000, 16000], hotwords: Iterable[str], *, itn: bool, manners: Manners | None = None
    ) -> None:
        self._rate = rate
        self._manners = manners or Manners()
        self._hotwords = list(dict.fromkeys(word.strip() for word in hotwords if word.strip()))[:_MOST_HOTWORDS]
        self._itn = itn
        self._upsampler = Upsampler() if rate == 16000 else None
        self._sentences: list[str] = []
        self._pieces = ""
        self._raw: list[str] = []
        self._first_ms: int | None = None
        self._last_ms = 0
        self._finished = False
        self._upside_down = False  # `is_final` of the Python server

    def begin(self) -> str:
        """How the audio comes, and what will probably be said. `hotwords` is JSON within JSON."""
        hotwords = json.dumps(dict.fromkeys(self._hotwords, HOTWORD_WEIGHT), ensure_ascii=False)
        value = {
            "mode": "2pass", "wav_name": "call", "wav_format": "pcm", "is_speaking": True, "chunk_size": _CHUNKS,
            "chunk_interval": 10, "audio_fs": self._rate, "hotwords": hotwords if self._hotwords else "", "itn": self._itn,
        }  # fmt: skip
        return json.dumps(value, ensure_ascii=False)

    def audio(self, pcm: Pcm) -> bytes:
        """int16, little endian."""
        samples = pcm if self._upsampler is None else self._upsampler.process(pcm)
        return samples.astype("<i2").tobytes()

    def finish(self) -> str:
        self._finished = True
        return json.dumps({"is_speaking": False})

    def take(self, message: str | bytes) -> Reading:
        """Raises ValueError: no result of the protocol."""
        value = result_of(message)
        text, mode, final = value["text"], value.get("mode"), value.get("is_final") is True
        sentence = mode == "2pass-offline"
        if final and (mode == "2pass-online" or not self._finished):
            self._upside_down = True  # nobody ends an utterance with a piece of it, or before us
        if sentence:
            self._sentences.append(text)
            self._raw.append(text)
            self._pieces = ""
            self._note_times(value)
        elif mode == "2pass-online":
            self._pieces += text
        elif text:
            raise ValueError(f"a result of mode {str(mode)[:40]!r}")
        if not self._finished:
            return self._reading()
        if self._upside_down:
            return self._reading(over=sentence and not final)
        self._manners.tells_end |= final
        return self._reading(over=final, nearly=sentence)

    def silent(self) -> Reading | None:
        """The Python server says nothing more when the last sentence is out already, or nothing was said."""
        return None if self._manners.tells_end else self._reading(over=True)

    def _reading(self, *, over: bool = False, nearly: bool = False) -> Reading:
        text = joined(untagged(piece) for piece in (*self._sentences, self._pieces))
        span = None if self._first_ms is None or self._pieces else (self._first_ms, self._last_ms)
        return Reading(text, over, span, joined((*self._raw, self._pieces)), nearly)

    def _note_times(self, value: dict[str, Any]) -> None:
        """`timestamp` is a string that holds JSON: [[begin, end], ...] in ms of this connection, a pair for each word."""
        try:
            pairs = json.loads(value.get("timestamp") or "[]")
            first, last = int(pairs[0][0]), int(pairs[-1][1])
        except (ValueError, TypeError, IndexError, KeyError):
            return  # times are a help, not part of what was said
        if 0 <= first <= last <= 3_600_000:
            self._first_ms = first if self._first_ms is None else self._first_ms
            self._last_ms = last
