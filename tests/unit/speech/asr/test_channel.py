"""The mean of a caller: prior first, then the caller's own speech."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from callwright.speech.asr.channel import CallerMean, loud_part

PRIOR = np.array([50.0, -1.0])
OTHER = np.array([60.0, 1.0])


def test_before_speech_it_is_the_prior() -> None:
    assert CallerMean(PRIOR, 100).value.tolist() == PRIOR.tolist()


def test_prior_and_speech_weigh_by_frames() -> None:
    mean = CallerMean(PRIOR, 100)
    mean.hear(OTHER, 100)
    assert mean.value.tolist() == [55.0, 0.0]


@given(st.integers(1, 400), st.integers(1, 200))
def test_it_moves_towards_the_caller_and_never_past(frames: int, utterances: int) -> None:
    mean, before = CallerMean(PRIOR, 100), PRIOR[0]
    for _ in range(min(utterances, 60)):
        mean.hear(OTHER, frames)
        assert before <= mean.value[0] <= OTHER[0] + 1e-9
        before = mean.value[0] - 1e-9


def test_old_speech_fades() -> None:
    mean = CallerMean(PRIOR, 100)
    mean.hear(PRIOR, 100_000)
    mean.hear(OTHER, 3000)
    assert mean.value[0] > 54


def test_silence_is_left_out() -> None:
    quiet, loud = np.zeros(800, np.int16), np.full(1600, 3000, np.int16)
    assert loud_part(np.concatenate([quiet, loud, quiet])).tolist() == loud.tolist()


def test_nothing_gives_nothing() -> None:
    assert len(loud_part(np.zeros(0, np.int16))) == 0
    assert len(loud_part(np.zeros(79, np.int16))) == 0
