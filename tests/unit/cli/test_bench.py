from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from callwright.bench.report import Figure, Report
from callwright.cli.bench import bench_app, finish
from callwright.errors import SettingsError


def test_missing_data_is_an_input_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(bench_app, ["nlu", "--data", str(tmp_path)])
    assert isinstance(result.exception, SettingsError)
    assert result.exception.exit_code == 2


def test_a_missed_target_ends_with_one(tmp_path: Path) -> None:
    good, bad = Figure("a", 1, "s", 2, "most"), Figure("b", 3, "s", 2, "most")
    finish(Report("x", "m", (good,)), tmp_path / "x.json")
    assert (tmp_path / "x.json").is_file()
    with pytest.raises(typer.Exit) as ended:
        finish(Report("x", "m", (good, bad)), None)
    assert ended.value.exit_code == 1
