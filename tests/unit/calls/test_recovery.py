"""Calls without an end: reported once, with everything that can still be read; live ones and finished ones are left alone."""

from __future__ import annotations

import fcntl
import json
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from callwright.calls.log import read_log
from callwright.calls.recovery import recover, recover_log
from callwright.cli.main import app
from callwright.errors import InputError

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
LINES: list[dict[str, Any]] = [
    {"n": 0, "at_ms": 0, "kind": "placed", "number": "+8613***0001", "call_id": "attempt-1", "started_at": "2026"},
    {"n": 1, "at_ms": 900, "kind": "ringing"},
    {"n": 2, "at_ms": 3000, "kind": "connected"},
    {"n": 3, "at_ms": 3001, "kind": "recording", "file": "recordings/call.wav"},
    {"n": 4, "at_ms": 7500, "kind": "heard", "text": "喂，你好", "step": 1},
]
WHOLE = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in LINES).encode()


def log(folder: Path, data: bytes = WHOLE) -> Path:
    path = folder / "events" / "call.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def recording(folder: Path, seconds: int) -> None:
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36, b"WAVE", b"fmt ", 16, 1, 2, 8000, 32000, 4, 16, b"data", 0)
    (folder / "recordings").mkdir()
    (folder / "recordings" / "call.wav").write_bytes(header + bytes(32000 * seconds))


def test_an_answered_call_is_reported_with_what_is_left_of_it(tmp_path: Path) -> None:
    path = log(tmp_path, WHOLE + b'{"n": 5, "at_')
    recording(tmp_path, 4)
    (call,) = recover(tmp_path, NOW).calls
    assert (call.call_id, call.number, call.direction, call.disposition) == (
        "attempt-1",
        "+8613***0001",
        "out",
        "unknown",
    )
    assert (call.last_kind, call.last_ms, call.answered, call.talk_ms) == ("heard", 7500, True, 4500)
    assert (call.recording, call.recording_ms) == (str(tmp_path / "recordings" / "call.wav"), 4000)
    assert (call.torn_bytes, call.fault) == (13, "")
    lines = read_log(path)
    assert lines[:-1] == LINES
    assert lines[-1] == {
        "n": 5,
        "at_ms": 7500,
        "kind": "recovered",
        "disposition": "unknown",
        "found_at": "2026-11-20T10:00:00+00:00",
        "answered": True,
        "talk_ms": 4500,
        "recording_ms": 4000,
        "torn_bytes": 13,
    }


def test_it_is_reported_once(tmp_path: Path) -> None:
    path = log(tmp_path)
    assert len(recover(tmp_path, NOW).calls) == 1
    closed = path.read_bytes()
    assert recover(tmp_path, NOW).calls == ()
    assert path.read_bytes() == closed


def test_a_recovery_that_was_itself_killed_is_done_again(tmp_path: Path) -> None:
    path = log(tmp_path)
    recover_log(path, NOW)
    path.write_bytes(path.read_bytes()[:-5])
    assert recover_log(path, NOW) is not None
    assert [line["kind"] for line in read_log(path)].count("recovered") == 1


def test_finished_and_live_calls_are_left_alone(tmp_path: Path) -> None:
    path = log(tmp_path, WHOLE + b'{"n": 5, "at_ms": 9000, "kind": "ended"}\n')
    assert recover(tmp_path, NOW).calls == ()
    before = log(tmp_path).read_bytes()
    with path.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        found = recover(tmp_path, NOW)
    assert (found.calls, found.live) == ((), 1)
    assert path.read_bytes() == before
    assert recover_log(log(tmp_path, b""), NOW) is None  # nothing was ever in it: nobody was rung


@pytest.mark.parametrize("named", ["../../secret.wav", "/etc/passwd"])
def test_a_recording_outside_of_the_folder_is_not_touched(tmp_path: Path, named: str) -> None:
    line = {"n": 0, "at_ms": 0, "kind": "recording", "file": named}
    call = recover_log(log(tmp_path, json.dumps(line).encode() + b"\n"), NOW)
    assert call is not None
    assert (call.recording, call.fault) == ("", "the recording is not in the folder of the call")


def test_a_missing_or_broken_recording_is_named(tmp_path: Path) -> None:
    call = recover_log(log(tmp_path), NOW)
    assert call is not None
    assert "No such file" in call.fault
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "call.wav").write_bytes(b"")
    call = recover_log(log(tmp_path), NOW)
    assert call is not None
    assert (call.recording_ms, call.fault) == (0, "is no WAV file")


def test_a_log_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    log(tmp_path).unlink()
    (tmp_path / "events" / "folder.jsonl").mkdir()
    (fault,) = recover(tmp_path, NOW).faults
    assert "folder.jsonl: Is a directory" in fault
    with pytest.raises(InputError, match="cannot be read"):
        recover(tmp_path / "nowhere", NOW)


@pytest.mark.parametrize("cut", range(len(WHOLE) + 1))
def test_a_log_cut_at_any_byte_loses_its_torn_line_at_most(tmp_path: Path, cut: int) -> None:
    path = log(tmp_path, WHOLE[:cut])
    call = recover_log(path, NOW)
    assert (call is None) == (cut == 0)
    whole = WHOLE[:cut].count(b"\n") + (WHOLE[cut : cut + 1] == b"\n")
    lines = read_log(path)
    assert lines[:whole] == LINES[:whole]
    assert [line["kind"] for line in lines[whole:]] == (["recovered"] if cut else [])


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_are_looked_at_without_a_fault(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = log(tmp_path_factory.mktemp("any"), data)
    call = recover_log(path, NOW)
    assert recover_log(path, NOW) is None
    assert (call is None) == (not data)


def test_the_command_reports_for_people_and_programs(tmp_path: Path) -> None:
    log(tmp_path)
    recording(tmp_path, 4)
    said = CliRunner().invoke(app, ["calls", "recover", str(tmp_path)])
    assert said.exit_code == 0
    assert "1 call without an end" in said.output
    assert "attempt-1 to +8613***0001: answered, 4.5 s, last event heard at 7.5 s" in said.output
    again = CliRunner().invoke(app, ["calls", "recover", str(tmp_path)])
    assert again.output == "no call without an end\n"
    log(tmp_path)
    found = json.loads(CliRunner().invoke(app, ["calls", "recover", str(tmp_path), "--json"]).output)
    assert (found["calls"][0]["call_id"], found["live"], found["faults"]) == ("attempt-1", 0, [])
