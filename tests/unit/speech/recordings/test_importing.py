"""A speaker's folder, made by a real voice: what comes in, what is told, and that a second import changes nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from callwright.errors import AudioError
from callwright.script.checks.recordings import wav_fault
from callwright.speech.recordings.importing import RECORD, Wanted, import_recordings
from callwright.speech.recordings.judging import syllables
from callwright.speech.wav import read_wav, resample

FILES = (
    "later-01-yue-tan",
    "human-04-yue-tan",
    "fee-02-yue-tan",
    "later-10-yue-tan",
    "later-05-yue-tan",
    "deny-20-yue-tan",
)


@pytest.fixture(scope="module")
def spoken(shared: Path) -> dict[str, tuple[str, np.ndarray]]:
    """text and sound (48 kHz, float) of six sentences by one person."""
    folder = shared / "audio" / "callers-zh"
    texts = {item["file"]: item["text"] for item in json.loads((folder / "index.json").read_text())["items"]}
    there = [name if (folder / f"{name}.wav").is_file() else f"{name}-noisy" for name in FILES]
    return {
        f"r{n}.wav": (texts[f"{name}.wav"], resample(read_wav(folder / f"{name}.wav"), 8000, 48_000) / 32768.0)
        for n, name in enumerate(there)
    }


@pytest.fixture
def source(tmp_path: Path, spoken: dict[str, tuple[str, np.ndarray]]) -> Path:
    folder = tmp_path / "speaker"
    (folder / "sub").mkdir(parents=True)
    for name, (_, sound) in spoken.items():
        quiet = np.zeros(24_000)
        room = 1e-4 * np.random.default_rng(2).standard_normal(48_000 + len(sound))
        soundfile.write(folder / name, np.concatenate([quiet, sound * 0.2, quiet]) + room, 48_000)
    return folder


def wanted(spoken: dict[str, tuple[str, np.ndarray]]) -> list[Wanted]:
    return [Wanted(name, text) for name, (text, _) in spoken.items()]


def test_all_is_well_and_a_second_import_changes_nothing(
    source: Path,
    tmp_path: Path,
    spoken: dict[str, tuple[str, np.ndarray]],
) -> None:
    target = tmp_path / "recordings"
    first = import_recordings(wanted(spoken), "zh", source, target)
    assert first.ok, first
    assert {item.state for item in first.items} == {"imported"}
    assert all(wav_fault(target / item.file) == "" for item in first.items)
    assert (target / "r0.wav.txt").read_text(encoding="utf-8").strip() == spoken["r0.wav"][0]
    before = {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in target.iterdir() if path.name != RECORD
    }
    second = import_recordings(wanted(spoken), "zh", source, target)
    assert {item.state for item in second.items} == {"unchanged"}
    after = {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in target.iterdir() if path.name != RECORD
    }
    assert after == before
    (target / "r1.wav").write_bytes(b"broken")
    (target / RECORD).write_text("{")
    third = import_recordings(wanted(spoken), "zh", source, target)
    assert {item.state for item in third.items} == {"imported"}
    assert (target / "r1.wav").read_bytes() == before["r1.wav"][0]


def test_gaps_and_faults_are_told(
    source: Path,
    tmp_path: Path,
    spoken: dict[str, tuple[str, np.ndarray]],
) -> None:
    (source / "r0.wav").unlink()
    (source / "R1.WAV").write_bytes((source / "r1.wav").read_bytes())
    (source / "r1.wav").unlink()
    sound, rate = soundfile.read(source / "r2.wav")
    soundfile.write(source / "r2.wav", np.clip(sound * 40, -1, 1), rate)
    half = len(sound) // 2
    sound, rate = soundfile.read(source / "r3.wav")
    soundfile.write(source / "r3.wav", sound[: int(len(sound) * 0.42)], rate)
    (source / "r4.wav").write_bytes(b"not audio")
    sound, rate = soundfile.read(source / "r5.wav")
    soundfile.write(source / "r5.wav", sound + 0.03 * np.random.default_rng(1).standard_normal(len(sound)), rate)
    soundfile.write(source / "spare.wav", sound[:half], rate)
    found = import_recordings(wanted(spoken), "zh", source, tmp_path / "out")
    by_file = {item.file: item for item in found.items}
    assert not found.ok
    assert found.extra == ("spare.wav",)
    assert by_file["r0.wav"].state == "missing"
    assert (by_file["r1.wav"].state, by_file["r1.wav"].source) == ("imported", "R1.WAV")
    assert "clipped" in by_file["r2.wav"].faults[0]
    assert any("too short" in fault for fault in by_file["r3.wav"].faults), by_file["r3.wav"]
    assert by_file["r4.wav"].state == "failed"
    assert any("noisy" in fault for fault in by_file["r5.wav"].faults)
    assert not (tmp_path / "out" / "r4.wav").exists()


def test_silence_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    soundfile.write(tmp_path / "in" / "a.wav", np.zeros(16_000), 16_000)
    (item,) = import_recordings([Wanted("a.wav", "hello")], "en", tmp_path / "in", tmp_path / "out").items
    assert (item.state, item.faults) == ("failed", ("it is silent",))


def test_two_files_for_one_recording_and_no_folder(source: Path, tmp_path: Path) -> None:
    shutil.copyfile(source / "r0.wav", source / "r0.flac")
    with pytest.raises(AudioError, match="more than once"):
        import_recordings([Wanted("r0.wav", "x")], "zh", source, tmp_path / "out")
    with pytest.raises(AudioError, match="no such folder"):
        import_recordings([], "zh", tmp_path / "nowhere", tmp_path / "out")


def test_sub_folders_go_where_they_are_asked_for(source: Path, tmp_path: Path) -> None:
    shutil.move(source / "r0.wav", source / "sub" / "r0.wav")
    ask = [Wanted("sub/r0.wav", "稍后再打给我"), Wanted("prompts/r1.wav", "我要人工")]
    found = import_recordings(ask, "zh", source, tmp_path / "out")
    assert [item.source for item in found.items] == ["sub/r0.wav", "r1.wav"]
    assert (tmp_path / "out" / "prompts" / "r1.wav.txt").is_file()


@pytest.mark.parametrize(
    ("text", "language", "count"),
    [
        ("您好，2400元。", "zh", 7),
        ("可以", "zh", 2),
        ("Hello, are you there?", "en", 5),
        ("at 9:30", "en", 4),
        ("AI助手", "zh", 3),
    ],
)
def test_syllables(text: str, language: str, count: int) -> None:
    assert abs(syllables(text, language) - count) <= 1  # type: ignore[arg-type]
