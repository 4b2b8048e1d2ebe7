"""`bench turns` end to end with a handful of situations: two processes, SIP and RTP on loopback, measured at the callers' sockets.

Timing is that of the machine the test runs on, so no target is judged here: what must be right is what was heard.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from callwright.bench.turns import run
from callwright.settings import Settings

SHARED = Path(os.environ.get("CALLWRIGHT_SHARED", "../shared"))
pytestmark = [
    pytest.mark.integration,
    pytest.mark.shared,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux (kernel time stamps)"),
    pytest.mark.skipif(not (SHARED / "audio" / "callers-zh").is_dir(), reason="no recordings of callers"),
    pytest.mark.skipif(not shutil.which("espeak-ng"), reason="no espeak-ng for the prompts"),
]


def test_a_handful_of_situations(tmp_path: Path) -> None:
    settings = Settings(models=SHARED / "models", shared=SHARED, cache=tmp_path / "cache")
    report = run(settings, count=3, seed=1, keep=tmp_path / "kept")
    found = {entry["kind"] + "/" + entry["expect"]: entry for entry in _outcomes(tmp_path / "kept")}
    assert set(found) == {"answer/stop", "answer/answer", "backchannel/resume"}
    assert not any(entry["fault"] for entry in found.values())
    assert found["answer/stop"]["stop_ms"] is not None
    assert not found["answer/stop"]["resumed"]
    assert found["answer/answer"]["turn_ms"] > 0
    assert found["answer/answer"]["ended_turns"] == 1
    backchannel = found["backchannel/resume"]
    assert backchannel["stop_ms"] is None or backchannel["resumed"]
    values = {figure.name: figure.value for figure in report.figures}
    assert values["situations"] == 3
    assert values["missed stops"] == 0
    assert values["false stops that were not resumed"] == 0
    for folder in ("events", "recordings", "traces", "situations"):
        assert any((tmp_path / "kept" / folder).iterdir())


def _outcomes(folder: Path) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((folder / "outcomes.json").read_text(encoding="utf-8"))["situations"]
    return entries
