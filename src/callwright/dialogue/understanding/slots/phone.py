"""Telephone numbers spoken digit by digit: 幺三八 零零 …, 13 812345678, "oh one two double three", "plus eight six …".

Value: E.164 ("+8613812345678") where the country is known (zh: China is assumed), else the digits as dialled.
After a correction (不对, 不是, "no sorry") between two numbers only the later one counts.
"""

from __future__ import annotations

import re

from .numbers_en import ONES
from .spans import Reading

__all__ = ["read"]

_ZH_DIGIT = {c: str(i) for i, c in enumerate("零一二三四五六七八九")} | {
    "〇": "0",
    "洞": "0",
    "幺": "1",
    "腰": "1",
    "两": "2",
    "拐": "7",
    "勾": "9",
}
_ZH_RUN = re.compile(
    r"(?P<plus>\+|加号?)?(?:(?:[零〇洞幺腰一二两三四五六七八九拐勾0-9]"
    r"|(?P<rep>[三四五六两二][个連连](?=[零〇洞幺腰一二三四五六七八九0-9])))[-,，.、()]?){5,24}"
)
_ZH_REPEAT = re.compile("([二两三四五六])[个连]([零〇洞幺腰一二三四五六七八九0-9])")
_ZH_FIX = re.compile("不对|不是|错了|说错|哦不|更正")
_EN_WORD = {w: str(i) for w, i in ONES.items()} | {"oh": "0", "o": "0", "nought": "0"}
_EN_UNIT = rf"(?:(?:double|triple) )?(?:{'|'.join(_EN_WORD)}|[0-9])\b|[0-9]{{2,15}}"
_EN_RUN = re.compile(rf"(?P<plus>\bplus |\+ ?)?\(?\b(?:{_EN_UNIT})(?:\)?[ ,.-]{{1,2}}\(?(?:{_EN_UNIT})){{0,17}}")
_EN_FIX = re.compile(r"\b(?:no sorry|sorry|no wait|wait|no|i mean|correction)\b")


def _national_cn(digits: str) -> str | None:
    """E.164 for what is dialled in China, or None when it is no whole number."""
    if digits.startswith("0086"):
        digits = digits[4:]
    elif digits.startswith("86") and len(digits) >= 13:
        digits = digits[2:]
    if re.fullmatch("1[3-9][0-9]{9}", digits):
        return "+86" + digits
    if re.fullmatch("0(?:10|2[0-9]|[3-9][0-9]{2})[2-8][0-9]{6,7}", digits) and len(digits) >= 10:
        return "+86" + digits[1:]
    if re.fullmatch("[48]00[0-9]{7}", digits):
        return "+86" + digits
    return digits if re.fullmatch("[2-8][0-9]{6,7}|1[0-9]{4}|9[56][0-9]{3,6}", digits) else None


def _read_zh(text: str) -> list[Reading]:
    found: list[Reading] = []
    for match in _ZH_RUN.finditer(text):
        words = match[0].rstrip("-,，.、()")
        spoken = _ZH_REPEAT.sub(lambda m: m[2] * int(_ZH_DIGIT[m[1]]), words)
        digits = "".join(_ZH_DIGIT.get(c, c) for c in spoken if c in _ZH_DIGIT or c in "0123456789")
        value = "+" + digits if match["plus"] and 8 <= len(digits) <= 15 and digits[0] != "0" else _national_cn(digits)
        if value:
            found.append(Reading(match.start(), match.start() + len(words), value))
    return _corrected(text, found, _ZH_FIX)


def _digits_en(words: str) -> str:
    digits, times = "", 1
    for word in re.findall("[a-z]+|[0-9]+", words):
        if word in ("double", "triple"):
            times = 2 if word == "double" else 3
            continue
        digits += (_EN_WORD.get(word) or ("" if word == "plus" else word)) * times
        times = 1
    return digits


def _read_en(text: str) -> list[Reading]:
    found: list[Reading] = []
    for match in _EN_RUN.finditer(text):
        digits = _digits_en(match[0])
        if match["plus"]:
            value = "+" + digits if 8 <= len(digits) <= 15 and digits[0] != "0" else None
        else:
            value = digits if 7 <= len(digits) <= 15 or (5 <= len(digits) < 7 and digits[0] == "0") else None
        if value and value.startswith("00") and 10 <= len(value) <= 17:
            value = "+" + value[2:]
        if value:
            found.append(Reading(match.start(), match.end(), value))
    return _corrected(text, found, _EN_FIX)


def _corrected(text: str, found: list[Reading], fix: re.Pattern[str]) -> list[Reading]:
    return [
        reading
        for i, reading in enumerate(found)
        if i + 1 == len(found) or not fix.search(text, reading.end, found[i + 1].start)
    ]


def read(text: str, lang: str) -> list[Reading]:
    """Phone numbers of a text (zh: without white space)."""
    return _read_zh(text) if lang == "zh" else _read_en(text)
