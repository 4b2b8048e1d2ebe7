"""Spoken numbers written with digits, keeping for every character of the result where it came from.

Only a view for matching (`十二` and `12` agree); the value with its unit is read by the slots.
"""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["english_digits", "mandarin_digits"]

_ZH_DIGIT = {c: str(i) for i, c in enumerate("零一二三四五六七八九")} | {"〇": "0", "两": "2", "幺": "1"}
_ZH_UNIT = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
_ZH_NUMERALS = frozenset(_ZH_DIGIT) | frozenset(_ZH_UNIT)
_ZH_RUN = re.compile(r"[零〇一二两三四五六七八九幺十百千万亿]{1,24}")

# fmt: off
_EN_SMALL = {word: value for value, word in enumerate([
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
])}
_EN_TENS = {word: 10 * value for value, word in enumerate([
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
], 2)}
# fmt: on
_EN_WORD = "|".join(sorted({*_EN_SMALL, *_EN_TENS, "hundred", "thousand"}, key=len, reverse=True))
_EN_RUN = re.compile(rf"\b(?:{_EN_WORD})(?:(?: and)? (?:{_EN_WORD}))*\b")


def mandarin_digits(text: str) -> tuple[str, list[int]]:
    """(view, origins): origins[i] is where view[i] began in `text`; one more entry, the length, stands at the end."""
    if _ZH_NUMERALS.isdisjoint(text):
        return text, list(range(len(text) + 1))
    return _rewritten(text, _ZH_RUN, _mandarin_number)


def english_digits(text: str) -> tuple[str, list[int]]:
    """As `mandarin_digits`, for lower-case English with single spaces."""
    return _rewritten(text, _EN_RUN, _english_number)


def _rewritten(text: str, run: re.Pattern[str], number: Callable[[str], str]) -> tuple[str, list[int]]:
    view: list[str] = []
    origins: list[int] = []
    position = 0
    for match in run.finditer(text):
        written = number(match.group())
        view += [text[position : match.start()], written]
        origins += [*range(position, match.start()), *[match.start()] * len(written)]
        position = match.end()
    if not view:
        return text, list(range(len(text) + 1))
    return "".join([*view, text[position:]]), [*origins, *range(position, len(text) + 1)]


def _mandarin_number(run: str) -> str:
    if not any(char in _ZH_UNIT for char in run):
        return "".join(_ZH_DIGIT[char] for char in run)
    total = section = digit = 0
    last_unit = 1
    for char in run:
        if char in _ZH_DIGIT:
            digit = int(_ZH_DIGIT[char])
            last_unit = 1 if digit == 0 else last_unit
            continue
        unit = _ZH_UNIT[char]
        if unit == 100_000_000:
            total, section = (total + section + digit or 1) * unit, 0
        elif unit == 10_000:
            total, section = total + (section + digit or 1) * unit, 0
        else:
            section += (digit or 1) * unit
        digit, last_unit = 0, unit
    # 三千五 is 3500 in speech, 三千零五 is 3005.
    return str(total + section + digit * (last_unit // 10 if digit and last_unit > 10 else 1))


def _english_number(run: str) -> str:
    groups: list[int] = []
    current: int | None = None
    last = ""
    for word in run.replace(" and ", " ").split(" "):
        if word == "thousand":
            current = (1 if current is None else current) * 1000
        elif word == "hundred":
            whole, rest = divmod(1 if current is None else current, 1000)
            current = whole * 1000 + (rest or 1) * 100
        elif current is None:
            current = _EN_SMALL.get(word, _EN_TENS.get(word, 0))
        elif (last in _EN_TENS and 0 < _EN_SMALL.get(word, 0) < 10) or last in ("hundred", "thousand"):
            current += _EN_SMALL.get(word, _EN_TENS.get(word, 0))
        else:
            groups.append(current)
            current = _EN_SMALL.get(word, _EN_TENS.get(word, 0))
        last = word
    return " ".join(str(value) for value in [*groups, current if current is not None else 0])
