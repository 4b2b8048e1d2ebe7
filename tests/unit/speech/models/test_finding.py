from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from callwright.errors import ModelError
from callwright.speech.models import MANDARIN, find_english_model, find_model
from callwright.speech.models.finding import RECORD, State, check, look


def test_a_missing_model_names_folder_variable_and_cure(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        find_model(MANDARIN, tmp_path)
    text = str(caught.value)
    assert str(tmp_path / MANDARIN) in text
    assert "CALLWRIGHT_MODELS" in text
    assert f"callwright models pull {MANDARIN}" in text


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


def test_the_mandarin_model_is_found_under_its_old_name_too(shared: Path, tmp_path: Path) -> None:
    old = find_model(MANDARIN, shared / "models")
    assert old.name == "pocketsphinx-zh-8k"
    shutil.copytree(old, tmp_path / MANDARIN)
    assert find_model(MANDARIN, tmp_path) == tmp_path / MANDARIN
    assert check(MANDARIN, tmp_path).state is State.INSTALLED


def test_one_changed_byte_is_found_by_check_and_a_changed_size_by_look(shared: Path, tmp_path: Path) -> None:
    shutil.copytree(find_model(MANDARIN, shared / "models"), tmp_path / MANDARIN, copy_function=shutil.copyfile)
    file = tmp_path / MANDARIN / "hmm" / "means"
    data = bytearray(file.read_bytes())
    data[1000] ^= 1
    file.write_bytes(data)
    assert look(MANDARIN, tmp_path).state is State.INSTALLED
    read: list[int] = []
    found = check(MANDARIN, tmp_path, progress=lambda name, done, whole: read.append(done))
    assert found.state is State.DAMAGED
    assert found.faults == ("hmm/means has another checksum",)
    assert read == sorted(read)
    file.write_bytes(data[:-1])
    assert look(MANDARIN, tmp_path).faults == ("hmm/means has 40,011 bytes, not 40,012",)


@pytest.mark.parametrize(
    "record", ["{", "[]", '{"files": []}', '{"files": {"../x": {}}}', '{"files": {"x": {"bytes": -1}}}']
)
def test_a_record_that_cannot_be_read_is_damage_not_a_crash(shared: Path, tmp_path: Path, record: str) -> None:
    folder = tmp_path / MANDARIN
    shutil.copytree(find_model(MANDARIN, shared / "models"), folder, copy_function=shutil.copyfile)
    (folder / RECORD).write_text(record)
    assert look(MANDARIN, tmp_path).faults == (f"{RECORD} cannot be read",)


def test_a_recorded_file_that_went_is_missed(shared: Path, tmp_path: Path) -> None:
    folder = tmp_path / MANDARIN
    shutil.copytree(find_model(MANDARIN, shared / "models"), folder, copy_function=shutil.copyfile)
    (folder / RECORD).write_text(json.dumps({"files": {"extra.txt": {"bytes": 3}}}))
    assert look(MANDARIN, tmp_path).faults == ("extra.txt is missing",)
