"""What the words of an utterance tell about its end: nothing but backchannel, or plainly more to come. Pure."""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["only_backchannel", "unfinished"]

_NO_WORD = re.compile(r"[\W_]+")
_OPEN_MARK = re.compile(r"[,，、…—]\s*$|\.\.\.\s*$")

_ZH_OPEN = re.compile(
    r"(?:嗯+|呃+|额|唔|那个|就是说|然后呢?|还有|但是|不过|因为|所以|如果|要是|而且|或者|以及|和|跟|我想想|我看看|让我想|等我看|大概是|应该是|好像是)$"
)
_ZH_DIGITS = re.compile(r"[0-9零〇一二两三四五六七八九幺]{3,}$")
_ZH_PLACE = re.compile(r"[\u4e00-\u9fff](?:省|市|区|县|镇|乡|村|路|街|大道|巷|弄|小区|栋|幢|号楼|单元)$")
_ZH_DAY = re.compile(r"(?:年|月|星期|礼拜|周|上个?|下个?)$")

_EN_OPEN = frozenset({
    "and", "or", "but", "because", "if", "um", "umm", "uh", "uhh", "er", "erm", "hmm", "the", "a", "an", "my", "our",
    "your", "at", "of", "it's", "i'm", "we're", "let's", "number",
})  # fmt: skip
_EN_DIGIT = frozenset({
    "zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "double", "triple",
})  # fmt: skip
_EN_PLACE = frozenset({
    "street", "road", "avenue", "lane", "drive", "close", "square", "flat", "apartment", "suite", "floor",
})  # fmt: skip
_EN_DAY = frozenset({
    "on", "next", "this", "the", "first", "second", "third", "at", "around", "january", "february", "march", "april",
    "june", "july", "august", "september", "october", "november", "december",
})  # fmt: skip

_WHOLE_NUMBERS = {"zh": frozenset({11, 12}), "en": frozenset({10, 11})}  # digits of a telephone number


def only_backchannel(text: str, words: tuple[str, ...]) -> bool:
    """Whether a text is nothing but backchannel words, in any order and number. An empty text is not."""
    rest = _NO_WORD.sub("", text.casefold())
    if not rest:
        return False
    known = sorted({w for w in (_NO_WORD.sub("", word.casefold()) for word in words) if w}, key=len, reverse=True)
    reachable = [True] + [False] * len(rest)
    for at in range(len(rest)):
        if reachable[at]:
            for word in known:
                if rest.startswith(word, at):
                    reachable[at + len(word)] = True
    return reachable[-1]


def unfinished(text: str, language: Literal["zh", "en"], slot_type: str | None = None) -> bool:
    """Whether somebody who said this is plainly not at the end: a hesitation, a conjunction, a number under way; where a place or a day is
    asked for (slot_type `text`, `time`, `date`) also half an address or half a date."""
    if not text.strip():
        return False
    if _OPEN_MARK.search(text):
        return True
    return _unfinished_zh(text, slot_type) if language == "zh" else _unfinished_en(text, slot_type)


def _unfinished_zh(text: str, slot_type: str | None) -> bool:
    bare = _NO_WORD.sub("", text)
    number = _ZH_DIGITS.search(bare)
    if number is not None and len(number[0]) not in _WHOLE_NUMBERS["zh"]:
        return True
    if slot_type == "text" and _ZH_PLACE.search(bare):
        return True
    if slot_type in ("time", "date") and _ZH_DAY.search(bare):
        return True
    return _ZH_OPEN.search(bare) is not None


def _unfinished_en(text: str, slot_type: str | None) -> bool:
    words = re.findall(r"[a-z']+|\d", text.casefold())
    if not words:
        return False
    run = 0
    for word in reversed(words):
        if word not in _EN_DIGIT and not word.isdigit():
            break
        run += 1
    if run >= 3 and run not in _WHOLE_NUMBERS["en"]:
        return True
    if slot_type == "text" and words[-1] in _EN_PLACE:
        return True
    if slot_type in ("time", "date") and words[-1] in _EN_DAY:
        return True
    return words[-1] in _EN_OPEN
