from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.dialogue.understanding.columns import columns_of
from callwright.dialogue.understanding.features import ngrams
from callwright.dialogue.understanding.normalise import Language, normalise

LEARNED: dict[Language, list[str]] = {
    "zh": ["你们学校在什么位置", "十二岁可以报名吗", "可以可以，价格5%", "要5$还是^", "a'b课程", "好"],
    "en": ["what is the price", "where are you", "is it twenty five dollars", "what what", "don't call again"],
}
SAID: dict[Language, st.SearchStrategy[str]] = {
    "zh": st.one_of(st.text(max_size=30), st.text("你们学校在什么位置可以十二岁5%$，, a'好豪号", max_size=60)),
    "en": st.one_of(
        st.text(max_size=30),
        st.lists(st.sampled_from(["what", "is", "price", "the", "are", "you", "again"])).map(" ".join),
    ),
}


def _found(vocabulary: Sequence[str], said: str, lang: Language) -> Counter[str]:
    columns, times = columns_of(vocabulary, lang).find(said)
    assert len(set(columns.tolist())) == len(columns)
    counts = np.ones(len(columns), dtype=int) if times is None else times
    return Counter({vocabulary[c]: int(n) for c, n in zip(columns, counts, strict=True)})


@pytest.mark.parametrize("lang", ["zh", "en"])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_n_grams_of_training_are_found(lang: Language, data: st.DataObject) -> None:
    vocabulary = sorted({gram for text in LEARNED[lang] for gram in ngrams(normalise(text, lang), lang)})
    said = normalise(data.draw(SAID[lang]), lang)
    assert _found(vocabulary, said, lang) == Counter(gram for gram in ngrams(said, lang) if gram in set(vocabulary))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_all_n_grams_of_what_was_learned_are_found(lang: Language) -> None:
    for text in LEARNED[lang]:
        grams = ngrams(normalise(text, lang), lang)
        assert _found(sorted(set(grams)), normalise(text, lang), lang) == Counter(grams)


def test_a_large_vocabulary_is_found_whole() -> None:
    """Every key has its place, however they collide."""
    chars = [chr(0x5000 + i) for i in range(120)]
    vocabulary = [*chars, *(a + b for a in chars for b in chars)]
    columns = columns_of(vocabulary, "zh")
    for a in chars:
        found, _ = columns.find(a + chars[0])
        assert {vocabulary[c] for c in found} == {a, chars[0], a + chars[0]}


@pytest.mark.parametrize("vocabulary", [[], ["", "~", "\t", "a\t", "a\tb\tc", "~x ~y ~z ~w", "长长长长长", "~a\t~a"]])
def test_what_is_no_n_gram_is_never_found(vocabulary: list[str]) -> None:
    assert not _found(vocabulary, "长长长长长ab", "zh")


def test_long_sentences_are_cut() -> None:
    vocabulary = ["好", "坏"]
    assert _found(vocabulary, "好" * 400 + "坏", "zh") == {"好": 400}
