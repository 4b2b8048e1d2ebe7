"""Smaller copies of the English model have its shape and load; a damaged model, or one without tied codebooks, is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from callwright.errors import ModelError
from callwright.speech.asr.condense import condense, read_model
from callwright.speech.asr.tuning import Size
from callwright.speech.models import find_english_model

SMALL = Size(4, 500)


def test_the_english_model_is_condensed(tmp_path: Path) -> None:
    model, _ = find_english_model()
    before, definition = read_model(model)
    assert before.means.shape == (42, 3, 128, 13)
    assert len(before.owner) == 5126
    assert set(before.owner.tolist()) == set(range(42))
    assert definition.written(definition.tying, 5126) == definition.data
    made = condense(model, (SMALL, Size(16, 6000)), tmp_path)
    assert (made[SMALL] / "means").stat().st_size < (model / "means").stat().st_size / 30
    definition = type(definition).of((made[SMALL] / "mdef").read_bytes())
    assert 400 < definition.states < 600
    assert definition.tying.sequences[definition.tying.of_phone].max() < definition.states
    assert np.array_equal(definition.tying.base, read_model(model)[1].tying.base)
    assert (made[Size(16, 6000)] / "mdef").read_bytes() == (model / "mdef").read_bytes()  # no states to do without
    for folder in made.values():
        assert {path.name for path in folder.iterdir()} == {
            "means", "variances", "mixture_weights", "mdef", "feat.params", "noisedict", "transition_matrices",
        }  # fmt: skip


@pytest.mark.parametrize("left", [40_000, -8])
@pytest.mark.parametrize("name", ["means", "sendump"])
def test_a_damaged_model_is_refused(tmp_path: Path, name: str, left: int) -> None:
    model = shutil.copytree(find_english_model()[0], tmp_path / "model")
    whole = (model / name).read_bytes()
    (model / name).write_bytes(whole[:left])
    with pytest.raises(ModelError, match="cannot be condensed"):
        condense(model, (SMALL,), tmp_path)


def test_a_model_without_tied_codebooks_is_refused(tmp_path: Path) -> None:
    model = shutil.copytree(find_english_model()[0], tmp_path / "model")
    (model / "mdef").write_text("0.3\n42 n_base\n")
    with pytest.raises(ModelError, match="not a binary model definition"):
        condense(model, (SMALL,), tmp_path)


@pytest.mark.parametrize("left", [8, 40_000])
def test_a_damaged_definition_is_refused(tmp_path: Path, left: int) -> None:
    model = shutil.copytree(find_english_model()[0], tmp_path / "model")
    (model / "mdef").write_bytes((model / "mdef").read_bytes()[:left])
    with pytest.raises(ModelError, match="cannot be condensed"):
        condense(model, (SMALL,), tmp_path)


def test_a_full_disk_is_no_damaged_model(tmp_path: Path) -> None:
    (tmp_path / "4-500").write_text("in the way")
    with pytest.raises(ModelError, match="no smaller copy") as told:
        condense(find_english_model()[0], (SMALL,), tmp_path)
    assert told.value.problems[0].code == "model-copy"
