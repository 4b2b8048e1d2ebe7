"""What the robot's soak takes for right and for wrong."""

from __future__ import annotations

import json
import wave
from dataclasses import replace
from pathlib import Path

import pytest

from callwright.bench.soak_deeds import DEEDS, deed, number
from callwright.bench.soak_robot import wrong_with
from callwright.calls.model import CallFiles, CallRecord

RECORD = CallRecord("c", "+1202***0001", "density", "2026-11-26T09:00", "answered", "in", end="hangup", talk_ms=2_000)
CALLER = number(1)  # hangs up


def files(folder: Path, seconds: float = 2.0, kinds: tuple[str, ...] = ("connected", "ended")) -> CallFiles:
    found = CallFiles(folder, "000001")
    found.log.parent.mkdir()
    found.recording.parent.mkdir()
    found.log.write_text("".join(json.dumps({"kind": kind}) + "\n" for kind in kinds))
    with wave.open(str(found.recording), "wb") as recording:
        recording.setnchannels(2)
        recording.setsampwidth(2)
        recording.setframerate(8000)
        recording.writeframes(bytes(int(seconds * 8000) * 4))
    return found


def test_every_deed_comes_up_and_the_number_alone_decides() -> None:
    assert [deed(number(call)) for call in range(2 * len(DEEDS))] == [*DEEDS, *DEEDS]
    assert deed(CALLER).hung_up_rightly("us")
    assert not deed(CALLER).hung_up_rightly("peer")
    assert deed(number(0)).hung_up_rightly("peer")
    assert not deed(number(0)).hung_up_rightly("us")


def test_a_right_call(tmp_path: Path) -> None:
    assert wrong_with(RECORD, files(tmp_path), CALLER) == ""


@pytest.mark.parametrize(
    ("record", "found", "what"),
    [
        (replace(RECORD, end="optout"), {}, "ended as optout"),
        (replace(RECORD, faults=("the mouth fell off",)), {}, "the mouth fell off"),
        (RECORD, {"seconds": 1.0}, "recording is too short"),
        (RECORD, {"kinds": ("connected",)}, "log has no end"),
    ],
)
def test_what_is_wrong_is_told(record: CallRecord, found: dict[str, object], what: str, tmp_path: Path) -> None:
    assert what in wrong_with(record, files(tmp_path, **found), CALLER)  # type: ignore[arg-type]


def test_missing_files_are_told(tmp_path: Path) -> None:
    assert "FileNotFoundError" in wrong_with(RECORD, CallFiles(tmp_path, "none"), CALLER)
