"""Loudness, true peak and where speech is: on signals whose answer is known, and on real recordings."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.speech.recordings.finishing import LEAD_MS, TAIL_MS, finish_recording, trim
from callwright.speech.recordings.levels import (
    Samples,
    levels,
    limit,
    loudness,
    speech_span,
    to_loudness,
    true_peak_dbtp,
)
from callwright.speech.recordings.reading import read_sound

RATE = 8000


def tone(seconds: float, hz: float = 997.0, dbfs: float = -20.0, rate: int = RATE) -> Samples:
    """A sine of this peak level."""
    return np.asarray(10 ** (dbfs / 20) * np.sin(2 * math.pi * hz * np.arange(int(seconds * rate)) / rate), np.float64)


def test_loudness_is_that_of_the_standard() -> None:
    """EBU Tech 3341, case 1: a sine of 1 kHz at -23 dBFS (peak) in both channels is -23 LUFS, so in one it is 3 dB less."""
    assert loudness(tone(20, 1000, -23.0, 48_000), 48_000) == pytest.approx(-26.0, abs=0.1)
    assert loudness(tone(20, 1000, -23.0), RATE) == pytest.approx(-26.0, abs=0.5)


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.39, 0.5, 1.0])
def test_short_sounds_are_as_loud_as_long_ones(seconds: float) -> None:
    assert loudness(tone(seconds), RATE) == pytest.approx(loudness(tone(10), RATE), abs=0.3)


def test_silence_is_left_alone() -> None:
    assert loudness(np.zeros(100), RATE) == -math.inf
    assert not to_loudness(np.zeros(100), RATE, -21, -2).any()
    assert true_peak_dbtp(np.zeros(0), RATE) == -math.inf
    assert levels(np.zeros(8000), RATE).end == 8000
    assert len(finish_recording(np.zeros(48_000), 48_000)) == 0


def test_a_peak_between_the_samples_is_seen_and_held() -> None:
    """A sine at a quarter of the rate, sampled 45 degrees off its peaks: 3 dB more than any sample."""
    hidden = np.sin(2 * math.pi * 2000 * np.arange(8000) / RATE + math.pi / 4)
    assert 20 * math.log10(np.abs(hidden).max()) == pytest.approx(-3.0, abs=0.1)
    assert true_peak_dbtp(hidden[800:-800], RATE) == pytest.approx(0.0, abs=0.7)
    assert true_peak_dbtp(limit(hidden, RATE, -2.0), RATE) <= -1.9


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-12, 24), st.integers(200, 6000))
def test_the_limiter_holds_whatever_comes(seed: int, gain_db: float, length: int) -> None:
    noise = np.random.default_rng(seed)
    sound = noise.standard_normal(length) * 10 ** (gain_db / 20) * noise.choice([0.01, 0.3], length)
    out = limit(sound, RATE, -2.0)
    assert true_peak_dbtp(out, RATE) <= -1.9
    assert np.all(np.abs(out) <= np.abs(sound) + 1e-12), "it only ever takes away"


def test_the_limiter_makes_no_edge() -> None:
    """One loud second in quiet: the gain changes over milliseconds, not from sample to sample."""
    sound = np.concatenate([tone(0.5, 400, -12), tone(0.5, 400, 6), tone(0.5, 400, -12)])
    gain = limit(sound, RATE, -2.0)[1:-1] / np.where(np.abs(sound[1:-1]) < 1e-3, np.nan, sound[1:-1])
    assert np.nanmax(np.abs(np.diff(gain))) < 0.1


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100, 48_000])
def test_a_finished_recording_is_loud_as_all_are_and_trimmed(rate: int) -> None:
    voice = tone(1.0, 700, -30, rate) * (1 + 0.5 * tone(1.0, 4, 0, rate))
    hiss = np.random.default_rng(1).standard_normal(3 * rate) * 10 ** (-85 / 20)
    sound = hiss
    sound[rate : 2 * rate] += voice
    sound[rate // 4 : rate // 4 + 8] += 0.5  # a click of the mouth
    pcm = finish_recording(sound, rate)
    out = pcm / 32768.0
    assert loudness(out, RATE) == pytest.approx(-21.0, abs=0.2)
    assert true_peak_dbtp(out, RATE) <= -1.9
    begin, end = speech_span(out, RATE)
    assert begin == pytest.approx(LEAD_MS * 8, abs=160)
    assert len(out) - end == pytest.approx(TAIL_MS * 8, abs=160)
    assert len(pcm) == pytest.approx(RATE + (LEAD_MS + TAIL_MS) * 8, abs=320)


def test_what_a_telephone_does_not_carry_is_gone() -> None:
    sound = tone(1, 1000, -20, 48_000) + tone(1, 60, -10, 48_000) + tone(1, 6000, -10, 48_000)
    spectrum = np.abs(np.fft.rfft(finish_recording(sound, 48_000) / 32768.0))
    hz = np.fft.rfftfreq(len(spectrum) * 2 - 2, 1 / RATE)
    band = spectrum[(hz > 900) & (hz < 1100)].max()
    assert spectrum[hz < 80].max() < band / 30
    assert spectrum[(hz > 1900) & (hz < 2100)].max() < band / 100, "6 kHz has come back as 2 kHz"


def test_margins_are_made_where_there_are_none() -> None:
    assert len(trim(tone(0.5), RATE)) == 4000 + (LEAD_MS + TAIL_MS) * 8


def test_real_recordings_come_out_alike(shared: Path) -> None:
    """Peaks are checked too: the louder a voice must become, the more the limiter has to do."""
    files = sorted((shared / "audio" / "callers-zh").glob("*.wav"))[::9]
    assert len(files) >= 30
    for file in files:
        sound = read_sound(file)
        out = finish_recording(sound.samples, sound.rate) / 32768.0
        assert loudness(out, RATE) == pytest.approx(-21.0, abs=0.3), file.name
        assert true_peak_dbtp(out, RATE) <= -1.9, file.name


def test_noise_is_told_from_quiet_rooms(shared: Path) -> None:
    """Clean ones never; of those with noise at 15 dB most (it cannot be told where nobody pauses)."""
    found = {False: [0, 0], True: [0, 0]}
    for file in sorted((shared / "audio" / "callers-zh").glob("*.wav"))[::3]:
        sound = read_sound(file)
        count = found["noisy" in file.name]
        count[0] += levels(sound.samples, sound.rate).noisy
        count[1] += 1
    assert found[False][0] == 0
    assert found[True][0] >= 0.6 * found[True][1]
