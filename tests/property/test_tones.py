"""Laws of the tone detector for every line: a tone within its tolerances is told, and never by another name."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.telephony.tones.detector import ToneDetector
from callwright.telephony.tones.sets import PATTERNS, TonePattern
from callwright.testing.tones import heard, line, rhythm

within = [pattern for pattern in PATTERNS if pattern.kind != "fax_answer"]


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(within),
    st.floats(-35, -3),
    st.floats(-15, 15),
    st.floats(0.93, 1.07),
    st.integers(0, 4000),
    st.sampled_from(["PCMA", "PCMU"]),
    st.integers(0, 1000),
)
def test_a_tone_within_its_tolerances_is_told(
    pattern: TonePattern, dbm0: float, drift_hz: float, stretch: float, late: int, codec: str, seed: int
) -> None:
    shift = 1 + drift_hz / pattern.frequencies[0]
    wave = rhythm(pattern, 14, dbm0, shift, stretch)
    frames = line(wave, codec=codec, noise_dbm0=dbm0 - 20, late_samples=late, seed=seed)  # type: ignore[arg-type]
    assert {tone.kind for tone in heard(frames)} == {pattern.kind}


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(PATTERNS), st.floats(0, 0.3), st.integers(0, 4000), st.integers(0, 1000))
def test_loss_never_turns_one_tone_into_another(pattern: TonePattern, loss: float, late: int, seed: int) -> None:
    frames = line(rhythm(pattern, 14), loss=loss, late_samples=late, seed=seed)
    assert {tone.kind for tone in heard(frames)} <= {pattern.kind}


pieces = st.lists(
    st.tuples(st.sampled_from([0, 300, 425, 450, 950, 1400, 1777, 2100, 3999]), st.integers(1, 30)), max_size=20
)


@settings(max_examples=60, deadline=None)
@given(pieces, st.integers(0, 12000), st.integers(0, 2**32 - 1))
def test_any_samples_at_all(pieces: list[tuple[int, int]], noise: int, seed: int) -> None:
    """Nothing raises, and what is told lies in the time that was heard."""
    rng = np.random.default_rng(seed)
    waves = [20000 * np.sin(2 * np.pi * hz / 8000 * np.arange(160 * frames)) for hz, frames in pieces]
    wave = np.concatenate([*waves, np.zeros(1600)])
    noisy = np.clip(wave + rng.integers(-noise, noise + 1, len(wave)), -32768, 32767).astype(np.int16)
    detector = ToneDetector(beeps=True)
    for number, frame in enumerate(noisy.reshape(-1, 160), 1):
        for tone in detector.push(frame):
            assert 0 <= tone.begin_ms < tone.at_ms == number * 20
