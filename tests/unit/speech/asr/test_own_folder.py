"""A folder goes with its process; one that a killed process left goes with the next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from callwright.speech.asr.own_folder import OwnFolder

_MAKE = """
import sys
from callwright.speech.asr.own_folder import OwnFolder
folder = OwnFolder("cw-own-")
print(folder.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def other() -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", _MAKE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def old(folder: Path) -> None:
    os.utime(folder, (1_000_000, 1_000_000))


def test_it_goes_when_it_is_closed_and_when_its_process_ends() -> None:
    mine = OwnFolder("cw-own-")
    (mine.path / "large").mkdir()
    mine.close()
    assert not mine.path.exists()
    process, theirs = other()
    assert theirs.is_dir()
    process.communicate(timeout=20)
    assert not theirs.exists()


def test_what_a_killed_process_left_goes_with_the_next_one_and_what_is_used_stays() -> None:
    killed, left = other()
    living, used = other()
    killed.send_signal(signal.SIGKILL)
    killed.wait(20)
    (left / "deep").mkdir()
    OwnFolder("cw-own-").close()
    assert left.is_dir()  # too young: it could be one that is just being made
    old(left)
    old(used)
    strange = used.parent / "cw-own-strange"
    strange.mkdir()
    old(strange)
    OwnFolder("cw-own-").close()
    assert not left.exists()
    assert used.is_dir()
    assert strange.is_dir()  # none of ours: it names no owner
    living.communicate(timeout=20)
