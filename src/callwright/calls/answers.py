"""What callers may say at a question for a value: spoken numbers, days and times that the slot would take, for the recogniser. Pure.

The pattern of a slot (`([0-9一二三四五六七八九十]{1,3})岁`) says which sentences count; a recogniser that chooses among sentences needs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from callwright.dialogue.filling import SlotPlan
from callwright.dialogue.understanding.normalise import normalise
from callwright.dialogue.values import Context, Understood
from callwright.script.model import Script, Slot
from callwright.speech.numerals import chinese_numerals, english_numerals

__all__ = ["MOST", "spoken_answers"]

MOST = 300  # per slot; more of them make every single one less likely
_NUMBERS = frozenset({"int", "number", "age"})
_UNITS: dict[str, dict[str, tuple[str, ...]]] = {
    "zh": {
        "岁": ("岁", "岁了", "岁半"), "分": ("分",), "个": ("个",), "位": ("位",), "人": ("个人",), "次": ("次",), "块": ("块", "元"),
        "点": ("点",), "号": ("号",),
    },
    "en": {
        "year": ("years old", "years"), "old": ("years old",), "five": ("out of five",), "ten": ("out of ten",), "star": ("stars",),
        "point": ("points",), "people": ("people",), "time": ("times",), "day": ("days",),
    },
}  # fmt: skip
_OF_TYPE: dict[str, dict[str, tuple[str, ...]]] = {
    "age": {"zh": ("岁", "岁了", "岁半"), "en": ("years old",)},
    "money": {"zh": ("块", "元", "块钱"), "en": ("dollars",)},
    "duration": {"zh": ("天", "分钟", "个小时", "个月"), "en": ("days", "minutes", "hours", "weeks")},
}
_UP_TO = {"out of five": 5, "out of ten": 10, "岁了": 20, "岁半": 20}
_FRAMES: dict[str, tuple[str, ...]] = {
    "岁": ("今年{}", "他{}", "她{}", "快{}", "孩子{}"), "分": ("打{}", "给{}", "我打{}", "我给{}", "就{}"),
    "": ("it's {}", "i'd say {}", "maybe {}"),
}  # fmt: skip
_FRAMED = 18  # numbers that also get a frame: most ages and scores are small
_ZH_DAYS = ("今天", "明天", "后天", *(week + day for week in ("周", "星期", "礼拜") for day in "一二三四五六日天"))
_EN_DAYS = (
    "today", "tomorrow", "the day after tomorrow", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
_ZH_PARTS, _EN_PARTS = ("上午", "下午", "晚上"), ("morning", "afternoon", "evening")
_HOURS = (9, 10, 11, 12, 1, 2, 3, 4, 5, 6, 7, 8)


def spoken_answers(script: Script) -> dict[str, tuple[str, ...]]:
    """By slot: up to `MOST` sentences that the slot takes as its value at its own question. Slots without any (name, text, choices alone)
    are left out."""
    found = {}
    for name, slot in script.slots.items():
        plan = SlotPlan.of(name, slot, script.language)
        taken = (text for text in dict.fromkeys(_candidates(slot, script.language)) if _takes(plan, text))
        answers = tuple(islice(taken, MOST))
        if answers:
            found[name] = answers
    return found


def _takes(plan: SlotPlan, text: str) -> bool:
    heard = Understood(text, normalise(text, plan.language))
    return plan.read(heard, Context(now="2026-01-05T09:00"), verbatim=False) is not None


def _candidates(slot: Slot, language: str) -> Iterator[str]:
    if slot.type in ("time", "date"):
        yield from _zh_moments() if language == "zh" else _en_moments()
    elif slot.type in _NUMBERS or slot.type in _OF_TYPE:
        yield from _numbers(slot, language)


def _numbers(slot: Slot, language: str) -> Iterator[str]:
    """Numbers with the unit that the slot's question or pattern names, small ones in a frame, bare ones."""
    hints = f"{slot.ask or ''} {slot.regex or ''}".casefold()
    zh = language == "zh"
    named = (
        unit
        for key, units in _UNITS[language].items()
        if re.search(key if zh else rf"\b{key}", hints)
        for unit in units
    )
    units = tuple(dict.fromkeys(_OF_TYPE.get(slot.type, {}).get(language, ()) or named))
    gap = "" if zh else " "
    spoken = [chinese_numerals(str(n)) if zh else english_numerals(str(n)) for n in range(100)]
    for unit in units:
        yield from (f"{number}{gap}{unit}" for number in spoken[: _UP_TO.get(unit, 99) + 1])
        if zh:
            yield f"两{unit}"
    if slot.type not in _NUMBERS:
        return
    # People say a bare large number only where no unit belongs.
    yield from spoken[: _FRAMED + 3] if units else spoken
    main = units[0] if units and zh else ""
    frames = _FRAMES.get(main, ()) if main or not zh else ()
    yield from (frame.format(number + main) for frame in frames for number in spoken[1 : _FRAMED + 1])


def _zh_moments() -> Iterator[str]:
    yield from _ZH_DAYS
    yield from (day + part for day in _ZH_DAYS for part in _ZH_PARTS)
    yield from _ZH_PARTS
    hours = [f"{chinese_numerals(str(hour))}点" if hour != 2 else "两点" for hour in _HOURS]
    yield from hours
    yield from (part + hour for part in _ZH_PARTS[:2] for hour in hours)
    yield from (day + part + hour for day in _ZH_DAYS[:3] for part in _ZH_PARTS[:2] for hour in hours)
    yield from (day + ending for ending in ("吧", "可以") for day in _ZH_DAYS)


def _en_moments() -> Iterator[str]:
    yield from _EN_DAYS
    yield from (f"{day} {part}" for day in _EN_DAYS for part in _EN_PARTS)
    yield from (f"in the {part}" for part in _EN_PARTS)
    hours = [english_numerals(str(hour)) for hour in _HOURS]
    yield from (f"at {hour}" for hour in hours)
    yield from (f"{hour} o'clock" for hour in hours)
    yield from (f"{day} at {hour}" for day in _EN_DAYS for hour in hours)
    yield from (f"on {day}" for day in _EN_DAYS[3:])
