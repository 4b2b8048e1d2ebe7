"""Lengths of time: 两个半小时, 一年半, 三五天, "an hour and a half", "two weeks".

Value: `{"iso": ISO 8601 duration, "seconds": nominal seconds}` (a month counts 30 days, a year 365).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from . import numbers_en, numbers_zh
from .numbers_zh import Spoken
from .spans import Reading

__all__ = ["read"]

_SECONDS = {"Y": 365 * 86400, "M": 30 * 86400, "W": 7 * 86400, "D": 86400, "h": 3600, "m": 60, "s": 1}
_ZH = re.compile(
    "个?(?:(?P<h>小时|钟头)|(?P<M>月)|(?P<W>星期|礼拜|周(?!岁|[一二三四五六日天末])))|(?P<m>分钟)|(?P<q>刻钟)"
    "|(?P<s>秒钟?)|(?P<D>天|日(?!元))|(?P<Y>年(?!级|底|初|代))|周(?!岁)"
)
_ZH_GAP = re.compile("[零又]?")
_EN = re.compile(
    r" ?(?:(?P<h>hours?|hrs?)|(?P<m>minutes?|mins?)|(?P<s>seconds?|secs?)|(?P<D>days?)|(?P<W>weeks?)"
    r"|(?P<M>months?)|(?P<Y>years?))\b(?! old| of age)"
)
_EN_GAP = re.compile(r",? ?(?:and )?")
_EN_ARTICLE = re.compile(
    r"\b(?P<half>half )?(?:an?|the) (?:(?P<h>hour)|(?P<m>minute)|(?P<D>day)|(?P<W>week)|(?P<M>month)|(?P<Y>year))\b"
)


def _value(parts: Sequence[tuple[float, str]]) -> dict[str, Any]:
    seconds = sum(amount * _SECONDS[unit] for amount, unit in parts)
    return {"iso": _iso(parts), "seconds": numbers_zh.exact(seconds)}


def _iso(parts: Sequence[tuple[float, str]]) -> str:
    """Whole units as spoken; halves go into the next smaller unit (1.5 h -> PT1H30M, 1.5 years -> P1Y6M)."""
    smaller = {"Y": ("M", 12), "M": ("D", 30), "W": ("D", 7), "D": ("h", 24), "h": ("m", 60), "m": ("s", 60)}
    counts: dict[str, float] = {}
    for amount, unit in parts:
        counts[unit] = counts.get(unit, 0) + amount
    for unit, (below, times) in smaller.items():
        rest = counts.get(unit, 0) % 1
        if rest:
            counts[unit] -= rest
            counts[below] = counts.get(below, 0) + rest * times
    if {key for key, count in counts.items() if count} == {"W"}:
        return f"P{int(counts['W'])}W"
    counts["D"] = counts.get("D", 0) + 7 * counts.pop("W", 0)
    show = {unit: f"{numbers_zh.exact(counts[unit]):g}{unit.upper()}" for unit in counts if counts[unit]}
    days = "".join(show.get(unit, "") for unit in "YMD")
    clock = "".join(show.get(unit, "") for unit in "hms")
    return f"P{days}" + (f"T{clock}" if clock else "") if days or clock else "PT0S"


def _unit(match: re.Match[str]) -> str:
    return next((key for key, words in match.groupdict().items() if words), "W")


def _steps_zh(text: str, number: Spoken) -> tuple[int, float, float | None, str] | None:
    """(end, amount, upper amount, unit) for 两小时, 一年半, 一刻钟."""
    match = _ZH.match(text, number.end)
    if match is None or number.low < 0 or (number.digits and len(number.digits) > 3):
        return None
    unit, end, size = _unit(match), match.end(), 1.0
    if unit == "q":
        unit, size = "m", 15.0
    if unit == "Y" and number.digits:
        return None
    high = None if number.high is None else number.high * size
    amount = number.low * size
    if text[end : end + 1] == "半" and unit in "YDhm" and not text.startswith(("半天", "半年", "半小"), end):
        amount, end = amount + 0.5 * size, end + 1
    return end, amount, high, unit


def _read_zh(text: str) -> Iterator[Reading]:
    steps = [(n, step) for n in numbers_zh.numbers(text) if (step := _steps_zh(text, n))]
    bare_month = re.compile("[一二三四五六七八九十0-9]月")
    steps = [(n, s) for n, s in steps if not bare_month.fullmatch(text[n.end - 1 : s[0]])]
    yield from _chain(text, steps, _ZH_GAP)


def _steps_en(text: str) -> list[tuple[Spoken, tuple[int, float, float | None, str]]]:
    steps = []
    for number in numbers_en.numbers(text):
        match = _EN.match(text, number.end)
        if match and number.low >= 0 and not number.digits:
            steps.append((number, _halved(text, match.end(), number.low, number.high, _unit(match))))
    taken = [(n.start, s[0]) for n, s in steps]
    for match in _EN_ARTICLE.finditer(text):
        if all(match.end() <= a or match.start() >= b for a, b in taken):
            unit = next(u for u in "hmDWMY" if match[u])
            spoken = Spoken(match.start(), match.start(), 1)
            steps.append((spoken, _halved(text, match.end(), 0.5 if match["half"] else 1.0, None, unit)))
    return sorted(steps, key=lambda step: step[0].start)


def _halved(text: str, end: int, amount: float, high: float | None, unit: str) -> tuple[int, float, float | None, str]:
    match = re.compile(r" and a (half|quarter)\b").match(text, end)
    if match:
        return match.end(), amount + (0.5 if match[1] == "half" else 0.25), high, unit
    return end, amount, high, unit


def _chain(
    text: str, steps: list[tuple[Spoken, tuple[int, float, float | None, str]]], gap: re.Pattern[str]
) -> Iterator[Reading]:
    """Neighbouring falling units are one duration: 一小时二十分钟."""
    i = 0
    order = "YMWDhms"
    while i < len(steps):
        number, (end, amount, high, unit) = steps[i]
        parts = [(amount, unit)]
        while high is None and i + 1 < len(steps):
            following, (next_end, more, next_high, next_unit) = steps[i + 1]
            falls = order.index(next_unit) > order.index(parts[-1][1])
            if not falls or next_high is not None or not gap.fullmatch(text[end : following.start]):
                break
            parts.append((more, next_unit))
            end, i = next_end, i + 1
        others = () if high is None else (_value([(high, unit)]),)
        yield Reading(number.start, end, _value(parts), others)
        i += 1


def read(text: str, lang: str) -> list[Reading]:
    """Durations of a text (zh: without white space)."""
    return list(_read_zh(text) if lang == "zh" else _chain(text, _steps_en(text), _EN_GAP))
