"""Sums of money: 五十块, 两块五, 三万八, 一百来块, "twenty bucks", "one fifty an hour".

Value: `{"amount": number, "currency"?: ISO 4217, "per"?: hour|day|week|month|year|item, "amount_to"?: upper end}`.
zh sums are CNY unless another currency was said; en sums carry a currency only when said. A bare number counts only as the whole answer.
"""

from __future__ import annotations

import re
from typing import Any

from callwright.dialogue.understanding.later import later

from . import numbers_en, numbers_zh
from .numbers_zh import DIGITS, Spoken
from .spans import Reading

__all__ = ["read"]

_UNIT_ZH = later(
    "(?:多|来)?(?P<other>美元|美金|美刀|刀|欧元|英镑|港币|港元|日元)|个?(?P<yuan>多?块钱|多?块|多?元钱|多?元|多?圆|人民币|rmb)"
    "|(?P<jiao>毛钱?|角钱?)|(?P<fen>分钱)|(?P<qian>多?钱)"
)
_TAIL_ZH = later(
    "(?P<j>[一二两三四五六七八九1-9])(?:毛"
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    "|角)?(?P<f>[一二三四五六七八九1-9])?(?:分)?(?:钱)?(?![十百千万个岁点年月天块元小钟周次节件晚平斤度人位分到])|(?P<half>半)(?![年月天个小])"
)
_PER_ZH = later("(?:一|每|/)(?:个)?(小时|钟头|天|周|月|年|次|个|节课?|件)")
_PRE_PER_ZH = later("(?:一|每)(?:个)?(小时|钟头|天|周|月|年|次|个|节课?|件)(?:就?[要给是收付花大概约]*)$")
_PER = {"小时": "hour", "钟头": "hour", "天": "day", "周": "week", "月": "month", "年": "year"}
_CURRENCY_ZH = {
    "美元": "USD", "美金": "USD", "美刀": "USD", "刀": "USD", "欧元": "EUR", "英镑": "GBP", "港币": "HKD", "港元": "HKD", "日元": "JPY",
}  # fmt: skip
_WHOLE_ZH = later(
    "(?:嗯|呃|那|就|大概|大约|差不多|也就|最多|最少|我|出|给|要|预算|月薪|年薪|工资|收入|价格|价钱|报价|房租|总共|一共|是|在|花|了)*(.*?)(?:吧|左右|上下|的样子|这样"
    "|啊|呀|吗|呢|[,。.!?？！])*"
)

_UNIT_EN = later(
    r" ?(?P<u>dollars?|bucks?|quid|pounds?(?: sterling)?|euros?|yuan|rmb|renminbi|kuai|cents?|pence|usd|gbp|eur|cny)\b"
)
_CURRENCY_EN = {
    "dollar": "USD", "buck": "USD", "usd": "USD", "quid": "GBP", "pound": "GBP", "gbp": "GBP", "euro": "EUR", "eur": "EUR", "yuan": "CNY",
    "rmb": "CNY", "renminbi": "CNY", "kuai": "CNY", "cny": "CNY", "cent": "USD", "pence": "GBP",
}  # fmt: skip
_SIGNS = {"$": "USD", "£": "GBP", "€": "EUR", "¥": "CNY"}
_PER_EN = later(r" ?(?:an?|per|each|every|/) ?(hour|day|week|month|year|piece|item|person|night|lesson)\b")
_CENTS_EN = later(r" (?:and )?")
_WHOLE_EN = later(
    r"(?:um |uh |er |well |about |around |maybe |roughly |just |it's |its |i'd say |say |up to |at most "
    r"|like )*(.*?)(?: please| or so| i think| maybe| max)*[.,!?]*"
)


def _value(amount: float, currency: str, per: str = "", to: float | None = None) -> dict[str, Any]:
    value: dict[str, Any] = {"amount": numbers_zh.exact(amount)}
    if to is not None:
        value["amount_to"] = numbers_zh.exact(to)
    if currency:
        value["currency"] = currency
    if per:
        value["per"] = per
    return value


def _tail_zh(text: str, end: int) -> tuple[int, float]:
    """两块五 = 2.5, 三块二毛五 = 3.25, 一块半."""
    match = _TAIL_ZH.match(text, end)
    if match is None:
        return end, 0.0
    if match["half"]:
        return match.end(), 0.5
    return match.end(), DIGITS[match["j"]] / 10 + (DIGITS[match["f"]] / 100 if match["f"] else 0)


def _per_zh(text: str, start: int, end: int) -> tuple[int, int, str]:
    if after := _PER_ZH.match(text, end):
        return start, after.end(), _PER.get(after[1], "item")
    if before := _PRE_PER_ZH.search(text[:start]):
        return before.start(), end, _PER.get(before[1], "item")
    return start, end, ""


def _one_zh(text: str, number: Spoken) -> Reading | None:
    match = _UNIT_ZH.match(text, number.end)
    if match is None or number.low < 0:
        return None
    end, amount, to, currency = match.end(), float(number.low), number.high, "CNY"
    if match["other"]:
        currency = _CURRENCY_ZH[match["other"]]
    elif match["jiao"] or match["fen"]:
        size = 0.1 if match["jiao"] else 0.01
        amount, to = amount * size, None if to is None else to * size
    elif to is None and match["yuan"] and match["yuan"] in "块元":
        end, more = _tail_zh(text, end)
        amount += more
    start, end, per = _per_zh(text, number.start, end)
    return Reading(start, end, _value(amount, currency, per, to))


def _read_zh(text: str) -> list[Reading]:
    found = [reading for number in numbers_zh.numbers(text) if (reading := _one_zh(text, number))]
    signed = re.finditer(r"[¥$€£] ?([0-9]{1,12}(?:\.[0-9]{1,2})?)", text)
    found += [Reading(m.start(), m.end(), _value(float(m[1]), _SIGNS[m[0][0]])) for m in signed]
    if not found and (whole := _WHOLE_ZH.fullmatch(text)):
        found = [
            Reading(n.start, n.end, _value(n.low, "CNY", to=n.high))
            for n in numbers_zh.numbers(text)
            if (n.start, n.end) == whole.span(1) and n.low >= 0
        ]
    return found


def _currency_en(match: re.Match[str]) -> str:
    word = match["u"].split()[0]
    return _CURRENCY_EN.get(word) or _CURRENCY_EN[word.rstrip("s")]


def _one_en(text: str, number: Spoken, following: Spoken | None, whole: tuple[int, int] | None) -> Reading | None:
    start, end, low, high = number.start, number.end, float(number.low), number.high
    pair = high is not None and high < low  # "one fifty": 150 or 1.50
    unit, sign = _UNIT_EN.match(text, end), text[start - 1 : start]
    per = _PER_EN.match(text, unit.end() if unit else end)
    if unit is None and sign not in _SIGNS and per is None and whole != (start, end):
        return None
    if (
        per
        and unit is None
        and text[end:].lstrip().startswith(("a ", "an "))
        and low < 10
        and not pair
        and whole is None
        and number.digits
    ):
        return None
    currency = _currency_en(unit) if unit else _SIGNS.get(sign, "")
    start -= sign in _SIGNS and sign != ""
    if unit:
        end = unit.end()
        if unit["u"].startswith(("cent", "pence")):
            low, high = low / 100, None if high is None else high / 100
        elif (
            following
            and _CENTS_EN.fullmatch(text[end : following.start])
            and following.low < 100
            and following.high is None
        ):
            cents = _UNIT_EN.match(text, following.end)
            low, end = low + following.low / 100, cents.end() if cents else following.end
        per = _PER_EN.match(text, end)
    name = {"piece": "item", "person": "item", "night": "day", "lesson": "item"}.get(per[1], per[1]) if per else ""
    end = per.end() if per else end
    if pair and high is not None:
        return Reading(start, end, _value(low, currency, name), (_value(high, currency, name),))
    return Reading(start, end, _value(low, currency, name, high))


def _read_en(text: str) -> list[Reading]:
    numbers = [n for n in numbers_en.numbers(text) if n.low >= 0]
    match = _WHOLE_EN.fullmatch(text)
    found: list[Reading] = []
    for place, number in enumerate(numbers):
        following = numbers[place + 1] if place + 1 < len(numbers) else None
        if found and number.start < found[-1].end:
            continue
        reading = _one_en(text, number, following, match.span(1) if match else None)
        if reading:
            found.append(reading)
    return found


def read(text: str, lang: str) -> list[Reading]:
    """Sums of a text (zh: without white space)."""
    return _read_zh(text) if lang == "zh" else _read_en(text)
