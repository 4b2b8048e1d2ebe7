"""`callwright recogniser check`: says who hears and what it makes of a file, or why it cannot."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callwright.cli.main import app
from callwright.errors import CallwrightError, SettingsError
from callwright.speech.wav import write_wav
from callwright.testing.toy_speech import toy_speech


def check(setting: str, *arguments: str, models: Path = Path()) -> str:
    env = {"CALLWRIGHT_ASR": setting, "CALLWRIGHT_MODELS": str(models)}
    done = CliRunner().invoke(app, ["recogniser", "check", *arguments], env=env)
    if done.exception is not None:
        raise done.exception
    return done.output


def test_what_it_makes_of_a_file(shared: Path, tmp_path: Path) -> None:
    pytest.importorskip("sherpa_onnx", reason="the package sherpa-onnx is not installed (extra `sherpa`)")
    write_wav(tmp_path / "said.wav", toy_speech("好的", after_ms=400))
    setting = "{engine: sherpa, model: sherpa-toy-8k, most_streams: 5}"
    said = check(setting, "--listen", str(tmp_path / "said.wav"), models=shared / "models")
    assert "sherpa can hear: whatever is said, no hot words; 8,000 Hz, 40 ms at a time, 5 streams at once" in said
    assert ": 好的 (score 1.00)" in said


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(CallwrightError, match="cannot be reached") as error:
            check(f"{{engine: sherpa-server, url: '{url}'}}")
    assert error.value.exit_code == 1


def test_a_setting_that_is_wrong() -> None:
    with pytest.raises(SettingsError, match="no recogniser") as error:
        check("{engine: whisper}")
    assert error.value.exit_code == 2
