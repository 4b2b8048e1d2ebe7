"""Two sentences that sound nearly the same may say the opposite, or another day."""

from __future__ import annotations

import pytest

from callwright.speech.asr.turning import turns


@pytest.mark.parametrize(
    ("wrote", "known"),
    [
        ("i can't make that", "i can make that"),
        ("i can do it", "i can't do it"),
        ("i don't want to cancel", "i don't want to answer"),
        ("i can't make it sunday", "i can't make it today"),
        ("i'd give it five", "i'd give it nine"),
        ("can you call me later thursday", "can you call me later today"),
        ("not now", "now"),
    ],
)
def test_another_meaning_turns(wrote: str, known: str) -> None:
    assert turns(wrote.split(), known.split())
    assert turns(known.split(), wrote.split())


@pytest.mark.parametrize(
    ("wrote", "known"),
    [
        ("where is a clinic", "where is the clinic"),
        ("yes monday in the morning it me very well", "yes monday in the morning suits me very well"),
        ("no no", "no"),
    ],
)
def test_the_same_meaning_does_not(wrote: str, known: str) -> None:
    assert not turns(wrote.split(), known.split())
