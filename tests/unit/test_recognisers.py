"""Which recogniser hears: what a setting may say, what is wrong with one, and what is made of it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from callwright.errors import ModelError, SettingsError
from callwright.recognisers import make_ears, read_recogniser
from callwright.speech.asr.fallback import FallbackRecogniser
from callwright.speech.asr.pocketsphinx import PocketsphinxRecogniser, threshold
from callwright.speech.asr.websocket import WebSocketRecogniser
from callwright.testing.certificates import certificate


def test_nothing_said_is_the_embedded_engine(tmp_path: Path) -> None:
    made = make_ears("", tmp_path, 3)
    assert isinstance(made.recogniser, PocketsphinxRecogniser)
    assert made.accept("zh") == threshold("zh")
    assert made.processes() == 0


def test_a_server_with_the_embedded_engine_behind_it(tmp_path: Path) -> None:
    made = make_ears("{engine: sherpa-server, url: 'ws://127.0.0.1:6006', fallback: pocketsphinx}", tmp_path, 2)
    assert isinstance(made.recogniser, FallbackRecogniser)
    assert made.recogniser.abilities.name == "sherpa-server, else pocketsphinx"
    assert made.recogniser.final_s == 1.2
    assert made.accept("zh") == threshold("zh")  # one of them judges how well words fit


def test_a_file_with_every_key(tmp_path: Path) -> None:
    certificate(tmp_path, "127.0.0.1")
    file = tmp_path / "asr.yaml"
    file.write_text(
        "format: recogniser/1\nengine: funasr\nurl: wss://asr.example:10095\nca: cert.pem\ntoken_env: ASR_TOKEN\nrate: 8000\nitn: true\n"
        "connect_ms: 1000\nfinal_ms: 2000\nlag_ms: 5000\nmost_streams: 50\nfallback: {engine: funasr, url: 'ws://127.0.0.1:10095'}\n"
    )
    made = make_ears(str(file), tmp_path, 2, {"ASR_TOKEN": "very-secret"})
    assert isinstance(made.recogniser, FallbackRecogniser)
    first = made.recogniser.primary
    assert isinstance(first, WebSocketRecogniser)
    assert first.patience.final == 2.0
    assert first.abilities.most_streams == 50
    assert first.connector.server.headers == (("Authorization", "Bearer very-secret"),)
    assert "very-secret" not in f"{first.connector.server} {first.connector.server!r}"
    assert made.accept("zh") == 0.5


WRONG = {
    "{engine: vosk}": "`vosk` is no recogniser",
    "{url: 'ws://127.0.0.1:1'}": "which `engine`",
    "[pocketsphinx]": "no such file",
    "{engine: sherpa-server}": "`url` is missing",
    "{engine: sherpa-server, url: 'http://127.0.0.1:6006'}": "must be an address like ws://",
    "{engine: sherpa-server, url: 'ws://127.0.0.1:99999'}": "port",
    "{engine: sherpa-server, url: 'wss://me:secret@asr.example'}": "token_env",
    "{engine: sherpa-server, url: 'ws://127.0.0.1:1', rate: 44100}": "8000, 16000",
    "{engine: sherpa-server, url: 'ws://127.0.0.1:1', ca: ca.pem}": "wss://",
    "{engine: sherpa-server, url: 'ws://127.0.0.1:1', sample_rate: 8000}": "rate",
    "{engine: funasr, url: 'wss://127.0.0.1:1', token: abc}": "token_env",
    "{engine: funasr, url: 'wss://127.0.0.1:1', token_env: NO_SUCH}": "NO_SUCH holds no token",
    "{engine: funasr, url: 'wss://127.0.0.1:1', ca: nowhere.pem}": "nowhere.pem",
    "{engine: funasr, url: 'ws://127.0.0.1:1', final_ms: 5}": "at least 100",
    "{engine: pocketsphinx, workers: 0}": "at least 1",
    "{engine: pocketsphinx, fallback: {engine: pocketsphinx, fallback: pocketsphinx}}": "unknown key",
    "{engine: pocketsphinx, engine: sherpa}": "engine",
    "nowhere.yaml": "no such file",
}


@pytest.mark.parametrize("setting", WRONG)
def test_what_is_wrong_is_told(setting: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=WRONG[setting]):
        make_ears(setting, tmp_path, 2, {})


def test_every_problem_at_once_with_its_place() -> None:
    with pytest.raises(SettingsError) as error:
        read_recogniser("{engine: sherpa-server, url: nowhere, rate: 1, most_streams: 0}")
    assert [problem.place.column for problem in error.value.problems] == [25, 39, 48]
    assert {problem.place.file for problem in error.value.problems} == {"CALLWRIGHT_ASR"}


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="models pull"):
        make_ears("{engine: sherpa, model: zipformer}", tmp_path, 2)


def test_secrets_stay_out_of_logs(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(SettingsError) as error:
        make_ears("{engine: funasr, url: 'wss://me:hunter2@asr.example'}", tmp_path, 2)
    assert "hunter2" not in str(error.value) + caplog.text
