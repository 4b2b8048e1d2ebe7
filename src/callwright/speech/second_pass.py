"""A second reading of recordings, after the call: a larger model than a call has time for writes down what each side said, and when.

A channel is cut where nobody speaks; the pieces are recognised by any model of sherpa-onnx that is not streaming (SenseVoice, say). What it
writes is for people who inspect calls: nothing of it goes back into the call's own record.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from callwright.errors import AudioError, Place, Problem
from callwright.speech.asr.sherpa_models import SherpaModel, offline_recogniser
from callwright.speech.asr.writing import untagged
from callwright.speech.port import Pcm
from callwright.speech.vad import Vad
from callwright.speech.wav import RATE, resample

__all__ = ["Cutter", "Piece", "Reading", "SecondPass", "Spoken", "write_reading"]

FORMAT = "second-pass/1"
_FRAME = RATE // 50
_FRAME_MS = 20
_BLOCK_S = 30
_SIDES = (("caller", "robot"), ("unknown",))  # left: what the far side says; right: what was sent to it


@dataclass(frozen=True, slots=True)
class Piece:
    """Speech between two silences. pcm: 8 kHz."""

    channel: int
    begin_ms: int
    pcm: Pcm

    @property
    def end_ms(self) -> int:
        return self.begin_ms + len(self.pcm) * 1000 // RATE


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was said in a piece. who: `caller`, `robot`, or `unknown` where a recording has one channel."""

    channel: int
    who: str
    begin_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A recording, read. spoken: in order of their beginning, both channels; pieces without words are left out."""

    recording: str
    duration_ms: int
    model: str
    kind: str
    spoken: tuple[Spoken, ...]
    format: str = FORMAT

    def to_json(self) -> dict[str, Any]:
        """JSON-ready mapping."""
        return {"format": self.format, **{name: value for name, value in asdict(self).items() if name != "format"}}


class Cutter:
    """Cuts one channel into pieces. Pure but for its voice detector. pause_ms: a silence so long ends a piece; around_ms: silence that stays
    with it on both sides; most_ms: a longer piece is cut."""

    def __init__(
        self, channel: int, vad: Vad, *, pause_ms: int = 600, around_ms: int = 200, most_ms: int = 25_000
    ) -> None:
        self._channel = channel
        self._vad = vad
        self._pause = pause_ms // _FRAME_MS
        self._around = around_ms // _FRAME_MS
        self._most = most_ms // _FRAME_MS
        self._frames: list[Pcm] = []  # of the piece under way; between pieces, the silence before the next one
        self._speaking = False
        self._silent = 0
        self._at = 0  # frames seen

    def push(self, frame: Pcm) -> Piece | None:
        """20 ms; a piece when one has ended."""
        voice = self._vad.push(frame)
        self._frames.append(frame)
        self._at += 1
        if not self._speaking:
            self._frames = self._frames[-self._around - 1 :]
            self._speaking, self._silent = voice, 0
            return None
        self._silent = 0 if voice else self._silent + 1
        if self._silent >= self._pause or len(self._frames) >= self._most:
            return self.finish()
        return None

    def finish(self) -> Piece | None:
        """The recording is over, or the piece is."""
        if not self._speaking:
            return None
        surplus = max(0, self._silent - self._around)
        kept = self._frames[: len(self._frames) - surplus]
        begin = self._at - len(self._frames)
        self._frames = self._frames[len(kept) :][-self._around :]
        self._speaking = False
        return Piece(self._channel, begin * _FRAME_MS, np.concatenate(kept))


class SecondPass:
    """`read(path)` per recording. make_vad: voice activity for one channel; at_once: pieces that the network gets together."""

    def __init__(
        self, model: SherpaModel, make_vad: Callable[[], Vad], *, threads: int = 2, language: str = "", at_once: int = 8
    ) -> None:
        """Loads the model, which may take seconds. Raises what the engine raises when it refuses it."""
        self._model = model
        self._make_vad = make_vad
        self._at_once = at_once
        self._recogniser = offline_recogniser(model, threads=threads, language=language)

    def read(self, path: Path) -> Reading:
        """A recording of one or two channels: WAV, or Opus in Ogg. Raises AudioError: it cannot be read."""
        spoken: list[Spoken] = []
        waiting: list[Piece] = []
        source = _Source(path)
        who = _SIDES[0] if source.channels == 2 else _SIDES[1]
        for piece in self._pieces(source):
            waiting.append(piece)
            if len(waiting) >= self._at_once:
                spoken += self._recognise(waiting, who)
                waiting.clear()
        spoken += self._recognise(waiting, who)
        ordered = tuple(sorted(spoken, key=lambda one: (one.begin_ms, one.channel)))
        return Reading(path.name, source.read * 1000 // RATE, self._model.folder.name, self._model.kind, ordered)

    def _pieces(self, source: _Source) -> Iterator[Piece]:
        vads = [self._make_vad() for _ in range(source.channels)]
        cutters = [Cutter(channel, vad) for channel, vad in enumerate(vads)]
        try:
            for block in source.blocks():
                for channel, cutter in enumerate(cutters):
                    for frame in block[:, channel].reshape(-1, _FRAME):
                        piece = cutter.push(frame)
                        if piece is not None:
                            yield piece
            for cutter in cutters:
                piece = cutter.finish()
                if piece is not None:
                    yield piece
        finally:
            for vad in vads:
                vad.close()

    def _recognise(self, pieces: list[Piece], who: tuple[str, ...]) -> list[Spoken]:
        streams = []
        for piece in pieces:
            stream = self._recogniser.create_stream()
            pcm = resample(piece.pcm, RATE, self._model.rate)
            stream.accept_waveform(self._model.rate, pcm.astype(np.float32) / 32768)
            streams.append(stream)
        if streams:
            self._recogniser.decode_streams(streams)
        texts = [untagged(stream.result.text).strip() for stream in streams]
        return [
            Spoken(piece.channel, who[piece.channel], piece.begin_ms, piece.end_ms, text)
            for piece, text in zip(pieces, texts, strict=True)
            if text
        ]


class _Source:
    """A recording, block by block at 8 kHz. read: samples so far."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.read = 0
        try:
            with soundfile.SoundFile(str(path)) as file:
                self.channels, self._rate = int(file.channels), int(file.samplerate)
        except (RuntimeError, OSError) as error:  # soundfile.LibsndfileError is a RuntimeError
            raise self._unreadable(error) from error
        if self.channels not in (1, 2):
            message = f"the recording has {self.channels} channels, not one or two"
            raise AudioError(Problem("audio-format", message, Place(str(path)), "only recordings of calls can be read"))

    def blocks(self) -> Iterator[Pcm]:
        """Shape (whole frames of 20 ms, channels)."""
        try:
            with soundfile.SoundFile(str(self._path)) as file:
                for block in file.blocks(_BLOCK_S * self._rate, dtype="int16", always_2d=True):
                    yield self._at_8khz(block)
        except (RuntimeError, OSError) as error:
            raise self._unreadable(error) from error

    def _at_8khz(self, block: Pcm) -> Pcm:
        if self._rate != RATE:
            block = np.stack([resample(channel, self._rate, RATE) for channel in block.T], axis=1)
        self.read += len(block)
        return np.pad(block, ((0, -len(block) % _FRAME), (0, 0)))

    def _unreadable(self, error: Exception) -> AudioError:
        message = f"the recording cannot be read: {str(error).rpartition(': ')[2] or error}"
        hint = "name a WAV or Ogg file; `callwright calls recover` makes recordings of killed calls whole"
        return AudioError(Problem("unreadable-audio", message, Place(str(self._path)), hint))


def write_reading(reading: Reading, path: Path) -> None:
    """As JSON, whole or not at all, only for its owner: it holds what people said. Raises AudioError: it cannot be written."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(reading.to_json(), file, ensure_ascii=False, indent=1)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        message = f"the reading cannot be written: {error.strerror or error}"
        raise AudioError(
            Problem("unwritable", message, Place(str(path)), "check the folder and the space left")
        ) from error
