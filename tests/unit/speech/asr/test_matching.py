from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.speech.asr.lexicon import EnglishLexicon
from callwright.speech.asr.matching import Match, PhraseMatcher, phone_distance

LEXICON = EnglishLexicon({})


class Spelled:
    """Phones as they are written."""

    def phones(self, text: str) -> tuple[str, ...]:
        return tuple(text.split())

    words = phones

    def pronunciations(self, word: str) -> tuple[tuple[str, ...], ...]:
        return ((word,),)

    def join(self, words: Iterable[str]) -> str:
        return " ".join(words)


PHONES = st.lists(st.sampled_from(["zh", "z", "a", "n", "l", "ing", "in"]), max_size=8)


@settings(max_examples=80, deadline=None)
@given(PHONES, PHONES)
def test_distance_is_symmetric_and_bounded(left: list[str], right: list[str]) -> None:
    distance = phone_distance(left, right)
    assert distance == pytest.approx(phone_distance(right, left))
    assert abs(len(left) - len(right)) * 0.99 <= distance <= max(len(left), len(right))
    assert (distance == 0) == (left == right)


def test_sounds_that_merge_in_speech_cost_little() -> None:
    assert phone_distance(["zh", "ang"], ["z", "an"]) < phone_distance(["zh", "ang"], ["b", "ei"])


def test_the_nearest_phrase_by_sound() -> None:
    matcher = PhraseMatcher(["stop calling me", "how much is it"], LEXICON)
    assert matcher.nearest("how much is it").similarity == 1
    near = matcher.nearest("how march is it")
    assert near.phrase == "how much is it"
    assert 0.7 < near.similarity < 1
    assert matcher.nearest("!").similarity == 0


def test_two_known_things_in_one_breath_are_covered() -> None:
    matcher = PhraseMatcher(["stop calling me", "how much is it"], LEXICON)
    assert matcher.coverage("stop calling me how much is it") == 1
    assert matcher.coverage("the weather is nice") == 0


def test_values_are_found_only_word_by_word_and_the_nearest_phrases_come_in_order() -> None:
    matcher = PhraseMatcher(["stop calling me", "how much is it", "how much is that"], LEXICON, exact=["six", "sixty"])
    assert matcher.nearest("six") == Match("six", 1.0)
    assert matcher.nearest("sixth").phrase not in ("six", "sixty")
    first, second = matcher.similar("how much is it", 2)
    assert first == Match("how much is it", 1.0)
    assert second.phrase == "how much is that" and 0.5 < second.similarity < 1


@settings(max_examples=60, deadline=None)
@given(PHONES.filter(bool), st.lists(PHONES.filter(bool), min_size=1, max_size=12))
def test_comparing_with_all_at_once_is_comparing_with_each(query: list[str], known: list[list[str]]) -> None:
    matcher = PhraseMatcher([" ".join(phones) for phones in known], Spelled())
    best = max(1 - phone_distance(query, phones) / max(len(query), len(phones)) for phones in known)
    found = matcher.nearest(" ".join(query))
    assert found.similarity == pytest.approx(best, abs=1e-5) if best > 0.4 else found.similarity == 0
