from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from callwright.bench.report import Figure, Report, machine
from callwright.errors import SettingsError

REPORT = Report(
    "x",
    "a machine",
    (Figure("fast", 90, "us", 100, "most"), Figure("right", 80, "%", 91, "least"), Figure("told", 12345, "n")),
)


def test_targets_are_judged() -> None:
    assert [figure.ok for figure in REPORT.figures] == [True, False, True]
    assert not REPORT.ok
    assert Report("x", "m", REPORT.figures[:1]).ok
    assert Figure("a", 1, "u", 5).ok  # a target that is only told


def test_json_names_value_unit_target_and_verdict(tmp_path: Path) -> None:
    REPORT.write(tmp_path / "x.json")
    found = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert found["bench"] == "x"
    assert found["figures"][0] == {"name": "fast", "value": 90, "unit": "us", "target": "<= 100", "ok": True}
    assert found["figures"][2]["target"] is None
    with pytest.raises(SettingsError, match="cannot write"):
        REPORT.write(tmp_path / "no" / "x.json")


def test_the_table_shows_what_was_missed() -> None:
    out = io.StringIO()
    REPORT.show(Console(file=out, width=120))
    assert "MISSED" in out.getvalue()
    assert "12,345" in out.getvalue()
    assert "Python" in machine()
