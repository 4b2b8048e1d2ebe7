"""The real sherpa-onnx engine in its process, with a toy voice whose words are tones: loading, speaking, dying, being cancelled."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from callwright.errors import CallwrightError, ModelError, SettingsError
from callwright.speech.port import Pcm
from callwright.speech.recordings.levels import active_dbfs
from callwright.speech.tts.espeak import EspeakVoice
from callwright.speech.tts.sherpa import SherpaVoice
from callwright.speech.tts.sherpa_models import find_voice_model
from callwright.testing.toy_voice import TONES_HZ, write_toy_voice
from callwright.voices import make_voice, read_voice

pytest.importorskip("sherpa_onnx", reason="sherpa-onnx is not installed (pip install 'callwright[sherpa]')")
pytestmark = [pytest.mark.anyio, pytest.mark.integration]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_toy_voice(tmp_path / "toy")
    return tmp_path / "toy"


def words(pcm: Pcm) -> list[str]:
    """The words said: the tone of each stretch of 60 ms, one after the other."""
    heard: list[str] = []
    for at in range(0, len(pcm) - 480, 480):
        block = pcm[at : at + 480].astype(float)
        if np.abs(block).max() < 500:
            continue
        hz = float(np.abs(np.fft.rfft(block * np.hanning(480))).argmax() * 8000 / 480)
        word = min(TONES_HZ, key=lambda word: abs(TONES_HZ[word] - hz))
        if not heard or heard[-1] != word:
            heard.append(word)
    return heard


async def test_it_says_what_it_is_given_at_the_level_of_all_prompts(folder: Path) -> None:
    voice = SherpaVoice(folder)
    try:
        await voice.ready()
        pid = voice.pid
        first = await voice.render("one three two")
        assert words(first) == ["one", "three", "two"]
        assert active_dbfs(first / 32768.0, 8000) == pytest.approx(-20, abs=1.0)
        both = await asyncio.gather(voice.render("two"), voice.render("three"))
        assert [words(pcm) for pcm in both] == [["two"], ["three"]]
        assert voice.pid == pid, "one process speaks everything"
        assert len(await voice.render("  ")) == 0
    finally:
        await voice.aclose()
    assert voice.pid is None


async def test_a_process_that_dies_or_hangs_is_replaced(folder: Path) -> None:
    voice = SherpaVoice(folder, timeout_s=10.0)
    try:
        await voice.ready()
        assert voice.pid is not None
        os.kill(voice.pid, signal.SIGKILL)
        for _ in range(2):
            try:
                assert words(await voice.render("one")) == ["one"]
                break
            except CallwrightError:
                continue  # it died while it was asked
        else:
            pytest.fail("it was not replaced")
        slow = asyncio.create_task(voice.render("two"))
        await asyncio.sleep(0)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        assert words(await voice.render("three")) == ["three"], "the answer of a cancelled text is nobody's"
    finally:
        await voice.aclose()


async def test_a_voice_the_engine_refuses_is_told(folder: Path) -> None:
    (folder / "lexicon.txt").write_text("one NOTHING\n")
    voice = SherpaVoice(folder)
    with pytest.raises((ModelError, CallwrightError)):
        await voice.ready()
        await voice.render("one")
    await voice.aclose()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda f: (f / "tokens.txt").unlink(), "tokens.txt"),
        (lambda f: (f / "lexicon.txt").unlink(), "espeak-ng-data"),
        (lambda f: (f / "model.onnx").write_bytes(b""), "is empty"),
        (lambda f: (f / "model.onnx").write_bytes(b"\x08\x08junk"), "model.onnx"),
        (lambda f: (f / "model.onnx").unlink(), "lacks its network"),
        (lambda f: shutil.copyfile(f / "model.onnx", f / "other.onnx"), "not clear"),
        (
            lambda f: shutil.copyfile(f / "model.onnx", f / "model-steps-3.onnx") and (f / "model.onnx").unlink(),
            "vocoder",
        ),
        (lambda f: shutil.rmtree(f), "no such folder"),
    ],
)
def test_a_folder_that_is_no_whole_voice_is_told(folder: Path, damage: object, told: str) -> None:
    damage(folder)  # type: ignore[operator]
    with pytest.raises(ModelError, match=told):
        find_voice_model(folder)


def test_kinds_by_their_files(folder: Path) -> None:
    assert find_voice_model(folder).kind == "vits"
    (folder / "number.fst").write_bytes(b"x")
    assert find_voice_model(folder).rules == (str(folder / "number.fst"),)
    (folder / "voices.bin").write_bytes(b"x")
    assert find_voice_model(folder).kind == "kokoro"
    (folder / "voices.bin").unlink()
    (folder / "model.onnx").rename(folder / "model-steps-3.onnx")
    shutil.copyfile(folder / "model-steps-3.onnx", folder / "vocos-22khz-univ.onnx")
    found = find_voice_model(folder)
    assert (found.kind, Path(found.arguments["vocoder"]).name) == ("matcha", "vocos-22khz-univ.onnx")


async def test_the_setting_makes_the_voice_of_each_language(folder: Path, tmp_path: Path) -> None:
    assert isinstance(make_voice("", "zh", tmp_path).voice, EspeakVoice)
    setting = "{en: {engine: sherpa, model: toy, speed: 1.1}, zh: {engine: espeak, variant: f3}}"
    mouth = make_voice(setting, "en", tmp_path)
    assert isinstance(mouth.voice, SherpaVoice)
    assert "/0/1.1/" in mouth.voice.name
    await mouth.ready()
    await mouth.aclose()
    assert make_voice(setting, "zh", tmp_path).voice.name.startswith("espeak-ng/cmn+f3")
    file = tmp_path / "voice.yaml"
    file.write_text("format: voice/1\nengine: sherpa\nmodel: toy\n")
    assert isinstance(make_voice(str(file), "zh", tmp_path / "elsewhere").voice, SherpaVoice)
    with pytest.raises(ModelError, match="no such folder"):
        make_voice("{engine: sherpa, model: nothing}", "en", tmp_path)
    with pytest.raises(ModelError, match="callwright models pull voice-zh-melo"):
        make_voice("{engine: sherpa, model: voice-zh-melo}", "zh", tmp_path)
    with pytest.raises(ModelError, match="speakers"):
        make_voice("{engine: sherpa, model: toy, speaker: 5}", "en", tmp_path)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("{engine: festival}", "`festival` is no voice"),
        ("{engine: sherpa}", "model"),
        ("{engine: sherpa, model: x, sid: 1}", "speaker"),
        ("{engine: espeak, speed: 5}", "speed"),
        ("{engine: espeak, variant: '; rm'}", "letters"),
        ("{fr: espeak}", "fr"),
        ("nowhere.yaml", "no such file"),
    ],
)
def test_a_wrong_setting_is_told(setting: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        read_voice(setting)
