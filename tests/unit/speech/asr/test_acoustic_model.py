"""Copies are made where the tuning asks for them, and go with the model."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from callwright.errors import ModelError
from callwright.speech.asr.acoustic_model import AcousticModel
from callwright.speech.asr.tuning import TUNING, Size
from callwright.speech.models import find_english_model


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_copies_go_with_the_model(folders: Path) -> None:
    path, _ = find_english_model()
    tuning = replace(TUNING["en"], live_size=Size(4, 500), whole_size=None)
    model = AcousticModel(path, tuning)
    assert model.whole == model.path == path
    assert (model.live / "mixture_weights").is_file()
    assert model.live.is_relative_to(folders)
    model.close()
    assert not list(folders.iterdir())


def test_without_copies_there_is_no_folder(folders: Path) -> None:
    path, _ = find_english_model()
    model = AcousticModel(path, TUNING["zh"])
    assert model.live == model.whole == path
    assert not list(folders.iterdir())
    model.close()


def test_no_place_for_copies_is_told(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(folders / "missing"))
    with pytest.raises(ModelError, match="TMPDIR") as told:
        AcousticModel(find_english_model()[0], TUNING["en"])
    assert told.value.problems[0].code == "model-copy"
