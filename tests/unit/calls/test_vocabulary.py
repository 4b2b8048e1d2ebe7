"""What a script expects to hear: every phrase once, named by its content."""

from __future__ import annotations

from pathlib import Path

from callwright.calls.vocabulary import vocabulary
from callwright.script.loader import loads
from callwright.speech.port import Vocabulary

SCRIPT = (Path(__file__).parents[2] / "fixtures" / "calls" / "visit.yaml").read_text(encoding="utf-8")


def words(text: str = SCRIPT) -> Vocabulary:
    return vocabulary(loads(text).script)


def test_every_place_of_a_phrase_counts() -> None:
    phrases = dict(words().phrases)
    for text in ("yes that works", "no", "cancel it", "uh huh", "how much is it", "stop calling me", "get me a person"):
        assert phrases[text] > 0


def test_each_phrase_stands_once() -> None:
    texts = [text for text, _ in words().phrases]
    assert len(texts) == len(set(texts))
    assert all(text == text.strip() and text for text in texts)


def test_combinations_are_taken_apart() -> None:
    changed = SCRIPT.replace("phrases: [how much is it]", "phrases: [how much + visit, how much is it]")
    phrases = dict(words(changed).phrases)
    assert {"how much", "visit", "how much is it"} <= set(phrases)
    assert not any("+" in text for text in phrases)


def test_the_key_names_the_content() -> None:
    assert words().key == words().key
    assert words().key.startswith("visit-")
    changed = words(SCRIPT.replace("how much is it", "what is the price"))
    assert changed.key != words().key
    # The wording of prompts does not matter to the ears.
    assert words(SCRIPT.replace("It is free.", "It costs nothing.")).key == words().key
