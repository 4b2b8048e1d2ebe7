"""The websocket servers of sherpa-onnx: `sherpa-onnx-online-websocket-server` (package sherpa-onnx-bin) and its Python sister
`streaming_server.py`.

Protocol (k2-fsa/sherpa-onnx, csrc/online-websocket-server-impl.cc): binary messages of float32 samples, -1..1, at the rate the server
was started for; the text `Done` after the last; JSON results all along, `{"text", "segment", "is_final", "timestamps", "start_time", ...}`;
`Done!` when nothing more will come. The Python server closes the connection instead. A server with endpoint detection begins a new segment
after a pause, so an utterance may have several. The protocol has no hot words: those are an option of the server.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from callwright.speech.asr.connections import Patience, Server
from callwright.speech.asr.upsampling import Upsampler
from callwright.speech.asr.websocket import Reading, WebSocketRecogniser, result_of
from callwright.speech.asr.writing import joined
from callwright.speech.port import Abilities, Pcm

__all__ = ["SherpaDialect", "sherpa_server"]

_MOST_SEGMENTS = 1000
_TOKEN_MS = 240  # the last token has a beginning, and no end


def sherpa_server(
    server: Server,
    *,
    rate: Literal[8000, 16000] = 16000,
    patience: Patience | None = None,
    most_streams: int | None = None,
) -> WebSocketRecogniser:
    """A recogniser at a sherpa-onnx server. rate: Hz the server takes (its `--input-sample-rate`; 16,000 if not set)."""
    abilities = Abilities(
        "sherpa-server", rate=rate, packet_ms=100, hotwords=False, dictation=True, most_streams=most_streams
    )
    return WebSocketRecogniser(abilities, server, lambda vocabulary, phrases, hotwords: SherpaDialect(rate), patience)


class SherpaDialect:
    """See `Dialect`."""

    def __init__(self, rate: Literal[8000, 16000]) -> None:
        self._upsampler = Upsampler() if rate == 16000 else None
        self._segments: dict[int, str] = {}
        self._first_ms: int | None = None
        self._last_ms = 0

    def begin(self) -> None:
        """The server wants no first message."""

    def audio(self, pcm: Pcm) -> bytes:
        """float32, -1..1, in the byte order of the wire's only known servers (little endian)."""
        samples = pcm if self._upsampler is None else self._upsampler.process(pcm)
        return (samples.astype(np.float32) / 32768).astype("<f4").tobytes()

    def finish(self) -> str:
        return "Done"

    def take(self, message: str | bytes) -> Reading:
        """Raises ValueError: neither `Done!` nor a result."""
        if message == "Done!":
            return self._reading(over=True)
        value = result_of(message)
        segment = value.get("segment", 0)
        if not isinstance(segment, int) or not 0 <= segment < _MOST_SEGMENTS:
            raise ValueError("a segment that is no number")
        self._segments[segment] = value["text"]
        self._note_times(value)
        return self._reading(over=False)

    def silent(self) -> None:
        """It always answers `Done`: silence is a fault."""

    def _reading(self, *, over: bool) -> Reading:
        text = joined(self._segments[segment] for segment in sorted(self._segments))
        span = None if self._first_ms is None else (self._first_ms, self._last_ms)
        return Reading(text, over, span)

    def _note_times(self, value: dict[str, Any]) -> None:
        times, start = value.get("timestamps"), value.get("start_time", 0)
        if not isinstance(times, list) or not all(isinstance(t, int | float) for t in (start, *times)) or not times:
            return
        first, last = (max(0.0, min(float(start) + float(at), 3600.0)) for at in (times[0], times[-1]))
        self._first_ms = int(first * 1000) if self._first_ms is None else self._first_ms
        self._last_ms = int(last * 1000) + _TOKEN_MS
