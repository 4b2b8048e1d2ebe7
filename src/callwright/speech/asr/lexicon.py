"""How the words of a script are written and pronounced: splitting text into words, pronunciations, and the dictionary cut to what is used.

Mandarin: words by longest match in the model's toneless dictionary; a word that is missing is put together from the syllables of its characters
(pypinyin gives the reading, the dictionary's own one-character entries give the phones of that syllable).
English: words between spaces; a word that is missing gets a pronunciation by spelling rules.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from callwright.errors import ModelError, Place, Problem
from callwright.speech.asr.spelling import phones_by_spelling
from callwright.speech.numerals import chinese_numerals, english_numerals

__all__ = ["ChineseLexicon", "EnglishLexicon", "Lexicon", "read_dictionary", "write_dictionary"]

Phones = tuple[str, ...]
_HAN = re.compile(r"[一-鿿]+")
_ENGLISH_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*\.?")


class Lexicon(Protocol):
    """Words and sounds of one language."""

    def words(self, text: str) -> tuple[str, ...]:
        """The words of a text; what cannot be spoken (punctuation, other scripts) is left out."""

    def pronunciations(self, word: str) -> tuple[Phones, ...]:
        """All readings of a word, best first; () when there is none."""

    def phones(self, text: str) -> Phones:
        """The first reading of each word, joined."""

    def join(self, words: Iterable[str]) -> str:
        """Words as text."""


def _syllables(word: str) -> list[str]:
    from pypinyin import Style, lazy_pinyin  # half a second: commands that hear nobody need not wait for it

    return lazy_pinyin(word, style=Style.NORMAL)


def read_dictionary(path: Path) -> dict[str, list[Phones]]:
    """A CMU-style dictionary (`word[(n)] phone phone ...` per line). Raises ModelError when it cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        place = Place(file=str(path))
        raise ModelError(Problem("model-damaged", f"cannot read the dictionary: {error}", place)) from error
    entries: dict[str, list[Phones]] = {}
    for line in lines:
        word, *phones = line.split()[:64] or [""]
        if phones:
            base = word[: word.index("(")] if word.endswith(")") and "(" in word[1:] else word
            entries.setdefault(base, []).append(tuple(phones))
    return entries


def write_dictionary(lexicon: Lexicon, words: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """The dictionary of these words as text, and the words without any pronunciation (left out)."""
    lines: list[str] = []
    missing: list[str] = []
    for word in sorted(set(words)):
        readings = lexicon.pronunciations(word)
        if not readings:
            missing.append(word)
        for number, phones in enumerate(readings, 1):
            lines.append(f"{word if number == 1 else f'{word}({number})'} {' '.join(phones)}")
    return "\n".join([*lines, ""]), tuple(missing)


class ChineseLexicon:
    """Mandarin by a toneless dictionary of initials and finals."""

    def __init__(self, entries: Mapping[str, list[Phones]]) -> None:
        self._entries = entries
        self._longest = min(max((len(word) for word in entries), default=1), 6)
        votes: dict[str, Counter[Phones]] = defaultdict(Counter)
        for word, readings in entries.items():
            if len(word) == 1 and _HAN.fullmatch(word):
                votes[_syllables(word)[0]][readings[0]] += 1
        # Many characters have several readings and the two sources may order them differently: the majority is right.
        self._syllables = {syllable: found.most_common(1)[0][0] for syllable, found in votes.items()}

    def words(self, text: str) -> tuple[str, ...]:
        found: list[str] = []
        for run in _HAN.findall(chinese_numerals(unicodedata.normalize("NFKC", text))):
            at = 0
            while at < len(run):
                length = next((n for n in range(self._longest, 1, -1) if run[at : at + n] in self._entries), 1)
                length = min(length, len(run) - at)
                found.append(run[at : at + length])
                at += length
        return tuple(found)

    def pronunciations(self, word: str) -> tuple[Phones, ...]:
        if word in self._entries:
            return tuple(self._entries[word])
        joined: list[str] = []
        for syllable in _syllables(word):
            phones = self._syllables.get(syllable)
            if phones is None:
                return ()
            joined += phones
        return (tuple(joined),)

    def phones(self, text: str) -> Phones:
        return _first_readings(self, text)

    def join(self, words: Iterable[str]) -> str:
        return "".join(words)


class EnglishLexicon:
    """English by the CMU dictionary, with spelling rules for what it lacks."""

    def __init__(self, entries: Mapping[str, list[Phones]]) -> None:
        self._entries = entries

    def words(self, text: str) -> tuple[str, ...]:
        plain = english_numerals(unicodedata.normalize("NFKC", text).casefold().replace("’", "'"))
        found = _ENGLISH_WORD.findall(plain)
        return tuple(word if word in self._entries else word.rstrip(".") for word in found)

    def pronunciations(self, word: str) -> tuple[Phones, ...]:
        if word in self._entries:
            return tuple(self._entries[word])
        spelled = phones_by_spelling(word)
        return (spelled,) if spelled else ()

    def phones(self, text: str) -> Phones:
        return _first_readings(self, text)

    def join(self, words: Iterable[str]) -> str:
        return " ".join(words)


def _first_readings(lexicon: Lexicon, text: str) -> Phones:
    joined: list[str] = []
    for word in lexicon.words(text):
        readings = lexicon.pronunciations(word)
        if readings:
            joined += readings[0]
    return tuple(joined)
