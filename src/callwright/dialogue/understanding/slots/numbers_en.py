"""Spoken English numbers: "three thousand five hundred", "two and a half", "a couple of hundred", "one fifty", "5k".

A small recursive-descent reader over word tokens; every production returns the next token index or None.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .numbers_zh import Spoken, exact

__all__ = ["ONES", "Token", "numbers", "tokens"]

ONES = {w: i for i, w in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])}
_TEENS = {
    w: i + 10
    for i, w in enumerate(
        ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"],
    )
}
_TENS = {
    w: (i + 2) * 10
    for i, w in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"])
}
_TENS["fourty"] = 40
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_SCALES |= {"grand": 10**3, "k": 10**3}
_FRACTIONS = {"half": 0.5, "quarter": 0.25, "third": 1 / 3, "quarters": 0.25, "thirds": 1 / 3, "halves": 0.5}
_VAGUE = {"couple": (2, None), "few": (3, 9), "several": (3, 9)}

_TOKEN = re.compile(
    r"[a-z]+(?:'[a-z]+)?|[0-9]{1,3}(?:,[0-9]{3}){1,4}(?![0-9])(?:\.[0-9]{1,6})?|[0-9]{1,15}(?:\.[0-9]{1,6})?|%"
)


@dataclass(frozen=True, slots=True)
class Token:
    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Got:
    next: int
    low: float
    high: float | None = None
    digits: str = ""


def tokens(text: str) -> list[Token]:
    """Words and figures with their places. Hyphens separate ("twenty-three")."""
    return [Token(m[0], m.start(), m.end()) for m in _TOKEN.finditer(text)]


class _Reader:
    def __init__(self, words: Sequence[str]) -> None:
        self.words = words

    def at(self, i: int) -> str:
        return self.words[i] if 0 <= i < len(self.words) else ""

    def below_100(self, i: int) -> _Got | None:
        word = self.at(i)
        if word in _TENS:
            ones = ONES.get(self.at(i + 1), 0)
            return _Got(i + 2, _TENS[word] + ones) if ones else _Got(i + 1, _TENS[word])
        value = _TEENS.get(word, ONES.get(word))
        return None if value is None else _Got(i + 1, value)

    def below_1000(self, i: int) -> _Got | None:
        first = self.below_100(i)
        if self.at(i) in ("a", "an") and self.at(i + 1) == "hundred":
            first = _Got(i + 1, 1)
        if first is None or self.at(first.next) != "hundred" or not first.low:
            return first
        total, at = first.low * 100, first.next + 1
        rest = self.below_100(at + 1 if self.at(at) == "and" else at)
        if rest and rest.low:
            return _Got(rest.next, total + rest.low)
        return _Got(at, total)

    def cardinal(self, i: int) -> _Got | None:
        """Groups with falling scales: "two million five thousand and six"."""
        total, at, limit, seen = 0.0, i, float("inf"), False
        while True:
            here = at + 1 if seen and self.at(at) == "and" else at
            if self.at(here) in ("a", "an") and self.at(here + 1) in _SCALES:
                group: _Got | None = _Got(here + 1, 1)
            else:
                group = self.figure(here) or self.below_1000(here)
            if group is None or (seen and not group.low):
                break
            scale = _SCALES.get(self.at(group.next))
            if scale is None or scale >= limit:
                if group.low < limit:
                    total, at, seen = total + group.low, group.next, True
                break
            total, at, limit, seen = total + group.low * scale, group.next + 1, scale, True
        return _Got(at, total) if seen else None

    def figure(self, i: int) -> _Got | None:
        word = self.at(i)
        if not word or not word[0].isdigit():
            return None
        value = float(word.replace(",", ""))
        return _Got(i + 2, value * 100) if self.at(i + 1) == "hundred" else _Got(i + 1, value)

    def digits(self, i: int) -> _Got | None:
        """A string of spoken digits: "oh one two double three" = 01233."""
        run, at = "", i
        while True:
            word, times = self.at(at), 1
            if word in ("double", "triple"):
                times = 2 if word == "double" else 3
                word = self.at(at + 1)
            digit = "0" if word in ("oh", "o", "nought") else str(ONES[word]) if word in ONES else ""
            if not digit or len(run) > 14:
                break
            run += digit * times
            at += 2 if times > 1 else 1
        if self.at(i) in ("oh", "o") and at == i + 1:
            return None
        return _Got(at, int(run), digits=run) if len(run) > 1 else None

    def pair(self, i: int) -> _Got | None:
        """ "one fifty" = 150 (or 1.50), "nineteen ninety nine" = 1999."""
        first = self.below_100(i)
        if first is None or first.low < 1 or (self.at(i) in _TENS and first.next == i + 1 and self.at(i + 1) in ONES):
            return None
        second = self.below_100(first.next)
        if second is None or second.low < 10:
            return None
        value = first.low * 100 + second.low
        return _Got(second.next, value, first.low + second.low / 100 if first.low < 10 else None)

    def vague(self, i: int) -> _Got | None:
        """ "a couple of hundred", "a few thousand", "half a million", "a dozen"."""
        at = i + 1 if self.at(i) in ("a", "an") else i
        word = self.at(at)
        if word == "dozen" and at > i:
            return _Got(at + 1, 12)
        if word == "half":
            after = at + 2 if self.at(at + 1) in ("a", "an") else at + 1
            scale = _SCALES.get(self.at(after))
            return _Got(after + 1, 0.5 * scale) if scale else _Got(at + 1, 0.5)
        if word not in _VAGUE or (word != "several" and at == i):
            return None
        after = at + 2 if self.at(at + 1) == "of" else at + 1
        scale = 100 if self.at(after) == "hundred" else _SCALES.get(self.at(after))
        low, high = _VAGUE[word]
        size = scale or 1
        return _Got(after + (1 if scale else 0) if scale else at + 1, low * size, high and high * size)

    def fraction_after(self, got: _Got) -> _Got:
        """ "two and a half", "two point five", "three quarters", "two and a half thousand"."""
        at = got.next
        if self.at(at) == "point":
            run, k = "", at + 1
            while (word := self.at(k)) in ONES or word == "oh":
                run += str(ONES.get(word, 0))
                k += 1
            if run:
                got = _Got(k, float(f"{int(got.low)}.{run[:6]}"))
        elif self.at(at) == "and" and self.at(at + 1) in ("a", "one", "three") and self.at(at + 2) in _FRACTIONS:
            times = 3 if self.at(at + 1) == "three" else 1
            got = _Got(at + 3, got.low + times * _FRACTIONS[self.at(at + 2)])
        elif self.at(at) in ("quarters", "thirds", "halves"):
            return _Got(at + 1, got.low * _FRACTIONS[self.at(at)])
        scale = _SCALES.get(self.at(got.next), 100 if self.at(got.next) == "hundred" else 0)
        return _Got(got.next + 1, got.low * scale) if scale and got.low != int(got.low) else got

    def number(self, i: int) -> _Got | None:
        readings = [r for r in (self.pair(i), self.digits(i), self.vague(i)) if r]
        if cardinal := self.cardinal(i):
            readings.append(self.fraction_after(cardinal))
        return max(readings, key=lambda r: (r.next, r.high is None), default=None)

    def signed(self, i: int) -> _Got | None:
        if self.at(i) in ("minus", "negative"):
            got = self.number(i + 1)
            return got and _Got(got.next, -got.low)
        return self.number(i)

    def ranged(self, i: int) -> _Got | None:
        """ "two or three", "two to three thousand", "between fifty and sixty"."""
        between = self.at(i) == "between"
        first = self.signed(i + 1 if between else i)
        joiners = ("and",) if between else ("or", "to")
        if first is None or self.at(first.next) not in joiners or first.digits:
            return first if not between else None
        second = self.number(first.next + 1)
        if second is None or second.digits:
            return first if not between else None
        low, scale = first.low, self.at(second.next - 1)
        if low < 100 <= second.low and (scale == "hundred" or scale in _SCALES):
            low *= 100 if scale == "hundred" else _SCALES[scale]
        return _Got(second.next, low, second.low) if low < second.low else first


def _percent(words: Sequence[str], got: _Got) -> _Got:
    after = words[got.next : got.next + 2]
    size = 1 if after[:1] in (["percent"], ["%"]) else 2 if after == ["per", "cent"] else 0
    return _Got(got.next + size, got.low / 100, got.high and got.high / 100) if size else got


def numbers(text: str) -> list[Spoken]:
    """All numbers of the text in order. Idioms ("one of", "no one", "this one") are not numbers."""
    found, items = [], tokens(text)
    words = [t.word for t in items]
    reader, i = _Reader(words), 0
    while i < len(words):
        got = reader.ranged(i)
        if got is None or (got.next == i + 1 and _idle(words, i)) or words[max(i - 2, 0) : i] == ["out", "of"]:
            i += 1
            continue
        got = _percent(words, got)
        high = None if got.high is None else exact(got.high)
        found.append(Spoken(items[i].start, items[got.next - 1].end, exact(got.low), high, got.digits))
        i = got.next
    return found


def _idle(words: Sequence[str], i: int) -> bool:
    before, after = (words[i - 1] if i else ""), (words[i + 1] if i + 1 < len(words) else "")
    if words[i] == "one":
        return before in ("no", "this", "that", "which", "the", "another", "any", "good", "every", "wrong", "right") or after in (
            "of", "moment", "second", "sec", "more", "thing",
        )  # fmt: skip
    return words[i] == "half" and after in ("past", "an", "the", "of")
