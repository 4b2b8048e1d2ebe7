from __future__ import annotations

from pathlib import Path

import pytest

from callwright.errors import ModelError
from callwright.speech.models import MANDARIN, find_english_model, find_model


def test_a_missing_model_names_folder_variable_and_cure(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        find_model(MANDARIN, tmp_path)
    text = str(caught.value)
    assert str(tmp_path / MANDARIN) in text
    assert "CALLWRIGHT_MODELS" in text
    assert "9e3a5ea6" in text


def test_a_model_with_missing_or_empty_files_is_damaged(tmp_path: Path) -> None:
    (tmp_path / MANDARIN / "hmm").mkdir(parents=True)
    (tmp_path / MANDARIN / "mandarin_notone.dic").write_text("好 h ao\n")
    (tmp_path / MANDARIN / "hmm" / "mdef").write_text("")
    with pytest.raises(ModelError, match="hmm/mdef"):
        find_model(MANDARIN, tmp_path)


def test_an_unknown_model_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=MANDARIN):
        find_model("whisper", tmp_path)


def test_the_english_model_comes_with_the_wheel() -> None:
    acoustic, dictionary = find_english_model()
    assert (acoustic / "mdef").is_file()
    assert dictionary.is_file()


def test_the_mandarin_model_of_the_shared_folder_is_whole(shared: Path) -> None:
    assert find_model(MANDARIN, shared / "models").name == MANDARIN
