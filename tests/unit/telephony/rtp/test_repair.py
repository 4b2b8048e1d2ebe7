"""Recordings of a killed process are made whole."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from callwright.errors import AudioError
from callwright.telephony.rtp.recording import Recording
from callwright.telephony.rtp.repair import repair_recording, repair_wav


def wav(path: Path, frames: int, stated: int, extra: bytes = b"") -> Path:
    riff = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", stated * 4 + 36, b"WAVE", b"fmt ", 16, 1, 2, 8000, 32000, 4, 16)
    header = riff + struct.pack("<4sI", b"data", stated * 4)
    path.write_bytes(header + b"\1\2\3\4" * frames + extra)
    return path


@pytest.mark.parametrize(
    ("frames", "stated", "extra"), [(16000, 8000, b""), (8000, 16000, b""), (8000, 0, b"\1\2\3"), (0, 0, b"")]
)
def test_the_header_says_what_is_there(tmp_path: Path, frames: int, stated: int, extra: bytes) -> None:
    path = wav(tmp_path / "a.wav", frames, stated, extra)
    assert repair_wav(path) == frames // 8
    with wave.open(str(path)) as read:
        assert (read.getnframes(), read.getnchannels(), read.getframerate()) == (frames, 2, 8000)
        assert len(read.readframes(frames)) == frames * 4
    assert path.stat().st_size == 44 + frames * 4


def test_a_file_that_is_right_is_left_alone(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav", 100, 100)
    before = path.stat().st_mtime_ns
    repair_wav(path)
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "data", [b"", b"RIFF", b"OggS" + bytes(60), b"RIFF\0\0\0\0WAVEdata\0\0\0\0", b"RIFF\0\0\0\0WAVEfmt \4\0\0\0abcd"]
)
def test_what_is_no_recording_is_said_and_not_touched(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    with pytest.raises(AudioError):
        repair_wav(path)
    assert path.read_bytes() == data


def test_an_opus_file_tells_its_length(tmp_path: Path) -> None:
    path = tmp_path / "a.opus"
    one = Recording(str(path), pytest.fail)
    one.open()
    with pytest.raises(AudioError, match="no second"):
        repair_recording(path)
    for tick in range(160):
        one.add(tick, np.full(160, 900, np.int16), None, "PCMA")
    torn = repair_recording(path)  # as a killed process leaves it
    one.close()
    assert 3200 - 1100 <= torn <= 3200 == repair_recording(path)
    assert repair_recording(wav(tmp_path / "a.wav", 8000, 0)) == 1000
    with pytest.raises(OSError, match="No such file"):
        repair_recording(tmp_path / "none.opus")
