"""Ages in years: 八岁, 快八岁 (7, may be 8), 一岁半 = 1.5, 十个月大 = 0.83, "he's seven", "she is eight years old".

Value: years (whole, or rounded to two places). A bare number counts only as the whole answer.
"""

from __future__ import annotations

from callwright.dialogue.understanding.later import later

from . import numbers_en, numbers_zh
from .numbers_zh import Spoken, exact
from .spans import Reading

__all__ = ["read"]

_OLDEST = 120
_UNIT_ZH = later(
    "(?:多|来)?个?(?:周岁|岁)(?:(?P<half>半)|(?:零|又)?(?P<months>十一|十|[一二两三四五六七八九]|1[01]|[1-9])个月|(?P<over>多|出头))?"
)
_MONTHS_ZH = later("个(?P<half>半)?月(?=大|了|的?(?:宝宝|孩子|娃))")
_BEFORE_ZH = later("(快|不到|将近|接近|马上|快要|快满|还没到|不满|差不多)$")
_THIS_YEAR_ZH = later("(?:今年|虚岁|周岁|年龄是?|年纪是?)(?:已经|刚|才|都|快|有|得)*$")
_WHOLE_ZH = later("(?:嗯|呃|我|他|她|孩子|宝宝|今年|是|刚|才|都|已经|那个)*(.*?)(?:了|吧|啊|呀|呢|[,。.!])*")

_UNIT_EN = later(
    r"(?: ?and a half)?[ -]?(?:years?[ -]old|years? of age|yrs? old|years?(?= now$|$)|yo\b|months? old)\b|(?: ?and a half)$"
)
_WHO_EN = later(
    r"\b(?:(?:he|she|i)(?:'s|'m|s| is| am| was| just turned| turned| will be)|i'm|im|my \w+(?:'s| is)|(?:the |our "
    r"|my )?(?:kid|child|boy|girl|son|daughter)(?:'s| is)"
    r"|aged?(?: of)?|turning|turned|they(?:'re| are))(?: (?:only|just|about|around|almost|nearly|already|now|going on))* $"
)
_ALMOST_EN = later(r"\b(?:almost|nearly|going on|turning|not yet|soon) $")
_NOT_AGE_EN = later(
    r" (?:minutes?|hours?|o'?clock|dollars?|bucks|percent|%|pm\b|am\b|p m\b|a m\b|thirty|people|of|times|days?"
    r"|weeks?|months?(?! old)|kids|on)"
)
_WHOLE_EN = later(
    r"(?:um |uh |er |well |about |around |just |it's |almost |nearly |going on )*(.*?)(?: now| already)*[.,!?]*"
)


def _age(number: Spoken, almost: bool, start: int, end: int, size: float = 1.0) -> Reading | None:
    low = round(number.low * size, 2)
    if not 0 <= low <= _OLDEST:
        return None
    if almost and number.high is None and low >= 1:
        return Reading(start, end, exact(low - 1), (exact(low),))
    others = () if number.high is None else (exact(round(number.high * size, 2)),)
    return Reading(start, end, exact(low), others)


def _one_zh(text: str, number: Spoken, whole: tuple[int, int] | None) -> Reading | None:
    before = text[: number.start]
    almost = _BEFORE_ZH.search(before)
    start = almost.start() if almost else number.start
    if match := _UNIT_ZH.match(text, number.end):
        low, high = float(number.low), number.high
        if match["half"]:
            low += 0.5
        elif match["months"]:
            low = round(low + float(numbers_zh.plain(match["months"])) / 12, 2)
        elif match["over"] and low >= 10:
            high = low + 9
        return _age(Spoken(number.start, number.end, low, high), bool(almost), start, match.end())
    if match := _MONTHS_ZH.match(text, number.end):
        return _age(number, False, number.start, match.end(), 1 / 12)
    if number.end < len(text) and text[number.end : number.end + 2] == "出头" and number.low >= 10:
        return _age(Spoken(number.start, number.end, number.low, number.low + 9), False, number.start, number.end + 2)
    ends = number.end == len(text) or text[number.end] in "了吧啊,。.呀呢"
    if ends and (_THIS_YEAR_ZH.search(before[:start]) or whole == (number.start, number.end)):
        return _age(number, bool(almost), start, number.end)
    return None


def _one_en(text: str, number: Spoken, whole: tuple[int, int] | None) -> Reading | None:
    before, end = text[: number.start], number.end
    almost = _ALMOST_EN.search(before)
    match = _UNIT_EN.match(text, end)
    said = match or (_WHO_EN.search(before) and not _NOT_AGE_EN.match(text, end)) or whole == (number.start, end)
    if not said or (number.digits and len(number.digits) > 2):
        return None
    months = bool(match and "month" in match[0])
    if match and "half" in match[0]:
        number = Spoken(number.start, end, number.low + 0.5, None)
    start = almost.start() if almost else number.start
    return _age(number, bool(almost), start, match.end() if match else end, 1 / 12 if months else 1.0)


def read(text: str, lang: str) -> list[Reading]:
    """Ages of a text (zh: without white space)."""
    if lang == "zh":
        match = _WHOLE_ZH.fullmatch(text)
        found = [_one_zh(text, n, match.span(1) if match else None) for n in numbers_zh.numbers(text)]
    else:
        match = _WHOLE_EN.fullmatch(text)
        found = [_one_en(text, n, match.span(1) if match else None) for n in numbers_en.numbers(text)]
    return [reading for reading in found if reading]
