from __future__ import annotations

import os
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from callwright.errors import AudioError
from callwright.speech.recordings.reading import read_sound

RATE = 44_100
SOUND = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)


@pytest.mark.parametrize(
    ("name", "subtype"), [("a.wav", "PCM_24"), ("a.flac", "PCM_16"), ("a.mp3", None), ("a.ogg", None)]
)
def test_formats_of_libsndfile(tmp_path: Path, name: str, subtype: str | None) -> None:
    soundfile.write(tmp_path / name, np.stack([SOUND, SOUND], axis=1), RATE, subtype=subtype)
    found = read_sound(tmp_path / name)
    assert (found.rate, found.channels, found.clipped) == (RATE, 2, 0)
    assert len(found.samples) == pytest.approx(RATE, rel=0.1)
    assert np.sqrt(np.mean(found.samples**2)) == pytest.approx(0.354, rel=0.1)


def test_clipping_is_counted_and_a_loud_peak_is_none(tmp_path: Path) -> None:
    clipped = np.clip(SOUND * 3, -1, 1)
    soundfile.write(tmp_path / "c.wav", clipped, RATE)
    assert read_sound(tmp_path / "c.wav").clipped > 100
    soundfile.write(tmp_path / "d.wav", SOUND * 1.99, RATE)
    assert read_sound(tmp_path / "d.wav").clipped == 0


@pytest.mark.parametrize(
    ("data", "told"),
    [(b"", "no audio"), (b"not audio at all", "no audio"), (b"RIFF" + bytes(40), "no audio")],
)
def test_what_is_no_audio_is_told(tmp_path: Path, data: bytes, told: str) -> None:
    (tmp_path / "x.wav").write_bytes(data)
    with pytest.raises(AudioError, match=told):
        read_sound(tmp_path / "x.wav")


def test_empty_endless_and_missing(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), RATE)
    with pytest.raises(AudioError, match="no audio"):
        read_sound(tmp_path / "empty.wav")
    with pytest.raises(AudioError, match="cannot be read"):
        read_sound(tmp_path / "gone.wav")
    soundfile.write(tmp_path / "long.wav", np.zeros(601 * 8000, np.int16), 8000)
    with pytest.raises(AudioError, match="longer than 10 minutes"):
        read_sound(tmp_path / "long.wav")
    head = b"RIFF" + struct.pack("<I", 44) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 3, 1, 8000, 32000, 4, 32)
    (tmp_path / "nan.wav").write_bytes(head + b"data" + struct.pack("<Iff", 8, float("nan"), 0.0))
    with pytest.raises(AudioError, match="no numbers"):
        read_sound(tmp_path / "nan.wav")


def test_m4a_without_ffmpeg_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "a.m4a").write_bytes(b"\0\0\0\x20ftypM4A ")
    with pytest.raises(AudioError, match="apt-get install ffmpeg"):
        read_sound(tmp_path / "a.m4a", ffmpeg="no-such-program")


def program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_m4a_goes_through_a_program_and_its_streamed_header_is_mended(tmp_path: Path) -> None:
    """A stand-in writes what ffmpeg writes to a pipe: a WAV whose sizes are not known."""
    soundfile.write(tmp_path / "a.wav", SOUND, RATE, subtype="PCM_16")
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "streamed").write_bytes(data)
    ours = program(
        tmp_path / "ffmpeg", f'case "$*" in *"-i file:{tmp_path}/-x.m4a"*) cat {tmp_path}/streamed;; *) exit 3;; esac'
    )
    (tmp_path / "-x.m4a").write_bytes(b"x")
    found = read_sound(tmp_path / "-x.m4a", ffmpeg=ours)
    assert len(found.samples) == RATE
    failing = program(tmp_path / "failing", "echo moov atom not found >&2; exit 1")
    with pytest.raises(AudioError, match="moov atom"):
        read_sound(tmp_path / "-x.m4a", ffmpeg=failing)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed (apt-get install ffmpeg)")
def test_m4a_by_the_real_ffmpeg(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", SOUND, RATE, subtype="PCM_16")
    assert os.system(f"ffmpeg -v error -i {tmp_path}/a.wav -c:a aac {tmp_path}/a.m4a") == 0
    found = read_sound(tmp_path / "a.m4a")
    assert len(found.samples) == pytest.approx(RATE, rel=0.1)
    assert np.sqrt(np.mean(found.samples**2)) == pytest.approx(0.354, rel=0.1)
