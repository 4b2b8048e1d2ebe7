from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import AudioError
from callwright.speech.wav import decode_wav, read_wav, resample, write_wav


def sine(rate: int, hz: float, seconds: float = 0.5, level: float = 0.5) -> npt.NDArray[np.float64]:
    return np.sin(2 * np.pi * hz * np.arange(round(rate * seconds)) / rate) * level


def wav(
    body: bytes, *, tag: int = 1, channels: int = 1, rate: int = 8000, bits: int = 16, extensible: bool = False
) -> bytes:
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", 0xFFFE if extensible else tag, channels, rate, rate * frame, frame, bits)
    if extensible:
        form += struct.pack("<HHIH14s", 22, bits, 0, tag, bytes.fromhex("000000001000800000aa00389b71"))
    junk = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + junk + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


def encoded(samples: npt.NDArray[np.float64], tag: int, bits: int) -> bytes:
    if tag == 3:
        return samples.astype(f"<f{bits // 8}").tobytes()
    if bits == 8:
        return np.rint(samples * 127 + 128).astype(np.uint8).tobytes()
    scaled = np.rint(samples * (2.0 ** (bits - 1) - 1)).astype("<i4")
    if bits == 24:
        return scaled.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    return scaled.astype(f"<i{bits // 8}").tobytes()


def closeness(heard: npt.NDArray[np.int16], wanted: npt.NDArray[np.float64]) -> float:
    """Signal to error in dB, the edges left out."""
    a, b = heard[200:-200] / 32768, wanted[200 : len(heard) - 200]
    return float(10 * np.log10(np.sum(b**2) / np.sum((a - b) ** 2)))


@pytest.mark.parametrize(("tag", "bits"), [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64)])
@pytest.mark.parametrize("extensible", [False, True])
def test_every_sample_format(tag: int, bits: int, extensible: bool) -> None:
    wanted = sine(8000, 440)
    pcm = decode_wav(wav(encoded(wanted, tag, bits), tag=tag, bits=bits, extensible=extensible))
    assert pcm.dtype == np.int16
    assert len(pcm) == 4000
    assert closeness(pcm, wanted) > (38 if bits == 8 else 75)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000])
def test_every_rate_keeps_the_tone_and_its_place(rate: int) -> None:
    pcm = decode_wav(wav(encoded(sine(rate, 1000), 1, 16), rate=rate))
    assert abs(len(pcm) - 4000) <= 1
    assert closeness(pcm, sine(8000, 1000)) > 60


def test_what_8_khz_cannot_carry_is_gone() -> None:
    alias = resample((sine(16000, 6000) * 32767).astype(np.int16), 16000, 8000)
    assert np.abs(alias[200:-200]).max() < 20


def test_stereo_is_averaged() -> None:
    both = np.stack([sine(8000, 300), np.zeros(4000)], axis=1).reshape(-1)
    assert closeness(decode_wav(wav(encoded(both, 1, 16), channels=2)), sine(8000, 300) / 2) > 60


def test_upsampling_and_back() -> None:
    original = (sine(8000, 700) * 32767).astype(np.int16)
    there = resample(original, 8000, 16000)
    assert len(there) == 8000
    assert closeness(resample(there, 16000, 8000), original / 32768) > 60
    assert resample(original, 8000, 8000) is not original
    assert len(resample(np.zeros(0, np.int16), 16000, 8000)) == 0
    with pytest.raises(ValueError, match="outside"):
        resample(original, 0, 8000)


def test_loud_float_is_clipped_not_wrapped() -> None:
    pcm = decode_wav(wav(np.full(100, 3.0, "<f4").tobytes(), tag=3, bits=32))
    assert (pcm == 32767).all()


def test_written_files_come_back_and_others_can_read_them(tmp_path: Path) -> None:
    pcm = (sine(8000, 500) * 30000).astype(np.int16)
    write_wav(tmp_path / "a.wav", pcm)
    assert (read_wav(tmp_path / "a.wav") == pcm).all()
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (8000, 1, 4000)
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


def test_writing_into_nowhere_is_told(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="cannot be written"):
        write_wav(tmp_path / "no" / "a.wav", np.zeros(1, np.int16))


GOOD = wav(encoded(sine(8000, 440), 1, 16))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not-wav"),
        (b"ID3\x04" + bytes(100), "not-wav"),
        (b"RIFF\0\0\0\0AVI " + bytes(50), "not-wav"),
        (wav(b""), "empty-audio"),
        (wav(b"\0"), "empty-audio"),
        (wav(bytes(100), bits=12), "audio-format"),
        (wav(bytes(100), tag=85), "audio-format"),
        (wav(bytes(100), tag=6, bits=8), "audio-format"),
        (wav(bytes(100), channels=6), "audio-format"),
        (wav(bytes(100), channels=0), "audio-format"),
        (wav(bytes(100), rate=4000), "audio-format"),
        (wav(bytes(100), rate=96000), "audio-format"),
        (wav(bytes(8000 * 601), bits=8), "audio-too-long"),
        (wav(np.array([np.nan], "<f4").tobytes(), tag=3, bits=32), "damaged-audio"),
        (GOOD[:20], "damaged-audio"),
        (GOOD[:36], "damaged-audio"),
        (GOOD[:12] + GOOD[48:], "damaged-audio"),
    ],
)
def test_every_fault_has_a_name_and_a_hint(data: bytes, code: str) -> None:
    with pytest.raises(AudioError) as caught:
        decode_wav(data, "prompts/hello.wav")
    problem = caught.value.problems[0]
    assert problem.code == code
    assert problem.hint
    assert "prompts/hello.wav" in str(caught.value)


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.wav", tmp_path):
        with pytest.raises(AudioError, match="cannot be read"):
            read_wav(path)


def test_a_recorder_that_was_killed_is_still_heard() -> None:
    endless = bytearray(GOOD)
    at = GOOD.index(b"data") + 4
    endless[at : at + 4] = b"\xff\xff\xff\xff"
    assert len(decode_wav(bytes(endless))) == 4000


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_hostile_headers_raise_nothing_but_audio_error(data: st.DataObject) -> None:
    damaged = bytearray(GOOD[:400])
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, 63))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    try:
        pcm = decode_wav(bytes(damaged[:cut]))
    except AudioError:
        return
    assert pcm.dtype == np.int16
    assert pcm.ndim == 1
