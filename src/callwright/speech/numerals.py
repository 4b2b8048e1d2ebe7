"""Figures in a text as the words people say: `12点` -> `十二点`, `at 9:30` -> `at nine thirty`."""

from __future__ import annotations

import re

__all__ = ["chinese_numerals", "english_numerals"]

_DIGITS = "零一二三四五六七八九"
_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip


def chinese_numerals(text: str) -> str:
    """Figures up to 9999 as a number, longer ones (telephone numbers, 12321) digit by digit; `9:30` as 九点三十."""
    text = re.sub(r"(\d{1,2}):(\d{2})", lambda m: f"{m[1]}点" + ("" if m[2] == "00" else m[2]), text)
    return re.sub(r"\d+", lambda m: _chinese(m[0]), text)


def _chinese(figures: str) -> str:
    if len(figures) > 4 or (len(figures) > 1 and figures[0] == "0"):
        return "".join(_DIGITS[int(f)] for f in figures)
    if int(figures) == 0:
        return "零"
    said = ""
    for figure, unit in zip(figures, ("千", "百", "十", "")[-len(figures) :], strict=True):
        if figure != "0":
            said += _DIGITS[int(figure)] + unit
        elif not said.endswith("零"):
            said += "零"
    said = said.rstrip("零")
    return said.removeprefix("一") if 10 <= int(figures) <= 19 else said


def english_numerals(text: str) -> str:
    """Figures below 100 as a number, ordinals to 31st, clock times, everything longer digit by digit."""
    text = re.sub(r"\b(\d{1,2}):(\d{2})\b", lambda m: _english_time(int(m[1]), m[2]), text)
    text = re.sub(r"\b(\d{1,2})(?:st|nd|rd|th)\b", lambda m: _ordinal(int(m[1])), text)
    return re.sub(r"\d+", lambda m: _english(m[0]), text)


def _english(figures: str) -> str:
    if len(figures) > 2 or (len(figures) > 1 and figures[0] == "0"):
        return " ".join(_ONES[int(f)] for f in figures)
    value = int(figures)
    if value < 20:
        return _ONES[value]
    return _TENS[value // 10] + (f" {_ONES[value % 10]}" if value % 10 else "")


def _english_time(hour: int, minutes: str) -> str:
    if minutes == "00":
        return f"{_english(str(hour))} o'clock"
    return f"{_english(str(hour))} {'oh ' + _ONES[int(minutes)] if minutes[0] == '0' else _english(minutes)}"


def _ordinal(value: int) -> str:
    *front, last = _english(str(value)).split()
    if last.endswith("y"):
        return " ".join([*front, last[:-1] + "ieth"])
    return " ".join([*front, _ORDINALS.get(last, last + "th")])
