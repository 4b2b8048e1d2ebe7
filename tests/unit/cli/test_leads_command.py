"""`callwright leads check`: what an operator sees before a list is used."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from callwright.cli.main import app
from callwright.errors import LeadsError, SettingsError

RUNNER = CliRunner()


def test_a_good_list(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("number,basis,name\n+12025550123,contract,Ann\n+12025550124,contract,\n", encoding="utf-8")
    done = RUNNER.invoke(app, ["leads", "check", str(path)])
    assert done.exit_code == 0
    assert "2 people; 2 by contract" in done.output


def test_rows_without_a_needed_variable(tmp_path: Path) -> None:
    RUNNER.invoke(app, ["script", "new", "s", "--template", "appointment_en", "--out", str(tmp_path / "s.yaml")])
    path = tmp_path / "people.csv"
    path.write_text(
        "number,basis,name,company,item,visit\n+12025550123,contract,Ann,Acme,check,Monday\n+12025550124,contract,Bob,Acme,,Monday\n",
        encoding="utf-8",
    )
    done = RUNNER.invoke(app, ["leads", "check", str(path), "--script", str(tmp_path / "s.yaml")])
    assert done.exit_code == 0
    assert f"{path}:3: warning: no item: would not be called" in done.output
    assert "1 of 2 have what" in done.output


def test_bad_rows_and_regions(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("number,basis\n12,contract\n", encoding="utf-8")
    assert isinstance(RUNNER.invoke(app, ["leads", "check", str(path)]).exception, LeadsError)
    with pytest.raises(SettingsError):
        RUNNER.invoke(app, ["leads", "check", str(path), "--region", "Narnia"], catch_exceptions=False)


def test_national_numbers(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("number,basis\n17000000123,contract\n", encoding="utf-8")
    assert RUNNER.invoke(app, ["leads", "check", str(path), "--region", "cn"]).exit_code == 0
