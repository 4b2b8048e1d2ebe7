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
# A word that may stand in a question as well as for a yes; whatever else an author lists as a yes is one.
_ZH_DOUBTFUL = re.compile(r"可以|方便|需要|可行|[行能要有好想]")
_FILLERS = "[嗯哦啊喂呃噢那哎诶欸唉恩喔呀额]|你好|您好|那个"
_ZH_FILLERS = re.compile(rf"(?:{_FILLERS})*")
_ZH_OPENERS = re.compile(rf"(?:{_FILLERS}|我现在|我|可以|方便|好的|好|行|对)*")
_ZH_YES = re.compile(
    r"好|嗯|恩|对|行|成|是的|是啊|没问题|没事|没错|当然|同意|愿意|明白|知道|你说|您说|请说|你讲|有空|有时间|感兴趣"
)
_ZH_OVER = re.compile(
    r"[啊的吧呀哦嗯呢]|[你您]说|[你您]讲|[我你您咱那就,]|有什么|有事|什么|怎么|几|多少|是"
)  # behind a yes, said in one breath with what follows
_ZH_CLOSED = re.compile(r"[啊的吧呀]|[你您]说")  # a yes wherever it stands: "周六可以啊几点"
_EN_DOUBTFUL = re.compile(
    r"ok|okay|fine|alright|all right|right|good|great|perfect|correct|convenient|possible|available"
)
_EN_BEFORE = re.compile(
    r"(?:(?:so|and|but|well|oh|um|uh|sorry|hi|hello|ok|okay) )*"
    r"(?:(?:is|are|was|were)(?:n't| not)? (?:[\w']+ ){1,3}|(?:would|will|could|can|may|might|should) (?:[\w']+ ){1,4}be )$"
)


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

    A yes before a question stays one: "好的周末上课吗", "可以啊那周末行吗", "方便有什么事吗". So do the bare "可以吗" and "行吗":
    a recogniser cannot tell them from "可以嘛".
    """
    phrase = text[begin:end]
    if lang == "en":
        return bool(_EN_DOUBTFUL.fullmatch(phrase) and _EN_BEFORE.match(text[:begin].lstrip()))
    particle = text.find("吗", end)
    if particle < 0 or "," in text[end:particle] or not _ZH_DOUBTFUL.fullmatch(phrase):
        return False
    if _ZH_CLOSED.match(text, end) or text.startswith(phrase, end):
        return False
    clause = text.rfind(",", 0, begin) + 1
    first = _ZH_OPENERS.fullmatch(text, clause, begin) is not None
    return not (first and (particle == end or _ZH_OVER.match(text, end)))


def question(text: str, lang: Language) -> bool:
    """The whole sentence asks something and does not begin with a yes, so nobody guesses one from it. Mandarin only."""
    if lang == "en" or not text.endswith("吗"):
        return False
    fillers = _ZH_FILLERS.match(text)
    begin = fillers.end() if fillers else 0
    if _ZH_YES.match(text, begin):
        return False
    doubtful = _ZH_DOUBTFUL.match(text, begin)
    return doubtful is None or asks(text, begin, doubtful.end(), lang)


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
