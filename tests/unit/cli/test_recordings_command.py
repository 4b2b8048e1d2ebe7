"""`callwright recordings`: what an operator sees."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from callwright.cli.main import app
from callwright.errors import InputError
from callwright.speech.wav import write_wav

RUNNER = CliRunner()


@pytest.fixture
def script(shared: Path, tmp_path: Path) -> Path:
    path = tmp_path / "s.yaml"
    path.write_bytes((shared / "formats" / "examples" / "trial_lesson.yaml").read_bytes())
    return path


def test_the_sheet_as_csv_and_html(script: Path, tmp_path: Path) -> None:
    done = RUNNER.invoke(app, ["recordings", "sheet", str(script), "--out", str(tmp_path / "sheet.csv")])
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(io.StringIO((tmp_path / "sheet.csv").read_text(encoding="utf-8-sig"))))
    assert rows[0]["file"] == "opening_1.1.wav"
    assert f"{len(rows)} recordings" in done.output
    done = RUNNER.invoke(app, ["recordings", "sheet", str(script), "--all", "--out", str(tmp_path / "sheet.html")])
    page = (tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert page.count("<tr>") > len(rows)
    assert "【您好】{name}" in page
    assert "<script" not in page


def test_markup_and_formulas_in_texts_stay_texts(script: Path, tmp_path: Path) -> None:
    text = script.read_text(encoding="utf-8").replace("试听是免费的，正式课", '"=1+1<b>正式课')
    text = text.replace("由您决定。, audio: kb_price_1.wav", '由您决定。", audio: kb_price_1.wav')
    script.write_text(text, encoding="utf-8")
    for suffix in ("csv", "html"):
        RUNNER.invoke(
            app, ["recordings", "sheet", str(script), "--out", str(tmp_path / f"s.{suffix}")], catch_exceptions=False
        )
    assert "'=1+1<b>" in (tmp_path / "s.csv").read_text(encoding="utf-8")
    assert "=1+1&lt;b&gt;" in (tmp_path / "s.html").read_text(encoding="utf-8")


def test_import_tells_gaps_and_ends_with_1(script: Path, tmp_path: Path) -> None:
    folder = tmp_path / "speaker"
    folder.mkdir()
    tone = (4000 * np.sin(np.arange(44_000) / 3)).astype(np.int16)
    write_wav(folder / "kb_price_1.wav", tone)
    write_wav(folder / "stray.wav", tone)
    done = RUNNER.invoke(app, ["recordings", "import", str(script), str(folder), "--json"])
    found = json.loads(done.output)
    assert (done.exit_code, found["ok"], found["extra"]) == (1, False, ["stray.wav"])
    assert {item["file"]: item["state"] for item in found["items"]}["kb_price_1.wav"] == "imported"
    assert (script.parent / "recordings" / "kb_price_1.wav").is_file()
    done = RUNNER.invoke(app, ["recordings", "import", str(script), str(folder)])
    assert "1 unchanged" in done.output
    assert "no line of the script has this name" in done.output


def test_review_of_a_folder_without_recordings_tells_each_as_missing(script: Path, tmp_path: Path) -> None:
    done = RUNNER.invoke(app, ["recordings", "review", str(script), "--folder", str(tmp_path), "--json"])
    assert done.exit_code == 1
    assert {one["verdict"] for one in json.loads(done.output)} == {"missing"}


def test_a_script_without_recordings_and_a_sheet_of_another_kind(tmp_path: Path, script: Path) -> None:
    RUNNER.invoke(
        app, ["script", "new", "plain", "--template", "appointment_en", "--out", str(tmp_path / "plain.yaml")]
    )
    with pytest.raises(InputError, match="--all lists every wording"):
        RUNNER.invoke(app, ["recordings", "sheet", str(tmp_path / "plain.yaml")], catch_exceptions=False)
    with pytest.raises(InputError, match=r"\.csv or \.html"):
        RUNNER.invoke(
            app, ["recordings", "sheet", str(script), "--out", str(tmp_path / "s.pdf")], catch_exceptions=False
        )
