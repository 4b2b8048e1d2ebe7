"""Makes the recording of a killed process whole: its header may lack the last second of audio that is in the file."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from callwright.errors import AudioError, Place, Problem
from callwright.telephony.rtp.audio_files import encodes

__all__ = ["repair_recording", "repair_wav"]

_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_LARGEST = 0xFFFFFFFF


def repair_recording(path: Path) -> int:
    """Make the recording of a killed process whole, if it needs that. Returns its length in ms.

    Raises:
        AudioError: it is no recording, or nothing of it had reached the disk.
        OSError: it cannot be read or written.
    """
    if not encodes(str(path)):
        return repair_wav(path)
    import soundfile  # late: it loads libsndfile

    path.stat()
    try:
        info = soundfile.info(str(path))
    except soundfile.SoundFileError as error:
        raise AudioError(
            Problem(
                "recording", "no second of it had reached the disk", Place(str(path)), "Nothing can be done about it."
            )
        ) from error
    return int(info.frames * 1000 // info.samplerate)


def repair_wav(path: Path) -> int:
    """Let the header of a WAV file say how much audio there is; half a sample at the end is cut off. Returns its length in ms.

    A file that is right is not written to.

    Raises:
        AudioError: it is no WAV file, or its header is not whole.
        OSError: it cannot be read or written.
    """
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        size = os.fstat(file).st_size
        data_at, stated, frame, rate = _header(file, path)
        audio = max(0, size - data_at) // frame * frame
        stated_riff = int.from_bytes(os.pread(file, 4, 4), "little")
        sizes = min(audio, _LARGEST), min(data_at - 8 + audio, _LARGEST)
        if data_at + audio < size:
            os.ftruncate(file, data_at + audio)
        if (stated, stated_riff) != sizes:
            os.pwrite(file, struct.pack("<I", sizes[0]), data_at - 4)
            os.pwrite(file, struct.pack("<I", sizes[1]), 4)
    finally:
        os.close(file)
    return audio * 1000 // rate


def _header(file: int, path: Path) -> tuple[int, int, int, int]:
    """(where the audio begins, how long the header says it is, bytes of a frame, bytes of a second)."""
    head = os.pread(file, 12, 0)
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        raise AudioError(Problem("no-wav", "is no WAV file", Place(str(path)), "nothing was changed"))
    at, frame, rate = 12, 0, 0
    while len(chunk := os.pread(file, 8, at)) == 8:
        name, length = _CHUNK.unpack(chunk)
        if name == b"fmt " and len(form := os.pread(file, 16, at + 8)) == 16:
            _, _, _, rate, frame, _ = _FORMAT.unpack(form)
        elif name == b"data" and frame and rate:
            return at + 8, length, frame, rate
        at += 8 + length + length % 2
    raise AudioError(Problem("no-wav", "has no whole header: nothing was recorded", Place(str(path)), "delete it"))
