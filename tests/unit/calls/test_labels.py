"""The mark of a synthetic voice in a recording."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from callwright.calls.labels import label_of, mark


@pytest.mark.parametrize("frames", [0, 1, 801])
def test_a_marked_recording_still_plays_and_names_its_call(tmp_path: Path, frames: int) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(b"\x80" * frames)
    assert label_of(path) is None
    assert mark(path, "a1b2")
    assert not mark(path, "other")
    label = label_of(path)
    assert label is not None
    assert (label["Label"], label["ProduceID"]) == ("1", "a1b2")
    with wave.open(str(path), "rb") as file:
        assert file.readframes(2000) == b"\x80" * frames


def test_what_is_no_wav_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"OggS and more that is no RIFF")
    assert not mark(path, "a1b2")
    assert path.read_bytes() == b"OggS and more that is no RIFF"
