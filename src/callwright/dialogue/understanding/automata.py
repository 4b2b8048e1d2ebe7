"""Where author phrases occur in a sentence: Aho-Corasick over characters and over fuzzy syllables (Aho & Corasick, CACM 18(6), 1975).

One pass over the sentence finds every phrase, however many there are. Positions are in the view that was searched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import ahocorasick

from callwright.dialogue.understanding.pinyin import FUZZY, sound, syllables

__all__ = ["PhraseAutomaton", "SoundAutomaton"]

_REMEMBERED = 30_000  # characters
_NUMERALS = frozenset("零〇一二两三四五六七八九十百千万亿幺0123456789")


class PhraseAutomaton:
    """Finds keys in a text. A key that begins or ends with a numeral is not found inside a longer number (`5分` in `15分`)."""

    def __init__(self, keys: Iterable[tuple[str, int]]) -> None:
        """keys: (text, number); the same text may carry several numbers."""
        table: dict[str, list[int]] = {}
        for text, number in keys:
            table.setdefault(text, []).append(number)
        self._automaton = _built({text: (len(text), tuple(dict.fromkeys(numbers))) for text, numbers in table.items()})

    def find(self, text: str) -> Iterator[tuple[int, int, tuple[int, ...]]]:
        """Every occurrence as (begin, end, numbers), by end."""
        if self._automaton is None:
            return
        for last, (length, numbers) in self._automaton.iter(text):
            begin = last + 1 - length
            if not _inside_number(text, begin, last + 1):
                yield begin, last + 1, numbers


class SoundAutomaton:
    """Finds phrases by sound. Whole syllables only, since one character of the search text is one syllable.

    Two syllables collide easily ("可以" and "可疑"), so they must agree exactly, tones too; longer phrases may differ in tones and in
    the fuzzy classes. One syllable is never matched by sound.
    """

    def __init__(self, keys: Iterable[tuple[str, int]], classes: frozenset[str] = FUZZY) -> None:
        """keys: (phrase in Chinese characters, number). Phrases of fewer than two characters are left out."""
        self._classes = classes
        self._codes: dict[str, str] = {}
        table: dict[str, list[tuple[str, int]]] = {}
        for text, number in keys:
            if len(text) >= 2 and all(sound(char)[0] for char in text):
                table.setdefault(self._learn(text), []).append((text, number))
        self._automaton = _built({code: (len(code), tuple(entries)) for code, entries in table.items()})
        self._code_of = _CodeOf(self._codes, classes)

    def find(self, text: str) -> Iterator[tuple[int, int, str, int, float]]:
        """Every occurrence that is written otherwise, as (begin, end, phrase, number, score); score < 1."""
        if self._automaton is None:
            return
        code = text.translate(self._code_of)
        for last, (length, entries) in self._automaton.iter(code):
            begin = last + 1 - length
            written = text[begin : last + 1]
            for phrase, number in entries:
                if written != phrase and (score := _likeness(written, phrase)):
                    yield begin, last + 1, phrase, number, score

    def _learn(self, text: str) -> str:
        return "".join(
            self._codes.setdefault(s, chr(0xE000 + len(self._codes))) for s in syllables(text, self._classes)
        )


class _CodeOf(dict[int, str]):
    """The code of a character's syllable, for `str.translate`; worked out once for a character."""

    def __init__(self, codes: dict[str, str], classes: frozenset[str]) -> None:
        super().__init__()
        self._codes, self._classes = codes, classes

    def __missing__(self, char: int) -> str:
        code = self._codes.get(syllables(chr(char), self._classes)[0], "\0")
        if len(self) < _REMEMBERED:
            self[char] = code
        return code


def _built(words: dict[str, Any]) -> Any:
    """A finished automaton, or None without words (an empty one cannot be searched)."""
    automaton = ahocorasick.Automaton()
    for word, value in words.items():
        if word:
            automaton.add_word(word, value)
    if not len(automaton):
        return None
    automaton.make_automaton()
    return automaton


def _inside_number(text: str, begin: int, end: int) -> bool:
    before = begin > 0 and text[begin] in _NUMERALS and text[begin - 1] in _NUMERALS
    return before or (end < len(text) and text[end - 1] in _NUMERALS and text[end] in _NUMERALS)


def _likeness(written: str, phrase: str) -> float:
    """0.9: the same syllables; 0.8: the same after fuzzy classes; 0: too little evidence."""
    pairs = [(sound(a), sound(b)) for a, b in zip(written, phrase, strict=True)]
    if len(phrase) == 2 and any(a != b for a, b in pairs):
        return 0.0
    return 0.9 if all(a[0] == b[0] for a, b in pairs) else 0.8
