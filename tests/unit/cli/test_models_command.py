"""`callwright models`: what an operator sees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callwright.cli.main import app
from callwright.errors import ModelError, SettingsError
from callwright.testing.download_server import fake_server

RUNNER = CliRunner()
OWN = """
format: models/1
models:
  toy:
    title: A toy
    purpose: tests
    languages: [en]
    licence: {{name: MIT, note: read it}}
    sources:
      - {{url: "{url}", to: toy.bin, bytes: 3, sha256: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"}}
"""


def test_list_tells_what_is_here(shared: Path) -> None:
    done = RUNNER.invoke(app, ["models", "list", "--models", str(shared / "models")])
    assert done.exit_code == 0
    (line,) = [line for line in done.output.splitlines() if line.startswith("zh-phone-8k")]
    assert "installed" in line
    (line,) = [line for line in done.output.splitlines() if line.startswith("sensevoice")]
    assert "missing" in line
    assert "FunASR Model License" in line
    as_json = json.loads(RUNNER.invoke(app, ["models", "list", "--json", "--models", str(shared / "models")]).output)
    assert {one["name"]: one["state"] for one in as_json}["zh-phone-8k"] == "installed"


def test_pull_verify_path_and_damage(tmp_path: Path) -> None:
    here = ["--models", str(tmp_path / "m"), "--manifest", str(tmp_path / "own.yaml")]
    with fake_server() as server:
        server.files["/x/toy.bin"] = b"foo"
        (tmp_path / "own.yaml").write_text(OWN.format(url=f"{server.address}/x/toy.bin"))
        assert isinstance(RUNNER.invoke(app, ["models", "path", "toy", *here]).exception, ModelError)
        done = RUNNER.invoke(app, ["models", "pull", "toy", *here])
    assert done.exit_code == 0, done.output
    assert "licence: MIT (read it)" in done.output
    folder = tmp_path / "m" / "toy"
    assert RUNNER.invoke(app, ["models", "path", "toy", *here]).output.strip() == str(folder)
    assert "whole" in RUNNER.invoke(app, ["models", "verify", *here]).output
    (folder / "toy.bin").write_bytes(b"bar")
    done = RUNNER.invoke(app, ["models", "verify", *here])
    assert done.exit_code == 1
    assert "DAMAGED: toy.bin has another checksum" in done.output


def test_verify_of_a_named_model_that_is_missing_fails(tmp_path: Path) -> None:
    done = RUNNER.invoke(app, ["models", "verify", "sensevoice", "--models", str(tmp_path)])
    assert (done.exit_code, done.output) == (1, "sensevoice: missing\n")
    assert RUNNER.invoke(app, ["models", "verify", "--models", str(tmp_path)]).exit_code == 0


def test_names_and_mirrors_are_checked_before_anything_is_fetched(tmp_path: Path) -> None:
    here = ["--models", str(tmp_path)]
    with pytest.raises(ModelError, match="no speech model"):
        RUNNER.invoke(app, ["models", "pull", "sensevoice", "nothing", *here], catch_exceptions=False)
    with pytest.raises(SettingsError, match="no address"):
        RUNNER.invoke(app, ["models", "pull", "sensevoice", "--mirror", "/folder", *here], catch_exceptions=False)
    assert list(tmp_path.iterdir()) == []
