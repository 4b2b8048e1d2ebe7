"""Where a prompt goes on after a pause: at phrases, never within a word."""

from __future__ import annotations

import numpy as np
import pytest

from callwright.speech.boundaries import boundaries
from callwright.speech.port import Pcm


def spoken(*lengths: int) -> Pcm:
    """Sound and quiet in turn, ms."""
    pieces = [np.full(ms * 8, 0 if index % 2 else 4000, np.int16) for index, ms in enumerate(lengths)]
    return np.concatenate([piece * np.where(np.arange(len(piece)) % 2, 1, -1) for piece in pieces]).astype(np.int16)


def test_a_long_pause_is_a_boundary_whatever_the_text_says() -> None:
    assert boundaries(spoken(500, 300, 500), "hello") == (0, 790)


def test_of_short_pauses_only_the_one_where_the_text_has_a_mark_counts() -> None:
    """The closure inside `appetite` is longer, but not where the comma is."""
    pcm = spoken(300, 110, 590, 100, 900)  # 2000 ms; the comma is at half of it
    assert boundaries(pcm, "great appetite, unexpectedly") == (0, 1090)
    assert boundaries(pcm, "great appetite unexpectedly") == (0,)


def test_each_mark_takes_the_pause_next_to_it() -> None:
    pcm = spoken(900, 80, 1020, 90, 910, 70, 930)  # 4000 ms
    assert boundaries(pcm, "您好您好，您好您好。您好您好！您好您好？") == (0, 970, 2080, 3060)


@pytest.mark.parametrize("text", ["", "，。", "3.5元", "10:30", "hello."])
def test_a_text_without_marks_inside_has_no_short_pauses(text: str) -> None:
    assert boundaries(spoken(500, 100, 500), text) == (0,)


def test_silence_and_nothing_have_one_boundary() -> None:
    assert boundaries(np.zeros(0, np.int16), "hello, you") == (0,)
    assert boundaries(np.zeros(8000, np.int16), "hello, you") == (0,)
