"""Every tone of every set is told by its name; music, speech and noise are told no tone that would end a call."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from callwright.speech.wav import read_wav
from callwright.telephony.port import FRAME_SAMPLES, SAMPLE_RATE, Pcm
from callwright.telephony.tones.detector import ToneBank, ToneDetector, ToneFound
from callwright.telephony.tones.sets import PATTERNS, SIT_VARIANTS, SitVariant, TonePattern
from callwright.telephony.tones.spectrum import Spectrum, glimpses, level_dbm0
from callwright.testing.music import music
from callwright.testing.tones import amplitude, heard, line, rhythm, sines, special

ENDS_A_CALL = {"busy", "congestion", "unobtainable", "sit"}


def names(pattern: TonePattern) -> str:
    return f"{pattern.kind}-{pattern.region}"


def told(tones: list[ToneFound]) -> set[str]:
    return {tone.kind for tone in tones}


@pytest.mark.parametrize("pattern", PATTERNS, ids=names)
@pytest.mark.parametrize("dbm0", [-35, -15, -3])
def test_every_tone_is_told_by_its_name(pattern: TonePattern, dbm0: float) -> None:
    tones = heard(line(rhythm(pattern, 14, dbm0), late_samples=1000))
    assert told(tones) == {pattern.kind}
    first = tones[0]
    assert first.region == pattern.region
    assert first.level == pytest.approx(dbm0, abs=1.5)
    assert 60 <= first.begin_ms <= 160 <= first.at_ms


@pytest.mark.parametrize("pattern", PATTERNS, ids=names)
def test_tones_drift(pattern: TonePattern) -> None:
    """1.2 % in pitch, 5 % in time, other law, noise 12 dB below."""
    for shift, stretch in ((0.988, 1.05), (1.012, 0.95)):
        if pattern.kind == "fax_answer":
            shift = 1 + (shift - 1) / 2  # 15 Hz are allowed
        frames = line(rhythm(pattern, 14, -20, shift, stretch), codec="PCMU", noise_dbm0=-32, late_samples=777)
        assert told(heard(frames)) == {pattern.kind}


@pytest.mark.parametrize("variant", SIT_VARIANTS, ids=lambda variant: variant.name)
def test_special_information_tones_and_their_meaning(variant: SitVariant) -> None:
    tones = heard(line(special(variant), late_samples=1700))
    assert [(tone.kind, tone.detail) for tone in tones] == [("sit", variant.name)]
    quiet = heard(line(special(variant, -35), codec="PCMU", noise_dbm0=-50, late_samples=1655))
    assert [(tone.kind, tone.detail) for tone in quiet] == [("sit", variant.name)]


def test_the_international_special_information_tone() -> None:
    wave = np.concatenate([*(sines((hz,), 330, -15) for hz in (950, 1400, 1800)), np.zeros(SAMPLE_RATE)])
    assert [(tone.kind, tone.detail) for tone in heard(line(wave))] == [("sit", "ITU")]


def test_a_rising_chord_within_music_is_no_special_information_tone() -> None:
    """The same three notes of a tune that was playing before, and of one that goes on."""
    notes = [sines((hz,), 330, -15) for hz in (950, 1400, 1800)]
    before, after = sines((700,), 330, -15), sines((1400,), 330, -15)
    assert not heard(line(np.concatenate([before, *notes, np.zeros(SAMPLE_RATE)])))
    assert not heard(line(np.concatenate([*notes, after, np.zeros(SAMPLE_RATE)])))


def test_lost_packets() -> None:
    """5 % lost, silence in their place: of twenty lines each, nearly all are told within 14 s, none by a wrong name."""
    for pattern in PATTERNS:
        wave = rhythm(pattern, 14)
        results = [told(heard(line(wave, loss=0.05, late_samples=97 * seed, seed=seed))) for seed in range(20)]
        assert all(result <= {pattern.kind} for result in results), names(pattern)
        assert sum(result == {pattern.kind} for result in results) >= 16, names(pattern)


@pytest.mark.parametrize(("hz", "ms"), [(400, 1000), (440, 200), (1000, 100), (1400, 500), (2100, 300)])
def test_the_beep_of_a_voicemail(hz: float, ms: int) -> None:
    beep = sines((hz,), ms, -12)
    silence = np.zeros(SAMPLE_RATE // 2)
    frames = line(np.concatenate([silence, beep, silence]), noise_dbm0=-50)
    (found,) = heard(frames, beeps=True)
    assert found.kind == "beep"
    assert found.frequencies[0] == pytest.approx(hz, abs=3)
    assert not heard(frames)


@pytest.mark.parametrize(("hz", "ms"), [(350, 400), (2300, 400), (1000, 60), (1000, 1500)])
def test_no_beep(hz: float, ms: int) -> None:
    wave = np.concatenate([np.zeros(4000), sines((hz,), ms, -12), np.zeros(8000)])
    assert not heard(line(wave), beeps=True)


def test_unequal_notes_of_one_pitch_are_no_busy_tone() -> None:
    pause = np.zeros(350 * 8)
    louder = [piece for dbm0 in (-20, -14, -20, -14) * 2 for piece in (sines((450,), 350, dbm0), pause)]
    assert not told(heard(line(np.concatenate(louder)))) & ENDS_A_CALL
    melody = [piece for hz in (450, 470, 450, 430) * 2 for piece in (sines((hz,), 350, -15), pause)]
    assert not told(heard(line(np.concatenate(melody)))) & ENDS_A_CALL
    filled = [piece for _ in range(8) for piece in (sines((450,), 350, -15), sines((600,), 350, -15))]
    assert not told(heard(line(np.concatenate(filled)))) & ENDS_A_CALL


def frames_of(pcm: Pcm) -> Iterator[Pcm]:
    whole = len(pcm) // FRAME_SAMPLES
    yield from pcm[: whole * FRAME_SAMPLES].reshape(whole, FRAME_SAMPLES)


def test_music_is_no_tone_that_ends_a_call() -> None:
    """30 minutes of melodies near 450 Hz, chords, repeated notes, drums."""
    found = []
    for seed in range(60):
        detector = ToneDetector()
        found += [tone for frame in frames_of(music(30, seed)) for tone in detector.push(frame)]
    assert not told(found) & ENDS_A_CALL
    assert len(found) <= 2  # a ringing tone heard in music harms nobody


def test_noise_is_no_tone() -> None:
    rng = np.random.default_rng(4)
    for dbm0 in (-40, -25, -10):
        noise = rng.normal(0, amplitude(dbm0) / np.sqrt(2), 60 * SAMPLE_RATE).clip(-32768, 32767).astype(np.int16)
        detector = ToneDetector(beeps=True)
        assert not [tone for frame in frames_of(noise) for tone in detector.push(frame)]


@pytest.mark.shared
def test_people_are_no_tone() -> None:
    folder = Path(os.environ.get("CALLWRIGHT_SHARED", "../shared")) / "audio" / "callers-zh"
    recordings = sorted(folder.glob("*.wav"))
    if not recordings:
        pytest.skip(f"no recordings in {folder}")
    for path in recordings:
        pcm = read_wav(path)
        assert not heard(np.array(list(frames_of(pcm)))), path.name


def test_many_calls_at_once_are_heard_as_one_by_one() -> None:
    waves = [line(rhythm(pattern, 8, -20), late_samples=1000 + 13 * i)[:380] for i, pattern in enumerate(PATTERNS)]
    waves += [np.array(list(frames_of(music(7.6, seed)))) for seed in range(5)]
    bank = ToneBank(len(waves))
    together: list[list[ToneFound]] = [[] for _ in waves]
    for tick in range(380):
        for call, tones in enumerate(bank.push(np.stack([wave[tick] for wave in waves]))):
            together[call] += tones
    alone = [heard(wave) for wave in waves]
    assert [[(t.kind, t.at_ms) for t in tones] for tones in together] == [
        [(t.kind, t.at_ms) for t in tones] for tones in alone
    ]
    assert sum(map(len, alone)) >= len(PATTERNS) - 2


def test_level() -> None:
    assert level_dbm0(0) == -99
    assert level_dbm0(32768.0**2 / 2) == pytest.approx(3.14, abs=0.01)
    assert Spectrum().push(np.zeros(160, np.int16)).level == -99
    assert glimpses(np.zeros((3, 320), np.int16)) == [(-99, 0, 0)] * 3
    with pytest.raises(ValueError, match="160 samples"):
        Spectrum().push(np.zeros(80, np.int16))


def test_cost() -> None:
    """About 20 us per call and frame; the bound is wide, since the machine is shared: it finds a mistake of an order of magnitude."""
    frames = list(frames_of(music(20, 3)))
    detector = ToneDetector()
    begun = time.process_time()
    for frame in frames:
        detector.push(frame)
    assert (time.process_time() - begun) / len(frames) < 200e-6
