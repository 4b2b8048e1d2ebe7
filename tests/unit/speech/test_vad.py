"""Voice activity on made signals: what stands out of the noise is voice, the noise itself is not."""

from __future__ import annotations

import numpy as np
import pytest

from callwright.speech.port import Pcm
from callwright.speech.vad import Vad, WebRtcDetector, level_dbfs


def vowel(frames: int, level: float) -> Pcm:
    """A voiced sound: harmonics of 140 Hz under two formants, with a slow tremolo."""
    t = np.arange(frames * 160) / 8000
    wave = sum(np.sin(2 * np.pi * 140 * k * t) / k * (3 if 4 <= k <= 6 else 1) for k in range(1, 20))
    wave = np.asarray(wave) * (1 + 0.3 * np.sin(2 * np.pi * 4 * t))
    return np.asarray(wave / np.abs(wave).max() * level, dtype=np.int16)


def noise(frames: int, level: float, seed: int = 1) -> Pcm:
    return np.random.default_rng(seed).normal(0, level, frames * 160).astype(np.int16)


def flags(vad: Vad, pcm: Pcm) -> list[bool]:
    return [vad.push(pcm[at : at + 160]) for at in range(0, len(pcm), 160)]


class Always:
    def is_speech(self, frame: Pcm) -> bool:
        return True


def test_speech_in_quiet_is_found_and_outlasts_itself_by_the_hangover() -> None:
    found = flags(Vad(), np.concatenate([noise(50, 10), vowel(40, 8000), noise(50, 10)]))
    assert not any(found[:50])
    assert all(found[53:90])
    assert found[90:98] == [True] * 8
    assert not any(found[105:])


def test_digital_silence_is_no_voice() -> None:
    assert not any(flags(Vad(Always()), np.zeros(160 * 100, np.int16)))


def test_steady_noise_ends_up_below_the_gate_even_if_the_detector_is_fooled() -> None:
    found = flags(Vad(Always()), noise(600, 300))
    assert not any(found[500:])


def test_speech_is_found_above_steady_noise() -> None:
    pcm = noise(700, 150)
    pcm[160 * 600 : 160 * 640] += vowel(40, 9000)
    found = flags(Vad(), pcm)
    assert sum(found[600:640]) >= 35


def test_a_click_is_no_voice() -> None:
    pcm = noise(100, 10)
    pcm[160 * 50 : 160 * 51] = noise(1, 8000)
    assert not any(flags(Vad(Always()), pcm))


def test_two_calls_do_not_share_state() -> None:
    loud, quiet = Vad(Always()), Vad(Always())
    flags(loud, noise(500, 3000))
    assert loud.floor_dbfs > quiet.floor_dbfs + 10


def test_a_frame_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="160 samples"):
        Vad().push(np.zeros(80, np.int16))


def test_level_is_relative_to_full_scale() -> None:
    assert level_dbfs(np.full(160, -32768, np.int16)) == pytest.approx(0, abs=0.01)
    assert level_dbfs(np.zeros(160, np.int16)) == -96
    assert WebRtcDetector().is_speech(np.zeros(160, np.int16)) is False
