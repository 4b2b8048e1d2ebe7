"""The packs of everyday answers: enough, each once, each speakable; what was learned from them is of this version."""

from __future__ import annotations

from typing import Literal

import pytest

from callwright.dialogue.understanding.model_file import load_ranker
from callwright.errors import ModelError
from callwright.everyday import VALUES, digest, everyday, examples, expand, learned_file
from callwright.settings import Settings
from callwright.speech.asr.lexicon import ChineseLexicon, EnglishLexicon, Lexicon, read_dictionary
from callwright.speech.models import MANDARIN, find_english_model, find_model

Language = Literal["zh", "en"]
MEANINGS = {
    "affirm", "deny", "refuse", "dnd", "complaint", "profanity", "robot", "human", "repeat", "later", "wrong", "price", "address",
    "who_gave_number", "who", "visitor", "warranty", "when", "greeting", "backchannel", "thanks", "hold", "voicemail", "small_talk",
}  # fmt: skip


def lexicon(language: Language) -> Lexicon:
    if language == "en":
        return EnglishLexicon(read_dictionary(find_english_model()[1]))
    try:
        model = find_model(MANDARIN, Settings.from_environment().models)
    except ModelError as error:
        pytest.skip(f"the Mandarin dictionary is not there: {error}")
    return ChineseLexicon(read_dictionary(model / "mandarin_notone.dic"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_pack_has_fifteen_hundred_own_sentences_each_once_in_every_situation(language: Language) -> None:
    sentences = everyday(language)
    assert len({one.pattern for one in sentences}) >= 1500
    assert len({one.text for one in sentences}) == len(sentences)
    assert {one.section for one in sentences} >= MEANINGS
    lines = [one.pattern for one in sentences if "{" not in one.pattern]
    assert len(set(lines)) >= 1500  # without counting a pattern


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_line_of_a_pack_stands_twice(language: Language) -> None:
    path = learned_file(language).with_suffix(".txt")
    lines = [
        line for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] not in "#[" and line != "--"
    ]
    assert len(lines) == len(set(lines))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_sentence_can_be_pronounced(language: Language) -> None:
    found = lexicon(language)
    words = {word for one in everyday(language) for word in found.words(one.text)}
    assert not [word for word in words if not found.pronunciations(word)]
    assert all(found.phones(text) for _, text in examples(language))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_was_learned_is_of_this_pack(language: Language) -> None:
    ranker = load_ranker(
        learned_file(language), digest(language)
    )  # else: python -m callwright.dialogue.understanding.everyday
    assert set(ranker.labels) == {"value" if s in VALUES else s for s, _ in examples(language)}


def test_patterns_share_their_weight() -> None:
    found = expand("n = one | two\n[x]\n{n} {n}\nhello\n")
    assert [one.text for one in found] == ["one one", "one two", "two one", "two two", "hello"]
    assert found[0].weight < found[-1].weight == 1
    with pytest.raises(ValueError, match="unknown class"):
        expand("[x]\n{m}\n")
    with pytest.raises(ValueError, match="before the first"):
        expand("hello\n")
