"""What the ranker sees of a sentence: n-grams of two kinds in one bag.

Mandarin: characters 1-3 with the edges of the sentence, unordered pairs of characters, and toneless fuzzy syllables 1-2 with unordered
pairs of near ones, which survive homophones. English: words 1-2, unordered pairs of word stems, and characters 2-5 inside padded words,
which survive spelling and inflection.
Numbers are written with digits, so "十二" and "12" are one feature.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations, pairwise

from callwright.dialogue.understanding.normalise import Language, digits
from callwright.dialogue.understanding.pinyin import syllables

__all__ = ["FEATURES_VERSION", "ngrams", "readable"]

FEATURES_VERSION = 1
_MAX_CHARS = 400  # of a sentence that is looked at
_STEM = 5
_PAIRED_WORDS = 24
_PAIRED_CHARS = 24


def ngrams(normalised: str, lang: Language) -> list[str]:
    """The n-grams of normalised text, with repetitions; `readable` explains one."""
    text = digits(normalised[:_MAX_CHARS], lang)
    return _mandarin(text) if lang == "zh" else _english(text)


def readable(gram: str) -> str:
    """An n-gram as people read it: "~jia ge" is a sound, "=how much" words, "how..much" a pair, others characters."""
    return gram.replace("\t", "..")


def _mandarin(text: str) -> list[str]:
    chars = text.replace(",", "").replace(" ", "")
    edged = f"^{chars}$"
    size = len(edged)
    found = list(chars)
    found += [edged[i : i + 2] for i in range(size - 1)]
    found += [edged[i : i + 3] for i in range(size - 2)]
    found += [f"{a}\t{b}" for a, b in combinations(sorted(chars[:_PAIRED_CHARS]), 2)]
    sounds = [f"~{sound}" for sound in syllables(chars)]
    found += sounds
    for distance in (1, 2, 3):
        found += [f"{a}\t{b}" if a < b else f"{b}\t{a}" for a, b in zip(sounds, sounds[distance:], strict=False)]
    found += [f"{a} {b}" for a, b in pairwise(sounds)]
    return found


def _english(text: str) -> list[str]:
    words = text.split()
    found = [f"={word}" for word in words]
    found += [f"{a} {b}" for a, b in zip(found, words[1:], strict=False)]
    for word in words:
        found += _inside(word)
    stems = [word[:_STEM] for word in words if len(word) > 2][:_PAIRED_WORDS]
    for position, stem in enumerate(stems):
        found += [f"{stem}\t{other}" if stem < other else f"{other}\t{stem}" for other in stems[position + 1 :]]
    return found


@lru_cache(maxsize=20_000)
def _inside(word: str) -> tuple[str, ...]:
    padded = f" {word} "
    return tuple(padded[i : i + n] for n in (2, 3, 4, 5) for i in range(max(1, len(padded) - n + 1)))
