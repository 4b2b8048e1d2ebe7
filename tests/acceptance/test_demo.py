"""`callwright demo` as a user runs it: every file it promises, logs that replay, figures over a whole run, inputs it refuses."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from callwright.calls.log import read_log
from callwright.demo.show import TEMPLATES
from callwright.dialogue.replay import replay
from callwright.dialogue.understanding.nlu import Nlu
from callwright.script.builtin import template_path
from callwright.script.loader import load

pytestmark = pytest.mark.acceptance

SEED = 1
CALL_KEYS = {"person", "expected", "got", "right", "grade", "reason", "recording", "transcript"}


def run(*arguments: str, cwd: Path, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from callwright.cli.main import run; run()", *arguments],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=580,
    )


def demo(folder: Path, lang: str, calls: int, robots: int, environment: Mapping[str, str] | None = None) -> Any:
    out, report = folder / "out", folder / "out.json"
    done = run(
        *("demo", "--calls", str(calls), "--robots", str(robots), "--lang", lang, "--seed", str(SEED)),
        *("--no-open", "--out", str(out), "--json", str(report)),
        cwd=folder,
        environment=environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(report.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def short_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """Eight calls in English."""
    folder = tmp_path_factory.mktemp("demo")
    return folder / "out", demo(folder, "en", 8, 4)


def test_the_json_has_the_agreed_shape(short_run: tuple[Path, Any]) -> None:
    result = short_run[1]
    assert set(result) == {"calls", "right", "total"}
    assert result["total"] == len(result["calls"]) == 8
    assert result["right"] == sum(call["right"] for call in result["calls"])
    for call in result["calls"]:
        assert set(call) == CALL_KEYS
        assert isinstance(call["right"], bool)
        assert all(isinstance(call[key], str) for key in CALL_KEYS - {"right", "grade"})
        assert call["grade"] is None or call["grade"] in "ABCDEF"
    # A manner of person each; one may be misheard, not more.
    assert result["right"] >= 7


def test_recordings_have_two_channels_of_8_khz(short_run: tuple[Path, Any]) -> None:
    out, result = short_run
    recorded = [out / call["recording"] for call in result["calls"] if call["recording"]]
    assert len(recorded) >= 6
    for path in recorded:
        with wave.open(str(path), "rb") as file:
            assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
            assert file.getnframes() > 8000


def test_transcripts_tell_what_was_said(short_run: tuple[Path, Any]) -> None:
    out, result = short_run
    for call in result["calls"]:
        text = (out / call["transcript"]).read_text(encoding="utf-8")
        if call["recording"]:
            assert " robot " in text
            assert re.match(r"\d\d:\d\d\.\d ", text)
        assert not re.search(r"\+?1202555\d{4}", text)


def test_event_logs_replay_without_differences(short_run: tuple[Path, Any]) -> None:
    """The same script and the same training give the same decisions, call by call."""
    out, result = short_run
    script = load(template_path(TEMPLATES["en"])).script
    nlu = Nlu.train(script, seed=SEED)
    replayed = 0
    for call in result["calls"]:
        log = read_log(out / "events" / f"{call['person']}.jsonl")
        assert [line["n"] for line in log] == list(range(len(log)))
        assert (log[0]["kind"], log[-1]["kind"]) == ("placed", "ended")
        if any("step" in line for line in log):
            assert replay(script, nlu, log) == ()
            replayed += 1
    assert replayed >= 6


def test_the_report_stands_alone(short_run: tuple[Path, Any]) -> None:
    out, result = short_run
    page = (out / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://", page)
    assert not re.search(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=", page)
    assert page.count("data:audio/wav;base64,") == sum(1 for call in result["calls"] if call["recording"])
    for call in result["calls"]:
        assert call["person"] in page
    assert not re.search(r"\+?1202555\d{4}", page)


def test_nothing_tells_a_number(short_run: tuple[Path, Any]) -> None:
    """Only the operator's own list holds numbers, and the outbox, which says whom an action is for and is readable by its owner alone."""
    out = short_run[0]
    assert (out / "outbox.jsonl").stat().st_mode & 0o077 == 0
    for path in out.rglob("*"):
        if path.is_file() and path.suffix != ".wav" and path.name not in ("leads.csv", "outbox.jsonl"):
            told = set(re.findall(rb"\+1202555\d{4}", path.read_bytes())) - {b"+12025550199"}  # our own
            assert not told, path


def test_the_console_has_the_calls_and_their_proofs(short_run: tuple[Path, Any]) -> None:
    out, told = short_run
    kept = out / "console"
    environment = {
        "CALLWRIGHT_DATABASE_URL": f"sqlite:///{kept / 'callwright.db'}",
        "CALLWRIGHT_KEY_FILE": str(kept / "callwright.key"),
        "CALLWRIGHT_BLOBS": (kept / "blobs").as_uri(),
    }
    results = run("task", "results", "demo: visits", cwd=out, environment=environment)
    assert f"leads: {len(told['calls'])} finished" in results.stdout, results.stdout + results.stderr
    verified = run("records", "verify", "--database", cwd=out, environment=environment)
    assert verified.returncode == 0, verified.stdout
    assert len(list((kept / "blobs").rglob("*.wav"))) == sum(bool(call["recording"]) for call in told["calls"])


def test_every_opt_out_is_in_the_outbox(short_run: tuple[Path, Any]) -> None:
    out, result = short_run
    kept = [json.loads(line) for line in (out / "outbox.jsonl").read_text(encoding="utf-8").splitlines()]
    opted_out = [call for call in result["calls"] if call["got"].startswith("opted_out")]
    assert opted_out
    frozen = [line["number"] for line in kept if line["kind"] == "freeze"]
    assert len(set(frozen)) == len(frozen) == len(opted_out)
    assert set(frozen) <= {row["number"] for row in csv.DictReader((out / "leads.csv").open(encoding="utf-8"))}


@pytest.mark.timeout(600)
def test_a_full_run_in_english(tmp_path: Path) -> None:
    result = demo(tmp_path, "en", 24, 6)
    wrong = [(call["person"], call["expected"], call["got"]) for call in result["calls"] if not call["right"]]
    assert result["right"] >= 22, wrong


@pytest.mark.shared
@pytest.mark.timeout(600)
def test_a_full_run_in_mandarin(tmp_path: Path, shared: Path) -> None:
    environment = {"CALLWRIGHT_SHARED": str(shared)}
    result = demo(tmp_path, "zh", 24, 6, environment)
    wrong = [(call["person"], call["expected"], call["got"]) for call in result["calls"] if not call["right"]]
    assert result["right"] >= 20, wrong


# ---------------------------------------------------------------- refused


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "mine"
    (out / "recordings").mkdir(parents=True)
    precious = [out / "thesis.txt", out / "recordings" / "wedding.wav"]
    for path in precious:
        path.write_text("precious")
    before = sorted(out.rglob("*"))
    done = run("demo", "--calls", "1", "--no-open", "--out", str(out), cwd=tmp_path)
    assert done.returncode == 2
    assert str(out) in done.stderr.replace("\n", "")
    assert "--out" in done.stderr
    assert sorted(out.rglob("*")) == before
    assert [path.read_text() for path in precious] == ["precious", "precious"]


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    out = tmp_path / "file"
    out.write_text("a file")
    done = run("demo", "--calls", "1", "--no-open", "--out", str(out), cwd=tmp_path)
    assert (done.returncode, out.read_text()) == (2, "a file")
    assert "Traceback" not in done.stderr


@pytest.mark.shared
def test_mandarin_without_its_model(tmp_path: Path, shared: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    environment = {"CALLWRIGHT_MODELS": str(models), "CALLWRIGHT_SHARED": str(shared)}
    done = run(
        *("demo", "--lang", "zh", "--calls", "1", "--no-open", "--out", str(tmp_path / "out")),
        cwd=tmp_path,
        environment=environment,
    )
    message = done.stderr.replace("\n", "")
    assert done.returncode == 2, done.stderr
    assert str(models) in message
    assert "CALLWRIGHT_MODELS" in message
    assert "Traceback" not in message
    assert not (tmp_path / "out").exists()


def test_json_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    for target in (tmp_path / "no" / "out.json", tmp_path):
        done = run("demo", "--calls", "1", "--json", str(target), "--out", str(tmp_path / "out"), cwd=tmp_path)
        assert done.returncode == 2
        assert "--json" in done.stderr
    assert not (tmp_path / "out").exists()
