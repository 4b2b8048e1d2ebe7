"""`callwright replay`: the same decisions, or the first one that differs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callwright.cli.chat import load_checked
from callwright.cli.main import app
from callwright.dialogue.engine import Dialogue
from callwright.dialogue.replay import lines_of
from callwright.dialogue.understanding.nlu import Nlu
from callwright.dialogue.values import Answered, Heard
from callwright.errors import InputError

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    script = load_checked("appointment_en").script
    dialogue = Dialogue(script, Nlu.train(script))
    state = dialogue.start({name: var.example or "" for name, var in script.vars.items()}, "2026-11-20T10:00")
    steps = []
    for event in (Answered(0, "human"), Heard(9000, "how much does it cost"), Heard(15_000, "yes that works")):
        steps.append(dialogue.step(state, event))
        state = steps[-1].state
    path = tmp_path_factory.mktemp("log") / "call.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines_of(steps)), encoding="utf-8")
    return path


def test_the_same_decisions(log: Path) -> None:
    done = RUNNER.invoke(app, ["replay", "appointment_en", str(log)])
    assert done.exit_code == 0, done.output
    assert "3 events, every decision is the same" in done.output


def test_another_decision(log: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.jsonl"
    changed.write_text(
        log.read_text(encoding="utf-8").replace('"yes that works"', '"please cancel it"', 1), encoding="utf-8"
    )
    done = RUNNER.invoke(app, ["replay", "appointment_en", str(changed)])
    assert done.exit_code == 1
    assert done.output.startswith("step 3: ")


def test_what_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        RUNNER.invoke(app, ["replay", "appointment_en", str(tmp_path / "none")], catch_exceptions=False)
    empty = tmp_path / "busy.jsonl"
    empty.write_text('{"n": 0, "at_ms": 0, "kind": "placed"}\n', encoding="utf-8")
    with pytest.raises(InputError, match="nobody answered"):
        RUNNER.invoke(app, ["replay", "appointment_en", str(empty)], catch_exceptions=False)


@pytest.mark.parametrize("seed", [-1, 2**40])
def test_a_seed_of_a_log_that_is_none(log: Path, tmp_path: Path, seed: int) -> None:
    odd = tmp_path / "odd.jsonl"
    odd.write_text(
        json.dumps({"kind": "begun", "seed": seed}) + "\n" + log.read_text(encoding="utf-8"), encoding="utf-8"
    )
    done = RUNNER.invoke(app, ["replay", "appointment_en", str(odd)])
    assert done.exit_code == 0, done.exception
