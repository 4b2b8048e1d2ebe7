"""A second reading of recordings: cut where nobody speaks, and recognised by a model that is not streaming (a toy one, by the real engine)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from callwright.cli.main import app
from callwright.errors import AudioError, ModelError
from callwright.speech.asr.sherpa_models import find_sherpa_model
from callwright.speech.port import Pcm
from callwright.speech.second_pass import Cutter, Piece, SecondPass
from callwright.speech.vad import Vad, VadRules
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.audio_files import open_audio_file
from callwright.testing.stub_speech import EverythingIsSpeech
from callwright.testing.toy_offline import write_toy_model
from callwright.testing.toy_speech import toy_speech

RULES = VadRules(bystander_db=None, echo_db=None)


def loud() -> Vad:
    return Vad(EverythingIsSpeech(), RULES)


def tone(ms: int) -> Pcm:
    return np.tile(np.array([8000, -8000], np.int16), ms * 4)


def silence(ms: int) -> Pcm:
    return np.zeros(ms * 8, np.int16)


def cut(*parts: Pcm, **more: int) -> list[Piece]:
    cutter = Cutter(0, loud(), **more)
    pieces = [cutter.push(frame) for frame in np.concatenate(parts).reshape(-1, 160)]
    return [piece for piece in (*pieces, cutter.finish()) if piece is not None]


def test_a_pause_ends_a_piece_and_a_little_silence_stays_with_it() -> None:
    first, second = cut(silence(1000), tone(600), silence(1500), tone(400), silence(1000))
    assert first.begin_ms == pytest.approx(800, abs=60)
    assert first.end_ms == pytest.approx(1600 + 200 + 160, abs=60)  # the voice flag outlasts the voice by 160 ms
    assert second.begin_ms == pytest.approx(2900, abs=60)
    assert first.end_ms <= second.begin_ms


def test_a_short_pause_does_not() -> None:
    assert len(cut(silence(400), tone(400), silence(300), tone(400), silence(1000))) == 1


def test_the_end_of_a_recording_ends_a_piece_and_a_long_one_is_cut() -> None:
    (only,) = cut(silence(200), tone(600))
    assert only.end_ms == 800
    pieces = cut(silence(200), tone(5000), most_ms=2000)
    assert len(pieces) == 3
    assert all(a.end_ms == b.begin_ms for a, b in itertools.pairwise(pieces))
    assert cut(silence(3000)) == []


# ------------------------------------------------------------ with the real engine


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sherpa_onnx", reason="the package sherpa-onnx is not installed (extra `sherpa`)")
    folder = tmp_path_factory.mktemp("models") / "toy"
    write_toy_model(folder)
    return folder


@pytest.fixture
def second(toy: Path) -> Iterator[SecondPass]:
    yield SecondPass(find_sherpa_model(toy, offline=True), loud, threads=1, at_once=2)


def conversation() -> Pcm:
    """Shape (n, 2): the caller says two things, the robot one between them; over A-law, with a quiet line."""
    caller = [silence(500), toy_speech("好的"), silence(3000), toy_speech("不用谢"), silence(1000)]
    robot = [silence(2500), toy_speech("需要人")]
    length = sum(len(part) for part in caller)
    both = np.zeros((length, 2))
    for channel, parts in enumerate((caller, robot)):
        whole = np.concatenate(parts)
        both[: len(whole), channel] = whole
    both += np.random.default_rng(1).normal(0, 8, both.shape)
    return g711.decode(g711.encode(both.astype(np.int16).reshape(-1), "PCMA"), "PCMA").reshape(-1, 2)


def record(path: Path, pcm: Pcm) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = open_audio_file(str(path))
    for block in np.array_split(pcm.reshape(-1, 160, 2), 5):
        file.append(block)
    file.close()
    return path


@pytest.mark.parametrize("name", ["call.wav", "call.opus"])
def test_who_said_what_and_when(name: str, second: SecondPass, tmp_path: Path) -> None:
    reading = second.read(record(tmp_path / name, conversation()))
    assert [(one.who, one.text) for one in reading.spoken] == [
        ("caller", "好的"),
        ("robot", "需要人"),
        ("caller", "不用谢"),
    ]
    begins = [one.begin_ms for one in reading.spoken]
    assert begins == pytest.approx([600, 2600, 4500], abs=150)
    assert reading.duration_ms == pytest.approx(len(conversation()) / 8, abs=120)
    assert (reading.model, reading.kind) == ("toy", "tdnn-ctc")


def test_other_rates_and_one_channel(second: SecondPass, tmp_path: Path) -> None:
    path = tmp_path / "mono.wav"
    soundfile.write(path, np.repeat(toy_speech("再见", after_ms=500), 2), 16000, subtype="PCM_16")
    reading = second.read(path)
    assert [(one.who, one.channel) for one in reading.spoken] == [("unknown", 0)]
    assert reading.duration_ms == pytest.approx(len(toy_speech("再见", after_ms=500)) / 8, abs=20)


def test_what_is_no_recording(second: SecondPass, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("hello")
    soundfile.write(tmp_path / "three.wav", np.zeros((800, 3), np.int16), 8000)
    for name in ("text.wav", "three.wav", "nowhere.wav"):
        with pytest.raises(AudioError, match=name):
            second.read(tmp_path / name)


def test_a_model_for_calls_is_refused(shared: Path) -> None:
    with pytest.raises(ModelError, match="none for recordings"):
        find_sherpa_model(shared / "models" / "sherpa-toy-8k", offline=True)


def test_the_command_writes_beside_the_transcripts(toy: Path, tmp_path: Path) -> None:
    recording = record(tmp_path / "recordings" / "a.wav", conversation())
    runner = CliRunner(env={"CALLWRIGHT_VAD": "webrtc", "CALLWRIGHT_MODELS": str(toy.parent)})
    done = runner.invoke(app, ["calls", "transcribe", str(recording), str(tmp_path / "b.wav"), "--model", "toy"])
    assert done.exit_code == 1
    assert "b.wav" in done.stderr
    path = tmp_path / "transcripts" / "a.second.json"
    assert str(path) in done.stdout
    assert path.stat().st_mode & 0o077 == 0
    found = json.loads(path.read_text(encoding="utf-8"))
    assert (found["format"], found["recording"], found["model"]) == ("second-pass/1", "a.wav", "toy")
    assert {"channel", "who", "begin_ms", "end_ms", "text"} == set(found["spoken"][0])
    printed = runner.invoke(app, ["calls", "transcribe", str(recording), "--model", str(toy), "--json"])
    assert printed.exit_code == 0
    assert json.loads(printed.stdout)[0]["spoken"] == found["spoken"]
