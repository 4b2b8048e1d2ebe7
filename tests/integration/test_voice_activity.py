"""Voice activity on human speech: callers are found in noise, the noise, a bystander and the prompt's echo are not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from callwright.bench.vad import cost_ms, listen, watch
from callwright.bench.vad_scenes import Voices, bystander, echo, in_noise, read_voices
from callwright.speech.vad_detector import VoiceDetector

pytestmark = pytest.mark.integration
SHARED = Path(os.environ.get("CALLWRIGHT_SHARED", "../shared"))


@pytest.fixture(scope="module")
def voices() -> Voices:
    if not (SHARED / "audio" / "callers-zh" / "index.json").is_file():
        pytest.skip("the recordings of callers are not here (CALLWRIGHT_SHARED/audio/callers-zh)")
    return read_voices(SHARED)


@pytest.fixture(scope="module")
def detector() -> VoiceDetector:
    return VoiceDetector.open("silero")


@pytest.mark.parametrize("snr_db", [None, 15.0, 8.0])
def test_callers_are_found_soon_and_noise_is_not(voices: Voices, detector: VoiceDetector, snr_db: float | None) -> None:
    heard = listen(detector, (in_noise(voices, number, snr_db) for number in range(8)))
    assert heard.missed == 0
    assert heard.found / heard.voiced >= 0.9
    assert heard.wrong / heard.rest <= 0.01
    assert np.percentile(heard.onset_ms, 50) <= 80
    assert np.percentile(heard.onset_ms, 90) <= 140
    assert 100 <= np.percentile(heard.end_ms, 50) <= 240


def test_webrtcs_detector_takes_noise_for_speech_more_often_but_finds_the_callers(voices: Voices) -> None:
    heard = listen(VoiceDetector.open("webrtc"), (in_noise(voices, number, None) for number in range(8)))
    assert heard.missed == 0
    assert heard.found / heard.voiced >= 0.95
    assert heard.wrong / heard.rest <= 0.01


@pytest.mark.parametrize("return_db", [-15.0, -20.0, -25.0])
@pytest.mark.parametrize("delay_ms", [60, 140, 300])
def test_the_prompts_echo_is_left_out_and_who_talks_over_it_is_heard(
    voices: Voices, detector: VoiceDetector, delay_ms: int, return_db: float
) -> None:
    alone = listen(detector, (echo(voices, number, delay_ms, return_db, talk=False) for number in range(2)))
    assert alone.wrong / alone.rest <= 0.03
    talked = listen(detector, (echo(voices, number, delay_ms, return_db, talk=True) for number in range(2)))
    assert talked.missed == 0
    assert max(talked.onset_ms) <= 300


def test_an_echo_that_was_left_out_is_told(voices: Voices, detector: VoiceDetector) -> None:
    scene, vad = echo(voices, 1, 140, -15.0, talk=False), detector.stream()
    told = []
    for frame, played in zip(scene.frames, scene.played, strict=True):
        vad.push(frame, None, played)
        told.append(vad.left_out())
    found = [left for left in told if left is not None]
    assert found
    assert {left.why for left in found} == {"echo"}
    vad.close()


def test_a_bystander_does_not_count_once_the_caller_is_known(voices: Voices, detector: VoiceDetector) -> None:
    counted = heard = 0
    for number in range(8):
        scene = bystander(voices, number, 15, known=True)
        flags = watch(detector, scene)
        counted += sum(any(flags[first : last + 1]) for first, last in scene.other)
        heard += sum(any(flags[first : last + 1]) for first, last in scene.voiced)
    assert counted <= 1
    assert heard == 24


def test_before_the_caller_is_known_the_same_bystander_counts(voices: Voices, detector: VoiceDetector) -> None:
    scenes = [bystander(voices, number, 15, known=False) for number in range(8)]
    flags = [watch(detector, scene) for scene in scenes]
    counted = [any(found[scene.other[0][0] : scene.other[0][1]]) for scene, found in zip(scenes, flags, strict=True)]
    assert sum(counted) == 8


def test_many_calls_at_once_cost_less_each_than_one(
    voices: Voices, detector: VoiceDetector, record_property: Callable[[str, object], None]
) -> None:
    one, many = cost_ms(detector, voices, 1, 1.0), cost_ms(detector, voices, 64, 0.5)
    record_property("ms_per_call_second", {"1": round(one, 2), "64": round(many, 2)})
    assert many < one
