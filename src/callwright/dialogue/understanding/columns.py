"""From a sentence to the columns of a vocabulary, without writing the n-grams down as text.

`features.ngrams` says what the n-grams are, and training uses it; this module finds the same ones faster. Mandarin: every character and
syllable is a small number, an n-gram of up to three of them is one whole number, and all n-grams of a sentence are looked up at once
in a cuckoo table (every key has two places: Pagh & Rodler, Journal of Algorithms 51(2), 2004). English: a word's columns are remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations, count, pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt

from callwright.dialogue.understanding.features import (
    MAX_CHARS,
    PAIR_DISTANCES,
    PAIRED_CHARS,
    characters,
    word_ngrams,
    words_together,
)
from callwright.dialogue.understanding.normalise import Language, digits
from callwright.dialogue.understanding.pinyin import syllables

__all__ = ["Columns", "columns_of"]

_Ints = npt.NDArray[np.intp]
_Keys = npt.NDArray[np.int64]
# Numbers: a unit nobody knows is 0, no further unit, a pair without order, the first real unit.
_BLANK, _PAIR, _FIRST = 1, 2, 3
_FREE = -1  # no key: keys are positive
_MULTIPLIERS = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F  # odd, without a pattern
_ROUNDS = 100  # of moving keys to their other place, before another table is tried
_ZERO = np.zeros(1, dtype=np.intp)
_REMEMBERED = 30_000  # characters or words: no caller can fill the memory


class Columns(Protocol):
    """A compiled vocabulary. Safe to share between threads."""

    def find(self, normalised: str) -> tuple[_Ints, _Ints | None]:
        """(the columns of the n-grams that are known, each once and in no particular order; how often each was found, None: once)."""
        ...


def columns_of(vocabulary: Sequence[str], lang: Language) -> Columns:
    """Compile a vocabulary of `ngrams`. An entry that is no n-gram of the language is never found."""
    return _Mandarin(vocabulary) if lang == "zh" else _English(vocabulary)


class _Mandarin:
    def __init__(self, vocabulary: Sequence[str]) -> None:
        # Numbers rise with the characters, so that sorted numbers pair as `ngrams` pairs sorted characters.
        units = sorted({*"".join(vocabulary), "^", "$"})
        units += [gram for gram in vocabulary if gram.startswith("~") and "\t" not in gram and " " not in gram]
        numbers = {unit: number for number, unit in enumerate(units, _FIRST)}
        self._numbers = numbers
        self._edges = numbers["^"], numbers["$"]
        self._sounds: dict[str, int] = {}  # by character, as they are met
        base = len(units) + _FIRST
        self._powers = np.array([base * base, base, 1], dtype=np.int64)
        spelled = [entry for column, gram in enumerate(vocabulary) for entry in _keys(gram, column, numbers, base)]
        table = np.array(spelled, dtype=np.int64).reshape(-1, 2)
        self._table, self._column, self._multipliers, self._shift = _cuckoo(table[:, 0].copy(), table[:, 1].copy())

    def find(self, normalised: str) -> tuple[_Ints, _Ints | None]:
        chars = characters(digits(normalised[:MAX_CHARS], "zh"))
        number_of, sound_of = self._numbers.get, self._sounds.get
        numbers = [number_of(char, 0) for char in chars]
        sounds = [sound_of(char) for char in chars]
        if None in sounds:
            sounds = [self._sound(char) for char in chars]
        first, last = self._edges
        units = [_BLANK, _PAIR, first, *numbers, last, *sorted(numbers[:PAIRED_CHARS]), *sounds]
        keys = self._powers @ np.array(units).take(_plan(len(chars)))
        places = (keys * self._multipliers) >> self._shift
        columns = self._column.take(places[self._table.take(places) == keys])
        if len({*numbers, *sounds}) == len(numbers) + len(sounds):  # then no n-gram repeats
            return columns, None
        return _counted(columns)

    def _sound(self, char: str) -> int:
        number = self._numbers.get(f"~{syllables(char)[0]}", 0)
        if len(self._sounds) < _REMEMBERED:
            self._sounds[char] = number
        return number


def _keys(gram: str, column: int, numbers: dict[str, int], base: int) -> tuple[tuple[int, int], ...]:
    """(key, column) of an n-gram. A pair of syllables is entered both ways: `find` does not put them in order."""
    try:
        if "\t" in gram:
            first, second = map(numbers.__getitem__, gram.split("\t"))
            entry = ((first * base + second) * base + _PAIR, column)
            return (entry, ((second * base + first) * base + _PAIR, column)) if gram[0] == "~" else (entry,)
        spelled = gram.split(" ") if gram[0] == "~" else gram
        first, second, third = (*map(numbers.__getitem__, spelled), _BLANK, _BLANK)[: max(3, len(spelled))]
    except (KeyError, ValueError, IndexError):
        return ()
    return (((first * base + second) * base + third, column),)


@lru_cache(maxsize=128)
def _plan(size: int) -> _Ints:
    """(3, n): for every n-gram of `size` characters, where its units stand in the list that `find` makes."""
    edged = range(2, size + 4)
    chars = edged[1:-1]
    ordered = range(size + 4, size + 4 + min(size, PAIRED_CHARS))
    sounds = range(ordered.stop, ordered.stop + size)
    blank, pair = 0, 1
    found = [(unit, blank, blank) for unit in (*chars, *sounds)]
    found += [(a, b, blank) for a, b in (*pairwise(edged), *pairwise(sounds))]
    found += zip(edged, edged[1:], edged[2:], strict=False)
    found += [(a, b, pair) for a, b in combinations(ordered, 2)]
    found += [(a, b, pair) for d in PAIR_DISTANCES for a, b in zip(sounds, sounds[d:], strict=False)]
    return np.array(found, dtype=np.intp).T.copy()


def _counted(columns: _Ints) -> tuple[_Ints, _Ints | None]:
    columns.sort()
    new = (columns[1:] != columns[:-1]).nonzero()[0]
    if len(new) + 1 >= len(columns):
        return columns, None
    begins = np.concatenate((_ZERO, new + 1))
    return columns.take(begins), np.diff(begins, append=len(columns))


def _cuckoo(keys: _Keys, columns: _Ints) -> tuple[_Keys, _Ints, _Keys, int]:
    """(keys by place, columns by place, multipliers, shift). A key is at (key * multiplier) >> shift for one of two multipliers (in 64
    bits; places below zero count from the end). Whatever is put on an occupied place moves the key there to its other place."""
    keys, first = np.unique(keys, return_index=True)
    columns = columns[first]
    bits = max(4, int(len(keys) * 2.5).bit_length())
    for attempt in count():
        bits += attempt % 4 == 3
        multipliers = np.array([[m + 2 * attempt] for m in _MULTIPLIERS], dtype=np.uint64).view(np.int64)
        places = ((keys * multipliers) >> (64 - bits)) % (1 << bits)
        held = _settled(places, 1 << bits)
        if held is not None:
            table, column = np.full(len(held), _FREE), np.zeros(len(held), dtype=np.intp)
            taken = held >= 0
            table[taken], column[taken] = keys[held[taken]], columns[held[taken]]
            return table, column, multipliers, 64 - bits
    raise AssertionError("a table that is large enough holds all keys")


def _settled(places: _Ints, size: int) -> _Ints | None:
    """Which key is at each place (-1: none), when every key can have one of its two `places` (2, keys); else None."""
    if (places[0] == places[1]).any():  # it would be found twice
        return None
    held = np.full(size, -1)
    choice = np.zeros(places.shape[1], dtype=np.intp)
    moving = np.arange(places.shape[1])
    for _ in range(_ROUNDS):
        wanted = places[choice[moving], moving]
        evicted = np.unique(held[wanted])
        held[wanted] = moving
        moving = np.concatenate((moving[held[wanted] != moving], evicted[evicted >= 0]))
        if not len(moving):
            return held
        choice[moving] ^= 1
    return None


class _English:
    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._column = {gram: column for column, gram in enumerate(vocabulary)}
        self._words: dict[str, tuple[int, ...]] = {}

    def find(self, normalised: str) -> tuple[_Ints, _Ints | None]:
        words = digits(normalised[:MAX_CHARS], "en").split()
        column = self._column
        found = [column[gram] for gram in words_together(words) if gram in column]
        for word in words:
            found += self._of_word(word)
        return _counted(np.array(found, dtype=np.intp))

    def _of_word(self, word: str) -> tuple[int, ...]:
        known = self._words.get(word)
        if known is None:
            known = tuple(self._column[gram] for gram in word_ngrams(word) if gram in self._column)
            if len(self._words) < _REMEMBERED:
                self._words[word] = known
        return known
