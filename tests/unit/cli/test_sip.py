"""`callwright sip trace`: by id, by file, of running, killed and unknown calls."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callwright.cli.main import app
from callwright.errors import InputError

PLACED = {"n": 0, "at_ms": 0, "kind": "placed", "number": "+8613***0001", "call_id": "attempt-1"}
SENT = {"n": 1, "at_ms": 4, "kind": "sip", "direction": "->", "line": "INVITE sip:*1@192.0.2.2 SIP/2.0"}


def folder(path: Path, name: str = "01-ann", call_id: str = "attempt-1", torn: str = "") -> Path:
    log = path / "events" / f"{name}.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line) + "\n" for line in ({**PLACED, "call_id": call_id}, SENT))
    log.write_text(text + torn, encoding="utf-8")
    return log


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["sip", "trace", *arguments])
    if isinstance(result.exception, InputError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("call", ["attempt-1", "attempt-1@192.0.2.1", "01-ann"])
def test_a_call_is_found_by_each_of_its_names(tmp_path: Path, call: str) -> None:
    folder(tmp_path, torn='{"n": 2, "at_')
    folder(tmp_path, "02-bob", "attempt-2")
    assert "-- INVITE sip:*1@192.0.2.2 --" in run(call, "--folder", str(tmp_path))


def test_a_folder_of_folders_and_a_file(tmp_path: Path) -> None:
    log = folder(tmp_path / "monday")
    assert run("attempt-1", "--folder", str(tmp_path)) == run(str(log))
    assert "its process was killed" in run(str(log))


def test_a_call_that_is_still_written_is_running(tmp_path: Path) -> None:
    log = folder(tmp_path)
    with log.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        found = json.loads(run(str(log), "--json"))
    assert (found["state"], found["last_ms"], len(found["lines"])) == ("running", 4, 1)


def test_what_is_not_found_is_said_with_a_way_to_mend_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no event logs in this folder"):
        run("attempt-1", "--folder", str(tmp_path))
    folder(tmp_path / "monday")
    folder(tmp_path / "tuesday", "02")
    with pytest.raises(InputError, match="2 calls are named `attempt-1`"):
        run("attempt-1", "--folder", str(tmp_path))
    with pytest.raises(InputError, match="none of 2 event logs is of call `attempt-9`"):
        run("attempt-9", "--folder", str(tmp_path))
    with pytest.raises(InputError, match="there is no such file"):
        run(str(tmp_path / "no.jsonl"))
    with pytest.raises(InputError, match="cannot be read"):
        run("attempt-1", "--folder", str(tmp_path / "nowhere"))
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "empty.jsonl").write_bytes(b"")
    with pytest.raises(InputError, match="holds no event yet"):
        run("empty", "--folder", str(tmp_path))
