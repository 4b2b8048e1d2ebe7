"""What the ranker sees of a sentence: n-grams of two kinds in one bag.

Mandarin: characters 1-3 with the edges of the sentence, unordered pairs of characters, and toneless fuzzy syllables 1-2 with unordered
pairs of near ones, which survive homophones. English: words 1-2, unordered pairs of word stems, and characters 2-5 inside padded words,
which survive spelling and inflection.
Numbers are written with digits, so "十二" and "12" are one feature.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations, pairwise

from callwright.dialogue.understanding.normalise import Language, digits
from callwright.dialogue.understanding.pinyin import syllables

__all__ = ["FEATURES_VERSION", "MAX_CHARS", "characters", "ngrams", "readable", "word_ngrams", "words_together"]

FEATURES_VERSION = 1
MAX_CHARS = 400  # of a sentence that is looked at
PAIRED_CHARS = 24
PAIR_DISTANCES = (1, 2, 3)  # between two syllables of a pair
_STEM = 5
_PAIRED_WORDS = 24


def ngrams(normalised: str, lang: Language) -> list[str]:
    """The n-grams of normalised text, with repetitions; `readable` explains one. `columns.py` finds the same ones in a vocabulary."""
    text = digits(normalised[:MAX_CHARS], lang)
    if lang == "zh":
        return _mandarin(characters(text))
    words = text.split()
    return [*words_together(words), *(gram for word in words for gram in word_ngrams(word))]


def readable(gram: str) -> str:
    """An n-gram as people read it: "~jia ge" is a sound, "=how much" words, "how..much" a pair, others characters."""
    return gram.replace("\t", "..")


def characters(text: str) -> str:
    """Mandarin text without boundaries."""
    return text if text.isalnum() else text.replace(",", "").replace(" ", "")


def _mandarin(chars: str) -> list[str]:
    edged = f"^{chars}$"
    size = len(edged)
    found = list(chars)
    found += [edged[i : i + 2] for i in range(size - 1)]
    found += [edged[i : i + 3] for i in range(size - 2)]
    found += [f"{a}\t{b}" for a, b in combinations(sorted(chars[:PAIRED_CHARS]), 2)]
    sounds = [f"~{sound}" for sound in syllables(chars)]
    found += sounds
    for distance in PAIR_DISTANCES:
        found += [f"{a}\t{b}" if a < b else f"{b}\t{a}" for a, b in zip(sounds, sounds[distance:], strict=False)]
    found += [f"{a} {b}" for a, b in pairwise(sounds)]
    return found


def words_together(words: Sequence[str]) -> list[str]:
    """The n-grams of an English sentence that take more than one word."""
    found = [f"={a} {b}" for a, b in pairwise(words)]
    stems = [word[:_STEM] for word in words if len(word) > 2][:_PAIRED_WORDS]
    found += [f"{a}\t{b}" if a < b else f"{b}\t{a}" for a, b in combinations(stems, 2)]
    return found


@lru_cache(maxsize=20_000)
def word_ngrams(word: str) -> tuple[str, ...]:
    """The n-grams of an English word: itself and what is inside."""
    padded = f" {word} "
    inside = (padded[i : i + n] for n in (2, 3, 4, 5) for i in range(max(1, len(padded) - n + 1)))
    return f"={word}", *inside
