from __future__ import annotations

import numpy as np
import pytest

from callwright.speech.tts.loudness import finish


def tone(hz: float, level: float, seconds: float = 1.0) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    t = np.arange(int(8000 * seconds)) / 8000
    return np.asarray(level * np.sin(2 * np.pi * hz * t), dtype=np.int16)


@pytest.mark.parametrize("level", [300, 3000, 30000])
def test_any_level_comes_out_the_same(level: float) -> None:
    out = finish(tone(1000, level)).astype(float)
    assert 10 * np.log10(np.square(out).mean() / 32768**2) == pytest.approx(-20, abs=0.3)


def test_pauses_do_not_count_as_speech() -> None:
    spoken = finish(np.concatenate([tone(1000, 3000), np.zeros(16000, np.int16)]))[:8000].astype(float)
    assert 10 * np.log10(np.square(spoken).mean() / 32768**2) == pytest.approx(-20, abs=0.5)


def test_rumble_is_taken_out() -> None:
    mixed = tone(1000, 3000) + tone(50, 3000)
    spectrum = np.abs(np.fft.rfft(finish(mixed)[1000:7000]))
    rumble, voice = (float(spectrum[round(hz * 6000 / 8000)]) for hz in (50, 1000))
    assert rumble < voice / 20


def test_peaks_are_held_and_silence_stays() -> None:
    clicks = tone(1000, 500)
    clicks[4000:4010] = 32000
    assert np.abs(finish(clicks).astype(int)).max() <= 32767 * 10 ** (-3 / 20) + 1
    assert not finish(np.zeros(800, np.int16)).any()
    assert len(finish(np.zeros(5, np.int16))) == 5
