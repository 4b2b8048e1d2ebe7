"""Mandarin by sound: one toneless, fuzzy syllable per character, so that homophones and regional pronunciations agree.

A recogniser mostly errs within a sound ("方便" -> "方边", "预约" -> "预月"). Each Chinese character gets its commonest reading
(from pypinyin's table), the tone is set aside, and sounds that many speakers do not tell apart fall together. Readings do not depend
on the neighbours: a phrase and a sentence always agree on the same character.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache

__all__ = ["FUZZY", "FUZZY_WIDE", "readings", "sound", "syllables"]

FUZZY = frozenset({"zh", "ch", "sh", "n", "ang", "eng", "ing"})
"""The classes folded by default: zh/z, ch/c, sh/s, n/l (initials), ang/an, eng/en, ing/in."""
FUZZY_WIDE = FUZZY | {"f", "r"}
"""With f/h and r/l, for callers from Hunan, Fujian, Guangdong: more found, more mistaken."""

_INITIALS = {"zh": "z", "ch": "c", "sh": "s", "n": "l", "r": "l"}
_FINALS = {"ang": "an", "eng": "en", "ing": "in"}
_TONES = {"\u0304": 1, "\u0301": 2, "\u030c": 3, "\u0300": 4}


def syllables(text: str, classes: frozenset[str] = FUZZY) -> tuple[str, ...]:
    """One entry per character: the fuzzy syllable of a Chinese character, any other character itself."""
    return tuple(_fuzzy(char, classes) for char in text)


@lru_cache(maxsize=30_000)
def sound(char: str) -> tuple[str, int]:
    """(syllable without tone, tone 1..4 or 0) of the commonest reading; ("", 0) when it is no Chinese character."""
    reading = readings().get(ord(char), "").split(",")[0]
    tone = 0
    letters: list[str] = []
    for mark in unicodedata.normalize("NFD", reading):
        if mark in _TONES:
            tone = _TONES[mark]
        elif mark == "\u0308":
            letters[-1] = "v"
        elif not unicodedata.combining(mark):
            letters.append(mark)
    return "".join(letters), tone


@cache
def readings() -> Mapping[int, str]:
    """How each character is read, by code point: `yī,yí`; the most common reading first."""
    from pypinyin.pinyin_dict import pinyin_dict  # half a second: commands that read nobody's words need not wait

    return pinyin_dict


@lru_cache(maxsize=60_000)
def _fuzzy(char: str, classes: frozenset[str]) -> str:
    syllable = sound(char)[0]
    if not syllable:
        return char
    for initial, plain in _INITIALS.items():
        if initial in classes and syllable.startswith(initial):
            syllable = plain + syllable[len(initial) :]
            break
    for final, plain in _FINALS.items():
        if final in classes and syllable.endswith(final):
            syllable = syllable[: -len(final)] + plain
            break
    if "f" in classes and syllable.startswith("f"):
        rest = syllable[1:]
        syllable = "h" + (rest if rest in ("u", "o") else "u" + rest)
    return syllable
