from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.speech.asr.lexicon import EnglishLexicon
from callwright.speech.asr.matching import PhraseMatcher, phone_distance
from callwright.speech.asr.packs import everyday, expand

LEXICON = EnglishLexicon({})
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


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_packs_hold_at_least_three_hundred_written_sentences(language: str) -> None:
    sentences = everyday(language)
    assert len(sentences) >= 300
    assert len({text for _, text, _ in sentences}) == len(sentences)
    assert {"affirm", "deny", "refuse", "dnd", "robot", "human", "repeat"} <= {section for section, _, _ in sentences}


def test_patterns_share_their_weight() -> None:
    found = expand("n = one | two\n[x]\n{n} {n}\nhello\n")
    assert [text for _, text, _ in found] == ["one one", "one two", "two one", "two two", "hello"]
    assert found[0][2] < found[-1][2] == 1
    with pytest.raises(ValueError, match="unknown class"):
        expand("[x]\n{m}\n")
    with pytest.raises(ValueError, match="before the first"):
        expand("hello\n")
