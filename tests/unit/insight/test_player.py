"""Recordings become small: mu-law of both channels, in a WAV browsers play."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from callwright.insight.player import small_audio
from callwright.telephony.rtp.g711 import decode


def recording(path: Path, samples: np.ndarray, width: int = 2) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(width)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())
    return path


def stereo(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.stack([left, right], axis=1).astype("<i2")


def chunks(data: bytes) -> dict[bytes, bytes]:
    assert (data[:4], data[8:12]) == (b"RIFF", b"WAVE")
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    found, at = {}, 12
    while at < len(data):
        name, size = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])[0]
        found[name] = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return found


def test_both_sides_are_heard(tmp_path: Path) -> None:
    time = np.arange(8000) / 8000
    left = (6000 * np.sin(2 * np.pi * 440 * time)) * (time < 0.5)
    right = (9000 * np.sin(2 * np.pi * 700 * time)) * (time >= 0.5)
    parts = chunks(small_audio(recording(tmp_path / "a.wav", stereo(left, right))))
    assert struct.unpack("<HHIIHHH", parts[b"fmt "]) == (7, 1, 8000, 8000, 1, 8, 0)
    assert struct.unpack("<I", parts[b"fact"])[0] == len(parts[b"data"]) == 8000
    heard = decode(parts[b"data"], "PCMU").astype(float)
    noise = heard - (left + right)
    assert 10 * np.log10(np.mean(heard**2) / np.mean(noise**2)) > 35  # dB, what G.711 promises


def test_loud_sides_do_not_wrap_around(tmp_path: Path) -> None:
    loud = np.full(100, 32767)
    parts = chunks(small_audio(recording(tmp_path / "a.wav", stereo(loud, loud))))
    assert decode(parts[b"data"], "PCMU").min() > 30000
    parts = chunks(small_audio(recording(tmp_path / "b.wav", stereo(-loud - 1, -loud - 1))))
    assert decode(parts[b"data"], "PCMU").max() < -30000


def test_an_odd_length_is_padded(tmp_path: Path) -> None:
    assert len(small_audio(recording(tmp_path / "a.wav", stereo(np.zeros(7), np.zeros(7))))) % 2 == 0


def test_no_sound_is_no_audio(tmp_path: Path) -> None:
    assert small_audio(recording(tmp_path / "a.wav", stereo(np.zeros(0), np.zeros(0)))) == b""


def test_what_is_no_recording_raises(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"not a wav at all")
    (tmp_path / "empty.wav").write_bytes(b"")
    eight_bit = recording(tmp_path / "b.wav", np.zeros(200, np.uint8), width=1)
    for path in (tmp_path / "a.wav", tmp_path / "empty.wav", eight_bit):
        with pytest.raises((wave.Error, EOFError)):
            small_audio(path)
