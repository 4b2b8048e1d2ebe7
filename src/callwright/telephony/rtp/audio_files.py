"""The files recordings go into: WAV, or Opus in Ogg (RFC 7845), two channels at 8 kHz. Blocking; used by the writer threads only.

A killed process leaves a playable file of either kind. WAV: audio is appended first and the sizes in the header follow. Ogg: libsndfile
ends a page every second and writes it at once; a torn last page is passed over by players.
"""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from callwright.telephony.port import SAMPLE_RATE

__all__ = ["SUFFIXES", "AudioFile", "encodes", "open_audio_file"]

SUFFIXES = (".wav", ".ogg", ".opus")
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_MOST = 0xFFFFFFFF - 36
"""Bytes of audio a WAV file can hold: its sizes have 32 bits."""

Block = npt.NDArray[np.int16]


class AudioFile(Protocol):
    """rows: frames of 20 ms to gather before each `append`."""

    rows: int

    def append(self, block: Block) -> None:
        """Frames of shape (n, 160, 2), safe on disk soon. Raises OSError."""

    def close(self) -> None:
        """Raises OSError (the file is closed all the same)."""


def encodes(path: str) -> bool:
    """Writing this file costs more than copying."""
    return Path(path).suffix.lower() in (".ogg", ".opus")


def open_audio_file(path: str) -> AudioFile:
    """A new file; one that exists is never overwritten. Only the owner may read it: it holds a person's voice.

    Raises:
        OSError: it cannot be made, or libsndfile lacks Opus.
        ValueError: the name is none of a recording.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"a recording is {', '.join(SUFFIXES)}, not {suffix or 'without a suffix'}")
    descriptor = os.open(Path(path), os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        return _OpusFile(descriptor) if encodes(path) else _WavFile(descriptor)
    except BaseException:
        os.close(descriptor)
        raise


class _WavFile:
    rows = 50

    def __init__(self, descriptor: int) -> None:
        self._file = descriptor
        self._written = 0
        self._put_header()

    def append(self, block: Block) -> None:
        view = memoryview(block.astype("<i2", copy=False).tobytes())
        if self._written + len(view) > _MOST:
            raise OSError(
                errno.EFBIG, "a WAV file ends at 4 GiB, after 37 hours; record into .ogg, or begin a second file"
            )
        at = 0
        while at < len(view):
            at += os.pwrite(self._file, view[at:], _HEADER.size + self._written + at)
        self._written += at
        self._put_header()

    def close(self) -> None:
        os.close(self._file)

    def _put_header(self) -> None:
        size, rate = self._written, SAMPLE_RATE * 4
        header = _HEADER.pack(
            b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, 2, SAMPLE_RATE, rate, 4, 16, b"data", size
        )  # fmt: skip
        os.pwrite(self._file, header, 0)


class _OpusFile:
    rows = 2  # what waits here is lost beside the page that waits in libsndfile

    def __init__(self, descriptor: int) -> None:
        """Takes over the descriptor once it has not raised."""
        import soundfile  # late: it loads libsndfile

        self._failures: tuple[type[Exception], ...] = (soundfile.SoundFileError, AssertionError)
        try:
            self._file: Any = soundfile.SoundFile(
                descriptor, "w", samplerate=SAMPLE_RATE, channels=2, format="OGG", subtype="OPUS", closefd=False
            )
        except self._failures as error:
            raise OSError(errno.EIO, f"libsndfile makes no Opus file: {error}") from error
        self._descriptor = descriptor

    def append(self, block: Block) -> None:
        try:
            self._file.write(block.reshape(-1, 2))
        except self._failures as error:
            raise OSError(errno.EIO, f"libsndfile could not write: {error}") from error

    def close(self) -> None:
        try:
            self._file.close()
        except self._failures as error:
            raise OSError(errno.EIO, f"libsndfile could not end the file: {error}") from error
        finally:
            os.close(self._descriptor)
