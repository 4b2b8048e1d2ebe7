"""A fake media engine: streams that take what they are told and send nothing. For tests of signalling."""

from __future__ import annotations

from collections.abc import Callable

from callwright.errors import LineError
from callwright.telephony.port import CallQuality, Codec, Frame, MediaStats, WireCodec
from callwright.telephony.wire_audio import WireAudio

__all__ = ["FakeMediaEngine", "FakeMediaStream"]


class FakeMediaStream:
    """Remembers every `configure`, everything played, and whether it was closed."""

    def __init__(self, local_port: int) -> None:
        self.local_port = local_port
        self.codec: Codec = "PCMA"
        self.stats = MediaStats()
        self.configured: list[tuple[tuple[str, int], Codec, int, int | None, str]] = []
        self.wires: list[WireAudio | None] = []
        self.rtcp: tuple[int | None, bool] = (None, False)
        self.played = b""
        self.closed = False
        self.silent: Callable[[], None] | None = None
        self.watching_ms = 0
        self.digits: list[Callable[[str], None]] = []

    def configure(
        self,
        remote: tuple[str, int],
        codec: Codec,
        payload_type: int,
        event_payload_type: int | None,
        direction: str = "sendrecv",
        wire: WireAudio | None = None,
    ) -> None:
        self.codec = codec
        self.wires.append(wire)
        self.configured.append((remote, codec, payload_type, event_payload_type, direction))

    def use_rtcp(self, port: int | None = None, *, mux: bool = False) -> None:
        self.rtcp = (port, mux)

    def watch(self, timeout_ms: int, callback: Callable[[], None]) -> None:
        self.watching_ms = timeout_ms
        self.silent = callback if timeout_ms else None

    def on_dtmf(self, callback: Callable[[str], None]) -> None:
        self.digits.append(callback)

    def quality(self) -> CallQuality:
        return CallQuality(self.codec)

    def play(self, encoded: bytes, mark: str = "") -> None:
        self.played += encoded

    def pause(self) -> None:
        return

    def resume(self, at_ms: int | None = None) -> None:
        return

    def flush(self) -> int:
        return 0

    def position(self) -> tuple[str, int, int]:
        return "", 0, 0

    async def drained(self) -> None:
        return

    def send_dtmf(self, digits: str) -> None:
        return

    def listen(self, on_frame: Callable[[Frame], None], on_dtmf: Callable[[str], None]) -> None:
        return

    def record(self, path: str) -> None:
        return

    async def close(self) -> None:
        self.closed = True


class FakeMediaEngine:
    """Hands out fake streams; `streams` holds all of them. `limit`: opening more raises LineError, as without free ports."""

    def __init__(self, limit: int = 10_000) -> None:
        self.streams: list[FakeMediaStream] = []
        self.limit = limit

    def lacks(self, codec: WireCodec) -> str:
        return ""

    async def open(self, host: str) -> FakeMediaStream:
        if len(self.streams) >= self.limit:
            raise LineError("media: no port is free")
        stream = FakeMediaStream(20_000 + 2 * len(self.streams))
        self.streams.append(stream)
        return stream
