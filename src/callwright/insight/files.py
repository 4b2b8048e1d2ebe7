"""The files of a call as the API reads them: parts of its recording, its waveform, its log."""

from __future__ import annotations

import json
import wave
from collections.abc import AsyncIterator
from typing import Any, Protocol

import anyio.to_thread

from callwright.insight.waveform import peaks

__all__ = ["ReadBlobs", "log_lines", "media_type", "waveform", "waveform_blob"]


class ReadBlobs(Protocol):
    """The part of `TenantBlobs` that is needed here."""

    async def put(self, name: str, content: bytes) -> str: ...
    async def get(self, name: str) -> bytes: ...
    async def size(self, name: str) -> int | None: ...
    def stream(self, name: str, first: int = 0, end: int | None = None) -> AsyncIterator[bytes]: ...


def media_type(name: str) -> str:
    """Of a recording."""
    return "audio/ogg" if name.endswith(".opus") else "audio/wav"


def waveform_blob(recording: str) -> str:
    """Where the waveform of a recording is kept, once it was made."""
    return f"{recording.rpartition('.')[0]}.peaks.json"


async def waveform(blobs: ReadBlobs, recording: str) -> dict[str, Any] | None:
    """Made once, then kept; None = of this kind of recording none is made, so whoever shows it decodes it.

    Raises:
        StoreError: the recording cannot be read.
    """
    name = waveform_blob(recording)
    if await blobs.size(name) is not None:
        kept: dict[str, Any] = json.loads(await blobs.get(name))
        return kept
    if not recording.endswith(".wav"):
        return None
    try:
        made = await anyio.to_thread.run_sync(peaks, await blobs.get(recording))
    except (wave.Error, EOFError):
        return None
    await blobs.put(name, json.dumps(made, separators=(",", ":")).encode())
    return made


def log_lines(data: bytes) -> list[dict[str, Any]]:
    """The events of a log; what is none is left out."""
    lines = []
    for text in data.split(b"\n"):
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            lines.append(line)
    return lines
