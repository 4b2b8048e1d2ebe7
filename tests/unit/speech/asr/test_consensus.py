from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.speech.asr.consensus import Agreed, agree
from callwright.speech.asr.denoise import without_noise
from callwright.speech.asr.lexicon import EnglishLexicon
from callwright.speech.asr.matching import PhraseMatcher
from callwright.speech.asr.pauses import PauseFinder
from callwright.speech.asr.score import in_doubt, log_ratio, reconsidered, score

LEXICON = EnglishLexicon({})
MATCHER = PhraseMatcher(["stop calling me", "how much is it", "call me later"], LEXICON)


def test_the_phrase_that_all_readings_are_near_wins_over_the_best_reading_of_one_pass() -> None:
    found = agree((["how march visit", "how much visit"], ["now much is it"]), MATCHER, LEXICON, ())
    assert found is not None and found.text == "how much is it" and found.known == 1
    assert 0.5 < found.agreement < 1


def test_nothing_heard_is_nothing_agreed() -> None:
    assert agree(([], []), MATCHER, LEXICON, ()) is None


def test_what_the_node_expects_wins_a_draw() -> None:
    matcher = PhraseMatcher(["bat", "pat"], LEXICON)
    passes = (["bat", "pat"], ["pat", "bat"])
    for wanted in ("bat", "pat"):
        found = agree(passes, matcher, LEXICON, (wanted,))
        assert found is not None and found.text == wanted


def test_the_score_falls_with_disagreement_strange_sounds_and_too_few_sounds() -> None:
    sure = Agreed("how much is it", 0.9, 1.0, 1.0, ())
    best = score(sure, -1.0, 10, 1000)
    assert 0 <= score(Agreed("how much is it", 0.4, 1.0, 1.0, ()), -1.0, 10, 1000) < best <= 1
    assert score(sure, -2.5, 10, 1000) < best
    assert score(sure, -1.0, 1, 1000) < best


@pytest.mark.parametrize(
    ("fit", "doubt"), [(0.0, False), (0.44, False), (0.45, True), (0.69, True), (0.7, False), (1.0, False)]
)
def test_only_what_fits_neither_well_nor_badly_is_in_doubt(fit: float, doubt: bool) -> None:
    assert in_doubt(fit, 0.7) is doubt


@given(st.floats(0.45, 0.7), st.floats(-9, 3), st.floats(-9, 3))
def test_the_phone_loop_lets_words_in_doubt_pass_and_never_takes_anything_away(
    fit: float, one: float, other: float
) -> None:
    worse, better = sorted((one, other))
    assert fit <= reconsidered(fit, worse) <= reconsidered(fit, better) <= 1
    assert reconsidered(fit, -9.0) == fit
    assert reconsidered(fit, -0.5) > 0.7, "words that fit the sound as well as bare phones do were meant"


def test_where_a_pass_found_nothing_the_words_have_nothing_for_them() -> None:
    assert log_ratio(-900.0, -700.0, 100) == -2.0
    assert log_ratio(0.0, -700.0, 100) == log_ratio(-900.0, 0.0, 100)
    assert reconsidered(0.69, log_ratio(-900.0, 0.0, 100)) == 0.69


def test_steady_noise_is_taken_off_and_the_voice_stays() -> None:
    generator = np.random.default_rng(1)
    noise = generator.normal(0, 300, 16_000)
    voice = np.zeros(16_000)
    at = np.arange(6400)
    voice[4800:11_200] = 6000 * np.sin(2 * np.pi * 500 * at / 8000) * (1 + 0.5 * np.sin(2 * np.pi * 4 * at / 8000))
    cleaned = without_noise((voice + noise).astype(np.int16)).astype(float)
    assert len(cleaned) == 16_000
    assert np.std(cleaned[400:4400]) < 0.5 * np.std(noise)
    kept = float(np.dot(cleaned[5200:10_800], voice[5200:10_800]) / np.dot(voice[5200:10_800], voice[5200:10_800]))
    assert 0.85 < kept < 1.1


def test_a_pause_is_due_after_100_ms_of_quiet_and_only_once() -> None:
    finder = PauseFinder()
    generator = np.random.default_rng(2)
    loud = generator.normal(0, 5000, 2400).astype(np.int16)
    quiet = generator.normal(0, 20, 320).astype(np.int16)
    assert finder.push(loud) and not finder.due
    assert not finder.push(quiet) and not finder.due
    finder.push(quiet)
    finder.push(quiet)
    assert finder.due
    assert finder.quiet_ms == 120
    finder.taken()
    finder.push(quiet)
    assert not finder.due
    assert finder.push(loud)
    for _ in range(3):
        finder.push(quiet)
    assert finder.due
