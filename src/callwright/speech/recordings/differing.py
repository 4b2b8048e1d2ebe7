"""The words heard beside the words written, with what differs marked. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from callwright.speech.numerals import chinese_numerals, english_numerals
from callwright.speech.port import Language

__all__ = ["Stretch", "compare"]

_WORD = re.compile(r"[一-鿿]|(?:(?![一-鿿])[^\W_])+(?:['’](?:(?![一-鿿])[^\W_])+)*")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a text. same: the other text has these words too, in the same order."""

    text: str
    same: bool


def compare(written: str, heard: str, language: Language) -> tuple[tuple[Stretch, ...], tuple[Stretch, ...]]:
    """Both texts whole, cut where they begin or cease to agree: word by word, Chinese character by character; figures as they are spoken.
    Punctuation and case are no difference."""
    spoken = chinese_numerals(written) if language == "zh" else english_numerals(written)
    ours, theirs = list(_WORD.finditer(spoken)), list(_WORD.finditer(heard))
    matcher = SequenceMatcher(None, _plain(ours), _plain(theirs), autojunk=False)
    same_ours: set[int] = set()
    same_theirs: set[int] = set()
    for block in matcher.get_matching_blocks():
        same_ours.update(range(block.a, block.a + block.size))
        same_theirs.update(range(block.b, block.b + block.size))
    return _cut(spoken, ours, same_ours), _cut(heard, theirs, same_theirs)


def _plain(words: Sequence[re.Match[str]]) -> list[str]:
    return [unicodedata.normalize("NFKC", word[0]).casefold().replace("’", "'") for word in words]


def _cut(text: str, words: Sequence[re.Match[str]], same: set[int]) -> tuple[Stretch, ...]:
    """What stands between two words belongs to the first; a text without words is one stretch."""
    found: list[Stretch] = []
    begin = 0
    for at in range(len(words)):
        state = at in same
        last = at + 1 == len(words)
        if last or ((at + 1) in same) != state:
            end = len(text) if last else words[at + 1].start()
            found.append(Stretch(text[begin:end], state))
            begin = end
    return tuple(found) if words or not text else (Stretch(text, False),)
