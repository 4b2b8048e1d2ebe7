"""The real websocket server of sherpa-onnx with the toy model, in a network of its own: many streams at once, and a server that is killed
while somebody talks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from callwright.testing.own_network import missing, run_alone
from callwright.testing.sherpa_server import program

pytestmark = [pytest.mark.integration, pytest.mark.shared]
SCENARIOS = Path(__file__).with_name("scenarios.py")


@pytest.fixture
def toy(shared: Path) -> Path:
    if program() is None:
        pytest.skip("sherpa-onnx-online-websocket-server is not installed (package sherpa-onnx-bin)")
    if why := missing():
        pytest.skip(f"the server listens on every interface, and {why}")
    return shared / "models" / "sherpa-toy-8k"


def run(name: str, folder: Path, toy: Path) -> dict[str, Any]:
    return run_alone(SCENARIOS, name, str(folder), str(toy), timeout_s=240)


def test_a_hundred_streams_at_once_are_all_right(tmp_path: Path, toy: Path) -> None:
    outcome = run("hundred", tmp_path, toy)
    assert outcome["right"] == 200, outcome["wrong"]


def test_a_server_killed_in_mid_call(tmp_path: Path, toy: Path) -> None:
    outcome = run("killed", tmp_path, toy)
    with_fallback, without = outcome["with"], outcome["without"]
    for call in (with_fallback, without):
        assert call["tags"] == ["confirmed"], call
        assert call["heard"][0] == "需要人"
        assert call["heard"][-1] == "好的"
        assert "It is free." in call["said"]
    # The second engine heard the very answer in whose middle the first one died; nothing of it was asked again.
    assert with_fallback["heard"] == ["需要人", "好的"]
    assert with_fallback["faults"] == []
    # Without one the answer is lost, the robot asks again, and hears the next one from the server that is back.
    assert any("broke" in fault for fault in without["faults"]), without["faults"]
    assert len(without["heard"]) > 2
