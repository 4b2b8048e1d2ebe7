from __future__ import annotations

from pathlib import Path

import pytest

from callwright.bench.asr import run
from callwright.errors import ModelError, SettingsError


def test_missing_callers_are_told_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="CALLWRIGHT_SHARED"):
        run(tmp_path, tmp_path)


def test_a_missing_model_is_told_before_anything_is_measured(shared: Path, tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(ModelError, match="CALLWRIGHT_MODELS"):
        run(shared, tmp_path, say=said.append)
    assert said == []
