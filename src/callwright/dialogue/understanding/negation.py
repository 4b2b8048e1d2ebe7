"""Derived negation: a negator before an affirming phrase is a denial ("不感兴趣" from "感兴趣"), unless it is none; and questions.

What looks like a negation and is not: the question "可不可以", the particle in "不好意思" or "特别", a clause boundary ("不，可以").
What looks like a yes and asks something: "可以换个时间吗", "would that be ok".
Only used where the author wrote no phrase for it; see `rules.py`.
"""

from __future__ import annotations

import re

from callwright.dialogue.understanding.normalise import Language

__all__ = ["asked", "asks", "is_set_phrase", "negation", "question"]

# A negator and the little words that may stand between it and what it negates: 不太方便, 没有那么感兴趣, 并不是很需要.
_ZH = re.compile(
    r"(?:不|没有?|别|未|甭|无法)(?:再|太|怎么|大|是|要|会|能|想|很|够|特别|那么|这么|觉得|见得|一定|有|什么|也|都|得|用|算|打算){0,3}$"
)
_ZH_NO_NEGATOR = (
    "不好意思", "不错", "不过", "不但", "不仅", "不管", "不如", "不然", "不得不", "不客气", "没事", "没关系", "没错", "没准", "没问题",
    "差不多", "要不", "对不起", "了不起", "说不定", "不是不", "没有不", "不会不", "不能不", "别人", "别的", "特别", "个别", "性别", "分别",
    "级别", "类别", "未来", "未必", "不妨",
)  # fmt: skip
_ZH_NEGATOR_CHARS = "不没别未"
_EN = re.compile(
    r"\b(?:not|never)(?: (?:really|very|quite|so|that|too|all|at|even|going|to|want|wish|care|think|be|been|is|am|are|it|this|the|a|an"
    r"|particularly|terribly|especially|currently|actually|feeling|in|any)){0,4} $|\bno (?:longer )?$"
)
_EN_NO_NEGATOR = ("no problem", "no worries", "no doubt", "not bad", "not only", "why not", "no bother")
_EN_INTERJECTIONS = frozenset({"yes", "yeah", "yep", "ok", "sure", "fine", "alright", "right", "correct", "of course"})
_ZH_OPENERS = "嗯哦啊喂呃噢那"
_ZH_YES = re.compile(r"(?:好|嗯|对|行|成|是的|没问题|没事|没错|当然|同意|愿意|明白|知道)")
_ZH_GOES_ON = "啊呀的哦嗯呢吧我你您咱那就,"  # behind a yes that is over: "可以，那我周末过去行吗" said in one breath
_EN_ASKS = re.compile(
    r"(?:(?:so|and|but|well|oh|um|uh|sorry|hi|hello|ok|okay) )*(?:can|could|may|would|will|shall|should|do|does|did|is|are|was|were|have|has) "
    r"(?:i|it|that|this|these|you|we|they|there|he|she|my|your|our|the)\b"
)
_EN_YES = re.compile(r"(?:yes|yeah|yep|yup|sure|of course|absolutely|definitely|certainly)\b")


def negation(text: str, begin: int, phrase: str, lang: Language) -> int | None:
    """Where the negation of the phrase at `begin` starts in normalised text, or None when it is not negated.

    None also when the sentence asks ("可不可以", "方便不方便"); see `asked`.
    """
    if lang == "en":
        return _english(text, begin, phrase)
    found = _ZH.search(text[max(0, begin - 12) : begin])
    if found is None:
        return None
    start = max(0, begin - 12) + found.start()
    for word in _ZH_NO_NEGATOR:
        if _lies_in(text, start, word):
            return None
    return start


def asked(text: str, begin: int, end: int) -> bool:
    """The phrase at [begin, end) is one half of an A-not-A question: "可不可以", "方便不方便", "行不"."""
    window = range(max(1, begin - 3), min(len(text), end + 1))
    for middle in window:
        if text[middle] not in _ZH_NEGATOR_CHARS[:2]:
            continue
        for width in (3, 2, 1):
            half = text[middle - width : middle] if middle >= width else ""
            first, last = middle - width, middle + 1 + width
            if not half or half != text[middle + 1 : last] or half[0] in _ZH_NEGATOR_CHARS:
                continue
            repeated = first > 0 and text[first - 1] in _ZH_NEGATOR_CHARS  # "不是不是" denies twice
            if not repeated and first < end and begin < last and not (begin <= first and last <= end):
                return True
        if middle == end and (middle + 1 == len(text) or text[middle + 1] == ","):
            return True
    return False


def asks(text: str, begin: int, end: int, lang: Language) -> bool:
    """The affirming phrase at [begin, end) is part of what the caller asks, and no answer: "可以换个时间吗", "周三可以吗", "would that be ok".

    A yes before a question stays one: "好的周末上课吗", "可以啊那周末行吗", "yes can i come on friday". So do the bare "可以吗" and "行吗":
    a recogniser cannot tell them from "可以嘛".
    """
    if lang == "en":
        before = text[:begin].lstrip()
        found = _EN_ASKS.match(text.strip())
        return bool(found and before and not _EN_YES.match(text[begin:end]) and not _EN_YES.match(before))
    clause = text.rfind(",", 0, begin) + 1
    particle = text.find("吗", end)
    if particle < 0 or "," in text[end:particle]:
        return False
    first = not text[clause:begin].strip(_ZH_OPENERS)
    over = particle == end or _ZH_YES.match(text, begin) or text[end] in _ZH_GOES_ON
    return not (first and over)


def question(text: str, lang: Language) -> bool:
    """The whole sentence asks something and does not begin with a yes, so nobody guesses one from it."""
    if lang == "en":
        return _EN_ASKS.match(text.strip()) is not None
    return text.endswith("吗") and not _ZH_YES.match(text.lstrip(_ZH_OPENERS))


def is_set_phrase(text: str, begin: int) -> bool:
    """The "no" or "not" at `begin` belongs to an expression that denies nothing ("no problem")."""
    return any(_lies_in(text, begin, word) for word in _EN_NO_NEGATOR)


def _english(text: str, begin: int, phrase: str) -> int | None:
    found = _EN.search(text, 0, begin)
    if found is None:
        return None
    if phrase in _EN_INTERJECTIONS and found.group() != "not ":
        return None  # "no, sure" and "do not worry about it, yes" say yes
    return None if is_set_phrase(text, found.start()) else found.start()


def _lies_in(text: str, position: int, word: str) -> bool:
    """`position` is inside an occurrence of `word`."""
    return text.find(word, max(0, position - len(word) + 1), position + len(word)) >= 0
